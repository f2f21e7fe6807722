"""A dermatoscope is measured once on a ruler; pictures of the same field take their millimetres from it, and from nothing that differs."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import Http404
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from analysis.models import Analysis
from patients import services
from patients.capture import CaptureFields
from patients.models import AuditEntry, Calibration, Dermatoscope, Image, Lesion
from patients.ruler import Frame, Ruler
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import jpeg_bytes, make_dermatoscope, make_image, upload
from tests.patients.pictures import dicom_bytes
from tests.patients.test_races import at_once, together  # noqa: F401

RULER = Ruler(0, 0, 100, 0, 10)
"""0.1 mm a pixel: 16 mm along the longer side of a picture of 160 × 120."""
DICOM: dict[str, Any] = {"pixel_spacing_row_mm": 0.02, "pixel_spacing_column_mm": 0.02, "pixel_spacing_origin": "dicom"}


def state() -> tuple[object, ...]:
    images = list(Image.objects.order_by("pk").values_list("pixel_spacing_row_mm", "pixel_spacing_origin", "dermatoscope"))
    scopes = list(Dermatoscope.objects.order_by("pk").values())
    return images, scopes, Calibration.objects.count(), AuditEntry.objects.count()


def measured(image: Image, ruler: Ruler = RULER) -> Calibration:
    return services.calibrate_image(actor=image.uploaded_by, image=image, ruler=ruler)


def fresh(image: Image) -> Image:
    return Image.objects.get(pk=image.pk)


# --- The frame ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width_px", "height_px", "fits"),
    [(4000, 3000, True), (3000, 4000, True), (1600, 1200, True), (4000, 3030, True), (4000, 2971, True), (3999, 3000, True),
     (4000, 2950, False), (4000, 3050, False), (4000, 2250, False), (3000, 3000, False), (3000, 3050, False)],
)  # fmt: skip
def test_a_whole_frame_has_its_proportions_in_either_orientation(width_px: int, height_px: int, fits: bool) -> None:
    assert Frame(4000, 3000, 16).has_shape_of(width_px, height_px) is fits
    assert Frame(3000, 4000, 16).has_shape_of(width_px, height_px) is fits


def test_the_scale_is_carried_over_by_the_width_of_the_field() -> None:
    frame = Frame.of(Ruler(0, 0, 0, 500, length_mm=2), 4000, 3000)
    assert frame.longer_side_mm == pytest.approx(16)
    assert frame.across(4000, 3000).spacing_mm == pytest.approx(0.004)
    assert frame.across(1000, 750) == Ruler(0, 0, 1000, 0, frame.longer_side_mm)
    assert frame.across(750, 1000) == Ruler(0, 0, 0, 1000, frame.longer_side_mm)


@given(st.integers(100, 8000), st.integers(100, 8000), st.floats(0.01, 1), st.integers(2, 4))
def test_the_same_field_is_as_wide_in_any_resolution(width_px: int, height_px: int, spacing_mm: float, times: int) -> None:
    frame = Frame.of(Ruler(0, 0, 100, 0, 100 * spacing_mm), width_px, height_px)
    assert frame.has_shape_of(width_px * times, height_px * times)
    assert frame.across(width_px * times, height_px * times).spacing_mm == pytest.approx(spacing_mm / times)
    assert frame.across(height_px, width_px).spacing_mm == pytest.approx(spacing_mm)


# --- Keeping one -------------------------------------------------------------------------------------------------------


def test_what_was_measured_on_a_ruler_is_kept_for_others(cast: Cast) -> None:
    found = measured(cast.image)
    kept = services.keep_dermatoscope(actor=cast.ben, image=cast.image, measured=found.pk, name="Lens")
    assert (kept.practice, kept.name, kept.by, kept.measured_in, kept.is_in_use) == (cast.north, "Lens", cast.ben, found, True)
    assert kept.frame == Frame(160, 120, 16)
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.patient, entry.detail) == ("dermatoscope.create", cast.patient, {"calibration": str(found.pk)})


def test_only_a_ruler_in_a_dermoscopic_picture_measures_a_dermatoscope(cast: Cast) -> None:
    overview, of_device = make_image(cast.lesion, modality="macroscopic"), make_image(cast.lesion, **DICOM)
    found = measured(overview)
    carried = make_image(cast.lesion)
    services.take_scale(actor=cast.ada, image=carried, dermatoscope=make_dermatoscope(cast.free_image))
    before = state()
    for image in (overview, of_device, carried, cast.image):
        with pytest.raises(ClinicError, match="with a ruler in view") as refused:
            services.keep_dermatoscope(actor=cast.ada, image=image, measured=found.pk, name="X")
        assert refused.value.code == "dermatoscope_needs_ruler"
    assert state() == before


def test_what_somebody_measured_meanwhile_is_looked_at_first(cast: Cast) -> None:
    seen = measured(cast.image)
    measured(cast.image, Ruler(0, 0, 100, 0, 11))
    before = state()
    for pk in (seen.pk, uuid4()):
        with pytest.raises(ClinicError, match="meanwhile") as refused:
            services.keep_dermatoscope(actor=cast.ada, image=cast.image, measured=pk, name="Lens")
        assert (refused.value.http_status, state()) == (409, before)


@pytest.mark.parametrize(("length_mm", "said"), [(1, "2 mm"), (90, "144 mm")])
def test_a_field_no_dermatoscope_has_is_refused(cast: Cast, length_mm: float, said: str) -> None:
    found = measured(cast.image, Ruler(0, 0, 100, 0, length_mm))
    before = state()
    with pytest.raises(ClinicError, match=f"shows {said} of skin"):
        services.keep_dermatoscope(actor=cast.ada, image=cast.image, measured=found.pk, name="Lens")
    assert state() == before


def test_a_name_is_taken_until_its_owner_is_retired(cast: Cast) -> None:
    first = make_dermatoscope(cast.image, "Lens")
    before = state()
    with pytest.raises(ClinicError, match="of this name already") as refused:
        services.keep_dermatoscope(actor=cast.ada, image=cast.image, measured=first.measured_in_id, name="LENS")
    assert (refused.value.code, state()) == ("name_taken", before)
    assert make_dermatoscope(cast.southern_image, "Lens").practice == cast.south
    services.retire_dermatoscope(actor=cast.ada, dermatoscope=first)
    assert make_dermatoscope(cast.image, "lens").is_in_use


def test_it_is_retired_once_and_never_changed(cast: Cast) -> None:
    device = make_dermatoscope(cast.image)
    for _ in range(2):
        services.retire_dermatoscope(actor=cast.ben, dermatoscope=device)
    device.refresh_from_db()
    assert (device.is_in_use, device.retired_by) == (False, cast.ben)
    assert AuditEntry.objects.filter(action="dermatoscope.retire").count() == 1
    for change in (lambda: Dermatoscope.objects.update(field_width_mm=1), Dermatoscope.objects.all().delete):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            change()


# --- Taking the scale of one -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width_px", "height_px", "spacing_mm"), [(160, 120, 0.1), (120, 160, 0.1), (1600, 1200, 0.01)])
def test_a_picture_takes_its_scale_and_says_from_where(cast: Cast, width_px: int, height_px: int, spacing_mm: float) -> None:
    device = make_dermatoscope(cast.free_image)
    image = make_image(cast.lesion, width_px=width_px, height_px=height_px)
    services.take_scale(actor=cast.ada, image=image, dermatoscope=device)
    image = fresh(image)
    assert image.pixel_spacing_mm == pytest.approx((spacing_mm, spacing_mm))
    assert (image.pixel_spacing_origin, image.dermatoscope) == ("profile", device)
    assert image.scale_origin == "Carried over from a dermatoscope (Lens)"
    row = image.calibrations.get()
    assert (row.dermatoscope, row.by, row.length_mm) == (device, cast.ada, 16)
    assert row.ruler.spacing_mm == pytest.approx(spacing_mm)
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.patient) == ("image.take-scale", cast.patient)
    assert entry.detail == {"calibration": str(row.pk), "dermatoscope": str(device.pk)}


def test_the_newest_counts_whether_ruler_or_dermatoscope(cast: Cast) -> None:
    device = make_dermatoscope(cast.free_image)
    measured(cast.image, Ruler(0, 0, 100, 0, 12))
    services.take_scale(actor=cast.ada, image=cast.image, dermatoscope=device)
    assert fresh(cast.image).pixel_spacing_mm == (0.1, 0.1)
    measured(cast.image, Ruler(0, 0, 100, 0, 12))
    image = fresh(cast.image)
    assert (image.pixel_spacing_mm, image.pixel_spacing_origin, image.dermatoscope) == ((0.12, 0.12), "ruler", None)
    assert [row.dermatoscope for row in image.calibrations.all()] == [None, device, None]


def test_the_same_again_is_no_error_and_no_second_row(cast: Cast) -> None:
    device = make_dermatoscope(cast.free_image)
    services.take_scale(actor=cast.ada, image=cast.image, dermatoscope=device)
    before = state()
    services.take_scale(actor=cast.ada, image=cast.image, dermatoscope=device)
    assert state() == before


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"height_px": 100}, "cropped or taken with another camera setting: it has 160 × 100 pixels"),
        ({"width_px": 16, "height_px": 12} , "in its full size"),
        ({"modality": "macroscopic"}, "Only a dermoscopic picture"),
        (DICOM, "DICOM Pixel Spacing"),
    ],
)  # fmt: skip
def test_a_picture_that_cannot_have_taken_its_field_is_refused(cast: Cast, fields: dict[str, Any], said: str) -> None:
    device, image = make_dermatoscope(cast.free_image, field_width_mm=20), make_image(cast.lesion, **fields)
    before = state()
    with pytest.raises(ClinicError, match=said) as refused:
        services.take_scale(actor=cast.ada, image=image, dermatoscope=device)
    assert (refused.value.http_status, state()) == (409, before)


def test_retired_none_takes_its_scale_and_those_that_have_keep_it(cast: Cast) -> None:
    device = make_dermatoscope(cast.free_image)
    services.take_scale(actor=cast.ada, image=cast.image, dermatoscope=device)
    services.retire_dermatoscope(actor=cast.ada, dermatoscope=device)
    assert fresh(cast.image).dermatoscope == device
    with pytest.raises(ClinicError, match="has been retired"):
        services.take_scale(actor=cast.ada, image=cast.pooled_image, dermatoscope=device)


@pytest.mark.parametrize(("name", "error"), [("cleo", Http404), ("dana", ClinicError), ("ines", ClinicError), ("theo", ClinicError)])
def test_only_the_practice_knows_its_dermatoscopes(cast: Cast, name: str, error: type[Exception]) -> None:
    actor, device, found = cast.people[name], make_dermatoscope(cast.free_image), measured(cast.image)
    before = state()
    for act in (
        lambda: services.take_scale(actor=actor, image=cast.image, dermatoscope=device),
        lambda: services.keep_dermatoscope(actor=actor, image=cast.image, measured=found.pk, name="X"),
        lambda: services.retire_dermatoscope(actor=actor, dermatoscope=device),
    ):
        with pytest.raises(error):
            act()
    with pytest.raises(error):
        services.take_scale(actor=actor, image=cast.southern_image, dermatoscope=device)
    assert state() == before


# --- Two at once -------------------------------------------------------------------------------------------------------


def test_the_same_name_kept_at_once_is_kept_once(together: Cast) -> None:  # noqa: F811
    found = measured(together.image)

    def keep(actor: Any) -> str:
        try:
            services.keep_dermatoscope(actor=actor, image=together.image, measured=found.pk, name="Lens")
        except ClinicError as refused:
            return refused.code
        return "kept"

    assert sorted(at_once(keep, [together.ada, together.ben])) == ["kept", "name_taken"]
    assert Dermatoscope.objects.count() == AuditEntry.objects.filter(action="dermatoscope.create").count() == 1


def test_the_same_scale_taken_at_once_is_taken_once(together: Cast) -> None:  # noqa: F811
    device = make_dermatoscope(together.free_image)
    at_once(lambda actor: services.take_scale(actor=actor, image=together.image, dermatoscope=device), [together.ada, together.ben])
    assert together.image.calibrations.count() == 1


def test_retired_by_two_at_once_it_is_retired_once(together: Cast) -> None:  # noqa: F811
    device = make_dermatoscope(together.free_image)
    at_once(lambda actor: services.retire_dermatoscope(actor=actor, dermatoscope=device), [together.ada, together.ben])
    assert AuditEntry.objects.filter(action="dermatoscope.retire").count() == 1


# --- Sending pictures --------------------------------------------------------------------------------------------------


def send(client: Client, lesion: Lesion, data: bytes, device: Dermatoscope, *, json: bool = True, modality: str = "dermoscopic") -> Any:
    sent = {"image": upload(data), "modality": modality, "dermatoscope": str(device.pk)}
    return client.post(reverse("analysis:submit", args=[lesion.pk]), sent, headers={"accept": "application/json"} if json else {})


def test_a_picture_is_sent_with_the_scale_of_its_dermatoscope(cast: Cast, client: Client) -> None:
    device = make_dermatoscope(cast.free_image)
    client.force_login(cast.ada)
    answer = send(client, cast.lesion, jpeg_bytes(320, 240), device)
    assert (answer.status_code, answer.json()["notice"]) == (202, "")
    image = Image.objects.get(pk=answer.json()["image_id"])
    assert (image.pixel_spacing_mm, image.dermatoscope) == ((0.05, 0.05), device)
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions)[-3:] == ["image.add", "image.take-scale", "analysis.submit"]


@pytest.mark.parametrize("json", [True, False])
def test_a_picture_that_does_not_fit_is_stored_and_the_reason_is_told(cast: Cast, client: Client, json: bool) -> None:
    device = make_dermatoscope(cast.free_image)
    client.force_login(cast.ada)
    answer = send(client, cast.lesion, jpeg_bytes(320, 180), device, json=json)
    image = Image.objects.get(lesion=cast.lesion, width_px=320)
    assert (image.pixel_spacing_mm, image.dermatoscope, image.calibrations.count()) == (None, None, 0)
    assert Analysis.objects.filter(image=image).count() == 1
    told = answer.json()["notice"] if json else client.get(answer["Location"]).content.decode()
    assert "The picture is stored, without the scale of “Lens”. This picture was cropped or taken with another camera setting" in told


def test_what_the_device_states_itself_is_never_replaced(cast: Cast, client: Client) -> None:
    device = make_dermatoscope(cast.free_image)
    client.force_login(cast.ada)
    answer = send(client, cast.lesion, dicom_bytes(PixelSpacing=["0.02", "0.02"]), device).json()
    image = Image.objects.get(pk=answer["image_id"])
    assert (image.pixel_spacing_origin, image.dermatoscope) == ("dicom", None)
    assert "carries the scale of the device" in answer["notice"]


def test_a_macroscopic_picture_has_none(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    answer = send(client, cast.lesion, jpeg_bytes(), make_dermatoscope(cast.free_image), modality="macroscopic").json()
    assert "Only a dermoscopic picture" in answer["notice"]
    assert Image.objects.get(pk=answer["image_id"]).pixel_spacing_mm is None


def test_retired_while_the_page_was_open_the_picture_is_stored_without(cast: Cast, client: Client) -> None:
    device = make_dermatoscope(cast.free_image)
    services.retire_dermatoscope(actor=cast.ada, dermatoscope=device)
    client.force_login(cast.ada)
    answer = send(client, cast.lesion, jpeg_bytes(), device).json()
    assert "without the scale of “Lens”. This dermatoscope has been retired." in answer["notice"]
    assert Image.objects.get(pk=answer["image_id"]).pixel_spacing_mm is None


def test_a_picture_that_was_here_keeps_what_it_has(cast: Cast, client: Client) -> None:
    device, data = make_dermatoscope(cast.free_image), jpeg_bytes()
    prepared = services.prepare_image(actor=cast.ada, lesion=cast.lesion, upload=upload(data))
    services.add_image(actor=cast.ada, lesion=cast.lesion, prepared=prepared, capture=CaptureFields(modality="dermoscopic"))
    client.force_login(cast.ada)
    answer = send(client, cast.lesion, data, device).json()
    assert answer["duplicate"]
    assert "It was here already, and its scale is left as it was." in answer["notice"]
    assert Image.objects.get(pk=answer["image_id"]).pixel_spacing_mm is None


@pytest.mark.parametrize("key", ["southern", "no key at all", "c0ffee00-0000-4000-8000-000000000000"])
def test_no_picture_is_sent_with_somebody_elses_dermatoscope(cast: Cast, client: Client, key: str) -> None:
    device = make_dermatoscope(cast.southern_image)
    before = state()
    client.force_login(cast.ada)
    sent = {"image": upload(jpeg_bytes()), "modality": "dermoscopic", "dermatoscope": str(device.pk) if key == "southern" else key}
    answer = client.post(reverse("analysis:submit", args=[cast.lesion.pk]), sent, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "incomplete-form")
    assert state() == before


# --- Pages -------------------------------------------------------------------------------------------------------------


def text(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_the_upload_form_offers_what_is_in_use(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    lesion = cast.lesion.get_absolute_url()
    assert 'name="dermatoscope"' not in text(client, lesion)
    device = make_dermatoscope(cast.free_image, "Lens & <b>phone</b>")
    make_dermatoscope(cast.southern_image, "Southern")
    assert "Lens &amp; &lt;b&gt;phone&lt;/b&gt;</option>" in text(client, lesion)
    assert "Southern" not in text(client, lesion)
    services.retire_dermatoscope(actor=cast.ada, dermatoscope=device)
    assert 'name="dermatoscope"' not in text(client, lesion)


def test_from_the_ruler_to_the_next_picture(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    page = reverse("patients:calibrate", args=[cast.image.pk])
    assert "Use this scale" not in text(client, page)
    found = measured(cast.image)
    assert "Use this scale for pictures from the same dermatoscope" in text(client, page)
    keep = reverse("patients:dermatoscope-keep", args=[cast.image.pk])
    assert client.post(keep, {"name": " ", "measured": str(found.pk)}).status_code == 400
    assert not Dermatoscope.objects.exists()
    assert "It is kept as “Lens”" in client.post(keep, {"name": "Lens", "measured": str(found.pk)}, follow=True).content.decode()
    other = reverse("patients:calibrate", args=[cast.pooled_image.pk])
    assert "only while the device, its camera and the zoom are unchanged" in text(client, other)
    sent = {"dermatoscope": str(Dermatoscope.objects.get().pk)}
    done = client.post(reverse("patients:take-scale", args=[cast.pooled_image.pk]), sent, follow=True).content.decode()
    assert "Carried over from a dermatoscope (Lens)." in done
    assert "the field of “Lens”" in done
    assert "carried over by Ada" in done
    assert "Analyse again with millimetres" in done


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("southern", "Choose a dermatoscope of your practice."),
        ("", "Choose a dermatoscope."),
        ("no key at all", "is not a valid UUID"),
        ("cropped", "This picture was cropped"),
    ],
)
def test_a_refusal_is_told_on_the_page_and_stores_nothing(cast: Cast, client: Client, key: str, said: str) -> None:
    southern, device = make_dermatoscope(cast.southern_image), make_dermatoscope(cast.free_image)
    image = make_image(cast.lesion, height_px=100)
    before = state()[:3]
    client.force_login(cast.ada)
    sent = {"dermatoscope": str({"southern": southern.pk, "cropped": device.pk}.get(key, key))}
    answer = client.post(reverse("patients:take-scale", args=[image.pk]), sent)
    assert (answer.status_code, said in answer.content.decode(), state()[:3]) == (400, True, before)


def test_a_dermatologist_sees_the_origin_and_is_offered_nothing(cast: Cast, client: Client) -> None:
    services.take_scale(actor=cast.ada, image=cast.image, dermatoscope=make_dermatoscope(cast.free_image))
    client.force_login(cast.dana)
    shown = text(client, reverse("patients:calibrate", args=[cast.image.pk]))
    assert "Carried over from a dermatoscope (Lens)." in shown
    assert "Take its scale" not in shown
    other = make_image(cast.lesion)
    assert "Carried over from a dermatoscope (Lens)" in text(client, reverse("analysis:compare", args=[cast.image.pk, other.pk]))


def test_the_list_tells_how_each_was_measured(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    path = reverse("patients:dermatoscopes")
    assert "None yet." in text(client, path)
    old, new = make_dermatoscope(cast.free_image, "Old lens"), make_dermatoscope(cast.image, "New lens")
    make_dermatoscope(cast.southern_image, "Southern")
    services.take_scale(actor=cast.ada, image=cast.pooled_image, dermatoscope=new)
    assert client.post(reverse("patients:dermatoscope-retire", args=[old.pk])).status_code == 302
    shown = text(client, path)
    assert "16.0 mm along the longer side, 160 × 120 pixels" in shown
    assert "1 picture has its scale from it" in shown
    assert "0 pictures have their scale from it" in shown
    assert "retired by Ada" in shown
    assert "Southern" not in shown


def test_the_number_of_queries_does_not_grow_with_the_dermatoscopes(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    pages = [reverse("patients:dermatoscopes"), reverse("patients:calibrate", args=[cast.image.pk]), cast.lesion.get_absolute_url()]

    def counts() -> list[int]:
        found = []
        for path in pages:
            with CaptureQueriesContext(connection) as queries:
                text(client, path)
            found.append(len(queries))
        return found

    def grow(name: str) -> None:
        device = make_dermatoscope(cast.free_image, name)
        services.take_scale(actor=cast.ada, image=cast.image, dermatoscope=device)
        services.take_scale(actor=cast.ada, image=make_image(cast.lesion), dermatoscope=device)

    grow("First")
    before = counts()
    for name in ("Second", "Third", "Fourth"):
        grow(name)
    assert counts() == before
