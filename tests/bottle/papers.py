"""Card and roll of one history, and what its witnesses know of them: which sachet is for whom, and when.

Every slot has a prescription of its own, and all share one more. Only the noon dose moves or stops.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from scheduler import commands as cmd
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.plan import Content, Prescription
from scheduler.roll import Roll, Sachet
from tests.support.pure_home import DRUGS, PARTS, RESIDENT

ZONE = ZoneInfo("Europe/Copenhagen")
WINDOW = timedelta(hours=2)
SHARED = "N02BE01"
AS_NEEDED = "N02BE01", "500 mg"
PRODUCTION = "ROLL-1"
FOREIGN = "X"
"""Begins a label that is on nobody's roll."""
SPARE_DAYS = 3
"""Sachets beyond the last day: an empty roll is another story."""

NOONS = (12, 12, 13, None)
"""What a newer card says of the noon dose; None = stopped."""


def dose_id(day: date, slot: str) -> str:
    return f"{RESIDENT}/{day}/{slot}/1"


@dataclass
class Papers:
    """`cards` = card version -> noon hour; `stronger` = card version -> slots whose own medicine it asks for
    in another strength than any sachet holds; `moved` = slot -> hours of a new mapping of the day;
    `beside` = what a second robot holds as needed, and `mixed` = the slot that has it planned, too. There
    is medicine on every `every`-th day only."""

    first: date
    days: int
    slots: tuple[str, ...]
    every: int = 1
    cards: dict[int, int | None] = field(default_factory=lambda: {1: 12})
    stronger: dict[int, frozenset[str]] = field(default_factory=dict)
    moved: dict[str, list[time]] = field(default_factory=dict)
    mixed: str = ""
    beside: Prescription | None = None

    def __post_init__(self) -> None:
        self.labels: dict[str, tuple[date, str]] = {}
        self.label_of: dict[tuple[date, str], str] = {}
        for sachet in self.roll().sachets:
            slot = next(s for s in self.slots if PARTS[DayPart(s)] == sachet.local.time())
            self.labels[sachet.label] = (sachet.local.date(), slot)
            self.label_of[sachet.local.date(), slot] = sachet.label

    def roll(self) -> Roll:
        sachets: list[Sachet] = []
        for day in range(0, self.days + SPARE_DAYS * self.every, self.every):
            for slot in self.slots:
                content = {
                    Content(DRUGS[slot], "10 mg", Decimal(1), "tablet"),
                    Content(SHARED, "5 mg", Decimal(1), "tablet"),
                }
                if slot == self.mixed:
                    content.add(Content(AS_NEEDED[0], AS_NEEDED[1], Decimal(1), "tablet"))
                at = datetime.combine(self.first + timedelta(days=day), PARTS[DayPart(slot)])
                number = len(sachets) + 1
                sachets.append(Sachet(number, f"L{number:03}", at, frozenset(content)))
        return Roll(PRODUCTION, RESIDENT, 1, tuple(sachets))

    def is_due(self, day: date) -> bool:
        return (day - self.first).days % self.every == 0

    def offer(self, version: int) -> cmd.OfferPlan:
        return cmd.OfferPlan(RESIDENT, version, self._card(version), f"f{version}")

    def newer(self, noon: int | None, stronger: frozenset[str]) -> int:
        """A card that nobody has seen yet."""
        version = max(self.cards) + 1
        self.cards[version], self.stronger[version] = noon, stronger
        return version

    def moved_to(self, slot: str, at: time) -> None:
        """From now on this part of the day may be then, too."""
        if at not in self._times(slot):
            self.moved.setdefault(slot, []).append(at)

    def opens(self, day: date, slot: str) -> list[datetime]:
        """Every instant that a card so far gave this dose, in their order; UTC: a day may have 23 h."""
        return [datetime.combine(day, at, ZONE).astimezone(UTC) for at in self._times(slot)]

    def _times(self, slot: str) -> list[time]:
        hours: list[int] = []
        for version in sorted(self.cards):
            hour = self.cards[version] if slot == "noon" else PARTS[DayPart(slot)].hour
            if hour is not None and hour not in hours:
                hours.append(hour)
        return [*(time(hour) for hour in hours), *self.moved.get(slot, ())]

    def _card(self, version: int) -> tuple[Prescription, ...]:
        noon, stronger = self.cards[version], self.stronger.get(version, frozenset())
        intakes = {slot: one for slot in self.slots if (one := _intake(slot, noon)) is not None}
        own = [
            Prescription(
                f"p-{slot}",
                DRUGS[slot],
                "20 mg" if slot in stronger else "10 mg",
                Dosage("tablet", (cycle(self.first, None, self.every, (one,)),)),
            )
            for slot, one in intakes.items()
        ]
        often = Dosage("tablet", (cycle(self.first, None, self.every, tuple(intakes.values())),))
        shared = Prescription("p-shared", SHARED, "5 mg", often)
        return (*own, shared, self.beside) if self.beside is not None else (*own, shared)


def _intake(slot: str, noon: int | None) -> Intake | None:
    if slot != "noon" or noon == 12:
        return Intake(Decimal(1), part=DayPart(slot))
    return Intake(Decimal(1), clock=time(noon)) if noon else None
