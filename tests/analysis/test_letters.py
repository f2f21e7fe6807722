"""Letters about cases: who gets which, when they are refused, and what the machine may say in them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analysis.models import Status
from patients import services
from patients.models import AuditEntry, Case, CaseStatus, Checklist, Practice
from patients.services import Opinion
from patients.services import letters as letter_services
from skinclinic.errors import ClinicError
from tests.analysis.states import in_state
from tests.cast import Cast
from tests.factories import make_case, make_image
from tests.pdf import pages, properties

NAEVUS = Opinion(diagnosis="NV", icd10="D22.3", certainty="probable", management="follow_up", follow_up_months=6, text="Regular network.")
MELANOMA = Opinion(diagnosis="MEL", icd10="C43.3", certainty="certain", management="urgent_referral", text="Blue-white veil.")
RESULT = {
    "classification": {
        "p_malignant": 0.4213,
        "threshold": 0.2,
        "is_suspicious": True,
        "scores": [{"label": "MEL", "probability": 0.4}, {"label": "NV", "probability": 0.35}],
    }
}
MODELS = [{"task": "classification", "name": "classification-tested"}, {"task": "lesion", "name": "lesion-tested"}]


@pytest.fixture
def answered(cast: Cast) -> Case:
    return sign(cast, NAEVUS)


def sign(cast: Cast, opinion: Opinion) -> Case:
    if cast.case.status == CaseStatus.WAITING:
        services.claim_case(actor=cast.dana, case=cast.case)
    services.sign_answer(actor=cast.dana, case=cast.case, opinion=opinion)
    cast.case.refresh_from_db()
    return cast.case


def ask(client: Client, who: Any, case: Case, kind: str, *language: str) -> Any:
    client.force_login(who)
    return client.get(reverse("analysis:letter", args=[case.pk, kind, *language]))


def read(response: Any) -> str:
    assert response.status_code == 200, response.content[:500]
    return " ".join("\n".join(pages(response.content)).split())


# --- The file -------------------------------------------------------------------------------------------------------------


def test_a_letter_is_a_pdf_that_nobody_keeps(cast: Cast, client: Client, answered: Case) -> None:
    response = ask(client, cast.ada, answered, "patient")
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == f'inline; filename="letter-{answered.reference}.pdf"'
    assert "no-store" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.content.startswith(b"%PDF")
    found = properties(response.content)
    assert not any(name in value for value in found.values() for name in ("Archer", "Nell", "N1"))


@pytest.mark.parametrize("kind", ["patient", "referrer"])
def test_writing_a_letter_leaves_its_trace(cast: Cast, client: Client, answered: Case, kind: str) -> None:
    before = AuditEntry.objects.count()
    ask(client, cast.ada, answered, kind, "de")
    (entry,) = AuditEntry.objects.order_by("id")[before:]
    assert (entry.action, entry.patient, entry.detail) == ("letter.create", cast.patient, {"kind": kind, "language": "de", "answers": True})


# --- Languages ------------------------------------------------------------------------------------------------------------


def test_the_patient_is_written_to_in_their_language(cast: Cast, client: Client, answered: Case) -> None:
    assert "About the spot on your skin" in read(ask(client, cast.ada, answered, "patient"))
    cast.patient.letter_language = "de"
    cast.patient.save()
    letter = read(ask(client, cast.ada, answered, "patient"))
    assert "Zu dem Fleck auf Ihrer Haut" in letter
    assert "Wange, links" in letter


def test_the_referrer_reads_their_own_language_or_the_one_they_choose(cast: Cast, client: Client, answered: Case) -> None:
    assert "Page 1 of" in read(ask(client, cast.ada, answered, "referrer"))
    services.change_preferences(actor=cast.ada, language="de", mails=[])
    cast.ada.refresh_from_db()
    assert "Seite 1 von" in read(ask(client, cast.ada, answered, "referrer"))
    assert "Page 1 of" in read(ask(client, cast.ada, answered, "referrer", "en"))


@pytest.mark.parametrize("path", ["nobody/", "patient/fr/", "referrer/DE/"])
def test_other_letters_do_not_exist(cast: Cast, client: Client, answered: Case, path: str) -> None:
    client.force_login(cast.ada)
    assert client.get(f"/cases/{answered.pk}/letter/{path}").status_code == 404


# --- What is in it --------------------------------------------------------------------------------------------------------


def test_the_records_are_in_the_letter(cast: Cast, client: Client, answered: Case) -> None:
    Practice.objects.filter(pk=cast.north.pk).update(address="High Street 1\n\nNorthtown", phone="0123 456")
    cast.patient.address = "Mill Lane 2\nOldtown"
    cast.patient.save()
    Case.objects.filter(pk=answered.pk).update(question="Is it a mole?", red_flags=["growing"])
    Checklist.objects.create(
        lesion=cast.lesion, by=cast.ada, **dict.fromkeys([*Checklist.MAJOR, *Checklist.MINOR], False) | {"irregular_shape": True}
    )
    patient = read(ask(client, cast.ada, answered, "patient"))
    for part in ["North High Street 1 Northtown Telephone 0123 456", "Nell Archer Mill Lane 2 Oldtown", "Dana"]:
        assert part in patient
    referrer = read(ask(client, cast.ada, answered, "referrer"))
    for part in [
        "Is it a mole?",
        "Grew within weeks",
        "Irregular shape",
        "2 of 10 points",
        "D22.3",
        "Regular network.",
        "Signed by Dana on",
    ]:
        assert part in referrer


def test_an_answer_names_the_one_it_replaces(cast: Cast, client: Client, answered: Case) -> None:
    sign(cast, MELANOMA)
    referrer = read(ask(client, cast.ada, answered, "referrer"))
    assert "C43.3" in referrer
    assert "D22.3" not in referrer
    assert "This answer replaces the one signed by Dana on" in referrer
    assert "This letter replaces an earlier one" in read(ask(client, cast.ada, answered, "patient"))


def test_a_histology_is_told_when_it_belongs_to_the_case(cast: Cast, client: Client, answered: Case) -> None:
    services.record_histology(actor=cast.ada, lesion=cast.lesion, case=answered, diagnosis="BCC", reported_on=date(2026, 4, 1), text="R0.")
    assert "1 April 2026" in read(ask(client, cast.ada, answered, "referrer"))
    assert "It is a basal cell carcinoma" in read(ask(client, cast.ada, answered, "patient"))


def test_a_histology_from_before_the_case_is_not(cast: Cast, client: Client, answered: Case) -> None:
    services.record_histology(actor=cast.ada, lesion=cast.lesion, diagnosis="BCC", reported_on=date(2020, 4, 1))
    Case.objects.filter(pk=answered.pk).update(created_at=timezone.now() + timedelta(days=1))
    assert "basal" not in read(ask(client, cast.ada, answered, "patient"))


def test_pictures_are_the_newest_and_the_others_are_counted(cast: Cast, client: Client, answered: Case) -> None:
    for _ in range(9):
        make_image(cast.lesion, modality="macroscopic")
    letter = read(ask(client, cast.ada, answered, "referrer"))
    assert "Picture 6: Macroscopic picture" in letter
    assert "Picture 7" not in letter
    assert "Older pictures that are not shown here: 4." in letter


def test_a_damaged_file_does_not_stop_a_letter(cast: Cast, client: Client, answered: Case) -> None:
    Path(cast.image.display.path).write_bytes(b"not a picture")
    gone = make_image(cast.lesion)
    Path(gone.display.path).unlink()
    assert read(ask(client, cast.ada, answered, "referrer")).count("The file of this picture cannot be read.") == 2


# --- What the machine may say ---------------------------------------------------------------------------------------------


def test_the_machine_is_quoted_preliminary_in_full_to_the_referrer_and_without_figures_to_the_patient(
    cast: Cast, client: Client, answered: Case
) -> None:
    in_state(cast.image, Status.SUCCEEDED, result=RESULT, p_malignant=0.4213, models_used=MODELS)
    referrer = read(ask(client, cast.ada, answered, "referrer"))
    assert "Preliminary, machine-made; not a diagnosis" in referrer
    assert "Picture 1: alert: 42.1 % malignant (alert from 20.0 %). Likeliest: Melanoma 40.0 %; Melanocytic naevus 35.0 %." in referrer
    assert "Models: classification-tested" in referrer
    patient = read(ask(client, cast.ada, answered, "patient"))
    assert "Preliminary, machine-made; not a diagnosis" in patient
    assert "marked at least one of them" in patient
    assert "%" not in patient


def test_only_the_newest_finished_result_of_the_whole_picture_counts(cast: Cast, client: Client, answered: Case) -> None:
    older = {"classification": RESULT["classification"] | {"p_malignant": 0.9}}
    in_state(cast.image, Status.SUCCEEDED, result=older, finished_at=timezone.now() - timedelta(days=1))
    in_state(cast.image, Status.SUCCEEDED, result=RESULT)
    in_state(cast.image, Status.SUCCEEDED, result=older, region=[1, 1, 50, 50])
    in_state(cast.image, Status.FAILED)
    letter = read(ask(client, cast.ada, answered, "referrer"))
    assert "42.1 %" in letter
    assert "90.0 %" not in letter


def test_without_results_there_is_no_box(cast: Cast, client: Client, answered: Case) -> None:
    in_state(cast.image, Status.FAILED)
    for kind in ("patient", "referrer"):
        assert "machine-made" not in read(ask(client, cast.ada, answered, kind))


def test_whoever_has_yet_to_give_their_impression_is_not_told_by_a_letter(cast: Cast, client: Client, answered: Case) -> None:
    in_state(cast.image, Status.SUCCEEDED, result=RESULT)
    Practice.objects.filter(pk=cast.north.pk).update(asks_impression=True)
    assert "machine-made" not in read(ask(client, cast.ada, answered, "referrer"))
    services.record_impression(actor=cast.ada, image=cast.image, diagnosis="NV", certainty="certain")
    assert "machine-made" in read(ask(client, cast.ada, answered, "referrer"))


# --- When it is refused ---------------------------------------------------------------------------------------------------


def test_before_an_answer_the_referrer_gets_a_draft_and_the_patient_nothing(cast: Cast, client: Client) -> None:
    in_state(cast.image, Status.SUCCEEDED, result=RESULT)
    response = ask(client, cast.ada, cast.case, "referrer")
    assert all("DRAFT – no signed answer" in page for page in pages(response.content))
    assert "No answer has been signed yet." in read(response)
    before = AuditEntry.objects.count()
    refused = ask(client, cast.ada, cast.case, "patient")
    assert refused.status_code == 409
    assert "when an answer is signed" in refused.content.decode()
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("status", [CaseStatus.DRAFT, CaseStatus.DISCARDED])
@pytest.mark.parametrize("kind", ["patient", "referrer"])
def test_a_case_that_is_with_nobody_has_no_letters(cast: Cast, client: Client, status: str, kind: str) -> None:
    case = make_case(cast.free_lesion, status, to_user=cast.dana)
    assert ask(client, cast.ada, case, kind).status_code == 409


@pytest.mark.parametrize("kind", ["patient", "referrer"])
def test_a_second_reader_learns_nothing_of_the_first_answer_before_they_sign(cast: Cast, client: Client, answered: Case, kind: str) -> None:
    services.ask_second_opinion(actor=cast.dana, case=answered, to=cast.pool)
    before = AuditEntry.objects.count()
    refused = ask(client, cast.emil, answered, kind)
    assert refused.status_code == 403
    assert "D22" not in refused.content.decode()
    assert AuditEntry.objects.count() == before
    assert "D22.3" in read(ask(client, cast.dana, answered, "referrer"))
    services.sign_second_opinion(actor=cast.emil, case=answered, opinion=MELANOMA)
    letter = read(ask(client, cast.emil, answered, "referrer"))
    assert "D22.3" in letter
    assert "C43.3" in letter
    assert "Signed by Emil on" in letter


def test_an_unsigned_second_opinion_is_not_in_the_letter(cast: Cast, client: Client, answered: Case) -> None:
    services.ask_second_opinion(actor=cast.dana, case=answered, to=cast.emil)
    assert "Second opinion" not in read(ask(client, cast.ada, answered, "referrer"))


def test_an_administrator_looks_and_writes_nothing(cast: Cast, answered: Case) -> None:
    services.break_glass(actor=cast.ines, practice=cast.north, record_number="N1", reason="Complaint of the 3rd")
    with pytest.raises(ClinicError, match="role does not allow"):
        services.write_letter(actor=cast.ines, case=answered, kind="referrer")


def test_missing_fonts_are_explained(cast: Cast, client: Client, answered: Case, settings: LazySettings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.contrib.staticfiles.finders.find", lambda _: None)
        refused = ask(client, cast.ada, answered, "referrer")
    assert refused.status_code == 503
    assert "DejaVuSans.ttf is missing" in refused.content.decode()


def test_collected_fonts_are_found(settings: LazySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "vendor/dejavu").mkdir(parents=True)
    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
        (tmp_path / "vendor/dejavu" / name).touch()
    monkeypatch.setattr("django.contrib.staticfiles.finders.find", lambda _: None)
    assert letter_services.find_fonts().bold == tmp_path / "vendor/dejavu/DejaVuSans-Bold.ttf"


# --- The buttons ----------------------------------------------------------------------------------------------------------


def test_the_buttons_offer_what_can_be_had(cast: Cast, answered: Case) -> None:
    def shown(case: Case) -> str:
        return render_to_string("analysis/_letters.html", {"case": case})

    for arguments in (("patient",), ("referrer", "en"), ("referrer", "de")):
        assert reverse("analysis:letter", args=[answered.pk, *arguments]) in shown(answered)
    assert "/patient/" not in shown(cast.pooled_case)
    assert "/referrer/de/" in shown(cast.pooled_case)
    assert "letter/" not in shown(make_case(cast.free_lesion, CaseStatus.DRAFT, to_user=cast.dana))
