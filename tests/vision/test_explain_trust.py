from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from analysis.vision.explain import trust
from analysis.vision.explain.rise import Floats
from analysis.vision.explain.trust import Agreement, Curve, Faithfulness, Figures, Shares
from analysis.vision.types import SignedMap
from tests.synthetic import disc


def test_the_share_inside_counts_positive_evidence_alone() -> None:
    signed: SignedMap = np.array([[3, 1], [-5, 0]], np.float32)
    lesion = np.array([[True, False], [True, False]])
    assert trust.share_inside(signed, lesion) == pytest.approx(0.75)
    assert trust.share_inside(signed, ~lesion) == pytest.approx(0.25)


def test_without_lesion_or_evidence_there_is_no_share() -> None:
    signed: SignedMap = np.array([[3, 1]], np.float32)
    nowhere = np.zeros((1, 2), np.bool_)
    assert trust.share_inside(signed, nowhere) is None
    assert trust.share_inside(-signed, ~nowhere) is None
    assert trust.share_on(signed, nowhere) == 0
    assert trust.share_on(-signed, nowhere) is None
    with pytest.raises(ValueError, match="the mask is"):
        trust.share_inside(signed, np.ones((2, 2), np.bool_))


def test_shares_on_lesion_edge_hair_and_ruler() -> None:
    """A 4×6 image; the network saw columns 1 to 4, the rim of which is 12 of 16 pixels."""
    signed: SignedMap = np.zeros((4, 6), np.float32)
    signed[1, 2], signed[0, 1], signed[2, 3] = 3, 1, -4
    lesion, hair = np.zeros((4, 6), np.bool_), np.zeros((4, 6), np.bool_)
    lesion[1:3, 0:3] = True
    hair[1] = True
    found = trust.shares(signed, lesion, hair=hair)
    assert found == Shares(lesion=0.75, lesion_area=4 / 16, edge=0.25, hair=0.75, ruler=None)


WEIGHTS = np.zeros((4, 4), np.float32)
WEIGHTS[0, 1], WEIGHTS[2, 2] = 3, 1
ONES = torch.ones(1, 1, 4, 4)


def weighed(x: Tensor) -> Floats:
    """Two scores: a constant, and the weighed sum of the pixels."""
    return np.stack([np.full(len(x), 0.5), (x[:, 0].numpy() * WEIGHTS).sum((1, 2))], axis=1).astype(np.float64)


def test_deletion_takes_the_most_important_pixels_first() -> None:
    """16 pixels in 16 steps: 4, 1, 0, … and, the other way round, 4, …, 4, 3, 0."""
    found = trust.faithfulness(WEIGHTS, ONES, weighed, column=1)
    assert found.deletion.scores.tolist() == [4, 1, *[0] * 15]
    assert found.reverse.scores.tolist() == [*[4] * 15, 3, 0]
    assert found.deletion.area == pytest.approx((2 + 1) / 16)
    assert found.reverse.area == pytest.approx((14 * 4 + 3.5 + 1.5) / 16)
    assert found.gain == pytest.approx((61 - 3) / 16 / 4)


def test_insertion_starts_from_a_blurred_picture() -> None:
    """A blurred constant is that constant; of a lonely bright pixel some is left beside it."""
    assert trust.faithfulness(WEIGHTS, ONES, weighed, column=1).insertion.scores == pytest.approx(4)
    x = torch.zeros(1, 1, 40, 40)
    x[0, 0, 20, 20] = 1
    signed = x[0, 0].numpy()
    found = trust.faithfulness(signed, x, lambda inputs: inputs[:, :, 20, 20].numpy().astype(np.float64))
    assert found.insertion.scores[0] == pytest.approx(1 / (2 * np.pi * 2**2), rel=0.02)  # a Gaussian of 2 pixels at its centre
    assert found.insertion.scores[1:].tolist() == [1.0] * 16


def test_a_better_map_gains_more_and_a_wrong_one_loses() -> None:
    gains = [trust.faithfulness(signed, ONES, weighed, column=1).gain for signed in (WEIGHTS, WEIGHTS[::-1], -WEIGHTS)]
    right, mirrored, wrong = (gain or 0 for gain in gains)
    assert right > mirrored > wrong
    assert wrong < 0


def test_where_covering_everything_lowers_nothing_there_is_no_gain() -> None:
    assert trust.faithfulness(WEIGHTS, ONES, weighed, column=0).gain is None
    assert trust.faithfulness(WEIGHTS, -ONES, weighed, column=1).gain is None


