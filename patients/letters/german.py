"""Letters in German."""

from __future__ import annotations

from datetime import date

from patients.letters.german_sites import SITES
from patients.letters.words import Words
from patients.sites import site_label

MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni",
    "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip
SIDES = {"L": "links", "R": "rechts"}


def _site(key: str, meaning: str, laterality: str) -> str:
    """A site of an older or newer edition of the list keeps its English name."""
    name, side = SITES.get(key, site_label(meaning)), SIDES.get(laterality)
    return name + (f", {side}" if side else "")


def _month(day: date) -> str:
    return f"{MONTHS[day.month - 1]} {day.year}"


GERMAN = Words(
    language="de",
    long_date=lambda day: f"{day.day}. {_month(day)}",
    month=_month,
    number=lambda figure: figure.replace(".", ","),
    site=_site,
    diagnosis={
        "MEL": "Melanom",
        "NV": "Melanozytärer Nävus",
        "BCC": "Basalzellkarzinom",
        "AK": "Aktinische Keratose",
        "BKL": "Benigne Keratose",
        "DF": "Dermatofibrom",
        "VASC": "Gefäßläsion",
        "SCC": "Plattenepithelkarzinom",
        "OTHER": "Etwas anderes",
    },
    certainty={"certain": "Sicher", "probable": "Wahrscheinlich", "possible": "Möglich"},
    management={
        "reassure": "Beruhigen, keine Kontrolle nötig",
        "follow_up": "Kontrolle",
        "excise": "Exzision",
        "biopsy": "Biopsie",
        "urgent_referral": "Dringende Überweisung",
    },
    urgency={"urgent": "Dringend", "soon": "Bald", "routine": "Routine"},
    red_flag={
        "growing": "Innerhalb von Wochen gewachsen",
        "bleeding": "Blutet oder ulzeriert ohne Verletzung",
        "nodule": "Erhaben, derb und wachsend",
        "new_after_50": "Neuer pigmentierter Fleck nach dem 50. Lebensjahr",
        "under_nail": "Pigment unter oder neben einem Nagel, an Handfläche oder Fußsohle",
        "melanoma_before": "Früheres Melanom",
        "immunosuppressed": "Immunsuppression",
    },
    symptom={
        "itching": "juckt",
        "pain": "schmerzt",
        "bleeding": "blutet",
        "oozing": "nässt oder verkrustet",
        "growing": "wächst",
        "colour": "verändert die Farbe",
    },
    sign={
        "change_in_size": "Größenveränderung",
        "irregular_shape": "Unregelmäßige Form",
        "irregular_colour": "Unregelmäßige Farbe",
        "diameter_7_mm": "Größter Durchmesser mindestens 7 mm",
        "inflammation": "Entzündung",
        "oozing": "Nässen",
        "change_in_sensation": "Veränderte Empfindung",
    },
    modality={"dermoscopic": "Dermatoskopisches Bild", "macroscopic": "Übersichtsbild"},
    page="Seite {0} von {1}",
    phone="Telefon {0}",
    reference="Kennung",
    date="Datum",
    at="{0}, {1} Uhr",
    none="keine",
    picture="Bild {0}: {1}, {2}",
    picture_unreadable="Die Datei dieses Bildes ist nicht lesbar.",
    pictures="Bilder",
    pictures_left_out="Ältere, hier nicht gezeigte Bilder: {0}.",
    machine_title="Vorläufig, maschinell erstellt; keine Diagnose",
    draft="ENTWURF – keine unterschriebene Antwort",
    to_referrer="Dermatologische Antwort auf Ihre Anfrage",
    remote="Dermatologische Fernbeurteilung",
    attention="Zu Händen {0}",
    about="Patient/in",
    born="{0}, geboren am {1}",
    record="Aktennummer",
    body_site="Lokalisation",
    lesion="Läsion {0}: {1}",
    first_noticed="Zuerst bemerkt",
    symptoms="Beschwerden",
    question="Fragestellung",
    asked_by="Angefragt von",
    sent="Gesendet",
    urgency_label="Dringlichkeit",
    red_flags="Warnzeichen",
    no_question="Es wurde keine Frage in Worten gestellt.",
    checklist="Gewichtete 7-Punkte-Checkliste",
    checklist_score="{0} von 10 Punkten ({1}).",
    checklist_urgent="Ab drei Punkten ist eine dringende Überweisung angezeigt.",
    answer="Antwort",
    second_opinion="Zweitmeinung",
    blind="Ohne Kenntnis der ersten Beurteilung abgegeben.",
    not_blind="In Kenntnis der ersten Beurteilung abgegeben.",
    diagnosis_label="Diagnose",
    icd10="ICD-10",
    certainty_label="Sicherheit",
    management_label="Vorgehen",
    follow_up="{0}, in {1} Monaten",
    no_answer="Es wurde noch keine Antwort unterschrieben.",
    replaces="Diese Antwort ersetzt die von {0} am {1} unterschriebene.",
    histology="Histologie",
    reported_on="Befund vom",
    breslow="Tumordicke nach Breslow",
    machine_picture="Bild {0}: {1}",
    machine_alert="Hinweis: {0} maligne (Hinweis ab {1}). Am wahrscheinlichsten: {2}.",
    machine_no_alert="kein Hinweis: {0} maligne (Hinweis ab {1}). Am wahrscheinlichsten: {2}.",
    machine_unfamiliar="unähnlich den Bildern, an denen die Modelle geprüft wurden; daher ohne Zahlen.",
    machine_poor=" Die Bildqualität reicht nicht aus; eine neue Aufnahme ist ratsam.",
    machine_models="Modelle: {0}",
    machine_note="Die maschinellen Befunde unterstützen die ärztliche Beurteilung, ersetzen sie aber nie. "
    "„Kein Hinweis“ schließt nichts aus.",
    signed="Unterschrieben von {0} am {1}",
    electronically="Elektronisch unterschrieben; ohne handschriftliche Unterschrift gültig.",
    to_patient="Zu dem Fleck auf Ihrer Haut",
    dear="Guten Tag {0},",
    opening="wir haben einen Fleck auf Ihrer Haut ({0}) hautärztlich beurteilen lassen. {1} hat die Bilder vom {2} angesehen und am {3} "
    "geantwortet.",
    opening_without_pictures="wir haben einen Fleck auf Ihrer Haut ({0}) hautärztlich beurteilen lassen. {1} hat am {2} geantwortet.",
    what_was_seen="Was gesehen wurde",
    seen={
        "certain": "Die hautärztliche Beurteilung ist sicher: Es ist {0}.",
        "probable": "Die hautärztliche Beurteilung lautet: Es ist wahrscheinlich {0}.",
        "possible": "Die hautärztliche Beurteilung lautet: Es ist möglicherweise {0}. Sicher lässt sich das nach den Bildern nicht sagen.",
    },
    plain={
        "MEL": "ein Melanom („schwarzer Hautkrebs“). Das ist ein ernster Hautkrebs. Früh erkannt und entfernt, ist er bei den meisten "
        "Menschen heilbar",
        "NV": "ein Muttermal. Muttermale sind harmlos",
        "BCC": "ein Basalzellkarzinom („weißer Hautkrebs“). Es wächst langsam und streut fast nie, sollte aber behandelt werden",
        "AK": "eine aktinische Keratose: von der Sonne geschädigte Haut. Daraus kann über Jahre Hautkrebs werden; sie gehört behandelt",
        "BKL": "eine gutartige Verhornung, zum Beispiel eine Alterswarze. Sie ist harmlos",
        "DF": "ein Dermatofibrom: ein kleiner fester Knoten in der Haut. Er ist harmlos",
        "VASC": "eine harmlose Veränderung kleiner Blutgefäße",
        "SCC": "ein Plattenepithelkarzinom („Stachelzellkrebs“). Das ist ein Hautkrebs, der streuen kann und bald behandelt werden sollte",
    },
    plain_other="Folgendes: {0}",
    second_seen={
        "certain": "Eine zweite hautärztliche Beurteilung ({0}) ist sicher: Es ist {1}.",
        "probable": "Eine zweite hautärztliche Beurteilung ({0}) lautet: Es ist wahrscheinlich {1}.",
        "possible": "Eine zweite hautärztliche Beurteilung ({0}) lautet: Es ist möglicherweise {1}.",
    },
    differ="Die beiden Beurteilungen stimmen nicht überein. Wir besprechen mit Ihnen, was daraus folgt.",
    tissue="Das entnommene Gewebe wurde inzwischen untersucht (Befund vom {0}). Es ist {1}. Dieses Ergebnis zählt mehr als das, was auf "
    "den Bildern zu sehen war; fragen Sie uns, was daraus folgt.",
    recommended="Was empfohlen wird",
    advice={
        "reassure": "Es muss nichts getan werden. Der Fleck braucht keine Kontrolle, solange er sich nicht verändert.",
        "follow_up": "Bitte lassen Sie den Fleck in {0} Monaten wieder ansehen, etwa im {1}.",
        "excise": "Der Fleck sollte herausgeschnitten werden. Bitte vereinbaren Sie einen Termin bei uns; wir erklären Ihnen den Ablauf.",
        "biopsy": "Es sollte eine kleine Hautprobe entnommen und untersucht werden. Bitte vereinbaren Sie einen Termin bei uns; wir "
        "erklären Ihnen den Ablauf.",
        "urgent_referral": "Sie sollten sehr bald persönlich hautärztlich untersucht werden. Bitte rufen Sie uns dafür sofort an.",
        "differ": "Die beiden Beurteilungen empfehlen Verschiedenes. Bitte rufen Sie uns an; wir entscheiden gemeinsam mit Ihnen.",
        "tissue": "Was zu tun ist, folgt aus dem Ergebnis der Gewebeprobe. Bitte rufen Sie uns dafür an.",
    },
    come_back="Wann Sie sofort wiederkommen sollten",
    signs_to_come_back=(
        "der Fleck wächst oder Form oder Farbe verändert,",
        "er ohne Verletzung blutet, nässt oder eine Kruste bildet,",
        "er zu jucken oder zu schmerzen beginnt,",
        "er erhaben und fest wird oder nicht abheilt,",
        "oder Sie einen neuen Fleck finden, der anders aussieht als alle übrigen.",
    ),
    come_back_if="Bitte warten Sie nicht auf den nächsten Termin, wenn",
    replaces_letter="Dieser Brief ersetzt einen früheren zu demselben Fleck.",
    machine_seen={
        "alert": "Auch ein Computerprogramm hat die Bilder angesehen und mindestens eines davon für einen genaueren Blick markiert.",
        "calm": "Auch ein Computerprogramm hat die Bilder angesehen und keines davon für einen genaueren Blick markiert.",
        "nothing": "Auch ein Computerprogramm hat die Bilder angesehen und konnte sie nicht beurteilen.",
        "end": "Solche Programme irren sich oft. Es zählt die hautärztliche Antwort.",
    },
    closing="Mit freundlichen Grüßen",
    answered_by="Beantwortet und unterschrieben von {0} am {1}.",
)
