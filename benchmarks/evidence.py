"""Does covering a finding change the answer more than covering any other place of the lesion would (SPEC A8)?

`evidence` paints a finding over with its surroundings. Its effect is called clear when it exceeds that of an equal place elsewhere in the
lesion by more than what mirroring or enlarging the picture does. How often a place that is nothing would be called so is measured here:
every finding that is covered has a control, the same shape, mirrored or not, moved to where it lies inside the lesion and on the finding
and its equal place as little as possible (drawn from all such places), painted over alike and compared with the same equal place. Findings
that leave no room for both are counted and left out. Beside them: the rule without the equal place, which any loss of lesion passes.

Labelled val images, evenly drawn, everything as at work. Intervals: 95 %, bootstrapped over lesions. Needs the development data
(SKINCLINIC_DATA, default ../shared/data); skipped in one line where it is absent. Last line JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from analysis.vision import certainty, classify, elsewhere, evidence, pipeline, weights
from analysis.vision.evidence import Found
from analysis.vision.training import data, evaluate
from analysis.vision.training.data import Example
from analysis.vision.types import Finding, Mask, RgbImage
from analysis.vision.weights import Bundle

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SKINCLINIC_DATA", ROOT.parent / "shared" / "data"))
SEED = 20261122
MIN_INSIDE = 0.95
"""Share of a control that must lie inside the lesion; the rest is cut off."""
MAX_OVERLAP = 0.5
"""Share of a control that may lie on its finding or the equal place."""
FAR_OVERLAP = 0.1
"""Controls with at most this overlap are looked at by themselves too."""
TIED_SHARE = 0.01
"""Places whose overlap is larger than the least by no more than this are as good."""
MIRRORS = (slice(None), slice(None, None, -1))
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """A covered finding and its control: effects on the malignancy."""

    finding: Finding
    group_id: str
    chance: float
    effect: float
    elsewhere: float
    """Of the equal place that the finding is compared with."""
    control: float
    """Of another such place."""
    overlap: float
    """Share of the control that lies on the finding or its equal place."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=400, help="at most about as many, evenly drawn; 0 for all")
    options = parser.parse_args()
    if not (DATA / "labels.csv").exists():
        print(f"skipped: no development data at {DATA}")
        return
    examples = [example for example in data.select(data.read_labels(DATA), "val") if example.label]
    examples = examples[:: max(1, len(examples) // options.images)] if options.images else examples
    outlined, covered, pairs = _measured(examples)
    figures = {
        "images": len(examples),
        "outlined": outlined,
        "covered": covered,
        "with_control": len(pairs),
        "all": _compared(pairs),
        "far": _compared([pair for pair in pairs if pair.overlap <= FAR_OVERLAP]),
        **{kind: _compared([pair for pair in pairs if pair.finding.kind == kind]) for kind in ("structure", "colour")},
    }
    for name, value in figures.items():
        print(f"{name:14} {value}")
    print(json.dumps(figures))


def _measured(examples: Sequence[Example]) -> tuple[int, int, list[Pair]]:
    """How many pictures have an outline, how many findings were covered, and those of them that have a control."""
    bundle, shards, random = weights.load_bundle(ROOT / "models"), data.Shards(DATA), np.random.default_rng(SEED)
    outlined, covered, pairs = 0, 0, list[Pair]()
    for example in examples:
        is_outlined, count, found = _one(shards.image(example), example.group_id, bundle, random)
        outlined, covered = outlined + is_outlined, covered + count
        pairs += found
    return outlined, covered, pairs


def _one(image: RgbImage, group_id: str, bundle: Bundle, random: np.random.Generator) -> tuple[bool, int, list[Pair]]:
    model, output = bundle.classifier, pipeline.analyse(image, bundle, weighs=False)
    x = classify.prepare(image, model.card)
    asked = certainty.ask_again(x, model.maps(x), model, output.classification)
    p = output.classification.p_malignant
    found = Found(output.lesion.mask, output.structures, output.abcd, p, asked)
    if not found.lesion.any():
        return False, 0, []
    places, lesion = evidence.places(found), evidence.as_seen(found.lesion, model.card.input_px)
    regions = evidence.to_cover(places, lesion)
    chosen = {index: trio for index, region in regions.items() if (trio := _trio(region, lesion, random))}
    effects = p - evidence.without(x, [mask for trio in chosen.values() for mask in trio], lesion, model).reshape(-1, 3)
    pairs = [
        Pair(places[index].finding, group_id, found.chance, effect, other, third, _overlap(trio[2], trio[0] | trio[1]))
        for (index, trio), (effect, other, third) in zip(chosen.items(), effects.tolist(), strict=True)
    ]
    return True, len(regions), pairs


def _trio(region: Mask, lesion: Mask, random: np.random.Generator) -> tuple[Mask, Mask, Mask] | None:
    """A finding's place, the equal place it is compared with, and a control; None where there is no room for all."""
    other = elsewhere.equal_place(region, lesion)
    third = None if other is None else control(region, region | other, lesion, random)
    return None if other is None or third is None else (region, other, third)


def control(region: Mask, taken: Mask, allowed: Mask, random: np.random.Generator) -> Mask | None:
    """The shape of `region` at a place of what is allowed that is taken as little as possible, all s×s; None where it mostly is."""
    scored = [(shape, _scores(shape, taken, allowed)) for shape in _mirrored(region)]
    least = min(float(scores.min()) for _, scores in scored)
    if least > MAX_OVERLAP:
        return None
    places = [(shape, y, x) for shape, scores in scored for y, x in np.argwhere(scores <= least + TIED_SHARE)]
    shape, y, x = places[random.integers(len(places))]
    mask = np.zeros(region.shape, dtype=np.bool_)
    mask[y : y + shape.shape[0], x : x + shape.shape[1]] = shape
    return mask & allowed


def _scores(shape: Mask, taken: Mask, allowed: Mask) -> Floats:
    """Share of a shape that lies on what is taken for each (y, x) of its box, infinite where it does not lie in what is allowed."""
    return np.where(_share_on(allowed, shape) >= MIN_INSIDE, _share_on(taken, shape), np.inf)


def _mirrored(region: Mask) -> Iterator[Mask]:
    """The box around a region, as it is and mirrored up, sideways and both ways."""
    left, top, width, height = cv2.boundingRect(region.astype(np.uint8))
    box = region[top : top + height, left : left + width]
    return (box[rows, columns] for rows in MIRRORS for columns in MIRRORS)


def _share_on(mask: Mask, shape: Mask) -> Floats:
    """Share of an h×w shape that lies on a mask, for each (y, x) at which its box lies in the frame."""
    hits = fftconvolve(mask.astype(np.float64), shape[::-1, ::-1].astype(np.float64), mode="valid")
    return np.asarray(hits / np.count_nonzero(shape), np.float64)


def _overlap(other: Mask, region: Mask) -> float:
    return float((other & region).sum() / other.sum())


def _compared(pairs: Sequence[Pair]) -> dict[str, object]:
    """How often findings and controls are called clear, and how large their effects are, with the differences within pairs."""
    if not pairs:
        return {"n": 0}
    groups = [pair.group_id for pair in pairs]
    effect, other, control_ = np.abs([(pair.effect, pair.elsewhere, pair.control) for pair in pairs]).T
    chance = np.array([pair.chance for pair in pairs])
    clear, clear_control = effect - other >= chance, control_ - other >= chance
    return {
        "n": len(pairs),
        "lesions": len(set(groups)),
        "clear_findings": _mean(clear, groups),
        "clear_controls": _mean(clear_control, groups),
        "clear_difference": _mean(clear.astype(np.float64) - clear_control, groups),
        "alone_findings": _mean(effect >= chance, groups),
        "alone_controls": _mean(control_ >= chance, groups),
        "median_effect_findings": _median(effect, groups),
        "median_effect_controls": _median(control_, groups),
        "mean_effect_difference": _mean(effect - control_, groups),
        "larger_than_its_control": _mean(effect > control_, groups),
        "median_overlap": round(float(np.median([pair.overlap for pair in pairs])), 3),
    }


def _mean(values: Floats | NDArray[np.bool_], groups: list[str]) -> dict[str, float | None]:
    return evaluate.interval(lambda index: float(values[index].mean()), groups)


def _median(values: Floats, groups: list[str]) -> dict[str, float | None]:
    return evaluate.interval(lambda index: float(np.median(values[index])), groups)


if __name__ == "__main__":
    main()
