"""One cause is one incident: when it is raised again, told further, given more time, or left as it was closed
(rule 26, S4)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.ids import incident_id
from scheduler.incidents import acknowledge_within, alarmed, undelivered
from scheduler.remembered import Receipt
from scheduler.world import World
from tests.scheduler.test_side_doses import DROPS, home_with, side
from tests.support.pure_home import PureHome

LOW, MEDIUM, HIGH = ev.Priority.LOW, ev.Priority.MEDIUM, ev.Priority.HIGH
HOUR = timedelta(hours=1)


def told(home: PureHome, world: World) -> list[ev.Event]:
    return list(alarmed(world, home.setting, home.now))


def about(home: PureHome, **changed: object) -> ev.Incident:
    """Of the forged command: medium, and bound to no dose."""
    incident = ev.Incident(
        incident_id="i",
        subject="commands",
        kind=ev.Kind.COMMAND_REFUSED,
        priority=MEDIUM,
        dose_id="",
        raised=home.now - HOUR,
        deadline=home.now - HOUR / 2,
        detail="signature",
        revision=4,
    )
    return replace(incident, **changed)  # type: ignore[arg-type]


def of_dose(home: PureHome, **changed: object) -> ev.Incident:
    """Of the morning's dose, which waits for staff."""
    dose_id = home.dose("morning").dose_id
    about_it = {"subject": f"dose:{dose_id}", "dose_id": dose_id, "kind": ev.Kind.RECORD_CONTRADICTS,
                "priority": HIGH, "detail": "possible_double_dose"}  # fmt: skip
    return about(home, **{**about_it, **changed})


def world(home: PureHome, incident: ev.Incident | None, *, forged: str = "", ordinal: int = 1) -> World:
    if incident is None:
        return replace(home.world, forged=forged)
    return replace(
        home.world,
        forged=forged,
        incidents={incident.incident_id: incident},
        subjects={incident.subject: (incident.incident_id, ordinal)},
    )


@pytest.mark.parametrize(
    ("priority", "minutes"), [(HIGH, 10), (MEDIUM, 30), (LOW, 240), (ev.Priority.INFO, 240)]
)
def test_how_long_staff_have_to_take_it(home: PureHome, priority: ev.Priority, minutes: int) -> None:
    assert acknowledge_within(home.setting, priority) == timedelta(minutes=minutes)


def test_a_cause_is_told_once_and_the_next_of_its_kind_is_one_more(home: PureHome) -> None:
    (raised,) = told(home, world(home, None, forged="signature"))
    assert isinstance(raised, ev.IncidentRaised)
    assert raised.incident == about(
        home,
        incident_id=incident_id("box-0001", "commands", 1),
        raised=home.now,
        deadline=home.now + HOUR / 2,
        revision=1,
    )
    assert told(home, world(home, about(home), forged="signature")) == []
    over = about(home, state=ev.State.CLOSED, cleared=True)
    (again,) = told(home, world(home, over, forged="signature", ordinal=3))
    assert isinstance(again, ev.IncidentRaised)
    assert again.incident.incident_id == incident_id("box-0001", "commands", 4)


def test_more_of_the_same_is_told_without_more_time(home: PureHome) -> None:
    (changed,) = told(home, world(home, about(home), forged="expired"))
    assert changed == ev.IncidentChanged(
        at=home.now,
        incident_id="i",
        revision=5,
        kind=ev.Kind.COMMAND_REFUSED,
        priority=MEDIUM,
        deadline=home.now - HOUR / 2,
        detail="expired",
        reopened=False,
    )


def test_what_became_more_urgent_begins_anew_and_what_became_less_so_stays(home: PureHome) -> None:
    (changed,) = told(home, world(home, about(home, priority=LOW), forged="signature"))
    assert isinstance(changed, ev.IncidentChanged)
    assert (changed.priority, changed.reopened, changed.deadline) == (MEDIUM, True, home.now + HOUR / 2)
    assert told(home, world(home, about(home, priority=HIGH), forged="signature")) == []
    (reworded,) = told(home, world(home, about(home, priority=HIGH), forged="expired"))
    assert isinstance(reworded, ev.IncidentChanged)
    assert (reworded.priority, reworded.reopened) == (HIGH, False)


def closed(home: PureHome, world: World, **changed: object) -> World:
    (incident,) = world.incidents.values()
    shut = replace(incident, state=ev.State.CLOSED, resolution="seen", **changed)  # type: ignore[arg-type]
    return replace(world, incidents={shut.incident_id: shut})


