"""Two people who change one record: nothing is overwritten, and the second is told by whom."""

from __future__ import annotations

import pytest

from patients import audit
from patients.models import Lesion, Patient, User
from patients.services import versions
from skinclinic.errors import ClinicError
from tests.cast import Cast


def change(actor: User, row: Patient | Lesion, version: int, **changes: object) -> list[str]:
    row.refresh_from_db()
    changed = versions.save_changes(actor=actor, row=row, version=version, changes=changes)
    if changed:
        audit.record(actor=actor, action="x.change", obj=row, detail=versions.trace_of(row, changed))
    return changed


def test_what_differs_is_written_with_who_and_when(cast: Cast) -> None:
    assert change(cast.ada, cast.patient, 1, family_name="Arrow", given_names="Nell") == ["family_name"]
    cast.patient.refresh_from_db()
    assert (cast.patient.family_name, cast.patient.version, cast.patient.changed_by) == ("Arrow", 2, cast.ada)
    assert cast.patient.changed_at is not None


def test_what_does_not_differ_is_no_change(cast: Cast) -> None:
    assert change(cast.ada, cast.patient, 1, family_name="Archer") == []
    cast.patient.refresh_from_db()
    assert (cast.patient.version, cast.patient.changed_by) == (1, None)


def test_the_second_is_told_who_changed_what_and_nothing_is_overwritten(cast: Cast) -> None:
    change(cast.ben, cast.patient, 1, family_name="Archer-Bell", address="1 Mill Lane")
    change(cast.ben, cast.patient, 2, skin_type=2)
    with pytest.raises(ClinicError) as refused:
        change(cast.ada, cast.patient, 1, family_name="Arrow")
    assert (refused.value.code, refused.value.http_status) == ("changed_meanwhile", 409)
    assert "Ben changed address and family name on " in refused.value.message
    assert "Ben changed Fitzpatrick skin type on " in refused.value.message
    assert "Archer-Bell" not in refused.value.message
    cast.patient.refresh_from_db()
    assert (cast.patient.family_name, cast.patient.version) == ("Archer-Bell", 3)


def test_only_what_happened_since_is_told(cast: Cast) -> None:
    change(cast.ben, cast.patient, 1, skin_type=2)
    change(cast.ben, cast.patient, 2, address="1 Mill Lane")
    with pytest.raises(ClinicError) as refused:
        change(cast.ada, cast.patient, 2, family_name="Arrow")
    assert "skin type" not in refused.value.message


def test_a_change_that_left_no_trace_is_told_all_the_same(cast: Cast) -> None:
    versions.save_changes(actor=cast.ben, row=cast.lesion, version=1, changes={"note": "Bleeds."})
    with pytest.raises(ClinicError, match="Ben changed this record on"):
        change(cast.ada, cast.lesion, 1, note="Does not bleed.")
    cast.lesion.refresh_from_db()
    assert cast.lesion.note == "Bleeds."


def test_derived_columns_go_along_unmentioned(cast: Cast) -> None:
    derived = {"search_words": ["arrow"]}
    row = cast.patient
    assert versions.save_changes(actor=cast.ada, row=row, version=1, changes={"family_name": "Arrow"}, derived=derived) == ["family_name"]
    assert Patient.objects.get(pk=row.pk).search_words == ["arrow"]
