"""The dose machine: where one dose's medicine is, as one table.

Two rules of this file. A trigger that comes from the robot's record or from a person's finding has a cell in
every stage: facts are never refused, and a fact that can't be true where we thought the sachet was leads to
DOUBT. A trigger that is our own decision (an order, an opening, a hold) has a cell only where it is allowed;
anywhere else it is our bug and raises.

The outcome of a dose is not a stage: a dose given by hand still has its sachet in the magazine.
"""

from __future__ import annotations

from enum import StrEnum


class IllegalTransition(Exception):
    """Our own decision in a stage that forbids it; the dose is unchanged."""


class Stage(StrEnum):
    PLANNED = "planned"  # in the magazine, window not open
    DUE = "due"  # in the magazine, a fresh press releases it
    HELD = "held"  # in the magazine, not to be released until a person decided
    FAILED = "failed"  # in the magazine: a release was tried and the record proves that nothing left
    RELEASING = "releasing"
    HOLDING = "holding"  # in the holding place
    PRESENTING = "presenting"
    IN_TRAY = "in_tray"
    RETRACTING = "retracting"
    PASSING = "passing"  # magazine -> locked store
    DIVERTING = "diverting"  # holding place -> locked store
    IN_STORE = "in_store"
    LIFTED = "lifted"  # out of the tray, in somebody's hand
    OUT = "out"  # out of the robot's hands by a person's word: it never offers it again
    DOUBT = "doubt"  # nobody knows: fenced, counts as given (P3)


class Trigger(StrEnum):
    # our decisions
    OPENED = "opened"
    HELD = "held"
    LET_GO = "let_go"  # a person's word, or two
    RELEASE_ORDERED = "release_ordered"
    PRESENT_ORDERED = "present_ordered"
    RETRACT_ORDERED = "retract_ordered"
    DIVERT_ORDERED = "divert_ordered"
    REVOKED = "revoked"  # the order was never sent
    # the robot's record
    RELEASE_DONE = "release_done"
    PRESENT_DONE = "present_done"
    RETRACT_DONE = "retract_done"
    DIVERT_DONE = "divert_done"
    REFUSED = "refused"  # nothing was started
    NOT_MOVED = "not_moved"  # started, and the sensors prove that the sachet stayed
    UNKNOWN = "unknown"
    LIFTED = "lifted"
    # a person's finding
    FOUND_IN_MAGAZINE = "found_in_magazine"
    FOUND_UNTOUCHED = "found_untouched"  # in the magazine, and it was never due yet
    FOUND_IN_HOLDING = "found_in_holding"
    FOUND_OUT = "found_out"  # nobody had it, and the robot does not have it either
    RESIDENT_HAD_IT = "resident_had_it"
    CAME_BACK = "came_back"  # handed out before a leave, not had, and in the waste now


IN_MAGAZINE = frozenset({Stage.PLANNED, Stage.DUE, Stage.HELD, Stage.FAILED})
IN_MOTION = frozenset(
    {Stage.RELEASING, Stage.PRESENTING, Stage.RETRACTING, Stage.PASSING, Stage.DIVERTING},
)
AT_REST = frozenset(Stage) - IN_MOTION - {Stage.DOUBT}

DECISIONS = frozenset(
    {
        Trigger.OPENED,
        Trigger.HELD,
        Trigger.LET_GO,
        Trigger.RELEASE_ORDERED,
        Trigger.PRESENT_ORDERED,
        Trigger.RETRACT_ORDERED,
        Trigger.DIVERT_ORDERED,
        Trigger.REVOKED,
    }
)


class Back(StrEnum):
    """Go back to the stage that the order left from, a DOUBT included."""

    BACK = "back"


BACK = Back.BACK
_S, _T = Stage, Trigger

TABLE: dict[tuple[Stage, Trigger], Stage | Back] = {
    # our decisions, where they are allowed
    (_S.PLANNED, _T.OPENED): _S.DUE,
    (_S.DUE, _T.HELD): _S.HELD,
    (_S.FAILED, _T.HELD): _S.HELD,
    (_S.HELD, _T.LET_GO): _S.DUE,
    (_S.DUE, _T.RELEASE_ORDERED): _S.RELEASING,
    (_S.FAILED, _T.RELEASE_ORDERED): _S.RELEASING,
    (_S.HOLDING, _T.PRESENT_ORDERED): _S.PRESENTING,
    (_S.IN_TRAY, _T.RETRACT_ORDERED): _S.RETRACTING,
    (_S.DOUBT, _T.RETRACT_ORDERED): _S.RETRACTING,
    (_S.HOLDING, _T.DIVERT_ORDERED): _S.DIVERTING,
    (_S.DOUBT, _T.DIVERT_ORDERED): _S.DIVERTING,
    **{(stage, _T.DIVERT_ORDERED): _S.PASSING for stage in IN_MAGAZINE},
    **{(stage, _T.REVOKED): BACK for stage in IN_MOTION},
    # the record of the order under way, or of one we did not know (rule 16)
    **{(stage, _T.RELEASE_DONE): _S.HOLDING for stage in (*IN_MAGAZINE, _S.RELEASING, _S.DOUBT)},
    **{(stage, _T.PRESENT_DONE): _S.IN_TRAY for stage in (_S.HOLDING, _S.PRESENTING, _S.DOUBT)},
    **{(stage, _T.RETRACT_DONE): _S.HOLDING for stage in (_S.IN_TRAY, _S.RETRACTING, _S.DOUBT)},
    **{
        (stage, _T.DIVERT_DONE): _S.IN_STORE
        for stage in (*IN_MAGAZINE, _S.HOLDING, _S.PASSING, _S.DIVERTING, _S.DOUBT, _S.OUT)
    },
    # a lift is seen at the tray; the entry that put it there may have come in the same reading
    **{(stage, _T.LIFTED): _S.LIFTED for stage in (_S.IN_TRAY, _S.RETRACTING, _S.DOUBT, _S.LIFTED)},
    **{(stage, _T.REFUSED): BACK for stage in (*IN_MOTION, _S.DOUBT)},
    **{(stage, _T.NOT_MOVED): BACK for stage in (*IN_MOTION, _S.DOUBT)},
    (_S.RELEASING, _T.NOT_MOVED): _S.FAILED,
    # findings settle a doubt, and only a doubt; but for what was handed out and is counted
    (_S.DOUBT, _T.FOUND_IN_MAGAZINE): _S.DUE,
    (_S.DOUBT, _T.FOUND_UNTOUCHED): _S.PLANNED,
    (_S.DOUBT, _T.FOUND_IN_HOLDING): _S.HOLDING,
    (_S.DOUBT, _T.FOUND_OUT): _S.OUT,
    (_S.DOUBT, _T.RESIDENT_HAD_IT): _S.LIFTED,
    (_S.LIFTED, _T.CAME_BACK): _S.OUT,
}
"""Facts without a cell here lead to DOUBT; decisions without one raise."""


def advance(stage: Stage, trigger: Trigger, rest: Stage) -> Stage:
    """The next stage. `rest` is the stage that the newest order left from."""
    target = TABLE.get((stage, trigger))
    if target is None:
        if trigger in DECISIONS:
            raise IllegalTransition(f"{trigger} in stage {stage}")
        return Stage.DOUBT
    return rest if isinstance(target, Back) else target
