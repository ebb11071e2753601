"""What on-call keeps of a home's journal (rule 23): the newest head of each run, whatever comes late."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispenserd.oncall import database as db
from dispenserd.oncall.positions import keep_position, kept_heads
from protocol.mqtt import payloads as p
from tests.support.paper_home import BOX, NOON

RUN_A, RUN_B = "a" * 64, "b" * 64


def beat(run: str, sequence: int, home: str = BOX, epoch: int = 1, life: int = 0) -> p.HeartbeatPayload:
    return p.HeartbeatPayload(
        schema=p.HEARTBEAT,
        home=home,
        at=NOON,
        epoch=epoch,
        head=f"{life:032x}{sequence:032x}",
        run=run,
        sequence=sequence,
        clock="trusted",
        robot="ready",
        plan_version=1,
        next_window=None,
        window_open=False,
        incidents=0,
        digest="0" * 64,
    )


def answer(run: str, sequence: int) -> p.AnswerPayload:
    return p.AnswerPayload(
        schema=p.ANSWER,
        home=BOX,
        epoch=1,
        head=f"{sequence:064x}",
        run=run,
        sequence=sequence,
        event_id=f"1-{1:064x}",
        command_id="c",
        accepted=True,
        reason="done",
        incident="",
    )


@pytest.fixture
def database(tmp_path: Path) -> db.Database:
    return db.create(tmp_path / "o.db")


def keep(database: db.Database, *payloads: p.HeartbeatPayload | p.AnswerPayload) -> list[bool]:
    with database.writing() as connection:
        return [keep_position(connection, payload) for payload in payloads]


def kept(database: db.Database, home: str = BOX) -> list[int]:
    """Sequences, newest run first."""
    with database.reading() as connection:
        return [int(head.partition("-")[2][32:], 16) for head in kept_heads(connection, home)]


def test_the_highest_of_a_run_is_kept_and_a_late_or_repeated_message_takes_nothing_back(
    database: db.Database,
) -> None:
    began = keep(database, beat(RUN_A, 5), answer(RUN_A, 9), beat(RUN_A, 7), beat(RUN_A, 9), answer(RUN_A, 2))
    assert began == [True, False, False, False, False]
    assert kept(database) == [9]


def test_a_run_that_counts_on_from_an_older_copy_pushes_out_nothing(database: db.Database) -> None:
    """Its rows may be more than those that were lost: a higher number of another run proves nothing."""
    keep(database, beat(RUN_A, 100), beat(RUN_B, 90, life=1), beat(RUN_B, 150, life=1))
    assert kept(database) == [150, 100]
    keep(database, beat(RUN_A, 99), beat(RUN_A, 101))  # late, of the first life
    assert kept(database) == [150, 101]


def test_the_last_eight_runs_are_kept_each_home_for_itself(database: db.Database) -> None:
    keep(database, beat(RUN_A, 7, home="box-8"))
    keep(database, *(beat(f"{n:064x}", n) for n in range(1, 13)))
    assert kept(database) == [12, 11, 10, 9, 8, 7, 6, 5]
    assert kept(database, "box-8") == [7]
    assert kept(database, "box-9") == []


def test_a_home_that_is_older_than_these_fields_leaves_nothing_to_compare(database: db.Database) -> None:
    plain = beat(RUN_A, 5).model_dump(by_alias=True, exclude={"run", "sequence"})
    old = p.HeartbeatPayload.model_validate(plain)
    assert keep(database, old) == [False]
    assert kept(database) == []


def test_on_calls_own_restart_forgets_nothing(tmp_path: Path) -> None:
    keep(db.create(tmp_path / "o.db"), beat(RUN_A, 5), beat(RUN_B, 3))
    assert kept(db.create(tmp_path / "o.db")) == [3, 5]
