"""Ways around the rules that somebody clever, or unlucky, might find: each of them was open once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.http import Http404
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients import selectors, services
from patients.capture import CaptureFields
from patients.models import AuditEntry, BreakGlass, Case, CaseEvent, CaseStatus, EventKind, Image, Notification, Purpose
from patients.services import cases as moves
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import jpeg_bytes, make_case, make_consent, upload
from tests.patients.answering import answered, asked_again, taken

# --- The blindfold of a second opinion --------------------------------------------------------------------------------


def on_an_older_case_too(cast: Cast) -> tuple[Case, Case]:
    """Emil answered the lesion's first case long ago; its second is Dana's, and Emil is asked for a second opinion."""
    older = make_case(cast.free_lesion, CaseStatus.CLOSED, to_user=cast.emil)
    newer = make_case(cast.free_lesion, CaseStatus.SECOND_OPINION, to_user=cast.dana, second_to_user=cast.emil)
    services.record_histology(
        actor=cast.ada, lesion=cast.free_lesion, diagnosis="MEL", reported_on=timezone.localdate(), text="Superficial spreading", case=newer
    )
    return older, newer


@pytest.mark.parametrize("which", [0, 1])
def test_an_older_case_of_the_lesion_does_not_lift_the_blindfold(cast: Cast, client: Client, which: int) -> None:
    case = on_an_older_case_too(cast)[which]
    client.force_login(cast.emil)
    pages = [
        case.get_absolute_url(),
        reverse("patients:review", args=[case.pk]),
        cast.free_lesion.get_absolute_url(),
        reverse("patients:histology", args=[cast.free_lesion.pk]),
    ]
    for page in pages:
        assert "Superficial spreading" not in client.get(page).content.decode(), page
        assert "recorded by" not in client.get(page).content.decode(), page
    assert not selectors.histologies_for(cast.emil, case)
    assert selectors.histologies_for(cast.dana, Case.objects.get(claimed_by=cast.dana)).count() == 1


@pytest.mark.parametrize("which", [0, 1])
def test_no_letter_tells_what_was_found_before_the_second_opinion_is_signed(cast: Cast, which: int) -> None:
    case = on_an_older_case_too(cast)[which]
    with pytest.raises(ClinicError) as refused:
        services.write_letter(actor=cast.emil, case=case, kind="referrer")
    assert (refused.value.code, refused.value.http_status) == ("blinded", 403)


@pytest.mark.parametrize("name", ["ada", "dana"])
def test_who_is_no_longer_asked_sees_the_case_no_more(cast: Cast, name: str) -> None:
    case = asked_again(cast, to=cast.emil)
    assert Case.objects.visible_to(cast.emil).filter(pk=case.pk).exists()
    services.withdraw_second_opinion(actor=cast.people[name], case=case)
    assert not Case.objects.visible_to(cast.emil).filter(pk=case.pk).exists()
    with pytest.raises(Http404):
        services.write_letter(actor=cast.emil, case=case, kind="referrer")


# --- Consent ----------------------------------------------------------------------------------------------------------


def test_nobody_else_is_shown_an_answered_case_once_the_consent_is_withdrawn(cast: Cast, client: Client) -> None:
    case = answered(cast)
    services.withdraw_consent(actor=cast.ada, patient=cast.patient, purpose=Purpose.TELECONSULTATION)
    client.force_login(cast.dana)
    response = client.post(reverse("patients:review-second-opinion", args=[case.pk]), {"target_key": f"user-{cast.emil.public_id}"})
    assert response.status_code == 400
    assert "no longer agrees" in response.content.decode()
    assert Case.objects.get(pk=case.pk).status == CaseStatus.ANSWERED
    assert not Case.objects.visible_to(cast.emil).filter(pk=case.pk).exists()
    assert not Notification.objects.filter(to=cast.emil, case=case).exists()


def test_who_had_taken_the_case_is_told_that_the_consent_was_withdrawn(cast: Cast) -> None:
    case = taken(cast)
    services.withdraw_consent(actor=cast.ada, patient=cast.patient, purpose=Purpose.TELECONSULTATION)
    assert Case.objects.get(pk=case.pk).status == CaseStatus.DISCARDED
    assert Notification.objects.filter(to=cast.dana, case=case, kind="case_discarded").count() == 1


def test_a_second_opinion_ended_by_the_patient_is_said_to_be_so(cast: Cast) -> None:
    case = asked_again(cast)
    services.withdraw_consent(actor=cast.ada, patient=cast.patient, purpose=Purpose.TELECONSULTATION)
    last = CaseEvent.objects.filter(case=case).latest("at")
    assert last.kind == EventKind.SECOND_WITHDRAWN
    assert Notification.objects.filter(to=cast.emil, case=case, kind="case_discarded").count() == 1


def test_a_picture_that_was_read_before_the_consent_was_withdrawn_is_not_kept(cast: Cast) -> None:
    make_consent(cast.patient, Purpose.CARE)
    prepared = services.prepare_image(actor=cast.ada, lesion=cast.lesion, upload=upload(jpeg_bytes()))
    services.withdraw_consent(actor=cast.ada, patient=cast.patient, purpose=Purpose.CARE)
    before = Image.objects.count()
    with pytest.raises(ClinicError) as refused:
        services.add_image(actor=cast.ada, lesion=cast.lesion, prepared=prepared, capture=CaptureFields(modality="dermoscopic"))
    assert refused.value.code == "care_withdrawn"
    assert Image.objects.count() == before
    assert not AuditEntry.objects.filter(action="image.add").exists()


# --- Whose case it is -------------------------------------------------------------------------------------------------


def test_a_draft_is_not_sent_to_somebody_who_has_left(cast: Cast) -> None:
    draft = make_case(cast.free_lesion, CaseStatus.DRAFT, to_user=cast.emil)
    cast.emil.is_active = False
    cast.emil.save()
    with pytest.raises(ClinicError) as refused:
        services.send_case(actor=cast.ada, case=draft)
    assert refused.value.code == "no_dermatologist"
    assert Case.objects.get(pk=draft.pk).status == CaseStatus.DRAFT


def test_pages_of_cases_begin_at_a_case_of_one_s_own(cast: Cast) -> None:
    everything, _ = selectors.cases_of(cast.ada)
    foreign = make_case(cast.southern_lesion, to_user=cast.dana)
    found, _ = selectors.cases_of(cast.ada, after=foreign.pk)
    assert found == everything


def is_locked(case: Case) -> bool:
    """Asked from a connection of its own."""

    def ask() -> bool:
        try:
            with transaction.atomic():
                Case.objects.select_for_update(nowait=True).get(pk=case.pk)
        except OperationalError:
            return True
        else:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result(timeout=20)


def watched(monkeypatch: pytest.MonkeyPatch, name: str, case: Case) -> list[bool]:
    """Whether the case was locked each time that `name` of the services was called."""
    plain: Callable[..., Any] = getattr(moves, name)
    seen: list[bool] = []

    def watching(*args: Any, **kwargs: Any) -> Any:
        seen.append(is_locked(case))
        return plain(*args, **kwargs)

    monkeypatch.setattr(moves, name, watching)
    return seen


def test_a_case_is_not_addressed_to_somebody_else_while_it_is_being_taken(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = watched(monkeypatch, "is_first_reader", cast.case)
    services.claim_case(actor=cast.dana, case=cast.case)
    assert seen == [True]


def test_what_somebody_holds_does_not_change_hands_while_they_act(
    transactional_db: None, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = taken(cast)
    seen = watched(monkeypatch, "move_case", case)
    services.release_case(actor=cast.dana, case=case)
    assert seen == [True]


# --- Traces -----------------------------------------------------------------------------------------------------------


def test_an_administrator_s_first_page_says_whose_records_it_showed(cast: Cast, client: Client) -> None:
    client.force_login(cast.ines)
    client.get("/")
    assert not AuditEntry.objects.filter(action="home.read").exists()
    services.break_glass(actor=cast.ines, practice=cast.north, record_number="N1", reason="Complaint of the 3rd")
    client.get("/")
    assert AuditEntry.objects.get(action="home.read").detail == {"patients": [str(cast.patient.pk)]}


def answer(client: Client, page: str) -> int:
    response = client.get(page)
    assert response.getvalue() is not None  # reads and closes files
    return response.status_code


def test_a_closed_window_shows_nothing_of_the_record(cast: Cast, client: Client) -> None:
    services.break_glass(actor=cast.ines, practice=cast.north, record_number="N1", reason="Complaint of the 3rd")
    client.force_login(cast.ines)
    pages = [cast.patient.get_absolute_url(), cast.lesion.get_absolute_url(), cast.case.get_absolute_url()]
    pages += [reverse("analysis:side-by-side", args=[cast.patient.pk]), reverse("patients:image-file", args=[cast.image.pk, "upright"])]
    assert [answer(client, page) for page in pages] == [200] * 5
    BreakGlass.objects.update(opened_at=timezone.now() - timedelta(hours=1), expires_at=timezone.now())
    assert [answer(client, page) for page in pages] == [404] * 5
    assert cast.patient.get_absolute_url() not in client.get("/").content.decode()
