"""Time is an argument: two modules read a clock, nothing else does, however it spells the call.

ruff bans the usual spellings; this test also sees aliases, references without a call and the loop's own
clock, which would tie a deadline to a monotonic time that no rehearsal can run faster.
"""

from __future__ import annotations

import ast

import pytest

from tests.support.sources import Source, dotted, sources

CLOCK_MODULES = {"dispenserd/clock.py", "simulator/clock.py"}

CLOCK_READS = {
    *(f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")),
    "datetime.date.today",
    *(f"time.{name}" for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")),
    *(f"time.{name}_ns" for name in ("time", "monotonic", "perf_counter", "process_time")),
    *(f"time.{name}" for name in ("clock_gettime", "clock_gettime_ns", "localtime", "gmtime", "sleep")),
}
LOOP_TIMERS = {"call_at", "call_later", "timeout_at"}


def clock_reads(source: Source) -> list[str]:
    """`path:line name` of every reading of a clock outside the clock modules."""
    if source.path in CLOCK_MODULES:
        return []
    names = source.names()
    found = []
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        full = dotted(node, names)
        last = full.rpartition(".")[2]
        of_loop = isinstance(node, ast.Attribute) and (
            last in LOOP_TIMERS or (last == "time" and "loop" in full.rpartition(".")[0])
        )
        if full in CLOCK_READS or full == "asyncio.timeout_at" or of_loop:
            found.append(f"{source.path}:{node.lineno} {full}")
    return found


def test_nothing_but_the_clocks_reads_a_clock() -> None:
    assert [read for source in sources() for read in clock_reads(source)] == []


@pytest.mark.parametrize(
    "text",
    [
        "import time\nstarted = time.monotonic()",
        "import time as t\nt.sleep(1)",
        "from time import monotonic\nread = monotonic",
        "from datetime import datetime, UTC\nnow = datetime.now(UTC)",
        "import datetime\nnow = datetime.datetime.utcnow()",
        "import datetime as d\nday = d.date.today()",
        "import asyncio\nasyncio.get_running_loop().time()",
        "def f(loop):\n    return loop.time()",
        "def f(self):\n    self._loop.call_later(3, f)",
        "import asyncio\nasync def f():\n    asyncio.get_running_loop().call_at(3, f)",
        "import asyncio\nasync def f():\n    async with asyncio.timeout_at(3): pass",
    ],
)
def test_it_catches_a_clock_read(text: str) -> None:
    assert clock_reads(Source("dispenserd/engine.py", text))


def test_it_lets_time_be_an_argument() -> None:
    text = "from datetime import datetime, time\ndef f(now, at: time): return datetime.combine(now, at)"
    assert clock_reads(Source("dispenserd/engine.py", text)) == []
