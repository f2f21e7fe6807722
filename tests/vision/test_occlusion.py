"""Hair and rulers: found where they are drawn, nowhere else, and painted over without touching the rest."""

from __future__ import annotations

from time import process_time

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.vision import occlusion
from analysis.vision.training import disturbances
from analysis.vision.types import Mask, RgbImage
from tests.synthetic import draw_lesion

DRAWN = draw_lesion(width=384, height=288, seed=2, noise=3)
NO_MASK = np.zeros((288, 384), dtype=np.bool_)


def disturbed(kind: str, seed: int, picture: RgbImage = DRAWN.image) -> tuple[RgbImage, Mask]:
    """With hair or a ruler over it, and where they are."""
    rng = np.random.default_rng(seed)
    image, _ = disturbances.DISTURBANCES[kind](picture, np.zeros(picture.shape[:2], dtype=np.bool_), rng)
    return image, np.asarray(_distance(image, picture).max(axis=2) > 12)


def _distance(image: RgbImage, other: RgbImage) -> NDArray[np.int16]:
    return np.asarray(np.abs(image.astype(np.int16) - other))


def widened(mask: Mask, reach_px: int) -> Mask:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), np.ones((2 * reach_px + 1,) * 2, dtype=np.uint8)) > 0)


def pigment_network(seed: int) -> RgbImage:
    """A brown patch with the mesh of a lesion: dark lines around light holes about 12 px wide, none quite like the next."""
    image, rng = DRAWN.image.copy(), np.random.default_rng(seed)
    cv2.ellipse(image, (190, 145), (90, 70), 0, 0, 360, (120, 80, 60), -1, cv2.LINE_AA)
    for row, y in enumerate(range(90, 205, 11)):
        for x in range(118 + 6 * (row % 2), 265, 12):
            centre, axes = (x + int(rng.integers(-3, 4)), y + int(rng.integers(-3, 4))), rng.integers(3, 6, 2).tolist()
            cv2.ellipse(image, centre, axes, int(rng.integers(180)), 0, 360, (144, 101, 78), -1, cv2.LINE_AA)
    return image


def dots() -> RgbImage:
    image = np.full((288, 384, 3), (214, 172, 150), dtype=np.uint8)
    for x, y in np.random.default_rng(3).integers(10, 270, (120, 2)).tolist():
        cv2.circle(image, (x + 50, y), 2, (70, 45, 40), -1, cv2.LINE_AA)
    return image


@pytest.mark.parametrize("seed", range(4))
def test_drawn_hair_is_found_and_little_else(seed: int) -> None:
    image, truth = disturbed("hair", seed)
    found = occlusion.find(image)
    assert (truth & widened(found.hair, 1)).sum() > 0.93 * truth.sum()
    assert (found.hair & widened(truth, 2)).sum() > 0.95 * found.hair.sum()
    assert not found.ruler.any()


@pytest.mark.parametrize(("kind", "left"), [("hair", 0.25), ("ruler", 0.25)])
def test_a_cleaned_picture_is_closer_to_the_undisturbed_one(kind: str, left: float) -> None:
    image, _ = disturbed(kind, 1)
    cleaned = occlusion.remove(image, occlusion.find(image))
    assert _distance(cleaned, DRAWN.image).mean() < left * _distance(image, DRAWN.image).mean()


@pytest.mark.parametrize("seed", range(4))
def test_a_ruler_is_found_with_its_line_and_figures(seed: int) -> None:
    image, truth = disturbed("ruler", seed)
    found = occlusion.find(image)
    assert (truth & widened(found.ruler, 1)).sum() > 0.9 * truth.sum()
    assert found.ruler_share == found.ruler.mean() > 0
    assert found.hair_share < 0.01


def test_light_hair_is_found() -> None:
    image = DRAWN.image.copy()
    cv2.ellipse(image, (190, 330), (180, 200), 0, 190, 350, (250, 245, 235), 2, cv2.LINE_AA)
    truth = _distance(image, DRAWN.image).max(axis=2) > 40
    assert occlusion.find(image).hair[truth].mean() > 0.8


def test_a_ruler_lying_askew_is_found() -> None:
    image = DRAWN.image.copy()
    along, across = np.array([np.cos(0.2), np.sin(0.2)]), np.array([np.sin(0.2), -np.cos(0.2)])
    start = np.array([60, 210])
    cv2.line(image, start.tolist(), (start + 200 * along).round().astype(int).tolist(), (30, 30, 30), 1, cv2.LINE_AA)
    for tick in range(21):
        foot = start + 10 * tick * along
        cv2.line(image, foot.round().astype(int).tolist(), (foot + 7 * across).round().astype(int).tolist(), (30, 30, 30), 1, cv2.LINE_AA)
    found = occlusion.find(image)
    assert found.ruler[_distance(image, DRAWN.image).max(axis=2) > 60].mean() > 0.9


