"""Medicine as needed (rule 8): at the resident's request, within limits, never scheduled or missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.dosage import ANY_DAY, NOT_ITERATED, Day, DayPart, Dosage, Intake, Limit, Period, cycle
from scheduler.dose import Stage
from scheduler.events import Answer
from scheduler.gate import why_not_send
from scheduler.plan import Content, Prescription
from scheduler.roll import Roll, Sachet
from scheduler.world import Dose
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PaperRobot, PureHome, setting, utc

DRUG = "N02BE01"
LIMIT = Limit(gap_min=240, per_day=Decimal(4), times=3)
STRIP = [f"P{number:03}" for number in range(1, 61)]


def as_needed(limit: Limit | None = LIMIT, quantity: int = 1, fixed: bool = False) -> Prescription:
    free = Period(
        date(1900, 1, 1),
        None,
        NOT_ITERATED,
        (Day(ANY_DAY, (Intake(Decimal(quantity), as_needed=True),)),),
        limit,
    )
    noon = cycle(FIRST_DAY, None, 1, (Intake(Decimal(1), part=DayPart.NOON),))
    return Prescription("p-pain", DRUG, "500 mg", Dosage("tablet", (free, noon) if fixed else (free,)))


def strip(quantity: int = 1, labels: list[str] = STRIP) -> Roll:
    content = frozenset({Content(DRUG, "500 mg", Decimal(quantity), "tablet")})
    packed = datetime.combine(FIRST_DAY, time(12))
    sachets = tuple(Sachet(number, label, packed, content) for number, label in enumerate(labels, 1))
    return Roll("PN-1", RESIDENT, 1, sachets, as_needed=True)


def home_with(
    prescription: Prescription | None = None, roll: Roll | None = None, knows: bool = True
) -> PureHome:
    home = PureHome(utc("07:50"), setting(window=timedelta(hours=2)))
    home.robot = PaperRobot([sachet.label for sachet in (roll or strip()).sachets], "PN-1")
    home.daemon()
    home.connect()
    home.give(cmd.OfferPlan(RESIDENT, 1, (prescription or as_needed(),), "f1"))
    home.give(cmd.LoadRoll(roll or strip(), "technician"))
    if knows:
        elsewhere(home)
    return home


def elsewhere(home: PureHome, *given: ev.GivenElsewhere, known_to: datetime | None = None) -> None:
    home.give(cmd.ReportElsewhere(RESIDENT, known_to or home.now, given))


def at(home: PureHome, local: str, day: int = 1, *given: ev.GivenElsewhere) -> None:
    """That time, with knowledge of it."""
    home.until(local, day)
    elsewhere(home, *given)


def asks(home: PureHome, answer: Answer = Answer.FIRST) -> None:
    home.says(Answer.AS_NEEDED)
    home.press(answer=answer)


def has_one(home: PureHome) -> None:
    asks(home)
    home.move()
    home.move()
    home.lift()


def doses(home: PureHome) -> list[Dose]:
    return [dose for dose in home.world.doses.values() if dose.plan.as_needed]


def refused(home: PureHome) -> tuple[str, datetime | None]:
    told = [event for event in home.journal if isinstance(event, ev.AsNeededRefused)]
    assert told, "it was not refused"
    return told[-1].reason, told[-1].possible


def lines(home: PureHome) -> tuple[str, ...]:
    return display(home.world, home.setting, ROBOT, home.now).lines


def test_it_is_asked_for_asked_about_released_and_lifted() -> None:
    home = home_with()
    home.says(Answer.AS_NEEDED)
    assert home.orders() == []
    assert lines(home)[0] == "Hvad er det for?"
    home.says(Answer.FIRST)
    assert home.orders() == [("release", "pn-1")]
    home.move()
    home.move()
    home.lift()
    dose = doses(home)[0]
    assert dose.dose_id == f"{RESIDENT}/{FIRST_DAY}/pn-1/1"
    assert (dose.purpose, dose.outcome and dose.outcome.outcome) == ("pain", ev.Outcome.RETRIEVED)
    assert home.open_incidents() == []


def test_take_is_an_answer_and_says_nothing_more() -> None:
    home = home_with()
    asks(home, Answer.TAKE)
    assert home.orders() == [("release", "pn-1")]
    assert doses(home)[0].purpose == ""


@pytest.mark.parametrize("answer", [Answer.LATER, Answer.NO_THANKS])
def test_a_person_may_leave_it_at_the_question(answer: Answer) -> None:
    home = home_with()
    asks(home, answer)
    assert home.orders() == []
    assert home.world.asked == {}
    home.press()
    assert home.orders() == []


def test_an_answer_that_comes_too_late_releases_nothing() -> None:
    """Rule 2: the action must be fresh."""
    home = home_with()
    home.says(Answer.AS_NEEDED)
    home.until("07:52")
    home.press()
    assert home.orders() == []


def test_an_answer_at_the_very_end_of_the_question_answers_nothing() -> None:
    home = home_with()
    home.says(Answer.AS_NEEDED)
    (asked,) = home.world.asked.values()
    home.now = asked.until
    home.press(answer=Answer.FIRST)
    assert home.orders() == []


def test_it_is_never_scheduled_reminded_of_or_missed() -> None:
    home = home_with()
    home.until("23:00", 5)
    assert home.world.doses == {}
    assert [i.kind for i in home.world.incidents.values()] == []


def test_the_least_gap_is_kept_and_the_refusal_says_from_when() -> None:
    home = home_with()
    at(home, "08:00")
    has_one(home)
    at(home, "11:59")
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("asked_too_soon", utc("12:00"))
    assert lines(home) == ("Ikke endnu.", "Du kan få den fra kl. 12:00.")
    assert home.open_incidents() == [], "too soon stays in the house"
    at(home, "12:00")
    has_one(home)
    assert len(doses(home)) == 2


def test_the_most_in_any_24_hours_is_kept_across_midnight() -> None:
    home = home_with(as_needed(Limit(gap_min=60, times=3)))
    for local, day in (("20:00", 1), ("22:00", 1), ("06:00", 2)):
        at(home, local, day)
        has_one(home)
    at(home, "19:59", 2)
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("limit_reached", utc("20:00", 2))
    incident = home.world.incident_about(f"as_needed:{RESIDENT}/p-pain")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.AS_NEEDED_LIMIT, ev.Priority.LOW)
    at(home, "20:00", 2)
    assert home.open_incidents() == []
    has_one(home)
    assert [dose.plan.slot for dose in doses(home)] == ["pn-1", "pn-2", "pn-1", "pn-2"]


def test_units_count_not_only_intakes() -> None:
    home = home_with(as_needed(Limit(gap_min=60, per_day=Decimal(4)), quantity=2), strip(2))
    for local in ("08:00", "10:00"):
        at(home, local)
        has_one(home)
    at(home, "12:00")
    home.says(Answer.AS_NEEDED)
    assert refused(home)[0] == "limit_reached"


def test_without_a_most_per_day_no_machine_releases_it() -> None:
    for limit in (None, Limit(gap_min=240)):
        home = home_with(as_needed(limit))
        home.says(Answer.AS_NEEDED)
        assert refused(home) == ("no_limit", None)
        assert home.orders() == []


def test_what_was_given_elsewhere_counts() -> None:
    home = home_with()
    home.until("10:00")
    elsewhere(home, ev.GivenElsewhere("p-pain", utc("09:00"), Decimal(1)))
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("asked_too_soon", utc("13:00"))


def test_knowledge_older_than_the_gap_asks_a_person_and_their_word_is_needed() -> None:
    home = home_with()
    home.until("11:50")
    home.says(Answer.AS_NEEDED)
    assert home.world.asked, "four hours old: just fresh enough"
    home.says(Answer.LATER)
    home.until("11:51")
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("elsewhere_unknown", None)
    assert home.orders() == []
    incident = home.world.incident_about(f"as_needed:{RESIDENT}/p-pain")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.AS_NEEDED_UNSURE, ev.Priority.MEDIUM)
    home.take(incident, "Anna")
    taken = home.world.incident_about(incident.subject)
    assert taken is not None
    assert home.close(taken, "Anna", "nothing_elsewhere").accepted
    has_one(home)
    assert home.open_incidents() == []


def test_closing_the_question_without_that_word_releases_nothing_and_it_is_asked_again() -> None:
    home = home_with(knows=False)
    for ordinal in (1, 2):
        home.says(Answer.AS_NEEDED)
        incident = home.world.incident_about(f"as_needed:{RESIDENT}/p-pain")
        assert incident is not None
        assert incident.state is not ev.State.CLOSED, f"request {ordinal} reached nobody"
        home.take(incident, "Anna")
        taken = home.world.incident_about(incident.subject)
        assert taken is not None
        assert home.close(taken, "Anna", "called").accepted
    assert home.orders() == []


def test_knowledge_of_the_future_is_none_and_older_knowledge_takes_nothing_back() -> None:
    home = home_with(knows=False)
    elsewhere(home, known_to=home.now + timedelta(days=9))
    assert home.world.elsewhere[RESIDENT].known_to == home.now
    elsewhere(home, known_to=home.now - timedelta(hours=1))
    assert home.world.elsewhere[RESIDENT].known_to == home.now


def test_a_fixed_dose_of_the_same_prescription_comes_first() -> None:
    home = home_with(as_needed(fixed=True))
    at(home, "09:00")
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("fixed_dose_soon", utc("16:00"))


def test_as_needed_never_uses_up_what_is_planned() -> None:
    """S1 counts the plan's medicine and as-needed medicine each against its own."""
    home = home_with(as_needed(fixed=True))
    at(home, "07:55")
    has_one(home)
    assert home.dose("noon").stage is Stage.PLANNED
    home.until("12:05")
    incident = home.incident("noon")
    assert incident is not None
    assert incident.detail == "other_strip", "its own sachet is not in this strip; that alone is in the way"


