"""The demonstration: loaded once, only where it is allowed, and drawn from nothing."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from patients.demo import crowd, drawing, histories, people
from patients.models import Case, CaseStatus, Image, Lesion, Patient, User


@pytest.fixture
def quick_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "WIDTH_PX", 240)
    monkeypatch.setattr(drawing, "HEIGHT_PX", 180)
    monkeypatch.setattr(crowd, "CROWD", 70)  # enough for a case in every state


def load() -> str:
    said = StringIO()
    call_command("load_demo", stdout=said)
    return said.getvalue()


def counts() -> list[int]:
    return [model._default_manager.count() for model in (User, Patient, Lesion, Image, Case)]


def test_the_demonstration_loads_once(db: None, stored_files: Path, settings: LazySettings, quick_drawing: None, client: Client) -> None:
    settings.DEMO = True
    said, first = load(), counts()
    assert "ada" in said
    assert people.PASSWORD in said
    assert first[1] == 12 + crowd.CROWD
    assert first[-1] >= len(histories.STATES)
    assert set(Case.objects.values_list("status", flat=True)) == set(CaseStatus.values)
    assert load() == said
    assert counts() == first
    assert client.login(username="ada", password=people.PASSWORD)
    assert b"Ashworth" in client.get(reverse("home")).content


def test_a_real_installation_refuses_published_passwords(db: None, settings: LazySettings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO"):
        load()
    assert not User.objects.exists()


@pytest.mark.parametrize("look", drawing.LOOKS)
def test_every_look_is_a_lesion_on_lighter_skin(quick_drawing: None, look: str) -> None:
    picture = drawing.draw(look, seed=3)
    assert picture.shape == (180, 240, 3)
    assert picture.dtype == np.uint8
    assert picture[80:100, 110:130].mean() < picture[:20].mean()
    assert np.array_equal(picture, drawing.draw(look, seed=3))
    assert not np.array_equal(picture, drawing.draw(look, seed=4))
