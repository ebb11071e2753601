"""Every cell of the dose machine's table."""

from __future__ import annotations

import itertools

import pytest

from scheduler.dose import (
    DECISIONS,
    IN_MAGAZINE,
    IN_MOTION,
    TABLE,
    IllegalTransition,
    Stage,
    Trigger,
    advance,
)

CELLS = list(itertools.product(Stage, Trigger))


@pytest.mark.parametrize(("stage", "trigger"), CELLS)
def test_every_cell_moves_refuses_or_doubts(stage: Stage, trigger: Trigger) -> None:
    rest = Stage.DUE
    if (stage, trigger) in TABLE:
        assert advance(stage, trigger, rest) in Stage
    elif trigger in DECISIONS:
        with pytest.raises(IllegalTransition, match=f"^{trigger} in stage {stage}$"):
            advance(stage, trigger, rest)
    else:
        assert advance(stage, trigger, rest) is Stage.DOUBT


def test_a_release_is_ordered_only_for_a_dose_in_the_magazine_that_is_due_or_failed() -> None:
    allowed = {stage for stage, trigger in TABLE if trigger is Trigger.RELEASE_ORDERED}
    assert allowed == {Stage.DUE, Stage.FAILED}


def test_a_second_release_done_of_the_same_dose_is_a_doubt() -> None:
    for stage in Stage:
        expected = Stage.HOLDING if stage in IN_MAGAZINE | {Stage.RELEASING, Stage.DOUBT} else Stage.DOUBT
        assert advance(stage, Trigger.RELEASE_DONE, Stage.DUE) is expected


def test_nothing_leaves_a_hand_or_the_store_by_an_order() -> None:
    ordered = [trigger for trigger in Trigger if trigger.value.endswith("_ordered")]
    for stage, trigger in itertools.product((Stage.LIFTED, Stage.IN_STORE, Stage.OUT), ordered):
        with pytest.raises(IllegalTransition):
            advance(stage, trigger, Stage.DUE)


def test_an_order_refused_goes_back_to_where_it_left_from_also_into_doubt() -> None:
    for stage in IN_MOTION:
        assert advance(stage, Trigger.REFUSED, Stage.DOUBT) is Stage.DOUBT
        assert advance(stage, Trigger.REFUSED, Stage.HOLDING) is Stage.HOLDING


def test_only_a_record_or_a_finding_leads_out_of_doubt() -> None:
    ways_out = {trigger for stage, trigger in TABLE if stage is Stage.DOUBT}
    assert not ways_out & {Trigger.OPENED, Trigger.HELD, Trigger.RELEASE_ORDERED, Trigger.PRESENT_ORDERED}
    assert advance(Stage.DOUBT, Trigger.RETRACT_ORDERED, Stage.DUE) is Stage.RETRACTING
