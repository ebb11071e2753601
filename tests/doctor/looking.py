"""A run of the doctor's checks over a real home, findings by name."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from pathlib import Path

from dispenserd.clock import Clock
from dispenserd.doctor.case import Case
from dispenserd.doctor.checks import CHECKS
from dispenserd.doctor.finding import Finding, Result
from dispenserd.doctor.runner import carried_out
from tests.support.running_home import RunningHome

Findings = Mapping[str, Finding]

MACHINE = frozenset({"network_time", "disk", "file_system", "memory", "versions", "unit"})
"""What these come to is this computer's business, not the home's."""

STORE = ("configuration", "home", "key", "store_file", "store_integrity", "journal_chain", "journal_size")
ROBOT = (
    *("configuration", "home", "key", "store_file", "journal_chain", "robot_port", "robot_identity"),
    *("robot_authentication", "robot_line", "robot_state", "robot_log", "journal_end"),
    *("clock_trust", "battery_clock", "roll"),
)
BROKER = (*("configuration", "home", "broker_reach", "broker_encryption", "certificates", "broker_session"),)


async def examined(home: RunningHome, *names: str) -> Findings:
    """These checks, or all, beside whatever of this home runs in this loop."""
    return await asyncio.to_thread(findings, home.folder / "home.toml", home.clock, names)


def findings(path: Path, clock: Clock, names: Collection[str] = ()) -> Findings:
    checks = [check for check in CHECKS if not names or check.name in names]
    return {each.check.name: each.finding for each in carried_out(checks, Case(path, clock))}


def results(found: Findings) -> dict[str, str]:
    return {name: finding.result.value for name, finding in found.items()}


def named(found: Findings, result: Result) -> set[str]:
    """The checks that came to this."""
    return {name for name, finding in found.items() if finding.result is result}


def rewritten(home: RunningHome, *changes: tuple[str, str]) -> None:
    """The home's configuration, with each of these texts replaced."""
    path = home.write_configuration()
    text = path.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text)
    path.chmod(0o640)
