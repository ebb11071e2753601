"""Random days on which a card adds medicine that no sachet holds, and takes it back (rule 1): as
`test_core_random_days`, with a witness who knows which medicine the pharmacy never packed.

`ADDED_DAYS=100` runs that many seeds instead of a few.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.plan import Prescription
from tests.scheduler.test_core_random_days import DAYS, FIRST_DAYS, MOVES, card_changes, put_in_order
from tests.support.pure_home import RESIDENT
from tests.support.random_home import RandomHome, card
from tests.support.witness import Matter, Witness

SEEDS = int(os.environ.get("ADDED_DAYS", "5"))
NEVER_PACKED = "p-vitamin"
SLOTS = (DayPart.MORNING, DayPart.EVENING)


class WhoPacked(Witness):
    """Knows what lies in no sachet, and that the robot can have nothing to do with it."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # as it is
        self.in_no_sachet: set[str] = set()
        self.seen: set[str] = set()

    def label(self, dose_id: str) -> str:
        return "in no sachet" if dose_id in self.in_no_sachet else super().label(dose_id)

    def _event(self, event: ev.Event, matter: Matter) -> None:
        if isinstance(event, ev.DosePlanned):
            never = {NEVER_PACKED} & event.dose.prescriptions
            assert not never or event.dose.prescriptions == never, "S3: one dose of packed and not packed"
            assert not never or event.dose.loose, "S8: a sachet is waited for that nobody packed"
            (self.in_no_sachet.add if never else self.in_no_sachet.discard)(event.dose.dose_id)
        about = event.order.dose_id if isinstance(event, ev.OrderIssued) else getattr(event, "dose_id", "")
        if about in self.in_no_sachet:
            assert not isinstance(event, AT_THE_ROBOT), f"{type(event).__name__} of what no robot has"
            self.seen.add(type(event).__name__)
        super()._event(event, matter)

    def _apart(self, matter: Matter, dose: str, now: datetime) -> None:
        """It shares no prescription with any other."""
        given, self.given = self.given, {k: at for k, at in self.given.items() if k not in self.in_no_sachet}
        super()._apart(matter, dose, now)
        self.given = given


AT_THE_ROBOT = (
    ev.OrderIssued,
    ev.DoseHeld,
    ev.ReminderGiven,
    ev.DosePutOff,
    ev.DoseDeclined,
    ev.MotionAdopted,
    ev.ReleaseAuthorised,
)


class AddingHome(RandomHome):
    """Its newer cards add a vitamin, as a stream of random numbers of its own says."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, FIRST_DAYS[seed % len(FIRST_DAYS)], DAYS)
        self.adds = Random(f"added {seed}")
        before, self.witness = self.witness, WhoPacked(self.witness.labels)
        self.witness.hours, self.witness.asked = before.hours, before.asked
        self.witness.shared = before.shared
        once = Intake(Decimal(1), part=self.adds.choice(SLOTS))
        dosage = Dosage("tablet", (cycle(self.first, None, 1, (once,)),))
        self.vitamin = Prescription(NEVER_PACKED, "A11CC05", "20 ug", dosage)

    def offer(self, noon: int | None) -> None:
        self.version += 1
        if noon is not None and noon not in self.witness.hours["noon"]:
            self.witness.hours["noon"].append(noon)
        self.witness.asked["noon"] = noon is not None
        more = (self.vitamin,) if self.adds.random() < 0.8 else ()
        cards = (*card(self.first, noon), *more)
        self.give(cmd.OfferPlan(RESIDENT, self.version, cards, f"f{self.version}"))


def days_of(seed: int) -> AddingHome:
    home = AddingHome(seed)
    home.start()
    home.offer(12)
    end = home.now + timedelta(days=DAYS)
    home.trouble = 0.03
    often: dict[Callable[[RandomHome], None], float] = {card_changes: 3.0}
    weights = [often.get(move, weight if weight >= 8 else weight * 0.3) for move, weight in MOVES.items()]
    while home.now < end:
        home.chance.choices(list(MOVES), weights)[0](home)
    put_in_order(home)
    home.witness.ends(home.world, home.matter, home.now, home.replayed)
    return home


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.timeout(600)
def test_whatever_happens_the_robot_has_nothing_to_do_with_it_and_nobody_is_forgotten(seed: int) -> None:
    home = days_of(seed)
    assert isinstance(home.witness, WhoPacked)
    if home.witness.in_no_sachet:
        assert {"DoseDue", "OutcomeRecorded"} <= home.witness.seen or "DoseWithdrawn" in home.witness.seen
