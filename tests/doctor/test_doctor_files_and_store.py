"""Seeded faults in files, key, store and journal, and what the doctor says of each."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from dispenserd.clock import SystemClock
from dispenserd.doctor.finding import Result
from dispenserd.store import emergency
from dispenserd.store.chain import link
from tests.doctor.looking import STORE, Findings, examined, findings, rewritten
from tests.storage.small_disk import on_small_disk
from tests.support.running_home import RunningHome, Wanted, running_home

PAGE_BYTES = 4096
SMALL_KB = 64 * 1024


@pytest.fixture
async def stopped() -> AsyncIterator[RunningHome]:
    """A home that has recorded something and does not run; its journal is all in the file."""
    async with running_home(Wanted(rate=1.0, start="06:00")) as home:
        await home.stop_daemon()
        home.close_journal()
        sql(home, "PRAGMA wal_checkpoint(TRUNCATE)")
        yield home


def sql(home: RunningHome, statement: str, *values: object) -> list[tuple[object, ...]]:
    """As somebody would who has file and key."""
    connection = dbapi2.connect(str(home.folder / "home.db"), isolation_level=None)
    try:
        connection.execute(f"PRAGMA key = \"x'{(home.folder / 'key').read_bytes().hex()}'\"")
        return list(connection.execute(statement, values).fetchall())
    finally:
        connection.close()


def flip(home: RunningHome) -> None:
    """One bit, in a page that nobody needs to open the store; a second time undoes it."""
    [(page,)] = sql(home, "SELECT rootpage FROM sqlite_master WHERE name = 'outbox'")
    assert isinstance(page, int)
    with (home.folder / "home.db").open("r+b") as file:
        file.seek((page - 1) * PAGE_BYTES + 1000)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


async def looked(home: RunningHome, *names: str) -> Findings:
    return await examined(home, *(names or STORE))


async def test_a_key_that_others_may_read_is_wrong_and_the_store_stays_shut(stopped: RunningHome) -> None:
    (stopped.folder / "key").chmod(0o644)
    found = await looked(stopped, *STORE, "permissions")
    assert found["key"].result is Result.WRONG
    assert "0644" in found["key"].what
    assert "chmod 0600" in found["key"].next_step
    assert found["permissions"].result is Result.WRONG
    assert found["store_integrity"].result is Result.UNKNOWN
    assert found["journal_chain"].result is Result.UNKNOWN


async def test_a_key_of_another_store_is_wrong(stopped: RunningHome) -> None:
    (stopped.folder / "key").write_bytes(os.urandom(32))
    found = await looked(stopped)
    assert found["key"].result is Result.WARNING  # a demo's: the key as such is fit
    assert found["store_integrity"].result is Result.WRONG
    assert "does not open the store" in found["store_integrity"].what


async def test_a_key_file_that_is_gone_is_wrong(stopped: RunningHome) -> None:
    (stopped.folder / "key").unlink()
    found = await looked(stopped, *STORE, "paths")
    assert found["key"].result is Result.WRONG
    assert found["paths"].result is Result.WRONG
    assert "[store.key] path" in found["paths"].facts["missing"]


async def test_a_credential_that_only_the_service_has_is_not_checked(
    stopped: RunningHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    rewritten(stopped, ('provider = "file"\npath = "key"', 'provider = "credential"\nname = "store-key"'))
    found = await looked(stopped)
    assert found["key"].result is Result.UNKNOWN
    assert "root" in found["key"].next_step
    credentials = stopped.folder / "credentials"
    credentials.mkdir()
    (stopped.folder / "key").rename(credentials / "store-key")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    found = await looked(stopped)
    assert found["key"].facts["provider"] == "credential"
    assert found["key"].facts["demo_class"]
    assert found["journal_chain"].result is Result.OK


async def test_outside_a_demo_the_key_in_a_file_is_wrong(stopped: RunningHome) -> None:
    rewritten(stopped, ("demo = true", "demo = false"))
    assert (await looked(stopped))["key"].result is Result.WRONG


async def test_one_flipped_byte_of_the_store_is_found(stopped: RunningHome) -> None:
    assert (await looked(stopped))["store_integrity"].result is Result.OK
    flip(stopped)
    found = await looked(stopped)
    assert found["store_integrity"].result is Result.WRONG
    assert found["store_integrity"].facts["faults"] >= 1
    assert "administrator" in found["store_integrity"].next_step


async def test_a_page_that_is_damaged_under_a_running_home_is_found_at_every_look() -> None:
    async with running_home(Wanted(rate=1.0, start="06:00")) as home:
        await home.restart_daemon()  # whatever the WAL held is in the file now
        flip(home)
        found = await looked(home)
        assert found["home"].result is Result.OK
        assert found["store_integrity"].result is Result.WRONG
        assert found["store_integrity"].facts["faults"] >= 1
        flip(home)


async def test_a_row_changed_by_somebody_who_holds_the_key_is_found(stopped: RunningHome) -> None:
    [(previous, kind, body)] = sql(stopped, "SELECT previous, kind, body FROM journal WHERE sequence = 3")
    forged = str(body).replace('"at":"2026', '"at":"2025')
    sql(stopped, "UPDATE journal SET body = ? WHERE sequence = 3", forged)
    found = await looked(stopped)
    assert found["store_integrity"].result is Result.OK
    assert found["journal_chain"].result is Result.WRONG
    assert found["journal_chain"].facts["first_bad"] == 3
    rehashed = link(str(previous), 3, 1, str(kind), forged)
    sql(stopped, "UPDATE journal SET hash = ?, at = json_extract(body, '$.at') WHERE sequence = 3", rehashed)
    assert (await looked(stopped))["journal_chain"].facts["first_bad"] == 4


async def test_a_store_that_is_gone_where_there_was_one_is_wrong(stopped: RunningHome) -> None:
    (stopped.folder / "home.db").unlink()
    found = await looked(stopped)
    assert found["store_file"].result is Result.WRONG
    emergency.place(stopped.folder / "home.db").unlink()
    assert (await looked(stopped))["store_file"].result is Result.WARNING


async def test_a_home_that_stopped_on_a_full_disk_and_was_not_started_since_is_wrong(
    stopped: RunningHome,
) -> None:
    emergency.record(stopped.folder / "home.db", emergency.Stop(stopped.clock.now(), "disk_full"))
    found = await looked(stopped)
    assert found["store_file"].result is Result.WRONG
    assert found["store_file"].facts["stopped"] == "disk_full"


async def test_a_store_and_a_socket_that_others_may_use_are_wrong() -> None:
    async with running_home(Wanted(rate=1.0, start="06:00")) as home:
        assert (await looked(home, "configuration", "home", "permissions"))["permissions"].result is Result.OK
        (home.folder / "control.sock").chmod(0o666)
        found = await looked(home, "configuration", "home", "permissions")
        assert found["permissions"].result is Result.WRONG
        assert "control.sock" in found["permissions"].what


@pytest.mark.parametrize(("mode", "result"), [(0o640, "ok"), (0o644, "warning"), (0o666, "wrong")])
async def test_who_may_read_and_change_the_configuration(
    stopped: RunningHome, mode: int, result: str
) -> None:
    (stopped.folder / "home.toml").chmod(mode)
    assert (await looked(stopped, "configuration"))["configuration"].result == result


async def test_a_folder_that_is_missing_is_named_by_its_key(stopped: RunningHome) -> None:
    rewritten(stopped, ('folder = "fag"', 'folder = "elsewhere"'))
    found = await looked(stopped, "configuration", "paths")
    assert found["paths"].facts["missing"] == ["[fagsystem] folder"]


async def test_a_wrong_configuration_leaves_the_checks_that_need_none(stopped: RunningHome) -> None:
    rewritten(stopped, ("[robot]", "[roboter]"))
    found = await examined(stopped)
    assert found["configuration"].result is Result.WRONG
    assert "robot is missing" in found["configuration"].what
    assert found["versions"].result is Result.OK
    assert found["memory"].result is Result.OK
    for name in ("key", "store_integrity", "robot_port", "broker_reach", "plan", "disk"):
        assert found[name].result is Result.UNKNOWN, name


async def test_a_running_home_is_found_although_its_configuration_was_broken_since() -> None:
    async with running_home(Wanted(rate=1.0, start="06:00")) as home:
        rewritten(home, ("[robot]", "[roboter]"))
        found = await examined(home)
        assert found["configuration"].result is Result.WRONG
        assert found["home"].result is Result.OK
        assert found["engine"].result is Result.OK


LOOK = """
import json, sys
from pathlib import Path
from dispenserd.clock import SystemClock
from tests.doctor.looking import findings
found = findings(Path(sys.argv[1]), SystemClock(), ("configuration", "disk", "file_system"))
print(json.dumps({name: [each.result, dict(each.facts)] for name, each in found.items()}))
"""


def on_a_disk(
    stopped: RunningHome, tmp_path: Path, size_kb: int, before: str = ""
) -> dict[str, list[object]]:
    """What is said of a store on a real disk of this size."""
    disk = tmp_path / "disk"
    disk.mkdir()
    rewritten(stopped, ('path = "home.db"', f'path = "{disk}/home.db"'))
    command = [sys.executable, "-c", LOOK, str(stopped.folder / "home.toml")]
    if before:
        command = ["sh", "-c", f'{before} && exec "$@"', "sh", *command]
    said: dict[str, list[object]] = json.loads(on_small_disk(disk, size_kb, command))
    return said


async def test_a_disk_with_less_than_the_reserve_is_wrong(stopped: RunningHome, tmp_path: Path) -> None:
    result, facts = on_a_disk(stopped, tmp_path, SMALL_KB)["disk"]
    assert result == "wrong"
    assert isinstance(facts, dict)
    assert facts["free_bytes"] < facts["bound_bytes"]


async def test_a_disk_without_room_for_more_files_is_wrong(stopped: RunningHome, tmp_path: Path) -> None:
    few = f"mount -o remount,nr_inodes=100 small {tmp_path}/disk"
    result, facts = on_a_disk(stopped, tmp_path, 16 * SMALL_KB, few)["disk"]
    assert result == "wrong"
    assert isinstance(facts, dict)
    assert facts["free_inodes"] < facts["inodes_bound"]


async def test_a_store_in_memory_is_demo_class_and_a_read_only_one_is_wrong(
    stopped: RunningHome, tmp_path: Path
) -> None:
    result, facts = on_a_disk(stopped, tmp_path, 16 * SMALL_KB)["file_system"]
    assert (result, facts["type"]) == ("warning", "tmpfs")  # type: ignore[index]
    (tmp_path / "again").mkdir()
    again = f"mount -o remount,ro small {tmp_path}/again/disk"
    result, facts = on_a_disk(stopped, tmp_path / "again", 16 * SMALL_KB, again)["file_system"]
    assert (result, facts["read_only"]) == ("wrong", True)  # type: ignore[index]


def test_without_any_configuration_what_needs_none_is_checked(tmp_path: Path) -> None:
    config = tmp_path / "none.toml"
    found = findings(config, SystemClock(), ("configuration", "home", "versions"))
    assert found["configuration"].result is Result.WRONG
    assert found["home"].result is Result.UNKNOWN
    assert found["versions"].result is Result.OK
