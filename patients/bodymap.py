"""The regions of the body map, the coded sites that lie in each, and where the map marks a patient's lesions.

The list of sites stays the way to a code; the map narrows it. Every site of CID 4029 is at home in one region, which is where the map
marks it; a few general ones are offered in other regions too. Two regions cannot be drawn and are offered in words beneath the map.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from math import dist

from patients.bodydrawing import LEFT, MIDDLE, RIGHT, VIEWS, Area, Point, View
from patients.models import Lesion
from patients.sites import BodySite, body_sites

DOT_STEP = 28.0
"""Between the marks of two lesions, in units of the drawing."""
STEPS = sorted(((across, down) for across in range(8) for down in range(8)), key=lambda step: (sum(step), step))
"""Where else a mark may go when its place is taken, nearest first."""


@dataclass(frozen=True)
class Region:
    """`sites` are labels of `BodySite`: the first stands for the whole region. `also` are at home in another one."""

    name: str
    sites: tuple[str, ...]
    also: tuple[str, ...] = ()


def _labels(text: str) -> tuple[str, ...]:
    return tuple(" ".join(label.split()) for label in text.split("|"))


REGIONS: dict[str, Region] = {
    "head": Region("Head and face", _labels("Face | Head")),
    "neck": Region(
        "Neck, front and sides",
        _labels("""Anterior portion of neck | Neck | Lateral portion of neck | Anterior triangle of neck | Submandibular triangle
            | Supraclavicular region of neck"""),
        ("Submental area",),
    ),
    "chest": Region(
        "Chest",
        _labels("""Anterior surface of thorax | Anterior trunk | Upper trunk | Infraclavicular region | Sternal skin | Lower chest wall
            | Areola | Nipple | Upper inner quadrant of breast | Upper outer quadrant of left breast | Lower inner quadrant of breast
            | Lower outer quadrant of breast"""),
    ),
    "axilla": Region("Armpit", _labels("Axilla")),
    "abdomen": Region(
        "Abdomen",
        _labels("Abdomen | Upper abdomen | Lower abdomen | Epigastric area | Hypogastric region | Umbilicus"),
        ("Anterior trunk",),
    ),
    "groin": Region("Groin", _labels("Inguinal region | Groin skin crease")),
    "genitals": Region(
        "Genitals, perineum and anus",
        _labels("""External genitalia | Anus | Perineum | Penis | Root of penis | Shaft of penis | Glans penis | Scrotum
            | Male external urethral orifice | Clitoris | Prepuce of clitoris | Labium | Labium majus | Labium minus
            | Frenulum of labia minora | Posterior commissure of labium majorum | Female external urethral orifice | Vaginal introitus
            | Vulval vestibule"""),
    ),
    "upper-arm-front": Region("Upper arm, front", _labels("Anterior surface of upper arm"), ("Upper extremity",)),
    "elbow-front": Region("Inside of the elbow", _labels("Antecubital fossa"), ("Upper extremity",)),
    "forearm-front": Region("Forearm, front", _labels("Anterior surface of forearm"), ("Upper extremity",)),
    "palm": Region(
        "Palm, with wrist and fingers",
        _labels("""Palm of hand | Thenar region of palm | Hypothenar region of palm | Palmar area of wrist | Palmar part of thumb
            | Palmar part of index finger | Palmar part of middle finger | Palmar part of ring finger | Palmar part of little finger"""),
        ("Hand", "Digit of hand", "Upper extremity"),
    ),
    "thigh-front": Region("Thigh, front", _labels("Anterior surface of thigh | Medial surface of thigh"), ("Lower extremity",)),
    "knee": Region("Knee", _labels("Anterior surface of knee"), ("Lower extremity",)),
    "shin": Region("Lower leg, front", _labels("Anterior surface of lower leg"), ("Lower extremity",)),
    "ankle": Region("Ankle", _labels("Lateral aspect of ankle | Medial aspect of ankle"), ("Lower extremity",)),
    "foot": Region(
        "Back of the foot, with toes",
        _labels("""Foot | Lateral part of dorsum of foot | Medial part of dorsum of foot | Toe | Dorsal part of great toe
            | Dorsal part of second toe | Dorsal part of third toe | Dorsal part of fourth toe | Dorsal part of fifth toe
            | Nail unit of toe | Nail unit of great toe | Nail unit of second toe | Nail unit of third toe | Nail unit of fourth toe
            | Nail unit of fifth toe"""),
        ("Lower extremity",),
    ),
    "scalp": Region("Scalp", _labels("Scalp | Vertex of scalp | Parietal region | Occipital region | Hair"), ("Head", "Temporal region")),
    "nape": Region("Nape of the neck", _labels("Nuchal region | Paraspinal area of the neck"), ("Neck", "Lateral portion of neck")),
    "upper-back": Region(
        "Upper back",
        _labels("""Back of upper thoracic region | Posterior surface of thorax | Back | Back of trunk | Upper paraspinal region
            | Paraspinal area of the superior back"""),
        ("Upper trunk",),
    ),
    "mid-back": Region(
        "Middle of the back", _labels("Mid back | Mid paraspinal region"), ("Posterior surface of thorax", "Back", "Back of trunk")
    ),
    "lower-back": Region("Lower back", _labels("Lower back | Lower paraspinal region"), ("Back", "Back of trunk")),
    "buttock": Region("Buttock", _labels("Buttock | Gluteal fold"), ("Anus", "Perineum")),
    "upper-arm-back": Region("Upper arm, back", _labels("Posterior surface of upper arm"), ("Upper extremity",)),
    "elbow": Region("Elbow", _labels("Posterior surface of elbow"), ("Upper extremity",)),
    "forearm-back": Region("Forearm, back", _labels("Posterior surface of forearm"), ("Upper extremity",)),
    "hand": Region(
        "Back of the hand, with wrist and fingers",
        _labels("""Part of dorsal surface of hand | Hand | Dorsal area of wrist | Digit of hand | Dorsal part of thumb
            | Dorsal part of index finger | Dorsal part of middle finger | Dorsal part of ring finger | Dorsal part of little finger
            | Nail unit of finger | Nail unit of thumb | Nail unit of index finger | Nail unit of middle finger | Nail unit of ring finger
            | Nail unit of little finger"""),
        ("Upper extremity",),
    ),
    "thigh-back": Region("Thigh, back", _labels("Posterior surface of thigh"), ("Medial surface of thigh", "Lower extremity")),
    "hollow-of-knee": Region("Hollow of the knee", _labels("Popliteal fossa"), ("Lower extremity",)),
    "calf": Region("Calf", _labels("Posterior surface of lower leg"), ("Lower extremity",)),
    "heel": Region("Heel", _labels("Heel | Lateral part of heel | Medial part of heel"), ("Foot", "Lower extremity")),
    "forehead": Region("Forehead", _labels("Forehead | Eyebrow"), ("Face",)),
    "temple": Region("Temple", _labels("Temporal region"), ("Face",)),
    "eye": Region(
        "Eye and eyelids",
        _labels("""Eye region | Upper eyelid | Upper eyelid margin | Lower eyelid | Lower eyelid margin | Medial canthus | Lateral canthus
            | Caruncle of eye | Eyelash | Cornea | Iris | Sclera | Retina"""),
        ("Eyebrow", "Face"),
    ),
    "nose": Region("Nose", _labels("Nose | Dorsum of nose | Side of nose | Tip of nose | Ala nasi | Infraalar groove"), ("Face",)),
    "cheek": Region(
        "Cheek and jaw",
        _labels("Cheek | Paranasal cheek | Nasolabial fold | Jawline | Preauricular region"),
        ("Face", "Perioral region of face"),
    ),
    "mouth": Region(
        "Mouth and lips",
        _labels("""Lip | Upper lip | Lower lip | Vermilion proper of upper lip | Vermilion proper of lower lip | Philtrum
            | Perioral region of face"""),
        ("Nasolabial fold", "Face"),
    ),
    "chin": Region("Chin", _labels("Chin | Submental area"), ("Jawline", "Face")),
    "ear": Region(
        "Ear",
        _labels("""Ear | Helix of ear | Anterior helix of ear | Posterior helix of ear | Inferior helix of ear
            | Superior posterior helix of ear | Crus of helix | Superior antihelix of ear | Upper antihelix of ear | Lower antihelix of ear
            | Tragus | Antitragus | Intertragal incisure | Cavity of concha | External auditory canal | Ear lobule
            | Posterior lobule of the ear | Superior posterior surface of the pinna | Inferior posterior surface of the pinna
            | Postauricular region"""),
        ("Preauricular region",),
    ),
    "sole": Region(
        "Sole of the foot, with toes",
        _labels("""Sole of forefoot | Medial border of sole of foot | Lateral border of sole of foot | Plantar part of great toe
            | Plantar part of second toe | Plantar part of third toe | Plantar part of fourth toe | Plantar part of fifth toe"""),
        ("Foot", "Toe", "Lower extremity"),
    ),
    "inside-mouth": Region(
        "Inside of the mouth",
        _labels("""Oral mucosa | Mucosa of upper lip | Mucosa of lower lip | Mucosa of maxillary gingiva | Mucosa of mandibular gingiva
            | Mucosa of oral segment of hard palate | Mucosa of palatoglossal arch | Mucosa of uvula | Mucosa of pharynx
            | Mucosa of posterior wall of oropharynx | Mucosa of tongue | Mucosa of tip of tongue | Mucosa of dorsum of oral part of tongue
            | Mucosa of dorsum of pharyngeal part of tongue | Mucosa of floor of mouth | Tooth"""),
    ),
    "anywhere": Region("No particular place", _labels("Skin | Upper extremity | Lower extremity")),
}  # fmt: skip
NOT_DRAWN = ("inside-mouth", "anywhere")
VIEW_OF = {view.key: view for view in VIEWS}


@cache
def _by_label() -> dict[str, BodySite]:
    return {site.label: site for site in body_sites().values()}


@cache
def sites_of(region: str) -> tuple[BodySite, ...]:
    """All that the list is narrowed to, the one for the whole region first."""
    found = REGIONS[region]
    return tuple(_by_label()[label] for label in (*found.sites, *found.also))


@cache
def home_of() -> dict[str, str]:
    """The region in which the map marks a site, by the site's key."""
    return {_by_label()[label].key: key for key, region in REGIONS.items() for label in region.sites}


