"""What is looked at before a home is handed over: clocks, broker, on-call, plan. Each ends as one line.

It looks and changes nothing. A check that fails keeps the box from being commissioned; one that warns stands
in the record for the technician to say something about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from dispenserd.config import Config, ResidentSection
from dispenserd.fagsystem.folder import PlanFolder
from dispenserd.fagsystem.mapping import ResidentIdentity
from dispenserd.mqtt.session import (
    Broker,
    BrokerRefused,
    BrokerTook,
    ConnectionLost,
    PublishEnd,
    Session,
    SessionState,
    Standing,
)
from dispenserd.mqtt.translate import presence
from dispenserd.provision.fault import ProvisionFault, Sort
from scheduler.events import PlanRefused
from scheduler.window import LocalTime

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)
"""This version did not exist before: a clock that says so has lost its time."""

CLOCKS_APART_MAX = timedelta(minutes=2)
"""Rule 17: further apart, one of the two is wrong, and the home would not trust its clock."""

NTP_MARK = Path("/run/systemd/timesync/synchronized")
"""systemd-timesyncd makes it once it has the time from a server."""

PLAN_OLD = timedelta(days=14)
"""A card written longer ago than a roll lasts was hardly meant for this one."""

BROKER_WITHIN_S = 20.0
"""Dialling takes 5 s at most and the broker's word 10 s."""


