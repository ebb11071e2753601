"""`oncall watch --json`: the rows of `oncall list --json`, one object a line, whenever one of them changes.

Each object has `change`: "open" (there at the start), "new", "changed", "closed" with `incident`; "home" with
`home`; "fault" (`code` "store", "oncall_not_running" or "store_refuses") and "mended" with the same `code`.
A row counts as changed when anything but its age did. Called by the command; ends when it is interrupted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dispenserd.cli.output import emit
from dispenserd.cli.watch.reading import Look, Office

LOOK_EVERY_S = 1.0

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What the stream has said so far."""

    started: bool = False
    incidents: Mapping[tuple[str, str], Row] = field(default_factory=dict)
    homes: Mapping[str, Row] = field(default_factory=dict)
    faults: frozenset[str] = frozenset()


async def stream(office: Office) -> None:
    """Until cancelled."""
    told = Told()
    while True:
        look = await asyncio.to_thread(office.look)
        told, lines = news(told, look)
        for line in lines:
            emit("oncall-watch", line)
        await asyncio.sleep(LOOK_EVERY_S)


def news(told: Told, look: Look) -> tuple[Told, list[Row]]:
    """What is to be said after a look, in the order of the list."""
    faults = {"store": look.fault} if look.fault else {}
    if not look.pulse.runs:
        faults["oncall_not_running"] = "no sign of life from `dispenserd oncall run`"
    if look.pulse.refuses:
        faults["store_refuses"] = f"on-call's database takes nothing: {look.pulse.refuses}"
    lines: list[Row] = [
        *(
            {"change": "fault", "code": code, "what": what}
            for code, what in faults.items()
            if code not in told.faults
        ),
        *({"change": "mended", "code": code} for code in sorted(told.faults - set(faults))),
    ]
    if look.seen is None:
        return Told(told.started, told.incidents, told.homes, frozenset(faults)), lines
    rows = {(row["home"], row["incident"]): row for row in look.seen.result["incidents"]}
    homes = {home["home"]: home for home in look.seen.homes}
    lines.extend(_incidents(told, rows))
    lines.extend(
        {"change": "home", "home": home} for key, home in homes.items() if _differ(told.homes.get(key), home)
    )
    return Told(True, rows, homes, frozenset(faults)), lines


def _incidents(told: Told, rows: Mapping[tuple[str, str], Row]) -> Iterator[Row]:
    for key, row in rows.items():
        before = told.incidents.get(key)
        if before is None:
            yield {"change": "new" if told.started else "open", "incident": row}
        elif _differ(before, row):
            yield {"change": "changed", "incident": row}
    for key, row in told.incidents.items():
        if key not in rows:
            yield {"change": "closed", "incident": {**row, "state": "closed"}}


TICKS = frozenset({"age_s", "heard"})
"""What grows by itself and is no news."""


def _differ(before: Row | None, after: Row) -> bool:
    if before is None:
        return True
    return {k: v for k, v in before.items() if k not in TICKS} != {
        k: v for k, v in after.items() if k not in TICKS
    }
