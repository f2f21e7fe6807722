"""How surely two pictures of a lesion are laid over one another, and by what they differ although nothing changed.

Pairs of HAM10000 images of one lesion from the val and test splits (the limits were chosen on train: `--splits train`), and as many
pairs of two different lesions, all inside the outlines that the network draws. Of lesions with three images also: how far the first lies
from itself in the third when it is laid over that by way of the second. Needs the development data (SKINCLINIC_DATA, default
../shared/data); skipped in one line where it is absent. Last line JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from analysis.same_place import composed
from analysis.vision import abcd, change, segment, weights
from analysis.vision.change import Visit
from analysis.vision.training import data
from analysis.vision.types import RgbImage
from analysis.vision.weights import Model

DATA = Path(os.environ.get("SKINCLINIC_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

MODELS = Path(__file__).resolve().parents[1] / "models"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", nargs="+", default=["val", "test"])
    parser.add_argument("--pairs", type=int, default=300, help="at most as many, evenly drawn")
    options = parser.parse_args()
    if not (DATA / "labels.csv").exists():
        print(f"skipped: no development data at {DATA}")
        return
    model = weights.load_bundle(MODELS).lesion
    shards, examples = data.Shards(DATA), {example.name: example for example in data.read_labels(DATA)}
    pairs = [(names[0], names[1]) for names in _series(options.splits, 2)]
    pairs = pairs[:: max(1, len(pairs) // options.pairs)]
    kept = wrong = 0
    times_ms, outline, border, colour, spot, beyond = [], [], [], [], [], []
    for (first, second), (_, stranger) in zip(pairs, pairs[1:] + pairs[:1], strict=True):
        earlier, later, other = (_visit(shards.image(examples[name]), model) for name in (first, second, stranger))
        if not (earlier.lesion.any() and later.lesion.any() and other.lesion.any()):
            continue
        start = perf_counter()
        found = change.compare(earlier, later).change
        times_ms.append((perf_counter() - start) * 1000)
        wrong += change.compare(earlier, other).failure is None
        if found is None:
            continue
        kept += 1
        outline.append(found.outline_difference)
        border.append(np.nan if found.border_difference is None else abs(found.border_difference))
        colour.append(np.nan if found.colour_difference is None else found.colour_difference)
        spot.append(float(np.nanpercentile(found.heat, 95)) if np.isfinite(found.heat).any() else np.nan)
        beyond.append(any(found.beyond_noise.values()))
    threes = _series(options.splits, 3)
    threes = threes[:: max(1, len(threes) // options.pairs)]
    off = _by_way([_visit(shards.image(examples[name]), model) for name in three] for three in threes)
    figures = {
        "pairs": len(times_ms),
        "same_lesion_accepted": round(kept / len(times_ms), 3),
        "other_lesion_accepted": round(wrong / len(times_ms), 3),
        "median_ms": round(float(np.median(times_ms)), 1),
        "outline_difference_95": round(float(np.percentile(outline, 95)), 3),
        "border_difference_95": round(float(np.nanpercentile(border, 95)), 3),
        "colour_difference_95": round(float(np.nanpercentile(colour, 95)), 1),
        "spot_difference_95": round(float(np.nanpercentile(spot, 95)), 1),
        "anything_beyond_noise": round(float(np.mean(beyond)), 3),
        "by_way_of_another": len(off),
        "by_way_off_median": round(float(np.median(off)), 4),
        "by_way_off_95": round(float(np.percentile(off, 95)), 4),
        "by_way_off_most": round(max(off), 4),
    }
    for name, value in figures.items():
        print(f"{name:24} {value}")
    print(json.dumps(figures))


def _visit(image: RgbImage, model: Model) -> Visit:
    """As at work: inside the network's outline; no border where the frame cuts the lesion, since it is the frame's there."""
    lesion = segment.outline(image, model)
    border = None if lesion.touches_border or not lesion.area_px else abcd.measure(image, lesion.mask).border_irregularity
    return Visit(image, lesion.mask, border)


def _by_way(series: Iterable[Sequence[Visit]]) -> list[float]:
    """Mean distance, in widths of the third picture, of the lesion's pixels laid over it directly and by way of the second."""
    found = []
    for first, second, third in series:
        if not (first.lesion.any() and second.lesion.any() and third.lesion.any()):
            continue
        to_second, on, direct = (change.compare(*two).matrix for two in ((first, second), (second, third), (first, third)))
        if to_second is None or on is None or direct is None:
            continue
        y, x = np.nonzero(first.lesion)
        (height, width), (to_height, to_width) = first.lesion.shape, third.lesion.shape
        places = np.stack([(x + 0.5) / width, (y + 0.5) / height, np.ones(len(x))])
        right, down = (np.array(composed(to_second, on), dtype=np.float64) - np.array(direct, dtype=np.float64)) @ places
        found.append(float(np.hypot(right, down * to_height / to_width).mean()))
    return found


def _series(splits: Sequence[str], count: int) -> list[list[str]]:
    """The first so many images of every lesion that has as many."""
    by_lesion = defaultdict(list)
    with (DATA / "labels.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["lesion_mask"] and row["split"] in splits:
                by_lesion[row["lesion_id"]].append(row["isic_id"])
    return [names[:count] for names in by_lesion.values() if len(names) >= count]


if __name__ == "__main__":
    main()
