"""Nobody counts people, practices or pools: addresses and pages name them by an identifier that cannot be guessed."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import LazySettings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client, RequestFactory
from django.urls import reverse

from patients import second_factor, services
from patients.models import Pool, Practice, User
from tests.cast import Cast, build_cast
from tests.factories import make_user
from tests.patients.test_second_factor import confirm
from tests.test_routes import CASES, Route, arguments, data_of

COUNTED_FROM = 876_543_201
"""No page has such a number by chance."""
A_KEY = re.compile(r"(?<![0-9a-f-])8765432\d\d(?![0-9a-f-])")
TABLES = ("patients_user", "patients_practice", "patients_pool")


@pytest.fixture
def counted(db: None, stored_files: Path) -> Cast:
    """The cast, with keys that are recognised wherever they stand."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER SEQUENCE {table}_id_seq RESTART WITH {COUNTED_FROM}")
    return build_cast()


def shown_by(client: Client, route: Route, path: str, data: dict[str, Any]) -> str:
    response = client.get(path) if route.method == "GET" else client.post(path, data)
    body = response.getvalue()  # reads and closes files
    return f"{response.headers} {body.decode(errors='replace')}"


def test_no_page_and_no_answer_shows_a_counted_key(counted: Cast, client: Client) -> None:
    found = []
    for name, route in CASES:
        for who in (person for person, answer in route.answers.items() if answer < 400):
            client.force_login(counted.people[who])
            with transaction.atomic():
                path = reverse(name, args=arguments(counted, route.arguments))
                shown = shown_by(client, route, path, data_of(counted, route))
                found += [f"{who} {route.method} {name}: {key}" for key in A_KEY.findall(path + shown)]
                transaction.set_rollback(True)
    assert found == []


@pytest.mark.parametrize("route", ["person", "practice", "pool", "password-link"])
def test_a_counted_key_leads_nowhere(cast: Cast, client: Client, route: str) -> None:
    client.force_login(cast.ines)
    folder = {"person": "people", "practice": "practices", "pool": "pools", "password-link": "people"}[route]
    rest = "password-link/" if route == "password-link" else ""
    assert client.get(f"/administration/{folder}/{cast.theo.pk}/{rest}").status_code == 404


def test_forms_take_no_counted_key(cast: Cast, client: Client) -> None:
    client.force_login(cast.ada)
    asked = {"target_key": f"user-{cast.emil.pk}", "urgency": "soon"}
    assert client.post(reverse("patients:refer", args=[cast.free_lesion.pk]), asked).status_code == 400
    client.force_login(cast.ines)
    reason = {"practice": cast.north.pk, "record_number": "N1", "reason": "Complaint of the 3rd"}
    assert client.post(reverse("patients:break-glass"), reason).status_code == 400
    assert client.post(reverse("patients:pool-new"), {"name": "Nails", "members": [cast.dana.pk]}).status_code == 400
    invited = {"email": "hal@example.org", "display_name": "Hal", "role": "GP", "practice": cast.north.pk}
    assert client.post(reverse("patients:invite"), invited).status_code == 400
    assert not Pool.objects.filter(name="Nails").exists()


def test_the_queue_ignores_a_counted_pool(cast: Cast, client: Client) -> None:
    client.force_login(cast.emil)
    page = client.post(reverse("patients:queue"), {"addressed": cast.pool.pk}).content.decode()
    assert f'name="addressed" value="{cast.pool.pk}"' not in page
    assert f'value="{cast.pool.public_id}"' in page


def test_the_migration_names_everybody_there_is_differently(db: None) -> None:
    practices = [Practice.objects.create(name=f"Practice {number}") for number in range(3)]
    for number in range(3):
        Pool.objects.create(name=f"Pool {number}")
        make_user(f"gp{number}", role="GP", practice=practices[number])
    connection.check_constraints()  # nothing may be pending when a table changes
    MigrationExecutor(connection).migrate([("patients", "0014_dermatoscopes")])
    MigrationExecutor(connection).migrate([("patients", "0015_public_ids")])
    for model in (Practice, Pool, User):
        keys = set(model._default_manager.values_list("public_id", flat=True))
        assert len(keys) == 3
        assert None not in keys


def test_rows_from_elsewhere_get_one_too(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO patients_pool (name) VALUES ('By hand') RETURNING public_id")
        (public_id,) = cursor.fetchone()
    assert Pool.objects.get(public_id=public_id).name == "By hand"


# --- What allauth would count -------------------------------------------------------------------------------------------


def test_links_for_a_new_password_name_nobody_by_number(cast: Cast) -> None:
    uid, _ = services.password_link_key(actor=cast.ines, person=cast.theo)
    assert uid == cast.theo.public_id.hex


def test_mailed_links_do_not_either(cast: Cast, client: Client, settings: LazySettings, mailoutbox: list[Any]) -> None:
    settings.EMAIL_HOST = "mail.example"
    robin = make_user("robin", email="robin@example.org")
    client.post(reverse("account_reset_password"), {"email": "robin@example.org"})
    link = next(word for word in mailoutbox[0].body.split() if word.startswith("http"))
    assert f"/{robin.public_id.hex}-" in link
    assert "password1" in client.get(link, follow=True).content.decode()


@pytest.mark.parametrize("uid", ["1", "zz", "0" * 32, "g" * 32])
def test_a_link_of_nobody_is_told_as_one_that_was_used(cast: Cast, client: Client, uid: str) -> None:
    _, secret = services.password_link_key(actor=cast.ines, person=cast.theo)
    page = client.get(reverse("account_reset_password_from_key", args=[uid, secret])).content.decode()
    assert "cannot be used" in page


def test_a_device_learns_no_counted_key(cast: Cast) -> None:
    request = RequestFactory().get("/")
    from allauth.core import context

    with context.request_context(request):
        entity = second_factor.FactorAdapter().get_public_key_credential_user_entity(cast.dana)
    assert entity["id"] == cast.dana.public_id.hex.encode()


@pytest.mark.parametrize("handle", ["public", "counted", "nobody"])
def test_a_device_is_known_by_either_name(cast: Cast, handle: str) -> None:
    """Those that were set up while it was told the key go on working."""
    names = {"public": cast.dana.public_id.hex, "counted": str(cast.dana.pk), "nobody": "f" * 32}
    credential = {"response": {"userHandle": base64.urlsafe_b64encode(names[handle].encode()).decode().rstrip("=")}}
    before = credential["response"]["userHandle"]
    second_factor._name_by_key(credential)
    assert (credential["response"]["userHandle"] != before) == (handle == "public")


def test_a_passkey_is_renamed_and_removed_by_its_own_identifier(cast: Cast, client: Client) -> None:
    def passkey(user: User, raw_id: str) -> Authenticator:
        return Authenticator.objects.create(user=user, type="webauthn", data={"name": "Key", "credential": {"rawId": raw_id}})

    hers, his = passkey(cast.dana, "AbC-_1"), passkey(cast.emil, "dEf")
    client.force_login(cast.dana)
    confirm(client, "dana")
    rename = reverse("mfa_edit_webauthn", args=["AbC-_1"])
    assert rename in client.get(reverse("mfa_index")).content.decode()
    assert client.post(rename, {"name": "Blue key"}).status_code == 302
    for nobodys in (hers.pk, his.pk, "dEf", "abc-_1"):
        assert client.post(reverse("mfa_remove_webauthn", args=[nobodys])).status_code == 404
    assert client.post(reverse("mfa_remove_webauthn", args=["AbC-_1"])).status_code == 302
    assert list(Authenticator.objects.filter(type="webauthn")) == [his]
