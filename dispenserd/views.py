"""What the terminal shows of the home: the newest committed world as plain JSON data.

Shown only to people at the box (the control socket) or who hold its key. No drug names: codes and ids. Each
field is described in `dispenserd.shapes.home`, which is what scripts rely on.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from dispenserd.chore_times import TEST_ALARM, due, last_run, rhythms
from scheduler.display import display
from scheduler.dose import Stage
from scheduler.events import Incident, Outcome, RobotStatus
from scheduler.forecast import battery_until, refills
from scheduler.instant import iso
from scheduler.offering import in_order
from scheduler.summary import open_incidents, robot_word, summarise
from scheduler.world import Dose, Resident, Setting, SideDose, World

if TYPE_CHECKING:
    from dispenserd.shapes.home import (
        Doses,
        DoseView,
        Holds,
        IncidentView,
        PermitView,
        ResidentAtHome,
        RobotAtHome,
        RollShow,
        Sensors,
        StatusView,
        StripShow,
    )
    from dispenserd.shapes.strips import RefillView, RollInUse, StripInUse
    from dispenserd.shapes.upkeep import AlarmTestView, Chores, ChoreView


def status(world: World, setting: Setting, head: tuple[int, str], now: datetime) -> StatusView:
    summary = summarise(world, setting, now)
    first = setting.residents[0].key
    serial = setting.robot_of(first)
    robots = [_robot(world, setting, one, now) for one in setting.robots]
    residents = [_resident(world, setting, one, now) for one in setting.residents]
    alone = robots[0] if not serial else next(one for one in robots if one["serial"] == serial)
    return {
        "box": setting.box,
        "now": iso(now),
        "epoch": head[0],
        "head": head[1],
        "journal_behind": sorted({found.keeper for found in world.behind}),
        "clock": summary.clock,
        "robot": {
            "state": alone["state"],
            "reason": alone["reason"],
            "serial": alone["serial"],
            "auth": alone["auth"],
            "status": alone["status"],
        },
        "plan": residents[0]["plan"],
        "roll": residents[0]["roll"],
        "robots": robots,
        "residents": residents,
        "undelivered": sum(incident.undelivered for incident in world.incidents.values()),
        "display": alone["display"],
        "incidents": [_incident(incident, now) for incident in open_incidents(world)],
        "next_window": iso(summary.next_window) if summary.next_window else None,
        "window_open": summary.window_open,
        "test_alarm": test_alarm(world, setting),
        "chores": chores(world, setting, now)["chores"],
    }


def _refused(world: World, resident: str) -> str:
    """Why the newest card is not in force, or which of its parts are left to people."""
    if resident in world.refused_plans:
        return world.refused_plans[resident][1]
    plan = world.plans.get(resident)
    return "; ".join(f"{each.reason} {each.path}" for each in plan.refused) if plan is not None else ""


def _robot(world: World, setting: Setting, serial: str, now: datetime) -> RobotAtHome:
    robot = world.robot(serial)
    return {
        "state": robot_word(robot),
        "reason": robot.reason,
        "serial": serial,
        "auth": robot.auth,
        "status": _sensors(robot.status) if robot.status else None,
        "residents": list(setting.served[serial]),
        "display": list(display(world, setting, serial, now).lines),
        "battery_until": _or_none(battery_until(robot)),
    }


def _or_none(at: datetime | None) -> str | None:
    return iso(at) if at else None


def _resident(world: World, setting: Setting, resident: Resident, now: datetime) -> ResidentAtHome:
    plan = world.plans.get(resident.key)
    settled: list[Dose | SideDose] = [*in_order(world), *world.sides.values()]
    ahead = [
        dose.plan.opens
        for dose in settled
        if dose.plan.resident == resident.key and dose.outcome is None and dose.plan.closes > now
    ]
    return {
        "resident": resident.key,
        "robot": resident.robot,
        "plan": {
            "plan_version": plan.plan_version if plan else 0,
            "card_version": plan.card_version if plan else 0,
            "refused": _refused(world, resident.key),
        },
        "roll": _in_use(world, resident.robot, resident.key),
        "as_needed": _beside(world, setting, resident.key),
        "next_window": iso(min(ahead)) if ahead else None,
        "refill": next((each for each in _refills(world, setting) if each["resident"] == resident.key), None),
    }


def _in_use(world: World, serial: str, resident: str) -> RollInUse:
    robot = world.robot(serial)
    loaded = robot.rolls.get(resident)
    return {
        "production_id": loaded.production_id if loaded else "",
        "left": robot.status.sachets_left if robot.status else None,
    }


def _beside(world: World, setting: Setting, resident: str) -> StripInUse | None:
    if not setting.has_two(resident):
        return None
    serial = setting.robot_for(resident, as_needed=True)
    return {"robot": serial, **_in_use(world, serial, resident)}


def _refills(world: World, setting: Setting) -> list[RefillView]:
    """The soonest first."""
    found = [refill for serial in setting.robots for refill in refills(world, setting, serial)]
    return [
        {
            "resident": each.resident,
            "robot": each.robot,
            "dose": each.dose.dose_id,
            "date": each.dose.day.isoformat(),
            "slot": each.dose.slot,
            "opens": iso(each.dose.opens),
        }
        for each in sorted(found, key=lambda one: (one.dose.opens, one.resident))
    ]


def test_alarm(world: World, setting: Setting) -> AlarmTestView | None:
    """The newest one; None = never tried. `seconds`: from here to on-call and back, once it passed."""
    test = world.alarm_test
    if test is None:
        return None
    took_s = (test.since - test.begun).total_seconds() / setting.limits.pace
    return {
        "incident": test.incident_id,
        "state": test.state,
        "since": iso(test.since),
        "begun": iso(test.begun),
        "by": test.by,
        "seconds": round(took_s, 3) if test.state == "passed" else None,
    }


def chores(world: World, setting: Setting, now: datetime) -> Chores:
    """`next` may have passed: that one runs in a few minutes. Null: the clock was set back behind `last`."""
    found: list[ChoreView] = []
    for name, rhythm in rhythms(setting.box).items():
        run, last = world.chores.get(name), last_run(world, name)
        at = due(rhythm, last, now) if world.began is not None else None
        ever = run is not None or (name == TEST_ALARM and world.alarm_test is not None)
        result, detail = (run.result, run.detail) if run is not None else ("", "")
        if name == TEST_ALARM and world.alarm_test is not None and last == world.alarm_test.begun:
            result, detail = world.alarm_test.state, ""
        failures = run.failures if run is not None else 0
        found.append(
            {
                "chore": name,
                "last": iso(last) if ever else None,
                "next": iso(at) if at else None,
                "result": result,
                "detail": detail,
                "failures": failures,
            }
        )
    return {"chores": found}


def doses(world: World, setting: Setting) -> Doses:
    shown = [(dose.plan.opens, _dose(dose)) for dose in in_order(world)]
    shown += [(side.plan.opens, _side(side)) for side in world.sides.values()]
    return {
        "doses": [view for _, view in sorted(shown, key=lambda each: (each[0], each[1]["dose"]))],
        "refills": _refills(world, setting),
    }


def holds(world: World) -> Holds:
    """What waits for a person's decision: held sachets and doses in doubt."""
    waiting = [
        dose
        for dose in in_order(world)
        if dose.stage is Stage.DOUBT or (dose.stage is Stage.HELD and not dose.discard) or _may_be_had(dose)
    ]
    return {"holds": [{**_dose(dose), "reason": _why_held(dose)} for dose in waiting]}


