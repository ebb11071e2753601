"""Who else lives in the home of one history, and the cards and strips of their robot.

Their cards number prescriptions alike, and one robot may hold two residents' sachets in one strip: whose a
dose or a sachet is stands in the resident key and on the label, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from scheduler import commands as cmd
from scheduler.dosage import ANY_DAY, NOT_ITERATED, Day, DayPart, Dosage, Intake, Limit, Period, cycle
from scheduler.plan import AS_NEEDED_SLOT, Content, Prescription
from scheduler.roll import Roll, Sachet
from scheduler.world import Resident, Setting
from tests.bottle.as_needed_times import TIED, AsNeededTimes
from tests.bottle.papers import AS_NEEDED as AS_NEEDED_MEDICINE
from tests.bottle.papers import WINDOW, ZONE, Papers
from tests.support.pure_home import DRUGS, PARTS, RESIDENT

SERIAL = "SIM-0002"
KINDS = ("nobody", "a neighbour", "two at one robot", "as needed")
WEIGHTS = (55, 15, 20, 10)
AS_NEEDED = KINDS[3]

ADDED_TO = "medicine added to a card"
OWN_ROBOT = "a robot for their own medicine as needed"
OTHERS_GIVE = "others who give planned medicine"
WHICH = "others who give what is both fixed and as needed"
ALSO = (ADDED_TO, OWN_ROBOT, OTHERS_GIVE, WHICH)
"""Drawn by a stream of their own, and only for a first resident who lives alone: all other seeds stay."""

ALSO_CHANCE = 0.3

CONTROLLED = "N02AA01"
CONTROLLED_WINDOW = timedelta(hours=1)
PAIN, STRENGTH = AS_NEEDED_MEDICINE
AS_NEEDED_OPEN = timedelta(minutes=20)

ADDED, STRENGTHS = "A11CC05", "20 ug"
"""What a newer card adds; no list calls it critical."""

EITHER_GAP = timedelta(minutes=25)
EITHER = Period(
    date(2020, 1, 1),
    None,
    NOT_ITERATED,
    (Day(ANY_DAY, (Intake(Decimal(1), as_needed=True),)),),
    Limit(gap_min=int(EITHER_GAP.total_seconds()) // 60, per_day=Decimal(8)),
)
"""Beside the fixed dose of each prescription, of somebody to whom others give it so."""

MIXED_CHANCE = 0.6
SLOT_CHANCE = 0.3
CONTROLLED_CHANCE = 0.35
STRIP_AS_NEEDED = 90


@dataclass(frozen=True)
class Person:
    key: str
    letter: str  # begins the labels of their sachets
    tag: str
    slots: tuple[str, ...]
    controlled: str = ""  # the slot that holds controlled medicine


class CompanyPapers:
    def __init__(self, kind: str, chance: Random, first: date, days: int, every: int) -> None:
        """`days`: so many does the strip reach, with what is spare."""
        self.kind, self.first, self.days, self.every = kind, first, days, every
        self.as_needed, self.own_robot = kind in (AS_NEEDED, OWN_ROBOT), kind == OWN_ROBOT
        letters = {"nobody": "", "two at one robot": "BC"}.get(kind, "B")
        self.persons = tuple(self._person(letter, chance) for letter in letters)
        self.tied = AsNeededTimes(first, *self._tied(chance)) if self.own_robot else AsNeededTimes(first)
        self.mixed = ""  # the slot of the first robot's roll that holds it as planned medicine, too
        self.owners = {person.key: person for person in self.persons}
        self.dose_of: dict[str, str] = {}  # label -> dose id; of a planned sachet
        self.label_of: dict[str, str] = {}
        self.asked: dict[str, datetime] = {}  # dose as needed -> when it was asked for
        self.cards: dict[int, frozenset[str]] = {1: frozenset()}  # version -> slots with added medicine
        self.packed_by = 1  # the card that the pharmacy goes by
        for person in self.persons:
            for sachet in () if self.as_needed else self.roll(person, "").sachets:
                slot = next(s for s in person.slots if PARTS[DayPart(s)] == sachet.local.time())
                dose = f"{person.key}/{sachet.local.date()}/{slot}/1"
                self.dose_of[sachet.label], self.label_of[dose] = dose, sachet.label

    def _person(self, letter: str, chance: Random) -> Person:
        slots = tuple(s for s in DRUGS if chance.random() < SLOT_CHANCE) or ("evening",)
        slots = () if self.as_needed else slots
        controlled = chance.choice(slots) if slots and chance.random() < CONTROLLED_CHANCE else ""
        controlled = "" if self.kind in ALSO else controlled
        key = RESIDENT if self.own_robot else f"{ord(letter) - ord('A') + 10:032x}"
        return Person(key, letter, f"tag-{letter}", slots, controlled)

    def mixes(self, papers: Papers, chance: Random) -> None:
        """The first robot's card and roll, of whoever has medicine as needed in this one."""
        if self.own_robot:
            slots = [slot for slot in papers.slots if slot != "noon"]
            self.mixed = chance.choice(slots) if slots and chance.random() < MIXED_CHANCE else ""
            papers.mixed, papers.beside = self.mixed, self.needed()

    def _tied(self, chance: Random) -> tuple[tuple[DayPart, ...], int]:
        """Parts of the day and dates to which the card of who has a robot for it ties it; or neither."""
        return chance.choice(TIED), chance.choice((1, 1, 2))

    def moved_in(self, setting: Setting) -> Setting:
        if not self.persons:
            return setting
        if self.own_robot:
            (one,), (person,) = setting.residents, self.persons
            two = replace(one, as_needed_robot=SERIAL, tags=frozenset({person.tag}))
            return replace(setting, residents=(two,), robots=(*setting.robots, SERIAL))
        catalogue = replace(
            setting.catalogue,
            known=setting.catalogue.known | {CONTROLLED, ADDED},
            controlled=frozenset({CONTROLLED}),
        )
        new = tuple(Resident(one.key, SERIAL, frozenset({one.tag})) for one in self.persons)
        return replace(
            setting,
            residents=(*setting.residents, *new),
            robots=(*setting.robots, SERIAL),
            catalogue=catalogue,
        )

    # --- cards and strips ---

    def offer(self, person: Person, version: int = 1) -> cmd.OfferPlan:
        card = (self.needed(),) if self.as_needed else tuple(self._fixed(person, version))
        name = f"card-{person.letter}" + (f"-{version}" if version > 1 else "")
        return cmd.OfferPlan(person.key, version, card, name)

    def needed(self) -> Prescription:
        """What may be had as needed."""
        periods = [self.tied.period()]
        if self.mixed:
            planned = (Intake(Decimal(1), part=DayPart(self.mixed)),)
            periods.append(cycle(self.first, None, self.every, planned))
        return Prescription("p-1", PAIN, STRENGTH, Dosage("tablet", tuple(periods)))

    def newer(self, added: frozenset[str]) -> int:
        """A card that nobody has seen yet, with medicine added in these parts of the day."""
        version = max(self.cards) + 1
        self.cards[version] = added
        return version

    def _fixed(self, person: Person, version: int) -> list[Prescription]:
        found = []
        for number, slot in enumerate(person.slots, 1):
            often = cycle(self.first, None, self.every, (Intake(Decimal(1), part=DayPart(slot)),))
            drug = _drug(person, slot)
            periods = (EITHER, often) if self.kind == WHICH else (often,)
            found.append(Prescription(f"p-{number}", drug, "10 mg", Dosage("tablet", periods)))
            if slot in self.cards[version]:
                found.append(Prescription(added_to(slot), ADDED, STRENGTHS, Dosage("tablet", (often,))))
        return found

    def strip(self, after: datetime | None = None) -> list[tuple[Person, Sachet]]:
        """Everything in the magazine, or what of it opens after that instant."""
        found: list[tuple[datetime, Person, str]] = []
        for day in range(0, self.days, self.every):
            date_ = self.first + timedelta(days=day)
            for person in self.persons:
                found += [(datetime.combine(date_, PARTS[DayPart(s)]), person, s) for s in person.slots]
        found.sort(key=lambda each: (each[0], each[1].letter))
        packed = []
        for number, (local, person, slot) in enumerate(found, 1):
            opens = local.replace(tzinfo=ZONE).astimezone(UTC)
            if after is not None and opens <= after:
                continue
            content = frozenset({Content(_drug(person, slot), "10 mg", Decimal(1), "tablet")})
            if slot in self.cards[self.packed_by]:
                content |= {Content(ADDED, STRENGTHS, Decimal(1), "tablet")}
            packed.append((person, Sachet(number, f"{person.letter}{number:03}", local, content)))
        return packed

    def roll(self, person: Person, production_id: str, after: datetime | None = None) -> Roll:
        if self.as_needed:
            content = frozenset({Content(PAIN, STRENGTH, Decimal(1), "tablet")})
            local = datetime.combine(self.first, time(12))
            sachets = tuple(
                Sachet(n, f"{person.letter}{n:03}", local, content) for n in range(1, STRIP_AS_NEEDED + 1)
            )
            return Roll(production_id, person.key, 1, sachets, as_needed=True)
        strip = self.strip(after)
        mine = tuple(sachet for owner, sachet in strip if owner is person)
        return Roll(production_id, person.key, self.packed_by, mine)

    # --- what a witness asks ---

    def has(self, dose: str) -> bool:
        """Whether it is a dose of the second robot: whoever has both has only this one kind there."""
        needed = dose[33:].partition("/")[2].startswith(AS_NEEDED_SLOT)
        return dose[:32] in self.owners and (needed or not self.own_robot)

    def opens(self, dose: str) -> list[datetime]:
        if dose in self.asked:
            return [self.asked[dose]]
        _, day, slot, _ = dose.split("/")
        local = datetime.combine(date.fromisoformat(day), PARTS[DayPart(slot)], ZONE)
        return [local.astimezone(UTC)]

    def closes(self, dose: str) -> datetime:
        if dose in self.asked:
            return self.asked[dose] + AS_NEEDED_OPEN
        person, slot = self.owners[dose[:32]], dose.split("/")[2]
        return self.opens(dose)[0] + (CONTROLLED_WINDOW if slot == person.controlled else WINDOW)

    def prescription_of(self, dose: str) -> str:
        """Of the one medicine that its slot always has."""
        return f"p-{self.owners[dose[:32]].slots.index(dose.split('/')[2]) + 1}"

    def is_controlled(self, dose: str) -> bool:
        return dose.split("/")[2] == self.owners[dose[:32]].controlled

    def is_critical(self, dose: str) -> bool:
        """By the list: nights, and whatever is controlled."""
        return self.is_controlled(dose) or dose.split("/")[2] == "night"


def added_to(slot: str) -> str:
    """Id of the prescription that a newer card adds in this part of the day."""
    return f"p-added-{slot}"


def _drug(person: Person, slot: str) -> str:
    return CONTROLLED if slot == person.controlled else DRUGS[slot]
