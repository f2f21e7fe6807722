"""A closer look at a whole picture and at a marked region of one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.vision import closer, imaging, region, weights
from analysis.vision.explain.account import METHODS, Question
from analysis.vision.types import Region
from analysis.vision.weights import Bundle
from tests.synthetic import draw_lesion
from tests.vision import tiny

QUESTION = Question("NV", masks=16, cells=3)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return weights.load_bundle(tiny.write_models(tmp_path_factory.mktemp("models")))


def nothing(_method: str, _share: float) -> None:
    pass


def test_a_marked_region_is_explained_as_if_its_frame_were_the_picture(bundle: Bundle) -> None:
    alone = draw_lesion(width=140, height=140).image
    canvas = np.full((300, 400, 3), 180, np.uint8)
    canvas[50:190, 200:340] = alone
    marked = Region(220, 70, 100, 100)
    assert region.frame_around(marked, 400, 300) == Region(200, 50, 140, 140)
    of_region, of_frame = closer.look(canvas, bundle, QUESTION, nothing, marked), closer.look(alone, bundle, QUESTION, nothing)
    for one, other in zip(of_region.account.explained, of_frame.account.explained, strict=True):
        assert one.method == other.method
        np.testing.assert_array_equal(one.signed[50:190, 200:340], other.signed)
        assert np.abs(one.signed).sum() == pytest.approx(np.abs(other.signed).sum())
    for step, same in zip(of_region.evolution, of_frame.evolution, strict=True):
        for moved, contour in zip(step.contours, same.contours, strict=True):
            np.testing.assert_allclose(moved, contour + np.array([200, 50], np.float32))


def test_a_whole_picture_is_explained_by_every_method(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "lesion.png"
    path.write_bytes(imaging.encode_png(draw_lesion(width=120, height=90).image))
    found = closer.look(imaging.read(path), bundle, QUESTION, nothing)
    assert [explained.method for explained in found.account.explained] == list(METHODS)
    assert {explained.signed.shape for explained in found.account.explained} == {(90, 120)}
    assert found.evolution[0].step == 0
