"""What is left of a campaign, read from the outside: files, databases and what the simulated world saw.

Data and the reading of it. None of it asks the daemon's code: the journal is read with SQLCipher itself, the
robot's log from the robot's memory, on-call's rows from its database. `witness` judges.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

Line = dict[str, Any]

PLACES = ("magazine", "holding", "tray", "store", "hands", "removed")
ONCALL_TABLES = ("incidents", "revisions", "answers", "decisions")


@dataclass
class Evidence:
    rate: float  # civil seconds in a real one
    now: str  # civil instant at which everything was at rest
    resident: str
    doses: list[Line] = field(default_factory=list)  # what the paper asks for: dose, opens, closes, ...
    loaded: dict[str, str] = field(default_factory=dict)  # label -> "2026-11-02/morning" it was packed for
    trace: list[Line] = field(default_factory=list)  # every move of a sachet
    matter: dict[str, list[str]] = field(default_factory=dict)  # place -> labels, as they lie at the end
    robot_log: list[Line] = field(default_factory=list)  # every entry the robot ever wrote
    journal: list[Line] = field(default_factory=list)  # the columns of every row; the body as its text
    outbox: list[Line] = field(default_factory=list)
    oncall: dict[str, list[Line]] = field(default_factory=dict)  # table -> rows
    administrations: list[Line] = field(default_factory=list)
    half_written: list[str] = field(default_factory=list)  # files at the fagsystem that are no administration
    given_by_hand: list[str] = field(default_factory=list)  # dose ids, by the deeds of people
    misbehaviour: list[str] = field(default_factory=list)  # processes that ended by themselves, and the like

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    def rows(self, kind: str) -> list[Line]:
        """Bodies of the journal's rows of one kind, in order."""
        return [json.loads(row["body"]) for row in self.journal if row["kind"] == kind]


class JournalFile:
    """The home's encrypted file, opened beside its daemon or after it."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._connection = dbapi2.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)
        self._connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        self._connection.execute("PRAGMA busy_timeout = 5000")
        self._connection.row_factory = dbapi2.Row

    def close(self) -> None:
        self._connection.close()

    def ask(self, query: str, *values: object) -> list[Line]:
        return [dict(row) for row in self._connection.execute(query, values).fetchall()]

    def number(self, query: str, *values: object) -> int:
        return int(self._connection.execute(query, values).fetchone()[0] or 0)


def oncall_rows(path: Path) -> dict[str, list[Line]]:
    """What on-call has of the home, without its own incidents: nobody is on call in a campaign."""
    with closing(sqlite3.connect(path, timeout=5.0)) as connection:
        connection.row_factory = sqlite3.Row
        rows = {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608
            for table in ONCALL_TABLES
        }
        own = {row[0] for row in connection.execute("SELECT incident FROM incidents WHERE origin = 'oncall'")}
    return {table: [row for row in kept if row.get("incident") not in own] for table, kept in rows.items()}


def robot_memory(path: Path) -> tuple[list[Line], dict[str, list[str]]]:
    """The robot's log as far as its ring still holds it, and where each sachet is (labels by place)."""
    document = json.loads(path.read_text(encoding="utf-8"), object_hook=_hex)
    matter = document["matter"]
    places: dict[str, list[str]] = {}
    for place in PLACES:
        held: Any = matter[place]
        rows: Sequence[Line] = held if isinstance(held, list) else [held] if held else []
        places[place] = [row["label"] for row in rows]
    log_id = document["log"]["log_id"]
    return [{"log_id": log_id, **entry} for entry in document["log"]["log"]], places


def filed(folder: Path) -> tuple[list[Line], list[str]]:
    """The administrations, and names of files that are none."""
    if not folder.is_dir():
        return [], []
    paths = sorted(folder.iterdir())
    whole = [path for path in paths if path.suffix == ".json" and not path.name.startswith(".")]
    told = [json.loads(path.read_text(encoding="utf-8")) for path in whole]
    return told, [path.name for path in paths if path not in whole]


def _hex(plain: Line) -> Any:
    return plain["hex"] if plain.keys() == {"hex"} else plain
