"""What a command prints: one JSON object, or text for people. Results on stdout, everything else on stderr.

rich is imported by the functions that draw; a script that wants JSON never waits for it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from dispenserd.cli.failure import Failure
from dispenserd.oncall.words.commands import DO_NEXT, MEANS
from dispenserd.oncall.words.language import Language
from dispenserd.peer_text import sanitised

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Line = tuple[Sequence[object], str]
"""The cells of a table's line, and its style."""

PRIORITY_STYLES: Mapping[str, str] = {"high": "bold red", "medium": "yellow", "low": "cyan"}
"""Never the only sign: the word stands beside the colour."""


PIPED_COLUMNS = 200
"""Without a terminal nothing needs to be folded: a line stays a line."""


def emit(command: str, body: Mapping[str, Any]) -> None:
    """One object in one line, at once: a stream's reader sees each as it happens."""
    schema = {"schema": f"dispenserd/{command}/1"}
    sys.stdout.write(json.dumps({**schema, **body}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def show_failure(failure: Failure, as_json: bool) -> None:
    """Three lines for people on stderr, or one object on stdout."""
    if as_json:
        words = {"what": failure.what, "meaning": failure.meaning, "next": failure.next_step}
        emit("error", {"code": failure.code, **words})
        return
    language: Language = "en" if failure.danish is None else "da"
    said = failure.danish or failure
    means, do_next = MEANS.in_(language), DO_NEXT.in_(language)
    lines = (said.what, means.format(said.meaning), do_next.format(said.next_step))
    sys.stderr.write("".join(sanitised(line, 2000) + "\n" for line in lines))


def note(text: str) -> None:
    """Progress and advice: stderr, so that stdout holds the result alone."""
    sys.stderr.write(sanitised(text, 2000) + "\n")


def console() -> Console:
    from rich.console import Console

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_COLUMNS
    return Console(highlight=False, markup=False, width=width)


def table(*columns: str, whole: Collection[str] = ()) -> Table:
    """`whole`: the columns that never fold, because half of an id or a priority is worse than none."""
    from rich import box
    from rich.table import Table

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in columns:
        drawn.add_column(column, no_wrap=column in whole)
    return drawn


def filled(columns: Sequence[str], lines: Sequence[Line], whole: Collection[str] = ()) -> Table:
    """A table of these lines, without the columns in which no line has anything."""
    kept = [at for at, _ in enumerate(columns) if any(_cell(cells[at]) for cells, _ in lines)]
    drawn = table(*(columns[at] for at in kept), whole=whole)
    for cells, style in lines:
        add(drawn, [cells[at] for at in kept], style)
    return drawn


def add(drawn: Table, cells: Sequence[object], style: str = "") -> None:
    """A row; whatever the home sent is shown as text, never obeyed as markup or control characters."""
    from rich.text import Text

    drawn.add_row(*(Text(_cell(cell)) for cell in cells), style=style or None)


def _cell(value: object) -> str:
    """A tuple is a cell of several lines; the empty ones are left out."""
    lines = value if isinstance(value, tuple) else (value,)
    return "\n".join(line for line in map(text, lines) if line)


def text(value: object) -> str:
    """A cell: empty for nothing, yes or no for a truth value."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case _:
            return sanitised(str(value), 400)


def local(instant: object, zone: tzinfo) -> str:
    """`Mon 02 Nov 08:00` in the home's zone; what is no instant is shown as it is."""
    moment = _moment(instant)
    return text(instant) if moment is None else moment.astimezone(zone).strftime("%a %d %b %H:%M")


def clock_time(instant: object, zone: tzinfo) -> str:
    """`08:00` in the home's zone; what is no instant is shown as it is."""
    moment = _moment(instant)
    return text(instant) if moment is None else moment.astimezone(zone).strftime("%H:%M")


def seconds_until(instant: object, now: object) -> float | None:
    """Negative once it has passed; None where one of the two is no instant."""
    then, here = _moment(instant), _moment(now)
    return None if then is None or here is None else (then - here).total_seconds()


def span(opens: object, closes: object, zone: tzinfo) -> str:
    """`08:00-10:00` in the home's zone."""
    ends = [_moment(opens), _moment(closes)]
    return "-".join("?" if end is None else end.astimezone(zone).strftime("%H:%M") for end in ends)


def age(seconds: object, units: str = "h days") -> str:
    """`2 h 05 min`; for people, so no seconds above a minute. `units`: the words for hours and for days."""
    if not isinstance(seconds, int | float):
        return text(seconds)
    minutes, hours = int(seconds) // 60, int(seconds) // 3600
    hour, _, days = units.partition(" ")
    if hours >= 48:
        return f"{hours // 24} {days}"
    if hours:
        return f"{hours} {hour} {minutes % 60:02d} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"


def rows(result: Mapping[str, Any], key: str) -> Iterable[Mapping[str, Any]]:
    """The objects of a list in a result; an older home may not have it."""
    return [row for row in result.get(key) or [] if isinstance(row, Mapping)]


def _moment(instant: object) -> datetime | None:
    if isinstance(instant, datetime):
        return instant
    try:
        moment = datetime.fromisoformat(instant) if isinstance(instant, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
