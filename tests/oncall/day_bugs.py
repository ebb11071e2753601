"""Bugs sown into on-call, each a plausible one: the judge is believed because it notices every one of them.

A bug changes one thing of the real code for the length of a `with` block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from dispenserd.oncall import alarms, ladder, outcome, own, silence, view, watch
from dispenserd.oncall.ladder import Alarm
from dispenserd.oncall.roster import PRIORITIES as RISING
from dispenserd.oncall.roster import Deadlines, Roster
from tests.oncall import day_play

Sown = Callable[[], AbstractContextManager[object]]


def _alarm(change: Callable[[Alarm, Any], Alarm]) -> AbstractContextManager[object]:
    real = alarms.alarm_of

    def wrong(row: Any, *rest: Any) -> Alarm | None:
        alarm = real(row, *rest)
        return None if alarm is None else change(alarm, row)

    return patch.object(alarms, "alarm_of", wrong)


def _limits(**changes: timedelta) -> AbstractContextManager[object]:
    return patch.object(day_play, "LIMITS", replace(day_play.LIMITS, **changes))


@contextmanager
def told_twice_after_a_restart() -> Iterator[None]:
    """The run of a ladder is named by the process, so a new process begins it anew."""
    starts = 0
    real = watch.Watch.__init__

    def started(self: watch.Watch, *arguments: Any) -> None:
        nonlocal starts
        starts += 1
        real(self, *arguments)

    with (
        patch.object(watch.Watch, "__init__", started),
        _alarm(lambda alarm, row: replace(alarm, key=f"{alarm.key}/{starts}")),
    ):
        yield


def overdue_counts_from_the_delivery() -> AbstractContextManager[object]:
    def late(alarm: Alarm, row: Any) -> Alarm:
        if alarm.why == "no_outcome":
            return alarm
        return replace(alarm, deadline=alarm.begins + Deadlines().of(alarm.priority))

    return _alarm(late)


def a_dead_man_that_forgets_the_window() -> AbstractContextManager[object]:
    real = silence.silence

    def blind(home: Any, *rest: Any) -> Any:
        return [(at, wrong) for at, wrong in real(home, *rest) if wrong.priority != "high"]

    return patch.object(silence, "silence", blind)


def lateness_adds_up() -> AbstractContextManager[object]:
    return patch.object(ladder, "_following", lambda due, interval, now: now + interval)


def silence_is_judged_at_once_after_a_start() -> AbstractContextManager[object]:
    return _limits(listening_grace=timedelta(0))


def silence_is_forgotten_by_a_restart() -> AbstractContextManager[object]:
    """What is not silent for long enough since the start counts as heard."""
    real = watch.Watch._over

    def over(self: watch.Watch, seen: Any, wrong: Any) -> Iterator[Any]:
        yield from real(self, seen, wrong)
        still = {(each.home, each.cause) for each in wrong}
        yield from (
            row for key, row in seen.lasting.items() if key not in still and row.kind == "home_silent"
        )

    return patch.object(watch.Watch, "_over", over)


def half_an_hour_of_silence_is_no_more_than_five_minutes() -> AbstractContextManager[object]:
    return _limits(home_lost=timedelta(days=9))


def overdue_stays_at_its_priority() -> AbstractContextManager[object]:
    return patch.object(ladder, "raised_by_one", lambda priority: priority)


def the_list_ends_without_the_manager() -> AbstractContextManager[object]:
    real = Roster.next

    def wrong(self: Roster, after: str, priority: Any, at: Any) -> Any:
        person = real(self, after, priority, at)
        return real(self, "", priority, at) if person == self.manager else person

    return patch.object(Roster, "next", wrong)


def hours_are_those_of_utc() -> AbstractContextManager[object]:
    from zoneinfo import ZoneInfo

    return patch.object(day_play, "ROSTER", replace(day_play.ROSTER, zone=ZoneInfo("UTC")))


def a_rise_keeps_the_ladder_it_had() -> AbstractContextManager[object]:
    return _alarm(lambda alarm, row: replace(alarm, key=row.raised) if alarm.why == "raised" else alarm)


def whoever_took_it_is_never_asked_again() -> AbstractContextManager[object]:
    return _limits(outcome_due=timedelta(days=9))


def when_a_window_closes_is_forgotten() -> AbstractContextManager[object]:
    return _limits(outcome_before_close=timedelta(days=-9))


def what_was_just_taken_rings_at_once() -> AbstractContextManager[object]:
    return _limits(outcome_after_take=timedelta(0))


def a_dose_is_no_more_urgent_than_its_incident() -> AbstractContextManager[object]:
    real = outcome.outcome_due

    def mild(row: Any, history: Any, limits: Any) -> Any:
        due = real(row, history, limits)
        urgent = max(row.priority, "medium", key=RISING.index)
        return None if due is None else replace(due, priority=urgent)

    return patch.object(alarms, "outcome_due", mild)


def a_home_that_was_never_heard_is_missed_by_nobody() -> AbstractContextManager[object]:
    real = silence.silence

    def deaf(home: Any, *rest: Any) -> Any:
        return real(home, *rest) if home.heard else []

    return patch.object(silence, "silence", deaf)


def a_take_counts_for_ever() -> AbstractContextManager[object]:
    return patch.object(view, "waits", lambda decision, now: decision.state == "queued")


def a_take_counts_for_nothing() -> AbstractContextManager[object]:
    nobody = view.Ownership("", "none")
    return patch.object(alarms, "ownership", lambda row, takes, now: nobody)


def a_rise_leaves_it_with_whoever_had_it() -> AbstractContextManager[object]:
    """And closed, where somebody had closed it."""
    real = own._change

    def kept(connection: Any, row: Any, changes: Mapping[str, object], at: Any) -> None:
        risen = {key: value for key, value in changes.items() if key not in ("owner", "state")}
        real(connection, row, risen if changes.get("state") == "raised" else changes, at)

    return patch.object(own, "_change", kept)


BUGS: tuple[Sown, ...] = (
    told_twice_after_a_restart,
    overdue_counts_from_the_delivery,
    a_dead_man_that_forgets_the_window,
    lateness_adds_up,
    silence_is_judged_at_once_after_a_start,
    silence_is_forgotten_by_a_restart,
    half_an_hour_of_silence_is_no_more_than_five_minutes,
    overdue_stays_at_its_priority,
    the_list_ends_without_the_manager,
    hours_are_those_of_utc,
    a_rise_keeps_the_ladder_it_had,
    whoever_took_it_is_never_asked_again,
    when_a_window_closes_is_forgotten,
    what_was_just_taken_rings_at_once,
    a_dose_is_no_more_urgent_than_its_incident,
    a_home_that_was_never_heard_is_missed_by_nobody,
    a_take_counts_for_ever,
    a_take_counts_for_nothing,
    a_rise_leaves_it_with_whoever_had_it,
)
