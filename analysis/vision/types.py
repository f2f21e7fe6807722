"""The vocabulary of the vision core: image aliases and frozen dataclasses.

Array conventions used everywhere: images are row-major ``[y, x]``, colour channels last, RGB. Masks are ``bool``.
Points are ``(x, y)`` in pixels of the upright image, origin in the centre of the upper left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

RgbImage: TypeAlias = NDArray[np.uint8]
"""H×W×3, uint8, sRGB."""
RgbaImage: TypeAlias = NDArray[np.uint8]
"""H×W×4, uint8, sRGB and straight alpha."""
Mask: TypeAlias = NDArray[np.bool_]
"""H×W, True inside."""
SignedMap: TypeAlias = NDArray[np.float32]
"""H×W, float32, signed evidence: positive speaks for the class, negative against it."""
Contour: TypeAlias = NDArray[np.float32]
"""N×2, float32, closed polygon of (x, y) vertices; the last vertex is not repeated."""

CLASSES = ("MEL", "NV", "BCC", "AK", "BKL", "DF", "VASC", "SCC")
"""The eight diagnoses in the order every probability vector of this project uses (S0 §3.2)."""
MALIGNANT_CLASSES = ("MEL", "BCC", "SCC", "AK")
"""What `malignant` means here (SPEC A1); AK is pre-malignant and counted in."""
STRUCTURES = ("globules", "streaks", "pigment_network", "milia_like_cyst", "negative_network")
"""The five dermoscopic structures (S0 §3.6, ISIC 2018 Task 2) in the order every vector of them uses."""


class Region(NamedTuple):
    """A rectangle of whole pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class ClassScore:
    """One diagnosis of the differential: calibrated probability and the report's confidence (S0 §3.3)."""

    label: str
    probability: float
    confidence_percent: float
    """c = (p − u)/(1 − u)·100 with u = 1/n; negative when p < u."""
    is_listed: bool
    """True when p > u: only listed classes are shown as a differential."""


@dataclass(frozen=True)
class Classification:
    """What the classifier says of one image."""

    scores: tuple[ClassScore, ...]
    """All classes, most probable first."""
    p_malignant: float
    """Calibrated probability of MEL, BCC, SCC or AK, in [0, 1]."""
    malignant_confidence_percent: float
    """The confidence formula with n = 2 for the likelier side of malignant/benign."""
    uncertainty: float
    """Shannon entropy of the class probabilities divided by log n: 0 certain, 1 knows nothing."""
    threshold: float
    """Operating point on `p_malignant`, chosen on val at the sensitivity the card states."""
    p_dermoscopic: float
    """Probability that the picture was taken through a dermatoscope and is no plain photograph, in [0, 1]."""

    @property
    def is_suspicious(self) -> bool:
        return self.p_malignant >= self.threshold


@dataclass(frozen=True)
class Outline:
    """One delineation of the lesion at the size of the upright image."""

    mask: Mask
    contour: Contour
    """Largest outer contour; shape (0, 2) when nothing was found."""
    area_px: int
    touches_border: bool
    failure: str | None = None
    """A sentence for the clinician when no usable outline was found (mask is then empty), else None."""


@dataclass(frozen=True)
class Structure:
    """One dermoscopic structure; several may lie over one another."""

    name: str
    """One of STRUCTURES."""
    probability: float
    """Calibrated probability that the image shows it anywhere, in [0, 1]."""
    mask: Mask
    """Where, at the size of the upright image; may be empty while the probability is not small, and the other way round."""
    is_validated: bool
    """Whether val establishes that the model tells this structure better than chance; if not, nothing is shown to a clinician."""
    area_px: int
    share_of_lesion: float | None
    """Share of the lesion's area that the mask covers, in [0, 1]; None without an outlined lesion."""


@dataclass(frozen=True)
class Familiarity:
    """How much the image resembles what the classifier was validated on."""

    unfamiliar: float
    """0 as usual … 1 like nothing seen; 0.5 is the limit that 95 of 100 validation images keep."""

    @property
    def is_unfamiliar(self) -> bool:
        return self.unfamiliar >= 0.5


@dataclass(frozen=True)
class Certainty:
    """Whether the answer holds when it is asked for in other ways. Probabilities of malignancy, calibrated as the answer is."""

    networks: tuple[float, ...]
    """Of each network of the ensemble by itself; empty where there is only one."""
    mirrored: float
    """Of the picture's mirror image."""
    enlarged: float
    """Of the picture, a tenth nearer."""
    agreeing: float
    """Share of all these on the same side of the alert threshold as the answer given, [0, 1]."""
    same_diagnosis: float
    """Share of all these with the same most probable diagnosis, [0, 1]."""

    @property
    def is_steady(self) -> bool:
        """Whether none of them would have changed the alert."""
        return self.agreeing == 1


@dataclass(frozen=True)
class Occluded:
    """How much of the picture hair and rulers hide."""

    hair_share: float
    """Of the frame, [0, 1]."""
    ruler_share: float
    was_cleared: bool
    """Whether they were painted over before the outline was drawn."""
    painted: RgbaImage
    """What they were painted over with, to lay over the picture: at most `overlay.DISPLAY_SIDE_PX` on the long side, transparent where
    nothing was painted; shape (0, 0, 4) when nothing was painted at all."""


@dataclass(frozen=True)
class Lightened:
    """A picture that is too dark, made lighter."""

    gamma: float
    """Its channels v became 255·(v/255)^(1/gamma)."""
    picture: RgbImage
    """At most `overlay.DISPLAY_SIDE_PX` on the long side."""


FindingKind = Literal["structure", "colour", "occlusion", "light", "asymmetry", "border", "colours"]


