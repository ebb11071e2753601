"""The home's vital signs, for `dispenserd doctor`: what a running home counts and nobody else can see.

The call `vitals` of the control socket, beside `status`: process, engine, broker session, serial line, the
robot's hello and its clock, how far the plan reaches. Numbers, codes and instants; nothing about a person.
The views of its parts are used for a home at rest, too, so that both are told in the same words.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Protocol

from dispenserd import __version__
from dispenserd.clock import Clock
from dispenserd.control import Handlers
from dispenserd.mqtt.session import SessionState
from drivers.line import LineQuality
from scheduler.commands import ReportClock
from scheduler.events import RobotIdentified
from scheduler.instant import iso
from scheduler.plan import Plan
from scheduler.timing import last_fixed_day
from scheduler.world import Setting, World

View = dict[str, Any]

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
RESIDENT_PAGES = 1
"""Which number of /proc/self/statm counts the pages in memory."""


class Robot(Protocol):
    """What `drivers.connection.RobotConnection` counts."""

    @property
    def line(self) -> LineQuality: ...

    @property
    def identified(self) -> RobotIdentified | None: ...

    @property
    def clock(self) -> ReportClock | None: ...


class Engine(Protocol):
    turned_s: float

    @property
    def world(self) -> World: ...


def calls(
    engine: Engine,
    setting: Setting,
    robots: Mapping[str, Robot],
    broker: Callable[[], SessionState],
    clock: Clock,
) -> Handlers:
    """The call `vitals`, bound to one home. `line`, `hello` and `robot_clock` are the first robot's,
    `plan` the first resident's; `robots` and `residents` have everybody's."""
    started = clock.now()

    async def vitals(arguments: dict[str, Any]) -> View:
        session = broker()
        return {
            "process": {
                "version": __version__,
                "python": platform.python_version(),
                "pid": os.getpid(),
                "started": iso(started),
                "rss_bytes": _resident_bytes(),
            },
            "engine": {"turned_ago_s": round(clock.monotonic() - engine.turned_s, 3)},
            "broker": {
                "standing": session.standing.value,
                "reason": session.reason,
                "connections": session.connection,
                "refused_topics": list(session.refused_topics),
            },
            **_said(next(iter(robots.values()))),
            "plan": reach(engine.world, setting, setting.residents[0].key),
            "robots": [{"serial": serial, **_said(robot)} for serial, robot in robots.items()],
            "residents": [
                {"resident": one.key, **reach(engine.world, setting, one.key)} for one in setting.residents
            ],
        }

    return {"vitals": vitals}


def _said(robot: Robot) -> View:
    return {
        "line": line(robot.line),
        "hello": None if robot.identified is None else hello(robot.identified),
        "robot_clock": None if robot.clock is None else robot_clock(robot.clock),
    }


def line(quality: LineQuality) -> View:
    """The serial line since the home began to look for its robot."""
    trips = quality.round_trips_ms
    shown = {"median": int(median(trips)), "worst": max(trips)} if trips else {"median": None, "worst": None}
    return {
        **{name: value for name, value in asdict(quality).items() if name != "round_trips_ms"},
        "round_trips_ms": {"count": len(trips), **shown},
    }


def hello(said: RobotIdentified) -> View:
    """Who the robot said it is, and what it keeps of log and journal."""
    return {
        "at": iso(said.at),
        "serial": said.robot,
        "firmware": said.firmware,
        "auth": said.auth,
        "log_id": said.log_id,
        "log_horizon": said.log_horizon,
        "log_head": said.log_head,
        "host_epoch": said.host_epoch,
        "host_head": said.host_head,
    }


def robot_clock(report: ReportClock) -> View:
    """The robot's battery clock beside the box's; `apart_s` is positive where the robot's is ahead."""
    return {
        "at": iso(report.box_utc),
        "apart_s": round((report.robot_utc - report.box_utc).total_seconds(), 3),
        "commissioned": report.commissioned,
        "battery_ok": report.battery_ok,
        "set": iso(report.set_utc),
        "drift_ppm_max": report.drift_ppm_max,
    }


def reach(world: World, setting: Setting, resident: str) -> View:
    """How far a resident's doses are planned, and how far the plan asks for any; `until` is null without an
    end."""
    plan, known = world.plans.get(resident), world.planned.get(resident)
    end = None if plan is None else _end(plan, setting)
    return {
        "plan_version": 0 if plan is None else plan.plan_version,
        "open_ended": plan is not None and date.max in _last_days(plan),
        "until": None if end is None else iso(end),
        "planned_to": None if known is None else known.to.isoformat(),
    }


def _end(plan: Plan, setting: Setting) -> datetime | None:
    """The end of the last local day on which anything is to be given; None where no end is named."""
    last = max(_last_days(plan), default=date.max)
    return None if last == date.max else setting.local.midnight(last + timedelta(days=1))


def _last_days(plan: Plan) -> list[date]:
    """Of each prescription that asks for anything at a time; `date.max`: without an end."""
    lasts = (last_fixed_day(prescription.dosage) for prescription in plan.prescriptions)
    return [last for last in lasts if last is not None]


def _resident_bytes() -> int | None:
    try:
        return int(Path("/proc/self/statm").read_text().split()[RESIDENT_PAGES]) * PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return None
