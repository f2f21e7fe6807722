"""One lesion of practice North and one image of it. Imports wait until Django is set up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import LazySettings

if TYPE_CHECKING:
    from django.test import Client

    from analysis.models import Analysis
    from patients.models import Image, Lesion


@pytest.fixture(autouse=True)
def models_dir(settings: LazySettings, tmp_path: Path) -> Path:
    """Where the models would lie: this machine's own ones have no say here."""
    settings.MODELS_DIR = tmp_path / "models"
    return tmp_path / "models"


@pytest.fixture
def lesion(db: None) -> Lesion:
    from patients.models import Practice, Role
    from tests.factories import make_lesion, make_patient, make_user

    practice = Practice.objects.create(name="North")
    ada = make_user("ada", role=Role.GP, practice=practice)
    return make_lesion(make_patient(practice, created_by=ada))


@pytest.fixture
def image(lesion: Lesion) -> Image:
    from tests.factories import make_image

    return make_image(lesion)


@pytest.fixture
def ada(client: Client, lesion: Lesion) -> Client:
    """Logged in as the GP whose patient it is."""
    client.force_login(lesion.created_by)
    return client


@pytest.fixture
def finished(image: Image) -> Analysis:
    """An analysis with the figures of `tiny`."""
    from analysis import services
    from analysis.models import Status
    from tests.analysis.states import in_state
    from tests.analysis.tiny import TinyAnalyser

    analysis = in_state(image, Status.QUEUED)
    services.run_analysis(pk=analysis.pk, analyser=TinyAnalyser())
    analysis.refresh_from_db()
    return analysis
