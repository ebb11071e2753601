"""The robot's non-volatile memory: its log and what it must never forget over a boot.

Knows what a power cut leaves standing. Knows nothing of motors or messages. The log is a ring with a
rising index: entries that a host has confirmed make room for new ones, others are never overwritten
(rule 13 in docs/safety.md). `keep` is called after every change, before the caller goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from protocol.wire.limits import U32_MAX
from protocol.wire.messages import LogEntry

LOG_ENTRIES_MAX = 512
"""Seven entries a dose, four doses a day: fifteen days without a host, a whole roll (S9)."""

LOG_RESERVE = 64
"""Kept for what happens without an order: lifts, lids, faults cleared, magazines."""

ORDER_ENTRIES = 3
"""Accepted, started, ended: an order is not accepted unless all three find room."""

Key = TypeVar("Key")
Value = TypeVar("Value")

IDS_MAX = 4096
"""Order ids and dose ids remembered: two years of four doses a day; a magazine lasts fourteen days."""


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An accepted order, so that the same id sent again is answered and never done twice (P4)."""

    log_index: int  # 0 = in a log that was formatted since
    kind: str
    dose_id: str


@dataclass(frozen=True, slots=True)
class Released:
    """A release that started; `operating_ms` = uptime summed over all boots."""

    order_id: bytes
    resident: bytes
    dose_id: str
    operating_ms: int


@dataclass(frozen=True, slots=True)
class Presented:
    """The last present that started: whose sachet a lift takes."""

    order_id: bytes
    resident: bytes
    dose_id: str
    plan_version: int
    label: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Sensors as last seen, so that a change while the power was off is noticed at boot."""

    production_id: str = ""
    tray: bool = False
    store_count: int = 0
    lid_open: bool = False


@dataclass(frozen=True, slots=True)
class BatteryClock:
    offset_ms: int = 0  # added to what the clock chip counts
    set_utc_ms: int = 0
    commissioned: bool = True
    battery_ok: bool = True
    drift_ppm_max: int = 20


@dataclass(slots=True)
class Memory:
    log_id: bytes = b""  # empty = never formatted
    log: list[LogEntry] = field(default_factory=list)
    head: int = 0  # index of the newest entry ever written
    confirmed: int = 0  # a host has committed everything up to here
    host_epoch: int = 0
    host_head: bytes = b""
    orders: dict[bytes, KnownOrder] = field(default_factory=dict)
    gone: dict[str, bytes] = field(default_factory=dict)  # dose id out of the magazine, or maybe -> order
    releases: list[Released] = field(default_factory=list)
    plan_versions: dict[bytes, int] = field(default_factory=dict)  # highest accepted, by resident
    presented: Presented | None = None
    seen: Seen = field(default_factory=Seen)
    clock: BatteryClock = field(default_factory=BatteryClock)
    fault: str = ""
    operating_ms: int = 0
    entries_max: int = LOG_ENTRIES_MAX
    keep: Callable[[], None] = lambda: None

    @property
    def horizon(self) -> int:
        """Index of the oldest entry still held; head + 1 when the log is empty."""
        return self.log[0].index if self.log else self.head + 1

    def page(self, first: int, count: int) -> tuple[LogEntry, ...]:
        start = max(first - self.horizon, 0)
        return tuple(self.log[start : start + count])

    def has_room_for_order(self) -> bool:
        room = ORDER_ENTRIES + LOG_RESERVE
        return self._unconfirmed + room <= self.entries_max and self.head + room <= U32_MAX

    def has_room_for_incident(self) -> bool:
        """For what happens by itself: all but the room of the order that may be in flight."""
        room = ORDER_ENTRIES + 1
        return self._unconfirmed + room <= self.entries_max and self.head + room <= U32_MAX

    def append(self, entry: LogEntry) -> None:
        """`entry.index` is head + 1; room was proven before. Written when this returns."""
        self.log.append(entry)
        self.head = entry.index
        while len(self.log) > self.entries_max and self.log[0].index <= self.confirmed:
            del self.log[0]
        self.keep()

    def confirm(self, upto: int, host_epoch: int, host_head: bytes) -> None:
        self.confirmed = max(self.confirmed, upto)
        if host_epoch >= self.host_epoch:
            self.host_epoch, self.host_head = host_epoch, host_head
        self.keep()

    def remember_order(self, order_id: bytes, known: KnownOrder) -> None:
        self.orders[order_id] = known
        _forget_oldest(self.orders)

    def remember_gone(self, dose_id: str, order_id: bytes) -> None:
        """The first order that took it keeps the mark: a later one of the same dose proves nothing of it."""
        self.gone.setdefault(dose_id, order_id)
        _forget_oldest(self.gone)

    def take_back(self, order_id: bytes) -> None:
        """The sensors prove that this order moved nothing; what other orders did stays done."""
        self.gone = {dose_id: by for dose_id, by in self.gone.items() if by != order_id}
        self.releases = [release for release in self.releases if release.order_id != order_id]

    def format_log(self, log_id: bytes) -> None:
        """Entries are forgotten and nothing else. What orders point at is gone with them."""
        self.log_id, self.log, self.head, self.confirmed = log_id, [], 0, 0
        self.orders = {order_id: replace(known, log_index=0) for order_id, known in self.orders.items()}
        self.keep()

    def remember_plan(self, resident: bytes, version: int) -> None:
        self.plan_versions[resident] = max(self.plan_versions.get(resident, 0), version)
        _forget_oldest(self.plan_versions)

    @property
    def _unconfirmed(self) -> int:
        return self.head - max(self.confirmed, self.horizon - 1)


def _forget_oldest(ids: dict[Key, Value]) -> None:
    while len(ids) > IDS_MAX:
        del ids[next(iter(ids))]
