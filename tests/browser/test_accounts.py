"""Log-in with a second factor, and the end of a session in the middle of a long form."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.sessions.models import Session
from django.urls import reverse
from pytest_django.fixtures import Settings

from patients import services
from patients.models import AuditEntry, Lesion, User
from skinclinic import sessions
from tests.cast import Cast

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def records(transactional_db: None, cast: Cast) -> Cast:
    return cast


def log_in(page: Page, name: str) -> None:
    page.goto(reverse("account_login"))
    page.locator("[name=login]").fill(name)
    page.locator("[name=password]").fill(name)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/login/" not in address)


def new_lesion(page: Page, cast: Cast) -> None:
    """A form with something in it."""
    page.goto(reverse("patients:lesion-new", args=[cast.patient.pk]))
    page.get_by_label("Search the body sites").fill("para cheek")
    page.get_by_label("Side", exact=True).select_option("Left")
    page.get_by_label("Note").fill("Noticed by the hairdresser.")


def test_a_session_that_ends_while_typing_costs_nothing(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    new_lesion(page, records)
    Session.objects.all().delete()
    page.get_by_role("button", name="Add lesion").click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    dialog.wait_for()
    assert Lesion.objects.filter(patient=records.patient).count() == 2
    with page.context.expect_page() as opened:
        dialog.get_by_role("link", name="Log in in a new tab").click()
    log_in(opened.value, "ada")
    opened.value.close()
    dialog.get_by_role("button", name="Send again").click()
    page.get_by_role("heading", name="Lesion 3: Left paranasal cheek").wait_for()
    lesion = Lesion.objects.get(patient=records.patient, number=3)
    assert (lesion.note, lesion.created_by) == ("Noticed by the hairdresser.", records.ada)


def test_nothing_is_saved_under_another_person_s_name(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    new_lesion(page, records)
    Session.objects.all().delete()
    other = page.context.new_page()
    log_in(other, "ben")
    page.get_by_role("button", name="Add lesion").click()
    dialog = page.get_by_role("dialog", name="Somebody else is logged in now")
    dialog.wait_for()
    dialog.get_by_role("button", name="Send again").click()
    dialog.wait_for()
    dialog.get_by_role("button", name="Not now").click()
    assert page.get_by_label("Note").input_value() == "Noticed by the hairdresser."
    assert Lesion.objects.filter(patient=records.patient).count() == 2


def test_what_htmx_sends_waits_for_the_log_in_too(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    button = '<button id="probe" hx-post="/session/" hx-swap="none">Keep</button>'
    page.evaluate("button => document.querySelector('main').insertAdjacentHTML('beforeend', button)", button)
    page.evaluate("htmx.process(document.getElementById('probe'))")
    Session.objects.all().delete()
    page.get_by_role("button", name="Keep").click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    dialog.wait_for()
    other = page.context.new_page()
    log_in(other, "ada")
    with page.expect_response(lambda response: response.request.method == "POST") as answered:
        dialog.get_by_role("button", name="Send again").click()
    assert answered.value.json()["open"]


def test_the_page_asks_whether_somebody_is_still_there(page: Page, records: Cast, settings: Settings) -> None:
    settings.SESSION_COOKIE_AGE = 121
    log_in(page, "ada")
    dialog = page.get_by_role("dialog", name="Are you still there?")
    dialog.wait_for()
    assert "2 minutes" in dialog.inner_text()
    before = Session.objects.get().expire_date
    dialog.get_by_role("button", name="Stay logged in").press("Enter")
    dialog.wait_for(state="detached")
    page.wait_for_function("async () => (await (await fetch('/session/', {headers: {Accept: 'application/json'}})).json()).open")
    assert Session.objects.get().expire_date >= before


def test_the_question_becomes_the_end_when_nobody_answers(
    page: Page, records: Cast, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "NOTICE_S", 2)
    settings.SESSION_COOKIE_AGE = 4
    log_in(page, "ada")
    page.get_by_role("dialog", name="Are you still there?").wait_for()
    ended = page.get_by_role("dialog", name="Your session has ended")
    ended.wait_for()
    settings.SESSION_COOKIE_AGE = 1800
    log_in(page.context.new_page(), "ada")
    ended.get_by_role("button", name="I have logged in").click()
    ended.wait_for(state="detached")


def test_the_end_is_told_without_anything_being_sent(page: Page, records: Cast, settings: Settings) -> None:
    settings.SESSION_COOKIE_AGE = 121
    log_in(page, "ada")
    Session.objects.all().delete()
    page.get_by_role("dialog", name="Your session has ended").wait_for()


def test_a_form_is_sent_once_however_often_it_is_clicked(page: Page, records: Cast) -> None:
    log_in(page, "ada")
    new_lesion(page, records)
    page.get_by_role("button", name="Add lesion").dblclick()
    page.get_by_role("heading", name="Lesion 3: Left paranasal cheek").wait_for()
    assert Lesion.objects.filter(patient=records.patient).count() == 3


def test_an_app_is_set_up_because_the_role_needs_it_and_then_asked_for(page: Page, records: Cast) -> None:
    services.require_second_factor(actor=records.ines, roles=["DERMATOLOGIST"])
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    log_in(page, "dana")
    page.get_by_text("Your role needs a second factor").wait_for()
    page.get_by_role("link", name="Set up an app").click()
    page.get_by_label("Password").fill("dana")
    page.get_by_role("button", name="Confirm").click()
    secret = page.locator("[data-secret]").inner_text()
    assert page.evaluate("document.querySelector('.qr').naturalWidth") > 0, "the policy lets the picture in"
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_label("Code shown by the app").fill(_code(secret))
    page.get_by_role("button", name="Use this app").click()
    page.get_by_text("They are shown only now").wait_for()
    code = page.locator(".code-list li").first.inner_text()
    page.goto("/")
    page.get_by_role("button", name="Menu").wait_for()
    page.context.clear_cookies()
    log_in(page, "dana")
    page.get_by_label("Code from your app").fill(code)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("button", name="Menu").wait_for()
    assert AuditEntry.objects.filter(action="account.factor-used", actor=records.dana).count() == 1


def test_a_passkey_is_added_and_logs_in_alone(page: Page, records: Cast) -> None:
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options | {"automaticPresenceSimulation": True}})
    log_in(page, "dana")
    page.goto(reverse("mfa_add_webauthn"))
    page.get_by_label("Password").fill("dana")
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Log in with this passkey alone").check()
    page.get_by_role("button", name="Add the passkey").click()
    page.get_by_text("They are shown only now").wait_for()
    page.context.clear_cookies()
    log_in(page, "dana")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("link", name="Patients", exact=True).wait_for()
    page.context.clear_cookies()
    page.goto(reverse("account_login"))
    page.get_by_role("button", name="Use a passkey instead").click()
    page.get_by_role("link", name="Patients", exact=True).wait_for()
    used = AuditEntry.objects.filter(action="account.factor-used", actor=records.dana)
    assert [entry.detail for entry in used] == [{"factor": "webauthn"}] * 2


def test_an_administrator_invites_without_mail_and_the_link_becomes_an_account(page: Page, records: Cast) -> None:
    log_in(page, "ines")
    page.get_by_role("link", name="Invite somebody").click()
    page.get_by_label("E-mail address").fill("hal@example.org")
    page.get_by_label("Name", exact=True).fill("Hal Hart")
    page.get_by_label("Role").select_option("Dermatologist")
    page.get_by_role("button", name="Invite").click()
    link = page.get_by_label("Link", exact=True).input_value()
    page.context.clear_cookies()
    page.goto(link)
    page.get_by_label("User name").fill("hal")
    page.get_by_label("Password", exact=True).fill("a long enough phrase")
    page.get_by_label("Password again").fill("a long enough phrase")
    page.get_by_role("button", name="Make my account").click()
    page.get_by_text("Your account is ready").wait_for()
    assert User.objects.get(username="hal").role == "DERMATOLOGIST"


@pytest.mark.parametrize(
    "name", ["home", "patients:people", "patients:invitations", "patients:practices", "patients:pools", "patients:invite"]
)
def test_no_page_of_administration_is_wider_than_a_phone(page: Page, records: Cast, name: str) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    log_in(page, "ines")
    page.goto(reverse(name))
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def _code(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
