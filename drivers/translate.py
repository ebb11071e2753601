"""Message <-> event: the only place where the robot's words and the dosing core's words meet.

Knows both vocabularies, and how the robot's uptime runs beside our monotonic clock. Knows no session,
order of things or I/O: `robot` decides what may be translated and when. What a robot sends is within the
wire's limits by now (its texts are visible ASCII), but a number may still mean no instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drivers.misbehaviour import RobotMisbehaved
from protocol.wire import limits
from protocol.wire import messages as wire
from scheduler import commands, events
from scheduler.instant import from_ms

MILLISECOND = timedelta(milliseconds=1)

ANSWERS = "answers"
"""W-HELLO-12: a robot with a button for each answer."""

TAKE_ALONG = "take_along"
"""W-HELLO-13: one that lets several doses out at once, before a leave."""

WIRE_VERSION = wire.PROTOCOL_VERSION
"""Of what we say to a robot; another one is refused."""


@dataclass(frozen=True, slots=True)
class Uptime:
    """Where the robot's uptime stood beside our monotonic clock, from its newest reply.

    Counted from the moment we asked: the reply was written later, so an age is never told too short.
    """

    asked_s: float
    uptime_ms: int

    def age_ms(self, uptime_ms: int, now_s: float) -> int:
        """How old what happened at that uptime is now; negative: the robot claims it is still to come."""
        return self.uptime_ms + round((now_s - self.asked_s) * 1000) - uptime_ms


# --- robot -> home ---------------------------------------------------------------------------------


def identified(reply: wire.HelloReply, session: int, at: datetime) -> events.RobotIdentified:
    return events.RobotIdentified(
        at=at,
        robot=reply.serial,
        session=session_name(session),
        firmware=reply.firmware,
        auth=reply.auth.value,
        boot_id=reply.boot_id.hex(),
        log_id=reply.log_id.hex(),
        log_horizon=reply.log_horizon,
        log_head=reply.log_head,
        host_epoch=reply.host_epoch,
        host_head=reply.host_head.hex(),
        answers=ANSWERS in reply.capabilities,
        take_along=TAKE_ALONG in reply.capabilities,
    )


def session_name(session: int) -> str:
    """A session as events name it: 16 hex characters."""
    return f"{session:016x}"


def reported(status: wire.Status) -> events.RobotStatus:
    return events.RobotStatus(
        production_id=status.production_id,
        mouth_label=status.mouth_label,
        sachets_left=status.sachets_left,
        holding=status.holding,
        tray=status.tray,
        store_count=status.store_count,
        store_max=status.store_max,
        lid_open=status.lid_open,
        mains=status.mains,
        battery_percent=status.battery_percent,
        fault=status.fault,
    )


def logged(entry: wire.LogEntry, robot: str, log_id: str, at: datetime) -> events.RobotLogged:
    return events.RobotLogged(
        at=at,
        log_id=log_id,
        index=entry.index,
        entry=entry.kind.value,
        # One entry with a bad instant must not lock away what follows it for ever: the last instant there is
        # says as little, and the core takes the earlier of it and our own.
        robot_at=from_ms(min(entry.utc_ms, limits.UTC_MS_MAX)),
        boot_id=entry.boot_id.hex(),
        order_id=entry.order_id.hex(),
        order_kind=entry.order_kind,
        dose_id=entry.dose_id,
        label=entry.label,
        result=entry.result,
        detail=entry.detail,
        robot=robot,
    )


def undated(page: wire.LogPage) -> list[int]:
    """Indexes of the entries whose instant means none."""
    return [entry.index for entry in page.entries if entry.utc_ms > limits.UTC_MS_MAX]


def pressed(
    robot: str,
    session: int,
    age_ms: int,
    at: datetime,
    answer: wire.Answer = wire.Answer.TAKE,
    tag: str = "",
) -> events.Pressed:
    said = events.Answer(answer.value)
    name = session_name(session)
    return events.Pressed(at=at, robot=robot, session=name, age_ms=age_ms, tag=tag, answer=said)


def refused(order: events.Order, reply: wire.OrderReply, at: datetime) -> events.OrderEnded:
    """Nothing was logged and nothing moved: the robot says so itself."""
    return events.OrderEnded(
        at=at,
        order_id=order.order_id,
        dose_id=order.dose_id,
        kind=order.kind,
        result=events.Result.REFUSED,
        reason=error_code(reply.error),
    )


def error_code(error: int) -> str:
    """`LABEL_MISMATCH` -> `label_mismatch`; a number from a newer robot keeps its number."""
    try:
        return wire.Error(error).name.lower()
    except ValueError:
        return f"error_{error}"


def clock_report(robot: str, clock: wire.Clock, asked: datetime, answered: datetime) -> commands.ReportClock:
    """The robot's clock beside ours at the middle of the exchange: half the way is the best guess."""
    return commands.ReportClock(
        robot=robot,
        robot_utc=_instant(clock.utc_ms),
        box_utc=_whole_ms(asked + (answered - asked) / 2),
        commissioned=clock.commissioned,
        battery_ok=clock.battery_ok,
        set_utc=_instant(clock.set_utc_ms),
        drift_ppm_max=clock.drift_ppm_max,
    )


# --- home -> robot ---------------------------------------------------------------------------------


def order(ref: int, order: events.Order, now: datetime, rate: float) -> wire.Order:
    """`rate`: how much faster than the real one the civil clock runs; the robot counts real time.

    One that has expired goes out with no life left: the robot's refusal is then the proof of its end.
    """
    return wire.Order(
        ref=ref,
        order_id=bytes.fromhex(order.order_id),
        kind=wire.OrderKind(order.kind.value),
        resident=bytes.fromhex(order.resident),
        dose_id=order.dose_id,
        plan_version=order.plan_version,
        label=order.label,
        # Only a divert's source is free; the wire has no name for the tray, a retract's only one.
        source=wire.Source.MAGAZINE if order.source == "magazine" else wire.Source.HOLDING,
        expires_in_ms=min(max(_life_ms(order, now, rate), 0), limits.EXPIRES_IN_MS_MAX),
        take_along=order.take_along,
    )


def show(ref: int, light: str, sound: str, lines: tuple[str, ...]) -> wire.Prompt:
    """A text too long for the smallest display is cut: a word too few harms less than no display."""
    cut = tuple(line[: limits.PROMPT_LINE_CHARS_MAX] for line in lines[: limits.PROMPT_LINES_MAX])
    return wire.Prompt(ref=ref, light=wire.Light(light), sound=wire.Sound(sound), lines=cut)


def _life_ms(order: events.Order, now: datetime, rate: float) -> int:
    return int((order.expires - now) / MILLISECOND / rate)


def _instant(utc_ms: int) -> datetime:
    if utc_ms > limits.UTC_MS_MAX:
        raise RobotMisbehaved("bad_value", lasting=True)
    return from_ms(utc_ms)


def _whole_ms(instant: datetime) -> datetime:
    utc = instant.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