def test_map_and_input_must_have_one_size() -> None:
    with pytest.raises(ValueError, match="the input"):
        trust.faithfulness(WEIGHTS[:2], ONES, weighed)


def test_agreement_by_hand() -> None:
    """Ranks 1 2 3 4 and 2 1 3 4: ρ = 1 − 6·2/(4·15). Of 20 pixels the top two; one of three is common."""
    assert trust.agreement(np.array([[1, 2, 5, 9]], np.float32), np.array([[3, 2, 4, 8]], np.float32)).rank_correlation == pytest.approx(
        0.8
    )
    one, other = np.zeros((4, 5), np.float32), np.zeros((4, 5), np.float32)
    one[0, 0], one[1, 1] = 2, 1
    other[1, 1], other[3, 3] = 5, 4
    assert trust.agreement(one, other).top_overlap == pytest.approx(1 / 3)


@given(arrays(np.float32, (5, 8), elements=st.floats(-100, 100, width=32)))
def test_a_map_agrees_with_itself_whatever_its_scale(signed: SignedMap) -> None:
    same, opposite = trust.agreement(signed, signed * 2), trust.agreement(signed, -signed)
    assert same.top_overlap == 1
    if np.ptp(signed):
        assert same.rank_correlation == pytest.approx(1)
        assert opposite.rank_correlation == pytest.approx(-1)
    else:
        assert same.rank_correlation is None


def test_maps_of_two_sizes_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="shapes differ"):
        trust.agreement(WEIGHTS, WEIGHTS[:2])


def faithful(gain: float) -> Faithfulness:
    """A score that falls from 1 to 0, with this gain."""
    deletion = Curve(np.array([1.0, 0.5, 0.0]))
    return Faithfulness(deletion, deletion, Curve(np.array([1.0, 0.5 + 2 * gain, 0.0])))


GOOD = Figures(
    Shares(lesion=0.8, lesion_area=0.3, edge=0.05, hair=0.1, ruler=0.0),
    faithful(trust.MIN_GAIN + 0.01),
    Agreement(rank_correlation=trust.MIN_RANK_CORRELATION, top_overlap=0.5),
    reliability=trust.MIN_RELIABILITY,
)


def test_within_all_limits_a_map_is_reliable() -> None:
    assert trust.judge(GOOD).is_reliable
    assert trust.judge(Figures(GOOD.shares)).is_reliable


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        (replace(GOOD, shares=replace(GOOD.shares, edge=None, lesion=None)), "Nothing in the picture speaks"),
        (replace(GOOD, shares=replace(GOOD.shares, lesion=0.3)), "no more on the lesion"),
        (replace(GOOD, shares=replace(GOOD.shares, edge=0.26)), "26% of the evidence lies on the edge of the picture"),
        (replace(GOOD, shares=replace(GOOD.shares, hair=0.4)), "40% of the evidence lies on hair"),
        (replace(GOOD, shares=replace(GOOD.shares, ruler=0.5)), "50% of the evidence lies on a ruler"),
        (replace(GOOD, faithfulness=faithful(trust.MIN_GAIN - 0.01)), "hardly more than covering the others"),
        (replace(GOOD, faithfulness=Faithfulness(*[Curve(np.full(3, 0.5))] * 3)), "Covering the whole picture"),
        (replace(GOOD, agreement=Agreement(trust.MIN_RANK_CORRELATION - 0.01, 0.5)), "Another method marks other places"),
        (replace(GOOD, agreement=Agreement(None, 0.5)), "Another method marks other places"),
        (replace(GOOD, reliability=trust.MIN_RELIABILITY - 0.01), "depends on chance"),
    ],
)
def test_beyond_one_limit_it_is_not_and_says_why(figures: Figures, reason: str) -> None:
    verdict = trust.judge(figures)
    assert not verdict.is_reliable
    assert len(verdict.reasons) == 1
    assert reason in verdict.reasons[0]


def test_every_reason_is_given() -> None:
    worst = Figures(Shares(0.1, 0.3, 0.5), faithful(0.0), Agreement(-0.5, 0.0), 0.0)
    assert len(trust.judge(worst).reasons) == 5


def test_of_a_large_picture_some_pixels_stand_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    signed = np.add.outer(np.linspace(-1, 1, 450), np.linspace(-1, 1, 600)).astype(np.float32)
    lesion = disc(150, 600)[:450]
    exact = trust.share_inside(signed, lesion)
    monkeypatch.setattr(trust, "FINE_PX", 250)
    assert trust.share_inside(signed, lesion) == pytest.approx(exact, abs=0.01)
