"""A close-up and the picture that shows where it was taken; pictures in the order of a lesion's visits; closed practices."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.http import Http404
from django.test import Client
from django.urls import reverse

from patients import selectors, services
from patients.capture import CaptureFields
from patients.models import AuditEntry, Case, CaseStatus, Checklist, Histology, Image, Practice
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import jpeg_bytes, make_case, make_image, make_lesion, upload


@pytest.fixture
def far(cast: Cast) -> Image:
    return make_image(cast.lesion, modality="macroscopic")


def test_a_pair_is_made_changed_and_undone(cast: Cast, far: Image) -> None:
    other = make_image(cast.lesion, modality="macroscopic")
    for overview in (far, other, other):
        services.pair_images(actor=cast.ada, image=cast.image, overview=overview)
        cast.image.refresh_from_db()
        assert cast.image.paired_with == overview
    services.unpair_image(actor=cast.ben, image=cast.image)
    services.unpair_image(actor=cast.ben, image=cast.image)
    cast.image.refresh_from_db()
    assert cast.image.paired_with is None
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["image.pair", "image.pair", "image.pair", "image.unpair"]


def test_a_pair_is_one_of_each_kind(cast: Cast, far: Image) -> None:
    near = make_image(cast.lesion)
    for image, overview in ((cast.image, near), (far, cast.image), (far, far), (cast.image, cast.image)):
        with pytest.raises(ClinicError, match="one dermoscopic and one macroscopic"):
            services.pair_images(actor=cast.ada, image=image, overview=overview)
    assert not Image.objects.filter(paired_with__isnull=False).exists()
    assert not AuditEntry.objects.exists()


def test_a_picture_of_another_lesion_does_not_exist_here(cast: Cast, client: Client) -> None:
    elsewhere = make_image(cast.pooled_lesion, modality="macroscopic")
    with pytest.raises(Http404):
        services.pair_images(actor=cast.ada, image=cast.image, overview=elsewhere)
    client.force_login(cast.ada)
    path = reverse("patients:image-pair", args=[cast.image.pk])
    assert client.post(path, {"overview": elsewhere.pk}).status_code == 404
    assert not Image.objects.filter(paired_with__isnull=False).exists()


@pytest.mark.parametrize("name", ["cleo", "dana", "ines", "theo"])
def test_only_the_practice_pairs(cast: Cast, far: Image, name: str) -> None:
    with pytest.raises((ClinicError, Http404)):
        services.pair_images(actor=cast.people[name], image=cast.image, overview=far)
    with pytest.raises((ClinicError, Http404)):
        services.unpair_image(actor=cast.people[name], image=cast.image)


def test_pages_and_programs_are_told(cast: Cast, far: Image, client: Client) -> None:
    client.force_login(cast.ada)
    path = reverse("patients:image-pair", args=[cast.image.pk])
    page = client.post(path, {"overview": ""}, follow=True).content.decode()
    assert "Choose the macroscopic picture." in page
    answer = client.post(path, {"overview": far.pk}, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {"paired_with": str(far.pk)})
    refused = client.post(path, {"overview": cast.image.pk}, headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "pair_kinds")
    page = client.get(cast.lesion.get_absolute_url()).content.decode()
    assert "Pictures that belong together" in page
    assert "Undo the pair" in page


# --- The timeline -----------------------------------------------------------------------------------------------------


def test_visits_are_told_from_the_oldest_to_the_newest(cast: Cast) -> None:
    spring, autumn = date(2025, 3, 1), date(2025, 9, 1)
    late, early = make_image(cast.free_lesion, taken_on=autumn), make_image(cast.free_lesion, taken_on=spring)
    place = make_image(cast.free_lesion, taken_on=spring, modality="macroscopic")
    Image.objects.filter(pk=early.pk).update(paired_with=place)
    signs = dict.fromkeys([*Checklist.MAJOR, *Checklist.MINOR], False) | {"change_in_size": True, "oozing": True}
    answered = Checklist.objects.create(lesion=cast.free_lesion, by=cast.ben, at=datetime(2025, 3, 1, 12, tzinfo=UTC), **signs)
    Histology.objects.create(lesion=cast.free_lesion, diagnosis="MEL", breslow_mm="0.40", reported_on=date(2025, 10, 2), by=cast.ada)
    timeline = selectors.timeline_of(cast.ada, cast.free_lesion)
    assert [visit.day for visit in timeline.visits] == [spring, autumn, date(2025, 10, 2), cast.free_image.day]
    assert [[shot.image for shot in group.shots] for group in timeline.visits[0].groups] == [[place, early]]
    assert timeline.visits[0].groups[0].is_pair
    assert [(event.text, event.note, event.is_urgent) for event in timeline.visits[0].events] == [
        ("7-point checklist: 3 of 10", "by Ben", answered.is_urgent)
    ]
    assert timeline.visits[2].events[0].text == "Histology: Melanoma"
    assert timeline.visits[2].events[0].note == "Breslow 0.40 mm, recorded by Ada"
    assert [(shot.number, shot.image) for shot in timeline.shots][2:] == [(3, late), (4, cast.free_image)]


def test_an_overview_stands_on_the_day_of_its_close_up(cast: Cast) -> None:
    lesion = make_lesion(cast.patient)
    place = make_image(lesion, taken_on=date(2025, 3, 1), modality="macroscopic")
    make_image(lesion, taken_on=date(2025, 3, 2), paired_with=place)
    (visit,) = selectors.timeline_of(cast.ada, lesion).visits
    assert visit.day == date(2025, 3, 2)


def test_a_case_is_told_by_its_dates_to_those_who_see_it(cast: Cast) -> None:
    lesion = make_lesion(cast.patient)
    closed = make_case(lesion, CaseStatus.CLOSED, to_user=cast.dana)
    discarded = make_case(lesion, CaseStatus.DISCARDED, to_user=cast.dana)
    Case.objects.filter(pk=discarded.pk).update(sent_at=None)
    told = [event.text for visit in selectors.timeline_of(cast.ada, lesion).visits for event in visit.events]
    assert told == ["Referred to Dana", "Case answered", "Case closed", "Case discarded before it was sent"]
    seen = [event.case for visit in selectors.timeline_of(cast.dana, lesion).visits for event in visit.events]
    assert set(seen) == {closed}, "what was discarded is the practice's own"


def test_an_empty_lesion_has_no_visits_and_offers_the_first_picture(cast: Cast, client: Client) -> None:
    lesion = make_lesion(cast.patient)
    client.force_login(cast.ada)
    page = client.get(lesion.get_absolute_url()).content.decode()
    assert "No image yet." in page
    assert "Show side by side" not in page


# --- Closed practices -------------------------------------------------------------------------------------------------


def test_a_closed_practice_takes_no_new_pictures(cast: Cast, client: Client) -> None:
    prepared = services.prepare_image(actor=cast.ada, lesion=cast.lesion, upload=upload(jpeg_bytes()))
    Practice.objects.filter(pk=cast.north.pk).update(is_open=False)
    before = Image.objects.count()
    with pytest.raises(ClinicError, match="closed"):
        services.prepare_image(actor=cast.ada, lesion=cast.lesion, upload=upload(jpeg_bytes()))
    with pytest.raises(ClinicError, match="closed") as refused:
        services.add_image(actor=cast.ada, lesion=cast.lesion, prepared=prepared, capture=CaptureFields("dermoscopic"))
    assert (refused.value.code, refused.value.http_status) == ("practice_closed", 409)
    client.force_login(cast.ada)
    sent = {"image": upload(jpeg_bytes()), "modality": "dermoscopic"}
    page = client.post(reverse("analysis:submit", args=[cast.lesion.pk]), sent, follow=True).content.decode()
    assert page.count("it takes no new pictures") == 2, "the refusal, and in the place of the form"
    assert "Upload and analyse" not in page
    assert Image.objects.count() == before
