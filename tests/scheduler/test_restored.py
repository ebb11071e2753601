"""Rule 23, dose by dose: what nobody can know after a restore is settled by the robot's record or by a named
person, each dose for itself; until then it counts as given and is never offered."""

from __future__ import annotations

import pytest

from dispenserd import views
from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.events import Answer
from scheduler.gate import counts_as_given
from tests.scheduler.test_as_needed import at, has_one, home_with, refused
from tests.scheduler.test_journal_behind import closed_by_a_person, found
from tests.support.attack_moves import about, is_open, live_until
from tests.support.pure_home import RESIDENT, PureHome, utc


def restored(home: PureHome, closed: bool = True) -> PureHome:
    """At 08:30 an older copy of the journal: the morning's dose may have been had."""
    home.until("08:30")
    found(home)
    if closed:
        assert closed_by_a_person(home).accepted
    return home


def says(home: PureHome, verdict: ev.Verdict, slot: str = "morning") -> str:
    answered = home.decide(home.dose(slot), verdict, "Nora")
    return "" if answered.accepted else answered.reason


def spent(events: list[ev.Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, ev.PressSpent)]


def test_each_dose_in_doubt_is_on_the_list_of_what_waits_for_a_person(home: PureHome) -> None:
    restored(home)
    rows = views.holds(home.world)["holds"]
    assert [(row["slot"], row["reason"], row["lost"]) for row in rows] == [
        ("morning", "journal_behind", True)
    ]
    assert says(home, ev.Verdict.HAD_IT) == ""
    assert views.holds(home.world)["holds"] == []


def test_it_was_had_by_a_persons_word_and_is_never_offered(home: PureHome) -> None:
    restored(home)
    assert says(home, ev.Verdict.HAD_IT) == ""
    assert home.outcome("morning") == ("confirmed", False)
    assert counts_as_given(home.dose("morning"))
    assert spent(home.press()) == ["nothing_due"]
    assert not is_open(about(home))
    live_until(home, utc("11:00"))
    assert ("release", "morning") not in home.orders()


def test_nobody_had_it_and_it_is_offered_for_the_rest_of_its_window(home: PureHome) -> None:
    restored(home)
    assert spent(home.press()) == ["journal_behind"]
    assert says(home, ev.Verdict.NOT_GIVEN) == ""
    assert not counts_as_given(home.dose("morning"))
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_one_persons_word_about_one_dose_settles_no_other(home: PureHome) -> None:
    home.until("11:45")
    found(home)
    closed_by_a_person(home)
    assert home.dose("noon").lost
    lost = [dose.plan.slot for dose in home.world.doses.values() if dose.lost]
    assert says(home, ev.Verdict.NOT_GIVEN, "noon") == ""
    assert [dose.plan.slot for dose in home.world.doses.values() if dose.lost] == [
        s for s in lost if s != "noon"
    ]


def test_while_the_journal_is_locked_a_word_settles_the_dose_and_releases_nothing(home: PureHome) -> None:
    restored(home, closed=False)
    assert says(home, ev.Verdict.NOT_GIVEN) == ""
    assert not home.dose("morning").lost
    assert spent(home.press()) == ["journal_behind"]
    assert home.orders() == []


@pytest.mark.parametrize(
    ("verdict", "outcome"), [(ev.Verdict.HAD_IT, "confirmed"), (ev.Verdict.NOT_GIVEN, "failed")]
)
def test_after_its_window_a_finding_corrects_the_uncertain(
    home: PureHome, verdict: ev.Verdict, outcome: str
) -> None:
    """Rule 6: a later finding is a correction, never a new dose."""
    restored(home)
    live_until(home, utc("10:10"))
    assert home.outcome("morning") == ("uncertain", False)
    assert about(home).detail == "uncertain"
    assert says(home, verdict) == ""
    live_until(home, utc("10:15"))
    assert home.outcome("morning") == (outcome, False)
    recorded = home.dose("morning").outcome
    assert recorded is not None
    assert (recorded.revision, recorded.happened) == (2, utc("10:00"))


def test_the_robots_record_settles_it_without_anybody(home: PureHome) -> None:
    restored(home)
    dose = home.dose("morning").dose_id
    for kind in ("release", "present"):
        done = {"order_kind": kind, "dose_id": dose, "result": "done", "order_id": "0" * 32}
        home.give(home.robot.write(home.now, "ended", **done))
    home.give(home.robot.write(home.now, "lifted", dose_id=dose))
    assert home.outcome("morning") == ("retrieved", False)
    assert [row for row in views.holds(home.world)["holds"] if row["lost"]] == []


def test_what_the_record_says_against_a_finding_is_fenced(home: PureHome) -> None:
    """S1: somebody said that nobody had it, and the robot's log then shows the lift."""
    restored(home)
    says(home, ev.Verdict.NOT_GIVEN)
    home.give(home.robot.write(home.now, "lifted", dose_id=home.dose("morning").dose_id))
    assert counts_as_given(home.dose("morning"))
    home.press()
    assert home.orders() == []


def test_while_somebody_may_be_giving_it_nobody_else_settles_it(home: PureHome) -> None:
    """Rule 5."""
    restored(home)
    assert home.take(about(home), "Anna").accepted
    assert home.dose("morning").token == "Anna"
    assert says(home, ev.Verdict.HAD_IT) == "with_staff"
    assert says(home, ev.Verdict.NOT_GIVEN) == "not_owner"
    assert home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    assert home.dose("morning").lost, "that they did not give it says nothing of the part that was lost"
    assert says(home, ev.Verdict.HAD_IT) == ""


def test_by_a_clock_that_nobody_trusts_nothing_is_offered_again(home: PureHome) -> None:
    """Rule 18."""
    restored(home)
    home.give(cmd.ReportClockStep())
    assert says(home, ev.Verdict.NOT_GIVEN) == "clock"
    assert home.dose("morning").lost


def test_what_is_yet_to_come_was_not_had(home: PureHome) -> None:
    home.until("11:45")
    found(home)
    closed_by_a_person(home)
    assert says(home, ev.Verdict.HAD_IT, "noon") == "too_early"


def test_it_stays_settled_over_a_restart(home: PureHome) -> None:
    restored(home)
    says(home, ev.Verdict.NOT_GIVEN)
    home.daemon()
    home.connect()
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_another_loss_puts_it_in_doubt_anew(home: PureHome) -> None:
    restored(home)
    says(home, ev.Verdict.NOT_GIVEN)
    found(home, "oncall", "ef" * 32)
    assert home.dose("morning").lost


def test_as_needed_medicine_had_in_the_lost_part_has_no_dose_and_so_a_person_is_asked() -> None:
    home = home_with()
    at(home, "08:30")
    found(home)
    assert closed_by_a_person(home).accepted
    at(home, "09:00")
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("journal_behind", None)
    told = home.world.incident_about(f"as_needed:{RESIDENT}/p-pain")
    assert told is not None
    assert (told.kind, told.detail) == (ev.Kind.AS_NEEDED_UNSURE, "journal_behind")
    home.take(told, "Anna")
    assert home.close(home.world.incidents[told.incident_id], "Anna", "nothing_elsewhere").accepted
    at(home, "09:10")
    has_one(home)
    assert home.outcome("pn-1") == ("retrieved", False)


def test_a_day_after_the_loss_it_no_longer_counts() -> None:
    home = home_with()
    at(home, "08:30")
    found(home)
    assert closed_by_a_person(home).accepted
    at(home, "08:29", 2)
    home.says(Answer.AS_NEEDED)
    assert refused(home) == ("journal_behind", None)
    at(home, "08:31", 2)
    has_one(home)
