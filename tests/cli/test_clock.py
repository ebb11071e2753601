"""Clocks: whole milliseconds in UTC, one rehearsal clock for all processes, and steps that are noticed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dispenserd import clock as clocks
from dispenserd.clock import (
    RATE_MAX,
    REHEARSAL_CLOCK_VARIABLE,
    RatedClock,
    Reading,
    StepWatch,
    SystemClock,
    from_environment,
    moved_apart,
)

EPOCH = datetime(2026, 11, 2, 6, 55, tzinfo=UTC)
LIMIT = timedelta(minutes=2)


def reading(civil_s: float, monotonic_s: float) -> Reading:
    return Reading(civil=EPOCH + timedelta(seconds=civil_s), monotonic_s=monotonic_s)


def steps(*readings: Reading, rate: float = 1.0) -> list[timedelta]:
    watch = StepWatch(limit=LIMIT, rate=rate, last=readings[0])
    found = []
    for each in readings[1:]:
        watch, step = watch.saw(each)
        if step is not None:
            found.append(step)
    return found


def test_now_is_utc_in_whole_milliseconds() -> None:
    for clock in (SystemClock(), RatedClock(EPOCH, 0.0, 3.7)):
        assert clock.now().tzinfo is UTC
        assert all(clock.now().microsecond % 1000 == 0 for _ in range(50))


def test_a_rated_clock_runs_its_rate_faster_from_the_shared_epoch() -> None:
    start = SystemClock().monotonic()
    clock = RatedClock(EPOCH, start, 600.0)
    before, now, after = clock.monotonic(), clock.now(), clock.monotonic()
    elapsed = (now - EPOCH).total_seconds()
    assert (before - start) * 600 - 0.001 <= elapsed <= (after - start) * 600


def test_two_processes_with_the_same_epoch_agree() -> None:
    epoch = SystemClock().monotonic() - 10
    one, other = RatedClock(EPOCH, epoch, 100.0), RatedClock(EPOCH, epoch, 100.0)
    assert abs(one.now() - other.now()) < timedelta(seconds=1)


@pytest.mark.parametrize("rate", [0.0, -1.0, RATE_MAX + 1, float("nan"), float("inf")])
def test_a_rate_beyond_the_bounds_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        RatedClock(EPOCH, 0.0, rate)


def test_the_environment_names_a_rehearsal_clock_or_none() -> None:
    assert isinstance(from_environment({}), SystemClock)
    text = "2026-11-02T06:55:00Z,1234.5,600"
    assert from_environment({REHEARSAL_CLOCK_VARIABLE: text}) == RatedClock(EPOCH, 1234.5, 600.0)


@pytest.mark.parametrize("text", ["x", "1,2", "2026-11-02T06:55:00,1,1", "2026-11-02T06:55:00Z,a,1", "x,1,1"])
def test_a_wrong_rehearsal_clock_is_an_error_and_not_the_systems_clock(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_environment({REHEARSAL_CLOCK_VARIABLE: text})


def test_a_step_beyond_the_limit_is_reported_once_with_its_size() -> None:
    assert steps(reading(0, 0), reading(1, 1), reading(182, 2), reading(183, 3)) == [
        timedelta(seconds=180) - timedelta(microseconds=500)
    ]
    assert steps(reading(0, 0), reading(-179, 1), reading(-178, 2))[0] < -LIMIT


def test_steps_that_together_exceed_the_limit_are_one() -> None:
    assert len(steps(reading(0, 0), reading(71, 1), reading(142, 2))) == 1


def test_steps_that_cancel_each_other_are_none() -> None:
    assert steps(reading(0, 0), reading(101, 1), reading(2, 2)) == []


def test_a_month_of_honest_slewing_is_no_step() -> None:
    day = 86_400
    slewed = [reading(day * n * (1 + 400e-6), day * n) for n in range(31)]
    assert steps(*slewed) == []


def test_a_busy_minute_between_two_looks_is_no_step() -> None:
    assert moved_apart(reading(0, 0), reading(60, 60), 1.0) == timedelta(0)


def test_a_rated_clock_never_steps_by_its_rate_alone() -> None:
    assert steps(reading(0, 0), reading(600, 1), reading(1200, 2), rate=600.0) == []


def test_run_never_reads_the_rehearsal_variable() -> None:
    cli = Path(clocks.__file__).parent / "cli"
    for name in ("start.py", "roots.py"):
        assert "from_environment" not in (cli / name).read_text()
    staff = (cli / "staff.py").read_text()
    run = staff[staff.index("def run(") : staff.index('@app.command("list"')]
    assert "from_environment" not in run
    assert "SystemClock()" in run
