"""The test alarm: begun by a wish, ended by on-call's receipt or the want of one. Each state, each input."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.outbox import Put
from scheduler.outgoing import changes
from scheduler.summary import summarise
from scheduler.world import World
from tests.support.pure_home import ROBOT, PureHome, setting, utc

LIMIT = setting().limits.alarm_test
DAY = timedelta(days=1)


def wish(home: PureHome) -> None:
    home.give(cmd.RaiseTestAlarm("technician"))


def incident(home: PureHome) -> ev.Incident:
    found = home.world.incident_about("test")
    assert found is not None
    return found


def receipt(home: PureHome) -> None:
    newest = home.world.incident_about("test")
    if newest is not None:
        home.give(cmd.TakeReceipt(newest.incident_id, newest.revision))


def early_receipt(home: PureHome) -> None:
    """Of the first revision, which may be an older one by now."""
    newest = home.world.incident_about("test")
    if newest is not None:
        home.give(cmd.TakeReceipt(newest.incident_id, newest.revision - 1))


def invented_receipt(home: PureHome) -> None:
    newest = home.world.incident_about("test")
    if newest is not None:
        home.give(cmd.TakeReceipt(newest.incident_id, newest.revision + 1))


def published(home: PureHome) -> None:
    newest = home.world.incident_about("test")
    if newest is not None:
        home.give(ev.IncidentPublished(home.now, newest.incident_id, newest.revision))


def refused(home: PureHome) -> None:
    newest = home.world.incident_about("test")
    if newest is not None:
        home.give(ev.IncidentUndelivered(home.now, newest.incident_id, newest.revision, "refused"))


def take(home: PureHome) -> None:
    newest = home.world.incident_about("test")
    if newest is not None:
        home.take(newest, "Anna")


def close(home: PureHome) -> None:
    newest = home.world.incident_about("test")
    if newest is not None:
        home.close(newest, "Anna", "looked_into")


def limit(home: PureHome) -> None:
    home.until_at(home.now + LIMIT)


def restart(home: PureHome) -> None:
    home.daemon()
    home.connect()


def back_a_day(home: PureHome) -> None:
    home.now -= DAY
    home.give(cmd.ReportClockStep())


def on_a_day(home: PureHome) -> None:
    home.now += DAY
    home.give(cmd.ReportClockStep())


INPUTS: tuple[Callable[[PureHome], None], ...] = (
    wish,
    receipt,
    early_receipt,
    invented_receipt,
    published,
    refused,
    take,
    close,
    limit,
    restart,
    back_a_day,
    on_a_day,
)

STATES: dict[str, tuple[Callable[[PureHome], None], ...]] = {
    "none": (),
    "under way": (wish,),
    "taken": (wish, take),
    "failed": (wish, limit),
    "failed, taken": (wish, limit, take),
    "passed": (wish, receipt),
    "failed, receipted": (wish, limit, receipt),
    "failed, closed": (wish, limit, take, close),
}

# The columns are INPUTS. "again" is a second incident, under way.
TABLE = {
    "none": ("under way", *11 * ("none",)),
    "under way": (
        *("under way", "passed", "under way", "under way", "under way", "under way", "taken", "under way"),
        *("failed", "under way", "under way", "failed"),
    ),
    "taken": (
        *("taken", "passed", "taken", "taken", "taken", "taken", "taken", "taken"),
        *("failed", "taken", "taken", "failed"),
    ),
    "failed": (
        *("failed", "failed, receipted", "failed", "failed", "failed", "failed", "failed, taken", "failed"),
        *("failed", "failed", "failed", "failed"),
    ),
    "failed, taken": (
        *("failed, taken", "failed, receipted", *5 * ("failed, taken",), "failed, closed"),
        *4 * ("failed, taken",),
    ),
    "passed": ("again", *11 * ("passed",)),
    "failed, receipted": ("again", *11 * ("failed, receipted",)),
    "failed, closed": ("again", *11 * ("failed, closed",)),
}


def test_the_home_looks_by_itself_whether_it_failed(home: PureHome) -> None:
    home.until("07:50:30")
    wish(home)
    begun = home.now
    home.until_at(begun + timedelta(minutes=9))
    told = [e for e in home.journal if isinstance(e, ev.IncidentChanged) and e.priority is ev.Priority.HIGH]
    assert [e.at for e in told] == [begun + home.setting.limits.alarm_test]


def state(world: World) -> str:
    test, about = world.alarm_test, world.incident_about("test")
    if test is None:
        assert about is None
        return "none"
    assert about is not None
    assert test.incident_id == about.incident_id
    assert (about.priority is ev.Priority.HIGH) == (test.state == "failed")
    closed = about.state is ev.State.CLOSED
    owner = ", taken" if test.state == "failed" else "taken"
    if test.state == "failed":
        end = ("", ", closed", ", receipted")[closed + (closed and about.resolution == "receipted")]
        return "failed" + (end or (owner if about.owner else ""))
    assert closed == (test.state == "passed")
    if closed:
        assert about.resolution == "receipted"
        return "passed"
    return owner if about.owner else "under way"


@pytest.mark.parametrize("begin", STATES)
@pytest.mark.parametrize("column", range(len(INPUTS)), ids=[each.__name__ for each in INPUTS])
def test_every_cell(home: PureHome, begin: str, column: int) -> None:
    for step in STATES[begin]:
        step(home)
    assert state(home.world) == begin
    before = home.world.incident_about("test")
    INPUTS[column](home)
    after = home.world.incident_about("test")
    expected = TABLE[begin][column]
    assert state(home.world) == expected.replace("again", "under way")
    again = before is not None and after is not None and before.incident_id != after.incident_id
    assert again == (expected == "again")
    if expected.startswith("failed"):
        assert after is not None
        assert after.detail == "not_receipted", "whatever became of the clock"


def test_under_way_it_is_silent_at_home_and_told_to_oncall(home: PureHome) -> None:
    quiet = summarise(home.world, home.setting, home.now)
    before = home.world
    wish(home)
    begun = [event for event in home.journal if isinstance(event, ev.AlarmTestBegun)]
    assert [event.by for event in begun] == ["technician"]
    put = [change for change in changes(before, home.world, home.journal[-2:]) if isinstance(change, Put)]
    assert [(change.outbox, change.body["kind"], change.body["priority"]) for change in put] == [
        ("incident", "test_alarm", "info")
    ]
    home.until_at(home.now + LIMIT - timedelta(seconds=1))
    told = summarise(home.world, home.setting, home.now)
    assert (told.incidents, told.digest) == (quiet.incidents, quiet.digest)
    assert not incident(home).undelivered
    assert not any("personalet" in line for line in display(home.world, home.setting, ROBOT, home.now).lines)


def test_under_way_the_brokers_refusal_is_no_failure_yet(home: PureHome) -> None:
    wish(home)
    refused(home)
    assert not incident(home).undelivered
    limit(home)
    refused(home)
    assert incident(home).undelivered


def test_the_core_asks_to_be_woken_at_the_limit(home: PureHome) -> None:
    wish(home)
    begun = home.now
    home.until_at(begun + timedelta(minutes=40))
    assert home.world.alarm_test is not None
    assert home.world.alarm_test.since == begun + LIMIT


def test_without_a_receipt_it_rises_at_its_limit_and_shows_like_any_high(home: PureHome) -> None:
    wish(home)
    home.until_at(home.now + LIMIT)
    risen = incident(home)
    assert (risen.priority, risen.detail, risen.revision) == (ev.Priority.HIGH, "not_receipted", 2)
    assert risen.undelivered
    assert any("personalet" in line for line in display(home.world, home.setting, ROBOT, home.now).lines)
    assert summarise(home.world, home.setting, home.now).incidents == 1
    receipt(home)
    assert not incident(home).undelivered
    assert summarise(home.world, home.setting, home.now).incidents == 0


def test_a_home_that_was_off_finds_its_test_failed(home: PureHome) -> None:
    wish(home)
    home.now += timedelta(hours=3)
    home.daemon()
    assert incident(home).priority is ev.Priority.HIGH


def test_a_receipt_that_a_held_up_home_takes_in_late_is_late(home: PureHome) -> None:
    """S4 (seed 644): each commit took a minute, so that nothing looked at the clock before the receipt."""
    wish(home)
    home.now += LIMIT
    receipt(home)
    assert state(home.world) == "failed"
    receipt(home)
    assert state(home.world) == "failed, receipted"


def test_a_test_alarm_under_way_can_not_be_closed_by_a_person(home: PureHome) -> None:
    wish(home)
    home.take(incident(home), "Anna")
    refusal = home.close(incident(home), "Anna", "looked_into")
    assert (refusal.accepted, refusal.reason) == (False, "test_under_way")


def test_each_test_has_an_incident_of_its_own_and_what_was_told_is_forgotten_after_days(
    home: PureHome,
) -> None:
    seen = set()
    for _ in range(3):
        wish(home)
        receipt(home)
        receipt(home)  # of the closing revision
        seen.add(incident(home).incident_id)
    assert len(seen) == 3
    home.until("09:00", day=6)
    assert not seen & home.world.incidents.keys()
    assert home.world.alarm_test is not None
    assert home.world.alarm_test.state == "passed"
    wish(home)
    assert incident(home).incident_id not in seen


def test_the_limit_is_a_machine_limit() -> None:
    limits = setting().limits
    assert limits.stretched(600).alarm_test == 600 * limits.alarm_test


def test_a_test_dated_by_a_clock_that_ran_ahead_was_done_before_now(home: PureHome) -> None:
    """Else the weekly one would wait for that year."""
    home.now = utc("07:55") + timedelta(days=4000)
    home.give(cmd.ReportClockStep())
    wish(home)
    receipt(home)
    home.now = utc("08:30")
    home.give(cmd.ReportClockStep())
    assert home.world.alarm_test is not None
    assert home.world.alarm_test.begun > home.now, "an untrusted clock proves nothing"
    home.give(home.clock_report())
    assert home.world.clock.trusted
    assert home.world.alarm_test.begun == home.now
