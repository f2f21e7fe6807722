"""Django's admin: accounts, practices and pools, and nothing clinical."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from patients.models import AuditEntry, Pool, Practice, User
from tests.cast import Cast

NEW = {
    "username": "gil",
    "display_name": "Gil",
    "email": "gil@example.org",
    "role": "GP",
    "usable_password": "true",
    "password1": "a long enough secret",
    "password2": "a long enough secret",
}


@pytest.fixture
def manager(cast: Cast, client: Client) -> Client:
    client.force_login(cast.ines)
    return client


def test_nothing_clinical_is_registered() -> None:
    ours = {model for model in admin.site._registry if model._meta.app_label == "patients"}
    assert ours == {User, Practice, Pool}


def test_an_admin_makes_an_account(cast: Cast, manager: Client) -> None:
    response = manager.post(reverse("admin:patients_user_add"), NEW | {"practice": cast.north.pk})
    assert response.status_code == 302
    assert User.objects.get(username="gil").practice == cast.north


def test_a_gp_without_a_practice_is_explained(cast: Cast, manager: Client) -> None:
    response = manager.post(reverse("admin:patients_user_add"), NEW)
    assert "needs a practice" in response.content.decode()
    assert not User.objects.filter(username="gil").exists()


def test_accounts_are_switched_off(cast: Cast, manager: Client) -> None:
    page = reverse("admin:patients_user_change", args=[cast.theo.pk])
    assert manager.get(page).status_code == 200
    assert manager.post(page, {"username": "theo", "display_name": "Theo"}).status_code == 302
    cast.theo.refresh_from_db()
    assert not cast.theo.is_active


def test_every_change_leaves_its_trace_without_values(cast: Cast, manager: Client) -> None:
    manager.post(reverse("admin:patients_user_add"), NEW | {"practice": cast.north.pk})
    manager.post(
        reverse("admin:patients_user_change", args=[cast.theo.pk]), {"username": "theo", "display_name": "Secret", "is_active": "on"}
    )
    passwords = {"password1": "a long enough secret", "password2": "a long enough secret", "usable_password": "true"}
    answer = manager.post(reverse("admin:auth_user_password_change", args=[cast.ada.pk]), passwords)
    assert answer.status_code == 302
    manager.post(reverse("admin:patients_pool_delete", args=[cast.pool.pk]), {"post": "yes"})
    entries = AuditEntry.objects.order_by("id")
    assert [entry.action for entry in entries] == ["account.create", "account.change", "account.change"]
    assert {entry.actor for entry in entries} == {cast.ines}
    assert "Secret" not in str([entry.detail for entry in entries])
    assert "assword" in str(entries[2].detail)


def test_deleting_leaves_its_trace(cast: Cast, manager: Client) -> None:
    empty = Practice.objects.create(name="West")
    assert manager.post(reverse("admin:patients_practice_delete", args=[empty.pk]), {"post": "yes"}).status_code == 302
    assert AuditEntry.objects.get().action == "practice.delete"


def test_nobody_gives_themselves_another_role(cast: Cast, manager: Client) -> None:
    mine = {"username": "ines", "display_name": "Ines", "role": "GP", "practice": cast.north.pk, "is_active": "on"}
    manager.post(reverse("admin:patients_user_change", args=[cast.ines.pk]), mine)
    cast.ines.refresh_from_db()
    assert (cast.ines.role, cast.ines.practice) == ("ADMIN", None)


def test_a_second_administrator_is_one_by_role_alone(cast: Cast, manager: Client, client: Client) -> None:
    manager.post(reverse("admin:patients_user_change", args=[cast.theo.pk]), {"username": "theo", "role": "ADMIN", "is_active": "on"})
    client.force_login(User.objects.get(username="theo"))
    assert client.get(reverse("admin:patients_user_add")).status_code == 200


def test_the_first_account_comes_from_the_console(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "a long enough secret")
    call_command("create_admin", "gil", stdout=StringIO())
    assert client.login(username="gil", password="a long enough secret")
    assert client.get(reverse("admin:patients_user_add")).status_code == 200
    with pytest.raises(CommandError, match="already exists"):
        call_command("create_admin", "gil")
    monkeypatch.setenv("ADMIN_PASSWORD", "short")
    with pytest.raises(CommandError, match="too short"):
        call_command("create_admin", "hal")


@pytest.mark.parametrize("name", ["ada", "dana", "theo"])
def test_the_admin_is_closed_to_others(cast: Cast, client: Client, name: str) -> None:
    client.force_login(cast.people[name])
    assert client.get(reverse("admin:patients_user_changelist")).status_code in {302, 403}
