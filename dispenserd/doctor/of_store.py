"""The checks of store, journal, plan and roll: look, then judge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dispenserd.config import Config, ResidentSection
from dispenserd.doctor import told
from dispenserd.doctor.case import Case
from dispenserd.doctor.finding import Finding, Result
from dispenserd.doctor.judge import plan as judge_plan
from dispenserd.doctor.judge import store as judge
from dispenserd.doctor.judge.configuration import Fault
from dispenserd.doctor.look import files
from dispenserd.doctor.look import store as look
from dispenserd.doctor.of_configuration import configured
from dispenserd.fagsystem.folder import PLAN_NAME, PlanFolder
from dispenserd.fagsystem.mapping import ResidentIdentity
from dispenserd.store.errors import ChainBroken, StoreError
from scheduler.commands import OfferPlan
from scheduler.events import PlanRefused
from scheduler.instant import from_ms, iso
from scheduler.window import LocalTime


@configured
def store_file(case: Case, config: Config) -> Finding:
    path = config.store.path
    standing = files.standing(path)
    if standing.mode is not None:
        case.store_bytes = files.size(path)
    reason, known = look.stopped(path)
    wal_bytes = files.size(path.with_name(path.name + "-wal"))
    return judge.store_file(standing, case.store_bytes or 0, wal_bytes, reason, known)


def opened(look_in: Callable[[Case, Config, bytes], Finding]) -> Callable[[Case], Finding]:
    """A check that needs the store's key and a store."""

    @configured
    def checked(case: Case, config: Config) -> Finding:
        if not case.store_bytes:
            return judge.no_store()
        if case.key is None:
            return judge.no_key()
        try:
            return look_in(case, config, case.key)
        except StoreError as error:
            return judge.unopened(Fault(error.what, error.meaning, error.next_step))

    return checked


@opened
def integrity(case: Case, config: Config, key: bytes) -> Finding:
    return judge.integrity(look.faults(config.store.path, key))


@opened
def chain(case: Case, config: Config, key: bytes) -> Finding:
    try:
        case.journal = look.journal(config.store.path, key)
    except ChainBroken as broken:
        return judge.chain(broken.sequence - 1, broken.sequence)
    return judge.chain(case.journal.rows, None)


@opened
def size(case: Case, config: Config, key: bytes) -> Finding:
    if case.journal is None:
        return judge.unread()
    return judge.size(case.journal.rows, case.journal.epoch, case.store_bytes or 0, case.journal.rows_lately)


@configured
def end(case: Case, config: Config) -> Finding:
    status = told.status(case)
    keepers = [str(each) for each in status.get("journal_behind") or []]
    if case.robot is not None and case.robot.journal_behind:
        keepers = sorted({*keepers, "robot"})
    return judge.end(keepers if status or keepers else None, status.get("epoch"))


@configured
def plan(case: Case, config: Config) -> Finding:
    status = told.status(case)
    if not status:
        return judge.unread()
    at_home = told.plans(status)
    found = [
        judge_plan.plan(
            at_home.get(one.key, {}), told.reach(case, one.key), _folder(case, config, one), case.clock.now()
        )
        for one in config.residents
    ]
    return min(found, key=lambda each: WORST_FIRST.index(each.result))


@configured
def roll(case: Case, config: Config) -> Finding:
    status = told.status(case)
    if not status:
        return judge.unread()
    beside = [one["as_needed"] for one in status.get("residents") or () if one.get("as_needed")]
    loaded, now = status.get("roll") or {}, case.clock.now()
    return judge_plan.roll(loaded, told.sensors(case), told.doses(case), now, beside)


WORST_FIRST = (Result.WRONG, Result.WARNING, Result.UNKNOWN, Result.OK)
"""Of several residents' plans the one is told that somebody must see to first."""


def _folder(case: Case, config: Config, one: ResidentSection) -> Mapping[str, Any]:
    """The card that lies in the folder now, read and not accepted."""
    resident = ResidentIdentity(
        key=one.key,
        system=one.identifier_system,
        value=one.identifier_value,
    )
    root = config.fagsystem.folder
    found: dict[str, Any] = {"card_version": None, "refused": "", "read": None, "accepted": None}
    if case.journal is not None and case.journal.accepted_at is not None:
        found["accepted"] = iso(case.journal.accepted_at)
    match PlanFolder(root, resident, LocalTime(config.home.zone)).poll(case.clock.now()):
        case OfferPlan(card_version=version):
            found["card_version"] = version
        case PlanRefused(reason=reason, path=place):
            found["refused"] = f"{reason} {place}"
        case None:
            return found
    found["read"] = _put_there(root / resident.key / PLAN_NAME)
    return found


def _put_there(path: Path) -> str | None:
    try:
        return iso(from_ms(path.stat().st_mtime_ns // 1_000_000))
    except OSError:
        return None