def _may_be_had(dose: Dose) -> bool:
    """Rule 23: nobody has settled yet whether the lost part of the journal tells of it."""
    settled = dose.outcome is not None and dose.outcome.outcome is not Outcome.UNCERTAIN
    return dose.lost and not settled


def _why_held(dose: Dose) -> str:
    if dose.stage is Stage.DOUBT:
        return "in_doubt"
    return "journal_behind" if _may_be_had(dose) else dose.held


def roll(world: World, setting: Setting, resident: str) -> RollShow:
    """The one resident's roll, and the strip that it is part of; and their strip of medicine as needed, where
    another robot has that."""
    beside = setting.robot_for(resident, as_needed=True) if setting.has_two(resident) else ""
    return {
        "resident": resident,
        **_strip(world, setting.robot_of(resident), resident),
        "as_needed": _strip(world, beside, resident) if beside else None,
    }


def _strip(world: World, serial: str, resident: str) -> StripShow:
    robot = world.robot(serial)
    status, loaded = robot.status, robot.rolls.get(resident)
    return {
        "robot": serial,
        "production_id": loaded.production_id if loaded else "",
        "in_robot": status.production_id if status else "",
        "left": status.sachets_left if status else None,
        "mouth": status.mouth_label if status else "",
        "store": {"count": status.store_count, "max": status.store_max} if status else None,
        "card_version": loaded.card_version if loaded else 0,
        "sachets": [
            {
                "number": sachet.number,
                "label": sachet.label,
                "local": sachet.local.isoformat(timespec="minutes"),
                "contents": [
                    {
                        "drug": content.drug,
                        "strength": content.strength,
                        "quantity": str(content.quantity),
                        "unit": content.unit,
                    }
                    for content in sorted(sachet.content)
                ],
            }
            for sachet in (loaded.sachets if loaded else ())
        ],
    }


