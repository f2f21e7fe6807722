"""Does covering a finding change the answer more than covering any other place of the lesion would (SPEC A8)?

`evidence` paints a finding over with its surroundings and calls the effect clear when it exceeds what mirroring or enlarging the picture
does. What is painted over is smooth, and skin never is: the classifier may answer to that alone, or to any loss of lesion. So every
finding that is covered has a control here: the same shape, mirrored or not, moved to where it lies inside the lesion and on the finding as
little as possible (drawn from all such places), painted over alike, clear by the same limit; and, where there is room, another one on the
skin beside the lesion. Findings that leave no place for the first are counted and left out.

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

from analysis.vision import certainty, classify, evidence, pipeline, weights
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
"""Share of a control that may lie on its finding."""
FAR_OVERLAP = 0.1
"""Controls with at most this overlap are looked at by themselves too."""
TIED_SHARE = 0.01
"""Places whose overlap is larger than the least by no more than this are as good."""
MIRRORS = (slice(None), slice(None, None, -1))
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """A covered finding and its control."""

    finding: Finding
    group_id: str
    chance: float
    effect: float
    control: float
    """Effect of the same shape elsewhere in the lesion."""
    skin: float | None
    """Effect of the same shape on skin; None where there is no room."""
    overlap: float
    """Share of the control that lies on the finding."""


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
        **{kind: _compared([pair for pair in pairs if pair.finding.kind == kind]) for kind in ("structure", "colour", "heat")},
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
    found = Found(output.lesion.mask, output.structures, output.abcd, output.heatmap, p, asked)
    if not found.lesion.any():
        return False, 0, []
    places, lesion = evidence.places(found), evidence.as_seen(found.lesion, model.card.input_px)
    regions = evidence.to_cover(places, lesion)
    chosen = {index: (region, other) for index, region in regions.items() if (other := control(region, lesion, random)) is not None}
    beside = {index: mask for index in chosen if (mask := control(regions[index], ~lesion, random)) is not None}
    masks = [mask for both in chosen.values() for mask in both]
    effects = p - evidence.without(x, [*masks, *beside.values()], lesion, model)
    on_skin = dict(zip(beside, effects[len(masks) :].tolist(), strict=True))
    pairs = [
        Pair(places[index].finding, group_id, found.chance, effect, other_effect, on_skin.get(index), _overlap(other, region))
        for (index, (region, other)), (effect, other_effect) in zip(chosen.items(), effects[: len(masks)].reshape(-1, 2), strict=True)
    ]
    return True, len(regions), pairs


def control(region: Mask, allowed: Mask, random: np.random.Generator) -> Mask | None:
    """The shape of `region` at another place of what is allowed, both s×s; None where it cannot lie there but on itself."""
    scored = [(shape, _scores(shape, region, allowed)) for shape in _mirrored(region)]
    least = min(float(scores.min()) for _, scores in scored)
    if least > MAX_OVERLAP:
        return None
    places = [(shape, y, x) for shape, scores in scored for y, x in np.argwhere(scores <= least + TIED_SHARE)]
    shape, y, x = places[random.integers(len(places))]
    mask = np.zeros(region.shape, dtype=np.bool_)
    mask[y : y + shape.shape[0], x : x + shape.shape[1]] = shape
    return mask & allowed


def _scores(shape: Mask, region: Mask, allowed: Mask) -> Floats:
    """Share of a shape that lies on `region` for each (y, x) of its box, infinite where it does not lie in what is allowed."""
    return np.where(_share_on(allowed, shape) >= MIN_INSIDE, _share_on(region, shape), np.inf)


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
    """How often the effects of findings and of controls are clear, and how large they are, with the differences within pairs."""
    if not pairs:
        return {"n": 0}
    groups = [pair.group_id for pair in pairs]
    sizes = np.abs([(pair.effect, pair.control) for pair in pairs])
    clear = sizes >= np.array([[pair.chance] for pair in pairs])
    lead, clear_lead = sizes[:, 0] - sizes[:, 1], clear[:, 0].astype(np.float64) - clear[:, 1]
    return {
        "n": len(pairs),
        "lesions": len(set(groups)),
        "clear_findings": _mean(clear[:, 0], groups),
        "clear_controls": _mean(clear[:, 1], groups),
        "clear_difference": _mean(clear_lead, groups),
        "median_effect_findings": _median(sizes[:, 0], groups),
        "median_effect_controls": _median(sizes[:, 1], groups),
        "mean_effect_difference": _mean(lead, groups),
        "larger_than_its_control": _mean(lead > 0, groups),
        "clear_on_skin": _mean_on_skin(pairs),
        "median_overlap": round(float(np.median([pair.overlap for pair in pairs])), 3),
    }


def _mean_on_skin(pairs: Sequence[Pair]) -> dict[str, object]:
    """How often the same shape on skin would be clear, where there is room for it."""
    there = [(abs(pair.skin) >= pair.chance, pair.group_id) for pair in pairs if pair.skin is not None]
    return {"n": len(there), **(_mean(np.array([is_clear for is_clear, _ in there]), [group for _, group in there]) if there else {})}


def _mean(values: Floats | NDArray[np.bool_], groups: list[str]) -> dict[str, float | None]:
    return evaluate.interval(lambda index: float(values[index].mean()), groups)


def _median(values: Floats, groups: list[str]) -> dict[str, float | None]:
    return evaluate.interval(lambda index: float(np.median(values[index])), groups)


if __name__ == "__main__":
    main()
