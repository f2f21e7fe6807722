"""RISE with 1,000 masks of the active classifier, and how much longer the plain algorithm takes: one drawn image, one run.

Plain is what is commonly published (Petsiuk et al. 2018): the same networks in PyTorch, float32, answering 100 masked pictures at a time,
all masks made first with scikit-image and kept, the map a product of all masks with all scores. It takes PLAIN_MASKS masks, since its
time and memory grow with them; ours is timed on as many beside it, in turns, so that whatever else the machine does befalls both
alike, and the ratio is that of the best of each. Both compute the same map from the same grids: the largest difference is printed.

Besides: what balanced masks are worth. How like maps of `--few-masks` masks, and of twice as many, are to one of `--reference-masks` others
that are drawn each by itself (correlation of the signed maps of the most probable diagnosis), with balanced masks and with masks drawn each
by itself too; means over `--pictures` outlined images of val, or the drawn image where the development data (SKINCLINIC_DATA, default
../shared/data) is absent.

`python -m benchmarks.rise [--masks 1000] [--plain-masks 200] [--repeats 3] [--pictures 5] [--few-masks 256] [--reference-masks 1600]`;
last line JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.transform import resize
from torch import Tensor

from analysis.vision import classify, weights
from analysis.vision.explain import rise
from analysis.vision.training import data
from analysis.vision.types import RgbImage
from analysis.vision.weights import Model
from tests.synthetic import draw_lesion

MODELS_DIR = Path(__file__).parents[1] / "models"
DATA = Path(os.environ.get("SKINCLINIC_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SEED = 11
PLAIN_BATCH = 100

Map = NDArray[np.float32]
Result = TypeVar("Result")
Seconds = tuple[float, float]
"""By the clock, and of the processor."""


class Independent(rise.Masks):
    """Every mask drawn by itself, as published."""

    def _grids(self, random: np.random.Generator) -> NDArray[np.float32]:
        return (random.random((1, self.cells**2)) < self.p).astype(np.float32)


def main() -> None:
    options = _options()
    model = weights.load_bundle(MODELS_DIR).classifier
    x = classify.prepare(draw_lesion(width=600, height=450).image, model.card)
    score = partial(classify.probabilities, model=model)
    masks = rise.Masks(model.card.input_px, model.card.input_px)

    def ours(n: int) -> Map:
        return rise.rise(x, score, masks, n).maps

    def plain() -> Map:
        return _plain(x, model, masks, options.plain_masks)

    ours(rise.BATCH)  # compiles the networks
    pairs = [(_timed(plain), _timed(lambda: ours(options.plain_masks))) for _ in range(options.repeats)]
    (_, expected), (_, found) = pairs[0]
    plain_s, ours_s = (_best(seconds for seconds, _ in results) for results in zip(*pairs, strict=True))
    whole_s, _ = _timed(lambda: ours(options.masks))
    figures = {
        "masks": options.masks,
        "seconds": round(whole_s[0], 2),
        "processor_seconds": round(whole_s[1], 2),
        "plain_masks": options.plain_masks,
        "plain_seconds": round(plain_s[0], 2),
        "ours_seconds": round(ours_s[0], 2),
        "ratio": round(plain_s[0] / ours_s[0], 2),
        "processor_ratio": round(plain_s[1] / ours_s[1], 2),
        "largest_difference": float(np.abs(expected - found).max()),
        **_likeness(model, options),
    }
    print(f"{torch.get_num_threads()} threads, {model.card.name}")
    for name, value in figures.items():
        print(f"{name:28}{value:>12}")
    print(json.dumps(figures))


def _likeness(model: Model, options: argparse.Namespace) -> dict[str, float]:
    """Mean correlation of each way's signed map with one of many other masks."""
    few, side = options.few_masks, model.card.input_px
    ways = {
        f"like_reference_{name}_{n}": (kind(side, side, seed=2), n)
        for name, kind in (("balanced", rise.Masks), ("independent", Independent))
        for n in (few, 2 * few)
    }
    found = [_alike(classify.prepare(image, model.card), model, ways, options) for image in _pictures(options.pictures)]
    return {"pictures": len(found), **{name: round(float(np.mean([row[name] for row in found])), 3) for name in ways}}


def _alike(x: Tensor, model: Model, ways: dict[str, tuple[rise.Masks, int]], options: argparse.Namespace) -> dict[str, float]:
    score = partial(classify.probabilities, model=model)
    column, side = int(score(x)[0].argmax()), x.shape[-1]

    def signed(masks: rise.Masks, n: int) -> Map:
        flat: Map = rise.rise(x, score, masks, n).signed[column].ravel()
        return flat

    reference = signed(Independent(side, side, seed=1), options.reference_masks)
    return {name: float(np.corrcoef(signed(*way), reference)[0, 1]) for name, way in ways.items()}


def _pictures(n: int) -> list[RgbImage]:
    if not (DATA / "labels.csv").exists():
        return [draw_lesion(width=600, height=450).image]
    examples = [example for example in data.select(data.read_labels(DATA), "val") if example.mask is not None]
    shards, order = data.Shards(DATA), np.random.default_rng(SEED).permutation(len(examples))
    return [shards.image(examples[index]) for index in order[:n]]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Seconds of RISE, and of the plain algorithm.")
    parser.add_argument("--masks", type=int, default=1000)
    parser.add_argument("--plain-masks", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--few-masks", type=int, default=256)
    parser.add_argument("--pictures", type=int, default=5)
    parser.add_argument("--reference-masks", type=int, default=1600)
    return parser.parse_args()


def _plain(x: Tensor, model: Model, masks: rise.Masks, n: int) -> Map:
    """All masks first, then all scores, then one product. The grids are those that `masks` draws, so that the maps can be compared."""
    ((drawn, _),) = masks.batches([n])
    cover = np.empty((n, masks.height, masks.width))
    size = tuple((masks.cells + 1) * len(windows) for windows in (masks.rows, masks.columns))
    for index, (top, left) in enumerate(zip(drawn.top, drawn.left, strict=True)):
        enlarged = resize(drawn.visible[index], size, order=1, mode="edge", anti_aliasing=False)  # type: ignore[no-untyped-call]
        cover[index] = enlarged[top : top + masks.height, left : left + masks.width]
    stack = torch.from_numpy(cover).float()[:, None] * x
    with torch.inference_mode():
        logits = torch.cat([model.network(batch) for batch in torch.split(stack, PLAIN_BATCH)])[:, : len(model.card.classes)]
    scores = classify.calibrate(logits.double().numpy(), model.card.temperature, model.card.class_bias)
    saliency = scores.T @ cover.reshape(n, -1) / n / masks.p
    return saliency.reshape(-1, masks.height, masks.width).astype(np.float32)


def _timed(compute: Callable[[], Result]) -> tuple[Seconds, Result]:
    clock, processor = perf_counter(), process_time()
    result = compute()
    return (perf_counter() - clock, process_time() - processor), result


def _best(times: Iterable[Seconds]) -> Seconds:
    """The least of each: what is left when nothing disturbed."""
    clock, processor = zip(*times, strict=True)
    return min(clock), min(processor)


if __name__ == "__main__":
    main()
