"""A flipped byte, a cut or an emptied file: a clear error or a proven repair, never another world."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispenserd.security.keys import FileKey, create_file_key
from dispenserd.store import emergency
from dispenserd.store.errors import ChainBroken, StoreError, StoreKeyError
from dispenserd.store.store import Store
from scheduler.events import DoseDue
from scheduler.outbox import Put
from simulator import memory_file
from simulator.mechanics import Mechanics
from simulator.memory import Memory
from tests.simulator.robot_bench import Bench, release

AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
KEY = bytes(range(32))
COMMITS = 12
FLIPS = 60
WAL_HEADER_BYTES, FRAME_BYTES = 32, 24 + 4096


@pytest.fixture
def left(tmp_path: Path) -> tuple[bytes, bytes, list[str]]:
    """File and WAL of a killed store whose last commits are in the WAL alone, and every head it had."""
    path = tmp_path / "left" / "home.db"
    path.parent.mkdir()
    heads = []
    with closing(Store.open(path, KEY)) as store:
        heads.append(store.head)
        for n in range(COMMITS):
            store.append([DoseDue(AT, f"{n}")], [Put("order", f"{n}", {"long": "x" * 3000})])
            heads.append(store.head)
            if n == COMMITS // 2:
                store._checkpoint()
        return path.read_bytes(), path.with_name("home.db-wal").read_bytes(), heads


def found(path: Path, heads: list[str]) -> str:
    """What a start makes of it: the name of its error, or how many commits it knows, proven to be ours."""
    try:
        with closing(Store.open(path, KEY)) as store:
            if store.integrity():
                return "damaged"
            events = [event.dose_id for event in store.replay() if isinstance(event, DoseDue)]
            assert events == [str(n) for n in range(store.sequence)], "another history"
            assert store.head == heads[store.sequence], "another head"
            assert [row.key for row in store.unanswered("order")] == events, "half of a commit"
            return str(store.sequence)
    except StoreError as error:
        return type(error).__name__


def flipped(whole: bytes, at: int) -> bytes:
    return whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :]


def test_a_flipped_byte_anywhere_in_file_or_wal_is_an_error_or_an_earlier_state_of_the_same_journal(
    tmp_path: Path, left: tuple[bytes, bytes, list[str]]
) -> None:
    file, wal, heads = left
    chance = random.Random(5)
    of_the_file = [page * 4096 + chance.randrange(4096) for page in range(len(file) // 4096)]
    of_the_wal = [chance.randrange(len(wal)) for _ in range(FLIPS)]
    results: dict[str, int] = {}
    for number, (in_wal, at) in enumerate(
        [(False, a) for a in of_the_file] + [(True, a) for a in of_the_wal]
    ):
        path = tmp_path / str(number) / "home.db"
        path.parent.mkdir()
        path.write_bytes(file if in_wal else flipped(file, at))
        path.with_name("home.db-wal").write_bytes(flipped(wal, at) if in_wal else wal)
        emergency.prepare(path)
        result = found(path, heads)
        results[result] = results.get(result, 0) + 1
        if result.isdigit():
            assert COMMITS // 2 < int(result) <= COMMITS, "below what was moved into the file"
            assert in_wal or int(result) == COMMITS, "healed from the WAL, or seen"
    assert results.get("damaged", 0) + results.get("StoreBroken", 0) + results.get("StoreKeyError", 0) > 3
    assert results[str(COMMITS)] < FLIPS, results


@pytest.mark.parametrize("cut", [0, 1, 24, 4095, 4096, 3 * 4096, -4096, -1])
def test_a_file_cut_short_is_an_error_and_no_new_home(
    tmp_path: Path, left: tuple[bytes, bytes, list[str]], cut: int
) -> None:
    file, _, heads = left
    path = tmp_path / "home.db"
    path.write_bytes(file[:cut])
    emergency.prepare(path)
    assert found(path, heads) in ("damaged", "StoreBroken", "StoreKeyError")
    assert path.stat().st_size == len(file[:cut]) or cut in (-1, -4096, 4096, 3 * 4096), "written to"


def test_a_store_that_is_gone_is_no_new_home_while_its_record_is_there(tmp_path: Path) -> None:
    path = tmp_path / "home.db"
    Store.open(path, KEY).close()
    path.unlink()
    with pytest.raises(StoreError, match="gone or empty") as refused:
        Store.open(path, KEY)
    assert "home.db.emergency" in refused.value.next_step
    assert not path.exists()
    emergency.place(path).unlink()
    with closing(Store.open(path, KEY)) as store:
        assert store.sequence == 0, "begun anew on purpose"


def test_a_wal_that_was_deleted_or_cut_leaves_an_earlier_state_which_the_store_alone_can_not_tell(
    tmp_path: Path, left: tuple[bytes, bytes, list[str]]
) -> None:
    """Only who keeps the newest head elsewhere can: robot and on-call (rule 23)."""
    file, wal, heads = left
    frames = (len(wal) - WAL_HEADER_BYTES) // FRAME_BYTES
    for number, kept in enumerate((None, 0, 1, frames // 4)):
        path = tmp_path / str(number) / "home.db"
        path.parent.mkdir()
        path.write_bytes(file)
        if kept is not None:
            path.with_name("home.db-wal").write_bytes(wal[: WAL_HEADER_BYTES + kept * FRAME_BYTES])
        emergency.prepare(path)
        assert COMMITS // 2 < int(found(path, heads)) < COMMITS


def test_a_flipped_byte_or_a_cut_in_the_key_file_opens_nothing(tmp_path: Path) -> None:
    path, key = tmp_path / "home.db", tmp_path / "key"
    create_file_key(key)
    whole = key.read_bytes()
    Store.open(path, whole).close()
    before = path.read_bytes()
    for at in range(len(whole)):
        key.write_bytes(flipped(whole, at))
        with pytest.raises(StoreKeyError):
            Store.open(path, FileKey(key).key())
    for length in (0, 31):
        key.write_bytes(whole[:length])
        with pytest.raises(StoreKeyError):
            FileKey(key).key()
    assert path.read_bytes() == before


def test_a_chain_that_is_broken_stops_a_start(tmp_path: Path) -> None:
    from sqlcipher3 import dbapi2

    path = tmp_path / "home.db"
    with closing(Store.open(path, KEY)) as store:
        store.append([DoseDue(AT, "a"), DoseDue(AT, "b")], [])
    raw = dbapi2.connect(str(path), isolation_level=None)
    raw.execute(f"PRAGMA key = \"x'{KEY.hex()}'\"")
    raw.execute("UPDATE journal SET body = replace(body, 'a', 'c') WHERE sequence = 1")
    raw.close()
    with closing(Store.open(path, KEY)) as store, pytest.raises(ChainBroken) as broken:
        list(store.replay())
    assert broken.value.reason == "chain_broken"


def test_a_flipped_byte_in_the_robots_memory_is_refused_or_seen_by_the_robot_itself(tmp_path: Path) -> None:
    path = tmp_path / "robot.json"
    bench = Bench()
    bench.greet()
    bench.done(release(1))
    memory_file.save(path, bench.memory, bench.mechanics)
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(flipped(whole, at))
        memory, mechanics = Memory(), Mechanics()
        try:
            memory_file.load(path, memory, mechanics)
        except ValueError:
            continue
        assert mechanics.whereabouts() == bench.mechanics.whereabouts(), at
        intact = memory.gone == bench.memory.gone and memory.releases == bench.memory.releases
        assert intact or memory.fault == memory_file.MEMORY_LOST, at
        assert memory.log in ([], bench.memory.log), at
