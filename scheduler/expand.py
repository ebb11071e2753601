"""A plan and a date become doses: which medicine belongs together, when, and under which id.

It knows prescriptions, the local clock and what was planned for the date before. It knows no robot, roll or
outcome. `decide` calls it for each date ahead and again for the days planned when the plan changes.

A dose is all medicine of one local time. Its slot is the day part; a clock time gets the part mapped nearest
to it (a tie: the earlier). The second time near one part is `morning-2`, counted in the order of the times.
Two times that the spring gap makes one instant are one dose (2026-11-22): no sachet holds both, so the label
holds it and a person decides whether half past two and three o'clock may be swallowed together.

Ids are assigned once (rule 1). `already` holds what was planned for the date, and everything inherits:
- Prescription by prescription, each time asked for takes over one earlier dose of that prescription: first
  the one at exactly this time, then the others in the order of the times, moving as little as possible. So
  a moved time keeps its id, and what robot and journal remember of a release guards against a second (S1).
- Two doses that a change brings to the same time stay two: merged, the released one would come again.
- If only a part of a dose moves, what stays keeps the id. What moves becomes the next part of the same slot
  (`.../morning/2`), also where the slot near its new time is free: its name says which sachet it came from.
- Medicine new on the date joins the dose at its time; or takes over an id that nobody claims any more at
  exactly that time; or begins a slot.
- `fixed` names doses that no card changes any more: in their window, released, in doubt, or given by hand
  (missed ones are not: their medicine is still the resident's). They stand as they were planned, nothing
  joins them, and what they hold of a prescription counts against its times of the date, however these moved
  (rule 6). Medicine new at their time becomes a part of its own.

What lies packed is none of its business: which of a dose's medicine was added after its sachet, and is a part
of its own (rule 1), `added` says of the doses that come of this.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from scheduler.dosage import DayPart, Intake
from scheduler.ids import dose_id
from scheduler.plan import Content, DosePlan, Plan, Portion, Prescription
from scheduler.timing import intakes_on
from scheduler.window import LocalTime
from scheduler.window import window as window_of

PARTS = tuple(DayPart)
SHARE_OF_GAP = 2
"""S2: two doses that share a prescription keep half the planned gap between them."""


@dataclass(frozen=True, slots=True)
class DayClock:
    """The home's clock time for each day part; a new mapping is a new version."""

    version: int
    times: Mapping[DayPart, time]
    persons: tuple[str, ...] = ()  # who changed it, together

    def __post_init__(self) -> None:
        if set(self.times) != set(PARTS):
            raise ValueError("each day part needs a clock time")

    def says_the_same(self, other: DayClock) -> bool:
        return dict(self.times) == dict(other.times)

    def nearest(self, clock: time) -> DayPart:
        """The part mapped nearest to `clock` within the day; a tie goes to the earlier one."""
        return min(PARTS, key=lambda part: (_apart(self.times[part], clock), self.times[part]))


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Which ATC codes the municipality knows, and which of them are critical or controlled."""

    known: frozenset[str]
    critical: frozenset[str]
    controlled: frozenset[str] = frozenset()
    version: int = 1
    persons: tuple[str, ...] = ()  # who changed it, together

    def is_critical(self, atc: str) -> bool:
        """Rule 9: a code nobody classified is critical; controlled medicine is."""
        return atc in self.critical or atc in self.controlled or atc not in self.known

    def says_the_same(self, other: Catalogue) -> bool:
        """Whether every code is classified the same on both."""
        mine = (self.known, self.critical, self.controlled)
        return mine == (other.known, other.critical, other.controlled)


def expand(
    plan: Plan,
    day: date,
    clock: DayClock,
    local: LocalTime,
    catalogue: Catalogue,
    window: timedelta,
    already: Sequence[DosePlan],
    fixed: Collection[str] = (),
    controlled_window: timedelta | None = None,
) -> tuple[DosePlan, ...]:
    """Every dose of `day`, in the order of their windows; the same facts always give the same ids. A dose
    with controlled medicine in it has the shorter of the two windows."""
    earlier = sorted((d for d in already if d.resident == plan.resident and d.day == day), key=_order)
    standing = [dose for dose in earlier if dose.dose_id in fixed]
    asked = _heirs(_asked(plan, day, clock, local), earlier, {dose.dose_id for dose in standing})
    named = _named(asked, earlier, standing, clock)
    narrow = window if controlled_window is None else min(window, controlled_window)
    doses = [_dose(plan, day, name, asks, catalogue, (window, narrow)) for name, asks in named.items()]
    return tuple(sorted([*standing, *doses], key=_order))


def minimum_interval(given: DosePlan, dose: DosePlan, planned: Collection[DosePlan]) -> timedelta:
    """The least time between giving `given` and `dose` (S2); zero if they share no prescription.

    A share of the gap between `dose` and the one of that prescription that `planned` has next to it, on the
    side of `given`: the gap to one of last week would keep back the doses of days, for a word said today.
    """
    early, late = sorted((given.opens, dose.opens))
    there = [given, *(one for one in planned if early <= one.opens <= late and one.opens != dose.opens)]
    gaps = [
        min(abs(one.opens - dose.opens) for one in there if prescription in one.prescriptions)
        for prescription in given.prescriptions & dose.prescriptions
    ]
    return max(gaps, default=timedelta()) / SHARE_OF_GAP


@dataclass(frozen=True, slots=True)
class _Ask:
    """What one prescription wants at one time of the date."""

    opens: datetime
    clock: time
    prescription: Prescription
    quantity: Decimal


_Name = tuple[str, int]
"""Slot and part: what a dose id adds to resident and date."""


def _asked(plan: Plan, day: date, clock: DayClock, local: LocalTime) -> list[_Ask]:
    asked: list[_Ask] = []
    for prescription in sorted(plan.prescriptions, key=lambda one: one.prescription_id):
        at: dict[datetime, _Ask] = {}
        for intake in intakes_on(prescription.dosage, day):
            planned = clock_time(intake, clock)
            ask = _Ask(local.instant(day, planned), planned, prescription, intake.quantity)
            at[ask.opens] = _together(at[ask.opens], ask) if ask.opens in at else ask
        asked += at.values()
    return sorted(asked, key=lambda ask: (ask.opens, ask.prescription.prescription_id))


def _together(a: _Ask, b: _Ask) -> _Ask:
    return replace(a, clock=min(a.clock, b.clock), quantity=a.quantity + b.quantity)


def clock_time(intake: Intake, clock: DayClock) -> time:
    if intake.part is not None:
        return clock.times[intake.part]
    if intake.clock is None:
        raise ValueError("an intake needs a day part or a clock time")
    return intake.clock


# --- who inherits which earlier dose ------------------------------------------------------------------


def _heirs(
    asked: Sequence[_Ask], earlier: Sequence[DosePlan], fixed: Collection[str]
) -> list[tuple[_Ask, DosePlan | None]]:
    """What is still to be given, each with the earlier dose it continues; None = new on this date."""
    open_asks: list[tuple[_Ask, DosePlan | None]] = []
    for prescription_id in sorted({ask.prescription.prescription_id for ask in asked}):
        asks = [ask for ask in asked if ask.prescription.prescription_id == prescription_id]
        olds = [dose for dose in earlier if prescription_id in dose.prescriptions]
        heir_of = _matched(asks, olds, fixed)
        open_asks += [
            (ask, old)
            for ask, old in ((ask, heir_of.get(ask)) for ask in asks)
            if old is None or old.dose_id not in fixed
        ]
    return open_asks


def _matched(asks: Sequence[_Ask], olds: Sequence[DosePlan], fixed: Collection[str]) -> dict[_Ask, DosePlan]:
    """One prescription's times and the earlier doses they take over."""
    heir_of: dict[_Ask, DosePlan] = {}
    left = list(olds)
    for ask in asks:
        same = next((old for old in left if old.opens == ask.opens), None)
        if same is not None:
            heir_of[ask] = same
            left.remove(same)
    moved = [ask for ask in asks if ask not in heir_of]
    for ask, old in _pairs_in_order(moved, left):
        heir_of[ask] = old
        left.remove(old)
    for old in (old for old in left if old.dose_id in fixed):
        # Fewer times than before, and this one stands already: it uses up the first that is still open.
        still_open = (ask for ask in asks if ask in heir_of and heir_of[ask].dose_id not in fixed)
        replaced = next(still_open, None)
        if replaced is not None:
            heir_of[replaced] = old
    return heir_of


