"""DICOM files of each class that can be stored, with the fields of the Dermoscopic Image Module, as they arrive in the records."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from patients import intake
from patients.models import Image
from tests.cast import Cast
from tests.factories import drawn_pixels, upload
from tests.patients.pictures import BAD, DERMOSCOPIC, PHOTOGRAPHIC, SECONDARY_CAPTURE, dicom_bytes

MODULE: dict[str, Any] = {
    "LightSourcePolarization": "POLARIZED",
    "ContactMethod": "NONCONTACT",
    "ImmersionMedia": ["NONE"],
    "OpticalMagnificationFactor": "10.04",
    "AcquisitionDateTime": "20240229101500",
    "PixelSpacing": ["0.02", "0.02"],
}


def sent(client: Client, cast: Cast, data: bytes, **fields: str) -> Any:
    client.force_login(cast.ada)
    form = {"image": upload(data, "a.dcm"), "modality": "dermoscopic"} | fields
    return client.post(reverse("analysis:submit", args=[cast.lesion.pk]), form, headers={"accept": "application/json"})


@pytest.mark.parametrize("sop_class", [DERMOSCOPIC, PHOTOGRAPHIC, SECONDARY_CAPTURE])
def test_each_class_brings_its_capture_fields_into_the_record(cast: Cast, client: Client, stored_files: Path, sop_class: str) -> None:
    answer = sent(client, cast, dicom_bytes(sop_class, **MODULE))
    assert answer.status_code == 202
    image = Image.objects.get(pk=answer.json()["image_id"])
    assert (image.polarisation, image.contact, image.immersion) == ("polarised", "non_contact", "none")
    assert (image.magnification, image.taken_on) == (Decimal("10.0"), date(2024, 2, 29))
    assert (image.pixel_spacing_mm, image.pixel_spacing_origin, image.media_type) == ((0.02, 0.02), "dicom", "application/dicom")


def test_what_somebody_states_stands_above_what_the_file_says(cast: Cast, client: Client, stored_files: Path) -> None:
    answer = sent(client, cast, dicom_bytes(**MODULE), polarisation="non_polarised", magnification="20")
    image = Image.objects.get(pk=answer.json()["image_id"])
    assert (image.polarisation, image.magnification, image.contact) == ("non_polarised", Decimal("20.0"), "non_contact")


@pytest.mark.parametrize("name", [name for name in BAD if "dicom" in name])
def test_a_broken_file_is_refused_in_one_sentence(cast: Cast, client: Client, stored_files: Path, name: str) -> None:
    before = Image.objects.count()
    data, code = BAD[name]
    answer = sent(client, cast, data)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert Image.objects.count() == before


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"LightSourcePolarization": "NONPOLARIZED"}, "non_polarised"),
        ({"LightSourcePolarization": "UNPOLARIZED"}, "non_polarised"),
        ({"LightSourcePolarization": "polarized"}, "polarised"),
        ({}, ""),
    ],
)
def test_polarisation_is_read_however_it_is_spelt(terms: dict[str, str], expected: str) -> None:
    assert intake.take_in(dicom_bytes(**terms)).capture.polarisation == expected


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (["ALCOHOL"], "alcohol"),
        (["MINERAL_OIL"], "oil"),
        (["WATER", "GEL"], "water"),
        (["DISINFECTANT"], "alcohol"),
        ("DRY", "none"),
    ],
)
def test_of_several_immersion_media_the_first_counts(terms: Any, expected: str) -> None:
    assert intake.take_in(dicom_bytes(ImmersionMedia=terms)).capture.immersion == expected


@pytest.mark.parametrize("spacing", [["0.02"], ["0.02", "-1"], ["50", "50"], [], ["0.02", "0.02", "0.02"]])
def test_a_spacing_that_cannot_be_one_is_none(spacing: list[str]) -> None:
    assert intake.take_in(dicom_bytes(PixelSpacing=spacing)).pixel_spacing_mm is None


def test_colours_stored_plane_by_plane_are_put_together() -> None:
    pixels = drawn_pixels()
    planes = np.ascontiguousarray(pixels.transpose(2, 0, 1))
    taken = intake.take_in(dicom_bytes(PlanarConfiguration=1, PixelData=planes.tobytes()))
    assert (taken.width_px, taken.height_px) == (160, 120)
    assert taken.upright == intake.take_in(dicom_bytes(pixels=pixels)).upright
