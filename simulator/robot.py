"""One robot: firmware, memory and mechanics on one power switch. Pure: time comes in with every call.

Knows when power is on, and hands what matter does to the firmware. Knows nothing of the wire. Messages that
come out are for the session that is open; without power there are none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import assert_never

from protocol.wire.messages import DOUBLE_FEED, Answer, Message
from simulator.clock import Moment
from simulator.firmware import Display, Firmware
from simulator.logbook import Now
from simulator.mechanics import Mechanics, MotionEnded, PowerFailed, ReadingEnded, Sachet
from simulator.memory import Memory
from simulator.refusals import FirmwareLimits


class Robot:
    """`serial` is what its plate says; `ids` gives 16 random bytes at each call."""

    def __init__(
        self,
        memory: Memory,
        mechanics: Mechanics,
        limits: FirmwareLimits,
        serial: str,
        ids: Callable[[], bytes],
    ) -> None:
        self.memory = memory
        self.mechanics = mechanics
        self._new_firmware = partial(Firmware, memory, mechanics, limits, serial, ids)
        self._firmware: Firmware | None = None
        self._booted_s = 0.0
        self._power_back_ms: int | None = None

    @property
    def powered(self) -> bool:
        return self._firmware is not None

    @property
    def display(self) -> Display:
        return Display() if self._firmware is None else self._firmware.display

    @property
    def turning(self) -> str:
        """Kind of the order whose motor turns now, "" if none."""
        return "" if self._firmware is None else self._firmware.turning

    @property
    def due_ms(self) -> int | None:
        """Civil time of the next thing that happens by itself."""
        return self.mechanics.due_ms if self.powered else self._power_back_ms

    # --- power ---

    def power_on(self, moment: Moment) -> None:
        if self._firmware is None:
            self._booted_s, self._power_back_ms = moment.monotonic_s, None
            self._firmware = self._new_firmware()
            self._firmware.boot(self._now(moment))

    def power_off(self, moment: Moment, off_ms: int | None, *, lands: bool = False) -> None:
        """Power is gone, for `off_ms` or until `power_on`. `lands`: a sachet in motion reaches its target."""
        self.mechanics.stop(lands, moment.civil_ms)
        self._firmware = None
        self._power_back_ms = None if off_ms is None else moment.civil_ms + off_ms

    def step(self, moment: Moment) -> list[Message]:
        """What has come due by now; call again while `due_ms` is not later than now."""
        if self._firmware is None:
            if self._power_back_ms is not None and moment.civil_ms >= self._power_back_ms:
                self.power_on(moment)
            return []
        now = self._now(moment)
        match self.mechanics.step(moment.civil_ms):
            case None:
                return self._firmware.watch_motor(now)
            case ReadingEnded():
                return self._firmware.reading_ended(now)
            case MotionEnded() as motion:
                return self._firmware.motion_ended(motion, now)
            case PowerFailed(off_ms=off_ms):
                self.power_off(moment, off_ms)
                return []
            case occurrence:
                assert_never(occurrence)

    # --- the wire ---

    def open_session(self) -> None:
        if self._firmware is not None:
            self._firmware.open_session()

    def close_session(self) -> None:
        if self._firmware is not None:
            self._firmware.close_session()

    def receive(self, message: Message, moment: Moment) -> list[Message]:
        return [] if self._firmware is None else self._firmware.on_message(message, self._now(moment))

    # --- hands ---

    def press(self, moment: Moment, answer: Answer = Answer.TAKE, tag: str = "") -> list[Message]:
        return [] if self._firmware is None else self._firmware.press(self._now(moment), answer, tag)

    def clear_fault(self, moment: Moment) -> list[Message]:
        """Whoever clears a double feed takes the second sachet out."""
        if self._firmware is None:
            return []
        if self.memory.fault == DOUBLE_FEED:
            self.mechanics.take_out_beside(moment.civil_ms)
        return [*self.sense(moment), *self._firmware.clear_fault(self._now(moment))]

    def lift(self, moment: Moment) -> list[Message]:
        self.mechanics.lift(moment.civil_ms)
        return self.sense(moment)

    def load(self, production_id: str, sachets: list[Sachet], moment: Moment) -> list[Message]:
        self.mechanics.load(production_id, sachets, moment.civil_ms)
        return self.sense(moment)

    def sense(self, moment: Moment) -> list[Message]:
        """Call after any change to matter or sensors."""
        return [] if self._firmware is None else self._firmware.sense(self._now(moment))

    def _now(self, moment: Moment) -> Now:
        return Now(int((moment.monotonic_s - self._booted_s) * 1000), moment.civil_ms)
