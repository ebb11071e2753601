"""The lives whose system calls are recorded, and what must be found after a power cut anywhere in them.

One subject each: the home's store, the simulated robot's memory file, on-call's key and its database. A life
is a few real processes, one after the other, on one folder; each says on stdout what it has acknowledged.
`check` opens a state that the cut may have left, with the product's own code, and returns what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from dispenserd.oncall import database, keys
from dispenserd.security.keys import FileKey
from dispenserd.store.errors import StoreError
from dispenserd.store.store import Store
from simulator import memory_file
from simulator.mechanics import Mechanics
from simulator.memory import Memory

KEY = bytes(range(32))
TRIED = "tried"
"""Begins what a store says of a commit before it tries: after a failure it may be on disk or not."""

Check = Callable[[Path, Sequence[str], str | None], list[str]]
"""(folder, what was acknowledged, what was under way) -> what is wrong."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One process of a life. `fail_sync`: its n-th fsync fails, which it must survive by giving up."""

    code: str
    fail_sync: int = 0


@dataclass(frozen=True, slots=True)
class Life:
    name: str
    stages: tuple[Stage, ...]
    check: Check


STORE = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from dispenserd.store import database, store as module
from dispenserd.store.errors import StoreBroken
from scheduler.events import DoseDue, ReminderGiven
from scheduler.outbox import Answer, Put
AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
folder, bug = Path(sys.argv[1]), sys.argv[2]
module.CHECKPOINT_COMMITS = 3
sound = database._habits
def _habits(*, readonly):
    yield from sound(readonly=readonly)
    if bug in ("OFF", "NORMAL"):
        yield "synchronous = " + bug
database._habits = _habits
if bug == "WAL_NOT_WRITTEN_AGAIN":
    module._write_again = lambda wal: None
if bug == "SQLITE_SYNCS_THE_FOLDER":
    module._keep_names = lambda path: None
try:
    store = module.Store.open(folder / "home.db", bytes(range(32)))
except StoreBroken:
    os._exit(0)
def commit():
    n, long = store.sequence, "x" * (900 * (store.sequence % 7))
    events = [DoseDue(AT, f"{n}"), *(ReminderGiven(AT, f"{n}{long}", r) for r in range(n % 3))]
    row = store._linked(events)[-1]
    os.write(1, f"tried {row['sequence']} {row['hash']}\\n".encode())
    store.append(
        events,
        [
            Put("order", f"{n}", {"n": n, "long": long}),
            Put("incident", f"{n}", {"n": n}),
            Answer("order", str(last())),
        ],
    )
    say()
def say():
    os.write(1, f"{store.sequence} {store.head}\\n".encode())
def last():
    waiting = store.unanswered("order")
    return waiting[-1].body["n"] if waiting else -1
say()  # a home acts on what it replayed, so that too must stay
"""

LIFE_OF_A_STORE = Life(
    "store",
    (
        Stage(STORE + "for _ in range(5): commit()\nstore.close()"),
        Stage(STORE + "for _ in range(4): commit()\nos._exit(0)"),
        Stage(STORE + "for _ in range(3): commit()\nstore.close()"),
    ),
    lambda folder, said, under_way: check_store(folder, said, under_way),
)

GIVES_UP = """
try:
    for _ in range(8): commit()
except StoreBroken:
    pass
store.close()
"""

GIVES_UP_AND_IS_KILLED = """
try:
    for _ in range(8): commit()
except StoreBroken:
    pass
os._exit(0)
"""


def _failed_fsync(nth: int, ending: str, end: str) -> Life:
    """Its second process meets a failing fsync; the third finds what the kernel's cache still shows of it."""
    return Life(
        f"store_failed_fsync_{nth}_{end}",
        (
            Stage(STORE + "for _ in range(3): commit()\nos._exit(0)"),
            Stage(STORE + ending, fail_sync=nth),
            Stage(STORE + "for _ in range(4): commit()\nos._exit(0)"),
        ),
        lambda folder, said, under_way: check_store(folder, said, under_way),
    )


FSYNCS_OF_THE_SECOND_PROCESS = 12
"""From its opening over commits to a checkpoint; each of them fails once in a life of its own."""

FAILED_FSYNCS = tuple(
    _failed_fsync(nth, ending, end)
    for nth in range(1, FSYNCS_OF_THE_SECOND_PROCESS + 1)
    for ending, end in ((GIVES_UP, "closed"), (GIVES_UP_AND_IS_KILLED, "killed"))
)

ROBOT_MEMORY = """
import os, sys
from pathlib import Path
from protocol.wire.messages import EntryKind, LogEntry
from simulator import memory_file
from simulator.mechanics import Mechanics
from simulator.memory import Memory
path = Path(sys.argv[1]) / "robot.json"
memory, mechanics = Memory(), Mechanics()
memory_file.load(path, memory, mechanics)
memory.keep = lambda: memory_file.save(path, memory, mechanics)
for _ in range(4):
    memory.append(LogEntry(memory.head + 1, EntryKind.LIFTED, bytes(16), 5, 7, detail="x" * 40 * memory.head))
    os.write(1, f"{memory.head}\\n".encode())
"""

ONCALL_KEY = """
import os, sys
from pathlib import Path
from dispenserd.oncall.keys import load_or_create
os.write(1, load_or_create(Path(sys.argv[1]) / "oncall.key").public.hex().encode())
"""

