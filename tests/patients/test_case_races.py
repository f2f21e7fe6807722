"""Two people and one case, at the same moment: exactly one has it, and the other is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from patients import services
from patients.models import Case, CaseEvent, CaseStatus, Purpose, Role, User
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import make_case, make_lesion, make_user
from tests.patients.test_races import at_once


@pytest.fixture
def together(transactional_db: None, cast: Cast) -> Cast:
    cast.pool.members.add(cast.dana)
    return cast


def outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except ClinicError as refused:
        return refused.message
    return "done"


def test_two_dermatologists_cannot_claim_one_case(together: Cast) -> None:
    case = together.pooled_case
    answers = at_once(lambda actor: outcome(lambda: services.claim_case(actor=actor, case=case)), [together.dana, together.emil])
    case.refresh_from_db()
    assert case.claimed_by
    assert sorted(answers) == ["This case is under review by " + str(case.claimed_by) + " by now, so nothing was changed.", "done"]
    assert CaseEvent.objects.filter(case=case, kind="claimed").count() == 1


def test_a_case_is_taken_or_withdrawn_never_both(together: Cast) -> None:
    case = together.pooled_case

    def act(actor: User) -> str:
        if actor == together.ada:
            return outcome(lambda: services.discard_case(actor=actor, case=case, reason="Excised elsewhere."))
        return outcome(lambda: services.claim_case(actor=actor, case=case))

    answers = at_once(act, [together.ada, together.emil])
    case.refresh_from_db()
    assert answers.count("done") == 1
    assert case.status == (CaseStatus.DISCARDED if answers[0] == "done" else CaseStatus.CLAIMED)
    assert CaseEvent.objects.filter(case=case).count() == 1


def test_everybody_who_takes_the_next_case_gets_another(together: Cast) -> None:
    for _ in range(4):
        make_case(make_lesion(together.patient), to_pool=together.pool)
    crowd = [make_user(f"doc{number}", role=Role.DERMATOLOGIST) for number in range(6)]
    together.pool.members.set(crowd)
    taken = at_once(lambda actor: services.claim_next(actor=actor), crowd)
    found = [case.pk for case in taken if case]
    assert len(found) == len(set(found)) == Case.objects.filter(status=CaseStatus.CLAIMED).count() == 5
    assert taken.count(None) == 1


def test_a_case_is_not_sent_while_the_consent_is_withdrawn(together: Cast) -> None:
    """Whichever comes first: in the end there is no consent and nothing that waits for a dermatologist."""
    case = services.draft_case(actor=together.ada, lesion=together.free_lesion, to=together.dana)

    def act(actor: User) -> str:
        if actor == together.ada:
            return outcome(lambda: services.send_case(actor=actor, case=case))
        return outcome(lambda: services.withdraw_consent(actor=actor, patient=together.other_patient, purpose=Purpose.TELECONSULTATION))

    assert at_once(act, [together.ada, together.ben])[1] == "done"
    case.refresh_from_db()
    assert case.status == CaseStatus.DISCARDED


def test_an_alert_that_comes_while_a_case_is_sent_is_not_lost(together: Cast) -> None:
    case = services.draft_case(actor=together.ada, lesion=together.free_lesion, to=together.dana)

    def act(actor: User) -> str:
        if actor == together.ada:
            return outcome(lambda: services.send_case(actor=actor, case=case))
        return outcome(lambda: services.raise_alert(image=together.free_image, alert=0.75))

    assert at_once(act, [together.ada, together.ben]) == ["done", "done"]
    case.refresh_from_db()
    assert case.due_at
    assert case.stands_at
    assert (case.alert, (case.due_at - case.stands_at).total_seconds() / 3600) == (0.75, 54)
