"""What is wrong beside any dose, robot or roll: the alarm path, the plan's end, certificates, chores.

Pure, and part of the alarm catalogue: `causes` asks it with every look, `decide` when to look again. A test
alarm is begun by a wish (`receive`); everything after that follows from its incident and its receipt.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from scheduler import events as ev
from scheduler.cause import Cause
from scheduler.kept import kept
from scheduler.plan import Plan
from scheduler.timing import last_fixed_day
from scheduler.world import Setting, World

TEST = "test"
"""The subject of a test alarm: one at a time."""

NOT_RECEIPTED = "not_receipted"

CHORE_FAILURES_MAX = 3
"""In a row; then somebody is told. A chore is daily or weekly, and late does no harm."""

CERTIFICATE_LOW = timedelta(days=30)
"""So long before its end an office that renews certificates has time to."""

CERTIFICATE_MEDIUM = timedelta(days=7)
"""Past its end the home reaches nobody."""

NEEDS_CLOCK = frozenset({ev.Kind.PLAN_ENDS, ev.Kind.CERTIFICATE_EXPIRES})
"""Causes about a date: a clock nobody trusts neither raises nor clears them."""


def upkeep_causes(world: World, setting: Setting, now: datetime) -> dict[str, Cause]:
    """By subject, as in `causes`."""
    found = {
        TEST: _alarm_test(world, setting, now),
        **{f"horizon:{one.key}": _horizon(world, setting, one.key, now) for one in setting.residents},
        "certificates": _certificates(world, now),
        **{
            f"chore:{name}": Cause(ev.Kind.CHORE_FAILED, ev.Priority.LOW, name)
            for name, run in world.chores.items()
            if run.failures >= CHORE_FAILURES_MAX
        },
    }
    return {subject: cause for subject, cause in found.items() if cause is not None}


def upkeep_instants(world: World, setting: Setting) -> Iterator[datetime]:
    """When one of these may begin by the clock alone."""
    test = world.alarm_test
    owed = world.receipts.get(test.incident_id) if test is not None else None
    if owed is not None:
        yield owed.since + setting.limits.alarm_test
    for resident in setting.residents:
        plan = world.plans.get(resident.key)
        last = plan_end(plan) if plan is not None else None
        if last is not None:
            ended = _end_of(setting, last)
            yield from (ended - setting.limits.plan_left, ended)
    for each in world.certificates:
        if each.expires is not None:
            yield from (each.expires - CERTIFICATE_LOW, each.expires - CERTIFICATE_MEDIUM, each.expires)


def plan_end(plan: Plan) -> date | None:
    """The last day on which anything fixed is asked for; None where that is open-ended, or there is none."""
    last = max(_last_days(plan), default=None)
    return None if last == date.max else last


@kept(16)
def _last_days(plan: Plan) -> tuple[date, ...]:
    """Of each prescription with anything fixed."""
    lasts = (last_fixed_day(prescription.dosage) for prescription in plan.prescriptions)
    return tuple(last for last in lasts if last is not None)


def alarm_test_open(world: World) -> bool:
    """Whether a test alarm is under way, or failed and still waits for its receipt or a person."""
    test = world.alarm_test
    if test is None:
        return False
    incident = world.incidents.get(test.incident_id)
    return not test.incident_id or (incident is not None and incident.state is not ev.State.CLOSED)


def _alarm_test(world: World, setting: Setting, now: datetime) -> Cause | None:
    """On-call's signed receipt of the newest revision is what ends it; the broker's word is none."""
    test = world.alarm_test
    if test is None or not alarm_test_open(world):
        return None
    if not test.incident_id:
        return Cause(ev.Kind.TEST_ALARM, ev.Priority.INFO)
    failed = Cause(ev.Kind.TEST_ALARM, ev.Priority.HIGH, NOT_RECEIPTED)
    owed = world.receipts.get(test.incident_id)
    if owed is None:  # a home that was held up may take in a late receipt before it ever looked at the clock
        late = test.receipted is not None and test.receipted >= test.since + setting.limits.alarm_test
        return failed if test.state == "under_way" and late else None
    if test.state == "failed" or now >= owed.since + setting.limits.alarm_test:
        return failed
    return Cause(ev.Kind.TEST_ALARM, ev.Priority.INFO)


def _horizon(world: World, setting: Setting, resident: str, now: datetime) -> Cause | None:
    plan = world.plans.get(resident)
    if plan is None or not world.clock.trusted:
        return None
    if not _last_days(plan):
        if any(period.as_needed for one in plan.prescriptions for period in one.dosage.periods):
            return None  # nothing that could end: it is asked for
        return Cause(ev.Kind.PLAN_ENDS, ev.Priority.LOW, "nothing_planned")
    last = plan_end(plan)
    if last is None:
        return None
    ended = _end_of(setting, last)
    if now < ended - setting.limits.plan_left:
        return None
    return Cause(ev.Kind.PLAN_ENDS, ev.Priority.LOW, "ended" if now >= ended else "ends_soon")


def _end_of(setting: Setting, day: date) -> datetime:
    return setting.local.midnight(day + timedelta(days=1))


def _certificates(world: World, now: datetime) -> Cause | None:
    """The worst of them: whoever renews one looks at all."""
    found = [cause for each in world.certificates if (cause := _certificate(world, each, now)) is not None]
    return max(found, key=lambda cause: cause.priority, default=None)


def _certificate(world: World, each: ev.CertificateFound, now: datetime) -> Cause | None:
    kind = ev.Kind.CERTIFICATE_EXPIRES
    if each.expires is None:
        return Cause(kind, ev.Priority.HIGH, f"{each.name}_unreadable")
    if not world.clock.trusted or now < each.expires - CERTIFICATE_LOW:
        return None
    if now >= each.expires:
        return Cause(kind, ev.Priority.HIGH, f"{each.name}_expired")
    near = now >= each.expires - CERTIFICATE_MEDIUM
    return Cause(kind, ev.Priority.MEDIUM if near else ev.Priority.LOW, f"{each.name}_expires_soon")
