"""`journal tail` and `journal verify` on a real encrypted store, with no daemon running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from dispenserd.cli.entry import carry_out
from dispenserd.security.keys import FileKey, create_file_key
from dispenserd.store.store import Store
from scheduler.events import ClockTrusted, PressSpent

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 2, 7, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    text = (ROOT / "config" / "dispenserd.toml").read_text()
    text = text.replace("/var/lib/dispenserd/home.db", "home.db")
    text = text.replace(
        'provider = "credential"\nname = "store-key"', 'provider = "file"\npath = "store.key"'
    )
    path = tmp_path / "dispenserd.toml"
    path.write_text(text)
    create_file_key(tmp_path / "store.key")
    return path


@pytest.fixture
def store(config: Path) -> Iterator[Store]:
    folder = config.parent
    opened = Store.open(folder / "home.db", FileKey(folder / "store.key").key())
    opened.append([ClockTrusted(at=AT, source="robot:SN-1")], [])
    for minute in range(5):
        opened.append([PressSpent(at=AT + timedelta(minutes=minute), reason="nothing_due")], [])
    yield opened
    opened.close()


def test_tail_streams_the_newest_rows_oldest_first(
    config: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out(["journal", "tail", "-n", "2", "--json", "--config", str(config)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["sequence"] for row in rows] == [5, 6]
    assert set(rows[0]) == {"schema", "sequence", "epoch", "event", "at", "body"}
    assert rows[0]["schema"] == "dispenserd/journal-tail/1"
    assert rows[0]["event"] == "PressSpent"
    assert rows[0]["body"]["reason"] == "nothing_due"


def test_tail_reads_as_text_in_local_time(
    config: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out(["journal", "tail", "--config", str(config)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[0].split(maxsplit=6) == [
        "1",
        "Mon",
        "02",
        "Nov",
        "08:00",
        "ClockTrusted",
        "source=robot:SN-1",
    ]


def test_tail_follows_what_a_running_home_commits_and_ends_with_130(config: Path, store: Store) -> None:
    command = [sys.executable, "-m", "dispenserd", "journal", "tail", "-n", "1", "--follow", "--json"]
    tail = subprocess.Popen([*command, "--config", str(config)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert tail.stdout is not None
    assert json.loads(tail.stdout.readline())["sequence"] == 6
    store.append([PressSpent(at=AT, reason="held")], [])
    assert json.loads(tail.stdout.readline())["body"]["reason"] == "held"
    tail.send_signal(signal.SIGINT)
    assert tail.wait(10) == 130
    tail.stdout.close()


def test_a_reader_that_had_enough_is_no_error(config: Path, store: Store) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "dispenserd", "journal", "tail", "--config", str(config)]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_verify_of_a_whole_journal_is_exit_0(
    config: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.close()
    assert carry_out(["journal", "verify", "--json", "--config", str(config)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found.pop("head") == store.head
    assert found == {
        "schema": "dispenserd/journal-verify/1",
        "ok": True,
        "rows": 6,
        "epoch": store.epoch,
        "chain_ok": True,
        "first_bad": None,
        "integrity": [],
    }
    assert carry_out(["journal", "verify", "--config", str(config)]) == 0
    assert "The journal is whole." in capsys.readouterr().out


def test_verify_of_a_changed_row_is_exit_1_and_says_which(
    config: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.close()
    raw = dbapi2.connect(str(config.parent / "home.db"))
    raw.execute(f"PRAGMA key = \"x'{FileKey(config.parent / 'store.key').key().hex()}'\"")
    body = raw.execute("SELECT body FROM journal WHERE sequence = 3").fetchone()[0]
    triggers = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in triggers:
        raw.execute(f"DROP TRIGGER {name}")
    raw.execute("UPDATE journal SET body = ? WHERE sequence = 3", (body.replace("nothing_due", "blocked"),))
    raw.commit()
    raw.close()
    assert carry_out(["journal", "verify", "--json", "--config", str(config)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["first_bad"]) == (False, 3)
    assert carry_out(["journal", "verify", "--config", str(config)]) == 1
    assert "NOT whole: row 3" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["tail", "verify"])
def test_a_missing_store_a_wrong_key_and_no_key_are_exit_5(
    config: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["journal", command, "--config", str(config), "--json"]
    assert carry_out(arguments) == 5
    assert json.loads(capsys.readouterr().out)["code"] == "store"
    folder = config.parent
    Store.open(folder / "home.db", FileKey(folder / "store.key").key()).close()
    (folder / "store.key").unlink()
    assert carry_out(arguments) == 5
    create_file_key(folder / "store.key")
    assert carry_out(arguments) == 5
    error = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(error) == {"schema", "code", "what", "meaning", "next"}
    assert (folder / "store.key").read_bytes().hex() not in json.dumps(error)