def _sensors(status: RobotStatus) -> Sensors:
    return {
        "production_id": status.production_id,
        "mouth_label": status.mouth_label,
        "sachets_left": status.sachets_left,
        "holding": status.holding,
        "tray": status.tray,
        "store_count": status.store_count,
        "store_max": status.store_max,
        "lid_open": status.lid_open,
        "mains": status.mains,
        "battery_percent": status.battery_percent,
        "fault": status.fault,
    }


def _dose(dose: Dose) -> DoseView:
    plan, outcome = dose.plan, dose.outcome
    return {
        "dose": plan.dose_id,
        "resident": plan.resident,
        "robot": dose.robot,
        "date": plan.day.isoformat(),
        "slot": plan.slot,
        "opens": iso(plan.opens),
        "half": iso(plan.half),
        "closes": iso(plan.closes),
        "stage": dose.stage.value,
        "outcome": outcome.outcome.value if outcome else None,
        "late": outcome.late if outcome else False,
        "by": outcome.by if outcome else "",
        "reason": outcome.reason if outcome else "",
        "helper": (outcome.helper if outcome else dose.helper) or "",
        "happened": iso(outcome.happened) if outcome else None,
        "revision": outcome.revision if outcome else 0,
        "token": "staff" if dose.token else "robot",
        "holder": dose.token,
        "critical": plan.critical,
        "loose": dose.loose,
        "permits": _permits(dose),
        "lost": _may_be_had(dose),
        "held": dose.held if dose.stage is Stage.HELD else "",
        "let_go_by": list(dose.let_go.by) if dose.let_go is not None else [],
        "let_go_until": iso(dose.let_go.until) if dose.let_go is not None and dose.let_go.until else None,
    }


def _permits(dose: Dose) -> list[PermitView]:
    """What people have authorised beside its own window, as they said it."""
    kinds = (("take_along" if dose.permit is not None and dose.permit.along else "early", dose.permit),)
    return [
        {
            "kind": kind,
            "opens": iso(permit.opens),
            "closes": iso(permit.closes),
            "by": permit.by,
            "reason": permit.reason,
        }
        for kind, permit in (*kinds, ("late", dose.late))
        if permit is not None
    ]


BESIDE = "beside"
"""Stage of what lies in no sachet."""


def _side(side: SideDose) -> DoseView:
    return {**_dose(Dose(plan=side.plan, outcome=side.outcome, helper=side.helper)), "stage": BESIDE}


def _incident(incident: Incident, now: datetime) -> IncidentView:
    return {
        "incident": incident.incident_id,
        "dose": incident.dose_id,
        "kind": incident.kind.value,
        "priority": incident.priority.name.lower(),
        "state": incident.state.value,
        "revision": incident.revision,
        "raised": iso(incident.raised),
        "deadline": iso(incident.deadline),
        "age_s": int((now - incident.raised).total_seconds()),
        "owner": incident.owner,
        "undelivered": incident.undelivered,
        "detail": incident.detail,
    }
