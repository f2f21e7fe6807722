from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np
import pytest

from analysis.vision import abcd, overlay
from analysis.vision.types import STRUCTURES, ColourRegion, SignedMap
from tests.synthetic import disc, draw_lesion

GREEN = (0, 158, 115)
# Viénot, Brettel and Mollon 1999, on linear RGB: what protanopes and deuteranopes see.
DICHROMATS = {
    "protan": [[0.1124, 0.8876, 0], [0.1124, 0.8876, 0], [0.0040, -0.0040, 1]],
    "deutan": [[0.2928, 0.7072, 0], [0.2928, 0.7072, 0], [-0.0223, 0.0223, 1]],
    "normal": np.eye(3).tolist(),
}


def square(colour: str, low: int, high: int) -> ColourRegion:
    contour = np.array([(low, low), (high, low), (high, high), (low, high)], np.float32)
    side = high - low + 1
    return ColourRegion(colour, side * side, 0.1, ((low + high) / 2, (low + high) / 2), contour)


def test_a_mask_is_filled_and_nothing_else() -> None:
    lesion = disc(10)
    picture = overlay.mask_overlay(lesion, GREEN)
    assert picture.dtype == np.uint8
    assert (picture[lesion] == (*GREEN, 255)).all()
    assert not picture[~lesion].any()


def test_an_outline_follows_the_edge_and_leaves_the_middle_free() -> None:
    lesion = disc(20)
    picture = overlay.mask_outline_overlay(lesion, GREEN, 2)
    middle = lesion.shape[0] // 2
    assert tuple(picture[middle, middle]) == (0, 0, 0, 0)
    near_edge = (disc(23, len(lesion))) & ~disc(17, len(lesion))
    drawn = picture[..., 3] > 0
    assert drawn.any()
    assert not (drawn & ~near_edge).any()


def test_an_empty_mask_draws_nothing() -> None:
    empty = np.zeros((20, 30), np.bool_)
    assert not overlay.mask_overlay(empty, GREEN).any()
    assert not overlay.mask_outline_overlay(empty, GREEN, 3).any()


def test_a_region_inside_another_stays_visible_whatever_its_order() -> None:
    regions = [square("black", 8, 12), square("red", 2, 18)]
    for order in (regions, regions[::-1]):
        picture = overlay.colour_map(order, 24, 20)
        assert picture.shape == (20, 24, 4)
        assert tuple(picture[10, 10]) == (*overlay.PALETTE["black"], 255)
        assert tuple(picture[4, 4]) == (*overlay.PALETTE["red"], 255)
        assert not picture[19, 23].any()


def test_the_colour_map_shows_what_was_measured() -> None:
    drawn = draw_lesion(colours=abcd.COLOURS)
    picture = overlay.colour_map(abcd.measure(drawn.image, drawn.mask).regions, 600, 450)
    shown = {tuple(pixel) for pixel in picture[picture[..., 3] > 0].reshape(-1, 4)[:, :3].tolist()}
    assert shown == set(overlay.PALETTE.values())
    assert np.count_nonzero((picture[..., 3] > 0) == drawn.mask) > 0.99 * drawn.mask.size


def test_a_structure_inside_another_stays_visible() -> None:
    large, small = np.ones((20, 24), np.bool_), np.zeros((20, 24), np.bool_)
    small[5:8, 5:8] = True
    for masks in ({"globules": small, "pigment_network": large}, {"pigment_network": large, "globules": small}):
        picture = overlay.structure_map(masks)
        assert tuple(picture[6, 6]) == (*overlay.STRUCTURE_PALETTE["globules"], 255)
        assert tuple(picture[0, 0]) == (*overlay.STRUCTURE_PALETTE["pigment_network"], 255)
    assert not overlay.structure_map({"streaks": np.zeros((4, 4), np.bool_)}).any()


def test_there_is_a_colour_for_every_name() -> None:
    assert tuple(overlay.PALETTE) == abcd.COLOURS
    assert tuple(overlay.STRUCTURE_PALETTE) == STRUCTURES


@pytest.mark.parametrize("palette", [overlay.PALETTE, overlay.STRUCTURE_PALETTE], ids=["colours", "structures"])
@pytest.mark.parametrize("eye", DICHROMATS)
def test_colour_blind_readers_can_tell_the_palette_apart(eye: str, palette: dict[str, overlay.Rgb]) -> None:
    rgb = (np.array(list(palette.values()), np.float32) / 255) ** 2.2
    seen = np.clip(rgb @ np.array(DICHROMATS[eye], np.float32).T, 0, 1) ** (1 / 2.2)
    lab = np.asarray(cv2.cvtColor(seen[None].astype(np.float32), cv2.COLOR_RGB2LAB))[0]
    assert min(np.linalg.norm(one - other) for one, other in combinations(lab, 2)) > 20


def peak(height: float) -> SignedMap:
    y, x = np.mgrid[:60, :80]
    return np.asarray(height * np.exp(-((x - 40) ** 2 + (y - 30) ** 2) / 50), np.float32)


def test_strong_evidence_is_opaque_and_red() -> None:
    picture = overlay.heat_overlay(peak(overlay.FULL_EVIDENCE))
    assert tuple(picture[30, 40]) == (*overlay.STRONG_EVIDENCE_RGB, 255)
    assert picture[0, 0, 3] == 0


def test_half_the_evidence_is_half_as_opaque() -> None:
    assert overlay.heat_overlay(np.full((20, 30), overlay.FULL_EVIDENCE / 2, np.float32))[5, 5, 3] == 128


def test_evidence_against_is_not_drawn() -> None:
    assert not overlay.heat_overlay(-peak(1)).any()


@pytest.mark.parametrize("seed", range(5))
def test_the_noise_behind_a_hesitant_answer_stays_faint(seed: int) -> None:
    """Stretched to its own range, the same map would be drawn in full somewhere."""
    low = np.random.default_rng(seed).normal(0.3, 1, (7, 7)).astype(np.float32)
    alpha = overlay.heat_overlay(cv2.resize(low, (200, 200), interpolation=cv2.INTER_LINEAR).astype(np.float32))[..., 3]
    assert alpha.max() < 128
    assert alpha.mean() < 25


def test_no_evidence_is_invisible() -> None:
    assert not overlay.heat_overlay(np.zeros((20, 30), np.float32)).any()


def test_what_was_painted_over_hides_the_hair_at_any_size() -> None:
    """A black hair on white, painted white: laid over the picture, no grey is left, nor when both are made a quarter as large."""
    hair = np.zeros((1200, 1600), np.bool_)
    hair[600:603] = True
    picture = np.where(hair[..., None], 0, 255).astype(np.uint8).repeat(3, axis=2)
    layer = overlay.painted_over(np.full_like(picture, 255), hair)
    assert layer.shape == (1200, 1600, 4)
    for scale in (1, 4):
        size = 1600 // scale, 1200 // scale
        base, opacity = (cv2.resize(each, size, interpolation=cv2.INTER_AREA).astype(float) for each in (picture[..., 0], layer[..., 3]))
        shown = base * (1 - opacity / 255) + opacity
        assert shown.min() > 254
    assert not layer[:500].any()


def test_what_is_only_looked_at_is_made_no_larger_than_a_screen() -> None:
    large = np.zeros((1800, 2400, 3), np.uint8)
    assert overlay.for_display(large).shape == (1200, 1600, 3)
    assert overlay.painted_over(large, np.zeros((1800, 2400), np.bool_)).shape == (1200, 1600, 4)
    small = large[:300, :400]
    assert overlay.for_display(small) is small
