"""A result knows the scale it was measured with; with another one it can be asked for again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from analysis import services
from analysis.models import Analysis, Status
from analysis.scale import has_other_scale
from patients.models import Image, Lesion
from patients.ruler import Ruler
from patients.services import calibrate_image, take_scale
from tests.analysis.pages import page, with_result
from tests.analysis.states import in_state
from tests.analysis.tiny import TinyAnalyser
from tests.factories import make_dermatoscope, make_image

pytestmark = pytest.mark.django_db

AGAIN = "Analyse again with millimetres"


def measured(image: Image, length_mm: float = 10) -> Image:
    calibrate_image(actor=image.lesion.created_by, image=image, ruler=Ruler(0, 0, 100, 0, length_mm))
    image.refresh_from_db()
    return image


def analysed(image: Image) -> Analysis:
    analysis = services.request_analysis(actor=image.lesion.created_by, image=image)
    services.run_analysis(pk=analysis.pk, analyser=TinyAnalyser())
    return Analysis.objects.get(pk=analysis.pk)


def test_a_result_without_millimetres_is_answered_anew_after_a_measurement(image: Image, ada: Client) -> None:
    first = analysed(image)
    assert (first.result or {})["pixel_spacing_mm"] is None
    assert not has_other_scale(first)
    assert AGAIN not in page(ada, "analysis:detail", first.pk)
    measured(image)
    assert has_other_scale(Analysis.objects.get(pk=first.pk))
    assert AGAIN in page(ada, "analysis:detail", first.pk)
    assert ada.post(reverse("analysis:latest", args=[image.pk])).status_code == 302
    second = analysed(image)
    assert second != first
    assert (second.result or {})["pixel_spacing_mm"] == [0.1, 0.1]
    assert (second.result or {})["abcd"]["diameter_1_mm"] == pytest.approx(2.0)
    assert services.request_analysis(actor=image.lesion.created_by, image=image) == second
    assert AGAIN not in page(ada, "analysis:detail", second.pk)


def test_another_measurement_makes_another_answer(image: Image) -> None:
    first = analysed(measured(image))
    assert not has_other_scale(first)
    measured(image, length_mm=12)
    assert has_other_scale(Analysis.objects.get(pk=first.pk))


def test_the_same_measurement_again_changes_nothing(image: Image) -> None:
    first = analysed(measured(image))
    measured(image)
    assert not has_other_scale(Analysis.objects.get(pk=first.pk))


def test_results_from_before_the_scale_was_kept_count_by_what_it_is_now(lesion: Lesion, image: Image) -> None:
    scale: dict[str, Any] = {"pixel_spacing_row_mm": 0.1, "pixel_spacing_column_mm": 0.1, "pixel_spacing_origin": "dicom"}
    of_device = analysed(make_image(lesion, **scale))
    assert not has_other_scale(with_result(of_device, pixel_spacing_mm=None))
    old = with_result(analysed(image), pixel_spacing_mm=None)
    assert not has_other_scale(old)
    measured(image)
    assert has_other_scale(Analysis.objects.get(pk=old.pk))


def test_the_scale_of_a_dermatoscope_makes_another_answer_too(lesion: Lesion, image: Image, ada: Client) -> None:
    device = make_dermatoscope(make_image(lesion), field_width_mm=16)
    first = analysed(image)
    take_scale(actor=lesion.created_by, image=image, dermatoscope=device)
    assert has_other_scale(Analysis.objects.get(pk=first.pk))
    shown = page(ada, "analysis:detail", first.pk)
    assert AGAIN in shown
    assert "another scale since, from a dermatoscope" in shown
    assert "Millimetres:" not in shown
    second = analysed(Image.objects.get(pk=image.pk))
    assert (second.result or {})["pixel_spacing_mm"] == [0.1, 0.1]
    assert "Millimetres: Carried over from a dermatoscope (Lens)." in page(ada, "analysis:detail", second.pk)
    assert not has_other_scale(Analysis.objects.get(pk=second.pk))


def test_marked_regions_are_measured_anew_too(image: Image) -> None:
    part = in_state(image, Status.QUEUED, region=[10, 10, 80, 80])
    services.run_analysis(pk=part.pk, analyser=TinyAnalyser())
    measured(image)
    again = services.request_analysis(actor=image.lesion.created_by, image=image, region=Analysis.objects.get(pk=part.pk).marked)
    assert again.pk != part.pk
