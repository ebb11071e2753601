"""By when whoever took an incident must have said what came of it, and how urgent it is if they did not.

Pure but for the rows it is given. Asked by `alarms`, which calls people then, and by `desk`, which shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.roster import PRIORITIES, Priority
from dispenserd.oncall.view import TEST_ALARM, AnyRow
from protocol.mqtt.instants import from_text


@dataclass(frozen=True, slots=True)
class OutcomeDue:
    at: datetime
    priority: Priority
    taken: AnyRow  # the revision with which its present owner came to own it


def outcome_due(row: AnyRow, history: Sequence[AnyRow], limits: OncallLimits) -> OutcomeDue | None:
    """None: nobody owns it, or nothing is waited for. `history`: its revisions, oldest first.

    Two hours after the take; where the home said when the window of its dose closes, half an hour before that
    if it comes first, so that a colleague can still give the dose in time. A take that comes later than that,
    or so shortly before that it could not be acted upon, gives its owner what anybody has for what is high,
    ten minutes: a person who is on the way to the door is not rung at once, and the resident, whose window
    runs out meanwhile, does not wait two hours for the one who forgot it. What is taken after the window has
    closed has no dose to be in time for, and two hours.

    The dose's own urgency counts from the first notice on, also where the two hours end first: the window may
    close before the ladder has climbed to it.
    """
    if row.state != "acknowledged" or row.priority not in PRIORITIES or row.kind == TEST_ALARM:
        return None
    owned = _owned(row, history)
    taken = from_text(owned[0].received)
    due, priority = taken + limits.outcome_due, max(_known(row.priority), "medium", key=PRIORITIES.index)
    told = [each for each in owned if each.window_ends is not None]
    if told and taken < (
        closes := from_text(told[-1].window_ends)
    ):  # what comes after closing says nothing new
        in_time = max(closes - limits.outcome_before_close, taken + limits.outcome_after_take)
        due = min(due, in_time)
        if told[-1].dose_priority in PRIORITIES:
            priority = max(priority, _known(told[-1].dose_priority), key=PRIORITIES.index)
    return OutcomeDue(due, priority, owned[0])


def _owned(row: AnyRow, history: Sequence[AnyRow]) -> list[AnyRow]:
    """The revisions since its present owner came to own it, oldest first."""
    found = [history[-1]]
    for each in reversed(history[:-1]):
        if each.owner != row.owner:
            break
        found.insert(0, each)
    return found


def _known(priority: str) -> Priority:
    return cast(Priority, priority)
