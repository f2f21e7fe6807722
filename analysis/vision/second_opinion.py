"""A second, independent opinion: logistic regression on the ABCD measurements (SPEC A7; S0 §3.8 puts an SVM there).

It sees no pixel, only what `abcd` measured, so that it errs elsewhere than the classifier. Its folder holds one file, `card.json`: numbers
and words, checked whenever they are loaded. Pure numpy.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.vision.abcd import COLOURS
from analysis.vision.errors import ModelError
from analysis.vision.types import Abcd, ModelUsed, SecondOpinion

TASK = "abcd"
CARD_FILE = "card.json"
FEATURES = (
    "A1",
    "A2",
    "B",
    "C",
    "D2_over_D1",
    *(f"share_{colour}" for colour in COLOURS),
    *(f"asymmetry_{colour}" for colour in COLOURS),
)
"""The ABCD vector. Of the diameters only their ratio: in pixels they say how near the camera was, and mm are rarely known."""
LIMIT_SD = 3.0
"""Measurements further than this from the mean, in standard deviations, count as this far: nothing is extrapolated."""

_INCOMPLETE = "The lesion could not be measured completely, so the measurements support no opinion."

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Regression:
    """Standardisation and coefficients: all that an opinion is computed from, and what the card's digest is taken of."""

    features: tuple[str, ...]
    """d names, in the order of the vector."""
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    """d standard deviations on train."""
    degree: int
    """1: the measurements alone; 2: with their squares and products."""
    coefficients: tuple[float, ...]
    """As many as `terms` has columns."""
    intercept: float
    threshold: float
    """Operating point on the probability, chosen on val."""

    def p_malignant(self, vectors: Floats) -> Floats:
        """N×d vectors without NaN → N probabilities of MEL, BCC, SCC or AK: 1/(1 + exp(−(w·t(z) + b)))."""
        log_odds = terms(standardised(vectors, self.mean, self.scale), self.degree) @ np.array(self.coefficients) + self.intercept
        return np.asarray((1 + np.tanh(log_odds / 2)) / 2)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Model:
    """A regression with what its card says of it."""

    regression: Regression
    used: ModelUsed


def vector(measured: Abcd) -> Floats | None:
    """The measurements as d numbers in the order of FEATURES; None when one of them is undefined.

    The asymmetry of a colour that does not occur is 0 (ABCD_REFERENCE §4); that it does not occur, its share says.
    """
    shares = [sum(region.area_share for region in measured.regions if region.colour == colour) for colour in COLOURS]
    asymmetries = [measured.colour_asymmetry.get(colour, 0.0) for colour in COLOURS]
    shape = (measured.asymmetry_1, measured.asymmetry_2, measured.border_irregularity, len(measured.colours) or None)
    values = [*shape, _elongation(measured), *shares, *asymmetries]
    return None if any(value is None for value in values) else np.array(values, np.float64)


def _elongation(measured: Abcd) -> float | None:
    if measured.diameter_1_px is None or measured.diameter_2_px is None:
        return None
    return measured.diameter_2_px / measured.diameter_1_px


def standardised(vectors: Floats, mean: tuple[float, ...], scale: tuple[float, ...]) -> Floats:
    """N×d: how many standard deviations each measurement lies from its mean, at most LIMIT_SD."""
    return np.asarray(np.clip((vectors - np.array(mean)) / np.array(scale), -LIMIT_SD, LIMIT_SD))


def terms(z: Floats, degree: int) -> Floats:
    """N×d → N×d for degree 1; with the d(d + 1)/2 squares and products behind them for degree 2."""
    if degree == 1:
        return z
    first, second = np.array(list(combinations_with_replacement(range(z.shape[1]), 2))).T
    return np.hstack([z, z[:, first] * z[:, second]])


def judge(measured: Abcd, model: Model) -> SecondOpinion:
    """What the measurements speak for. Where one is undefined there is no opinion, but a reason."""
    regression, values = model.regression, vector(measured)
    if values is None:
        return SecondOpinion(None, regression.threshold, measured.failure or _INCOMPLETE)
    return SecondOpinion(float(regression.p_malignant(values[None])[0]), regression.threshold)


def load(folder: Path) -> Model:
    """Read and check one model folder. Raises ModelError when the card is incomplete or its numbers are not the published ones."""
    try:
        card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        task, digest, regression = card["task"], card["sha256"], _regression(card["model"])
        used = ModelUsed(task, folder.name, digest, card["validated_scope"]["summary"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError("bad-card", f"The card of model {folder.name} is missing or incomplete: {error!r}.") from error
    if task != TASK or regression.features != FEATURES:
        raise ModelError("feature-order", f"Model {folder.name} judges {regression.features}, not {FEATURES}.")
    if regression.sha256 != digest:
        raise ModelError("digest", f"The coefficients of model {folder.name} are not the ones its card describes.")
    return Model(regression, used)


def _regression(stated: dict[str, Any]) -> Regression:
    """Raises ValueError when the numbers do not fit one another."""
    lists = {name: tuple(stated[name]) for name in ("features", "mean", "scale", "coefficients")}
    regression = Regression(**{**stated, **lists})
    d = len(regression.features)
    wanted = {1: d, 2: d + d * (d + 1) // 2}.get(regression.degree)
    if not (len(regression.mean) == len(regression.scale) == d and len(regression.coefficients) == wanted):
        raise ValueError("as many means, scales and coefficients as there are features are needed")
    return regression
