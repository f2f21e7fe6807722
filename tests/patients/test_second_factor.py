"""The second factor: set up, asked for, required by role, lost, and guessed at."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from patients import services
from patients.models import AuditEntry, RolePolicy, User
from patients.second_factor import FactorAdapter
from tests.cast import Cast
from tests.factories import make_user

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_now(secret: str = SECRET, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def with_app(user: User) -> User:
    TOTP.activate(user, SECRET)
    return user


def confirm(client: Client, name: str) -> None:
    client.post(reverse("account_reauthenticate"), {"password": name})


def log_in(client: Client, name: str) -> Any:
    return client.post(reverse("account_login"), {"login": name, "password": name})


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_an_app_is_set_up_and_asked_for(cast: Cast, client: Client, django_capture_on_commit_callbacks: Any) -> None:
    log_in(client, "dana")
    confirm(client, "dana")
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    secret = page.split("data-secret>")[1].split("<")[0]
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("mfa_activate_totp"), {"code": code_now(secret)})
    answer = client.get(answer["Location"])
    assert "They are shown only now" in answer.content.decode()
    assert "They are shown only now" not in client.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert actions() == ["account.login", "account.factor-added"]
    again = Client()
    assert log_in(again, "dana")["Location"] == reverse("mfa_authenticate")
    assert not is_in(again)
    again.post(reverse("mfa_authenticate"), {"code": code_now(secret)})
    assert is_in(again)
    assert actions()[2:] == ["account.factor-used", "account.login"]


def test_a_recovery_code_works_once(cast: Cast, client: Client) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    with_app(cast.dana)
    code = RecoveryCodes.activate(cast.dana).get_unused_codes()[0]
    for expected in (True, False):
        visitor = Client()
        log_in(visitor, "dana")
        visitor.post(reverse("mfa_authenticate"), {"code": code})
        assert is_in(visitor) is expected


def test_a_code_works_once(cast: Cast) -> None:
    with_app(cast.dana)
    for expected in (True, False):
        visitor = Client()
        log_in(visitor, "dana")
        visitor.post(reverse("mfa_authenticate"), {"code": code_now()})
        assert is_in(visitor) is expected


def test_guessing_codes_locks_for_five_minutes_and_an_administrator_sees_it(cast: Cast, client: Client) -> None:
    with_app(cast.dana)
    log_in(client, "dana")
    for _ in range(5):
        assert "did not match" in client.post(reverse("mfa_authenticate"), {"code": "000000"}).content.decode()
    page = client.post(reverse("mfa_authenticate"), {"code": code_now()}).content.decode()
    assert "paused for five minutes" in page
    assert not is_in(client)
    assert actions() == ["account.factor-failed"] * 5 + ["account.locked"]
    client.force_login(cast.ines)
    assert "paused until" in client.get(reverse("patients:person", args=[cast.dana.public_id])).content.decode()
    assert "paused after wrong attempts" in client.get("/").content.decode()


@pytest.mark.parametrize("is_redis_up", [True, False])
def test_guessing_passwords_locks_with_and_without_redis(client: Client, settings: LazySettings, db: None, is_redis_up: bool) -> None:
    if not is_redis_up:
        settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/1"}}
    make_user("robin", email="robin@example.org")
    for login in ("robin", "robin@example.org", "ROBIN", "robin", "robin@example.org"):
        client.post(reverse("account_login"), {"login": login, "password": "guess"})
    page = log_in(client, "robin").content.decode()
    assert "paused for five minutes" in page
    assert not is_in(client)
    assert actions() == ["account.login-failed"] * 5 + ["account.locked"]


def test_a_name_that_is_nobody_s_is_locked_in_the_same_words(client: Client, db: None) -> None:
    for _ in range(5):
        log_in(client, "nobody")
    assert "paused for five minutes" in log_in(client, "nobody").content.decode()
    assert actions() == []


# --- Required by role ---


@pytest.fixture
def required(cast: Cast) -> Cast:
    services.require_second_factor(actor=cast.ines, roles=["DERMATOLOGIST"])
    return cast


def test_whoever_lacks_one_is_led_there_and_nowhere_else(required: Cast, client: Client) -> None:
    client.force_login(required.dana)
    for path in ("/", reverse("patients:list"), required.patient.get_absolute_url()):
        assert client.get(path)["Location"] == reverse("mfa_index")
    assert client.post(reverse("patients:list"), {"words": "a"}).status_code == 302
    assert client.get(reverse("patients:list"), headers={"HX-Request": "true"}).status_code == 403
    refused = client.get(reverse("patients:list"), headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "second_factor_missing")
    for name in ("mfa_index", "session", "intended-use", "account_change_password"):
        assert client.get(reverse(name)).status_code == 200
    client.force_login(required.ada)
    assert client.get("/").status_code == 200, "another role"


def test_with_one_everything_is_open(required: Cast, client: Client) -> None:
    with_app(required.dana)
    client.force_login(required.dana)
    assert client.get("/").status_code == 200


def test_the_last_factor_stays_while_it_is_required(required: Cast, client: Client) -> None:
    with_app(required.dana)
    client.force_login(required.dana)
    confirm(client, "dana")
    answer = client.post(reverse("mfa_deactivate_totp"))
    assert "this is your last one" in answer.content.decode()
    assert Authenticator.objects.filter(user=required.dana).exists()
    RolePolicy.objects.all().delete()
    assert client.post(reverse("mfa_deactivate_totp")).status_code == 302
    assert not Authenticator.objects.filter(user=required.dana).exists()
    assert actions()[-1] == "account.factor-removed"


def test_a_lost_phone_is_reset_by_an_administrator(required: Cast, client: Client) -> None:
    with_app(required.dana)
    theirs = Client()
    theirs.force_login(required.dana)
    client.force_login(required.ines)
    act = reverse("patients:person-act", args=[required.dana.public_id, "reset-factor"])
    assert client.post(act).status_code == 302
    assert theirs.get("/").status_code == 302
    assert log_in(Client(), "dana")["Location"] == "/"
    assert actions()[-2] == "account.factor-reset"
    assert client.post(act).status_code == 409
    assert client.post(reverse("patients:person-act", args=[required.ines.public_id, "reset-factor"])).status_code == 400


def test_adding_a_factor_asks_for_the_password_first(cast: Cast, client: Client) -> None:
    client.force_login(cast.dana)
    for name in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"):
        assert client.get(reverse(name))["Location"].startswith(reverse("account_reauthenticate"))


def test_secrets_lie_encrypted_and_fit_one_key_only(cast: Cast, settings: LazySettings) -> None:
    with_app(cast.dana)
    row = Authenticator.objects.get()
    assert SECRET not in str(row.data)
    assert FactorAdapter().decrypt(row.data["secret"]) == SECRET
    settings.SECRET_KEY = "another"
    assert FactorAdapter().decrypt(row.data["secret"]) != FactorAdapter().decrypt(row.data["secret"])
    assert not row.wrap().validate_code(code_now())


@pytest.mark.parametrize("credential", ["", "x", "{}", "[]", '{"response": {"userHandle": "AAAA"}}', "null"])
def test_a_mangled_passkey_is_refused(cast: Cast, client: Client, credential: str) -> None:
    assert client.post(reverse("mfa_login_webauthn"), {"credential": credential}).status_code == 302
    assert not is_in(client)
    with_app(cast.dana)
    log_in(client, "dana")
    assert client.post(reverse("mfa_authenticate"), {"credential": credential}).status_code == 200
    assert not is_in(client)
