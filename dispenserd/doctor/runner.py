"""Runs checks one after the other, each within its time: one that hangs is told as unknown, the rest goes on.

Every check has a thread of its own, which dies with the process: a look into a dead folder or at a silent
device can't be stopped, only left behind. An exception that no look foresaw is our bug and ends the run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dispenserd.doctor.case import Case
from dispenserd.doctor.finding import Finding, unknown


@dataclass(frozen=True, slots=True)
class Check:
    """`look` returns the judged finding and keeps in the case what later checks need."""

    name: str
    title: str
    limit_s: float
    look: Callable[[Case], Finding]


@dataclass(frozen=True, slots=True)
class Checked:
    check: Check
    finding: Finding


def carried_out(
    checks: Sequence[Check], case: Case, begins: Callable[[Check], None] = lambda _: None
) -> Iterator[Checked]:
    """Each check as it ends; `begins` is told before it starts."""
    for check in checks:
        begins(check)
        yield Checked(check, _within_its_time(check, case))


def _within_its_time(check: Check, case: Case) -> Finding:
    found: list[Finding] = []
    looking = threading.Thread(
        target=lambda: found.append(check.look(case)), name=f"check {check.name}", daemon=True
    )
    looking.start()
    looking.join(check.limit_s)
    if found:
        return found[0]
    if not looking.is_alive():  # its exception is told by the thread itself
        raise AssertionError(f"the check {check.name} ended without a finding")
    return unknown(
        f"This took longer than {check.limit_s:g} s and was left.",
        "Look at what it reads: a disk, a device or a name server that does not answer. Then run this again.",
        limit_s=check.limit_s,
    )
