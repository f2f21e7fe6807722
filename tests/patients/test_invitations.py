"""From an invitation to an account, and every link that must not become one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from patients import services
from patients.models import AuditEntry, Invitation, User
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import make_user

HAL = {"email": "hal@example.org", "display_name": "Hal Hart", "role": "GP"}
CHOICE = {"username": "hal", "password1": "a long enough phrase", "password2": "a long enough phrase"}


@pytest.fixture
def manager(cast: Cast, client: Client) -> Client:
    client.force_login(cast.ines)
    return client


@pytest.fixture
def invited(cast: Cast) -> tuple[Invitation, str]:
    return services.invite(actor=cast.ines, practice=cast.north, **HAL)


def address(secret: str) -> str:
    return reverse("patients:invitation-accept", args=[secret])


def test_from_the_mail_to_the_first_log_in(cast: Cast, manager: Client, settings: LazySettings, mailoutbox: list[Any]) -> None:
    settings.EMAIL_HOST = "mail.example"
    answer = manager.post(reverse("patients:invite"), HAL | {"practice": cast.north.public_id})
    assert answer.status_code == 302
    (letter,) = mailoutbox
    link = next(word for word in letter.body.split() if word.startswith("http"))
    visitor = Client()
    assert "Hal Hart" in visitor.get(link).content.decode()
    assert visitor.post(link, CHOICE).status_code == 302
    account = User.objects.get(username="hal")
    assert (account.role, account.practice, account.email, account.display_name) == ("GP", cast.north, "hal@example.org", "Hal Hart")
    assert visitor.login(username="hal", password=CHOICE["password1"])
    trail = list(AuditEntry.objects.order_by("id").values_list("action", "actor_name"))
    assert trail[:3] == [("invitation.create", "Ines"), ("invitation.accept", "Hal Hart"), ("account.create", "Hal Hart")]


def test_without_mail_the_link_is_shown_once(cast: Cast, manager: Client) -> None:
    page = manager.post(reverse("patients:invite"), HAL | {"practice": cast.north.public_id}).content.decode()
    assert "/invitation/" in page
    assert mail.outbox == []
    assert "/invitation/" not in manager.get(reverse("patients:invitations")).content.decode()


def test_a_mail_server_that_is_down_costs_nothing_but_the_mail(
    cast: Cast, manager: Client, settings: LazySettings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    page = manager.post(reverse("patients:invite"), HAL | {"practice": cast.north.public_id}).content.decode()
    assert "/invitation/" in page
    assert "hal@example.org" not in caplog.text


def test_the_secret_is_kept_nowhere(invited: tuple[Invitation, str]) -> None:
    invitation, secret = invited
    stored = str(list(Invitation.objects.values())) + str(list(AuditEntry.objects.values()))
    assert secret not in stored
    assert len(invitation.token_sha256) == 64


def gone(client: Client, secret: str) -> None:
    for answer in (client.get(address(secret)), client.post(address(secret), CHOICE)):
        assert answer.status_code == 410
        assert "Ask your administrator for a new one" in answer.content.decode()
    assert not User.objects.filter(username="hal").exists()


def test_an_old_link_is_gone(invited: tuple[Invitation, str], client: Client) -> None:
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    gone(client, invited[1])


def test_a_link_that_was_taken_back_is_gone(cast: Cast, invited: tuple[Invitation, str], client: Client) -> None:
    services.revoke_invitation(actor=cast.ines, invitation=invited[0])
    gone(client, invited[1])


def test_a_renewed_link_replaces_the_old_one(cast: Cast, invited: tuple[Invitation, str], client: Client) -> None:
    _, secret = services.renew_invitation(actor=cast.ines, invitation=invited[0])
    gone(client, invited[1])
    assert client.post(address(secret), CHOICE).status_code == 302


@pytest.mark.parametrize("secret", ["x", "0" * 43, "ü", "a" * 3000])
def test_a_mangled_link_is_gone(db: None, client: Client, secret: str) -> None:
    gone(client, secret)


def test_a_used_link_is_gone(cast: Cast, invited: tuple[Invitation, str], client: Client) -> None:
    services.accept_invitation(secret=invited[1], username="hal9", password="a long enough phrase")
    gone(client, invited[1])
    with pytest.raises(ClinicError, match="used or taken back"):
        services.renew_invitation(actor=cast.ines, invitation=invited[0])


@pytest.mark.django_db(transaction=True)
def test_a_link_used_twice_at_once_makes_one_account(invited: tuple[Invitation, str]) -> None:
    def accept(name: str) -> str:
        try:
            services.accept_invitation(secret=invited[1], username=name, password="a long enough phrase")
            return "done"
        except ClinicError as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(accept, ["hal1", "hal2"])) == ["done", "invitation_gone"]
    assert User.objects.filter(email=HAL["email"]).count() == 1


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"username": "ADA"}, "has this user name"),
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"password2": "something else"}, "two passwords differ"),
        ({"username": "no blanks"}, "valid username"),
        ({"password1": "hal@example.org", "password2": "hal@example.org"}, "too similar"),
    ],
)
def test_what_cannot_be_chosen_is_said_and_the_link_stays(
    invited: tuple[Invitation, str], client: Client, choice: dict[str, str], sentence: str
) -> None:
    answer = client.post(address(invited[1]), CHOICE | choice)
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert client.get(address(invited[1])).status_code == 200


def test_the_same_address_twice_is_told(cast: Cast, invited: tuple[Invitation, str], manager: Client) -> None:
    answer = manager.post(reverse("patients:invite"), HAL | {"email": "HAL@example.org", "practice": cast.north.public_id})
    assert "invited already" in answer.content.decode()
    make_user("wren", email="wren@example.org")
    answer = manager.post(reverse("patients:invite"), HAL | {"email": "wren@example.org", "practice": cast.north.public_id})
    assert "has an account already" in answer.content.decode()


def test_an_address_that_was_taken_meanwhile_is_told(invited: tuple[Invitation, str], client: Client) -> None:
    make_user("other", email="hal@example.org")
    assert "exists already" in client.post(address(invited[1]), CHOICE).content.decode()


def test_guessing_links_is_slowed_down(db: None, client: Client) -> None:
    answers = [client.get(address(f"guess{number}")).status_code for number in range(21)]
    assert answers == [410] * 20 + [429]


@pytest.mark.parametrize("name", ["ada", "dana", "theo"])
def test_only_administrators_invite(cast: Cast, name: str) -> None:
    with pytest.raises(ClinicError, match="role does not allow"):
        services.invite(actor=cast.people[name], practice=cast.north, **HAL)
    assert not Invitation.objects.exists()
