"""What a home costs when little happens: the disk's day, the processor at rest, memory, and a start.

Real processes only. The day is rehearsed at the highest rate; its machine limits keep their real seconds, so
that the hourly proof commits of a real day are missing in it and are counted on their own.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from dispenserd.clock import RATE_MAX
from dispenserd.store.store import Store
from tests.bench.figures import Row, Written, written
from tests.bench.household import Household, civil, household
from tests.bench.processes import (
    TRACER,
    WITHIN_S,
    BenchFailed,
    Process,
    child_of,
    cpu_s,
    module,
    resident_bytes,
    running,
)

MIB = 1024 * 1024
BYTES_A_DAY_MAX_MIB, FLUSHES_A_DAY_MAX = 2.0, 150
"""A memory card of 8 GB outlives the robot at this; an fsync on it takes up to seconds."""
QUIET_PERCENT_MAX = 0.3
MEMORY_FLOORS_MAX = 1.15
START_S_MAX = 30.0
"""Safe state within 30 s of power-on."""

PROOFS_A_DAY = 19
"""Hours of a four-dose day in which nothing else is committed, in a year of the pure core."""
SLOW_ROBOT = "tests.bench.slow_robot"
SETTLE_S = 8.0
"""After the last connection: the first heartbeats and displays are not rest."""

TRACE = (TRACER, "-f", "-y", "-qq", "-e", "trace=write,pwrite64,writev,pwritev,fsync,fdatasync", "-o")

Tell = Callable[[str], None]


async def disk_and_memory(folder: Path, tell: Tell) -> list[Row]:
    """One rehearsed day; a resident who comes four times, once late."""
    if shutil.which(TRACER) is None:
        raise BenchFailed("there is no strace on this machine: apt-get install strace")
    doses = ("08:04", "12:10", "19:20", "22:07")
    started, begins, ends = civil("04:00"), civil("07:00"), civil("07:00", days=1)
    async with household(folder, started, RATE_MAX, [civil(at) for at in doses], SLOW_ROBOT) as home:
        async with home.daemon(*TRACE, "trace") as strace:
            await home.ready()
            await home.load_roll()
            daemon = child_of(strace.pid)
            await home.until_civil(begins)
            calls, first = len(_lines(folder / "trace")), home.rows()[-1].sequence
            for hour in range(24):
                await home.until_civil(begins + timedelta(hours=hour))
                tell(f"hour {hour} of 24")
            await home.until_civil(ends)
            memory = resident_bytes(daemon)
            rows = home.rows(first)
            await strace.stop()
        bare = await _bare_memory(home)
    outcomes = sum(row.kind == "OutcomeRecorded" for row in rows)
    if outcomes != len(doses):
        raise BenchFailed(f"{outcomes} outcomes in a day of {len(doses)} doses")
    day = written(_lines(folder / "trace")[calls:], "home.db")
    proofs, floor = await _proofs(folder, home), await _bare_day(folder, home, first)
    return [*_disk(day, proofs, floor, len(rows)), _memory(memory, bare)]


def _disk(day: Written, proofs: Written, floor: Written, rows: int) -> list[Row]:
    flushes, size = day.flushes + proofs.flushes, (day.bytes + proofs.bytes) / MIB
    note = f"{rows} rows in {_commits(day)} commits, {PROOFS_A_DAY} hourly proofs, a WAL moved into the file"
    bare = "floor: the same rows and proofs, a bare transaction each"
    return [
        Row("flushes a day", "", flushes, floor.flushes, FLUSHES_A_DAY_MAX, note=note),
        Row("bytes written a day", "MiB", size, floor.bytes / MIB, BYTES_A_DAY_MAX_MIB, note=bare),
        Row("commits a day", "", _commits(day) + PROOFS_A_DAY, rows + PROOFS_A_DAY),
    ]


def _commits(day: Written) -> int:
    """Each is one flush of the WAL; moving the WAL flushes it once more."""
    wal = next((flushes for file, (flushes, _) in day.by_file.items() if file.endswith("-wal")), 0)
    return max(0, wal - 1)


def _memory(product: int, bare: int) -> Row:
    note = "after a day; floor: the same imports, database, connection and event loop"
    return Row("resident memory", "MiB", product / MIB, bare / MIB, MEMORY_FLOORS_MAX, True, note)


def _lines(trace: Path) -> list[str]:
    return trace.read_text(errors="replace").splitlines()


async def _bare_memory(home: Household) -> int:
    command = module("tests.bench.bare", "imports", home.store, home.folder / "key", home.broker_port)
    async with running(home.folder, *command, name="imports") as bare:
        await bare.hear(lambda _: True, "the bare process")
        await asyncio.sleep(2.0)
        return resident_bytes(bare.pid)


async def _proofs(folder: Path, home: Household) -> Written:
    """What a day's idle proofs cost in the product's own store."""
    Store.open(folder / "proofs.db", home.key).close()
    command = module("tests.bench.bare", "proofs", folder / "proofs.db", folder / "key", PROOFS_A_DAY)
    async with running(folder, *TRACE, "trace-proofs", *command, name="proofs") as proofs:
        await proofs.ended(WITHIN_S)
    found = written(_lines(folder / "trace-proofs"), "proofs.db")
    wal = found.by_file.get("proofs.db-wal", (0, 0))
    return Written(PROOFS_A_DAY, wal[1], found.by_file)  # without opening and closing


async def _bare_day(folder: Path, home: Household, after: int) -> Written:
    """The same rows, a transaction each, and as many proofs."""
    Store.open(folder / "bare.db", home.key).close()
    command = module(
        "tests.bench.bare", "rows", home.store, folder / "key", folder / "bare.db", after, PROOFS_A_DAY
    )
    async with running(folder, *TRACE, "trace-bare", *command, name="bare") as bare:
        await bare.ended(WITHIN_S)
    return written(_lines(folder / "trace-bare"), "bare.db")


async def at_rest(folder: Path, quiet_s: float) -> list[Row]:
    """Three in the morning, robot, broker and on-call connected, at rate 1."""
    async with household(folder, civil("03:00"), 1.0) as home, home.daemon() as daemon:
        await home.ready()
        await home.load_roll()
        bare = module("tests.bench.bare", "idle", home.broker_port)
        async with running(folder, *bare, name="idle") as idle:
            await idle.hear(lambda _: True, "the bare process")
            await asyncio.sleep(SETTLE_S)
            before, began_s = (cpu_s(daemon.pid), cpu_s(idle.pid)), time.monotonic()
            await asyncio.sleep(quiet_s)
            after, took_s = (cpu_s(daemon.pid), cpu_s(idle.pid)), time.monotonic() - began_s
    product, floor = ((after[each] - before[each]) / took_s * 100 for each in (0, 1))
    note = f"of one core over {took_s:.0f} s; floor: a loop that sleeps 1 s, broker and terminal open"
    return [Row("processor at rest", "%", product, floor, QUIET_PERCENT_MAX, note=note)]


async def start_up(folder: Path, year: Path, key: bytes, ends: datetime, times: int, tell: Tell) -> Row:
    """From the process's start until the robot is caught up and a heartbeat is out, with a year's journal."""
    shutil.copy(year, folder / "home.db")
    (folder / "key").write_bytes(key)
    (folder / "key").chmod(0o600)
    took, bare = list[float](), list[float]()
    async with household(folder, ends, 1.0) as home:
        listen = module("tests.bench.bare", "listen", home.broker_port)
        async with running(folder, *listen, name="listen") as heard:
            await heard.hear(lambda line: line["topic"] == "", "the subscriber")
            for number in range(times + 1):
                took.append(await _start(home, heard))
                bare.append(await _bare_start(home))
                tell(f"start {number} of {times}")
    note = f"median of {times}, {_rows(folder / 'home.db', key)} rows; floor: imports, open, check every page"
    # The first start meets a robot whose log it does not know.
    return Row(
        "start -> caught up, heartbeat",
        "s",
        median(took[1:]),
        median(bare[1:]),
        START_S_MAX,
        note=note,
    )


async def _start(home: Household, heard: Process) -> float:
    newest = _rows(home.store, home.key)
    began_s = time.monotonic()
    async with home.daemon():
        beat = await heard.hear(
            lambda line: line["topic"].endswith("/heartbeat") and line["at"] > began_s, "a heartbeat"
        )
        ready_s = home.monotonic_of(await home.ready(newest))
    return max(float(beat["at"]), ready_s) - began_s


async def _bare_start(home: Household) -> float:
    began_s = time.monotonic()
    command = module("tests.bench.bare", "check", home.store, home.folder / "key")
    async with running(home.folder, *command, name="check") as bare:
        await bare.ended(WITHIN_S)
    return time.monotonic() - began_s


def _rows(store: Path, key: bytes) -> int:
    reader = Store.open(store, key, readonly=True)
    try:
        return reader.sequence
    finally:
        reader.close()


def machine() -> str:
    """In general words: no name, no path."""
    model, cores = "unknown processor", 0
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "processor":
            cores += 1
        elif name.strip() == "model name":
            model = value.strip()
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / MIB
    return f"{model}, {cores} cores, {memory:.0f} GiB, Linux, Python {sys.version.split()[0]}"