def test_in_doubt_counts_as_had() -> None:
    home = home_with()
    asks(home)
    home.move(result="unclear")
    home.says(Answer.AS_NEEDED)
    assert home.world.robot(ROBOT).spent == "busy"
    home.until("08:30")
    home.says(Answer.AS_NEEDED)
    assert refused(home)[0] == "in_doubt"


def test_nobody_lifts_it_and_it_is_refused_not_missed() -> None:
    home = home_with()
    asks(home)
    home.move()
    home.move()
    home.until("08:10")
    assert home.orders()[-1] == ("retract", "pn-1")
    home.move()
    assert home.orders()[-1] == ("divert", "pn-1")
    home.move()
    outcome = doses(home)[0].outcome
    assert outcome is not None
    assert (outcome.outcome, outcome.reason) == (ev.Outcome.REFUSED, "not_lifted")
    assert home.robot.store == ["P001"]
    at(home, "08:20")
    has_one(home)
    assert home.robot.lifted == ["P002"], "what was not had does not count"


def whose_release_stalled() -> PureHome:
    """Asked for, and never left the strip; half an hour later the robot is well again."""
    home = home_with()
    asks(home)
    home.robot.fault = "motor_stall"
    home.move(result="not_moved", detail="motor_stall")
    home.robot.fault = ""
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("08:30")
    return home


