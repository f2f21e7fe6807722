"""The chain of seals: whole after honest work, broken by whatever is done behind its back, and found broken at the right place."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.loader import MigrationLoader

from patients import audit
from patients.models import AuditEntry, AuditSeal, User
from patients.tasks import anchor_audit_task
from patients.trail import anchors, chain
from tests.cast import Cast
from tests.conftest import StartProcess, wait_until
from tests.factories import make_user

ROWS = 6


@pytest.fixture(autouse=True)
def var_dir(settings: LazySettings, tmp_path: Path) -> Path:
    """Where the heads are noted: a folder of this test's own."""
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.fixture
def trail(cast: Cast) -> list[AuditEntry]:
    """Six entries with everything a row can hold, sealed."""
    odd = {"fields": ["née", 'a "quoted" one', "a\nline", "\\"], "patients": [str(cast.patient.pk)], "n": 1.50, "none": None}
    entries = [
        audit.record(actor=cast.ada, action=f"patient.read-{n}", obj=cast.patient, detail=odd if n % 2 else {}) for n in range(ROWS - 1)
    ]
    entries.append(audit.record(actor=make_user("zoë"), action="patient.read", obj=cast.patient))
    seal_now()
    return entries


def seal_now() -> None:
    """What a commit does, inside a test that never commits."""
    connection.check_constraints()


