from __future__ import annotations

import csv
import zipfile
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from analysis.vision import imaging, level_set, metrics
from analysis.vision.types import Mask, RgbImage
from tests.synthetic import Drawn, draw_lesion

DATA_DIR = Path(__file__).resolve().parents[3] / "shared" / "data"

SCENES = {
    "ellipse": draw_lesion(),
    "star": draw_lesion(shape="star"),
    "l_shape": draw_lesion(shape="l_shape"),
    "hairs": draw_lesion(hairs=15, seed=3),
    "dark corners": draw_lesion(dark_corners=True),
    "bluish light, soft edge, noise": draw_lesion(light=(0.8, 0.9, 1.1), blur_px=6, noise=8),
    "cut by one side": draw_lesion(centre=(30, 225), axes=(120, 90)),
    "cut by a corner": draw_lesion(centre=(10, 10), axes=(160, 120)),
    "off centre": draw_lesion(centre=(450, 300), axes=(70, 50)),
    "dark skin": draw_lesion(skin=(120, 85, 70), colours=("black",)),
    "upright frame": draw_lesion(width=450, height=600),
    "small picture": draw_lesion(width=64, height=64),
}


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
def test_a_drawn_lesion_is_found(scene: Drawn) -> None:
    outline = level_set.segment(scene.image)
    assert outline.failure is None
    assert outline.mask.shape == scene.mask.shape
    assert outline.mask.dtype == np.bool_
    assert outline.area_px == np.count_nonzero(outline.mask)
    assert metrics.jaccard(outline.mask, scene.mask) >= 0.9


@pytest.mark.parametrize(("name", "is_cut"), [("ellipse", False), ("cut by one side", True), ("cut by a corner", True)])
def test_it_says_whether_the_frame_cuts_the_lesion(name: str, is_cut: bool) -> None:
    assert level_set.segment(SCENES[name].image).touches_border is is_cut


def test_the_contour_belongs_to_the_mask() -> None:
    outline = level_set.segment(SCENES["star"].image)
    x, y = outline.contour.astype(int).T
    assert outline.mask[y, x].all()


def test_dark_corners_are_not_the_lesion() -> None:
    outline = level_set.segment(SCENES["dark corners"].image)
    assert not outline.touches_border


def test_the_outline_has_no_holes() -> None:
    scene = SCENES["ellipse"]
    image = scene.image.copy()
    cv2.circle(image, (300, 225), 20, (219, 168, 148), -1)
    assert level_set.segment(image).mask[225, 300]


def plain(value: int) -> RgbImage:
    return np.full((90, 120, 3), value, np.uint8)


NOISE = np.random.default_rng(0).integers(0, 255, (450, 600, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    "image", [plain(0), plain(90), plain(255), NOISE, plain(200)[:1, :1]], ids=["black", "grey", "white", "noise", "pixel"]
)
def test_where_nothing_stands_out_it_says_so(image: RgbImage) -> None:
    outline = level_set.segment(image)
    assert outline.failure is not None
    assert outline.failure.endswith(".")
    assert outline.mask.shape == image.shape[:2]
    assert not outline.mask.any()
    assert outline.contour.shape == (0, 2)
    assert outline.area_px == 0


def test_the_same_image_gives_the_same_outline_and_is_left_alone() -> None:
    image = SCENES["hairs"].image
    before = image.copy()
    first, second = level_set.segment(image), level_set.segment(image)
    assert np.array_equal(first.mask, second.mask)
    assert np.array_equal(image, before)


def test_mirroring_the_image_mirrors_the_outline() -> None:
    scene = SCENES["star"]
    mirrored = level_set.segment(np.ascontiguousarray(scene.image[:, ::-1])).mask[:, ::-1]
    assert metrics.jaccard(level_set.segment(scene.image).mask, mirrored) >= 0.97


def test_evolution_goes_from_an_ellipse_to_the_outline() -> None:
    scene = SCENES["l_shape"]
    frames = list(level_set.evolve(scene.image))
    truth = _shrunk(scene.mask, frames[0])
    assert max(frames[0].shape) == 256
    overlaps = [metrics.jaccard(frame, truth) for frame in frames]
    assert overlaps[0] < overlaps[len(frames) // 3] < overlaps[-1]
    assert overlaps[-1] > 0.95


def test_fewer_frames_end_the_same() -> None:
    image = SCENES["ellipse"].image
    every, some = list(level_set.evolve(image)), list(level_set.evolve(image, every=7))
    assert len(some) < len(every) / 3
    assert np.array_equal(every[-1], some[-1])


def test_a_step_moves_only_the_boundary() -> None:
    frames = list(level_set.evolve(SCENES["l_shape"].image))
    for before, after in pairwise(frames):
        reachable = cv2.dilate(before.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        safe = cv2.erode(before.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        assert not (after & ~reachable).any()
        assert not (safe & ~after).any()


def test_a_bay_at_the_frame_is_closed_when_its_mouth_is_narrow() -> None:
    bay = np.zeros((100, 100), np.uint8)
    bay[:40, 20:80] = 255
    bay[:20, 45:53] = 0
    assert level_set._repair_edge(bay)[10, 50] == 255
    bay[:20, 35:65] = 0
    assert level_set._repair_edge(bay)[10, 50] == 0


def test_a_gap_around_the_corner_is_closed() -> None:
    region = np.zeros((60, 60), np.uint8)
    cv2.circle(region, (0, 0), 30, 255, -1)
    region[:4, :4] = 0
    assert level_set._repair_edge(region)[0, 0] == 255


def _shrunk(mask: Mask, like: Mask) -> Mask:
    grey = cv2.resize(mask.astype(np.uint8) * 255, like.shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(grey) > 127


@pytest.mark.realdata
@pytest.mark.skipif(not DATA_DIR.is_dir(), reason=f"the photographs are not at {DATA_DIR}")
def test_it_agrees_with_the_masks_of_ham10000() -> None:
    """40 images of val. Otsu on the blue channel reaches 0.72 there."""
    with (DATA_DIR / "labels.csv").open() as table:
        rows = [row for row in csv.DictReader(table) if row["shard"] == "ham10000-images-00.zip" and row["split"] == "val"]
    with zipfile.ZipFile(DATA_DIR / rows[0]["shard"]) as images, zipfile.ZipFile(DATA_DIR / "ham10000-masks-00.zip") as masks:
        overlaps = [_overlap(images.read(row["path"]), masks.read(row["lesion_mask"])) for row in rows[:: len(rows) // 40][:40]]
    assert np.mean(overlaps) >= 0.75


def _overlap(image_bytes: bytes, mask_bytes: bytes) -> float:
    truth = cv2.imdecode(np.frombuffer(mask_bytes, np.uint8), cv2.IMREAD_GRAYSCALE)
    return metrics.jaccard(level_set.segment(imaging.decode(image_bytes)).mask, np.asarray(truth) > 0)
