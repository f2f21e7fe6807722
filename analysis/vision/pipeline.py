"""One image through all stages, in order. The only place that knows the order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import numpy as np
from torch import Tensor

from analysis.vision import (
    abcd,
    certainty,
    classify,
    evidence,
    imaging,
    level_set,
    light,
    occlusion,
    overlay,
    quality,
    second_opinion,
    segment,
    structures,
)
from analysis.vision.evidence import Altered, Found
from analysis.vision.explain import frame, grad_cam, trust
from analysis.vision.networks.backbones import Head
from analysis.vision.occlusion import Occlusions
from analysis.vision.types import CLASSES, Heatmap, Lightened, Mask, Occluded, Outline, Output, Quality, Region, RgbImage
from analysis.vision.weights import Bundle, Card, Model

if TYPE_CHECKING:
    from analysis.vision.networks.backbones import Backbone

STAGES = ("classification", "occlusion", "lesion", "quality", "structures", "level_set", "abcd", "explanation", "certainty", "evidence")
"""The stages of `analyse`, in order; each is reported to `on_stage` when it has finished."""

OnStage = Callable[[str], None]
Clock = Callable[[], float]


def ignore(stage: str) -> None:
    """The observer of a caller who does not watch progress."""


@dataclass
class _Progress:
    """Tells the observer of each finished stage and, given a clock (seconds), how long it took."""

    on_stage: OnStage
    clock: Clock | None
    timings_ms: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._since = self.clock() if self.clock else 0.0

    def finished(self, stage: str) -> None:
        if self.clock:
            now = self.clock()
            self.timings_ms[stage] = (now - self._since) * 1000
        self.on_stage(stage)
        if self.clock:
            self._since = self.clock()


def analyse(
    image: RgbImage,
    bundle: Bundle,
    *,
    pixel_spacing_mm: tuple[float, float] | None = None,
    on_stage: OnStage = ignore,
    clock: Clock | None = None,
    weighs: bool = True,
    marked: Region | None = None,
) -> Output:
    """Analyse one upright H×W×3 uint8 image.

    `pixel_spacing_mm` is (row, column) spacing as DICOM gives it; without it nothing is said in millimetres.
    Without `weighs` the last two stages, which cost as much as all others together, are left out: no certainty, no evidence.
    Of several lesions those are outlined that lie in the `marked` rectangle; to have the others out of sight, see `region.analyse`.
    `on_stage` may raise to abandon the analysis; the exception passes through.
    """
    progress = _Progress(on_stage, clock)
    x = classify.prepare(image, bundle.classifier.card)
    maps = bundle.classifier.maps(x)
    classification, familiar = classify.classify(maps, bundle.classifier)
    progress.finished("classification")
    clear, hidden = occlusion.cleared(image)
    progress.finished("occlusion")
    lesion = segment.segment(clear, bundle.lesion, marked)
    occluded, cleared_x = _occluded(None if clear is image else clear, hidden, bundle.classifier.card)
    del clear  # as large as the picture
    progress.finished("lesion")
    judged = quality.judge(image, lesion, hair_share=hidden.hair_share, ruler_share=hidden.ruler_share)
    lightened, lighter_x = _lightened(image, judged, bundle.classifier.card)
    progress.finished("quality")
    found = structures.find(image, bundle.structures, lesion.mask)
    progress.finished("structures")
    evolved = level_set.segment(image, marked)
    progress.finished("level_set")
    measured = abcd.measure(image, lesion.mask, pixel_spacing_mm)
    opinion = second_opinion.judge(measured, bundle.second_opinion)
    progress.finished("abcd")
    heatmap = _explain(maps, bundle.classifier, classification.scores[0].label, lesion.mask, hidden)
    progress.finished("explanation")
    output = Output(
        width_px=image.shape[1],
        height_px=image.shape[0],
        classification=classification,
        familiarity=familiar,
        lesion=lesion,
        quality=judged,
        structures=found,
        level_set=evolved,
        abcd=measured,
        heatmap=heatmap,
        models=(bundle.classifier.card.used, bundle.lesion.card.used, bundle.structures.card.used, bundle.second_opinion.used),
        timings_ms=progress.timings_ms,
        lesion_share_seen=_share_seen(lesion),
        second_opinion=opinion,
        occluded=occluded,
        lightened=lightened,
    )
    return _weighed(x, maps, output, [*cleared_x, *lighter_x], bundle.classifier, progress) if weighs else output


def _weighed(x: Tensor, maps: Tensor, output: Output, altered: list[Altered], model: Model, progress: _Progress) -> Output:
    """With what the classifier answers when it is asked in other ways, and without each finding."""
    asked_again = certainty.ask_again(x, maps, model, output.classification)
    progress.finished("certainty")
    p_malignant = output.classification.p_malignant
    found = Found(output.lesion.mask, output.structures, output.abcd, p_malignant, asked_again)
    named = evidence.find(x, found, model, altered)
    progress.finished("evidence")
    return replace(output, certainty=asked_again, evidence=named)


def _occluded(clear: RgbImage | None, hidden: Occlusions, card: Card) -> tuple[Occluded, list[Altered]]:
    """What hides the skin, and the picture without it (`clear`, None where it was left alone) for display and for the classifier."""
    shares = hidden.hair_share, hidden.ruler_share
    if clear is None:
        return Occluded(*shares, was_cleared=False, painted=np.zeros((0, 0, 4), np.uint8)), []
    painted = overlay.painted_over(clear, hidden.mask)
    return Occluded(*shares, was_cleared=True, painted=painted), [Altered("occlusion", "hair_or_ruler", classify.prepare(clear, card))]


def _lightened(image: RgbImage, judged: Quality, card: Card) -> tuple[Lightened | None, list[Altered]]:
    """The picture in more light, for display and for the classifier; nothing where it is bright enough."""
    gamma = light.gamma_for(judged.figures["brightness"])
    if gamma == 1:
        return None, []
    lighter = light.lighten(image, gamma)
    return Lightened(gamma, overlay.for_display(lighter)), [Altered("light", "lightened", classify.prepare(lighter, card))]


def _share_seen(lesion: Outline) -> float | None:
    """area(lesion ∩ centred square) / area(lesion); None without an outline."""
    if not lesion.area_px:
        return None
    return float(imaging.centre_square(lesion.mask).sum() / lesion.area_px)


def _explain(maps: Tensor, model: Model, label: str, lesion: Mask, hidden: Occlusions) -> Heatmap:
    """Grad-CAM of one class on the last feature maps, laid over the centred square that the classifier saw; zero outside it.

    Times its number of cells, so that the values do not depend on the maps' grid: a density whose mean over the square is the
    class's logit less the bias, since average pooling and one linear layer follow (Selvaraju et al. 2017, eq. 1-2).
    """
    head = Head(cast("Backbone", model.network))
    low = grad_cam.grad_cam(head, head.maps, maps, lambda logits: logits[0, CLASSES.index(label)])
    signed = frame.over_image(low * low.size, *lesion.shape)
    shares = trust.shares(signed, lesion, hair=hidden.hair, ruler=hidden.ruler)
    return Heatmap("grad_cam", label, signed, shares.lesion, trust.judge(trust.Figures(shares)).reasons)
