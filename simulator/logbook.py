"""How the robot writes its log: stamps entries, keeps room, and notices what hands did.

Knows the non-volatile memory and this boot. Knows nothing of sessions or motors. An entry is kept before
the call returns, so "started" is written before the motor turns (rule 13 in docs/safety.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocol.wire import limits as wire
from protocol.wire import messages as m
from simulator.mechanics import Sensors
from simulator.memory import Memory, Seen

KEEP_TIME_MS = 10 * 60 * 1000
"""What a power cut may take away of the time since the last release: a third of the least gap.
Oftener would wear the flash for nothing."""

LOG_LOST = "log_lost"
"""The fault when something happened by itself and the log had no room for it: a person must look."""


@dataclass(frozen=True, slots=True)
class Now:
    uptime_ms: int  # since this boot, real
    chip_ms: int  # what the battery clock's chip counts, civil


class Logbook:
    def __init__(self, memory: Memory, boot_id: bytes) -> None:
        self.boot_id = boot_id
        self._memory = memory
        self._base_ms = memory.operating_ms  # of all boots before this one

    def operating_ms(self, now: Now) -> int:
        """Uptime over all boots: time without power counts zero, so a gap only ever lasts longer."""
        return self._base_ms + now.uptime_ms

    def keep_time(self, now: Now) -> None:
        """Call at every turn: writes how long the robot has run, whenever ten minutes have passed."""
        whole_ms = self.operating_ms(now) // KEEP_TIME_MS * KEEP_TIME_MS
        if whole_ms > self._memory.operating_ms:
            self._memory.operating_ms = whole_ms
            self._memory.keep()

    def utc_ms(self, now: Now) -> int:
        """The battery clock; it stands still at the last instant there is."""
        return min(now.chip_ms + self._memory.clock.offset_ms, wire.UTC_MS_MAX)

    def entry(self, now: Now, kind: m.EntryKind, order: m.Order, label: str) -> m.LogEntry:
        return replace(
            self._blank(now, kind),
            order_id=order.order_id,
            order_kind=order.kind.value,
            resident=order.resident,
            dose_id=order.dose_id,
            plan_version=order.plan_version,
            label=label,
        )

    def append(self, now: Now, entry: m.LogEntry) -> int:
        """Its index; written when this returns."""
        stamp, memory = self._blank(now, entry.kind), self._memory
        memory.operating_ms = self.operating_ms(now)
        stamped = replace(
            entry,
            index=memory.head + 1,
            boot_id=stamp.boot_id,
            uptime_ms=stamp.uptime_ms,
            utc_ms=stamp.utc_ms,
        )
        memory.append(stamped)
        return stamped.index

    def settle_boot(self, now: Now, sensors: Sensors) -> None:
        """What was accepted and not started is cancelled; what changed without power is noticed."""
        for entry in self._accepted_only():
            self.append(now, replace(entry, kind=m.EntryKind.CANCELLED, label="", detail="boot"))
        self.notice(now, sensors, "power_off", in_doubt=self._cut_off())

    def _accepted_only(self) -> list[m.LogEntry]:
        waiting: dict[bytes, m.LogEntry] = {}
        for entry in self._memory.log:
            if entry.kind is m.EntryKind.ACCEPTED:
                waiting[entry.order_id] = entry
            elif entry.kind in (m.EntryKind.STARTED, m.EntryKind.ENDED, m.EntryKind.CANCELLED):
                waiting.pop(entry.order_id, None)
        return list(waiting.values())

    def _cut_off(self) -> bool:
        """The newest order that started has no end: nobody knows what its motor did."""
        motions = (m.EntryKind.STARTED, m.EntryKind.ENDED)
        last = next((entry for entry in reversed(self._memory.log) if entry.kind in motions), None)
        return last is not None and last.kind is m.EntryKind.STARTED

    def add(self, now: Now, kind: m.EntryKind, detail: str) -> int:
        """Something happened without an order. 0 = no room: a fault says that the log has lost something."""
        return self._append_if_room(now, replace(self._blank(now, kind), detail=detail))

    def notice(self, now: Now, sensors: Sensors, detail: str = "", *, in_doubt: bool = False) -> int:
        """Log what changed without a motor of ours; the index of a lift, else 0.

        `in_doubt`: a motion was cut off, so an empty tray proves no hand.
        """
        before, after = self._memory.seen, seen_in(sensors)
        if before == after:
            return 0
        self._memory.seen = after
        if after.production_id and after.production_id != before.production_id:
            self.add(now, m.EntryKind.LOADED, after.production_id)
        if after.lid_open and not before.lid_open:
            self.add(now, m.EntryKind.OPENED, "lid")
        if after.store_count < before.store_count:
            self.add(now, m.EntryKind.OPENED, "store")
        lifted = before.tray and not after.tray and not in_doubt
        index = self._add_lift(now, detail) if lifted else 0
        self._memory.keep()
        return index

    def _add_lift(self, now: Now, detail: str) -> int:
        entry = replace(self._blank(now, m.EntryKind.LIFTED), detail=detail)
        presented = self._memory.presented
        if presented is not None:
            entry = replace(
                entry,
                order_id=presented.order_id,
                order_kind=m.OrderKind.PRESENT.value,
                resident=presented.resident,
                dose_id=presented.dose_id,
                plan_version=presented.plan_version,
                label=presented.label,
            )
        return self._append_if_room(now, entry)

    def _append_if_room(self, now: Now, entry: m.LogEntry) -> int:
        if self._memory.has_room_for_incident():
            return self.append(now, entry)
        self._memory.fault = LOG_LOST
        self._memory.keep()
        return 0

    def _blank(self, now: Now, kind: m.EntryKind) -> m.LogEntry:
        return m.LogEntry(0, kind, self.boot_id, now.uptime_ms, self.utc_ms(now))


def seen_in(sensors: Sensors) -> Seen:
    return Seen(sensors.production_id, sensors.tray, sensors.store_count, sensors.lid_open)
