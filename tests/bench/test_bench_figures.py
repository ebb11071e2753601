"""The bench's own arithmetic: percentiles, ratios, limits, and what a trace of system calls adds up to."""

from __future__ import annotations

import json

import pytest

from tests.bench.figures import Row, document, over, percentile, table, written

TRACE = """\
77 pwrite64(9</a/home.db-wal>, "\\0\\0"..., 4096, 32) = 4096
77 fdatasync(9</a/home.db-wal>)      = 0
78 write(5<pipe:[1]>, "x", 1)        = 1
77 pwrite64(9</a/home.db-wal>, "x"..., 24, 0 <unfinished ...>
78 write(2</a/daemon.log>, "y"..., 90) = 90
77 <... pwrite64 resumed>)           = 24
77 fdatasync(9</a/home.db-wal> <unfinished ...>
77 <... fdatasync resumed>)          = 0
77 pwrite64(8</a/home.db>, ""..., 4096, 0) = -1 ENOSPC (No space left on device)
77 fsync(8</a/home.db>)              = 0
"""


def test_a_percentile_is_a_sample_by_nearest_rank() -> None:
    hundred = [float(number) for number in range(100, 0, -1)]
    assert percentile(hundred, 50) == 50
    assert percentile(hundred, 99) == 99
    assert percentile(hundred, 100) == 100
    assert percentile([3.0, 1.0, 2.0], 50) == 2
    assert percentile([7.0], 99) == 7


@pytest.mark.parametrize("hundredths", [0, 101])
def test_a_percentile_outside_the_samples_is_refused(hundredths: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile([1.0], hundredths)
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 50)


def test_a_limit_on_the_ratio_is_held_against_the_floor_and_not_the_figure() -> None:
    assert Row("x", "ms", 50, 10, 5, of_floor=True).within is True
    assert Row("x", "ms", 51, 10, 5, of_floor=True).within is False
    assert Row("x", "ms", 4, None, 5, of_floor=True).within is False, "without a floor nothing is kept"


def test_a_limit_on_the_figure_knows_no_floor() -> None:
    assert Row("x", "s", 2.0, 0.1, 2.0).within is True
    assert Row("x", "s", 2.1, 2.0, 2.0).within is False
    assert Row("x", "s", 99).within is None


def test_only_what_is_beyond_its_limit_is_over() -> None:
    rows = [Row("kept", "s", 1, 1, 2), Row("beyond", "s", 3, 1, 2), Row("free", "s", 9)]
    assert [row.name for row in over(rows)] == ["beyond"]


def test_a_floor_of_nothing_gives_no_ratio() -> None:
    assert Row("x", "s", 1, 0).ratio is None


def test_the_document_holds_every_row_with_ratio_and_verdict() -> None:
    told = json.loads(document([Row("x", "ms", 12.3456, 4, 5, of_floor=True, note="n")], "a machine", 61.4))
    assert told["machine"] == "a machine"
    assert told["seconds"] == 61
    assert told["rows"] == [
        {
            "name": "x",
            "unit": "ms",
            "value": 12.3,
            "floor": 4,
            "ratio": 3.09,
            "limit": "5 x floor",
            "within": True,
            "note": "n",
        }
    ]


def test_the_table_says_which_figure_is_over() -> None:
    lines = table([Row("kept", "s", 1, 1, 2), Row("beyond", "s", 3000, 1, 2, note="why")]).splitlines()
    assert [line.split()[-1] for line in lines if line.startswith(("kept", "beyond"))] == ["within", "OVER"]
    assert lines[-1] == "    why"


def test_a_table_of_real_names_and_figures_fits_a_terminal() -> None:
    rows = [
        Row("wake-up -> subscriber, p50", "ms", 1234.5, 12.345, 5, of_floor=True, note="word " * 40),
        Row("start -> caught up, heartbeat", "s", 11.25, 6.1234, 30),
        Row("bytes written a day", "MiB", 0.7124, 0.7613, 2),
    ]
    assert max(map(len, table(rows).splitlines())) <= 80


def test_a_trace_adds_up_to_the_flushes_and_bytes_of_one_store() -> None:
    found = written(TRACE.splitlines(), "home.db")
    assert (found.flushes, found.bytes) == (3, 4096 + 24)
    assert found.by_file == {"home.db-wal": (2, 4120), "home.db": (1, 0)}


def test_what_another_thread_writes_in_between_is_nobody_elses() -> None:
    assert written(TRACE.splitlines(), "daemon.log").bytes == 90
