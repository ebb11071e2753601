"""A card of which one dosage is no machine's: people are told, the rest goes on, and its sachets are held."""

from __future__ import annotations

from datetime import timedelta

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.plan import RefusedPrescription
from tests.support.pure_home import DRUGS, RESIDENT, PureHome, prescriptions

REFUSED = RefusedPrescription(
    "p-noon", "range", "Bundle.entry[2].resource.dosageInstruction[0]", DRUGS["noon"]
)


def without_noon(home: PureHome, version: int = 2) -> None:
    rest = tuple(one for one in prescriptions() if one.drug != DRUGS["noon"])
    home.give(cmd.OfferPlan(RESIDENT, version, rest, f"f{version}", (REFUSED,)))


def told(home: PureHome) -> tuple[str, str] | None:
    incident = home.world.incident_about(f"plan:{RESIDENT}")
    if incident is None or incident.state is ev.State.CLOSED:
        return None
    return incident.priority.name, incident.detail


def test_people_are_told_and_the_card_is_in_force(home: PureHome) -> None:
    without_noon(home)
    assert told(home) == ("HIGH", f"range {REFUSED.path}")
    plan = home.world.plans[RESIDENT]
    assert (plan.card_version, plan.refused) == (2, (REFUSED,))
    home.until("08:10")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_its_dose_is_not_planned_and_a_card_without_it_clears_the_incident(home: PureHome) -> None:
    without_noon(home)
    home.until("12:30")
    noon = [dose for dose in home.world.doses.values() if dose.plan.slot == "noon" and dose.plan.day.day == 2]
    assert all(dose.stage is not Stage.HOLDING and dose.order is None for dose in noon)
    home.give(cmd.OfferPlan(RESIDENT, 3, prescriptions(), "f3"))
    assert told(home) is None


def test_a_sachet_that_holds_the_refused_medicine_is_no_doses_content(home: PureHome) -> None:
    """The strip has the noon sachet next: it is not the evening's, so nothing of it is released."""
    without_noon(home)
    home.until("08:10")
    home.take_dose()
    home.until("18:10")
    assert home.robot.labels[0] == "L002"
    assert home.robot.holding == home.robot.tray == ""
    assert home.robot.lifted == ["L001"]


def test_an_old_plan_goes_on_with_no_newer_card(home: PureHome) -> None:
    """S9: age alone locks nothing; thirty days without a card plan doses as the first did."""
    home.until_at(home.now + timedelta(days=30))
    assert RESIDENT in home.world.planned
    opens = {dose.plan.opens.date() for dose in home.world.doses.values()}
    assert max(opens) >= home.now.date()
