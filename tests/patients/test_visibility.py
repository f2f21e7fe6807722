"""Who sees what: the table of the querysets that every view starts from."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from patients.models import BreakGlass, Image, Lesion, Patient, Viewer
from tests.cast import Cast

SEEN = {
    "ada": ({"patient", "other_patient"}, {"lesion", "pooled_lesion", "free_lesion"}, {"image", "pooled_image", "free_image"}),
    "ben": ({"patient", "other_patient"}, {"lesion", "pooled_lesion", "free_lesion"}, {"image", "pooled_image", "free_image"}),
    "cleo": ({"southern_patient"}, {"southern_lesion"}, {"southern_image"}),
    "dana": ({"patient"}, {"lesion"}, {"image"}),
    "emil": ({"patient"}, {"pooled_lesion"}, {"pooled_image"}),
    "ines": (set(), set(), set()),
    "theo": (set(), set(), set()),
}


def seen_by(cast: Cast, viewer: Viewer) -> tuple[set[str], set[str], set[str]]:
    names = {getattr(cast, name).pk: name for name in vars(cast)}
    rows = [model.objects.visible_to(viewer) for model in (Patient, Lesion, Image)]
    patients, lesions, images = ({names[row.pk] for row in found} for found in rows)
    return patients, lesions, images


@pytest.mark.parametrize("name", SEEN)
def test_everybody_sees_their_own_and_no_more(cast: Cast, name: str) -> None:
    assert seen_by(cast, cast.people[name]) == SEEN[name]


def test_the_table_has_the_whole_cast(cast: Cast) -> None:
    assert set(cast.people) == set(SEEN)


def test_the_anonymous_see_nothing(cast: Cast) -> None:
    assert seen_by(cast, AnonymousUser()) == (set(), set(), set())


@pytest.mark.parametrize("name", ["ada", "dana"])
def test_a_switched_off_account_sees_nothing(cast: Cast, name: str) -> None:
    cast.people[name].is_active = False
    assert seen_by(cast, cast.people[name]) == (set(), set(), set())


def open_record(cast: Cast, minutes: float) -> None:
    now = timezone.now()
    BreakGlass.objects.create(
        admin=cast.ines,
        patient=cast.patient,
        reason="Complaint 17 of May",
        opened_at=now - timedelta(hours=1),
        expires_at=now + timedelta(minutes=minutes),
    )


def test_an_admin_sees_a_record_that_was_opened_with_a_reason(cast: Cast) -> None:
    open_record(cast, minutes=5)
    assert seen_by(cast, cast.ines) == ({"patient"}, {"lesion", "pooled_lesion"}, {"image", "pooled_image"})


def test_an_opened_record_closes_by_itself(cast: Cast) -> None:
    open_record(cast, minutes=-1)
    assert seen_by(cast, cast.ines) == (set(), set(), set())


def test_a_reason_given_as_an_admin_opens_nothing_in_another_role(cast: Cast) -> None:
    open_record(cast, minutes=5)
    cast.ines.role = "DERMATOLOGIST"
    assert seen_by(cast, cast.ines) == (set(), set(), set())


def test_leaving_a_pool_ends_its_referrals(cast: Cast) -> None:
    cast.pool.members.remove(cast.emil)
    assert seen_by(cast, cast.emil) == (set(), set(), set())


def test_a_lesion_referred_twice_appears_once(cast: Cast) -> None:
    cast.pool.members.add(cast.dana)
    assert list(Lesion.objects.visible_to(cast.dana).filter(pk=cast.lesion.pk)) == [cast.lesion]
    assert Patient.objects.visible_to(cast.dana).count() == 1
