"""How surely hair and rulers are found and painted over, and what the lesion's outline gains by it.

Hair and rulers are drawn over masked val images (the constants were chosen on train), so that their truth is known; hair of the
pictures' own counts as wrongly found. Needs the development data (SKINCLINIC_DATA, default ../shared/data); skipped in one line where
it is absent. Last line JSON.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import cv2
import numpy as np
from numpy.typing import NDArray

from analysis.vision import metrics, occlusion, segment, weights
from analysis.vision.occlusion import Occlusions
from analysis.vision.training import data, selection
from analysis.vision.training.data import Example
from analysis.vision.training.disturbances import DISTURBANCES
from analysis.vision.training.evaluate import DISTURBANCE_SEED
from analysis.vision.types import Mask, RgbImage
from analysis.vision.weights import Model

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SKINCLINIC_DATA", ROOT.parent / "shared" / "data"))
DRAWN_LEVELS = 12
"""By which a drawn pixel differs from the undisturbed picture."""
HAIRY_SHARE = 0.01


@dataclass(frozen=True)
class Case:
    """A picture without and with hair, and with a ruler; what was found in each."""

    bare: RgbImage
    hairy: RgbImage
    ruled: RgbImage
    in_bare: Occlusions
    in_hairy: Occlusions
    in_ruled: Occlusions
    lesion: Mask


def main() -> None:
    if not (DATA / "labels.csv").exists():
        print(f"skipped: no development data at {DATA}")
        return
    model = weights.load_bundle(ROOT / "models").lesion
    masked = [example for example in data.read_labels(DATA) if example.mask] + data.read_task1(DATA)
    examples = selection.thin(data.select(masked, "val"), {"ham10000": selection.HAM_VAL_LIMIT}, 0)
    cases = _cases(examples)
    figures = {"images": len(cases), **_masks(cases), **_outlines(cases, model), **_times(cases)}
    for name, value in figures.items():
        print(f"{name:32} {value}")
    print(json.dumps(figures))


def _cases(examples: Sequence[Example]) -> list[Case]:
    shards, cases = data.Shards(DATA), []
    for index, example in enumerate(examples):
        bare, lesion = shards.image(example), shards.mask(example) > 0
        hairy, ruled = (DISTURBANCES[kind](bare, lesion, np.random.default_rng([DISTURBANCE_SEED, index]))[0] for kind in ("hair", "ruler"))
        cases.append(Case(bare, hairy, ruled, occlusion.find(bare), occlusion.find(hairy), occlusion.find(ruled), lesion))
    return cases


def _masks(cases: Sequence[Case]) -> dict[str, float]:
    hairs = [(_drawn(case.hairy, case.bare), case.in_hairy.hair) for case in cases]
    return {
        "hair_recall": _mean(_hit(truth, found) for truth, found in hairs),
        "hair_precision": _mean(_hit(found, truth) for truth, found in hairs),
        "hair_precision_but_own": _mean(_hit(found, truth | case.in_bare.hair) for (truth, found), case in zip(hairs, cases, strict=True)),
        "error_left_after_cleaning": _mean(_error(occlusion.remove(c.hairy, c.in_hairy), c.bare) / _error(c.hairy, c.bare) for c in cases),
        "bare_over_1_percent_hair": _mean(case.in_bare.hair_share > HAIRY_SHARE for case in cases),
        "ruler_found": _mean(case.in_ruled.ruler_share > 0 for case in cases),
        "ruler_recall": _mean(_hit(_drawn(case.ruled, case.bare), case.in_ruled.ruler) for case in cases),
        "ruler_in_bare": _mean(case.in_bare.ruler_share > 0 for case in cases),
        "ruler_in_hairy_alone": _mean(case.in_hairy.ruler_share > 0 and case.in_bare.ruler_share == 0 for case in cases),
    }


def _drawn(disturbed: RgbImage, bare: RgbImage) -> Mask:
    return np.asarray(cv2.absdiff(disturbed, bare).max(axis=2) > DRAWN_LEVELS)


def _hit(mask: Mask, target: Mask) -> float:
    """Share of the mask within one pixel of the target."""
    near = cv2.dilate(target.astype(np.uint8), np.ones((3, 3), dtype=np.uint8)) > 0
    return float(near[mask].mean()) if mask.any() else 1.0


def _error(image: RgbImage, bare: RgbImage) -> float:
    return float(cv2.absdiff(image, bare).mean())


def _outlines(cases: Sequence[Case], model: Model) -> dict[str, float]:
    """Mean Jaccard of the outline as it is, and when what was found is painted over first."""
    figures = {}
    for kind in ("bare", "hairy", "ruled"):
        for name, clean in (("as_is", False), ("cleaned", True)):
            overlaps = []
            for case in cases:
                image: RgbImage = getattr(case, kind)
                seen = occlusion.remove(image, getattr(case, f"in_{kind}")) if clean else image
                overlaps.append(metrics.jaccard(segment.segment(seen, model).mask, case.lesion))
            figures[f"jaccard_{kind}_{name}"] = _mean(overlaps)
    return figures


def _times(cases: Sequence[Case]) -> dict[str, float]:
    """Processor time at 600×450 over that of a median filter of 21 pixels: milliseconds say little on a busy machine."""
    cv2.setNumThreads(1)
    times = []
    for case in cases[:: max(1, len(cases) // 40)]:
        image = np.asarray(cv2.resize(case.hairy, (600, 450)), dtype=np.uint8)
        marks = [process_time()]
        found = occlusion.find(image)
        marks.append(process_time())
        occlusion.remove(image, found)
        marks.append(process_time())
        cv2.medianBlur(image, 21)
        times.append(np.diff([*marks, process_time()]))
    find, remove, median = np.median(times, axis=0)
    return {"find_over_median_blur": round(find / median, 2), "remove_over_median_blur": round(remove / median, 2)}


def _mean(values: Iterable[float]) -> float:
    numbers: NDArray[np.float64] = np.array(list(values), dtype=np.float64)
    return round(float(numbers.mean()), 3)


if __name__ == "__main__":
    main()
