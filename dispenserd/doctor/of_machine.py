"""The checks of the machine and of the home's process: look, then judge."""

from __future__ import annotations

from dispenserd.config import Config
from dispenserd.doctor import told
from dispenserd.doctor.case import Case
from dispenserd.doctor.finding import Finding, unknown
from dispenserd.doctor.judge import store as judge_store
from dispenserd.doctor.judge import system as judge
from dispenserd.doctor.judge import unit as judge_unit
from dispenserd.doctor.look import machine
from dispenserd.doctor.of_configuration import configured
from drivers.translate import WIRE_VERSION


@configured
def disk(case: Case, config: Config) -> Finding:
    try:
        case.disk = machine.disk(config.store.path.parent)
    except OSError as fault:
        return unknown(
            f"The store's disk can't be looked at ({fault.strerror}).",
            "Run this as root or as the service's user.",
        )
    growth = 0
    if case.journal is not None and case.store_bytes:
        growth = judge_store.growth_bytes_day(case.journal.rows, case.store_bytes, case.journal.rows_lately)
    return judge.disk(case.disk, growth)


@configured
def file_system(case: Case, config: Config) -> Finding:
    if case.disk is None:
        return unknown("The store's disk was not looked at.", 'See "Disk reserve".')
    return judge.file_system(case.disk, case.demo)


def memory(case: Case) -> Finding:
    rss = (told.of_vitals(case, "process") or {}).get("rss_bytes")
    return judge.memory(machine.memory_available(), rss if isinstance(rss, int) else None)


def engine(case: Case) -> Finding:
    turned = (told.of_vitals(case, "engine") or {}).get("turned_ago_s")
    return judge.engine(_number(turned), _lag_s(case))


def versions(case: Case) -> Finding:
    home = str((told.of_vitals(case, "process") or {}).get("version", ""))
    firmware = str((told.hello(case) or {}).get("firmware", ""))
    return judge.versions(machine.versions(), home, firmware, WIRE_VERSION)


def unit(case: Case) -> Finding:
    return judge_unit.unit(machine.unit(), case.demo)


def _lag_s(case: Case) -> float | None:
    """The loop's worst of late, where a home measures it and says so in its status."""
    lag = case.running.status.get("loop_lag_ms") if case.running is not None else None
    worst = _number(lag.get("max")) if isinstance(lag, dict) else None
    return None if worst is None else worst / 1000


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