def test_what_a_person_closed_stays_closed_until_there_is_news(home: PureHome) -> None:
    same = world(home, about(home), forged="signature")
    assert told(home, closed(home, same)) == []
    (raised,) = told(home, closed(home, world(home, about(home), forged="expired")))
    assert isinstance(raised, ev.IncidentRaised), "another thing wrong"
    (raised,) = told(home, closed(home, world(home, about(home, priority=LOW), forged="signature")))
    assert isinstance(raised, ev.IncidentRaised), "more urgent"


def doubted(home: PureHome, incident: ev.Incident, **changed: object) -> World:
    """The morning's sachet: the robot can't say where it is, or what `changed` says."""
    dose = replace(home.dose("morning"), stage=Stage.DOUBT)
    dose = replace(dose, **changed)  # type: ignore[arg-type]
    there = world(home, incident)
    return replace(there, doses={**there.doses, dose.dose_id: dose})


def test_of_a_dose_only_what_turns_against_the_resolution_opens_it_again(home: PureHome) -> None:
    home.until("08:05")
    kind = ev.Kind.ORDER_UNKNOWN
    as_closed = of_dose(home, kind=kind, priority=HIGH, detail="in_doubt")
    assert told(home, closed(home, doubted(home, as_closed))) == [], "it is what they closed"
    reworded = of_dose(home, kind=kind, priority=HIGH, detail="another")
    assert told(home, closed(home, doubted(home, reworded))) == [], "the same by another word"
    missed = of_dose(home, kind=ev.Kind.DOSE_MISSED, priority=HIGH, detail="")
    (changed,) = told(home, closed(home, doubted(home, missed)))
    assert isinstance(changed, ev.IncidentChanged) and changed.reopened
    assert (changed.kind, changed.detail) == (kind, "in_doubt")
    late = of_dose(home, kind=ev.Kind.DOSE_MISSED, priority=HIGH, detail="")
    quiet = doubted(home, late, stage=Stage.FAILED, failure="motor_stall")
    assert told(home, closed(home, quiet)) == [], "no evidence against what they said"


def test_a_dose_opened_again_has_the_priority_of_now_and_its_time(home: PureHome) -> None:
    """What was urgent then does not make it urgent now."""
    home.until("08:05")
    over = of_dose(home, kind=ev.Kind.DOSE_MISSED, priority=HIGH, detail="", cleared=True)
    again = doubted(home, over, stage=Stage.FAILED, failure="motor_stall")
    (changed,) = told(home, closed(home, again))
    assert isinstance(changed, ev.IncidentChanged)
    assert (changed.priority, changed.deadline) == (MEDIUM, home.now + HOUR / 2)


@pytest.mark.parametrize(("state", "revision"), [(ev.State.RAISED, 5), (ev.State.CLOSED, 4)])
def test_what_is_over_is_told_to_those_who_still_look(home: PureHome, state: ev.State, revision: int) -> None:
    """A closed one is only remembered as over: the next time is a new thing to hear of."""
    there = world(home, about(home, state=state))
    cleared = ev.IncidentCleared(at=home.now, incident_id="i", revision=revision, reason="gone")
    assert told(home, there) == [cleared]


def test_what_has_no_receipt_in_time_is_undelivered(home: PureHome) -> None:
    there = replace(world(home, about(home)), receipts={"i": Receipt(4, home.now - timedelta(seconds=30))})
    expected = ev.IncidentUndelivered(at=home.now, incident_id="i", revision=4, reason="no_receipt")
    assert list(undelivered(there, home.setting, home.now)) == [expected]
    assert not undelivered(there, home.setting, home.now - timedelta(milliseconds=1))
    for known in ({"undelivered": True}, {"priority": ev.Priority.INFO}):
        quiet = replace(there, incidents={"i": about(home, **known)})
        assert not undelivered(quiet, home.setting, home.now)


def test_once_its_window_has_closed_staff_have_the_time_of_its_priority(home: PureHome) -> None:
    home.until("10:00")
    home.move()
    missed = home.incident("morning")
    assert missed is not None
    assert (missed.kind, missed.priority) == (ev.Kind.DOSE_MISSED, MEDIUM)
    assert missed.deadline == home.now + acknowledge_within(home.setting, MEDIUM)


def test_what_ends_an_incident_about_medicine_beside_the_robot_is_told_with_it() -> None:
    home = home_with(DROPS)
    home.until("08:05")
    home.take_dose()
    home.until("09:30")
    about_drops = f"dose:{side(home, 'drops').dose_id}"
    told = home.world.incident_about(about_drops)
    assert told is not None
    home.press()
    cleared = [e for e in home.journal if isinstance(e, ev.IncidentCleared)]
    assert (cleared[-1].incident_id, cleared[-1].reason) == (told.incident_id, "confirmed")
