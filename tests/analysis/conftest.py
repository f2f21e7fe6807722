"""One lesion of practice North and one image of it. Imports wait until Django is set up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from patients.models import Image, Lesion


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