def _pairs_in_order(asks: Sequence[_Ask], olds: Sequence[DosePlan]) -> list[tuple[_Ask, DosePlan]]:
    """As many pairs as possible that do not cross, with the least movement in all."""
    # best[i][j]: (movement, pairs) for the first i asks and the first j olds, with min(i, j) pairs.
    best: list[list[tuple[timedelta, tuple[tuple[int, int], ...]]]]
    best = [[(timedelta(), ()) for _ in range(len(olds) + 1)] for _ in range(len(asks) + 1)]
    for i, ask in enumerate(asks, start=1):
        for j, old in enumerate(olds, start=1):
            movement, pairs = best[i - 1][j - 1]
            choices = [(movement + abs(ask.opens - old.opens), (*pairs, (i - 1, j - 1)))]
            if i > j:
                choices.append(best[i - 1][j])
            if j > i:
                choices.append(best[i][j - 1])
            best[i][j] = min(choices)
    return [(asks[i], olds[j]) for i, j in best[-1][-1][1]]


# --- names ------------------------------------------------------------------------------------------


def _named(
    asked: Sequence[tuple[_Ask, DosePlan | None]],
    earlier: Sequence[DosePlan],
    standing: Sequence[DosePlan],
    clock: DayClock,
) -> dict[_Name, list[_Ask]]:
    """Each dose's name and what belongs to it."""
    used = {_name(dose) for dose in earlier}
    named: dict[_Name, list[_Ask]] = {}
    for old in earlier:
        asks = [ask for ask, heir in asked if heir == old]
        for index, together in enumerate(_by_time(asks, first=old.opens)):
            name = _name(old) if index == 0 else _next_part(old.slot, used)
            used.add(name)
            named[name] = together
    free = [dose for dose in earlier if _name(dose) not in named and dose not in standing]
    for together in _by_time(ask for ask, heir in asked if heir is None):
        opens = together[0].opens
        name = (
            _joined(opens, named)
            or _taken_over(opens, free, standing, used)
            or _new_slot(clock.nearest(min(ask.clock for ask in together)), used)
        )
        used.add(name)
        named.setdefault(name, []).extend(together)
    return named


