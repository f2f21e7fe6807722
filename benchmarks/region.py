"""What marking the lesion that is meant brings where two are in view, and how much skin around the rectangle helps (SPEC A9).

Val pictures with a diagnosis and a mask are laid side by side by twos; the lesion of one is marked by the tightest rectangle around its
mask. Asked are the classifier and the outline, as at work. Needs the development data (SKINCLINIC_DATA, default ../shared/data); skipped in
one line where it is absent. Last line JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from sklearn.metrics import roc_auc_score

from analysis.vision import classify, metrics, occlusion, region, segment, weights
from analysis.vision.training import data
from analysis.vision.training.data import Example
from analysis.vision.types import MALIGNANT_CLASSES, Mask, Region, RgbImage
from analysis.vision.weights import Bundle

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("SKINCLINIC_DATA", ROOT.parent / "shared" / "data"))
MARGINS = (0.0, 0.2, 0.3)


@dataclass(frozen=True)
class Case:
    """Two pictures side by side, the outline of the lesion that is meant, and whether it is malignant."""

    image: RgbImage
    lesion: Mask
    is_malignant: bool


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=60, help="as many malignant lesions, and as many benign ones")
    options = parser.parse_args()
    if not (DATA / "labels.csv").exists():
        print(f"skipped: no development data at {DATA}")
        return
    bundle = weights.load_bundle(ROOT / "models")
    cases = _cases(options.images)
    figures: dict[str, float] = {"pairs": len(cases), **_figures("whole", cases, bundle, None)}
    for margin in MARGINS:
        figures |= _figures(f"margin_{margin}", cases, bundle, margin)
    for name, value in figures.items():
        print(f"{name:28} {value}")
    print(json.dumps(figures))


def _cases(per_side: int) -> list[Case]:
    examples = [example for example in data.read_labels(DATA) if example.mask and example.label and example.split == "val"]
    random, shards = np.random.default_rng(1), data.Shards(DATA)
    malignant = [example for example in examples if example.label in MALIGNANT_CLASSES]
    benign = [example for example in examples if example.label not in MALIGNANT_CLASSES]
    drawn = [side[index] for side in (malignant, benign) for index in random.permutation(len(side))[:per_side]]
    drawn = [example for example in drawn if shards.mask(example).any()]
    return [_beside(example, drawn[(7 * index + 3) % len(drawn)], shards, index % 2) for index, example in enumerate(drawn)]


def _beside(meant: Example, other: Example, shards: data.Shards, place: int) -> Case:
    """`place` 0: on the left, 1: on the right."""
    image, lesion = shards.image(meant), shards.mask(meant) > 0
    pictures, masks = [image, shards.image(other)], [lesion, np.zeros_like(lesion)]
    turn = -1 if place else 1
    return Case(np.hstack(pictures[::turn]), np.hstack(masks[::turn]), meant.label in MALIGNANT_CLASSES)


def _figures(name: str, cases: Sequence[Case], bundle: Bundle, margin: float | None) -> dict[str, float]:
    """AUC of malignancy, mean Jaccard of the outline, share of pictures unlike the validated ones; whole pictures without a margin."""
    answers, overlaps, strange = [], [], []
    for case in cases:
        marked = None if margin is None else _tightest(case.lesion)
        frame = Region(0, 0, *case.lesion.shape[::-1])
        if marked and margin is not None:
            region.MARGIN = margin
            frame = region.frame_around(marked, *case.lesion.shape[::-1])
            marked = marked._replace(left=marked.left - frame.left, top=marked.top - frame.top)
        seen = region.cut(case.image, frame)
        classification, familiarity = classify.classify(
            bundle.classifier.maps(classify.prepare(seen, bundle.classifier.card)), bundle.classifier
        )
        outline = segment.segment(occlusion.cleared(seen)[0], bundle.lesion, marked)
        answers.append(classification.p_malignant)
        overlaps.append(metrics.jaccard(outline.mask, region.cut(case.lesion, frame)))
        strange.append(familiarity.is_unfamiliar)
    auc = float(roc_auc_score([case.is_malignant for case in cases], answers))
    values = {"auc": auc, "jaccard": float(np.mean(overlaps)), "unfamiliar": float(np.mean(strange))}
    return {f"{name}_{figure}": round(value, 3) for figure, value in values.items()}


def _tightest(lesion: Mask) -> Region:
    left, top, width, height = cv2.boundingRect(lesion.astype(np.uint8))
    return Region(left, top, width, height)


if __name__ == "__main__":
    main()
