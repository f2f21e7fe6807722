"""Does the classifier answer better when a dark picture is made lighter (SPEC A9, S3 §5.3)?

Every image of a split is darkened by one factor for all channels, so that the skin's brightness (`quality`) falls to a level below the
limit, and made lighter again as at work (`light`). The other way round, pictures are overexposed and made darker by a gamma of S3's range.
Pictures that are dark by themselves are few: they are told apart. Needs the development data (SKINCLINIC_DATA, default ../shared/data);
skipped in one line where it is absent. Last line JSON.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from analysis.vision import classify, light, metrics, quality, segment, weights
from analysis.vision.training import data, evaluate
from analysis.vision.types import CLASSES, MALIGNANT_CLASSES, Mask, RgbImage
from analysis.vision.weights import Bundle

DATA = Path(os.environ.get("SKINCLINIC_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
MODELS = Path(__file__).resolve().parents[1] / "models"
LEVELS = (105, 90, 70, 50)
"""Of the skin: the limit of a good picture is 125, that of one to be taken again 80."""
OVEREXPOSURE, SUBDUING_GAMMA = 1.5, 1.35
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Statistic = Callable[[Floats, Ints], float | None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--split", default="val")
    parser.add_argument("--images", type=int, default=0, help="at most as many, evenly drawn; 0 for all")
    options = parser.parse_args()
    if not (DATA / "labels.csv").exists():
        print(f"skipped: no development data at {DATA}")
        return
    examples = [example for example in data.select(data.read_labels(DATA), options.split) if example.label]
    examples = examples[:: max(1, len(examples) // options.images)] if options.images else examples
    answers, brightness = _answers(examples)
    statistics = _statistics(data.class_indices(examples))
    groups = [example.group_id for example in examples]
    everything = np.arange(len(examples))
    figures: dict[str, object] = {"split": options.split, "n": len(examples)}
    for name, p in answers.items():
        figures[name] = _figures(statistics, p, groups, everything)
    for level in LEVELS:
        figures[f"gain_{level}"] = _gain(statistics, answers[f"dark_{level}"], answers[f"lightened_{level}"], groups, everything)
    figures["gain_subdued"] = _gain(statistics, answers["bright"], answers["subdued"], groups, everything)
    own = np.flatnonzero(brightness < quality.LEAST_BRIGHTNESS)
    figures["dark_by_themselves"] = {
        "n": len(own),
        "malignant": int(_is_malignant(data.class_indices(examples))[own].sum()),
        "as_is": _figures(statistics, answers["as_is"], groups, own),
        "lightened": _figures(statistics, answers["as_is_lightened"], groups, own),
        "gain": _gain(statistics, answers["as_is"], answers["as_is_lightened"], groups, own),
    }
    for name, value in figures.items():
        print(f"{name:20} {value}")
    print(json.dumps(figures))


def _answers(examples: list[data.Example]) -> tuple[dict[str, Floats], Floats]:
    """By way of showing it, N×8 probabilities; and how bright the skin is in each picture."""
    bundle, shards = weights.load_bundle(MODELS), data.Shards(DATA)
    rows: dict[str, list[Floats]] = {}
    brightness = []
    for example in examples:
        image = shards.image(example)
        lesion = segment.outline(image, bundle.lesion).mask
        brightness.append(_brightness(image, lesion))
        for name, p in _asked(_shown(image, lesion, brightness[-1]), bundle).items():
            rows.setdefault(name, []).append(p)
    return {name: np.array(each) for name, each in rows.items()}, np.array(brightness)


def _brightness(image: RgbImage, lesion: Mask) -> float:
    return float(quality.measure(image, lesion)["brightness"] or 0.0)


def _shown(image: RgbImage, lesion: Mask, brightness: float) -> dict[str, RgbImage]:
    """A picture that is as dark already is not darkened; one that is not dark is not made lighter."""
    shown = {"as_is": image, "as_is_lightened": light.lighten(image, light.gamma_for(brightness))}
    for level in LEVELS:
        dark = _times(image, min(1.0, level / max(brightness, 1.0)))
        shown[f"dark_{level}"] = dark
        shown[f"lightened_{level}"] = light.lighten(dark, light.gamma_for(_brightness(dark, lesion)))
    shown["bright"] = _times(image, OVEREXPOSURE)
    shown["subdued"] = light.lighten(shown["bright"], 1 / SUBDUING_GAMMA)
    return shown


def _times(image: RgbImage, factor: float) -> RgbImage:
    curve = np.clip(np.rint(np.arange(256) * factor), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(image, curve), dtype=np.uint8)


def _asked(shown: dict[str, RgbImage], bundle: Bundle) -> dict[str, Floats]:
    x = torch.cat([classify.prepare(picture, bundle.classifier.card) for picture in shown.values()])
    return dict(zip(shown, classify.probabilities(x, bundle.classifier), strict=True))


def _is_malignant(labels: Ints) -> NDArray[np.bool_]:
    return np.isin(labels, [CLASSES.index(name) for name in MALIGNANT_CLASSES])


def _statistics(labels: Ints) -> dict[str, Statistic]:
    """Each takes N×8 probabilities and the rows that count."""
    melanoma, malignant = labels == CLASSES.index("MEL"), _is_malignant(labels)
    return {
        "melanoma_auc": lambda p, i: metrics.auc(melanoma[i], p[i, CLASSES.index("MEL")]),
        "malignant_auc": lambda p, i: metrics.auc(malignant[i], classify.malignant_mass(p[i])),
        "log_loss": lambda p, i: float(-np.log(np.maximum(p[i, labels[i]], 1e-9)).mean()) if len(i) else None,
    }


def _figures(statistics: dict[str, Statistic], p: Floats, groups: list[str], rows: Ints) -> dict[str, object]:
    members = [groups[index] for index in rows]
    return {name: evaluate.interval(lambda i, over=over: over(p, rows[i]), members) for name, over in statistics.items()}  # type: ignore[misc]


def _gain(statistics: dict[str, Statistic], before: Floats, after: Floats, groups: list[str], rows: Ints) -> dict[str, object]:
    """What the second way of showing adds to the first, picture by picture alike."""

    def difference(over: Statistic) -> Callable[[Ints], float | None]:
        def of(i: Ints) -> float | None:
            one, other = over(after, rows[i]), over(before, rows[i])
            return None if one is None or other is None else one - other

        return of

    members = [groups[index] for index in rows]
    return {name: evaluate.interval(difference(over), members) for name, over in statistics.items()}


if __name__ == "__main__":
    main()