def _by_time(asks: Iterable[_Ask], first: datetime | None = None) -> list[list[_Ask]]:
    """Asks of one time together, in the order of the times; those that open at `first` lead."""
    groups: dict[datetime, list[_Ask]] = {}
    for ask in asks:
        groups.setdefault(ask.opens, []).append(ask)
    return [groups[opens] for opens in sorted(groups, key=lambda opens: (opens != first, opens))]


def _joined(opens: datetime, named: Mapping[_Name, Sequence[_Ask]]) -> _Name | None:
    """The first dose that is given at this very time anyhow."""
    return min((name for name, asks in named.items() if asks[0].opens == opens), key=_rank, default=None)


def _taken_over(
    opens: datetime, free: list[DosePlan], standing: Sequence[DosePlan], used: Collection[_Name]
) -> _Name | None:
    """An id nobody claims any more at this time; beside a fixed dose, the next part of its slot."""
    for old in free:
        if old.opens == opens:
            free.remove(old)
            return _name(old)
    beside = next((old for old in standing if old.opens == opens), None)
    return _next_part(beside.slot, used) if beside is not None else None


def _next_part(slot: str, used: Collection[_Name]) -> _Name:
    return slot, 1 + max(part for known, part in used if known == slot)


def _new_slot(part: DayPart, used: Collection[_Name]) -> _Name:
    slots = {slot for slot, _ in used}
    slot, number = part.value, 1
    while slot in slots:
        number += 1
        slot = f"{part.value}-{number}"
    return slot, 1


def _name(dose: DosePlan) -> _Name:
    return dose.slot, int(dose.dose_id.rpartition("/")[2])


def _rank(name: _Name) -> tuple[int, int, int]:
    """Day part, number of the slot in it, part: `morning-2` before `morning-10`, both before `noon`."""
    part, _, number = name[0].partition("-")
    return PARTS.index(DayPart(part)), int(number or 1), name[1]


def _order(dose: DosePlan) -> tuple[datetime, tuple[int, int, int]]:
    return dose.opens, _rank(_name(dose))


# --- the dose -----------------------------------------------------------------------------------------


def _dose(
    plan: Plan,
    day: date,
    name: _Name,
    asks: Sequence[_Ask],
    catalogue: Catalogue,
    windows: tuple[timedelta, timedelta],
) -> DosePlan:
    slot, part = name
    opens = asks[0].opens
    empty = DosePlan(
        dose_id=dose_id(plan.resident, day, slot, part),
        resident=plan.resident,
        day=day,
        slot=slot,
        opens=opens,
        half=opens,
        closes=opens,
        portions=(),
        critical=False,
        plan_version=plan.plan_version,
    )
    portions = sorted((_portion(ask) for ask in asks), key=lambda one: one.prescription_id)
    return holding(empty, portions, catalogue, windows)


def holding(
    dose: DosePlan, portions: Sequence[Portion], catalogue: Catalogue, windows: tuple[timedelta, timedelta]
) -> DosePlan:
    """The dose with these portions, and what follows from them. `windows`: of others, and of controlled."""
    controlled = any(portion.content.drug in catalogue.controlled for portion in portions)
    opens, half, closes = window_of(dose.opens, windows[controlled])
    return replace(
        dose,
        opens=opens,
        half=half,
        closes=closes,
        portions=tuple(portions),
        critical=any(catalogue.is_critical(portion.content.drug) for portion in portions),
        controlled=controlled,
    )


def _portion(ask: _Ask) -> Portion:
    one = ask.prescription
    return Portion(one.prescription_id, Content(one.drug, one.strength, ask.quantity, one.unit))


def _apart(a: time, b: time) -> timedelta:
    return abs(_since_midnight(a) - _since_midnight(b))


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
