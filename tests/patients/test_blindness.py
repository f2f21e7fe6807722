"""A second opinion says truthfully whether its reader knew the first answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from patients import selectors, services
from patients.letters import compose_referrer
from patients.models import Answer, Case, Role, User
from patients.selectors import letters
from tests.cast import Cast
from tests.factories import make_user
from tests.patients.answering import answered, asked_again, opinion
from tests.patients.letter_content import CONTENT, SECOND

BLIND, NOT_BLIND = "Given without having seen the first answer", "Given after the first answer had been read"
WARNING = "You have read an answer on this case"


@pytest.fixture
def colleague(cast: Cast) -> User:
    """Shares a pool with Dana, who answered a case of that pool: she may open it at any time."""
    gina = make_user("gina", role=Role.DERMATOLOGIST)
    cast.pool.members.add(cast.dana, gina)
    Case.objects.filter(pk=cast.case.pk).update(to_user=None, to_pool=cast.pool)
    cast.case.refresh_from_db()
    return gina


def pages(case: Case) -> list[str]:
    return [case.get_absolute_url(), reverse("patients:review", args=[case.pk])]


def ask(cast: Cast, to: User) -> Case:
    services.ask_second_opinion(actor=cast.dana, case=cast.case, to=to)
    return Case.objects.get(pk=cast.case.pk)


def signed(reader: User, case: Case) -> Answer:
    return services.sign_second_opinion(actor=reader, case=case, opinion=opinion(diagnosis="MEL", icd10="C43.3"))


def test_who_never_saw_the_answer_gives_theirs_without_it(cast: Cast, client: Client) -> None:
    case = asked_again(cast)
    client.force_login(cast.emil)
    for page in pages(case):
        assert WARNING not in client.get(page).content.decode()
    assert signed(cast.emil, case).is_blind is True
    for person in (cast.emil, cast.dana):
        client.force_login(person)
        for page in pages(case):
            assert BLIND in client.get(page).content.decode()
            assert NOT_BLIND not in client.get(page).content.decode()


@pytest.mark.parametrize("which", [0, 1])
def test_who_has_read_the_answer_before_is_told_and_so_is_everybody(cast: Cast, colleague: User, client: Client, which: int) -> None:
    client.force_login(colleague)
    page = pages(answered(cast))[which]
    assert "Melanocytic naevus" in client.get(page).content.decode()
    case = ask(cast, colleague)
    assert "Melanocytic naevus, probable" not in client.get(page).content.decode()
    for shown in (*pages(case), "/"):
        assert WARNING in client.get(shown).content.decode(), shown
    assert signed(colleague, case).is_blind is False
    client.force_login(cast.ada)
    assert NOT_BLIND in client.get(case.get_absolute_url()).content.decode()


def test_a_page_without_an_answer_tells_nothing(cast: Cast, colleague: User, client: Client) -> None:
    """Read while it waited, and again when the second opinion had been asked for."""
    client.force_login(colleague)
    for page in pages(cast.case):
        client.get(page)
    answered(cast)
    case = ask(cast, colleague)
    for page in pages(case):
        client.get(page)
    assert selectors.who_read_an_answer(case) == set()
    assert signed(colleague, case).is_blind is True


def test_a_letter_tells_the_answer_too(cast: Cast, colleague: User) -> None:
    services.write_letter(actor=colleague, case=cast.case, kind="referrer")
    case = answered(cast)
    assert colleague.pk not in selectors.who_read_an_answer(case)
    services.write_letter(actor=colleague, case=case, kind="referrer")
    assert signed(colleague, ask(cast, colleague)).is_blind is False


def test_what_is_replaced_after_reading_says_so(cast: Cast, client: Client) -> None:
    case = asked_again(cast)
    assert signed(cast.emil, case).is_blind is True
    client.force_login(cast.emil)
    client.get(case.get_absolute_url())
    assert signed(cast.emil, case).is_blind is False
    assert Answer.objects.filter(case=case, is_second=False, is_blind__isnull=True).count() == 1


def test_whoever_asks_sees_who_knows_the_answer(cast: Cast, colleague: User, client: Client) -> None:
    case = answered(cast)
    path = reverse("patients:review-second-opinion", args=[case.pk])
    client.force_login(cast.dana)
    client.get(case.get_absolute_url())  # one's own reading counts for nothing
    assert "read the answer" not in client.get(path).content.decode()
    client.force_login(colleague)
    client.get(case.get_absolute_url())
    client.force_login(cast.dana)
    page = client.get(path).content.decode()
    assert "Gina (has read the answer)" in page
    assert "Moles (pool; 1 in it has read the answer)" in page
    assert "Emil (has" not in page


@pytest.mark.parametrize(
    ("is_blind", "english", "german"),
    [(True, "Given without having seen", "Ohne Kenntnis"), (False, "Given after the first answer", "In Kenntnis"), (None, "", "")],
)
def test_letters_say_so_where_it_is_known(is_blind: bool | None, english: str, german: str) -> None:
    content = replace(CONTENT, second=replace(SECOND, is_blind=is_blind))
    for language, sentence in (("en", english), ("de", german)):
        blocks = str(compose_referrer(content, language).blocks)
        assert sentence in blocks
        assert ("having seen" in blocks, "Kenntnis der ersten" in blocks) == (
            is_blind is True and language == "en",
            is_blind is not None and language == "de",
        )


def test_the_letter_of_a_case_knows(cast: Cast) -> None:
    case = asked_again(cast)
    signed(cast.emil, case)
    content = letters.letter_content(letters.CASES.get(pk=case.pk), {})
    assert content.second is not None
    assert (content.second.is_blind, content.answer and content.answer.is_blind) == (True, None)
