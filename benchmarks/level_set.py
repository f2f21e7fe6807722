"""The outline without a network against two published ways to the same split: Jaccard index and time, same images, one run.

Ours is `level_set.segment` (Skincare report, Sonntag et al. 2020, arXiv:2005.09448, section 3.5, after Shi and Karl 2008). The references
are scikit-image's: `chan_vese` (Chan and Vese 2001, the partial differential equation, after Getreuer 2012) and `morphological_chan_vese`
(Márquez-Neila et al. 2014). Both get what they are commonly given, at the size of the delivered images, 256 px, which is also the size ours
works at: the blue channel smoothed by a Gaussian, the darker side for the lesion, of that the area that is largest and nearest to the
centre (as our start is chosen), holes filled. In trials on ten to thirty HAM10000 images of train this was better than grey levels, a disc
to start from, uneven weights or simply the largest area; the other settings are scikit-image's.

The sample: HAM10000 images of val and test in a seeded random order, `--images` of them for ours, the first `--references` of the same for
all three, in turns, because `chan_vese` is slow. Our constants were chosen on 200 images of val; which ones was not kept, so some are
likely in the sample. None of test took part: the mean over test is given by itself. No outline counts as a Jaccard index of 0.

`python -m benchmarks.level_set [--images 500] [--references 40]`. Needs the development data (SKINCLINIC_DATA, default ../shared/data);
skipped in one line where it is absent. Last line JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter, process_time

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.filters import gaussian
from skimage.segmentation import chan_vese, morphological_chan_vese

from analysis.vision import level_set, metrics, outlines
from analysis.vision.training import data
from analysis.vision.training.data import Example, Shards
from analysis.vision.types import Mask, Outline, RgbImage

DATA = Path(os.environ.get("SKINCLINIC_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SEED = 20261121
ITERATIONS = 50
"""Of the morphological method, which does not stop by itself. On the trial images 35, 100 and 200 ended at the same Jaccard index."""
REFERENCES = ("chan_vese", "morphological_chan_vese")

Grey = NDArray[np.float64]
Method = Callable[[RgbImage], Outline]
Figures = dict[str, float | list[float] | None]


@dataclass
class Score:
    """What one method did, a value for each image."""

    jaccard: list[float] = field(default_factory=list)
    failed: list[bool] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    processor_s: list[float] = field(default_factory=list)

    def first(self, n: int) -> Score:
        return Score(self.jaccard[:n], self.failed[:n], self.seconds[:n], self.processor_s[:n])


def main() -> None:
    if not (DATA / "labels.csv").exists():
        print(f"skipped: no development data at {DATA}")
        return
    options = _options()
    examples = _sample(options.images)
    scores = _scores(examples, options.references)
    n = len(scores["chan_vese"].jaccard)
    compared = {name: _figures(score.first(n), examples[:n]) for name, score in scores.items() if n}
    ours = _figures(scores["ours"], examples)
    in_test = np.array([example.split == "test" for example in examples])
    test_alone = _rounded_mean(np.array(scores["ours"].jaccard)[in_test])
    ratios = {name: _ratios(scores[name], scores["ours"]) for name in REFERENCES if n}
    print(f"{len(examples)} HAM10000 images of val and test, {in_test.sum()} of them of test, seed {SEED}; the references on the first {n}")
    _print_table({f"ours, all {len(examples)}": ours, **{f"{name}, first {n}": row for name, row in compared.items()}})
    print(f"ours on the {in_test.sum()} images of test alone, mean Jaccard: {test_alone}")
    for name, ratio in ratios.items():
        print(f"{name}: {ratio['clock']} times as long as ours, {ratio['processor']} times the processor time (median over {n} images)")
    figures = {"images": len(examples), "ours": ours, "ours_test_alone": test_alone, "references": n, "compared": compared}
    print(json.dumps({**figures, "ratios": ratios}))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The level set against scikit-image's.")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--references", type=int, default=40)
    return parser.parse_args()


def _sample(n: int) -> list[Example]:
    """The same order whatever `n` is, so that a small run is part of a large one."""
    everything = data.read_labels(DATA)
    usable = [
        example
        for split in ("val", "test")
        for example in data.select(everything, split)
        if example.dataset == "ham10000" and example.mask is not None
    ]
    order = np.random.default_rng(SEED).permutation(len(usable))
    return [usable[index] for index in order[:n]]


def _scores(examples: Sequence[Example], n_references: int) -> dict[str, Score]:
    """Image by image, all methods in turns, so that whatever else the machine does befalls all alike."""
    shards = Shards(DATA)
    methods: dict[str, Method] = {"ours": level_set.segment, "chan_vese": by_chan_vese, "morphological_chan_vese": by_morphology}
    scores = {name: Score() for name in methods}
    level_set.segment(shards.image(examples[0]))  # the first call loads what OpenCV needs
    for index, example in enumerate(examples):
        image, truth = shards.image(example), shards.mask(example) > 0
        for name in methods if index < n_references else ("ours",):
            _measure(methods[name], image, truth, scores[name])
    return scores


def _measure(method: Method, image: RgbImage, truth: Mask, score: Score) -> None:
    clock, processor = perf_counter(), process_time()
    found = method(image)
    score.seconds.append(perf_counter() - clock)
    score.processor_s.append(process_time() - processor)
    score.jaccard.append(metrics.jaccard(found.mask, truth))
    score.failed.append(found.failure is not None)


def by_chan_vese(image: RgbImage) -> Outline:
    """The lesion (H×W×3 uint8 → Outline) by scikit-image's `chan_vese` at its own size, until it settles or for 500 steps."""
    grey = _prepared(image)
    return _darker(chan_vese(grey), grey)  # type: ignore[no-untyped-call]


