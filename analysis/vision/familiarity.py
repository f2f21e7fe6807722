"""Does a picture resemble what the classifier was validated on? Told from the classifier's own features.

Two questions, and the less favourable answer counts:

- How far are the features from those of the nearest class? Mahalanobis distance in the principal subspace of the training images
  plus what lies outside it (Lee et al. 2018, arXiv:1807.03888; residual as Wang et al. 2022, arXiv:2203.10807).
- Do they look like those of pictures of other things? Logistic regression against plain skin and drawn strangers (outlier exposure,
  Hendrycks et al. 2019, arXiv:1812.04606): skin without a lesion lies close to skin with one, so distance alone is not enough.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from analysis.vision.errors import ModelError
from analysis.vision.types import Familiarity

FILE = "familiarity.safetensors"
"""Beside the classifier's weights; its SHA-256 is on the card."""

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Reference:
    """What the usual looks like; d features, k principal axes, m classes. Stored as it is, so fitted and loaded agree to the bit."""

    centre: Floats
    """d: mean features of the training images."""
    axes: Floats
    """k×d, orthonormal rows: their principal directions."""
    whitening: Floats
    """k×k: makes the spread within a class the same in all directions."""
    means: Floats
    """m×k: the mean of each class, whitened."""
    residual_variance: Floats
    """Scalar: mean squared length outside the principal directions, per direction left."""
    weights: Floats
    """k: the logistic regression on whitened coordinates, positive towards strangers."""
    limits: Floats
    """2: squared distance and log odds beyond which a picture counts as unfamiliar."""

    def distance(self, features: Floats) -> NDArray[np.float64]:
        """N×d features → N squared distances to the nearest class."""
        whitened, residual = self._split(features)
        apart = np.square(whitened[:, None] - self.means).sum(axis=2).min(axis=1)
        return np.asarray(apart + residual / self.residual_variance)

    def log_odds(self, features: Floats) -> NDArray[np.float64]:
        """N×d features → N log odds of a stranger, up to a constant that `limits` absorbs."""
        return np.asarray(self.coordinates(features) @ self.weights)

    def unfamiliar(self, features: Floats) -> NDArray[np.float64]:
        """N×d features → N scores max(d²/(d² + l), σ(o − m)) in [0, 1], 0.5 where the first limit, l or m, is reached (see above)."""
        limit, odds_limit = (float(value) for value in self.limits)
        distance = self.distance(features)
        return np.maximum(distance / (distance + limit), _sigmoid(self.log_odds(features) - odds_limit))

    def save(self, path: Path) -> None:
        save_file({name: np.ascontiguousarray(array) for name, array in asdict(self).items()}, path)

    def coordinates(self, features: Floats) -> NDArray[np.float64]:
        """N×d features → N×k whitened coordinates in the principal subspace."""
        return self._split(features)[0]

    def _split(self, features: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """N×k whitened coordinates, N squared lengths outside the principal directions."""
        centred = np.asarray(features, np.float64) - self.centre
        inside = np.einsum(
            "nd,kd->nk", centred, self.axes, dtype=np.float64
        )  # BLAS would wake threads that keep the cores from the networks
        outside = np.square(centred).sum(axis=1) - np.square(inside).sum(axis=1)
        return inside @ self.whitening.T, np.maximum(outside, 0)


def judge(features: Floats, reference: Reference) -> Familiarity:
    """Judge one picture by its mean-pooled features, shape (d,)."""
    return Familiarity(float(reference.unfamiliar(features[None])[0]))


def load(path: Path) -> Reference:
    """Raises ModelError when the file is damaged or does not hold a reference."""
    try:
        return Reference(**load_file(path))
    except (OSError, SafetensorError, TypeError) as error:
        raise ModelError("bad-weights", f"{path.parent.name}/{path.name} does not describe the images a classifier knows.") from error


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((1 + np.tanh(x / 2)) / 2)