@pytest.mark.parametrize(
    "picture",
    [
        DRAWN.image,
        draw_lesion(shape="star", seed=1).image,
        draw_lesion(dark_corners=True, seed=1).image,
        dots(),
        np.full((288, 384, 3), 128, dtype=np.uint8),
        np.zeros((288, 384, 3), dtype=np.uint8),
        np.random.default_rng(0).integers(0, 255, (288, 384, 3)).astype(np.uint8),
    ],
    ids=["lesion", "star", "dark corners", "dots", "flat", "black", "noise"],
)
def test_what_is_no_hair_is_left(picture: RgbImage) -> None:
    found = occlusion.find(picture)
    assert found.hair_share < 0.002
    assert not found.ruler.any()
    assert _distance(occlusion.remove(picture, found), picture)[~found.mask].max() == 0


def test_a_network_is_hardly_taken_for_hair() -> None:
    """Dark lines around holes on a fifth of the frame. Where some happen to lie in one line, these few are taken."""
    found = [occlusion.find(pigment_network(seed)) for seed in range(8, 14)]
    assert np.mean([masks.hair_share for masks in found]) < 0.01
    assert not any(masks.ruler.any() for masks in found)


def test_a_dark_edge_of_the_frame_is_no_hair() -> None:
    image = DRAWN.image.copy()
    image[:, :3] = image[-2:] = 10
    assert occlusion.find(image).hair_share < 0.002


def test_nothing_found_nothing_changed() -> None:
    found = occlusion.Occlusions(NO_MASK, NO_MASK)
    cleaned = occlusion.remove(DRAWN.image, found)
    assert np.array_equal(cleaned, DRAWN.image)
    assert (found.hair_share, found.ruler_share) == (0, 0)


def test_everything_outside_the_mask_stays_and_the_picture_is_left_alone() -> None:
    image, _ = disturbed("hair", 5, draw_lesion(width=600, height=450, seed=2, noise=3).image)
    before, found = image.copy(), occlusion.find(image)
    cleaned = occlusion.remove(image, found)
    assert np.array_equal(image, before)
    assert np.array_equal(cleaned[~found.mask], image[~found.mask])
    assert not np.array_equal(cleaned[found.mask], image[found.mask])


def test_hairs_without_skin_between_are_survived() -> None:
    """A picture with hair alone: what is masked is painted with what is left, whatever that is."""
    image = np.full((150, 200, 3), 60, dtype=np.uint8)
    image[:, ::4] = 20
    found = occlusion.find(image)
    everything = occlusion.Occlusions(np.ones((150, 200), dtype=np.bool_), np.zeros((150, 200), dtype=np.bool_))
    for masks in (found, everything):
        assert occlusion.remove(image, masks).shape == image.shape


def test_a_picture_without_colour_shows_hair_too() -> None:
    image, truth = disturbed("hair", 1)
    grey = np.repeat(np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)[..., None], 3, axis=2)
    assert widened(occlusion.find(grey).hair, 1)[truth].mean() > 0.93


@pytest.mark.parametrize("shape", [(32, 32), (32, 190), (450, 600), (601, 401), (1024, 768)])
def test_masks_have_the_size_of_the_picture(shape: tuple[int, int]) -> None:
    picture = draw_lesion(width=shape[1], height=shape[0], seed=4).image
    image, _ = disturbed("hair", 2, picture)
    found = occlusion.find(image)
    assert found.hair.shape == found.ruler.shape == found.mask.shape == shape
    assert found.hair.dtype == found.ruler.dtype == np.bool_
    assert not (found.hair & found.ruler).any()
    assert occlusion.remove(image, found).shape == image.shape


def test_a_larger_picture_of_the_same_thing_is_masked_alike() -> None:
    image, _ = disturbed("hair", 3)
    large = np.asarray(cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    small, enlarged = occlusion.find(image), occlusion.find(large)
    assert enlarged.hair_share == pytest.approx(small.hair_share, rel=0.02)


def test_a_large_photograph_takes_little_longer() -> None:
    """44 times the pixels, worked on at one size: shrinking and enlarging is what is left to grow."""

    def cost_s(image: RgbImage) -> float:
        start = process_time()
        occlusion.remove(image, occlusion.find(image))
        return process_time() - start

    image, _ = disturbed("hair", 3, draw_lesion(width=600, height=450, seed=2).image)
    large = np.asarray(cv2.resize(image, (4000, 3000), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    assert min(cost_s(large) for _ in range(2)) < 25 * min(cost_s(image) for _ in range(2))


@pytest.mark.parametrize("direction", range(occlusion.DIRECTIONS))
def test_straight_runs_are_found_in_every_direction(direction: int) -> None:
    """Lines as wide as a hair, forty pixels long: as much of each is found as of its mirror image."""
    angle = direction * np.pi / occlusion.DIRECTIONS
    x, y = (round(20 * part) for part in (np.cos(angle), np.sin(angle)))
    drawn = np.zeros((80, 91), dtype=np.uint8)
    cv2.line(drawn, (45 - x, 40 - y), (45 + x, 40 + y), (1,), 3)
    line = drawn > 0
    kept = occlusion._on_straight_runs(line)
    mirrored = occlusion._on_straight_runs(line[:, ::-1].copy())[:, ::-1]
    assert kept[line].mean() > 0.99
    assert mirrored[line].mean() > 0.99
    assert not kept[~line].any()
