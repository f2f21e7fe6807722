"""How surely two pictures of a lesion are laid over one another, and by what they differ although nothing changed.

Pairs of HAM10000 images of one lesion from the val and test splits (the limits were chosen on train), and as many pairs of two
different lesions. Needs the development data (SKINCLINIC_DATA, default ../shared/data); skipped in one line where it is absent.
Last line JSON.
"""

from __future__ import annotations

import csv
import json
import os
from collections import defaultdict
from pathlib import Path
from time import perf_counter

import numpy as np

from analysis.vision import abcd, change, outlines, register
from analysis.vision.training import data
from analysis.vision.types import Mask, RgbImage

DATA = Path(os.environ.get("SKINCLINIC_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def main() -> None:
    if not (DATA / "labels.csv").exists():
        print(f"skipped: no development data at {DATA}")
        return
    shards, examples = data.Shards(DATA), {example.name: example for example in data.read_labels(DATA)}
    pairs = _pairs()
    kept = wrong = 0
    times_ms, outlines, borders, colours = [], [], [], []
    for (first, second), (_, stranger) in zip(pairs, pairs[1:] + pairs[:1], strict=True):
        (earlier, before), (later, after), (other, outline) = (
            (shards.image(examples[name]), shards.mask(examples[name]) > 0) for name in (first, second, stranger)
        )
        start = perf_counter()
        found = register.register(earlier, later, before, after)
        times_ms.append((perf_counter() - start) * 1000)
        wrong += register.register(earlier, other, before, outline).matrix is not None
        if found.matrix is None:
            continue
        kept += 1
        measured = change.measure(earlier, later, before, after, found, borders=(_border(earlier, before), _border(later, after)))
        outlines.append(measured.outline_difference)
        borders.append(abs(measured.border_difference) if measured.border_difference is not None else np.nan)
        colours.append(np.nan if measured.colour_difference is None else measured.colour_difference)
    figures = {
        "pairs": len(pairs),
        "same_lesion_accepted": round(kept / len(pairs), 3),
        "other_lesion_accepted": round(wrong / len(pairs), 3),
        "median_ms": round(float(np.median(times_ms)), 1),
        "outline_difference_95": round(float(np.percentile(outlines, 95)), 3),
        "border_difference_95": round(float(np.nanpercentile(borders, 95)), 3),
        "colour_difference_95": round(float(np.nanpercentile(colours, 95)), 1),
    }
    for name, value in figures.items():
        print(f"{name:24} {value}")
    print(json.dumps(figures))


def _pairs() -> list[tuple[str, str]]:
    """The first two images of every lesion that has several."""
    by_lesion = defaultdict(list)
    with (DATA / "labels.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["lesion_mask"] and row["split"] in ("val", "test"):
                by_lesion[row["lesion_id"]].append(row["isic_id"])
    return [(names[0], names[1]) for names in by_lesion.values() if len(names) > 1]


def _border(image: RgbImage, lesion: Mask) -> float | None:
    """None where the frame cuts the lesion: its border there is the frame's."""
    return None if outlines.touches_border(lesion) else abcd.measure(image, lesion).border_irregularity


if __name__ == "__main__":
    main()
