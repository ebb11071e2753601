"""The physical truth: where every sachet is, what the motor did, what the sensors show.

Knows matter and the faults planted in it. Knows nothing of orders, doses, logs or messages: its `trace` is
an independent witness against the robot's own log. A motion takes civil time; `step` says what has come
due. Instants are milliseconds of civil time, given by the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

READING_MS = 500
"""The label is read once more before a motor turns."""

STORE_MAX = 28
"""Four sachets a day for a week: room in the locked store."""

TRACE_MAX = 100_000
"""Moves kept: sixty years of one home's doses, and still bounded."""


class Place(StrEnum):
    MAGAZINE = "magazine"
    HOLDING = "holding"
    TRAY = "tray"
    STORE = "store"
    HANDS = "hands"  # lifted out of the tray
    REMOVED = "removed"  # taken out by staff: an old magazine, an emptied store


@dataclass(frozen=True, slots=True)
class Sachet:
    number: int
    label: str
    readable: bool = True
    production_id: str = ""  # of the magazine it came in: numbers start again in the next one

    @property
    def seen(self) -> str:
        """What a reader makes of the label; empty = unreadable."""
        return self.label if self.readable else ""


@dataclass(frozen=True, slots=True)
class Moved:
    """One sachet went from one place to another."""

    at_ms: int
    sachet: Sachet
    origin: Place
    target: Place


@dataclass(frozen=True, slots=True)
class Sensors:
    """Everything the robot can sense, as a stuck sensor may show it."""

    production_id: str
    mouth_label: str
    sachets_left: int  # by the strip's encoder
    holding: bool
    holding_label: str
    tray: bool
    store_count: int
    lid_open: bool
    mains: bool
    battery_percent: int


@dataclass(frozen=True, slots=True)
class ReadingEnded:
    pass


@dataclass(frozen=True, slots=True)
class MotionEnded:
    """What the sensors on the way say about a motion."""

    left: bool
    arrived: bool
    doubled: bool = False  # more than the one sachet seems to have moved


@dataclass(frozen=True, slots=True)
class PowerFailed:
    off_ms: int


Occurrence = ReadingEnded | MotionEnded | PowerFailed

MOTION_MS: dict[tuple[Place, Place], int] = {
    (Place.MAGAZINE, Place.HOLDING): 4_000,  # cutting the strip takes longest
    (Place.HOLDING, Place.TRAY): 2_000,
    (Place.TRAY, Place.HOLDING): 2_000,
    (Place.MAGAZINE, Place.STORE): 5_000,
    (Place.HOLDING, Place.STORE): 3_000,
}
"""The only ways that exist: nothing goes from the tray to the store or back into the magazine."""


@dataclass(frozen=True, slots=True)
class PlannedCut:
    off_ms: int
    lands: bool  # whether the sachet in motion reaches its target all the same


@dataclass(frozen=True, slots=True)
class DoubleFeed:
    """The sachet behind goes along, and stays beside the first wherever that one goes."""

    at_once: bool = True  # the sensors suspect it in the release; else not before the present


@dataclass(slots=True)
class Faults:
    """Planted trouble. `next` ones strike at the next motion out of the magazine and are gone then."""

    stall_next: bool = False
    double_next: DoubleFeed | None = None  # at the next release
    slow_next_ms: int = 0  # that motion takes so long
    cut_next: PlannedCut | None = None  # power fails half-way
    stuck: dict[Place, bool] = field(default_factory=dict)  # a sensor that always shows this


@dataclass(frozen=True, slots=True)
class _Reading:
    ends_ms: int


@dataclass(frozen=True, slots=True)
class _Turning:
    origin: Place
    target: Place
    ends_ms: int
    stalls: bool
    cut: PlannedCut | None
    double: DoubleFeed | None = None