# --- As the pages draw it ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """One area of a figure: of a region, on one side or across the middle."""

    region: str
    side: str
    """L or R; empty across the middle, where the drawing does not tell the side."""
    name: str
    path: str
    sites: str
    """Keys of the sites that the list is narrowed to, with spaces between."""


@dataclass(frozen=True)
class Dot:
    """Figures are written here, not in the template: attributes of SVG need a full stop in every language."""

    lesion: Lesion
    x: str
    y: str


@dataclass(frozen=True)
class Figure:
    view: View
    shapes: tuple[Shape, ...]
    dots: tuple[Dot, ...] = ()


@dataclass(frozen=True)
class Words:
    """A region that cannot be drawn, offered in words."""

    region: str
    name: str
    sites: str


_SIDE_WORDS = {LEFT: "Left", RIGHT: "Right"}


@cache
def figures() -> tuple[Figure, ...]:
    """All views with their areas, in the order in which a keyboard goes through them."""
    return tuple(Figure(view, tuple(shape for area in view.areas for shape in _shapes(view, area))) for view in VIEWS)


@cache
def not_drawn() -> tuple[Words, ...]:
    return tuple(Words(key, REGIONS[key].name, _keys(key)) for key in NOT_DRAWN)


def marked(lesions: Iterable[Lesion]) -> tuple[Figure, ...]:
    """The figures with a patient's lesions as dots: the whole body always, face and soles where there is something to see."""
    dots: dict[str, list[Dot]] = {}
    taken: dict[str, list[Point]] = {}
    for lesion in lesions:
        if place := place_of(lesion):
            view, wanted = place
            x, y = _free(wanted, VIEW_OF[view], taken.setdefault(view, []))
            taken[view].append((x, y))
            dots.setdefault(view, []).append(Dot(lesion, f"{x:.1f}", f"{y:.1f}"))
    whole = {view.key for view in VIEWS[:2]}
    return tuple(
        Figure(figure.view, figure.shapes, tuple(dots.get(figure.view.key, ())))
        for figure in figures()
        if figure.view.key in whole | dots.keys()
    )