class Verdict(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


_WORST_FIRST = (Verdict.BAD, Verdict.WARNING, Verdict.GOOD)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    verdict: Verdict
    code: str  # for scripts; empty: good
    said: str
    next_step: str = ""

    def plain(self) -> dict[str, str]:
        return {key: str(value) for key, value in asdict(self).items()}


def good(name: str, said: str) -> Check:
    return Check(name, Verdict.GOOD, "", said)


def box_clock(now: datetime, ntp: Path = NTP_MARK) -> Check:
    """Keys, certificates and the journal are dated by it, so it is looked at before anything is made."""
    if now < EARLIEST:
        return Check(
            "clock", Verdict.BAD, "clock_wrong",
            f"The box's clock says {now:%Y-%m-%d %H:%M} UTC: it has lost its time.",
            "Connect the network and wait for `timedatectl` to say that it is synchronised, or set it by "
            "hand with `timedatectl set-time`.",
        )  # fmt: skip
    source = "synchronised with a time server" if ntp.exists() else "not known to be synchronised"
    return good("clock", f"The box's clock says {now:%Y-%m-%d %H:%M:%S} UTC, {source}.")


def clock_fault(found: Check) -> ProvisionFault:
    return ProvisionFault(
        Sort.CHECKED_AND_FALSE, found.code, found.said,
        "Keys, certificates and the journal would be dated wrongly; nothing was made.",
        f"{found.next_step} Then run it again.",
    )  # fmt: skip


def robot_clock(robot: Mapping[str, Any]) -> Check:
    """`robot` as it was found. Its battery clock is what the home's trust in time goes back to (rule 17)."""
    off = timedelta(seconds=float(robot["clock_off_s"]))
    if not robot["commissioned"]:
        return Check(
            "robot_clock", Verdict.BAD, "clock_not_commissioned",
            "Nobody has ever set the robot's battery clock: the home would trust no time and give nothing.",
            "Set the clock at the robot with the personal key. This can't be done over the wire.",
        )  # fmt: skip
    if not robot["battery_ok"]:
        return Check(
            "robot_clock", Verdict.BAD, "clock_stood_still",
            "The robot's battery clock has stood still since it was set.",
            "Change its battery and set the clock at the robot with the personal key.",
        )  # fmt: skip
    if abs(off) > CLOCKS_APART_MAX:
        way = "ahead of" if off > timedelta(0) else "behind"
        return Check(
            "robot_clock", Verdict.BAD, "clocks_apart",
            f"The robot's clock is {abs(off).total_seconds() / 60:.0f} min {way} the box's; one is wrong.",
            "Compare both with a clock you trust and set the wrong one: the box's with `timedatectl`, the "
            "robot's at the robot with the personal key.",
        )  # fmt: skip
    return good("robot_clock", f"The robot's clock agrees within {abs(off).total_seconds():.1f} s.")


def robot_past(robot: Mapping[str, Any]) -> Check:
    """A robot keeps the journal position of the home that it served (rule 23)."""
    if robot["host_epoch"] == 0:
        return good("robot_past", "The robot has served no other home.")
    return Check(
        "robot_past", Verdict.WARNING, "robot_of_another_home",
        "The robot has served a home before and remembers its journal.",
        "This home will give nothing until a person on call has closed its incident journal_behind; make "
        "sure that no roll of the other resident is left in the robot.",
    )  # fmt: skip


def plan(config: Config, now: datetime) -> Check:
    """Whether a plan for each resident lies there, and can be read; the worst of what was found."""
    found = [_plan(config, resident, now) for resident in config.residents]
    worst = min(found, key=lambda each: _WORST_FIRST.index(each.verdict))
    if worst.verdict is not Verdict.GOOD or len(found) == 1:
        return worst
    return good("plan", f"The plans of all {len(found)} residents can be read.")


def _plan(config: Config, resident: ResidentSection, now: datetime) -> Check:
    identity = ResidentIdentity(resident.key, resident.identifier_system, resident.identifier_value)
    path = config.fagsystem.folder / resident.key / "plan.json"
    found = PlanFolder(config.fagsystem.folder, identity, LocalTime(config.home.zone)).poll(now)
    if found is None:
        return Check(
            "plan", Verdict.WARNING, "plan_missing", "No plan has come from the fagsystem yet.",
            f"Have the fagsystem write {path}; until then the home has nothing to give.",
        )  # fmt: skip
    if isinstance(found, PlanRefused):
        return Check(
            "plan", Verdict.BAD, "plan_refused", f"The plan is refused: {found.reason} at {found.path}.",
            "See docs/fagsystem.md for the reason; have the fagsystem write a card that can be read, for "
            "this person.",
        )  # fmt: skip
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    if now - written > PLAN_OLD:
        return Check(
            "plan", Verdict.WARNING, "plan_old", f"The plan was written on {written:%Y-%m-%d}.",
            "Ask whoever keeps the medicine card whether it is still the one in force.",
        )  # fmt: skip
    return good("plan", f"The plan is card version {found.card_version} and can be read.")


async def broker(
    box: str, broker: Broker, within_s: float = BROKER_WITHIN_S, *, speaks: bool = True
) -> list[Check]:
    """Signs in as this box and publishes that the home is offline, which it is; hears whether on-call
    subscribes. A client id of its own, so that a home already connected is not thrown off. Without `speaks`
    it says nothing: the home may be online."""
    session = Session(broker, f"provision-{box}")
    changed = session.watch()
    running = asyncio.ensure_future(session.run())
    try:
        async with asyncio.timeout(within_s):
            while session.state.standing is Standing.CONNECTING:
                await changed.wait()
                changed.clear()
            if not session.state.connected:
                return [_not_connected(broker, session.state)]
            if not speaks:
                return [_let_in(broker)]
            status = replace(presence(box, 0).will, retain=False)
            ended = await session.publish(status)
    except TimeoutError:
        return [_not_connected(broker, SessionState(Standing.UNREACHABLE, "TimeoutError"))]
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return _heard(broker, ended)


def _let_in(broker: Broker) -> Check:
    how = "encrypted" if broker.ca_file else "NOT encrypted"
    if broker.certificate_file:
        how += ", with its certificate"
    return good("broker", f"The broker at {broker.host}:{broker.port} let the box in, {how}.")


def _heard(broker: Broker, ended: PublishEnd) -> list[Check]:
    connected = _let_in(broker)
    match ended:
        case BrokerTook(nobody_listens=False):
            return [connected, good("oncall", "On-call subscribes to this home.")]
        case BrokerTook():
            return [
                connected,
                Check(
                    "oncall", Verdict.BAD, "nobody_listens",
                    "Nobody listens: on-call does not subscribe to this home's messages.",
                    "Start on-call (`dispenserd oncall run`) at this broker, and let it read these topics.",
                ),
            ]  # fmt: skip
        case BrokerRefused(reason=reason):
            return [
                connected,
                Check(
                    "oncall", Verdict.BAD, "publish_denied",
                    f"The broker let the box in and does not let it speak for its home ({reason}).",
                    "Correct the broker's access list: it knows the box by its certificate or account.",
                ),
            ]  # fmt: skip
        case ConnectionLost():
            return [_not_connected(broker, SessionState(Standing.LOST, "connection lost"))]


def _not_connected(broker: Broker, state: SessionState) -> Check:
    code, said, next_step = _words(broker, state)
    return Check("broker", Verdict.BAD, code, said, next_step)


def _words(broker: Broker, state: SessionState) -> tuple[str, str, str]:
    """(code, what it means, what to do) of a connection that did not come about."""
    where, reason = f"{broker.host}:{broker.port}", state.reason
    signed_in = "certificate" if broker.certificate_file else "user name and password"
    match state.standing:
        case Standing.NOT_AUTHORISED if "bad user name" in reason:
            said = f"The broker at {where} does not know this user name and password."
            return "wrong_password", said, "Check both with whoever runs the broker."
        case Standing.NOT_AUTHORISED if "another CA" in reason:
            said = f"The broker at {where} does not let this box in ({reason})."
            return (
                "not_authorised",
                said,
                "Have the request (box.csr) signed by the broker's CA; bring the answer with --certificate.",
            )
        case Standing.NOT_AUTHORISED:
            said = f"The broker at {where} does not let this box in ({reason})."
            return "not_authorised", said, f"Have the broker's owner allow this box's {signed_in}."
        case Standing.REFUSED if reason.startswith("the broker's certificate"):
            return _untrusted(broker, reason)
        case Standing.REFUSED:
            said = f"The broker at {where} answers and refuses the box ({reason})."
            return "refused", said, "It must speak MQTT 5; ask whoever runs it."
    if reason.startswith("gaierror"):
        said = f"No address is known for the host {broker.host}."
        return "host_unknown", said, "Check the name, and that the box has a network and a name server."
    if reason.startswith("ConnectionRefusedError"):
        said = f"Nobody listens at {where}."
        return "nobody_there", said, "Start the broker, or correct --mqtt-host and --mqtt-port."
    if reason.startswith(("TimeoutError", "OSError")):
        said = f"The broker at {where} did not answer in time."
        return "no_answer", said, "Check the network and the firewall between this box and the broker."
    said = f"The broker at {where} ended the connection before it said why ({reason or 'no reason'})."
    return (
        "cut_off",
        said,
        "Often it wants TLS where there is none, or a client certificate that its CA issued: look into "
        "the broker's log.",
    )


def _untrusted(broker: Broker, reason: str) -> tuple[str, str, str]:
    """The box does not believe the broker; `reason` is one of `dispenserd.mqtt.tls`."""
    where = f"{broker.host}:{broker.port}"
    if "another name" in reason or "another address" in reason:
        said = f"The broker's certificate is for another name than {broker.host}."
        return "other_host_name", said, "Use the name in the broker's certificate as --mqtt-host."
    if "expired" in reason or "not yet valid" in reason:
        said = f"The box does not believe the broker at {where}: {reason}."
        return "certificate_expired", said, "Check the box's clock; else the broker needs a new certificate."
    if "another CA" in reason:
        said = f"The broker at {where} shows a certificate of another CA than --mqtt-ca."
        return (
            "other_ca",
            said,
            "Give the CA certificate of this broker with --mqtt-ca, or check the address.",
        )
    missing = reason.partition(": ")[2] or reason
    said = f"The certificate of the broker at {where}, or its CA's, is not made as it must be: {missing}."
    return (
        "certificate_unfit",
        said,
        "Have its CA issue it anew: docs/broker.md says what a certificate must hold. If the CA's own has to "
        "be new, give that with --mqtt-ca.",
    )
