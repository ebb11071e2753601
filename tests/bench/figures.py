"""What a benchmark says: a figure beside its floor, and how they are told. Pure.

A floor is the least that the same work can cost on this machine in this run, done without the product. Only
the ratio of the two means anything elsewhere. A row without a limit is told and judged by nobody.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

SCHEMA = "dispenserd/bench/1"
NOTE, NOTE_CHARS = "    ", 80


@dataclass(frozen=True, slots=True)
class Row:
    """`limit` bounds `value`, or where `of_floor` the ratio of value to floor."""

    name: str
    unit: str
    value: float
    floor: float | None = None
    limit: float | None = None
    of_floor: bool = False
    note: str = ""  # how often it was measured, and on what

    @property
    def ratio(self) -> float | None:
        return self.value / self.floor if self.floor else None

    @property
    def within(self) -> bool | None:
        """None: nothing is asked of it. Without a floor no ratio can be kept."""
        if self.limit is None:
            return None
        measured = self.ratio if self.of_floor else self.value
        return measured is not None and measured <= self.limit

    def plain(self) -> dict[str, Any]:
        """As in the JSON document."""
        return {
            "name": self.name,
            "unit": self.unit,
            "value": _rounded(self.value),
            "floor": None if self.floor is None else _rounded(self.floor),
            "ratio": None if self.ratio is None else round(self.ratio, 2),
            "limit": None if self.limit is None else f"{self.limit:g}{' x floor' if self.of_floor else ''}",
            "within": self.within,
            "note": self.note,
        }


def percentile(samples: Sequence[float], hundredths: float) -> float:
    """By nearest rank: a sample that was measured, never one in between. ValueError without samples."""
    if not samples:
        raise ValueError("no samples")
    if not 0 < hundredths <= 100:
        raise ValueError("a percentile is above 0 and at most 100")
    rank = -(-len(samples) * hundredths // 100)  # rounded up
    return sorted(samples)[int(rank) - 1]


def document(rows: Iterable[Row], machine: str, seconds: float) -> str:
    """The whole run as one JSON object."""
    told = [row.plain() for row in rows]
    whole = {"schema": SCHEMA, "machine": machine, "seconds": round(seconds), "rows": told}
    return json.dumps(whole, indent=2)


def table(rows: Sequence[Row]) -> str:
    """For people: a line a row, its note below it."""
    head = ("", "measured", "floor", "ratio", "limit", "")
    lines = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    told: list[str] = []
    for line, row in zip(lines, [None, *rows], strict=True):
        name, *figures = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        told.append("  ".join([name, *figures]).rstrip())
        if row is not None and row.note:
            told += textwrap.wrap(row.note, NOTE_CHARS, initial_indent=NOTE, subsequent_indent=NOTE)
    return "\n".join(told)


def over(rows: Iterable[Row]) -> list[Row]:
    """Those beyond what is asked of them."""
    return [row for row in rows if row.within is False]


@dataclass(frozen=True, slots=True)
class Written:
    """What a process asked of the disk."""

    flushes: int
    bytes: int
    by_file: dict[str, tuple[int, int]]  # name -> (flushes, bytes)


_CALL = re.compile(
    r"(?P<call>fsync|fdatasync|pwrite64|pwritev|writev|write)\(\d+<(?P<path>[^>]*)>.*= (?P<result>-?\d+)"
)


def written(trace: Iterable[str], name: str) -> Written:
    """Of `strace -f -y` lines, what went to files whose name begins with `name`, and to their folder.

    A call that another thread interrupts is told in two lines, the second without its file; traces are made
    with one line a call by a daemon whose only writer is one thread, and an unfinished line is an error.
    """
    found: dict[str, tuple[int, int]] = {}
    unfinished: dict[str, str] = {}
    for line in trace:
        whole = _joined(line, unfinished)
        match = _CALL.search(whole) if whole else None
        if match is None:
            continue
        file = match["path"].rsplit("/", 1)[-1]
        if not file.startswith(name):
            continue
        flushes, size = found.get(file, (0, 0))
        if match["call"] in ("fsync", "fdatasync"):
            found[file] = (flushes + 1, size)
        else:
            found[file] = (flushes, size + max(0, int(match["result"])))
    return Written(
        flushes=sum(flushes for flushes, _ in found.values()),
        bytes=sum(size for _, size in found.values()),
        by_file=found,
    )


def _joined(line: str, unfinished: dict[str, str]) -> str:
    """The whole call, once its second half is there; "" until then."""
    thread = line.split(None, 1)[0] if line else ""
    if line.rstrip().endswith("<unfinished ...>"):
        unfinished[thread] = line.rstrip().removesuffix("<unfinished ...>")
        return ""
    if " resumed>" in line:
        return unfinished.pop(thread, "") + line.split(" resumed>", 1)[1]
    return line


def _cells(row: Row) -> tuple[str, ...]:
    said = {True: "within", False: "OVER", None: ""}[row.within]
    limit = "" if row.limit is None else f"{row.limit:g}{' x' if row.of_floor else ' ' + row.unit}"
    return (
        row.name,
        f"{_short(row.value)} {row.unit}",
        "" if row.floor is None else f"{_short(row.floor)} {row.unit}",
        "" if row.ratio is None else f"{row.ratio:.2f} x",
        limit,
        said,
    )


def _short(value: float) -> str:
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 1000 else f"{_rounded(value):g}"


def _rounded(value: float) -> float:
    """Three figures: more than that is noise."""
    return float(f"{value:.3g}") if abs(value) < 1000 else float(round(value))