def test_a_release_that_came_to_nothing_takes_nothing_from_the_strip() -> None:
    home = whose_release_stalled()
    assert home.robot.store == []
    outcome = doses(home)[0].outcome
    assert outcome is not None
    assert outcome.outcome is ev.Outcome.FAILED
    incident = home.world.incident_about(f"dose:{doses(home)[0].dose_id}")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.RELEASE_FAILED, ev.Priority.MEDIUM)


def test_whoever_discards_one_that_never_left_the_strip_discards_no_sachet_of_another_time() -> None:
    """Days later, too: what lies at the mouth then is no part of it."""
    home = whose_release_stalled()
    answered = home.decide(doses(home)[0], ev.Verdict.DISCARD, "Anna")
    assert (answered.accepted, answered.reason) == (False, "not_in_robot")
    assert home.world.order_under_way() is None
    assert not doses(home)[0].discard


def test_a_limit_that_is_learnt_of_too_late_still_stops_the_order() -> None:
    """Rule 11."""
    home = home_with()
    home.until("08:00")
    asks(home)
    elsewhere(home, ev.GivenElsewhere("p-pain", utc("07:58"), Decimal(1)))
    under_way = home.world.order_under_way()
    assert under_way is not None
    assert why_not_send(home.world, home.setting, under_way.order, home.now) == "asked_too_soon"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (replace(strip(), as_needed=False), "not_in_the_strip"),
        (strip(quantity=2), "not_in_the_strip"),
        (strip(labels=[f"Q{number}" for number in range(9)]), "not_in_the_strip"),
    ],
)
def test_the_sachet_at_the_mouth_must_be_this_person_s_and_hold_exactly_this(
    change: Roll, reason: str
) -> None:
    """S3."""
    home = home_with()
    home.give(cmd.LoadRoll(change, "technician"))
    home.says(Answer.AS_NEEDED)
    assert refused(home) == (reason, None)
    assert home.orders() == []


