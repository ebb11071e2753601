"""Sachets as matter: a robot that only has places, a log and power. It refuses nothing by itself.

The independent witness of the random days: it knows no dose, no plan and no rule, so that whatever the core
orders really happens, and what happened can be counted. Only its sensors and its log tell the core about it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from scheduler import events as ev

STORE_MAX = 60


@dataclass
class Motion:
    order: ev.Order
    started: bool = False


@dataclass
class Matter:
    strip: list[str]
    on_start: Callable[[ev.Order, str], None]  # told before the motor turns: the order and what it will move
    production_id: str = "ROLL-1"
    holding: str = ""
    tray: str = ""
    store: list[str] = field(default_factory=list)
    hands: dict[str, datetime] = field(default_factory=dict)  # label -> when the resident lifted it
    log: list[ev.RobotLogged] = field(default_factory=list)
    log_id: str = "log-1"
    boot: int = 1
    powered: bool = True
    fault: str = ""
    lid_open: bool = False
    motion: Motion | None = None
    presented: str = ""  # dose id of the newest present that started
    cut_off: bool = False  # a motion was cut by the power: a lift in the dark can't be told

    def status(self) -> ev.RobotStatus:
        return ev.RobotStatus(
            production_id=self.production_id,
            mouth_label=self.strip[0] if self.strip else "",
            sachets_left=len(self.strip),
            holding=bool(self.holding),
            tray=bool(self.tray),
            store_count=len(self.store) % STORE_MAX,
            store_max=STORE_MAX,
            lid_open=self.lid_open,
            mains=True,
            battery_percent=100,
            fault=self.fault,
        )

    def accept(self, order: ev.Order, at: datetime) -> None:
        assert self.motion is None, "two orders in flight"
        self.motion = Motion(order)
        self._write(at, "accepted", order)

    def start(self, at: datetime) -> None:
        assert self.motion is not None
        order = self.motion.order
        self.on_start(order, self._meant(order))
        if order.kind is ev.OrderKind.PRESENT:
            self.presented = order.dose_id
        self.motion.started = True
        self._write(at, "started", order)

    def end(self, at: datetime, result: str, lands: bool) -> None:
        """`lands`: whether the sachet arrived; the log says `result` of it."""
        assert self.motion is not None
        order, self.motion = self.motion.order, None
        moved = self._move(order) if lands else False
        if result == "done" and not moved:
            result = "not_moved"
        self._write(at, "ended", order, result=result, detail="motor_stall" if result == "not_moved" else "")

    def hello(self, at: datetime) -> None:
        """Cancels what was accepted and not started (P7)."""
        if self.motion is not None and not self.motion.started:
            self._write(at, "cancelled", self.motion.order, detail="hello")
            self.motion = None

    def cut(self, lands: bool) -> None:
        """The power goes; a sachet on its way lands or stays."""
        if self.motion is not None and self.motion.started:
            self.cut_off = True
            if lands:
                self._move(self.motion.order)
        self.powered = False

    def up(self, at: datetime, tray_before: bool) -> None:
        """A boot: nothing is resumed, and only what was surely lifted is logged."""
        self.powered, self.boot = True, self.boot + 1
        if self.motion is not None and not self.motion.started:
            self._write(at, "cancelled", self.motion.order, detail="boot")
        if tray_before and not self.tray and not self.cut_off:
            self._write(at, "lifted", None, dose_id=self.presented)
        self.motion, self.cut_off = None, False

    def lift(self, at: datetime) -> None:
        self.hands[self.tray], self.tray = at, ""
        if self.powered:
            self._write(at, "lifted", None, dose_id=self.presented)

    def where(self, label: str) -> str:
        if label in self.hands:
            return "hands"
        if label in self.store:
            return "store"
        if label == self.tray:
            return "tray"
        return "holding" if label == self.holding else "magazine" if label in self.strip else "gone"

    def _meant(self, order: ev.Order) -> str:
        if order.source == "magazine":
            return self.strip[0] if self.strip else ""
        return self.tray if order.kind is ev.OrderKind.RETRACT else self.holding

    def _move(self, order: ev.Order) -> bool:
        label = self._meant(order)
        if not label:
            return False
        match order.kind:
            case ev.OrderKind.RELEASE:
                assert not self.holding and not self.tray, "a release onto another sachet"
                self.holding = self.strip.pop(0)
            case ev.OrderKind.PRESENT:
                assert not self.tray, "two sachets in the tray"
                self.tray, self.holding = self.holding, ""
            case ev.OrderKind.RETRACT:
                if self.holding:
                    return False
                self.holding, self.tray = self.tray, ""
            case ev.OrderKind.DIVERT if order.source == "magazine":
                self.store.append(self.strip.pop(0))
            case ev.OrderKind.DIVERT:
                self.store.append(self.holding)
                self.holding = ""
        return True

    def _write(self, at: datetime, entry: str, order: ev.Order | None, **fields: str) -> None:
        about = ev.RobotLogged(
            at=at,
            log_id=self.log_id,
            index=len(self.log) + 1,
            entry=entry,
            robot_at=at,
            boot_id=f"boot-{self.boot}",
        )
        if order is not None:
            kind = order.kind.value
            about = replace(about, order_id=order.order_id, order_kind=kind, dose_id=order.dose_id)
        self.log.append(replace(about, **fields))  # type: ignore[arg-type]
