"""The checks of clocks and robot: look, then judge. A session of our own only where no home runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dispenserd.config import Config, limits
from dispenserd.doctor import told
from dispenserd.doctor.case import Case, JournalRead, RobotMet
from dispenserd.doctor.finding import Finding
from dispenserd.doctor.judge import clock as judge_clock
from dispenserd.doctor.judge import robot as judge
from dispenserd.doctor.look import machine
from dispenserd.doctor.look import robot as look
from dispenserd.doctor.look import store as look_store
from dispenserd.doctor.of_configuration import configured
from dispenserd.store.chain import GENESIS
from dispenserd.store.errors import StoreError

NEW_JOURNAL = (1, GENESIS)
"""Where a home stands that has recorded nothing, or whose journal can't be read here."""


@configured
def port(case: Case, config: Config) -> Finding:
    seen = look.port(config.robots[0].port)
    if case.alone and seen.there:
        case.robot = _met(case, config)
    lost = "" if case.robot is None else case.robot.lost
    return judge.port(seen, config.robots[0].baud, lost)


@configured
def identity(case: Case, config: Config) -> Finding:
    state, reason = _state(case)
    return judge.identity(state, reason, config.robots[0].serial, told.hello(case))


@configured
def authentication(case: Case, config: Config) -> Finding:
    hello = told.hello(case)
    auth = None if hello is None else str(hello.get("auth", ""))
    if not auth and case.running is not None:
        auth = str((case.running.status.get("robot") or {}).get("auth") or "")
    return judge.authentication(auth, case.demo)


@configured
def line(case: Case, config: Config) -> Finding:
    return judge.line(told.line(case))


@configured
def state(case: Case, config: Config) -> Finding:
    return judge.state(told.sensors(case))


@configured
def log(case: Case, config: Config) -> Finding:
    hello = told.hello(case)
    serial = config.robots[0].serial
    known = case.journal.world.robot(serial) if case.journal is not None else None
    journalled = None
    if known is not None and hello is not None:
        journalled = known.log_read if known.log_id == hello.get("log_id") else 0
    broken = known.log_broken if known is not None and case.running is not None else ""
    if case.robot is not None and case.robot.lost.startswith("log_"):
        broken = case.robot.lost
    kept = None
    if hello is not None and hello.get("host_head"):
        behind = case.robot is not None and case.robot.journal_behind
        kept = None if case.journal is None else not (behind or bool(case.journal.world.behind))
    return judge.log(hello, journalled, broken, kept)


@configured
def trust(case: Case, config: Config) -> Finding:
    word = "" if case.running is None else str(case.running.status.get("clock") or "")
    return judge_clock.trust(word, told.robot_clock(case), _agreement(case, config))


@configured
def battery(case: Case, config: Config) -> Finding:
    in_box = machine.has_battery_clock()
    return judge_clock.battery(told.robot_clock(case), in_box, _agreement(case, config), case.clock.now())


def network(case: Case) -> Finding:
    return judge_clock.network(*machine.network_time())


def _agreement(case: Case, config: Config) -> timedelta:
    return limits(config).stretched(case.clock.rate).clock_agreement


def _state(case: Case) -> tuple[str, str]:
    """The robot's state as the home says it, or as our own session found it."""
    if case.running is not None:
        robot = case.running.status.get("robot") or {}
        return str(robot.get("state") or ""), str(robot.get("reason") or "")
    if case.robot is None:
        why = "a home may be using it" if not case.alone else "its port is not there"
        return "unasked", why
    if case.robot.rejected:
        return "rejected", case.robot.rejected
    if case.robot.caught_up:
        return "ready", ""
    return "absent", case.robot.lost


def _met(case: Case, config: Config) -> RobotMet:
    journal = case.journal

    def known_log(log_id: str) -> int | None:
        robot = None if journal is None else journal.world.robot(config.robots[0].serial)
        return robot.log_read if robot is not None and robot.log_id == log_id and robot.log_read else None

    head = NEW_JOURNAL if journal is None else (journal.epoch, journal.head)
    met = look.met(config.robots[0], case.clock, known_log, head)
    return replace(met, journal_behind=_is_behind(case, config, journal, met))


def _is_behind(case: Case, config: Config, journal: JournalRead | None, met: RobotMet) -> bool:
    """Rule 23: the robot keeps a head that our journal has never had, and nobody has looked into it."""
    kept = met.identified
    if kept is None or not kept.host_head or journal is None or case.key is None:
        return False
    head = (kept.host_epoch, kept.host_head)
    try:
        return head not in journal.world.looked_into and not look_store.holds(
            config.store.path, case.key, *head
        )
    except StoreError:
        return False
