"""Django's admin: accounts, practices and pools, and nothing clinical."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from patients.demo.load import let_manage_accounts
from patients.models import Pool, Practice, User
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
    cast.ines.is_staff = True
    cast.ines.save()
    let_manage_accounts(cast.ines)
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


@pytest.mark.parametrize("name", ["ada", "dana", "theo"])
def test_the_admin_is_closed_to_others(cast: Cast, client: Client, name: str) -> None:
    client.force_login(cast.people[name])
    assert client.get(reverse("admin:patients_user_changelist")).status_code in {302, 403}
