"""One way to read what is known of the home: its own word where it runs, else its journal's and the robot's.

The same JSON data either way, made by the same views, so that one judge serves both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from dispenserd import views, vitals
from dispenserd.app import setting_of
from dispenserd.doctor.case import Case
from scheduler.world import Setting

View = Mapping[str, Any]


def setting(case: Case) -> Setting | None:
    return None if case.config is None else setting_of(case.config, case.clock.rate)


def status(case: Case) -> View:
    """Empty where neither the home nor its journal could be asked."""
    if case.running is not None:
        return case.running.status
    here = setting(case)
    if here is None or case.journal is None:
        return {}
    return views.status(case.journal.world, here, (case.journal.epoch, case.journal.head), case.clock.now())


def doses(case: Case) -> Sequence[View]:
    told = case.running.doses if case.running is not None else {}
    here = setting(case)
    if case.running is None and case.journal is not None and here is not None:
        told = views.doses(case.journal.world, here)
    return [dose for dose in told.get("doses") or [] if isinstance(dose, Mapping)]


def of_vitals(case: Case, key: str) -> View | None:
    """A part of the running home's vital signs; None where it tells none."""
    part = case.running.vitals.get(key) if case.running is not None else None
    return part if isinstance(part, Mapping) else None


def plans(status: View) -> Mapping[str, View]:
    """Of each resident, by key: what `status` tells of their plan."""
    return {one["resident"]: one["plan"] for one in status.get("residents") or []}


def reach(case: Case, resident: str) -> View | None:
    """A running home tells the first resident's; of the others its journal does."""
    here = setting(case)
    first = here is None or here.residents[0].key == resident
    own = of_vitals(case, "plan") if first else None
    if own is not None or here is None or case.journal is None:
        return own
    return vitals.reach(case.journal.world, here, resident)


def hello(case: Case) -> View | None:
    """The robot's newest: the home's word, a session of ours, or the journal's where the home tells none."""
    own = of_vitals(case, "hello")
    if own is not None:
        return own
    if case.robot is not None and case.robot.identified is not None:
        return vitals.hello(case.robot.identified)
    known = case.journal.identified if case.journal is not None and case.running is not None else None
    return None if known is None else vitals.hello(known)


def robot_clock(case: Case) -> View | None:
    own = of_vitals(case, "robot_clock")
    if own is None and case.robot is not None and case.robot.clock is not None:
        return vitals.robot_clock(case.robot.clock)
    return own


def line(case: Case) -> View | None:
    own = of_vitals(case, "line")
    if own is None and case.robot is not None and case.robot.line is not None:
        return vitals.line(case.robot.line)
    return own


def sensors(case: Case) -> View | None:
    """As they are now: what a journal remembers of them may be days old."""
    if case.running is not None:
        found = (case.running.status.get("robot") or {}).get("status")
        return found if isinstance(found, Mapping) else None
    if case.robot is not None and case.robot.status is not None:
        return asdict(case.robot.status)
    return None
