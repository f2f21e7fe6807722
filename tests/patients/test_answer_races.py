"""Two signatures at the same moment: one counts, the other is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from patients import services
from patients.models import Answer, AnswerDraft, Case, CaseStatus, Image, Impression, Role, User
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import make_user
from tests.patients.answering import answered, asked_again, opinion, taken
from tests.patients.test_races import at_once


@pytest.fixture
def together(transactional_db: None, cast: Cast) -> Cast:
    return cast


def outcome(act: Callable[[User], object]) -> Callable[[User], str]:
    def run(actor: User) -> str:
        try:
            act(actor)
        except ClinicError as refused:
            return refused.code
        return "done"

    return run


def test_two_windows_sign_once(together: Cast) -> None:
    case = taken(together)
    sign = outcome(lambda actor: services.sign_answer(actor=actor, case=case, opinion=opinion(), replaces=""))
    assert sorted(at_once(sign, [together.dana] * 3)) == ["answered_meanwhile"] * 2 + ["done"]
    assert Answer.objects.count() == 1


def test_two_windows_replace_once(together: Cast) -> None:
    case = answered(together)
    standing = str(case.answers.get().pk)
    sign = outcome(lambda actor: services.sign_answer(actor=actor, case=case, opinion=opinion(), replaces=standing))
    assert sorted(at_once(sign, [together.dana] * 3)) == ["answered_meanwhile"] * 2 + ["done"]
    assert Answer.objects.count() == 2
    assert Answer.objects.current().count() == 1


def test_of_two_second_readers_one_signs(together: Cast) -> None:
    gina = make_user("gina", role=Role.DERMATOLOGIST)
    together.pool.members.add(gina)
    case = asked_again(together)
    sign = outcome(lambda actor: services.sign_second_opinion(actor=actor, case=case, opinion=opinion(), replaces=""))
    assert sorted(at_once(sign, [together.emil, gina])) == ["done", "second_opinion_given"]
    assert Answer.objects.filter(is_second=True).count() == 1


def test_signing_and_putting_back_do_not_both_happen(together: Cast) -> None:
    case = taken(together)
    acts: Iterator[Callable[[], object]] = iter(
        [
            lambda: services.sign_answer(actor=together.dana, case=case, opinion=opinion(), replaces=""),
            lambda: services.release_case(actor=together.dana, case=case),
        ]
    )
    assert "done" in at_once(outcome(lambda _: next(acts)()), [together.dana] * 2)
    status = Case.objects.get(pk=case.pk).status
    assert (status, Answer.objects.count()) in {(CaseStatus.ANSWERED, 1), (CaseStatus.WAITING, 0)}


def test_a_draft_on_its_way_does_not_outlive_the_signature(together: Cast) -> None:
    case = taken(together)
    acts: Iterator[Callable[[], object]] = iter(
        [
            lambda: services.sign_answer(actor=together.dana, case=case, opinion=opinion(), replaces=""),
            *[lambda: services.save_draft(actor=together.dana, case=case, fields={"text": "late"}, replaces="")] * 3,
        ]
    )
    outcomes = at_once(outcome(lambda _: next(acts)()), [together.dana] * 4)
    assert set(outcomes) <= {"done", "answered_meanwhile"}
    assert Answer.objects.count() == 1
    assert not AnswerDraft.objects.exists()


def test_the_first_thought_counts_once(together: Cast) -> None:
    image = Image.objects.get(pk=together.image.pk)
    say = outcome(lambda actor: services.record_impression(actor=actor, image=image, diagnosis="NV", certainty="certain"))
    assert sorted(at_once(say, [together.ada] * 2)) == ["done", "impression_given"]
    assert Impression.objects.count() == 1
