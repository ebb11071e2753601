"""What the world remembers after an event: each thing said, and nothing of anybody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.evolve import evolve
from scheduler.evolve_as_needed import elsewhere_looked_into
from scheduler.evolve_leave import came_back, permitted
from scheduler.evolve_side import settled_before
from scheduler.evolve_upkeep import alarm_test_told, not_later
from scheduler.permit import Leave, Permit
from scheduler.regime import Pause, Regime
from scheduler.remembered import AlarmTest, Asked, ChoreRun, Elsewhere, Receipt
from scheduler.world import SideDose, World
from tests.support.pure_home import RESIDENT, ROBOT, PureHome

HOUR, TICK = timedelta(hours=1), timedelta(milliseconds=1)
OTHER = "b" * 32


# --- medicine as needed -------------------------------------------------------------------------------

GIVEN = ev.GivenElsewhere("p-pain", datetime.fromisoformat("2026-11-02T05:00:00Z"), Decimal(1))


def unsure(home: PureHome, **changed: object) -> ev.Incident:
    incident = ev.Incident(
        incident_id="i",
        subject=f"as_needed:{RESIDENT}/p-pain",
        kind=ev.Kind.AS_NEEDED_UNSURE,
        priority=ev.Priority.MEDIUM,
        dose_id="",
        raised=home.now,
        deadline=home.now,
        resolution="nothing_elsewhere",
    )
    return replace(incident, **changed)  # type: ignore[arg-type]


def asked_in_vain(home: PureHome) -> World:
    """Two people asked; of each it is known what was given elsewhere until an hour ago."""
    refusals = {
        key: ev.AsNeededRefused(home.now, key, "p-pain", "elsewhere_unknown", None, ROBOT)
        for key in (RESIDENT, OTHER)
    }
    known = Elsewhere(home.now - HOUR, (GIVEN,))
    return replace(home.world, refusals=refusals, elsewhere={RESIDENT: known, OTHER: known})


@pytest.mark.parametrize("subject", [f"as_needed:{RESIDENT}/p-pain", f"as_needed:{RESIDENT}/p/of:two"])
def test_that_nothing_more_was_given_elsewhere_forgets_nothing_that_was(home: PureHome, subject: str) -> None:
    """Rule 8: what is known of the hours before still counts against the limits."""
    world = asked_in_vain(home)
    after = elsewhere_looked_into(world, unsure(home, subject=subject), home.now)
    assert after.elsewhere == {
        RESIDENT: Elsewhere(home.now, (GIVEN,), asked=home.now),
        OTHER: world.elsewhere[OTHER],
    }
    assert set(after.refusals) == {OTHER}, "and nobody else is answered by it"


def test_of_whom_nothing_was_known_nothing_is_known_until_now(home: PureHome) -> None:
    world = replace(home.world, elsewhere={})
    after = elsewhere_looked_into(world, unsure(home), home.now)
    assert after.elsewhere == {RESIDENT: Elsewhere(home.now, (), asked=home.now)}


@pytest.mark.parametrize("changed", [{"resolution": "called"}, {"kind": ev.Kind.ANSWER_FLAGGED}])
def test_another_word_of_staff_knows_nothing_more_than_before(
    home: PureHome, changed: dict[str, str]
) -> None:
    world = asked_in_vain(home)
    after = elsewhere_looked_into(world, unsure(home, **changed), home.now)
    assert after.elsewhere == world.elsewhere and set(after.refusals) == {OTHER}


def test_what_was_asked_for_is_due_at_once_and_goes_back_to_due(home: PureHome) -> None:
    plan = replace(home.dose("morning").plan, dose_id="d", slot="pn-1")
    dose = evolve(home.world, ev.AsNeededRequested(home.now, plan, "pain")).doses["d"]
    assert (dose.stage, dose.rest, dose.offered, dose.purpose) == (Stage.DUE, Stage.DUE, True, "pain")


# --- leave --------------------------------------------------------------------------------------------


def leave(home: PureHome) -> Leave:
    """Over the noon dose."""
    noon = home.dose("noon").plan.opens
    return Leave(
        first=noon,
        last=noon + HOUR,
        hand_out=noon - 3 * HOUR,
        departs=noon - HOUR,
        back=noon + 2 * HOUR,
        by="Anna",
    )


def test_a_leave_covers_what_opens_from_its_first_instant_to_before_its_last(home: PureHome) -> None:
    one = leave(home)
    opens = home.dose("noon").plan.opens
    assert [one.covers(at) for at in (opens - TICK, opens, opens + HOUR - TICK, opens + HOUR)] == [
        False, True, True, False,
    ]  # fmt: skip
    permit = one.permit
    until = [
        permit.holds_at(at) for at in (permit.opens - TICK, permit.opens, permit.closes - TICK, permit.closes)
    ]
    assert until == [False, True, True, False]


def test_the_end_of_a_leave_takes_back_what_it_allowed_and_no_authorisation_of_one_dose(
    home: PureHome,
) -> None:
    one, noon = leave(home), home.dose("noon")
    away = replace(home.world, regimes={RESIDENT: Regime(leave=one)})
    along = permitted(away, noon)
    assert along.permit == one.permit
    assert permitted(away, home.dose("morning")).permit is None
    assert permitted(home.world, along).permit is None
    early = replace(noon, permit=Permit(noon.plan.opens - HOUR, noon.plan.opens, along=False))
    assert permitted(home.world, early) == early


def test_the_leave_of_one_says_nothing_of_another(home: PureHome) -> None:
    noon = home.dose("noon")
    early = Permit(noon.plan.opens - HOUR, noon.plan.opens, along=True)
    theirs = replace(noon, plan=replace(noon.plan, dose_id="theirs", resident=OTHER), permit=early)
    world = replace(home.world, doses={**home.world.doses, "theirs": theirs})
    after = evolve(world, ev.LeaveEnded(home.now, RESIDENT, 0, "Anna", "back", "home"))
    assert after.doses["theirs"].permit == early


def test_a_sachet_that_came_back_was_never_had(home: PureHome) -> None:
    """S2: what its hand-out said of when is forgotten."""
    handed_out = replace(
        home.dose("noon"), stage=Stage.LIFTED, rest=Stage.DUE, along=True, lifted=home.now,
        had_before=home.now, untimed=True,
    )  # fmt: skip
    back = came_back(handed_out, ev.SachetCameBack(home.now, handed_out.dose_id, "Anna"))
    assert (back.along, back.lifted, back.had_before, back.untimed) == (False, None, None, False)
    assert back.had_at == handed_out.plan.opens


# --- beside the robot ---------------------------------------------------------------------------------


def beside(home: PureHome, **changed: object) -> SideDose:
    side = SideDose(replace(home.dose("morning").plan, dose_id="beside"))
    return replace(side, **changed)  # type: ignore[arg-type]


def with_side(home: PureHome, side: SideDose) -> World:
    return replace(home.world, sides={side.dose_id: side})


def test_a_side_dose_planned_anew_keeps_what_was_said_of_it(home: PureHome) -> None:
    known = beside(home, due=True, reminders=2, put_off=home.now)
    moved = replace(known.plan, critical=True)
    after = evolve(with_side(home, known), ev.SideDosePlanned(home.now, moved)).sides["beside"]
    assert after == replace(known, plan=moved)


def test_a_word_taken_back_is_as_if_it_was_never_said(home: PureHome) -> None:
    declined = evolve(with_side(home, beside(home)), ev.DoseDeclined(home.now, "beside", ROBOT))
    assert declined.sides["beside"].declined == home.now
    back = evolve(declined, ev.AnswerTakenBack(home.now, "beside", ROBOT)).sides["beside"]
    assert (back.declined, back.put_off) == (None, None)


def test_a_side_dose_is_kept_while_anything_of_it_is_open_or_young(home: PureHome) -> None:
    plan = beside(home).plan
    told = ev.OutcomeRecorded(plan.closes, "beside", 1, ev.Outcome.CONFIRMED, False, "", "x", plan.closes)
    over = beside(home, outcome=told)
    later = plan.closes + TICK

    def kept(side: SideDose, before: datetime, world: World = home.world) -> bool:
        return "beside" in settled_before(replace(world, sides={"beside": side}), before).sides

    assert not kept(over, later) and not kept(over, plan.closes)
    assert kept(over, plan.closes - TICK)
    assert kept(replace(over, outcome=replace(told, at=later + TICK)), later), "settled since"
    assert kept(replace(over, outcome=replace(told, at=plan.opens)), plan.closes - TICK), "its window is open"
    assert kept(replace(over, outcome=None), later)
    incident = unsure(home, subject="dose:beside", dose_id="beside")
    watched = replace(home.world, incidents={"i": incident}, subjects={incident.subject: ("i", 1)})
    assert kept(over, later, watched), "nobody has closed its incident"
    shut = replace(watched, incidents={"i": replace(incident, state=ev.State.CLOSED)})
    assert not kept(over, later, shut)


# --- what was said ------------------------------------------------------------------------------------


def test_why_no_thanks_is_kept_with_the_dose_it_was_said_of(home: PureHome) -> None:
    answer = ev.QuestionAnswered(home.now, RESIDENT, ev.Question.WHY_NOT, "beside", "nausea", ROBOT)
    asked = Asked(ev.Question.WHY_NOT, "beside", home.now, home.now + HOUR)
    declined = beside(home, declined=home.now)
    for side, said in ((declined, "nausea"), (beside(home), "")):
        world = replace(with_side(home, side), asked={RESIDENT: asked, OTHER: asked})
        after = evolve(world, answer)
        assert after.sides["beside"].said == said
        assert after.asked == {OTHER: asked}


def test_an_answer_uses_up_its_press_and_silence_uses_up_none(home: PureHome) -> None:
    press = ev.Pressed(home.now, ROBOT, "s1", 100)
    world = replace(home.world, robots={ROBOT: replace(home.world.robot(ROBOT), press=press)})
    answered = ev.QuestionAnswered(home.now, RESIDENT, ev.Question.EFFECT, "d", "yes", ROBOT)
    assert evolve(world, answered).robot(ROBOT).press is None
    silence = replace(answered, answer="")
    assert evolve(world, silence).robot(ROBOT).press == press


@pytest.mark.parametrize(("answer", "effect"), [("", "left_open"), ("yes", "yes")])
def test_whether_it_helped_is_asked_then_answered_or_left_open(
    home: PureHome, answer: str, effect: str
) -> None:
    dose = replace(home.dose("morning"), stage=Stage.LIFTED)
    world = replace(home.world, doses={dose.dose_id: dose})
    asked = evolve(
        world, ev.QuestionAsked(home.now, RESIDENT, ev.Question.EFFECT, dose.dose_id, home.now + HOUR)
    )
    assert asked.doses[dose.dose_id].effect == "asked"
    told = ev.QuestionAnswered(home.now, RESIDENT, ev.Question.EFFECT, dose.dose_id, answer, ROBOT)
    assert evolve(asked, told).doses[dose.dose_id].effect == effect


# --- upkeep -------------------------------------------------------------------------------------------


def under_test(home: PureHome, **changed: object) -> World:
    test = replace(AlarmTest(home.now - HOUR, "Anna", home.now - HOUR, "i"), **changed)  # type: ignore[arg-type]
    return replace(home.world, alarm_test=test, receipts={"j": Receipt(1, home.now)})


def alarm(home: PureHome, **changed: object) -> ev.Incident:
    about = {"subject": "test", "kind": ev.Kind.TEST_ALARM, "priority": ev.Priority.INFO, "resolution": ""}
    return unsure(home, **{**about, **changed})


def test_a_test_alarm_passes_by_its_own_receipt_and_fails_by_being_told(home: PureHome) -> None:
    cleared = ev.IncidentCleared(home.now, "i", 2, "receipted")
    passed = alarm_test_told(under_test(home), alarm(home), cleared).alarm_test
    assert passed == AlarmTest(home.now - HOUR, "Anna", home.now, "i", "passed")
    for quiet in (under_test(home, incident_id="another"), under_test(home, state="failed")):
        assert alarm_test_told(quiet, alarm(home), cleared) == quiet
    delivered = ev.IncidentDelivered(home.now, "i", 1)
    receipted = alarm_test_told(under_test(home), alarm(home), delivered).alarm_test
    assert receipted is not None and receipted.receipted == home.now
    taken = ev.IncidentUndelivered(home.now, "i", 1, "no_receipt")
    assert alarm_test_told(under_test(home), alarm(home), taken) == under_test(home)


def test_nothing_was_done_after_the_moment_that_a_trusted_clock_tells(home: PureHome) -> None:
    ahead, before = home.now + HOUR, home.now - HOUR
    chores = {"a": ChoreRun(ahead, "done", "", 0), "b": ChoreRun(before, "done", "", 0)}
    world = replace(
        under_test(home, begun=ahead, since=ahead), chores=chores, trusted_at=before, began=before
    )
    after = not_later(world, home.now)
    assert {name: run.at for name, run in after.chores.items()} == {"a": home.now, "b": before}
    assert after.alarm_test == AlarmTest(home.now, "Anna", home.now, "i")
    assert after.began == before
    assert not_later(replace(world, began=ahead), home.now).began == home.now
    assert not_later(replace(world, trusted_at=None), home.now).began == home.now, "nobody knew before this"
    assert not_later(replace(world, began=None), home.now).began == home.now


def test_who_said_so_and_since_when_is_kept_with_a_mode_a_pause_and_a_leave(home: PureHome) -> None:
    now, later = home.now, home.now + timedelta(hours=3)
    review = now + timedelta(days=7)
    until = now + timedelta(days=1)
    times = (now, later, now, later, until)
    set_ = ev.ModeSet(now, RESIDENT, ev.Mode.ASSISTED, review, "Anna", "fell", "home")
    begun = ev.PauseBegun(now, RESIDENT, ev.PauseKind.HOSPITAL, None, "Anna", "admitted", "home")
    goes_on = replace(begun, at=later, until=until, by="Berit")
    planned = ev.LeavePlanned(later, RESIDENT, *times, "Carl", "family", "home")
    world = home.world
    for event in (set_, begun, goes_on, planned):
        world = evolve(world, event)
    regime = world.regime(RESIDENT)
    assert (regime.mode, regime.since, regime.by) == (ev.Mode.ASSISTED, now, "Anna")
    assert (regime.review, regime.looked) == (review, None)
    away = ev.PauseKind.HOSPITAL
    assert regime.pause == Pause(away, since=now, by="Berit", until=until, looked=later, acted=None)
    assert regime.leave == Leave(*times, "Carl", "family")
    ended = evolve(world, ev.LeaveEnded(later, RESIDENT, 1, "Carl", "back", "home")).regime(RESIDENT)
    assert ended == replace(regime, leave=None, revision=regime.revision + 1)
