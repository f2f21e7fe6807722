"""Picture quality: what is wrong with a picture is named, and nothing else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from analysis.vision import outlines, quality
from analysis.vision.types import Mask, Quality, RgbImage
from tests.synthetic import draw_lesion


def grainy(picture: RgbImage) -> RgbImage:
    """Skin has structure at every scale; drawings have none: noise of several widths stands in for it."""
    rng, height, width = np.random.default_rng(4), *picture.shape[:2]
    grain = sum(
        cv2.resize(rng.normal(0, 7, (max(1, height // scale), max(1, width // scale))), (width, height), interpolation=cv2.INTER_LINEAR)
        for scale in (1, 2, 4, 8)
    )
    noisy: RgbImage = np.clip(picture + np.asarray(grain)[..., None], 0, 255).astype(np.uint8)
    return noisy


def judged(picture: RgbImage, mask: Mask) -> Quality:
    return quality.judge(picture, outlines.from_mask(mask, "nothing"))


DRAWN = draw_lesion(width=256, height=192, seed=2)
PICTURE = grainy(DRAWN.image)


def test_a_good_picture_needs_no_advice() -> None:
    found = judged(PICTURE, DRAWN.mask)
    assert found.verdict == "good", found
    assert found.advice == ()


def test_a_larger_picture_of_the_same_thing_is_judged_alike() -> None:
    large = np.asarray(cv2.resize(PICTURE, (1024, 768), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    mask = np.asarray(cv2.resize(DRAWN.mask.astype(np.uint8), (1024, 768), interpolation=cv2.INTER_NEAREST) > 0)
    found, expected = quality.measure(large, mask), quality.measure(PICTURE, DRAWN.mask)
    assert (found.pop("longer_side_px"), expected.pop("longer_side_px")) == (1024, 256)
    assert found == pytest.approx(expected, rel=0.01, abs=1e-3)


def test_blur_is_told_by_its_degree() -> None:
    verdicts = []
    for width in (1.3, 3.0):
        blurred = np.asarray(cv2.GaussianBlur(PICTURE, (0, 0), width), dtype=np.uint8)
        verdicts.append(judged(blurred, DRAWN.mask).verdict)
    assert verdicts == ["usable", "retake"]


def test_sharpness_does_not_depend_on_light_and_contrast() -> None:
    sharp, dim = (quality.measure(picture.astype(np.uint8), DRAWN.mask)["sharpness_db"] for picture in (PICTURE, PICTURE * 0.6 + 30))
    assert sharp == pytest.approx(dim, abs=0.4)


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        (lambda picture: picture * 0.3, "dark"),
        (lambda picture: np.where(np.arange(256)[None, :, None] < 120, 255, picture), "overexposed"),
    ],
)
def test_light_is_named(changed: object, word: str) -> None:
    found = judged(np.asarray(changed(PICTURE)).astype(np.uint8), DRAWN.mask)  # type: ignore[operator]
    assert found.verdict == "retake"
    assert any(word in sentence for sentence in found.advice)


def test_reflections_count_on_the_lesion_alone() -> None:
    rows, columns = np.nonzero(DRAWN.mask)
    y, x = int(rows.mean()), int(columns.mean())
    on_lesion, beside = PICTURE.copy(), PICTURE.copy()
    on_lesion[y - 6 : y + 6, x - 6 : x + 6] = 255
    beside[:8, :8] = 255
    assert quality.measure(beside, DRAWN.mask)["glare_share"] == 0
    assert quality.measure(on_lesion, DRAWN.mask)["glare_share"] == pytest.approx(144 / DRAWN.mask.sum(), rel=0.01)
    assert "Reflections" in " ".join(judged(on_lesion, DRAWN.mask).advice)


def test_a_small_lesion_and_a_cut_one_are_named() -> None:
    small = draw_lesion(width=256, height=192, axes=(5, 4), seed=2)
    assert "very small" in " ".join(judged(grainy(small.image), small.mask).advice)
    cut = draw_lesion(width=256, height=192, centre=(0, 96), seed=2)
    assert any("frame cuts" in sentence for sentence in judged(grainy(cut.image), cut.mask).advice)


def test_a_lesion_of_a_few_pixels_in_a_large_picture_is_small_not_missing() -> None:
    speck = np.zeros((1024, 1024), dtype=np.bool_)
    speck[513:515, 513:515] = True
    figures = quality.measure(np.full((1024, 1024, 3), 180, dtype=np.uint8), speck)
    assert figures["lesion_share"] == pytest.approx(4 / 1024**2)
    assert figures["contrast"] is None


def test_a_black_surround_is_measured_without_the_lesion() -> None:
    picture = PICTURE.copy()
    picture[:, :77] = 0
    assert quality.measure(picture, np.zeros_like(DRAWN.mask))["dark_share"] == pytest.approx(77 / 256, abs=0.005)


def test_the_worst_comes_first() -> None:
    cut = draw_lesion(width=256, height=192, centre=(0, 96), seed=2)
    found = judged((grainy(cut.image) * 0.3).astype(np.uint8), cut.mask)
    assert found.verdict == "retake"
    assert "dark" in found.advice[0]
    assert any("frame cuts" in sentence for sentence in found.advice[1:])


@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_blank_picture_is_judged_not_fatal(value: int) -> None:
    blank = np.full((48, 64, 3), value, dtype=np.uint8)
    found = judged(blank, np.zeros((48, 64), dtype=np.bool_))
    assert found.figures["sharpness_db"] is None
    assert found.verdict == "retake"
    assert {quality.NO_OUTLINE, quality.NOTHING_THERE} <= set(found.advice)


def test_a_lesion_that_only_touches_the_frame_is_not_cut() -> None:
    """20 of the 76 boundary pixels of a square lie on the frame, then 38: the second is cut by half."""
    touching, half = np.zeros((192, 256), dtype=np.bool_), np.zeros((192, 256), dtype=np.bool_)
    touching[50:70, :20] = half[:20, :20] = True
    assert quality.measure(PICTURE, touching)["cut_share"] == pytest.approx(20 / 76)
    assert quality.measure(PICTURE, half)["cut_share"] == pytest.approx(40 / 76)


def test_light_is_measured_on_the_skin() -> None:
    """A large dark lesion on well-lit skin is no dark picture."""
    large = draw_lesion(width=256, height=192, axes=(110, 80), seed=2)
    assert not any("dark" in sentence for sentence in judged(grainy(large.image), large.mask).advice)


def test_few_pixels_are_not_good_however_sharp() -> None:
    small = draw_lesion(width=100, height=80, seed=2)
    assert judged(grainy(small.image), small.mask).verdict == "retake"


@pytest.mark.parametrize(
    ("hair", "ruler", "verdict", "words"),
    [
        (0.05, 0.009, "good", ()),
        (0.07, 0.0, "usable", ("Hair hides",)),
        (0.0, 0.011, "usable", ("A ruler",)),
        (0.3, 0.02, "retake", ("Hair hides", "A ruler")),
    ],
)
def test_hair_and_rulers_are_named_the_worst_first(hair: float, ruler: float, verdict: str, words: tuple[str, ...]) -> None:
    found = quality.judge(PICTURE, outlines.from_mask(DRAWN.mask, "nothing"), hair_share=hair, ruler_share=ruler)
    assert found.verdict == verdict
    assert [sentence.startswith(word) for sentence, word in zip(found.advice, words, strict=True)] == [True] * len(words)
