"""What the database refuses of cases, answers, consents and the people behind them; and that no constraint is left without a case."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone

from patients.models import (
    Answer,
    AnswerDraft,
    Calibration,
    Case,
    CaseEvent,
    CaseStatus,
    Consent,
    Histology,
    Image,
    Impression,
    Invitation,
    RolePolicy,
    TextBlock,
)
from tests.cast import Cast
from tests.factories import WHEN, make_case, make_consent, make_image, make_lesion, make_patient, make_user
from tests.patients import test_models


def case(cast: Cast, status: str = CaseStatus.WAITING, **fields: Any) -> Case:
    return make_case(cast.free_lesion, status, **{"to_user": cast.dana} | fields)


def answer(cast: Cast, **fields: Any) -> Answer:
    plain: dict[str, Any] = {"diagnosis": "NV", "icd10": "D22.3", "certainty": "certain", "management": "reassure"}
    return Answer.objects.create(case=cast.case, signed_by=cast.dana, **plain | {"signed_name": "Dana"} | fields)


def histology(cast: Cast, **fields: Any) -> Histology:
    return Histology.objects.create(lesion=cast.lesion, by=cast.ada, reported_on=date(2026, 3, 9), **{"diagnosis": "MEL"} | fields)


def impression(cast: Cast, **fields: Any) -> Impression:
    return Impression.objects.create(image=cast.image, by=cast.dana, **{"diagnosis": "NV", "certainty": "certain"} | fields)


def consent(cast: Cast, **fields: Any) -> Consent:
    plain = {"patient": cast.patient, "purpose": "teaching", "given_on": date(2026, 1, 5), "recorded_by": cast.ada}
    return Consent.objects.create(**plain | fields)


def invitation(cast: Cast, **fields: Any) -> Invitation:
    plain: dict[str, Any] = {"email": "x@example.org", "role": "DERMATOLOGIST", "token_sha256": "0" * 64, "by": cast.ines}
    return Invitation.objects.create(expires_at=timezone.now(), **plain | fields)


def text_block(cast: Cast, **fields: Any) -> TextBlock:
    return TextBlock.objects.create(owner=cast.dana, **{"title": "Sun", "text": "Use sunscreen."} | fields)


def calibration(cast: Cast, **fields: Any) -> Calibration:
    ends = {"from_x_px": 0, "from_y_px": 0, "to_x_px": 9, "to_y_px": 9}
    return Calibration.objects.create(image=cast.image, by=cast.ada, **ends | fields)


def change(row: Case | Image, **fields: Any) -> int:
    return type(row)._default_manager.filter(pk=row.pk).update(**fields)


ONE = timedelta(hours=1)
REFUSED: dict[str, Callable[[Cast], Any]] = {
    "case_status_known|case_held_means_claimed": lambda cast: change(cast.case, status="LOST"),  # both say so; PostgreSQL names one
    "case_urgency_known": lambda cast: case(cast, urgency="now"),
    "case_red_flags_known": lambda cast: case(cast, red_flags=["bleeding", "x"]),
    "case_checklist_score_in_range": lambda cast: case(cast, checklist_score=11),
    "case_alert_is_share": lambda cast: case(cast, alert=1.01),
    "case_sent_means_due sent": lambda cast: case(cast, sent_at=None),
    "case_sent_means_due due": lambda cast: case(cast, due_at=None),
    "case_sent_means_due place": lambda cast: case(cast, stands_at=None),
    "case_held_means_claimed by nobody": lambda cast: case(cast, CaseStatus.CLAIMED, claimed_by=None),
    "case_held_means_claimed at no time": lambda cast: case(cast, CaseStatus.CLAIMED, claimed_at=None),
    "case_held_means_claimed answered": lambda cast: case(cast, CaseStatus.ANSWERED, claimed_by=None),
    "case_held_means_claimed waiting": lambda cast: case(cast, claimed_by=cast.dana, claimed_at=WHEN),
    "case_held_means_claimed draft": lambda cast: case(cast, CaseStatus.DRAFT, claimed_by=cast.dana),
    "case_asked_means_since never": lambda cast: case(cast, CaseStatus.INFO_ASKED, asked_at=None),
    "case_asked_means_since still": lambda cast: case(cast, CaseStatus.CLAIMED, asked_at=WHEN),
    "case_answered_means_when never": lambda cast: case(cast, CaseStatus.ANSWERED, answered_at=None),
    "case_answered_means_when early": lambda cast: case(cast, CaseStatus.CLAIMED, answered_at=WHEN),
    "case_second_opinion_has_target none": lambda cast: case(cast, CaseStatus.SECOND_OPINION),
    "case_second_opinion_has_target both": lambda cast: case(
        cast, CaseStatus.SECOND_OPINION, second_to_user=cast.emil, second_to_pool=cast.pool
    ),
    "case_closed_means_when never": lambda cast: case(cast, CaseStatus.CLOSED, closed_at=None),
    "case_closed_means_when early": lambda cast: case(cast, CaseStatus.ANSWERED, closed_at=WHEN),
    "case_discarded_means_reason none": lambda cast: case(cast, CaseStatus.DISCARDED, discard_reason=""),
    "case_discarded_means_reason early": lambda cast: case(cast, discard_reason="Later."),
    "case_patient_is_the_lesions": lambda cast: change(cast.case, patient=cast.other_patient),
    "case_practice_is_the_patients": lambda cast: change(cast.case, practice=cast.south),
    "case_event_kind_known": lambda cast: CaseEvent.objects.create(case=cast.case, by=cast.ada, kind="sneezed"),
    "answer_diagnosis_known": lambda cast: answer(cast, diagnosis="FLU"),
    "answer_certainty_known": lambda cast: answer(cast, certainty="perhaps"),
    "answer_management_known": lambda cast: answer(cast, management="pray"),
    "answer_other_is_named not": lambda cast: answer(cast, diagnosis="OTHER"),
    "answer_other_is_named beside": lambda cast: answer(cast, other_diagnosis="Keloid"),
    "answer_follow_up_has_months none": lambda cast: answer(cast, management="follow_up"),
    "answer_follow_up_has_months 0": lambda cast: answer(cast, management="follow_up", follow_up_months=0),
    "answer_follow_up_has_months 61": lambda cast: answer(cast, management="follow_up", follow_up_months=61),
    "answer_follow_up_has_months without": lambda cast: answer(cast, follow_up_months=3),
    "answer_icd10_shape": lambda cast: answer(cast, icd10="mole"),
    "answer_is_signed": lambda cast: answer(cast, signed_name=""),
    "answer_blind_means_second": lambda cast: answer(cast, is_blind=True),
    "answer_one_of_a_kind": lambda cast: [answer(cast), answer(cast)],
    "answer_draft_one_each": lambda cast: [AnswerDraft.objects.create(case=cast.case, by=cast.dana) for _ in range(2)],
    "text_block_title_once": lambda cast: [text_block(cast), text_block(cast)],
    "text_block_says_something title": lambda cast: text_block(cast, title=""),
    "text_block_says_something text": lambda cast: text_block(cast, text=""),
    "histology_diagnosis_known": lambda cast: histology(cast, diagnosis="FLU"),
    "histology_other_is_named not": lambda cast: histology(cast, diagnosis="OTHER"),
    "histology_other_is_named beside": lambda cast: histology(cast, other_diagnosis="Keloid"),
    "histology_breslow_of_melanoma thin": lambda cast: histology(cast, breslow_mm=Decimal(0)),
    "histology_breslow_of_melanoma naevus": lambda cast: histology(cast, diagnosis="NV", breslow_mm=Decimal("0.4")),
    "impression_one_each": lambda cast: [impression(cast), impression(cast)],
    "impression_diagnosis_known": lambda cast: impression(cast, diagnosis="FLU"),
    "impression_certainty_known": lambda cast: impression(cast, certainty="perhaps"),
    "consent_purpose_known": lambda cast: consent(cast, purpose="fun"),
    "consent_one_in_force": lambda cast: make_consent(cast.patient),
    "consent_withdrawn_by_somebody nobody": lambda cast: consent(cast, withdrawn_at=timezone.now() + ONE),
    "consent_withdrawn_by_somebody never": lambda cast: consent(cast, withdrawn_by=cast.ada),
    "consent_withdrawn_by_somebody before": lambda cast: consent(cast, withdrawn_by=cast.ada, withdrawn_at=timezone.now() - ONE),
    "invitation_role_known": lambda cast: invitation(cast, role="SURGEON"),
    "invitation_gp_has_practice without": lambda cast: invitation(cast, role="GP"),
    "invitation_gp_has_practice admin": lambda cast: invitation(cast, role="ADMIN", practice=cast.north),
    "invitation_accepted_has_account none": lambda cast: invitation(cast, accepted_at=timezone.now()),
    "invitation_accepted_has_account early": lambda cast: invitation(cast, account=cast.theo),
    "invitation_accepted_has_account revoked": lambda cast: invitation(
        cast, account=cast.theo, accepted_at=timezone.now(), revoked_at=timezone.now()
    ),
    "role_policy_role_known": lambda _: RolePolicy.objects.create(role="SURGEON"),
    "patient_risk_factors_known": lambda cast: make_patient(cast.north, risk_factors=["luck"]),
    "patient_letter_language_known": lambda cast: make_patient(cast.north, letter_language="la"),
    "lesion_roughly_means_a_date": lambda cast: make_lesion(cast.patient, first_noticed_roughly=True),
    "user_language_known": lambda _: make_user("x", language="la"),
    "lesion_symptoms_known": lambda cast: make_lesion(cast.patient, symptoms=["sings"]),
    "calibration_length_positive": lambda cast: calibration(cast, length_mm=0),
    "image_files_present": lambda cast: change(cast.image, upright=""),
    "image_alert_is_share": lambda cast: make_image(cast.lesion, alert=-0.1),
    "image_pair_is_close_up macroscopic": lambda cast: make_image(cast.lesion, modality="macroscopic", paired_with=cast.image),
    "image_pair_is_close_up itself": lambda cast: change(cast.image, paired_with=cast.image),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_database_refuses(cast: Cast, name: str) -> None:
    with pytest.raises(IntegrityError, match=name.split()[0]), transaction.atomic():
        REFUSED[name](cast)


def test_every_constraint_has_a_case() -> None:
    """A constraint that nobody has seen refuse anything may be written wrongly: add a line to the table above."""
    known = {constraint.name for model in apps.get_app_config("patients").get_models() for constraint in model._meta.constraints}
    tested = {constraint for name in [*REFUSED, *test_models.REFUSED] for constraint in name.split()[0].split("|")}
    assert known - tested == set()


@pytest.mark.parametrize("status", CaseStatus.values)
def test_every_state_can_be(cast: Cast, status: str) -> None:
    assert case(cast, status, second_to_user=cast.emil).pk


def test_what_is_complete_is_kept(cast: Cast) -> None:
    first = answer(cast, management="follow_up", follow_up_months=6)
    assert answer(cast, supersedes=first, diagnosis="OTHER", other_diagnosis="Keloid", icd10="L91").pk
    assert answer(cast, is_second=True).pk
    assert histology(cast, breslow_mm=Decimal("0.4")).pk
    assert consent(cast, withdrawn_by=cast.ada, withdrawn_at=timezone.now() + ONE).pk
    assert make_image(cast.lesion, paired_with=cast.image).pk
