"""Our whole pipeline against the construction of the Skincare report (Sonntag et al. 2020, arXiv:2005.09448, section 3), one run.

Ours is `pipeline.analyse`, as users get it: all stages but RISE, which only runs when asked for (`benchmarks.rise`). The report's, as far
as it says how it is built, in PyTorch, float32, one image at a time:

- classification (3.1, 3.2): two VGG16 (Simonyan and Zisserman 2014), 2 and 8 classes, two hidden layers of 2048, on 450×450;
- lesion and structures (3.4, 3.6): a U-Net for the lesion and one for each structure, 9 blocks, 32 filters doubling, on 180×180;
- level set (3.5): Chan and Vese's equation by scikit-image on the 600×450 image. The report has a fast approximation of it like ours, whose
  code is not published: that is why the ratio without this stage, on either side, is given too;
- explanation (section 2): Grad-CAM of the 8-class network, one backward pass to the last convolution's maps.

Weights are random, since time does not depend on them. What is left open is settled in the report's favour: maps are pooled to 7×7 before
the hidden layers; the U-Nets' normalisation is folded away; memory is channels last; Grad-CAM starts from the classification's own forward
pass; and what only our stages find out (quality, ABCD and so on) is in our time alone. The ratio of the parts that both have is given too.

Ours and theirs take turns, so that whatever else the machine does befalls both alike. Each turn is on another drawn picture, since
`chan_vese` settles on some after tens of steps and on others not within its 500; ratios are medians over the turns.
Besides: the time of an added image, and by how much the process grows while it analyses `--images` of them (1,000 for the full check).

`python -m benchmarks.against_report [--images 50] [--repeats 8]`; last line JSON: milliseconds (medians), ratios, MB.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from analysis.vision import batch, imaging, networks, pipeline, weights
from analysis.vision.networks.unet import UNet
from analysis.vision.torchvision_ops import models
from analysis.vision.types import STRUCTURES, Mask, RgbImage, SignedMap
from analysis.vision.weights import Bundle
from benchmarks.level_set import by_chan_vese
from patients.demo.drawing import LOOKS, draw

MODELS_DIR = Path(__file__).parents[1] / "models"
STATM = Path("/proc/self/statm")
WIDTH_PX, HEIGHT_PX = 600, 450
VGG_PX, UNET_PX, HIDDEN = 450, 180, 2048
POOLED = 512 * 7 * 7
LAST_CONVOLUTION = 30
"""So many of VGG16's layers end with the last convolution and its ReLU; a pooling follows."""
BATCH = 8
SAME_PARTS = ("classification", "lesion", "structures", "level_set", "explanation")
"""What the report's construction is timed on, by the names of our stages."""

Milliseconds = dict[str, float]


