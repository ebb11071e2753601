"""The robot's firmware: pure. Messages, hands, sensors and finished motions in; messages out.

Knows its non-volatile memory, its sensors and its own uptime. Does not know the wire, the clock or what is
physically true: it senses. Life of an order: accepted (logged) -> its label is read once more -> started
(logged before the motor turns) -> ended (logged with what the sensors prove). After a boot nothing is
resumed: what was accepted and not started is cancelled, what was started without an end stays so.

Every input takes `Now`: uptime and the battery clock. `refusals` says what it will not do; `Robot` calls it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import assert_never

from protocol.wire import limits as wire
from protocol.wire import messages as m
from simulator.logbook import Logbook, Now, seen_in
from simulator.mechanics import Mechanics, MotionEnded, Place, Sensors
from simulator.memory import BatteryClock, KnownOrder, Memory, Presented, Released
from simulator.motions import Accepted, Started, judge, origin_of, target_of
from simulator.refusals import FirmwareLimits, View, label_at, refusal, second_look

FAMILY = "sachet_roll"
FIRMWARE = "sim-1"
CAPABILITIES = (
    "release",
    "present",
    "retract",
    "divert",
    "label",
    "prompt",
    "battery_clock",
    "answers",
    "take_along",
)


@dataclass(frozen=True, slots=True)
class Display:
    """What the resident sees."""

    light: m.Light = m.Light.OFF
    sound: m.Sound = m.Sound.NONE
    lines: tuple[str, ...] = ()


class Firmware:
    """`ids` gives 16 random bytes at each call."""

    def __init__(
        self,
        memory: Memory,
        mechanics: Mechanics,
        limits: FirmwareLimits,
        serial: str,
        ids: Callable[[], bytes],
    ) -> None:
        self.display = Display()
        self._memory = memory
        self._mechanics = mechanics
        self._limits = limits
        self._serial = serial
        self._ids = ids
        self._logbook = Logbook(memory, boot_id=ids())
        self._greeted = False
        self._order: Accepted | Started | None = None
        self._told: m.Status | None = None  # the last status sent, uptime and battery left out
        self._told_head = 0
        self._told_holding = ""

    # --- power and session ---

    def boot(self, now: Now) -> None:
        """Nothing is resumed. What changed while the power was off is logged."""
        if not self._memory.log_id:
            self._memory.format_log(self._ids())
        self._logbook.settle_boot(now, self._mechanics.sensors())

    def open_session(self) -> None:
        """A new session on the wire: nobody has greeted us in it."""
        self._greeted = False

    def close_session(self) -> None:
        self._greeted = False

    # --- what the host says ---

    def on_message(self, message: m.Message, now: Now) -> list[m.Message]:
        match message:
            case m.Hello():
                replies = self._hello(message, now)
            case m.Order():
                replies = [self._take_order(message, now)]
            case m.ReadClock() | m.SetClock() | m.ReadStatus() | m.Prompt() | m.ReadLog() | m.ConfirmLog():
                replies = [self._request(message, now)]
            case m.HelloReply() | m.Clock() | m.Status() | m.OrderReply() | m.Done() | m.LogPage():
                replies = [m.Refused(message.ref, m.Error.UNKNOWN_MESSAGE)] if message.ref else []
            case m.Refused() | m.Pressed() | m.Lifted() | m.LabelRead() | m.LogGrew() | m.PersonalPress():
                replies = []
            case _:
                assert_never(message)
        return [*replies, *self._news(now)]

    # --- what hands, sensors and motors do ---

    def press(self, now: Now, answer: m.Answer = m.Answer.TAKE, tag: str = "") -> list[m.Message]:
        """Not kept: a press that nobody hears in this session is history (rule 2). It ends the sound.
        `tag`: what was shown to the reader just before."""
        self.display = replace(self.display, sound=m.Sound.NONE)
        said = m.PersonalPress(now.uptime_ms, tag, answer) if tag else m.Pressed(now.uptime_ms, answer)
        return [said] if self._greeted else []

    def clear_fault(self, now: Now) -> list[m.Message]:
        """A person has looked at the robot and cleared its fault."""
        if self._memory.fault:
            cleared, self._memory.fault = self._memory.fault, ""
            self._logbook.add(now, m.EntryKind.CLEARED, cleared)
        return self._news(now)

    def sense(self, now: Now) -> list[m.Message]:
        """Something at the sensors changed: a hand, a lid, a magazine."""
        sensors = self._mechanics.sensors()
        index = self._logbook.notice(now, sensors)
        lifted: list[m.Message] = [m.Lifted(now.uptime_ms, index)] if index and self._greeted else []
        if sensors.lid_open and isinstance(self._order, Accepted):
            self._order = replace(self._order, lid_opened=True)
        motion = self._mechanics.halt() if sensors.lid_open else None
        return [*lifted, *(self._news(now) if motion is None else self.motion_ended(motion, now))]

    def reading_ended(self, now: Now) -> list[m.Message]:
        """The label was read once more: start the motor, or cancel the order because the world changed."""
        if not isinstance(self._order, Accepted):
            return []
        accepted, sensors = self._order, self._mechanics.sensors()
        order = replace(accepted.order, expires_in_ms=max(accepted.expires_uptime_ms - now.uptime_ms, 0))
        lid_open = sensors.lid_open or accepted.lid_opened
        error = second_look(order, self._view(replace(sensors, lid_open=lid_open), now))
        if error is None:
            self._start(accepted.order, label_at(order, sensors), now)
        else:
            self._cancel(now, error.name.lower())
        return self._news(now)

    def watch_motor(self, now: Now) -> list[m.Message]:
        """At every turn. No motion takes so long: stop the motor. That says nothing about the sachet; its
        sensors do."""
        self._logbook.keep_time(now)
        if not isinstance(self._order, Started) or now.uptime_ms < self._order.stop_uptime_ms:
            return []
        motion = self._mechanics.halt()
        return [] if motion is None else self.motion_ended(motion, now)

    @property
    def turning(self) -> str:
        """Kind of the order whose motor turns now; "" while it stands still."""
        return self._order.order.kind.value if isinstance(self._order, Started) else ""

    def motion_ended(self, motion: MotionEnded, now: Now) -> list[m.Message]:
        """Judge a motion by the sensors on its way, and log its end."""
        if not isinstance(self._order, Started):
            return []
        started, self._order = self._order, None
        result, detail = judge(motion)
        order = started.order
        if result is m.MotionResult.NOT_MOVED:  # a new order with a new id may try again
            self._memory.take_back(order.order_id)
        if detail:
            self._memory.fault = detail
        self._memory.seen = seen_in(self._mechanics.sensors())
        entry = self._logbook.entry(now, m.EntryKind.ENDED, order, started.label)
        self._logbook.append(now, replace(entry, result=result.value, detail=detail))
        return self._news(now)

    # --- requests ---

    def _hello(self, hello: m.Hello, now: Now) -> list[m.Message]:
        if hello.protocol != m.PROTOCOL_VERSION:
            return [m.Refused(hello.ref, m.Error.UNSUPPORTED_VERSION)]
        self._cancel(now, "hello")
        self._greeted = True
        memory = self._memory
        self._told, self._told_head, self._told_holding = self._status(now, 0), memory.head, ""
        return [
            m.HelloReply(
                ref=hello.ref,
                protocol=m.PROTOCOL_VERSION,
                serial=self._serial,
                family=FAMILY,
                firmware=FIRMWARE,
                capabilities=CAPABILITIES,
                auth=m.Auth.NONE,  # P9's authenticated session is not in force: version 1 has no keys
                boot_id=self._logbook.boot_id,
                log_id=memory.log_id,
                log_horizon=memory.horizon,
                log_head=memory.head,
                host_epoch=memory.host_epoch,
                host_head=memory.host_head,
                uptime_ms=now.uptime_ms,
            )
        ]

    def _request(
        self,
        request: m.ReadClock | m.SetClock | m.ReadStatus | m.Prompt | m.ReadLog | m.ConfirmLog,
        now: Now,
    ) -> m.Message:
        if not self._greeted:
            return m.Refused(request.ref, m.Error.NOT_GREETED)
        match request:
            case m.ReadClock():
                return self._clock(request.ref, now)
            case m.SetClock():
                return self._set_clock(request, now)
            case m.ReadStatus():
                return self._status(now, request.ref)
            case m.Prompt():
                return self._show(request)
            case m.ReadLog():
                return self._read_log(request)
            case m.ConfirmLog():
                return self._confirm(request)
            case _:
                assert_never(request)

    def _clock(self, ref: int, now: Now) -> m.Clock:
        clock = self._memory.clock
        return m.Clock(
            ref=ref,
            utc_ms=self._logbook.utc_ms(now),
            uptime_ms=now.uptime_ms,
            commissioned=clock.commissioned,
            battery_ok=clock.battery_ok,
            set_utc_ms=clock.set_utc_ms,
            drift_ppm_max=clock.drift_ppm_max,
        )

    def _set_clock(self, request: m.SetClock, now: Now) -> m.Message:
        """Once commissioned, no more than 2 min and never backwards without a person's key (rule 17)."""
        clock = self._memory.clock
        step_ms = request.utc_ms - (now.chip_ms + clock.offset_ms)
        if request.utc_ms > wire.UTC_MS_MAX:
            return m.Refused(request.ref, m.Error.CLOCK_REFUSED)
        if clock.commissioned and not 0 <= step_ms <= self._limits.clock_step_max_ms:
            return m.Refused(request.ref, m.Error.CLOCK_REFUSED)
        self._memory.clock = BatteryClock(
            offset_ms=clock.offset_ms + step_ms,
            set_utc_ms=request.utc_ms,
            commissioned=clock.commissioned,  # a person commissions, a host does not
            battery_ok=clock.battery_ok,
            drift_ppm_max=clock.drift_ppm_max,
        )
        self._memory.keep()
        return m.Done(request.ref)

    def _show(self, prompt: m.Prompt) -> m.Message:
        self.display = Display(prompt.light, prompt.sound, prompt.lines)
        return m.Done(prompt.ref)

    def _read_log(self, request: m.ReadLog) -> m.Message:
        memory = self._memory
        entries = memory.page(request.first, request.count_max)
        return m.LogPage(request.ref, memory.horizon, memory.head, entries)

    def _confirm(self, request: m.ConfirmLog) -> m.Message:
        if request.upto > self._memory.head:
            return m.Refused(request.ref, m.Error.LIMIT)
        self._memory.confirm(request.upto, request.host_epoch, request.host_head)
        return m.Done(request.ref)

    # --- orders ---

    def _take_order(self, order: m.Order, now: Now) -> m.OrderReply:
        if not self._greeted:
            return _refused(order, m.Error.NOT_GREETED)
        known = self._memory.orders.get(order.order_id)
        if known is not None:  # P4: the record answers, nothing is done twice
            if (known.kind, known.dose_id) != (order.kind.value, order.dose_id):
                return _refused(order, m.Error.MALFORMED)
            if not known.log_index:  # its entry went with a format: the message is refused, not the order
                return _refused(order, m.Error.MALFORMED)
            return m.OrderReply(order.ref, order.order_id, True, known.log_index, 0)
        if self._order is not None:
            return _refused(order, m.Error.BUSY)
        view = self._view(self._mechanics.sensors(), now)
        error = refusal(order, view)
        return self._accept(order, view.sensors, now) if error is None else _refused(order, error)

    def _view(self, sensors: Sensors, now: Now) -> View:
        return View(self._memory, sensors, self._limits, self._logbook.operating_ms(now))

    def _accept(self, order: m.Order, sensors: Sensors, now: Now) -> m.OrderReply:
        memory = self._memory
        index = memory.head + 1
        memory.remember_order(order.order_id, KnownOrder(index, order.kind.value, order.dose_id))
        memory.remember_plan(order.resident, order.plan_version)
        self._logbook.append(
            now, self._logbook.entry(now, m.EntryKind.ACCEPTED, order, label_at(order, sensors))
        )
        self._order = Accepted(order, now.uptime_ms + order.expires_in_ms)
        self._mechanics.start_reading(now.chip_ms)
        return m.OrderReply(order.ref, order.order_id, True, index, 0)

    def _start(self, order: m.Order, label: str, now: Now) -> None:
        """Everything a power cut must not lose is written before the motor turns."""
        if order.kind is m.OrderKind.RELEASE:
            self._memory.releases = self._recent_releases(now)
            self._memory.releases.append(
                Released(order.order_id, order.resident, order.dose_id, self._logbook.operating_ms(now))
            )
        if origin_of(order) is Place.MAGAZINE:
            self._memory.remember_gone(order.dose_id, order.order_id)
        if order.kind is m.OrderKind.PRESENT:
            self._memory.presented = Presented(
                order.order_id, order.resident, order.dose_id, order.plan_version, label
            )
        self._logbook.append(now, self._logbook.entry(now, m.EntryKind.STARTED, order, label))
        self._order = Started(order, label, now.uptime_ms + int(wire.MOTION_S_MAX * 1000))
        self._mechanics.start_motor(origin_of(order), target_of(order), now.chip_ms)

    def _cancel(self, now: Now, detail: str) -> None:
        if not isinstance(self._order, Accepted):
            return
        order, self._order = self._order.order, None
        entry = self._logbook.entry(now, m.EntryKind.CANCELLED, order, "")
        self._logbook.append(now, replace(entry, detail=detail))

    def _recent_releases(self, now: Now) -> list[Released]:
        oldest_ms = self._logbook.operating_ms(now) - max(self._limits.day_ms, self._limits.gap_ms)
        return [release for release in self._memory.releases if release.operating_ms > oldest_ms]

    # --- what the host is told ---

    def _status(self, now: Now, ref: int) -> m.Status:
        sensors = self._mechanics.sensors()
        return m.Status(
            ref=ref,
            uptime_ms=now.uptime_ms,
            production_id=sensors.production_id,
            mouth_label=sensors.mouth_label,
            sachets_left=sensors.sachets_left,
            holding=sensors.holding,
            tray=sensors.tray,
            store_count=sensors.store_count,
            store_max=self._limits.store_max,
            lid_open=sensors.lid_open,
            mains=sensors.mains,
            battery_percent=sensors.battery_percent,
            fault=self._memory.fault,
        )

    def _news(self, now: Now) -> list[m.Message]:
        """What the host does not know yet: the log grew, a label was read, the status changed."""
        if not self._greeted:
            return []
        news: list[m.Message] = []
        if self._memory.head > self._told_head:
            self._told_head = self._memory.head
            news.append(m.LogGrew(self._told_head))
        status, told = self._status(now, 0), self._told
        if told is None or status.mouth_label != told.mouth_label:
            news.append(m.LabelRead(now.uptime_ms, "mouth", status.mouth_label))
        holding = self._mechanics.sensors().holding_label
        if holding != self._told_holding:
            self._told_holding = holding
            news.append(m.LabelRead(now.uptime_ms, "holding", holding))
        if told is None or _news_in(status) != _news_in(told):
            self._told = status
            news.append(status)
        return news


def _news_in(status: m.Status) -> tuple[object, ...]:
    """A tenth of the battery is news, a percent is not."""
    return (*_STATES_OF(status), status.battery_percent // 10)


_STATES_OF = attrgetter(
    *(field.name for field in fields(m.Status) if field.name not in ("uptime_ms", "battery_percent"))
)


def _refused(order: m.Order, error: m.Error) -> m.OrderReply:
    return m.OrderReply(order.ref, order.order_id, False, 0, int(error))