@dataclass(frozen=True)
class Finding:
    """Something that can be named, and mostly pointed at."""

    kind: FindingKind
    name: str
    """One of STRUCTURES, a colour, hair_or_ruler, lightened, both_axes, long_axis or short_axis, irregular,
    or how many colours."""
    place: str | None = None
    """upper left, left, centre, …, throughout; None for what has no place."""
    share_of_lesion: float | None = None
    """In [0, 1]."""
    effect: float | None = None
    """Probability of malignancy less what it is when the place is covered with its surroundings, or for `light` when the whole picture is
    made lighter; None when that was not tried."""
    elsewhere: float | None = None
    """The same for an equal place elsewhere in the lesion; None where there is no such place."""
    is_clear: bool = False
    """Whether the effect is larger than that of the equal place by more than mirroring or enlarging the picture changes the probability,
    and worth naming. Of what alters the whole picture: larger than that change."""


Verdict = Literal["good", "usable", "retake"]


@dataclass(frozen=True)
class Quality:
    """Whether the picture is good enough to be judged."""

    verdict: Verdict
    advice: tuple[str, ...]
    """A sentence for each thing that is not good, worst first; empty for a good picture."""
    figures: dict[str, float | None]
    """sharpness_db, brightness, overexposed_share, contrast, glare_share, dark_share, lesion_share, cut_share, longer_side_px,
    hair_share, ruler_share, marks_share; None where it cannot be told."""


@dataclass(frozen=True)
class ColourRegion:
    """One connected area of one of the six clinical colours inside the lesion."""

    colour: str
    """white, red, light_brown, dark_brown, blue_grey or black."""
    area_px: int
    area_share: float
    """Share of the lesion area, in [0, 1]."""
    centroid: tuple[float, float]
    """(x, y)."""
    contour: Contour


@dataclass(frozen=True)
class Abcd:
    """The ABCD measurements of S0 §3.7–3.8. None means undefined, never zero.

    D is the diameter of the clinical ABCD rule, not Stolz' differential structures.
    """

    asymmetry_1: float | None
    """Share of the lesion that does not overlap its mirror image about the major axis, [0, 1]."""
    asymmetry_2: float | None
    """The same about the minor axis."""
    border_irregularity: float | None
    """P²/(4πA) of the smoothed contour: 1 is a circle."""
    colours: tuple[str, ...]
    """Names of the colours present, largest area first."""
    regions: tuple[ColourRegion, ...]
    colour_asymmetry: dict[str, float]
    """Colour → distance of its area-weighted centroid to the lesion centroid, divided by diameter_1_px."""
    diameter_1_px: float | None
    """Long side of the minimum-area rectangle, pixels."""
    diameter_2_px: float | None
    """Short side, pixels."""
    diameter_1_mm: float | None
    """Only when the caller gave a pixel spacing."""
    diameter_2_mm: float | None
    scores: dict[str, float | None]
    """A1, A2, B, C, D1, D2 projected on [0, 10] for the bars of the page; the mapping is documented in `abcd`."""
    failure: str | None = None
    """Why nothing could be measured, a sentence for the clinician, else None."""


@dataclass(frozen=True)
class SecondOpinion:
    """What a simple model says of the ABCD measurements alone. It shares nothing with the classifier but the image and the outline."""

    p_malignant: float | None
    """Probability of MEL, BCC, SCC or AK, in [0, 1]; None when there is no opinion."""
    threshold: float
    """Operating point on `p_malignant`, chosen on val at the sensitivity the card states."""
    failure: str | None = None
    """Why there is no opinion, a sentence for the clinician, else None."""

    @property
    def is_suspicious(self) -> bool | None:
        return None if self.p_malignant is None else self.p_malignant >= self.threshold


@dataclass(frozen=True)
class Heatmap:
    """Where the evidence for one class lies."""

    method: str
    label: str
    signed: SignedMap
    """At the size of the upright image: density of the evidence in logits, bilinearly enlarged, never stretched to its own range."""
    share_inside_lesion: float | None
    """Share of the positive evidence inside the lesion mask, [0, 1]; None when there is no lesion or no evidence."""
    doubts: tuple[str, ...] = ()
    """Why it may not be read as where the evidence lies, in sentences for the clinician; empty when nothing speaks against it."""


@dataclass(frozen=True)
class ModelUsed:
    """Which weights produced a result."""

    task: str
    """classification, lesion, structures or abcd."""
    name: str
    """Folder name in models/."""
    sha256: str
    validated_scope: str
    """One or two sentences from the model card."""


@dataclass(frozen=True)
class Output:
    """Everything one analysis found."""

    width_px: int
    height_px: int
    classification: Classification
    familiarity: Familiarity
    lesion: Outline
    quality: Quality
    structures: tuple[Structure, ...]
    """All five, in the order of STRUCTURES."""
    level_set: Outline
    abcd: Abcd
    heatmap: Heatmap
    models: tuple[ModelUsed, ...]
    timings_ms: dict[str, float] = field(default_factory=dict)
    """Stage → milliseconds. Filled only when the caller gives `analyse` a clock."""
    lesion_share_seen: float | None = None
    """Share of the outlined lesion inside the centred square that the classifier saw, [0, 1]; None without an outline."""
    second_opinion: SecondOpinion | None = None
    """From `abcd`; `analyse` always states one, or why there is none."""
    certainty: Certainty | None = None
    evidence: tuple[Finding, ...] = ()
    occluded: Occluded | None = None
    frame: Region | None = None
    """The part of the picture that was looked at: shares of the frame, its edges and the centred square are those of this part. Shapes
    lie in the whole picture all the same. None: the whole picture."""
    lightened: Lightened | None = None
    """None for a picture that is bright enough."""
