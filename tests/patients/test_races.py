"""Two people at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest
from django.db import connection

from patients import services
from patients.capture import CaptureFields
from patients.models import Image, User
from patients.sites import body_sites
from skinclinic.errors import ClinicError
from tests.cast import Cast
from tests.factories import jpeg_bytes, upload
from tests.patients.test_images import files_in

T = TypeVar("T")


@pytest.fixture
def together(transactional_db: None, cast: Cast) -> Cast:
    return cast


def at_once(act: Callable[[User], T], actors: list[User]) -> list[T]:
    """Everybody acts in a thread and a connection of their own, started together."""
    start = Barrier(len(actors))

    def run(actor: User) -> T:
        start.wait(timeout=20)
        try:
            return act(actor)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actors)) as pool:
        return list(pool.map(run, actors))


def test_the_same_file_sent_twice_at_once_is_one_image(together: Cast, stored_files: Path) -> None:
    cast, before = together, len(files_in(stored_files))
    data, capture = jpeg_bytes(800, 600, seed=7), CaptureFields(modality="dermoscopic")

    def add(actor: User) -> tuple[Image, bool]:
        prepared = services.prepare_image(actor=actor, lesion=cast.lesion, upload=upload(data))
        return services.add_image(actor=actor, lesion=cast.lesion, prepared=prepared, capture=capture)

    answers = at_once(add, [cast.ada, cast.ben] * 2)
    assert len({image.pk for image, _ in answers}) == 1
    assert sorted(created for _, created in answers) == [False, False, False, True]
    assert Image.objects.filter(lesion=cast.lesion).count() == 2
    assert len(files_in(stored_files)) == before + 3


def test_lesions_added_at_once_get_different_numbers(together: Cast) -> None:
    site = body_sites()["SCT:36141000"]
    lesions = at_once(
        lambda actor: services.add_lesion(actor=actor, patient=together.patient, site=site, laterality="L"),
        [together.ada, together.ben] * 2,
    )
    assert sorted(lesion.number for lesion in lesions) == [3, 4, 5, 6]


def test_the_same_referral_made_at_once_is_made_once(together: Cast) -> None:
    def refer(actor: User) -> str:
        try:
            services.refer_lesion(actor=actor, lesion=together.free_lesion, to=together.emil)
        except ClinicError as refused:
            return refused.code
        return "made"

    assert sorted(at_once(refer, [together.ada, together.ben])) == ["already_referred", "made"]