STORE_KEY = """
import os, sys
from pathlib import Path
from dispenserd.security.keys import create_file_key
path = Path(sys.argv[1]) / "store.key"
create_file_key(path)
os.write(1, path.read_bytes().hex().encode())
"""

ONCALL = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from dispenserd.oncall import database
from dispenserd.oncall.received import keep_answer
from protocol.mqtt.payloads import ANSWER, AnswerPayload
desk = database.create(Path(sys.argv[1]) / "oncall.db")
for _ in range(3):
    with desk.reading() as connection:
        n = len(connection.execute(database.answers.select()).all())
    answer = AnswerPayload(
        schema=ANSWER, home="box-0001", epoch=1, event_id=f"1-{n:064x}", command_id=f"{n:032x}",
        accepted=True, reason="done", incident="",
    )
    with desk.writing() as connection:
        keep_answer(connection, answer, datetime(2026, 11, 2, 7, tzinfo=UTC))
    os.write(1, f"{n}\\n".encode())
"""


def check_store(folder: Path, said: Sequence[str], under_way: str | None) -> list[str]:
    """Every acknowledged commit, byte for byte (the head proves them all), none of it half, nothing else."""
    path = folder / "home.db"
    try:
        store = Store.open(path, KEY)
    except StoreError as error:
        return [f"an acknowledged store does not open: {error}"] if said else []
    with closing(store):
        heads = {(0, 64 * "0")}
        for each in (*said, *([under_way] if under_way else [])):
            *_, sequence, head = each.split()
            heads.add((int(sequence), head))
        committed = [each for each in said if not each.startswith(TRIED)]
        acknowledged = int(committed[-1].split()[0]) if committed else 0
        wrong = []
        if store.sequence < acknowledged:
            wrong.append(f"acknowledged up to {acknowledged}, there is {store.sequence}")
        if (store.sequence, store.head) not in heads:
            wrong.append(f"row {store.sequence} is none that was ever committed last")
        report = store.verify()
        if not report.chain_ok or report.integrity:
            wrong.append(f"damaged: {report}")
            return wrong
        firsts = sorted({sequence for sequence, _ in heads if sequence < store.sequence})
        if [row.key for row in store.unanswered("incident")] != [str(first) for first in firsts]:
            wrong.append("the outbox does not fit its events")
        if [row.key for row in store.unanswered("order")] != [str(first) for first in firsts[-1:]]:
            wrong.append("an answer is missing, or came without its commit")
        return wrong


def check_robot_memory(folder: Path, said: Sequence[str], under_way: str | None) -> list[str]:
    memory, mechanics = Memory(), Mechanics()
    try:
        found = memory_file.load(folder / "robot.json", memory, mechanics)
    except ValueError as error:
        return [f"the robot does not know its own file: {error}"]
    allowed = {int(said[-1]) if said else 0, int(under_way) if under_way else -1}
    wrong = [] if memory.head in allowed and not memory.fault else [f"log ends at {memory.head} of {allowed}"]
    whole = [entry.index for entry in memory.log] == list(range(1, memory.head + 1))
    return wrong + ([] if whole and (found or not said) else ["the log has a hole"])


def check_oncall_key(folder: Path, said: Sequence[str], under_way: str | None) -> list[str]:
    """A key that homes were told of is the key for ever, and its public half heals at the next start."""
    path = folder / "oncall.key"
    try:
        key = keys.load_or_create(path)
    except keys.KeyFault as fault:
        return [f"no start any more: {fault}"]
    wrong = [] if not said or key.public.hex() == said[0] else ["another key than the one homes were told of"]
    healed = keys.public_path(path).read_text() == f"{key.public.hex()}\n"
    return wrong + ([] if healed else ["the public half is not this key's"])


def check_store_key(folder: Path, said: Sequence[str], under_way: str | None) -> list[str]:
    """What a store was made with must open it again."""
    path = folder / "store.key"
    if not said:
        return []
    try:
        return [] if FileKey(path).key().hex() == said[0] else ["another key"]
    except StoreError as error:
        return [f"the key is gone: {error}"]


def check_oncall(folder: Path, said: Sequence[str], under_way: str | None) -> list[str]:
    """Receipted answers are there: a receipt follows the commit (rule 27)."""
    try:
        desk = database.create(folder / "oncall.db")
        with desk.reading() as connection:
            rows = connection.execute(select(database.answers.c.event_id)).scalars().all()
            sound = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    except database.DatabaseFault as fault:
        return [f"on-call does not start: {fault}"]
    found = [int(row.removeprefix("1-"), 16) for row in rows]
    wrong = [] if sorted(found) == list(range(len(found))) and sound == ["ok"] else [f"{found}, {sound}"]
    return wrong if len(found) >= len(said) else [*wrong, f"{len(said)} receipted, {len(found)} kept"]


LIVES = (
    LIFE_OF_A_STORE,
    *FAILED_FSYNCS,
    Life("robot_memory", (Stage(ROBOT_MEMORY), Stage(ROBOT_MEMORY)), check_robot_memory),
    Life("oncall_key", (Stage(ONCALL_KEY), Stage(ONCALL_KEY)), check_oncall_key),
    Life("store_key", (Stage(STORE_KEY),), check_store_key),
    Life("oncall", (Stage(ONCALL), Stage(ONCALL)), check_oncall),
)
