"""What is stored is what was found."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.findings import pack, shrunk, to_json
from analysis.models import Kind
from tests.analysis import tiny


def decoded(png: bytes) -> NDArray[np.uint8]:
    """As stored: one channel, or four in OpenCV's order."""
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture.astype(np.uint8)


def test_result_survives_json() -> None:
    findings = pack(tiny.output())
    assert json.loads(json.dumps(findings.result, allow_nan=False)) == findings.result


def test_every_figure_of_the_output_is_in_the_result() -> None:
    found = pack(tiny.output(pixel_spacing_mm=(0.1, 0.1)))
    assert found.p_malignant == 0.7
    assert found.result["classification"]["scores"][0] == {
        "label": "MEL",
        "probability": 0.67,
        "confidence_percent": pytest.approx(62.2857, abs=1e-3),
        "is_listed": True,
    }
    assert found.result["classification"]["is_suspicious"] is True
    assert found.result["schema"] == 2
    assert found.result["lesion"] == {
        "area_px": 200,
        "touches_border": False,
        "failure": None,
    }
    assert found.result["abcd"]["diameter_1_mm"] == 2.0
    assert found.result["abcd"]["asymmetry_2"] is None
    assert found.result["abcd"]["regions"][0]["centroid"] == [29.5, 19.5]
    assert found.result["heatmap"] == {"method": "grad_cam", "label": "MEL", "share_inside_lesion": 1.0, "doubts": []}
    assert [used["task"] for used in found.models_used] == ["classification", "lesion", "structures"]
    assert found.timings_ms["level_set"] == 2.0
    assert found.result["classification"]["p_dermoscopic"] == 0.99
    assert found.result["familiarity"] == {"unfamiliar": 0.2, "is_unfamiliar": False}
    assert found.result["structures"][0] == {
        "name": "globules",
        "probability": 0.9,
        "is_validated": True,
        "area_px": 100,
        "share_of_lesion": 0.5,
    }


def test_undefined_numbers_become_null() -> None:
    broken = replace(tiny.abcd(), border_irregularity=float("nan"), diameter_1_px=float("inf"))
    assert to_json(broken)["border_irregularity"] is None
    assert to_json(broken)["diameter_1_px"] is None


def test_numpy_scalars_become_plain_numbers() -> None:
    document = to_json({"count": np.int64(3), "share": np.float32(0.5), "yes": np.bool_(True)})
    assert json.dumps(document) == '{"count": 3, "share": 0.5, "yes": true}'


def test_no_array_is_in_the_result() -> None:
    regions = tiny.abcd().regions * 500
    assert len(json.dumps(pack(replace(tiny.output(), abcd=replace(tiny.abcd(), regions=regions))).result)) < 100_000
    assert "contour" not in json.dumps(pack(tiny.output()).result)


def test_the_agreement_of_the_outlines_is_their_jaccard_index() -> None:
    half = tiny.mask()
    half[:, 30:] = False
    assert pack(tiny.output()).result["outline_agreement"] == 1
    assert pack(tiny.output(level_set=replace(tiny.outline(), mask=half))).result["outline_agreement"] == 0.5


@pytest.mark.parametrize("kind", [Kind.LESION, Kind.LEVEL_SET])
def test_masks_are_one_channel_of_0_and_255(kind: Kind) -> None:
    name, data = pack(tiny.output()).files[kind]
    picture = decoded(data)
    assert name == f"{kind}.png"
    assert picture.shape == (tiny.HEIGHT_PX, tiny.WIDTH_PX)
    assert np.array_equal(picture, tiny.mask() * 255)


@pytest.mark.parametrize("kind", [Kind.LESION_OUTLINE, Kind.LEVEL_SET_OUTLINE, Kind.COLOURS, Kind.HEATMAP])
def test_overlays_are_transparent_pictures_of_the_same_size(kind: Kind) -> None:
    picture = decoded(pack(tiny.output()).files[kind][1])
    assert picture.shape == (tiny.HEIGHT_PX, tiny.WIDTH_PX, 4)
    assert picture[0, 0, 3] == 0
    assert picture[..., 3].any()


def test_the_raw_heat_map_keeps_its_sign() -> None:
    _, data = pack(tiny.output()).files[Kind.HEATMAP_RAW]
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        assert np.allclose(archive["signed"], tiny.heatmap().signed, atol=1e-3)


def test_an_outline_that_was_not_found_still_has_its_files() -> None:
    findings = pack(tiny.output(level_set=tiny.outline(failure="No border was found.")))
    assert findings.result["outline_agreement"] is None
    assert findings.result["level_set"]["failure"] == "No border was found."
    assert set(findings.files) == set(tiny.ALONE)


def test_large_images_keep_large_masks_and_get_handy_overlays() -> None:
    large = np.zeros((1500, 2000), dtype=np.bool_)
    large[500:1000, 400:1200] = True
    region = replace(tiny.abcd().regions[0], contour=np.array([[400, 500], [1199, 500], [1199, 999], [400, 999]], dtype=np.float32))
    output = replace(
        tiny.output(),
        width_px=2000,
        height_px=1500,
        lesion=replace(tiny.outline(), mask=large),
        level_set=replace(tiny.outline(), mask=large),
        abcd=replace(tiny.abcd(), regions=(region,)),
        heatmap=replace(tiny.heatmap(), signed=large.astype(np.float32)),
    )
    files = pack(output).files
    assert np.array_equal(decoded(files[Kind.LESION][1]), large * 255)
    colours = decoded(files[Kind.COLOURS][1])
    assert colours.shape == (1200, 1600, 4)
    assert np.argwhere(colours[..., 3]).min(axis=0).tolist() == [400, 320]


def test_a_shrunk_mask_keeps_its_area() -> None:
    y, x = np.ogrid[:2400, :3000]
    disc = (x - 1500) ** 2 + (y - 1200) ** 2 < 700**2
    small = shrunk(disc)
    assert small.dtype == np.bool_
    assert small.shape == (1280, 1600)
    assert small.mean() == pytest.approx(disc.mean(), rel=0.001)


def test_a_shrunk_map_keeps_its_sign() -> None:
    signed = np.full((1000, 3200), -0.25, dtype=np.float32)
    assert np.array_equal(shrunk(signed), np.full((500, 1600), -0.25, dtype=np.float32))
