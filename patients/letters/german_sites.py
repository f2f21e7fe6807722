"""German names of the body sites of DICOM CID 4029, by scheme and code; the English meaning stands beside each."""

SITES = {
    "SCT:75093004": "Bauch",  # Skin of abdomen
    "SCT:68598004": "Nasenflügel",  # Skin of ala nasi
    "SCT:17957002": "Ellenbeuge",  # Skin of antecubital fossa
    "DCM:130305": "Vordere Helix des Ohrs",  # Skin of anterior helix of ear
    "SCT:11584001": "Hals, vorn",  # Skin of anterior portion of neck
    "SCT:70559009": "Unterarm, Beugeseite",  # Skin of anterior surface of forearm
    "SCT:181553006": "Knie, Vorderseite",  # Skin of anterior surface of knee
    "SCT:25763004": "Unterschenkel, Vorderseite",  # Skin of anterior surface of lower leg
    "SCT:61248009": "Oberschenkel, Vorderseite",  # Skin of anterior surface of thigh
    "SCT:244106003": "Brustkorb, Vorderseite",  # Skin of anterior surface of thorax
    "SCT:45981001": "Oberarm, Vorderseite",  # Skin of anterior surface of upper arm
    "SCT:182329002": "Vorderes Halsdreieck",  # Anterior triangle of neck
    "SCT:181491009": "Rumpf, Vorderseite",  # Skin of anterior trunk
    "SCT:38407007": "Antitragus",  # Skin of antitragus
    "SCT:59112000": "After",  # Skin of anus
    "SCT:72005009": "Warzenhof",  # Skin of areola
    "SCT:76261009": "Achselhöhle",  # Skin of axilla
    "SCT:66643007": "Rücken",  # Skin of back
    "FMA:49943": "Rumpf, Rückseite",  # Skin of back of trunk
    "SCT:699893008": "Oberer Rücken (Brustkorb)",  # Skin of back of upper thoracic region
    "SCT:22180002": "Gesäß",  # Skin of buttock
    "DCM:130306": "Tränenkarunkel",  # Skin of caruncle of eye
    "SCT:51098001": "Ohrmuschelhöhle",  # Skin of cavity of concha
    "SCT:36141000": "Wange",  # Skin of cheek
    "SCT:23747009": "Kinn",  # Skin of chin
    "SCT:29353003": "Klitoris",  # Skin of clitoris
    "SCT:28726007": "Hornhaut des Auges",  # Cornea
    "SCT:57726007": "Crus helicis",  # Skin of crus of helix
    "SCT:244169007": "Finger",  # Skin of digit of hand
    "SCT:52876008": "Handgelenk, Streckseite",  # Skin of dorsal area of wrist
    "FMA:37885": "Fünfte Zehe, Oberseite",  # Skin of dorsal part of fifth toe
    "FMA:37882": "Vierte Zehe, Oberseite",  # Skin of dorsal part of fourth toe
    "FMA:37873": "Großzehe, Oberseite",  # Skin of dorsal part of great toe
    "FMA:38324": "Zeigefinger, Streckseite",  # Skin of dorsal part of index finger
    "FMA:38333": "Kleiner Finger, Streckseite",  # Skin of dorsal part of little finger
    "FMA:38327": "Mittelfinger, Streckseite",  # Skin of dorsal part of middle finger
    "FMA:38330": "Ringfinger, Streckseite",  # Skin of dorsal part of ring finger
    "FMA:37876": "Zweite Zehe, Oberseite",  # Skin of dorsal part of second toe
    "FMA:37879": "Dritte Zehe, Oberseite",  # Skin of dorsal part of third toe
    "FMA:38321": "Daumen, Streckseite",  # Skin of dorsal part of thumb
    "FMA:59532": "Nasenrücken",  # Skin of dorsum of nose
    "SCT:1902009": "Ohr",  # Skin of ear
    "SCT:2059009": "Ohrläppchen",  # Skin of ear lobule
    "SCT:30598005": "Oberbauchmitte (Epigastrium)",  # Skin of epigastric area
    "SCT:86409001": "Äußerer Gehörgang",  # Skin of external auditory canal
    "SCT:60944009": "Äußeres Genitale",  # Skin of external genitalia
    "SCT:362916000": "Augenregion",  # Skin of eye region
    "SCT:367577003": "Augenbraue",  # Skin of eyebrow
    "SCT:85803001": "Wimpern",  # Eyelash
    "SCT:73897004": "Gesicht",  # Skin of face
    "SCT:279479008": "Äußere Harnröhrenöffnung der Frau",  # Female external urethral orifice
    "SCT:60496002": "Fuß",  # Skin of foot
    "SCT:68698007": "Stirn",  # Skin of forehead
    "SCT:279867004": "Frenulum der kleinen Schamlippen",  # Frenulum of labia minora
    "SCT:7991003": "Eichel",  # Skin of glans penis
    "SCT:63029009": "Gesäßfalte",  # Skin of gluteal fold
    "SCT:280387007": "Leistenfalte",  # Groin skin crease
    "SCT:386045008": "Haar",  # Hair
    "SCT:33712006": "Hand",  # Skin of hand
    "SCT:70762009": "Kopf",  # Skin of head
    "SCT:84607009": "Ferse",  # Skin of heel
    "SCT:79313003": "Helix des Ohrs",  # Skin of helix of ear
    "SCT:367578008": "Unterbauchmitte (Hypogastrium)",  # Skin of hypogastric region
    "SCT:89784008": "Kleinfingerballen",  # Skin of hypothenar region of palm
    "DCM:130307": "Untere Helix des Ohrs",  # Skin of inferior helix of ear
    "DCM:130308": "Ohrmuschel, Rückseite unten",  # Skin of inferior posterior surface of the pinna
    "DCM:130312": "Furche unter dem Nasenflügel",  # Skin of infraalar groove
    "SCT:66288003": "Region unter dem Schlüsselbein",  # Skin of infraclavicular region
    "SCT:39687006": "Leiste",  # Skin of inguinal region
    "SCT:45591000": "Incisura intertragica",  # Skin of intertragal incisure
    "SCT:41296002": "Regenbogenhaut",  # Iris
    "SCT:244097004": "Unterkieferrand",  # Skin of jawline
    "SCT:73058008": "Schamlippe",  # Skin of labium
    "SCT:128252004": "Große Schamlippe",  # Skin of labium majus
    "SCT:128253009": "Kleine Schamlippe",  # Skin of labium minus
    "SCT:181564009": "Knöchel, Außenseite",  # Skin of lateral aspect of ankle
    "SCT:35739000": "Fußsohle, Außenrand",  # Skin of lateral border of sole of foot
    "SCT:37671003": "Äußerer Augenwinkel",  # Skin of lateral canthus
    "DCM:130309": "Fußrücken, außen",  # Skin of lateral part of dorsum of foot
    "SCT:699909001": "Ferse, Außenseite",  # Skin of lateral part of heel
    "SCT:5272005": "Hals, seitlich",  # Skin of lateral portion of neck
    "SCT:88089004": "Lippe",  # Skin of lip
    "SCT:699914002": "Unterbauch",  # Skin of lower abdomen
    "DCM:130310": "Untere Anthelix des Ohrs",  # Skin of lower antihelix of ear
    "SCT:113182001": "Unterer Rücken",  # Skin of lower back
    "SCT:699915001": "Untere Brustwand",  # Skin of lower chest wall
    "SCT:371304004": "Bein",  # Skin of lower extremity
    "SCT:40069000": "Unterlid",  # Skin of lower eyelid
    "DCM:130311": "Unterlidrand",  # Skin of lower eyelid margin
    "FMA:61427": "Brust, unterer innerer Quadrant",  # Skin of lower inner quadrant of breast
    "SCT:66934001": "Unterlippe",  # Skin of lower lip
    "FMA:61423": "Brust, unterer äußerer Quadrant",  # Skin of lower outer quadrant of breast
    "DCM:130304": "Neben der Wirbelsäule, unten",  # Skin of lower paraspinal region
    "SCT:279478000": "Äußere Harnröhrenöffnung des Mannes",  # Male external urethral orifice
    "SCT:181563003": "Knöchel, Innenseite",  # Skin of medial aspect of ankle
    "SCT:52953006": "Fußsohle, Innenrand",  # Skin of medial border of sole of foot
    "SCT:27887005": "Innerer Augenwinkel",  # Skin of medial canthus
    "DCM:130313": "Fußrücken, innen",  # Skin of medial part of dorsum of foot
    "SCT:699919007": "Ferse, Innenseite",  # Skin of medial part of heel
    "SCT:73958006": "Oberschenkel, Innenseite",  # Skin of medial surface of thigh
    "DCM:130323": "Mittlerer Rücken",  # Skin of mid back
    "DCM:130303": "Neben der Wirbelsäule, Mitte",  # Skin of mid paraspinal region
    "FMA:281534": "Zungenrücken, vorderer Teil (Schleimhaut)",  # Mucosa of dorsum of oral part of tongue
    "FMA:281537": "Zungenrücken, hinterer Teil (Schleimhaut)",  # Mucosa of dorsum of pharyngeal part of tongue
    "SCT:36152006": "Mundboden (Schleimhaut)",  # Mucosa of floor of mouth
    "SCT:46353006": "Unterlippe (Schleimhaut)",  # Mucosa of lower lip
    "SCT:245823002": "Zahnfleisch des Unterkiefers",  # Mucosa of mandibular gingiva
    "SCT:245814000": "Zahnfleisch des Oberkiefers",  # Mucosa of maxillary gingiva
    "FMA:289677": "Harter Gaumen (Schleimhaut)",  # Mucosa of oral segment of hard palate
    "FMA:60031": "Vorderer Gaumenbogen (Schleimhaut)",  # Mucosa of palatoglossal arch
    "FMA:55031": "Rachen (Schleimhaut)",  # Mucosa of pharynx
    "FMA:55060": "Rachenhinterwand (Schleimhaut)",  # Mucosa of posterior wall of oropharynx
    "SCT:245831007": "Zungenspitze (Schleimhaut)",  # Mucosa of tip of tongue
    "SCT:8001006": "Zunge (Schleimhaut)",  # Mucosa of tongue
    "SCT:18444004": "Oberlippe (Schleimhaut)",  # Mucosa of upper lip
    "FMA:60030": "Gaumenzäpfchen (Schleimhaut)",  # Mucosa of uvula
    "SCT:770820003": "Nagel der fünften Zehe",  # Nail unit of fifth toe
    "SCT:770809003": "Fingernagel",  # Nail unit of finger
    "SCT:770821004": "Nagel der vierten Zehe",  # Nail unit of fourth toe
    "SCT:770822006": "Großzehennagel",  # Nail unit of great toe
    "SCT:770815003": "Nagel des Zeigefingers",  # Nail unit of index finger
    "SCT:770818001": "Nagel des kleinen Fingers",  # Nail unit of little finger
    "SCT:770816002": "Nagel des Mittelfingers",  # Nail unit of middle finger
    "SCT:770817006": "Nagel des Ringfingers",  # Nail unit of ring finger
    "SCT:770823001": "Nagel der zweiten Zehe",  # Nail unit of second toe
    "SCT:770825008": "Nagel der dritten Zehe",  # Nail unit of third toe
    "SCT:770810008": "Daumennagel",  # Nail unit of thumb
    "SCT:770805009": "Zehennagel",  # Nail unit of toe
    "SCT:37108007": "Nasolabialfalte",  # Skin of nasolabial fold
    "SCT:43081002": "Hals",  # Skin of neck
    "SCT:54468004": "Brustwarze",  # Skin of nipple
    "SCT:113179006": "Nase",  # Skin of nose
    "SCT:4658004": "Nacken",  # Skin of nuchal region
    "SCT:79951008": "Hinterkopf",  # Skin of occipital region
    "SCT:113277000": "Mundschleimhaut",  # Oral mucosa
    "SCT:70887009": "Handfläche",  # Skin of palm of hand
    "SCT:24527008": "Handgelenk, Beugeseite",  # Skin of palmar area of wrist
    "FMA:38344": "Zeigefinger, Beugeseite",  # Skin of palmar part of index finger
    "FMA:38357": "Kleiner Finger, Beugeseite",  # Skin of palmar part of little finger
    "FMA:38347": "Mittelfinger, Beugeseite",  # Skin of palmar part of middle finger
    "FMA:38354": "Ringfinger, Beugeseite",  # Skin of palmar part of ring finger
    "FMA:38341": "Daumen, Beugeseite",  # Skin of palmar part of thumb
    "DCM:130314": "Wange neben der Nase",  # Skin of paranasal cheek
    "DCM:130300": "Nacken neben der Wirbelsäule",  # Skin of paraspinal area of the neck
    "DCM:130301": "Oberer Rücken neben der Wirbelsäule",  # Skin of paraspinal area of the superior back
    "SCT:21672008": "Scheitelregion",  # Skin of parietal region
    "SCT:281642007": "Handrücken, Teilbereich",  # Skin of part of dorsal surface of hand
    "SCT:35900000": "Penis",  # Skin of penis
    "SCT:48014002": "Damm",  # Skin of perineum
    "SCT:110488009": "Gesicht, um den Mund",  # Skin of perioral region of face
    "SCT:84365009": "Philtrum (Oberlippenrinne)",  # Skin of philtrum
    "FMA:38119": "Fünfte Zehe, Unterseite",  # Skin of plantar part of fifth toe
    "FMA:38116": "Vierte Zehe, Unterseite",  # Skin of plantar part of fourth toe
    "FMA:38107": "Großzehe, Unterseite",  # Skin of plantar part of great toe
    "FMA:38110": "Zweite Zehe, Unterseite",  # Skin of plantar part of second toe
    "FMA:38113": "Dritte Zehe, Unterseite",  # Skin of plantar part of third toe
    "SCT:84507004": "Kniekehle",  # Skin of popliteal fossa
    "SCT:24483006": "Region hinter dem Ohr",  # Skin of postauricular region
    "SCT:4019005": "Hintere Kommissur der großen Schamlippen",  # Posterior commissure of labium majorum
    "DCM:130315": "Hintere Helix des Ohrs",  # Skin of posterior helix of ear
    "DCM:130316": "Ohrläppchen, Rückseite",  # Skin of posterior lobule of the ear
    "SCT:181536004": "Ellenbogen, Rückseite",  # Skin of posterior surface of elbow
    "SCT:41550009": "Unterarm, Streckseite",  # Skin of posterior surface of forearm
    "SCT:47224004": "Unterschenkel, Rückseite (Wade)",  # Skin of posterior surface of lower leg
    "SCT:4578000": "Oberschenkel, Rückseite",  # Skin of posterior surface of thigh
    "SCT:244111001": "Brustkorb, Rückseite",  # Skin of posterior surface of thorax
    "SCT:72939005": "Oberarm, Rückseite",  # Skin of posterior surface of upper arm
    "SCT:86719006": "Region vor dem Ohr",  # Skin of preauricular region
    "SCT:76723005": "Klitorisvorhaut",  # Skin of prepuce of clitoris
    "SCT:5665001": "Netzhaut",  # Retina
    "SCT:244117002": "Peniswurzel",  # Skin of root of penis
    "SCT:43067004": "Kopfhaut",  # Skin of scalp
    "SCT:18619003": "Lederhaut des Auges",  # Sclera
    "SCT:81992007": "Hodensack",  # Skin of scrotum
    "SCT:244118007": "Penisschaft",  # Skin of shaft of penis
    "SCT:314395006": "Nasenseite",  # Skin of side of nose
    "SCT:39937001": "Haut",  # Skin
    "DCM:130317": "Fußsohle, Vorfuß",  # Skin of sole of forefoot
    "SCT:244107007": "Brustbein",  # Sternal skin
    "SCT:5713008": "Unterkieferdreieck",  # Submandibular triangle
    "SCT:34926004": "Region unter dem Kinn",  # Skin of submental area
    "DCM:130318": "Oberster Teil der Anthelix des Ohrs",  # Skin of superior antihelix of ear
    "DCM:130319": "Obere hintere Helix des Ohrs",  # Skin of superior posterior helix of ear
    "DCM:130320": "Ohrmuschel, Rückseite oben",  # Skin of superior posterior surface of the pinna
    "SCT:76072005": "Region über dem Schlüsselbein",  # Skin of supraclavicular region of neck
    "SCT:16621002": "Schläfe",  # Skin of temporal region
    "SCT:26795005": "Daumenballen",  # Skin of thenar region of palm
    "SCT:79283007": "Nasenspitze",  # Skin of tip of nose
    "SCT:52034004": "Zehe",  # Skin of toe
    "SCT:38199008": "Zahn",  # Tooth
    "SCT:79502000": "Tragus",  # Skin of tragus
    "SCT:315003": "Nabel",  # Skin of umbilicus
    "SCT:699935000": "Oberbauch",  # Skin of upper abdomen
    "DCM:130321": "Obere Anthelix des Ohrs",  # Skin of upper antihelix of ear
    "SCT:371311000": "Arm",  # Skin of upper extremity
    "SCT:41310005": "Oberlid",  # Skin of upper eyelid
    "DCM:130322": "Oberlidrand",  # Skin of upper eyelid margin
    "FMA:61426": "Brust, oberer innerer Quadrant",  # Skin of upper inner quadrant of breast
    "SCT:16251004": "Oberlippe",  # Skin of upper lip
    "FMA:61439": "Linke Brust, oberer äußerer Quadrant",  # Skin of upper outer quadrant of left breast
    "DCM:130302": "Neben der Wirbelsäule, oben",  # Skin of upper paraspinal region
    "SCT:54440003": "Oberer Rumpf",  # Skin of upper trunk
    "SCT:18857001": "Scheideneingang",  # Vaginal introitus
    "FMA:312651": "Lippenrot der Unterlippe",  # Skin of vermilion proper of lower lip
    "FMA:312647": "Lippenrot der Oberlippe",  # Skin of vermilion proper of upper lip
    "SCT:61719002": "Scheitel",  # Skin of vertex of scalp
    "SCT:23213005": "Scheidenvorhof",  # Vulval vestibule
}
