"""How far an explanation can be trusted: where its heat lies, what covering it does to the score, whether another method agrees."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata
from torch import Tensor

from analysis.vision import imaging
from analysis.vision.explain import frame
from analysis.vision.explain.rise import BATCH, Score
from analysis.vision.metrics import jaccard
from analysis.vision.types import Mask, SignedMap

Floats = NDArray[np.float64]

# --- where the heat lies

FINE_PX = 2048
"""Longer side up to which every pixel counts; of larger pictures every second or third: maps are a few cells, enlarged."""


@dataclass(frozen=True)
class Shares:
    """Shares of the positive evidence, [0, 1]; None where there is no such evidence, or no mask was given."""

    lesion: float | None
    """Inside the lesion; None also without a lesion."""
    lesion_area: float
    """Share of what the network saw that is lesion: what `lesion` would be if the evidence were spread evenly."""
    edge: float | None
    """On the rim of the square that the network saw (`frame.edge`), as far as that is no lesion."""
    hair: float | None = None
    ruler: float | None = None


def shares(signed: SignedMap, lesion: Mask, *, hair: Mask | None = None, ruler: Mask | None = None) -> Shares:
    """Where the positive evidence lies (`share_on`). All are H×W, at the size of the image. Raises ValueError when their sizes differ."""
    return Shares(
        lesion=share_inside(signed, lesion),
        lesion_area=float(imaging.centre_square(lesion).mean()),
        edge=share_on(signed, np.greater(frame.edge(*signed.shape), lesion)),
        hair=None if hair is None else share_on(signed, hair),
        ruler=None if ruler is None else share_on(signed, ruler),
    )


def share_inside(signed: SignedMap, lesion: Mask) -> float | None:
    """Share of the positive evidence inside the lesion, [0, 1]; None without a lesion or without positive evidence. See `share_on`.

    Both are H×W. Raises ValueError when their sizes differ.
    """
    share = share_on(signed, lesion)
    return share if lesion.any() else None


def share_on(signed: SignedMap, region: Mask) -> float | None:
    """Σ over the region of max(m, 0) / Σ of max(m, 0), m the map, [0, 1]; None without positive evidence. Sizes as in `share_inside`."""
    if region.shape != signed.shape:
        raise ValueError(f"the mask is {region.shape}, the map {signed.shape}")
    step = -(-max(signed.shape) // FINE_PX)
    sampled = slice(step // 2, None, step)
    positive = np.maximum(signed[sampled, sampled], 0)
    total = float(positive.sum(dtype=np.float64))
    return float(positive[region[sampled, sampled]].sum(dtype=np.float64)) / total if total else None


# --- what covering it does to the score

STEPS = 16
"""Of each curve: three cells of Grad-CAM's 7×7 grid a step; all three curves cost a twentieth of RISE with 1,000 masks."""
MIN_DROP = 0.2
"""Of the probability, when everything is covered. The first classifiers take a grey picture for a naevus (0.93): with that little to lose,
deletion told arbitrary maps and Grad-CAM apart no more (gains of −0.6 to 1.3 on val images of naevi)."""
BLUR = 1 / 20
"""Standard deviation of the blur that insertion starts from, of the input's side: dermoscopic structures vanish, colours remain."""


@dataclass(frozen=True)
class Curve:
    """How the score, a probability, changes while the picture is changed, most important pixels first."""

    scores: Floats
    """STEPS + 1: after 0, 1/STEPS, … all of the pixels."""

    @property
    def area(self) -> float:
        """Under the curve, in units of the score, by trapezia; the share of pixels runs from 0 to 1."""
        return float(np.trapezoid(self.scores, dx=1 / (len(self.scores) - 1)))


@dataclass(frozen=True)
class Faithfulness:
    """Deletion and insertion (Petsiuk et al. 2018, arXiv:1806.07421, §4.1)."""

    deletion: Curve
    """Pixels set to 0, mid-grey: the smaller its area, the better the map."""
    insertion: Curve
    """Pixels restored on a blurred picture: the larger its area, the better."""
    reverse: Curve
    """Deletion with the least important pixels first."""

    @property
    def gain(self) -> float | None:
        """(area of `reverse` − area of `deletion`) / (score of the picture − score of grey): 0 for an order that knows nothing, since
        it is as good as its reverse; None when covering everything lowers the score by less than MIN_DROP: no order can be told good.

        Areas by themselves depend on the picture. The reverse order of the same map is compared, not a random order of pixels, as that
        would make a picture like no other: networks fail on it long before the evidence is gone.
        """
        drop = float(self.deletion.scores[0] - self.deletion.scores[-1])
        return (self.reverse.area - self.deletion.area) / drop if drop >= MIN_DROP else None


def faithfulness(signed: SignedMap, x: Tensor, score: Score, column: int = 0) -> Faithfulness:
    """Three curves of one column of `score`, 3·(STEPS + 1) answers in all. `x` is the input, 1×C×H×W, `signed` the map at its size.

    Pixels of equal evidence go from top to bottom. Raises ValueError when the sizes differ.
    """
    if signed.shape != x.shape[-2:]:
        raise ValueError(f"the map is {signed.shape}, the input {tuple(x.shape[-2:])}")
    rank = _rank(signed)
    grey = torch.zeros_like(x)
    return Faithfulness(
        deletion=_curve(rank, x, grey, score, column),
        insertion=_curve(rank, _blurred(x), x, score, column),
        reverse=_curve(rank.size - 1 - rank, x, grey, score, column),
    )


def _rank(signed: SignedMap) -> NDArray[np.int64]:
    """H×W: 0 for the pixel of most evidence."""
    order = np.argsort(-signed, axis=None, kind="stable")
    rank = np.empty(signed.size, np.int64)
    rank[order] = np.arange(signed.size)
    return rank.reshape(signed.shape)