def test_stopped_medicine_is_not_released_any_more() -> None:
    home = home_with()
    other = replace(as_needed(), prescription_id="p-other", drug="C07AB02")
    home.give(cmd.OfferPlan(RESIDENT, 2, (other,), "f2"))
    home.says(Answer.AS_NEEDED)
    assert refused(home)[0] == "not_in_the_strip"


@pytest.mark.parametrize(
    ("answer", "priority"),
    [(Answer.FIRST, None), (Answer.SECOND, ev.Priority.LOW), (Answer.THIRD, ev.Priority.MEDIUM)],
)
def test_an_hour_later_it_is_asked_once_whether_it_helped(
    answer: Answer, priority: ev.Priority | None
) -> None:
    home = home_with()
    has_one(home)
    home.until("08:49")
    assert home.world.asked == {}
    home.until("08:50")
    assert lines(home)[0] == "Hjalp medicinen?"
    home.says(answer)
    answered = [event for event in home.journal if isinstance(event, ev.QuestionAnswered)]
    assert answered[-1].question is ev.Question.EFFECT
    incident = home.world.incident_about(f"dose:{doses(home)[0].dose_id}")
    assert (incident.priority if incident else None) == priority
    if incident is not None:
        assert incident.kind is ev.Kind.ANSWER_FLAGGED
    home.until("10:00")
    assert home.world.asked == {}, "asked once"


def test_an_effect_nobody_tells_of_is_left_open() -> None:
    home = home_with()
    has_one(home)
    home.until("12:00")
    assert doses(home)[0].effect == "left_open"
    assert home.open_incidents() == []