def place_of(lesion: Lesion) -> tuple[str, Point] | None:
    """The view and the point where a lesion is marked; None for one that the map cannot show, such as inside the mouth."""
    home = home_of().get(f"{lesion.site_scheme}:{lesion.site_code}")
    for view in VIEWS:
        for area in view.areas:
            if area.region == home and (point := view.anchor(area, lesion.laterality)):
                return view.key, point
    return None


def _free(wanted: Point, view: View, taken: list[Point]) -> Point:
    """The wanted place, or the nearest one outwards or beneath where no other mark lies: never across the middle, to the other side.

    Where the figure is full, marks lie over one another; the list beside it has them all.
    """
    outwards = (wanted[0] > view.middle) - (wanted[0] < view.middle)
    places = ((wanted[0] + across * outwards * DOT_STEP, wanted[1] + down * DOT_STEP) for across, down in STEPS)
    inside = (place for place in places if 0 < place[0] < view.width and place[1] < view.height)
    return next((place for place in inside if all(dist(place, other) >= DOT_STEP for other in taken)), wanted)


def _shapes(view: View, area: Area) -> Iterator[Shape]:
    sides = (view.viewers_left, view.viewers_right) if area.is_sided else (MIDDLE,)
    for side in sides:
        region = REGIONS[area.region]
        name = f"{_SIDE_WORDS[side]} {region.name[:1].lower()}{region.name[1:]}" if area.is_sided else region.name
        yield Shape(area.region, side if area.is_sided else "", name, view.area_path(area, side), _keys(area.region))


def _keys(region: str) -> str:
    return " ".join(site.key for site in sites_of(region))
