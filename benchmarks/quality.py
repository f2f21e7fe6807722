"""Do the figures and the verdict on a picture's quality tell pictures made worse from pictures as they are (SPEC A9)?

Labelled val images are blurred, darkened, overexposed, veiled or given reflections, each slightly and strongly, and disturbed in the ways
that outlines are tested with; the last of these, stretching, is nothing that the quality is judged by, and should not change it. Each is
outlined and judged as at work. For every disturbance: how well each figure tells the disturbed pictures from the same ones undisturbed
(AUC, in the direction in which the figure's rule calls a picture worse), and the shares of the three verdicts. Lesions that had a say in
the limits (the outlined val images) are left out. That pictures have few pixels is not counted: the data is delivered at 256, and cut
there. Intervals: 95 %, bootstrapped over lesions. Needs the development data (SKINCLINIC_DATA, default ../shared/data); skipped in one
line where it is absent. Last line JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from analysis.vision import metrics, occlusion, quality, segment, weights
from analysis.vision.training import data, evaluate, selection
from analysis.vision.training.data import Example
from analysis.vision.training.disturbances import DISTURBANCES, Disturb, Disturbed
from analysis.vision.types import Mask, Quality, RgbImage
from analysis.vision.weights import Model

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SKINCLINIC_DATA", ROOT.parent / "shared" / "data"))
Range = tuple[float, float]
BADNESS = {rule.figure: -1 if rule.usable >= rule.retake else 1 for rule in quality.RULES if rule.figure != "longer_side_px"}
"""Figure → whether more or less of it is worse."""
FEW_PIXELS = (next(rule.advice for rule in quality.RULES if rule.figure == "longer_side_px"),)


def blurred(image: RgbImage, mask: Mask, rng: Generator, *, width_px: Range) -> Disturbed:
    """Out of focus: a Gaussian of such a width where the longer side has 256 pixels."""
    width = rng.uniform(*width_px) * max(image.shape) / 256
    return cv2.GaussianBlur(image, (0, 0), width).astype(np.uint8, copy=False), mask


def relit(image: RgbImage, mask: Mask, rng: Generator, *, gain: Range) -> Disturbed:
    """Under- or overexposed: so many times the light, clipped as a camera clips it."""
    return _clipped(image.astype(np.float64) * rng.uniform(*gain)), mask


def veiled(image: RgbImage, mask: Mask, rng: Generator, *, kept: Range) -> Disturbed:
    """A dirty or fogged lens: so much of every difference from the mean colour is left."""
    mean = image.mean(axis=(0, 1))
    return _clipped(mean + rng.uniform(*kept) * (image - mean)), mask


def reflecting(image: RgbImage, mask: Mask, rng: Generator, *, share: Range) -> Disturbed:
    """White spots with soft edges on the lesion, until they cover so much of it; in the middle of the picture where there is none."""
    where = mask if mask.any() else cv2.circle(np.zeros(mask.shape, np.uint8), _middle(mask), min(mask.shape) // 4, 1, -1) > 0
    points, wanted = np.argwhere(where), rng.uniform(*share) * np.count_nonzero(where)
    spots, side = np.zeros(mask.shape, np.float32), float(np.sqrt(len(points)))
    while np.count_nonzero(where & (spots > 0)) < wanted:
        y, x = points[rng.integers(len(points))]
        axes = np.maximum(1, np.rint(rng.uniform(0.02, 0.08, 2) * side)).astype(int)
        cv2.ellipse(spots, (int(x), int(y)), axes.tolist(), float(rng.uniform(0, 180)), 0, 360, 1.0, -1)
    light = cv2.GaussianBlur(spots, (0, 0), 0.7)[..., None]
    return _clipped(image.astype(np.float64) + 1.2 * light * (255.0 - image)), mask


def _middle(mask: Mask) -> tuple[int, int]:
    return mask.shape[1] // 2, mask.shape[0] // 2


def _clipped(picture: NDArray[np.float64]) -> RgbImage:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


OURS: dict[str, tuple[str, Disturb]] = {
    "blurred slightly": ("sharpness_db", partial(blurred, width_px=(0.7, 1.2))),
    "blurred": ("sharpness_db", partial(blurred, width_px=(1.5, 3.0))),
    "darkened slightly": ("brightness", partial(relit, gain=(0.6, 0.75))),
    "darkened": ("brightness", partial(relit, gain=(0.25, 0.45))),
    "overexposed slightly": ("overexposed_share", partial(relit, gain=(1.2, 1.4))),
    "overexposed": ("overexposed_share", partial(relit, gain=(1.6, 2.2))),
    "veiled slightly": ("contrast", partial(veiled, kept=(0.4, 0.6))),
    "veiled": ("contrast", partial(veiled, kept=(0.1, 0.2))),
    "few reflections": ("glare_share", partial(reflecting, share=(0.02, 0.05))),
    "reflections": ("glare_share", partial(reflecting, share=(0.12, 0.25))),
}
"""Disturbance → the figure that is meant to tell it, and how it is made."""
MEANT = {name: figure for name, (figure, _) in OURS.items()} | {
    "dark_corners": "dark_share",
    "cut_by_the_frame": "cut_share",
    "other_light": "brightness",
    "hair": "hair_share",
    "ruler": "ruler_share",
}
ALL: dict[str, Disturb] = {name: disturb for name, (_, disturb) in OURS.items()} | dict(
    sorted(DISTURBANCES.items(), key=lambda pair: pair[0] not in MEANT)
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=300, help="at most about as many, evenly drawn; 0 for all")
    options = parser.parse_args()
    if not (DATA / "labels.csv").exists():
        print(f"skipped: no development data at {DATA}")
        return
    examples = _examples(options.images)
    groups = [example.group_id for example in examples]
    judged = _judged(examples)
    undisturbed = judged.pop("undisturbed")
    figures = {
        "images": len(examples),
        "dermoscopic": sum(example.modality == "dermoscopic" for example in examples),
        "undisturbed": _verdicts(undisturbed, groups),
        **{name: {**_told(name, undisturbed, found, groups), **_verdicts(found, groups)} for name, found in judged.items()},
    }
    for name, value in figures.items():
        print(f"{name:22} {value}")
    print(json.dumps(figures))


def _examples(at_most: int) -> list[Example]:
    labels = data.read_labels(DATA)
    masked = data.select([example for example in labels if example.mask] + data.read_task1(DATA), "val")
    known = {example.group_id for example in selection.thin(masked, {"ham10000": selection.HAM_VAL_LIMIT}, 0)}
    examples = [example for example in data.select(labels, "val") if example.label and example.group_id not in known]
    return examples[:: max(1, len(examples) // at_most)] if at_most else examples


def _judged(examples: Sequence[Example]) -> dict[str, list[Quality]]:
    """What is said of each picture, undisturbed first, then by disturbance."""
    model, shards = weights.load_bundle(ROOT / "models").lesion, data.Shards(DATA)
    judged: dict[str, list[Quality]] = {name: [] for name in ("undisturbed", *ALL)}
    for index, example in enumerate(examples):
        image = shards.image(example)
        found, mask = _judged_one(image, model)
        judged["undisturbed"].append(found)
        for name, disturb in ALL.items():
            disturbed, _ = disturb(image, mask, np.random.default_rng([evaluate.DISTURBANCE_SEED, index]))
            judged[name].append(_judged_one(disturbed, model)[0])
    return judged


def _judged_one(image: RgbImage, model: Model) -> tuple[Quality, Mask]:
    """As at work, and the outline it was judged with."""
    clear, hidden = occlusion.cleared(image)
    lesion = segment.segment(clear, model)
    return quality.judge(image, lesion, hair_share=hidden.hair_share, ruler_share=hidden.ruler_share), lesion.mask


Cases = tuple[NDArray[np.bool_], NDArray[np.float64], list[str]]
"""Whether disturbed, how bad by one figure, and the lesion, of the pictures of which the figure can be told."""


def _told(name: str, undisturbed: Sequence[Quality], disturbed: Sequence[Quality], groups: Sequence[str]) -> dict[str, object]:
    """AUC of the figure that is meant to tell, with its interval, and of every figure."""
    cases = {figure: _cases(figure, undisturbed, disturbed, groups) for figure in BADNESS}
    meant = MEANT.get(name)
    aucs = {figure: metrics.auc(truth, score) for figure, (truth, score, _) in cases.items()}
    return {
        "meant": meant,
        "auc": _auc(*cases[meant]) if meant else None,
        "aucs": {figure: None if auc is None else round(auc, 3) for figure, auc in aucs.items()},
    }


def _cases(figure: str, undisturbed: Sequence[Quality], disturbed: Sequence[Quality], groups: Sequence[str]) -> Cases:
    found = [(False, one, group) for one, group in zip(undisturbed, groups, strict=True)]
    found += [(True, one, group) for one, group in zip(disturbed, groups, strict=True)]
    told = [(truth, BADNESS[figure] * value, group) for truth, one, group in found if (value := one.figures[figure]) is not None]
    truths, scores, told_groups = zip(*told, strict=True)
    return np.array(truths), np.array(scores), list(told_groups)


def _auc(truth: NDArray[np.bool_], score: NDArray[np.float64], groups: list[str]) -> evaluate.Figure:
    return evaluate.interval(lambda index: metrics.auc(truth[index], score[index]), groups)


def _verdicts(found: Sequence[Quality], groups: Sequence[str]) -> dict[str, evaluate.Figure]:
    """Share of each verdict."""
    given = np.array(["good" if one.advice == FEW_PIXELS else one.verdict for one in found])
    return {verdict: _share(given == verdict, groups) for verdict in quality.ORDER}


def _share(hits: NDArray[np.bool_], groups: Sequence[str]) -> evaluate.Figure:
    return evaluate.interval(lambda index: float(hits[index].mean()), groups)


if __name__ == "__main__":
    main()
