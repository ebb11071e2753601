"""The step that finds the robot: every likely port is asked, and exactly one robot is taken.

Which robot is right is decided here; who is where is `drivers.discovery`'s to find out.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from dispenserd.provision import check
from dispenserd.provision.fault import GO_ON, ProvisionFault, Sort
from dispenserd.provision.site import Site
from drivers import discovery, sachet_roll
from drivers.discovery import NoRobot, Robot

BAUD = 115_200
SESSION_BITS = 64

MEANING = "Without a robot there is nothing to configure the home for."

ADVICE = {
    "port_missing": "Plug the robot in, or name its port with --port; `ls /dev/serial/by-id` shows them.",
    "port_unusable": "That is no serial line; name another --port; `ls /dev/serial/by-id` shows them.",
}
"""Where the driver's own advice names the configuration, which is not written yet."""

Plain = dict[str, Any]


async def find_robot(site: Site) -> Plain:
    """The robot's plate, its port and its clock, as plain data."""
    found: list[Robot] = []
    missed: list[NoRobot] = []
    for port in _ports(site):
        site.tell(f"asking {port}")
        answer = await discovery.identify(
            port, BAUD, secrets.randbits(SESSION_BITS), site.clock.monotonic, site.clock.now
        )
        if isinstance(answer, Robot):
            site.tell(
                f"{answer.port}: serial {answer.serial}, firmware {answer.firmware}, auth {answer.auth}"
            )
            found.append(answer)
        else:
            site.tell(f"{port}: {answer.what}")
            missed.append(answer)
    robot = chosen(found, missed, site.answers.get("robot"), _papers(site))
    must_fit(robot, site.demo or bool(site.answers.get("accept_unauthenticated")))
    plain = asdict(robot)
    clock = check.robot_clock(plain)
    if clock.verdict is check.Verdict.BAD:
        raise ProvisionFault(
            Sort.CHECKED_AND_FALSE, clock.code, clock.said, "The home would not trust its clock.",
            f"{clock.next_step} {GO_ON}",
        )  # fmt: skip
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in plain.items()}


def chosen(found: Sequence[Robot], missed: Sequence[NoRobot], serial: str | None, papers: str = "") -> Robot:
    """The one that is meant; ProvisionFault where that can't be said."""
    fitting = [robot for robot in found if serial is None or robot.serial == serial]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(f"{robot.serial} at {robot.port}" for robot in found)
    if len(fitting) > 1:
        raise ProvisionFault(
            Sort.REFUSED,
            "several_robots",
            f"{len(found)} robots answer: {listed}.",
            "The wrong one would be given the medicine of this resident; nobody guesses.",
            f"Name the right one by the number on its plate: --robot SERIAL. {GO_ON}",
        )
    if found:
        raise ProvisionFault(
            Sort.CHECKED_AND_FALSE, "other_robot", f"The robot {serial} does not answer; here is {listed}.",
            MEANING, f"Connect that robot, or name the one that is here with --robot. {GO_ON}",
        )  # fmt: skip
    raise _none(missed, papers)


def must_fit(robot: Robot, accept_unauthenticated: bool) -> None:
    if robot.family != sachet_roll.FAMILY or robot.missing:
        lacks = f" and lacks {', '.join(robot.missing)}" if robot.missing else ""
        raise ProvisionFault(
            Sort.REFUSED, "unfit_robot", f"The robot {robot.serial} is of the family {robot.family}{lacks}.",
            "This version can't serve such a robot safely.",
            f"Connect a robot of the family {sachet_roll.FAMILY}.",
        )  # fmt: skip
    if robot.auth == "none" and not accept_unauthenticated:
        raise ProvisionFault(
            Sort.REFUSED,
            "unauthenticated",
            f"The robot {robot.serial} does not authenticate its line (auth none).",
            "Whoever reaches the cable can move medicine.",
            f"If that is accepted here, say so with --accept-unauthenticated. {GO_ON}",
        )


def _ports(site: Site) -> list[str]:
    """The port that was named, by an absolute path; else every USB serial port, by its lasting name."""
    named = site.answers.get("port")
    if named:
        return [str(site.layout.configuration / named) if site.demo else str(Path(named).absolute())]
    return [discovery.stable_name(each.device) for each in discovery.ports()]


def _papers(site: Site) -> str:
    """How the three programs of a home for trying out are started; empty: this home is none."""
    made = site.progress.result("papers")
    return ", ".join(f"`{made[name]}`" for name in ("broker", "robot", "oncall") if name in made)


def _none(missed: Sequence[NoRobot], papers: str) -> ProvisionFault:
    if papers:
        said = missed[0].what if missed else "No robot answers."
        return ProvisionFault(
            Sort.CHECKED_AND_FALSE, missed[0].code if missed else "no_port", said, MEANING,
            f"Start broker, robot and on-call, each in a terminal of its own: {papers}. {GO_ON}",
        )  # fmt: skip
    if not missed:
        return _no_port()
    if len(missed) == 1:
        only = missed[0]
        return ProvisionFault(
            Sort.CHECKED_AND_FALSE, only.code, only.what, MEANING,
            f"{ADVICE.get(only.code, only.next_step)} {GO_ON}",
        )  # fmt: skip
    return _no_robot(missed)


def _no_port() -> ProvisionFault:
    return ProvisionFault(
        Sort.CHECKED_AND_FALSE, "no_port", "This box has no USB serial port, so no robot is on one.",
        MEANING, f"Plug the robot in, or name its port with --port. {GO_ON}",
    )  # fmt: skip


def _no_robot(missed: Sequence[NoRobot]) -> ProvisionFault:
    said = " ".join(each.what for each in missed)
    return ProvisionFault(
        Sort.CHECKED_AND_FALSE, "no_robot", f"No robot answers at {len(missed)} ports. {said}", MEANING,
        f"Switch the robot on, check the cable, or name its port with --port. {GO_ON}",
    )  # fmt: skip
