"""The demo gets its results."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from analysis import inference
from analysis.models import Analysis, Status
from patients.models import Image
from tests.analysis.states import in_state
from tests.analysis.tiny import TinyAnalyser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.tasks.analyse_image_task.delay", lambda _: None)


def test_every_image_without_an_analysis_gets_one(image: Image, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_demo_analyses")
    call_command("load_demo_analyses")
    assert Analysis.objects.get().image == image
    assert capsys.readouterr().out == "1 analyses requested.\n0 analyses requested.\n"


def test_inline_needs_no_worker(image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "analyse", TinyAnalyser())
    call_command("load_demo_analyses", "--inline")
    assert Analysis.objects.get(image=image).status == Status.SUCCEEDED


def test_an_image_that_failed_is_left_to_people(image: Image) -> None:
    in_state(image, Status.FAILED)
    call_command("load_demo_analyses")
    assert Analysis.objects.get().status == Status.FAILED