@pytest.mark.parametrize("seed", range(12))
def test_random_days_keep_every_limit(seed: int) -> None:
    """The oracle counts what hands lifted and what came in from elsewhere, over any 24 h, by itself."""
    chance = Random(seed)
    limit = Limit(
        gap_min=chance.choice((None, 30, 120, 360)),
        per_day=chance.choice((None, Decimal(3), Decimal(6))),
        times=chance.choice((2, 4)),
    )
    home = home_with(as_needed(limit))
    had: list[datetime] = []
    others: list[ev.GivenElsewhere] = []
    for _ in range(90):
        home.until_at(home.now + timedelta(minutes=chance.choice((1, 7, 45, 200, 700))))
        if chance.random() < 0.2:
            others.append(ev.GivenElsewhere("p-pain", home.now, Decimal(1)))
        if chance.random() < 0.8:
            elsewhere(home, *[one for one in others if one.at > home.now - timedelta(days=2)])
        asks(home, chance.choice((Answer.FIRST, Answer.TAKE, Answer.LATER)))
        while home.world.order_under_way() is not None:
            home.move(result=chance.choice(("done", "done", "done", "not_moved")))
        if home.robot.tray and chance.random() < 0.8:
            home.lift()
            had.append(home.now)
        elif home.robot.tray:
            home.until_at(home.now + timedelta(minutes=21))
            while home.world.order_under_way() is not None:
                home.move()
    assert had, "nothing was ever released"
    known = sorted([*had, *(one.at for one in others)])
    gap = timedelta(minutes=limit.gap_min or 0)
    for index, lift in enumerate(had):
        before = [one for one in known if one < lift]
        unheard = any(one.at > lift - timedelta(hours=12) for one in others)
        if index and not unheard:
            assert lift - had[index - 1] >= gap
        if not unheard:
            lately = [one for one in before if one > lift - timedelta(hours=24)]
            assert len(lately) < (limit.times or 99)
            assert limit.per_day is None or len(lately) < limit.per_day
    assert not any(isinstance(e, ev.OutcomeRecorded) and e.outcome is ev.Outcome.MISSED for e in home.journal)


# --- controlled medicine, modes and pauses (rules 2 and 22) ---------------------------------------------


def controlled_here(home: PureHome) -> None:
    listed = replace(home.setting.catalogue, controlled=frozenset({DRUG}), version=2, persons=("Ea", "Bo"))
    home.give(cmd.OfferMedicineList(home.setting.catalogue), cmd.OfferMedicineList(listed))


def test_controlled_medicine_as_needed_wants_a_personal_press() -> None:
    home = home_with()
    controlled_here(home)
    asks(home)
    assert refused(home) == ("personal_action", None)
    assert lines(home)[0] == "Brug dit kort eller din kode."
    assert not doses(home)
    home.give(ev.Pressed(home.now, ROBOT, f"s{home.robot.session}", 100, Answer.AS_NEEDED, RESIDENT))
    home.give(ev.Pressed(home.now, ROBOT, f"s{home.robot.session}", 100, Answer.FIRST, RESIDENT))
    assert [dose.plan.controlled for dose in doses(home)] == [True]
    home.move()
    home.move()
    assert doses(home)[0].stage is Stage.IN_TRAY
    home.until_at(home.now + timedelta(minutes=5))
    assert doses(home)[0].stage is Stage.RETRACTING, "not longer than five minutes within reach"


@pytest.mark.parametrize(("mode", "reason"), [(ev.Mode.SUSPENDED, "suspended"), (ev.Mode.ASSISTED, "")])
def test_nothing_is_released_on_request_either_while_staff_give_everything(
    mode: ev.Mode, reason: str
) -> None:
    home = home_with()
    said = (home.now + timedelta(days=7), "Anna", "for now", "home", 0, home.soon())
    home.give(cmd.SetMode("mode", RESIDENT, mode, *said))
    asks(home)
    told = [event.reason for event in home.journal if isinstance(event, ev.AsNeededRefused)]
    assert told == [reason] * len(told)
    assert bool(told) == bool(reason)
    assert bool(doses(home)) == (not reason)
    asked = [event for event in home.journal if isinstance(event, ev.QuestionAsked)]
    assert bool(asked) == (not reason), "nobody is asked what it is for, in vain"


def test_somebody_who_is_away_asks_for_nothing() -> None:
    home = home_with()
    said = ("Anna", "in hospital", "home", 0, home.soon())
    home.give(cmd.PauseResident("pause", RESIDENT, ev.PauseKind.HOSPITAL, None, *said))
    asks(home)
    assert home.world.robot(ROBOT).spent == "paused"
    assert not doses(home)


def test_what_was_asked_for_teaches_no_habit() -> None:
    home = home_with()
    has_one(home)
    assert doses(home)[0].outcome is not None
    assert home.world.habits.get(RESIDENT, ()) == ()
