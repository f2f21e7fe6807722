"""The picture without hair, and in more light: offered only where there is one, and never as what was diagnosed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from analysis.findings import pack
from analysis.models import Analysis, Kind, Status
from analysis.presentation.evidence import named
from analysis.presentation.report import Report
from analysis.vision import overlay
from analysis.vision.types import Finding, Lightened, Occluded, Output
from patients.models import Image
from tests.analysis import tiny
from tests.analysis.pages import page, with_result
from tests.analysis.states import in_state
from tests.analysis.test_evidence_on_page import finding

SIZE = tiny.HEIGHT_PX, tiny.WIDTH_PX
ORANGE = (200, 120, 40)


def altered_output() -> Output:
    """A hair along the middle, painted over with orange, on a picture too dark."""
    hair = np.zeros(SIZE, np.bool_)
    hair[20] = True
    painted = overlay.painted_over(np.full((*SIZE, 3), ORANGE, np.uint8), hair)
    lighter = Lightened(1.35, np.full((*SIZE, 3), ORANGE, np.uint8))
    found = (Finding("light", "lightened", effect=-0.1, is_clear=True), Finding("occlusion", "hair_or_ruler", effect=0.31, is_clear=True))
    return replace(tiny.output(), occluded=Occluded(0.025, 0.0, True, painted), lightened=lighter, evidence=found)


@pytest.fixture
def altered(image: Image) -> Analysis:
    from analysis import services

    analysis = in_state(image, Status.QUEUED)
    services.run_analysis(pk=analysis.pk, analyser=lambda *_args, **_kwargs: altered_output())
    analysis.refresh_from_db()
    return analysis


def captions(analysis: Analysis) -> dict[str, str]:
    return {shown.key: shown.caption for shown in Report(analysis).overlays}


def test_what_was_painted_over_is_a_transparent_layer_of_its_own() -> None:
    _, data = pack(altered_output()).files[Kind.CLEARED]
    layer = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert layer is not None
    assert layer[20].tolist() == [[40, 120, 200, 255]] * tiny.WIDTH_PX, "OpenCV's order"
    assert np.flatnonzero(layer[..., 3].any(axis=1)).tolist() == [18, 19, 20, 21, 22], "and a seam"


def test_the_lighter_picture_is_a_jpeg() -> None:
    name, data = pack(altered_output()).files[Kind.LIGHTENED]
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert name == "lightened.jpg"
    assert picture is not None
    assert np.abs(picture[..., ::-1].astype(int) - ORANGE).max() <= 3


def test_what_was_made_is_told_in_the_result() -> None:
    document = pack(altered_output()).result
    assert document["altered"] == ["cleared", "lightened"]
    assert document["lightened"] == {"gamma": 1.35}
    assert document["occluded"] == {"hair_share": 0.025, "ruler_share": 0.0, "was_cleared": True}
    assert pack(tiny.output()).result["altered"] == []


def test_the_page_offers_both_and_says_which_picture_was_diagnosed(ada: Client, altered: Analysis) -> None:
    content = page(ada, "analysis:detail", altered.pk)
    assert "Hair and ruler removed" in content
    assert "Made lighter" in content
    found = captions(altered)
    assert found["cleared"] == (
        "Hair and rulers painted over. The diagnoses are of the picture as it is (70.0 % malignant); of this one it would be 39.0 %."
    )
    assert found["lightened"] == (
        "The picture made lighter (gamma 1.35). "
        "The diagnoses are of the picture as it is (70.0 % malignant); of this one it would be 80.0 %."
    )


@pytest.mark.parametrize(
    ("kind", "media_type", "begins"), [(Kind.CLEARED, "image/png", b"\x89PNG"), (Kind.LIGHTENED, "image/jpeg", b"\xff\xd8\xff")]
)
def test_each_is_served_as_what_it_is(ada: Client, altered: Analysis, kind: Kind, media_type: str, begins: bytes) -> None:
    response = ada.get(reverse("analysis:artefact", args=[altered.pk, kind]))
    assert response["Content-Type"] == media_type
    assert b"".join(response.streaming_content).startswith(begins)  # type: ignore[attr-defined]


def test_only_pictures_that_stand_for_the_image_start_opaque(altered: Analysis) -> None:
    assert [shown.key for shown in Report(altered).overlays if shown.is_picture] == ["cleared", "lightened"]


def test_of_an_image_unlike_the_validated_ones_no_other_answer_is_told(altered: Analysis) -> None:
    altered.result = (altered.result or {}) | {"familiarity": {"unfamiliar": 0.9, "is_unfamiliar": True}}
    for kind in ("cleared", "lightened"):
        assert captions(altered)[kind].endswith("The diagnoses are of the picture as it is.")


def test_nothing_is_offered_where_nothing_was_altered_or_kept(ada: Client, finished: Analysis) -> None:
    """Neither for a picture without hair in good light, nor for results from before such pictures were kept."""
    earlier = {"hair_share": 0.03, "ruler_share": 0.0, "was_cleared": True}
    for result in (finished, with_result(finished, altered=None, occluded=earlier)):
        content = page(ada, "analysis:detail", result.pk)
        assert "Hair and ruler removed" not in content
        assert "Made lighter" not in content


@pytest.mark.parametrize(
    ("stored", "effect"),
    [
        (finding("light", "lightened", effect=-0.1, is_clear=True), "33.1 % when made lighter"),
        (finding("light", "lightened", effect=-0.001), "no clear change when made lighter"),
        (finding("occlusion", "hair_or_ruler", effect=0.1, is_clear=True), "13.1 % without it"),
    ],
)
def test_what_altering_does_to_the_answer_is_a_row_of_its_own(stored: dict[str, Any], effect: str) -> None:
    row = named(stored, 0.231)
    assert row.effect == effect
    assert row.name in ("Too little light", "Hair or a ruler")
    assert "as it is" in row.meaning