def _curve(rank: NDArray[np.int64], start: Tensor, end: Tensor, score: Score, column: int) -> Curve:
    """The scores on the way from one picture to another, pixel after pixel by rank."""
    reached = np.linspace(0, rank.size, STEPS + 1)[:, None, None, None]
    batches = (torch.from_numpy(rank < reached[at : at + BATCH]) for at in range(0, len(reached), BATCH))
    return Curve(np.concatenate([score(torch.where(changed, end, start))[:, column] for changed in batches]))


def _blurred(x: Tensor) -> Tensor:
    sigma_px = BLUR * x.shape[-1]
    channels = x[0].cpu().numpy()
    return torch.from_numpy(np.stack([cv2.GaussianBlur(channel, (0, 0), sigma_px) for channel in channels]))[None]


# --- whether another method agrees

TOP_SHARE = 0.1
"""Of the pixels: about what a clinician takes for the marked place when the heat is drawn."""


@dataclass(frozen=True)
class Agreement:
    """Of two maps of the same picture and class."""

    rank_correlation: float | None
    """Spearman's ρ over all pixels, [−1, 1]; None when a map is the same everywhere."""
    top_overlap: float
    """Intersection over union of the TOP_SHARE pixels of most evidence in each, [0, 1]; two random choices reach 0.05."""


def agreement(one: SignedMap, other: SignedMap) -> Agreement:
    """How alike two maps are, H×W both, of the square that the network saw: what lies outside it is zero in all maps, and no agreement.

    Raises ValueError when their sizes differ.
    """
    return Agreement(_rank_correlation(one, other), jaccard(_top(one), _top(other)))


def _rank_correlation(one: SignedMap, other: SignedMap) -> float | None:
    if one.shape != other.shape:
        raise ValueError(f"shapes differ: {one.shape} and {other.shape}")
    ranks = [rankdata(signed, axis=None) for signed in (one, other)]
    first, second = (rank - rank.mean() for rank in ranks)
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float(first @ second) / scale if scale else None


def _top(signed: SignedMap) -> Mask:
    """Exactly TOP_SHARE of the pixels; of equals the upper ones."""
    top: Mask = _rank(signed) < round(TOP_SHARE * signed.size)
    return top


# --- the verdict

MAX_ON_ARTEFACT = 0.25
"""Of the positive evidence. A convention, not measured: above the 0.19 that an even spread puts on the rim, and beyond a quarter the
artefact is no longer a by-stander."""
NEARLY_ALL = 0.9
"""Of what the network saw: in a lesion that fills it evidence can hardly lie elsewhere."""
MIN_GAIN = 0.2
"""About the spread (root mean square 0.19) of the gains of arbitrary smooth maps, whose mean is 0: measured on seven HAM10000 val images
with a classifier that lost more than MIN_DROP, where Grad-CAM gained −0.03 to 0.59, 0.27 in the median."""
MIN_RANK_CORRELATION = 0.3
"""Below, two maps share less than a tenth of the variance of their ranks. Only disagreement tells something: lesions lie in the centre, so
Grad-CAM's maps of *different* pictures already agree at 0.7 to 0.98 (ten pairs of HAM10000 val images)."""
MIN_RELIABILITY = 0.8
"""Of a RISE map: the correlation to expect with a map of as many other masks. Below, less than two thirds of the variance of what is drawn
would come back. A convention."""


@dataclass(frozen=True)
class Figures:
    """What is known of one map; None for what was not computed, which then counts neither way."""

    shares: Shares
    faithfulness: Faithfulness | None = None
    agreement: Agreement | None = None
    reliability: float | None = None
    """Of a RISE map (`rise.Explanation.reliability`)."""


@dataclass(frozen=True)
class Verdict:
    """Whether a map may be read as where the evidence lies."""

    reasons: tuple[str, ...]
    """Why not, in sentences for the clinician; empty when nothing speaks against it."""

    @property
    def is_reliable(self) -> bool:
        return not self.reasons


def judge(figures: Figures) -> Verdict:
    """A map is not reliable here when any of its figures is beyond its limit."""
    found = (*_misplaced(figures.shares), _unfaithful(figures.faithfulness), _contradicted(figures.agreement), _vague(figures.reliability))
    return Verdict(tuple(reason for reason in found if reason))


def _misplaced(shares: Shares) -> list[str]:
    if shares.edge is None:
        return ["Nothing in the picture speaks for this diagnosis."]
    on_artefacts = {"the edge of the picture": shares.edge, "hair": shares.hair, "a ruler": shares.ruler}
    reasons = [
        f"{share:.0%} of the evidence lies on {artefact}."
        for artefact, share in on_artefacts.items()
        if share is not None and share > MAX_ON_ARTEFACT
    ]
    if shares.lesion is not None and shares.lesion <= shares.lesion_area < NEARLY_ALL:
        reasons.append("The evidence lies no more on the lesion than if it were spread evenly over the picture.")
    return reasons


def _unfaithful(faithfulness: Faithfulness | None) -> str | None:
    if faithfulness is None:
        return None
    if faithfulness.gain is None:
        return "Covering the whole picture hardly makes this diagnosis less probable, so no place can be shown to matter."
    if faithfulness.gain < MIN_GAIN:
        return "Covering the marked places lowers the probability hardly more than covering the others."
    return None


def _contradicted(agreement: Agreement | None) -> str | None:
    if agreement is None or (agreement.rank_correlation is not None and agreement.rank_correlation >= MIN_RANK_CORRELATION):
        return None
    return "Another method marks other places."


def _vague(reliability: float | None) -> str | None:
    if reliability is None or reliability >= MIN_RELIABILITY:
        return None
    return "The map depends on chance: more masks are needed."
