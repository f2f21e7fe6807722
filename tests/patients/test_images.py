"""Adding an image: rows, files and traces come together or not at all."""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import DatabaseError, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse

from patients import audit, intake, selectors, services
from patients.capture import CaptureFields
from patients.files import FILE_MISSING, file_transaction, store
from patients.models import AuditEntry, Image, Lesion, User
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import jpeg_bytes, upload
from tests.patients.pictures import BAD, dicom_bytes

DERMOSCOPIC = CaptureFields(modality="dermoscopic")


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def content(image: Image, variant: str) -> bytes:
    with getattr(image, variant).open("rb") as opened:
        data: bytes = opened.read()
    return data


def add(cast: Cast, data: bytes, name: str = "a.jpg", capture: CaptureFields = DERMOSCOPIC) -> tuple[Image, bool]:
    return add_as(cast.ada, cast.lesion, data, name, capture)


def add_as(actor: User, lesion: Lesion, data: bytes, name: str = "a.jpg", capture: CaptureFields = DERMOSCOPIC) -> tuple[Image, bool]:
    prepared = services.prepare_image(actor=actor, lesion=lesion, upload=upload(data, name))
    return services.add_image(actor=actor, lesion=lesion, prepared=prepared, capture=capture)


def state(folder: Path) -> tuple[int, int, list[Path]]:
    return Image.objects.count(), AuditEntry.objects.count(), sorted(files_in(folder))


def test_an_image_is_stored_with_all_that_is_known_of_it(cast: Cast, stored_files: Path) -> None:
    data = jpeg_bytes(640, 480)
    capture = CaptureFields("macroscopic", "polarised", "contact", "gel", Decimal("10.0"), date(2024, 3, 1))
    image, created = add(cast, data, capture=capture)
    image.refresh_from_db()
    assert created
    assert (image.width_px, image.height_px, image.size_bytes, image.media_type) == (640, 480, len(data), "image/jpeg")
    assert image.sha256 == hashlib.sha256(data).hexdigest()
    assert content(image, "original") == data
    stored = CaptureFields(image.modality, image.polarisation, image.contact, image.immersion, image.magnification, image.taken_on)
    assert stored == capture
    assert image.pixel_spacing_mm is None


def test_a_dicom_file_brings_its_spacing_and_fills_what_was_left_open(cast: Cast, stored_files: Path) -> None:
    data = dicom_bytes(PixelSpacing=["0.05", "0.04"], ContactMethod="CONTACT", ImmersionMedia="OIL")
    image, _ = add(cast, data, capture=CaptureFields(modality="dermoscopic", immersion="gel"))
    assert (image.pixel_spacing_mm, image.pixel_spacing_origin) == ((0.05, 0.04), "dicom")
    assert (image.contact, image.immersion) == ("contact", "gel")


def test_a_large_image_has_a_file_for_pages(cast: Cast, stored_files: Path) -> None:
    large, small = add(cast, jpeg_bytes(1700, 1000))[0], add(cast, jpeg_bytes())[0]
    assert len(content(large, "display")) < len(content(large, "upright"))
    assert small.display.name == small.upright.name


def test_file_names_are_unguessable_and_say_nothing(cast: Cast, stored_files: Path) -> None:
    before = set(files_in(stored_files))
    add(cast, jpeg_bytes(), name="archer nell\0.jpg")
    new = set(files_in(stored_files)) - before
    assert len(new) == 3
    assert all(len(path.name) == 32 and int(path.name, 16) for path in new)


def test_the_same_bytes_are_the_same_image(cast: Cast, stored_files: Path) -> None:
    first, _ = add(cast, jpeg_bytes(seed=5))
    _, _, files = state(stored_files)
    again, created = add(cast, jpeg_bytes(seed=5), name="other name.png")
    assert (again, created) == (first, False)
    assert files_in(stored_files).sort() == files.sort()
    assert Image.objects.filter(lesion=cast.lesion, sha256=first.sha256).count() == 1
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == ["image.add", "image.add-again"]


def test_the_same_bytes_on_another_lesion_are_another_image(cast: Cast, stored_files: Path) -> None:
    first, _ = add(cast, jpeg_bytes(seed=5))
    other, created = add_as(cast.ada, cast.pooled_lesion, jpeg_bytes(seed=5))
    assert created
    assert other != first
    assert [image.is_elsewhere for image in selectors.images_of(cast.lesion)] == [True, False]  # type: ignore[attr-defined]


def test_whoever_sends_a_file_of_another_lesion_is_warned(cast: Cast, stored_files: Path, client: Client) -> None:
    add_as(cast.ada, cast.pooled_lesion, jpeg_bytes(seed=5))
    client.force_login(cast.ben)
    sent = {"image": upload(jpeg_bytes(seed=5)), "modality": "dermoscopic"}
    page = client.post(reverse("analysis:submit", args=[cast.lesion.pk]), sent, follow=True).content.decode()
    assert "on another lesion of this practice" in page


def test_the_same_bytes_in_another_practice_are_nobodys_business(cast: Cast, stored_files: Path) -> None:
    add(cast, jpeg_bytes(seed=5))
    add_as(cast.cleo, cast.southern_lesion, jpeg_bytes(seed=5))
    assert not any(image.is_elsewhere for image in selectors.images_of(cast.lesion))  # type: ignore[attr-defined]


