"""RISE with 1,000 masks as the worker asks for it, and how much longer the plain algorithm takes: one drawn image, one run.

Plain is what is commonly published (Petsiuk et al. 2018): the same networks in PyTorch, float32, answering 100 masked pictures at a time,
all masks made first with scikit-image and kept, the map a product of all masks with all scores. It takes PLAIN_MASKS masks, since its
time and memory grow with them; ours is timed on as many beside it, in turns, so that whatever else the machine does befalls both
alike, and the ratio is that of the best of each.

Ours shows each mask to one of the joined networks in turn and averages their maps; plain shows every mask to all of them. That saves
time and costs precision, so both are given: `ratio_all` is ours showing every mask to all networks too, whose map must be plain's
(`largest_difference`); and how like either map, of as many masks, is to one of REFERENCE_MASKS other masks shown to all networks
(correlation), for the most probable diagnosis.

`python -m benchmarks.rise [--masks 1000] [--plain-masks 200] [--repeats 3] [--reference-masks 4000]`; last line JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
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
from analysis.vision.weights import Model
from tests.synthetic import draw_lesion

MODELS_DIR = Path(__file__).parents[1] / "models"
PLAIN_BATCH = 100

Map = NDArray[np.float32]
Result = TypeVar("Result")
Seconds = tuple[float, float]
"""By the clock, and of the processor."""


def main() -> None:
    options = _options()
    model = weights.load_bundle(MODELS_DIR).classifier
    x = classify.prepare(draw_lesion(width=600, height=450).image, model.card)
    masks = rise.Masks(model.card.input_px, model.card.input_px)
    in_turns = [partial(classify.opinion, index=index, model=model) for index in range(len(model.maps))]
    all_together = [partial(classify.probabilities, model=model)]

    def plain() -> Map:
        return _plain(x, model, masks, options.plain_masks)

    for scores in (in_turns, all_together):
        rise.rise(x, scores, masks, 3 * rise.BATCH)  # compiles the networks
    ways: tuple[Callable[[], Map], ...] = (
        plain,
        *(partial(_ours, x, scores, masks, options.plain_masks) for scores in (in_turns, all_together)),
    )
    turns = [[_timed(way) for way in ways] for _ in range(options.repeats)]
    plain_s, ours_s, all_s = (_best(seconds for seconds, _ in results) for results in zip(*turns, strict=True))
    (_, expected), _, (_, found) = turns[0]
    whole_s, _ = _timed(lambda: _ours(x, in_turns, masks, options.masks))
    figures = {
        "masks": options.masks,
        "seconds": round(whole_s[0], 2),
        "processor_seconds": round(whole_s[1], 2),
        "plain_masks": options.plain_masks,
        "plain_seconds": round(plain_s[0], 2),
        "ours_seconds": round(ours_s[0], 2),
        "ratio": round(plain_s[0] / ours_s[0], 2),
        "processor_ratio": round(plain_s[1] / ours_s[1], 2),
        "ratio_all": round(plain_s[0] / all_s[0], 2),
        "largest_difference": float(np.abs(expected - found).max()),
        **_likeness(x, model, {"in_turns": in_turns, "all": all_together}, options),
    }
    print(f"{torch.get_num_threads()} threads, {model.card.name}")
    for name, value in figures.items():
        print(f"{name:28}{value:>12}")
    print(json.dumps(figures))


def _ours(x: Tensor, scores: Sequence[rise.Score], masks: rise.Masks, n: int) -> Map:
    return rise.rise(x, scores, masks, n).maps


def _likeness(x: Tensor, model: Model, ways: dict[str, Sequence[rise.Score]], options: argparse.Namespace) -> dict[str, float]:
    """Correlation of each way's signed map of `masks` masks with a map of many others shown to all networks."""
    column = int(classify.probabilities(x, model)[0].argmax())
    side = model.card.input_px
    reference = rise.rise(x, ways["all"], rise.Masks(side, side, seed=1), options.reference_masks).signed[column].ravel()
    found = {name: rise.rise(x, scores, rise.Masks(side, side, seed=2), options.masks) for name, scores in ways.items()}
    return {
        f"like_reference_{name}": round(float(np.corrcoef(explanation.signed[column].ravel(), reference)[0, 1]), 3)
        for name, explanation in found.items()
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Seconds of RISE, and of the plain algorithm.")
    parser.add_argument("--masks", type=int, default=1000)
    parser.add_argument("--plain-masks", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--reference-masks", type=int, default=4000)
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