def sql(statement: str, *values: str | int) -> None:
    """As somebody who owns the database and has switched off every guard. Only where nothing is pending."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET LOCAL session_replication_role = origin")


def complaint() -> str:
    with pytest.raises(CommandError) as refused:
        call_command("audit", "verify")
    assert refused.value.returncode == 1
    return str(refused.value)


def first_broken() -> int | None:
    report = chain.verify()
    assert report.broken
    return report.breaks[0].position


# --- honest work ------------------------------------------------------------------------------------------------------------


def test_every_entry_is_sealed_in_order_and_the_chain_is_whole(trail: list[AuditEntry]) -> None:
    assert list(AuditSeal.objects.values_list("position", "entry_id")) == list(enumerate([entry.pk for entry in trail], 1))
    report = chain.verify()
    assert (report.entries, report.broken, report.head) == (ROWS, 0, chain.head())


def test_nothing_is_sealed_before_the_commit_and_a_rollback_leaves_nothing(cast: Cast) -> None:
    with transaction.atomic():
        audit.record(actor=cast.ada, action="patient.read", obj=cast.patient)
        assert not AuditSeal.objects.exists()
        transaction.set_rollback(True)
    seal_now()
    assert not AuditSeal.objects.exists()
    assert chain.verify().broken == 0


def test_an_empty_trail_is_whole(db: None) -> None:
    assert chain.verify().head is None
    assert run("head") == "The trail is empty.\n"
    assert "0 entries" in run("verify")


@pytest.mark.parametrize(
    "statement", ["UPDATE patients_auditseal SET sha256 = ''", "DELETE FROM patients_auditseal", "TRUNCATE patients_auditseal"]
)
def test_the_database_refuses_to_change_a_seal(cast: Cast, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE patients_auditseal ENABLE TRIGGER patients_auditseal_no_truncate")
        audit.record(actor=cast.ada, action="patient.read", obj=cast.patient)
        seal_now()
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement)


@pytest.mark.parametrize(
    "at", [datetime(1969, 12, 31, 23, 59, 59, 999999, UTC), datetime(2026, 3, 29, 1, 30, 0, 1, UTC), datetime(9999, 1, 1, tzinfo=UTC)]
)
def test_moments_are_hashed_to_the_microsecond(cast: Cast, at: datetime) -> None:
    AuditEntry.objects.create(at=at, actor_name="x", action="x.y", object_type="x", object_id="1")
    seal_now()
    assert chain.verify().broken == 0


# --- tampering --------------------------------------------------------------------------------------------------------------

ALTERATIONS = {
    "a name": "UPDATE patients_auditentry SET actor_name = 'Somebody Else' WHERE id = %s",
    "a role": "UPDATE patients_auditentry SET actor_role = 'ADMIN' WHERE id = %s",
    "an act": "UPDATE patients_auditentry SET action = 'patient.list' WHERE id = %s",
    "a moment": "UPDATE patients_auditentry SET at = at + interval '1 microsecond' WHERE id = %s",
    "a detail": """UPDATE patients_auditentry SET detail = '{"fields": []}' WHERE id = %s""",
    "a patient": "UPDATE patients_auditentry SET patient_id = NULL WHERE id = %s",
    "a person": "UPDATE patients_auditentry SET actor_id = NULL WHERE id = %s",
    "an object": "UPDATE patients_auditentry SET object_type = object_type || '1', object_id = substr(object_id, 2) WHERE id = %s",
    "a seal": "UPDATE patients_auditseal SET sha256 = repeat('0', 64) WHERE entry_id = %s",
    "the row, gone": "DELETE FROM patients_auditentry WHERE id = %s",
}


@pytest.mark.parametrize("statement", ALTERATIONS.values(), ids=ALTERATIONS)
@pytest.mark.parametrize("place", [1, 3, ROWS])
def test_one_altered_row_is_found_at_its_place(trail: list[AuditEntry], statement: str, place: int) -> None:
    sql(statement, trail[place - 1].pk)
    assert first_broken() == place
    assert f"position {place}: " in complaint()


def test_text_moved_from_one_field_to_the_next_is_found(trail: list[AuditEntry]) -> None:
    sql("UPDATE patients_auditentry SET actor_name = actor_name || 'A', actor_role = '' WHERE id = %s", trail[1].pk)
    assert first_broken() == 2


def test_a_row_removed_with_its_seal_leaves_a_gap(trail: list[AuditEntry]) -> None:
    sql("DELETE FROM patients_auditentry WHERE id = %s", trail[2].pk)
    sql("DELETE FROM patients_auditseal WHERE entry_id = %s", trail[2].pk)
    assert first_broken() == 3
    assert "the chain goes on at 4 instead" in complaint()


def test_a_gap_closed_by_renumbering_is_found(trail: list[AuditEntry]) -> None:
    sql("DELETE FROM patients_auditentry WHERE id = %s", trail[2].pk)
    sql("DELETE FROM patients_auditseal WHERE entry_id = %s", trail[2].pk)
    for position in range(4, ROWS + 1):
        sql("UPDATE patients_auditseal SET position = position - 1 WHERE position = %s", position)
    assert first_broken() == 3


def test_two_rows_swapped_are_found(trail: list[AuditEntry]) -> None:
    sql("UPDATE patients_auditseal SET entry_id = -entry_id WHERE position IN (2, 4)")
    sql("UPDATE patients_auditseal SET entry_id = %s WHERE position = 2", trail[3].pk)
    sql("UPDATE patients_auditseal SET entry_id = %s WHERE position = 4", trail[1].pk)
    report = chain.verify()
    assert [found.position for found in report.breaks] == [2, 4]


def test_the_contents_of_two_rows_swapped_are_found(trail: list[AuditEntry]) -> None:
    one, two = trail[0], trail[2]
    sql("UPDATE patients_auditentry SET action = %s WHERE id = %s", two.action, one.pk)
    sql("UPDATE patients_auditentry SET action = %s WHERE id = %s", one.action, two.pk)
    assert [found.position for found in chain.verify().breaks] == [1, 3]


def test_a_forged_row_without_a_seal_is_found(trail: list[AuditEntry], cast: Cast) -> None:
    sql(
        "INSERT INTO patients_auditentry (at, actor_name, actor_role, action, object_type, object_id, detail)"
        " VALUES (now(), 'Ada', 'GP', 'patient.read', 'patients.patient', 'x', '{}')"
    )
    assert first_broken() is None
    assert "has no seal" in complaint()


def test_a_forged_row_with_an_invented_seal_is_found(trail: list[AuditEntry]) -> None:
    sql(
        "WITH forged AS (INSERT INTO patients_auditentry (at, actor_name, actor_role, action, object_type, object_id, detail)"
        " VALUES (now(), 'Ada', 'GP', 'patient.read', 'patients.patient', 'x', '{}') RETURNING id)"
        " INSERT INTO patients_auditseal SELECT %s, repeat('a', 64), id FROM forged",
        ROWS + 1,
    )
    assert first_broken() == ROWS + 1


def test_many_breaks_are_counted_and_the_first_are_named(trail: list[AuditEntry], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "SHOWN_BREAKS", 2)
    sql("UPDATE patients_auditentry SET actor_name = 'x'")
    words = complaint()
    assert "position 1: " in words
    assert "position 2: " in words
    assert f"… and {ROWS - 2} more." in words


# --- heads kept elsewhere ---------------------------------------------------------------------------------------------------


def cut_tail(trail: list[AuditEntry], keep: int) -> None:
    sql("DELETE FROM patients_auditentry WHERE id > %s", trail[keep - 1].pk)
    sql("DELETE FROM patients_auditseal WHERE position > %s", keep)


def rewrite_all() -> None:
    """Changes the first row and seals everything anew with the database's own function: inside, nothing contradicts anything."""
    sql("UPDATE patients_auditentry SET actor_name = 'Nobody At All' WHERE id = (SELECT min(id) FROM patients_auditentry)")
    sql("DELETE FROM patients_auditseal")
    sql(
        "DO $$ DECLARE e patients_auditentry;"
        " BEGIN FOR e IN SELECT * FROM patients_auditentry ORDER BY id LOOP PERFORM patients_audit_seal(e); END LOOP; END $$"
    )