def test_nothing_is_decoded_inside_a_transaction(cast: Cast, stored_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = services.prepare_image(actor=cast.ada, lesion=cast.lesion, upload=upload(jpeg_bytes()))
    monkeypatch.setattr(intake, "take_in", lambda _: pytest.fail("decoded"))
    assert services.add_image(actor=cast.ada, lesion=cast.lesion, prepared=prepared, capture=DERMOSCOPIC)[1]


@pytest.mark.parametrize("name", ["empty", "text renamed .jpg", "truncated jpeg", "png bomb", "rle dicom", "png with alpha"])
def test_a_refused_file_leaves_nothing_behind(cast: Cast, stored_files: Path, name: str) -> None:
    before = state(stored_files)
    with pytest.raises(ClinicError):
        add(cast, BAD[name][0])
    assert state(stored_files) == before


def test_a_failure_of_the_database_leaves_nothing_behind(cast: Cast, stored_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(stored_files)

    def fail(**_: Any) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(audit, "record", fail)
    with pytest.raises(DatabaseError):
        add(cast, jpeg_bytes())
    assert state(stored_files) == before


def test_a_full_disk_leaves_nothing_behind(cast: Cast, stored_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, save, calls = state(stored_files), FileSystemStorage.save, []

    def fill_up(storage: FileSystemStorage, name: str, content: Any) -> str:
        calls.append(save(storage, name, content))
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return calls[-1]

    monkeypatch.setattr(FileSystemStorage, "save", fill_up)
    with pytest.raises(OSError, match="No space"):
        add(cast, jpeg_bytes())
    assert state(stored_files) == before


def test_files_go_when_a_larger_transaction_fails(cast: Cast, stored_files: Path) -> None:
    before = state(stored_files)
    with pytest.raises(ZeroDivisionError), file_transaction():
        1 / len(add(cast, jpeg_bytes())[2:])
    assert state(stored_files) == before


def test_files_stay_when_only_an_inner_transaction_failed(db: None, stored_files: Path) -> None:
    with file_transaction():
        kept = store(b"kept")
        with pytest.raises(ZeroDivisionError), file_transaction():
            1 / len(store(b"dropped")[99:])
    assert [path.name for path in files_in(stored_files)] == [Path(kept).name]


def test_storing_needs_a_transaction(db: None, stored_files: Path) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        store(b"lost")
    assert files_in(stored_files) == []


@pytest.mark.parametrize("name", ["dana", "emil", "ines", "theo"])
def test_only_gps_add_images(cast: Cast, stored_files: Path, name: str) -> None:
    before = state(stored_files)
    with pytest.raises(ClinicError) as refused:
        add_as(cast.people[name], cast.lesion, jpeg_bytes())
    assert refused.value.http_status == 403
    assert state(stored_files) == before


def test_nobody_adds_images_to_a_lesion_they_cannot_see(cast: Cast, stored_files: Path) -> None:
    before = state(stored_files)
    with pytest.raises(Http404):
        add_as(cast.cleo, cast.lesion, jpeg_bytes())
    assert state(stored_files) == before


@pytest.mark.parametrize(
    ("variant", "media_type", "disposition"),
    [("upright", "image/png", "inline"), ("thumbnail", "image/jpeg", "inline"), ("original", "application/dicom", "attachment")],
)
def test_files_are_handed_out_with_care(
    cast: Cast, stored_files: Path, client: Client, variant: str, media_type: str, disposition: str
) -> None:
    image, _ = add(cast, dicom_bytes(), name="secret name.dcm")
    client.force_login(cast.ada)
    response = client.get(reverse("patients:image-file", args=[image.pk, variant]))
    assert response.getvalue() == content(image, variant)
    assert response["Content-Type"] == media_type
    assert response["Content-Disposition"].startswith(disposition)
    assert "secret" not in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))
    entry = AuditEntry.objects.latest("id")
    action = "image.export-original" if variant == "original" else "image.read"
    assert (entry.action, entry.object_id, entry.patient, entry.detail) == (action, str(image.pk), cast.patient, {"variant": variant})


def test_a_file_that_vanished_is_told_in_words_and_not_recorded_as_read(
    cast: Cast, stored_files: Path, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    image, _ = add(cast, jpeg_bytes())
    image.thumbnail.storage.delete(str(image.thumbnail.name))
    client.force_login(cast.ada)
    response = client.get(reverse("patients:image-file", args=[image.pk, "thumbnail"]))
    assert response.status_code == 404
    assert FILE_MISSING in response.content.decode()
    assert not AuditEntry.objects.filter(action="image.read", object_id=str(image.pk)).exists()
    assert "stored file cannot be read" in caplog.text
    other = client.get(reverse("patients:image-file", args=[image.pk, "upright"]))
    assert other.getvalue() == content(image, "upright")


@pytest.mark.parametrize("name", ["dana", "ines"])
def test_originals_are_for_gps_of_the_practice(cast: Cast, client: Client, name: str) -> None:
    services.break_glass(actor=cast.ines, practice=cast.north, record_number="N1", reason="Complaint of the 3rd")
    client.force_login(cast.people[name])
    address = reverse("patients:image-file", args=[cast.image.pk, "original"])
    assert client.get(address).status_code == 403
    assert address not in client.get(cast.lesion.get_absolute_url()).content.decode()
    assert not AuditEntry.objects.filter(action="image.export-original").exists()


def test_another_file_of_an_image_does_not_exist(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    assert client.get(f"/images/{cast.image.pk}/sha256/").status_code == 404
