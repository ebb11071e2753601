"""An order on its way through the robot: accepted, started, and how its motion is judged.

Pure tables: which way an order moves a sachet, and what two sensors prove about it afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from protocol.wire import messages as m
from simulator.mechanics import MotionEnded, Place

STALLED = "motor_stall"
CONTRADICTION = "sensor_contradiction"


@dataclass(frozen=True, slots=True)
class Accepted:
    """In the log, nothing has moved; the label is being read once more."""

    order: m.Order
    expires_uptime_ms: int
    lid_opened: bool = False  # at any time since acceptance, even if it is shut by now


@dataclass(frozen=True, slots=True)
class Started:
    """In the log as started; the motor turns."""

    order: m.Order
    label: str
    stop_uptime_ms: int


def judge(motion: MotionEnded) -> tuple[m.MotionResult, str]:
    """(result, fault): two sensors must agree; a sachet that stayed is a stall for a person to clear. That
    two seem to have moved is told before all else (W-ORDER-28)."""
    if motion.left and motion.arrived:
        return m.MotionResult.DONE, m.DOUBLE_FEED if motion.doubled else ""
    if not motion.left and not motion.arrived:
        return m.MotionResult.NOT_MOVED, STALLED
    return m.MotionResult.UNCLEAR, m.DOUBLE_FEED if motion.doubled else CONTRADICTION


def origin_of(order: m.Order) -> Place:
    match order.kind:
        case m.OrderKind.RELEASE:
            return Place.MAGAZINE
        case m.OrderKind.PRESENT:
            return Place.HOLDING
        case m.OrderKind.RETRACT:
            return Place.TRAY
        case m.OrderKind.DIVERT:
            return Place.MAGAZINE if order.source is m.Source.MAGAZINE else Place.HOLDING
        case _:
            assert_never(order.kind)


def target_of(order: m.Order) -> Place:
    match order.kind:
        case m.OrderKind.RELEASE | m.OrderKind.RETRACT:
            return Place.HOLDING
        case m.OrderKind.PRESENT:
            return Place.TRAY
        case m.OrderKind.DIVERT:
            return Place.STORE
        case _:
            assert_never(order.kind)