@dataclass(slots=True)
class Mechanics:
    """`changed` is called after every change of matter (to keep it); `witness` hears every move."""

    production_id: str = ""
    magazine: list[Sachet] = field(default_factory=list)
    holding: Sachet | None = None
    tray: Sachet | None = None
    beside: dict[Place, Sachet] = field(default_factory=dict)  # a second one in holding place or tray
    store: list[Sachet] = field(default_factory=list)
    hands: list[Sachet] = field(default_factory=list)
    removed: list[Sachet] = field(default_factory=list)
    loaded: list[Sachet] = field(default_factory=list)  # all that ever came in
    lid_open: bool = False
    mains: bool = True
    battery_percent: int = 100
    store_max: int = STORE_MAX
    faults: Faults = field(default_factory=Faults)
    trace: deque[Moved] = field(default_factory=lambda: deque(maxlen=TRACE_MAX))
    changed: Callable[[], None] = lambda: None
    witness: Callable[[Moved], None] = lambda _: None
    _busy: _Reading | _Turning | None = None

    # --- what the firmware's electronics can do ---

    def sensors(self) -> Sensors:
        mouth = self.magazine[0].seen if self.magazine and not self.lid_open else ""
        holding = self.faults.stuck.get(Place.HOLDING, self._occupied(Place.HOLDING))
        return Sensors(
            production_id=self.production_id,
            mouth_label=mouth,
            sachets_left=len(self.magazine),
            holding=holding,
            holding_label=self.holding.seen if self.holding else "",
            tray=self.faults.stuck.get(Place.TRAY, self._occupied(Place.TRAY)),
            store_count=len(self.store),
            lid_open=self.lid_open,
            mains=self.mains,
            battery_percent=self.battery_percent,
        )

    def start_reading(self, now_ms: int) -> None:
        self._busy = _Reading(now_ms + READING_MS)

    def start_motor(self, origin: Place, target: Place, now_ms: int) -> None:
        """Only ways of `MOTION_MS` exist: anything else is a bug of the firmware and raises KeyError."""
        lasts_ms = MOTION_MS[origin, target]
        stalls, cut, double = False, None, None
        if (origin, target) == (Place.MAGAZINE, Place.HOLDING):
            double, self.faults.double_next = self.faults.double_next, None
        if origin is Place.MAGAZINE:
            faults = self.faults
            stalls, cut = faults.stall_next, faults.cut_next
            lasts_ms = faults.slow_next_ms or lasts_ms
            faults.stall_next, faults.slow_next_ms, faults.cut_next = False, 0, None
        ends_ms = now_ms + (lasts_ms // 2 if cut else lasts_ms)
        self._busy = _Turning(origin, target, ends_ms, stalls, cut, double)

    # --- time ---

    @property
    def due_ms(self) -> int | None:
        return None if self._busy is None else self._busy.ends_ms

    def step(self, now_ms: int) -> Occurrence | None:
        """What has come due by now, if anything."""
        busy = self._busy
        if busy is None or now_ms < busy.ends_ms:
            return None
        self._busy = None
        match busy:
            case _Reading():
                return ReadingEnded()
            case _Turning(cut=PlannedCut() as cut):
                if cut.lands:
                    self._move(busy.origin, busy.target, busy.ends_ms, double=busy.double is not None)
                return PowerFailed(cut.off_ms)
            case _Turning():
                return self._finish(busy)

    def halt(self) -> MotionEnded | None:
        """Stop the motor; None when none turns. What it was moving stays where it came from."""
        busy = self._busy
        if not isinstance(busy, _Turning):
            return None
        self._busy = None
        return self._judged(busy, moved=False)

    def stop(self, lands: bool, now_ms: int) -> None:
        """Power is gone: nothing turns. A sachet in motion ends up at its target or where it came from."""
        busy, self._busy = self._busy, None
        if isinstance(busy, _Turning) and lands:
            self._move(busy.origin, busy.target, now_ms, double=busy.double is not None)

    # --- hands ---

    def load(self, production_id: str, sachets: list[Sachet], now_ms: int) -> None:
        """A person puts in a magazine; the old one and what is in it leave the robot."""
        while self.magazine:
            self._move(Place.MAGAZINE, Place.REMOVED, now_ms)
        self.magazine = [replace(sachet, production_id=production_id) for sachet in sachets]
        self.loaded += self.magazine
        self.production_id = production_id
        self.changed()

    def lift(self, now_ms: int) -> bool:
        """A hand takes what lies in the tray, of two the one that was meant; False when there is nothing."""
        if not self._occupied(Place.TRAY):
            return False
        sachet = self._take(Place.TRAY)
        assert sachet is not None
        self._moved(sachet, Place.TRAY, Place.HANDS, now_ms)
        return True

    def take_out_beside(self, now_ms: int) -> None:
        """A person takes the second sachet out of the robot."""
        for place in list(self.beside):
            self._moved(self.beside.pop(place), place, Place.REMOVED, now_ms)

    def empty_store(self, now_ms: int) -> None:
        while self.store:
            self._move(Place.STORE, Place.REMOVED, now_ms)

    def spoil_mouth(self, now_ms: int, *, label: str | None = None, readable: bool = True) -> None:
        """The sachet at the mouth carries another label, or one that no reader can read."""
        if self.magazine:
            old = self.magazine[0]
            self.magazine[0] = replace(old, label=old.label if label is None else label, readable=readable)
            index = self.loaded.index(old)
            self.loaded[index] = self.magazine[0]
            self.changed()

    # --- the witness ---

    def whereabouts(self) -> dict[Place, int]:
        return {
            Place.MAGAZINE: len(self.magazine),
            Place.HOLDING: int(self.holding is not None) + (Place.HOLDING in self.beside),
            Place.TRAY: int(self.tray is not None) + (Place.TRAY in self.beside),
            Place.STORE: len(self.store),
            Place.HANDS: len(self.hands),
            Place.REMOVED: len(self.removed),
        }

    def conserved(self) -> bool:
        """Every sachet ever loaded is in exactly one place."""
        there = [*self.magazine, *self.store, *self.hands, *self.removed, *self.beside.values()]
        there += [sachet for sachet in (self.holding, self.tray) if sachet is not None]
        return sorted(map(_key, there)) == sorted(map(_key, self.loaded))

    def _finish(self, turn: _Turning) -> MotionEnded:
        double = turn.double is not None
        moved = not turn.stalls and self._move(turn.origin, turn.target, turn.ends_ms, double=double)
        seen = turn.double.at_once if turn.double is not None else turn.target is Place.TRAY
        return replace(self._judged(turn, moved=moved), doubled=moved and seen and turn.target in self.beside)

    def _judged(self, turn: _Turning, *, moved: bool) -> MotionEnded:
        """Holding place and tray have a sensor that shows what is there now, whoever put it there or took it.

        The strip's encoder and the beam before the store show only what passed.
        """
        sensors = self.sensors()
        shown = {Place.HOLDING: sensors.holding, Place.TRAY: sensors.tray}
        return MotionEnded(
            left=not shown[turn.origin] if turn.origin in shown else moved,
            arrived=shown.get(turn.target, moved),
        )

    def _move(self, origin: Place, target: Place, now_ms: int, *, double: bool = False) -> bool:
        """False: nothing was there, or the way ends at a place that is taken, and the motor jams. What lies
        beside a sachet goes where that one goes."""
        sachet = None if self._occupied(target) else self._take(origin)
        if sachet is None:
            return False
        second = self.magazine.pop(0) if double and self.magazine else self.beside.pop(origin, None)
        self._put(target, sachet)
        if second is not None and target in (Place.HOLDING, Place.TRAY):
            self.beside[target] = second
        elif second is not None:
            self._put(target, second)
        for each in (sachet, second):
            if each is not None:
                self._told(Moved(now_ms, each, origin, target))
        return True

    def _moved(self, sachet: Sachet, origin: Place, target: Place, now_ms: int) -> None:
        self._put(target, sachet)
        self._told(Moved(now_ms, sachet, origin, target))

    def _told(self, moved: Moved) -> None:
        self.trace.append(moved)
        self.changed()
        self.witness(moved)

    def _occupied(self, place: Place) -> bool:
        there = {Place.HOLDING: self.holding, Place.TRAY: self.tray}.get(place)
        return there is not None or place in self.beside

    def _take(self, place: Place) -> Sachet | None:
        sachet: Sachet | None = None
        if place is Place.HOLDING:
            sachet, self.holding = self.holding or self.beside.pop(place, None), None
        elif place is Place.TRAY:
            sachet, self.tray = self.tray or self.beside.pop(place, None), None
        else:
            pile = self._pile(place)
            sachet = pile.pop(0) if pile else None
        return sachet

    def _put(self, place: Place, sachet: Sachet) -> None:
        if place is Place.HOLDING:
            self.holding = sachet
        elif place is Place.TRAY:
            self.tray = sachet
        else:
            self._pile(place).append(sachet)

    def _pile(self, place: Place) -> list[Sachet]:
        return {
            Place.MAGAZINE: self.magazine,
            Place.STORE: self.store,
            Place.HANDS: self.hands,
            Place.REMOVED: self.removed,
        }[place]


def _key(sachet: Sachet) -> tuple[str, int, str]:
    return (sachet.production_id, sachet.number, sachet.label)