@pytest.mark.parametrize(("damage", "place"), [(lambda trail: cut_tail(trail, 4), ROWS), (lambda _: rewrite_all(), ROWS)])
def test_a_noted_head_shows_what_the_chain_alone_cannot(
    trail: list[AuditEntry], damage: Callable[[list[AuditEntry]], None], place: int
) -> None:
    anchor_audit_task()
    damage(trail)
    assert chain.verify().broken == 0
    assert f"position {place}: " in complaint()


def test_a_head_on_paper_is_checked(trail: list[AuditEntry]) -> None:
    written = run("head").strip()
    assert re.fullmatch(rf"{ROWS}:[0-9a-f]{{64}}", written)
    assert "0 noted heads and 1 given ones agree" in run("verify", "--head", written)
    cut_tail(trail, 2)
    assert "2 entries" in run("verify")
    with pytest.raises(CommandError, match="newest entries are gone") as refused:
        run("verify", "--head", written)
    assert refused.value.returncode == 1


@pytest.mark.parametrize("head", ["", "7", "0:" + 64 * "a", "1:xyz"])
def test_a_head_that_is_none_is_refused(trail: list[AuditEntry], head: str) -> None:
    with pytest.raises(CommandError, match="is no head"):
        run("verify", f"--head={head}")


def test_heads_are_noted_once_and_agree_later(trail: list[AuditEntry], cast: Cast) -> None:
    anchor_audit_task()
    anchor_audit_task()  # nothing has happened since
    audit.record(actor=cast.ada, action="patient.read", obj=cast.patient)
    seal_now()
    anchor_audit_task()
    lines = [json.loads(line) for line in anchors.anchor_file().read_text().splitlines()]
    assert [line["position"] for line in lines] == [ROWS, ROWS + 1]
    assert [datetime.fromisoformat(line["at"]).tzinfo for line in lines] == [UTC, UTC]
    assert "2 noted heads" in run("verify")


def test_nothing_is_noted_of_an_empty_trail(db: None) -> None:
    anchor_audit_task()
    assert not anchors.anchor_file().exists()