def by_morphology(image: RgbImage) -> Outline:
    """The same by `morphological_chan_vese`."""
    grey = _prepared(image)
    found = morphological_chan_vese(grey, num_iter=ITERATIONS, init_level_set="checkerboard", smoothing=1)  # type: ignore[no-untyped-call]
    return _darker(found > 0, grey)


def _prepared(image: RgbImage) -> Grey:
    """The blue channel, which melanin darkens most, 0 to 1, smoothed with σ = 1 as the report does (section 3.5)."""
    smoothed: Grey = gaussian(image[..., 2] / 255, sigma=1)  # type: ignore[no-untyped-call]
    return smoothed


def _darker(side: Mask, grey: Grey) -> Outline:
    """Which of its two sides a method calls inside is chance: the lesion is the darker one."""
    if side.all() or not side.any():
        return outlines.empty(side.shape[0], side.shape[1], "Everything lies on one side.")
    is_darker = grey[side].mean() < grey[~side].mean()
    return outlines.from_mask(_central(side if is_darker else ~side), "No area is large enough.")


def _central(dark: Mask) -> Mask:
    """Its area that is largest and nearest to the centre: shadows at the frame are dark too. The rule by which ours chooses its start."""
    height, width = dark.shape
    _, labels, stats, centroids = cv2.connectedComponentsWithStats(dark.astype(np.uint8))
    offsets = (centroids[1:] + 0.5) / (width, height) - 0.5
    closeness = np.exp(-(offsets**2).sum(axis=1) / (2 * 0.2**2))
    return np.asarray(labels == 1 + np.argmax(stats[1:, cv2.CC_STAT_AREA] * closeness))


def _figures(score: Score, examples: Sequence[Example]) -> Figures:
    jaccards = np.array(score.jaccard)
    interval = metrics.bootstrap_interval(lambda chosen: float(jaccards[chosen].mean()), [example.group_id for example in examples])
    return {
        "mean_jaccard": _rounded_mean(jaccards),
        "interval_95": interval and [round(bound, 4) for bound in interval],
        "failed": _rounded_mean(np.array(score.failed)),
        "median_ms": round(float(np.median(score.seconds)) * 1000, 1),
        "median_processor_ms": round(float(np.median(score.processor_s)) * 1000, 1),
    }


def _rounded_mean(values: NDArray[np.float64] | Mask) -> float | None:
    return round(float(values.mean()), 4) if values.size else None


def _ratios(reference: Score, ours: Score) -> dict[str, float]:
    """The median over the images that both were timed on."""
    clock, processor = (
        [one / other for one, other in zip(theirs, our_s, strict=False)]
        for theirs, our_s in ((reference.seconds, ours.seconds), (reference.processor_s, ours.processor_s))
    )
    return {"clock": round(float(np.median(clock)), 1), "processor": round(float(np.median(processor)), 1)}


def _print_table(rows: dict[str, Figures]) -> None:
    print(f"{'':34}{'mean Jaccard':>14}{'95 % interval':>18}{'failed':>9}{'ms':>9}{'processor ms':>14}")
    for name, row in rows.items():
        print(f"{name:34}{row['mean_jaccard']!s:>14}{row['interval_95']!s:>18}{row['failed']!s:>9}", end="")
        print(f"{row['median_ms']!s:>9}{row['median_processor_ms']!s:>14}")


if __name__ == "__main__":
    main()