def main() -> None:
    options = _options()
    bundle, first_s = _load_and_warm_up()
    pictures = [_drawn(look, seed) for seed, look in enumerate(islice(cycle(LOOKS), BATCH))]
    figures = {
        "threads": torch.get_num_threads(),
        "models_and_first_image_s": round(first_s, 2),
        **_growth(pictures, bundle, options.images),
        **_added_image(pictures, bundle, options.repeats),
        **_comparison(list(islice(cycle(pictures), options.repeats)), bundle),
    }
    print(json.dumps(figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The whole pipeline against the report's construction.")
    parser.add_argument("--images", type=int, default=50, help="analyses during which memory is watched")
    parser.add_argument("--repeats", type=int, default=BATCH, help="turns, each on the next of the drawn pictures")
    return parser.parse_args()


def _load_and_warm_up() -> tuple[Bundle, float]:
    """The bundle, its networks compiled, and the seconds that took."""
    start = perf_counter()
    bundle = weights.load_bundle(MODELS_DIR)
    pipeline.analyse(_drawn("naevus", 5), bundle)
    return bundle, perf_counter() - start


def _drawn(look: str, seed: int) -> RgbImage:
    return imaging.resize(draw(look, seed), WIDTH_PX, HEIGHT_PX)


# --- many images


def _growth(pictures: Sequence[RgbImage], bundle: Bundle, n: int) -> dict[str, float]:
    """Resident memory over `n` analyses. By halves: what leaks grows in both, what is only being filled in the first."""
    if not STATM.exists():
        print(f"memory: skipped: no {STATM} here")
        return {}
    _analyse_all(pictures, bundle)
    before = _resident_mb()
    _analyse_all(list(islice(cycle(pictures), n // 2)), bundle)
    halfway = _resident_mb()
    _analyse_all(list(islice(cycle(pictures), n - n // 2)), bundle)
    after = _resident_mb()
    print(f"memory: {before:.0f} MB before, {after - before:+.1f} MB over {n} analyses, {after - halfway:+.1f} MB in their second half")
    return {
        "analyses": n,
        "resident_mb": round(before, 1),
        "growth_mb": round(after - before, 1),
        "growth_second_half_mb": round(after - halfway, 1),
    }


def _resident_mb() -> float:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def _analyse_all(pictures: Sequence[RgbImage], bundle: Bundle) -> None:
    for picture in pictures:
        pipeline.analyse(picture, bundle)


def _added_image(pictures: Sequence[RgbImage], bundle: Bundle, repeats: int) -> dict[str, float]:
    """One image, several in a loop, and several in batch mode, in turns."""
    times_s = [(_seconds(pictures[:1], bundle), _seconds(pictures, bundle), _batch_s(pictures, bundle)) for _ in range(repeats)]
    one_s, loop_s, batch_s = (median(column) for column in zip(*times_s, strict=True))
    added_s = (batch_s - one_s) / (len(pictures) - 1)
    print(f"one image {one_s * 1000:.0f} ms; {len(pictures)} in a loop {loop_s * 1000:.0f} ms, as a batch {batch_s * 1000:.0f} ms")
    print(f"{added_s * 1000:.0f} ms for each image added to a batch, {len(pictures) / batch_s:.1f} images/s")
    return {
        "batch": len(pictures),
        "one_image_ms": round(one_s * 1000, 1),
        "added_image_ms": round(added_s * 1000, 1),
        "images_per_s": round(len(pictures) / batch_s, 2),
        "images_per_s_in_a_loop": round(len(pictures) / loop_s, 2),
    }


def _batch_s(pictures: Sequence[RgbImage], bundle: Bundle) -> float:
    start = perf_counter()
    deque(batch.each(lambda picture: pipeline.analyse(picture, bundle), pictures), maxlen=0)
    return perf_counter() - start


def _seconds(pictures: Sequence[RgbImage], bundle: Bundle) -> float:
    start = perf_counter()
    _analyse_all(pictures, bundle)
    return perf_counter() - start


# --- the report's construction


class Vgg16(nn.Module):
    """VGG16 with the report's head (figure 1): 1×3×450×450 → 512 maps of the last convolution → logits."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        layers = models.vgg16(weights=None, init_weights=False)
        self.convolutions: nn.Sequential = layers.features[:LAST_CONVOLUTION]
        hidden = (nn.Linear(POOLED, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, outputs))
        self.rest = nn.Sequential(layers.features[LAST_CONVOLUTION:], layers.avgpool, nn.Flatten(), *hidden)


@dataclass(frozen=True)
class Construction:
    """The report's eight networks, frozen, where ours are too."""

    binary: Vgg16
    eight: Vgg16
    lesion: UNet
    structures: tuple[UNet, ...]
    where: torch.device


def _construct() -> Construction:
    where = networks.device()
    report = Construction(Vgg16(2), Vgg16(8), UNet(), tuple(UNet() for _ in STRUCTURES), where)
    for network in (report.binary, report.eight, report.lesion, *report.structures):
        networks.placed(networks.folded(network.eval().requires_grad_(False)), where)  # in place
    return report


def _theirs(image: RgbImage, report: Construction) -> Milliseconds:
    """Everything the report finds out about one image; what took how long, by the names of our stages."""
    times_ms: Milliseconds = {}
    with _timed(times_ms, "classification"):
        square = _input(imaging.centre_square(image), VGG_PX, report.where)
        _binary_probabilities(square, report.binary)
        maps, logits = _eight_logits(square, report.eight)
    with _timed(times_ms, "lesion"):
        _outlined(image, report.lesion, report.where)
    with _timed(times_ms, "structures"):
        for network in report.structures:
            _outlined(image, network, report.where)
    with _timed(times_ms, "level_set"):
        by_chan_vese(image)
    with _timed(times_ms, "explanation"):
        _grad_cam(maps, logits)
    return times_ms


@contextmanager
def _timed(times_ms: Milliseconds, part: str) -> Iterator[None]:
    start = perf_counter()
    yield
    times_ms[part] = (perf_counter() - start) * 1000


def _input(image: RgbImage, side_px: int, where: torch.device) -> Tensor:
    """Scaled, and centred by subtracting each channel's mean (section 3.4)."""
    pixels = imaging.resize(image, side_px, side_px).astype(np.float32)
    centred = torch.from_numpy((pixels - pixels.mean((0, 1))) / 255)
    return centred.permute(2, 0, 1)[None].to(where).contiguous(memory_format=torch.channels_last)


def _binary_probabilities(square: Tensor, network: Vgg16) -> list[float]:
    with torch.inference_mode():
        p: list[float] = network.rest(network.convolutions(square)).softmax(1)[0].tolist()
    return p


def _eight_logits(square: Tensor, network: Vgg16) -> tuple[Tensor, Tensor]:
    """Logits and the maps they can be derived by; nothing before the maps is recorded."""
    with torch.no_grad():
        maps: Tensor = network.convolutions(square)
    logits: Tensor = network.rest(maps.requires_grad_())
    return maps, logits


def _grad_cam(maps: Tensor, logits: Tensor) -> SignedMap:
    """Selvaraju et al. 2017, eq. 1-2, of the most probable class, enlarged to the image."""
    (gradient,) = torch.autograd.grad(logits.max(), maps)
    evidence = (gradient.mean((2, 3), keepdim=True) * maps.detach()).sum(1)[0].relu()
    return cv2.resize(evidence.cpu().numpy(), (WIDTH_PX, HEIGHT_PX)).astype(np.float32, copy=False)


def _outlined(image: RgbImage, network: UNet, where: torch.device) -> Mask:
    """A mask by threshold 0.5, a logit of 0, at the image's size."""
    with torch.inference_mode():
        logits: Tensor = network(_input(image, UNET_PX, where))
    inside = (logits[0, 0] > 0).to(torch.uint8).cpu().numpy()
    return np.asarray(cv2.resize(inside, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_NEAREST) > 0)


# --- the comparison


@dataclass(frozen=True)
class Turn:
    """One analysis: its parts, the whole by the clock, and of the processor."""

    parts_ms: Milliseconds
    total_ms: float
    processor_ms: float


def _comparison(pictures: Sequence[RgbImage], bundle: Bundle) -> dict[str, object]:
    report = _construct()
    _theirs(pictures[0], report)  # warm-up; ours was warmed up when its models were loaded
    turns = [(_turn_of_theirs(picture, report), _turn_of_ours(picture, bundle)) for picture in pictures]
    theirs, ours = zip(*turns, strict=True)
    ratios = [their.total_ms / our.total_ms for their, our in turns]
    figures: dict[str, object] = {
        "report_ms": _medians(theirs),
        "ours_ms": _medians(ours),
        "ratio": _ratio([turn.total_ms for turn in theirs], [turn.total_ms for turn in ours]),
        "ratio_least": round(min(ratios), 1),
        "ratio_most": round(max(ratios), 1),
        "ratio_same_parts": _ratio(*([sum(turn.parts_ms[part] for part in SAME_PARTS) for turn in side] for side in (theirs, ours))),
        "ratio_without_level_set": _ratio(_without_level_set(theirs), _without_level_set(ours)),
        "processor_ratio": _ratio([turn.processor_ms for turn in theirs], [turn.processor_ms for turn in ours]),
    }
    _print_table(_medians(theirs), _medians(ours))
    for name in ("ratio", "ratio_least", "ratio_most", "ratio_same_parts", "ratio_without_level_set", "processor_ratio"):
        print(f"{name:24}{figures[name]:>10}")
    return figures


def _turn_of_theirs(image: RgbImage, report: Construction) -> Turn:
    clock, processor = perf_counter(), process_time()
    parts_ms = _theirs(image, report)
    return Turn(parts_ms, (perf_counter() - clock) * 1000, (process_time() - processor) * 1000)


def _turn_of_ours(image: RgbImage, bundle: Bundle) -> Turn:
    clock, processor = perf_counter(), process_time()
    parts_ms = pipeline.analyse(image, bundle, clock=perf_counter).timings_ms
    return Turn(dict(parts_ms), (perf_counter() - clock) * 1000, (process_time() - processor) * 1000)


def _without_level_set(turns: Sequence[Turn]) -> list[float]:
    return [turn.total_ms - turn.parts_ms["level_set"] for turn in turns]


def _ratio(theirs: Sequence[float], ours: Sequence[float]) -> float:
    """The median of the ratios on each picture."""
    return round(median(their / our for their, our in zip(theirs, ours, strict=True)), 1)


def _medians(turns: Sequence[Turn]) -> Milliseconds:
    parts = {part: round(median(turn.parts_ms[part] for turn in turns), 1) for part in turns[0].parts_ms}
    return {**parts, "total": round(median(turn.total_ms for turn in turns), 1)}


def _print_table(theirs: Milliseconds, ours: Milliseconds) -> None:
    """A part that the report's construction lacks has a dash."""
    print(f"{torch.get_num_threads()} threads, {networks.device()}; random weights in the report's networks: time does not depend on them")
    print(f"{'milliseconds':18}{'report':>10}{'ours':>10}{'ratio':>10}")
    for part, our_ms in ours.items():
        their_ms = theirs.get(part)
        cells = ("–", "–") if their_ms is None else (f"{their_ms:.1f}", f"{their_ms / our_ms:.1f}")
        print(f"{part:18}{cells[0]:>10}{our_ms:>10.1f}{cells[1]:>10}")


if __name__ == "__main__":
    main()