def test_a_trail_that_has_become_shorter_is_an_error_in_the_log_and_stays_found(
    trail: list[AuditEntry], caplog: pytest.LogCaptureFixture
) -> None:
    anchor_audit_task()
    cut_tail(trail, 3)
    anchor_audit_task()
    assert [record.levelname for record in caplog.records if record.name == "patients.trail.anchors"] == ["ERROR"]
    assert f"position {ROWS}: " in complaint()


@pytest.mark.parametrize("junk", ['{"position": 1, "sha', "[]\n", "x\n", '{"position": "one", "sha256": ""}\n'])
def test_an_anchor_that_cannot_be_read_is_told_and_the_next_one_stands_on_its_own_line(trail: list[AuditEntry], junk: str) -> None:
    anchors.anchor_file().write_text(junk)
    assert "Line 1 of" in complaint()
    anchor_audit_task()
    assert json.loads(anchors.anchor_file().read_text().splitlines()[-1])["position"] == ROWS


# --- many at once -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_people_who_work_at_once_leave_one_chain_without_gaps() -> None:
    people = [make_user(f"person{n}") for n in range(6)]
    failures: list[Exception] = []

    def work(person: User) -> None:
        try:
            for turn in range(10):
                with transaction.atomic():
                    audit.record(actor=person, action="account.login", obj=person)
                    audit.record(actor=person, action="account.logout", obj=person)
                    transaction.set_rollback(turn % 3 == 2)
        except Exception as error:  # noqa: BLE001 - told below, in the test's own thread
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    kept = 6 * 7 * 2
    assert list(AuditSeal.objects.values_list("position", flat=True)) == list(range(1, kept + 1))
    assert chain.verify().entries == kept
    assert chain.verify().broken == 0


@pytest.mark.django_db(transaction=True)
def test_a_long_transaction_keeps_nobody_waiting_and_stands_where_it_ended() -> None:
    slow, quick = make_user("slow"), make_user("quick")

    def meanwhile() -> None:
        audit.record(actor=quick, action="account.login", obj=quick)
        connections.close_all()

    with transaction.atomic():
        audit.record(actor=slow, action="account.login", obj=slow)
        other = threading.Thread(target=meanwhile)
        other.start()
        other.join(timeout=20)
        assert not other.is_alive(), "an audit row early in a transaction must not hold up anybody"
    names = AuditSeal.objects.order_by("position").values_list("entry__actor_name", flat=True)
    assert list(names) == ["Quick", "Slow"]
    assert chain.verify().broken == 0


@pytest.mark.django_db(transaction=True)
def test_the_migration_seals_what_was_there_before() -> None:
    person = make_user("early")
    graph = MigrationLoader(connection).graph
    chained = next(key for key in graph.nodes if key[0] == "patients" and key[1].endswith("_audit_chain"))
    before = next(parent.key for parent in graph.node_map[chained].parents if parent.key[0] == "patients")
    call_command("migrate", *before, verbosity=0)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO patients_auditentry (at, actor_id, actor_name, action, object_type, object_id, detail)"
                " SELECT now(), %s, 'Early', 'account.login', 'patients.user', n::text, '{}' FROM generate_series(1, 5) n",
                [person.pk],
            )
    finally:
        call_command("migrate", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE patients_auditseal DISABLE TRIGGER patients_auditseal_no_truncate")
    report = chain.verify()
    assert (report.entries, report.broken) == (5, 0)


@pytest.mark.integration
def test_a_real_worker_notes_the_head(start_worker: StartProcess, var_dir: Path) -> None:
    person = make_user("somebody")
    audit.record(actor=person, action="account.login", obj=person)
    start_worker(queues="default", VAR_DIR=str(var_dir))
    anchor_audit_task.delay()
    wait_until(anchors.anchor_file().exists, what="the head to be noted")
    wait_until(lambda: list(anchors.noted_heads()) == [chain.head()], what="the whole line")


def run(*arguments: str) -> str:
    said = StringIO()
    call_command("audit", *arguments, stdout=said)
    return said.getvalue()
