"""Every cell of every state machine of the core, against an expectation that was written by hand.

A row is an input, a column a state; `=` stays, `!` is refused, any other word is the state that follows. The
dose's own table has two more: `back` is where its order left from, `DOUBT` a fact that can't be true there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from scheduler.dose import IllegalTransition, Stage, Trigger, advance
from scheduler.machines_of_custody import COUNT, CUSTODY, SPOT
from scheduler.machines_of_dose import ASKING, CALL, HOLD, LOSS, ORDER, OUTCOME, SIDE, TOKEN, WISH
from scheduler.machines_of_home import ALARM_TEST, CLOCK, DELIVERY, INCIDENT, LINK, MODE, PAUSE
from scheduler.table import Table
from scheduler.transitions import MACHINES

FATE = """
               open           retrieved confirmed witnessed missed         given_by_staff taken_along refused        withheld       failed         uncertain
retrieved      retrieved      !         !         !         retrieved      !              !           retrieved      retrieved      retrieved      retrieved
confirmed      confirmed      confirmed !         !         confirmed      !              confirmed   confirmed      confirmed      confirmed      confirmed
witnessed      witnessed      witnessed witnessed !         witnessed      !              !           witnessed      witnessed      witnessed      witnessed
missed         missed         !         !         !         !              !              missed      !              !              !              missed
given_by_staff given_by_staff !         !         !         given_by_staff !              !           given_by_staff given_by_staff given_by_staff given_by_staff
taken_along    taken_along    !         !         !         taken_along    !              !           taken_along    taken_along    taken_along    taken_along
refused        refused        !         !         !         !              !              !           !              !              !              refused
withheld       withheld       !         !         !         !              !              !           !              !              !              withheld
failed         failed         !         !         !         !              !              failed      !              !              !              failed
uncertain      uncertain      !         !         !         !              !              !           !              !              !              !
"""  # noqa: E501 - a table

EXPECTED: list[tuple[Table[Any, Any], str]] = [
    (ORDER, """
                none      issued    accepted  started   in_doubt
    issued      issued    !         !         !         issued
    revoked     !         none      !         !         !
    accepted    =         accepted  =         =         =
    started     =         started   started   =         =
    done        !         none      none      none      none
    refused     !         none      none      none      none
    unknown     !         in_doubt  in_doubt  in_doubt  =
    lifted      =         none      none      none      none
    found       =         !         !         !         none
    """),
    (HOLD, """
                free      held      one_word  let_go
    held        held      !         !         held
    first       !         one_word  =         !
    second      !         !         let_go    !
    checked     !         free      free      !
    """),
    (TOKEN, """
                robot     person
    passed      person    !
    returned    !         robot
    """),
    (OUTCOME, FATE),
    (SIDE, """
                planned   due       settled
    replanned   =         !         !
    withdrawn   =         !         !
    due         due       !         !
    outcome     settled   settled   =
    """),
    (WISH, """
                nothing   later     no_thanks
    later       later     =         later
    no_thanks   no_thanks no_thanks =
    taken_back  !         nothing   nothing
    ordered     =         nothing   nothing
    """),
    (ASKING, """
                nothing   question
    asked       question  =
    answered    !         nothing
    left_open   !         nothing
    """),
    (INCIDENT, """
                raised        published     delivered     acknowledged  handled  closed
    changed     =             =             =             =             !        !
    reopened    =             raised        raised        raised        !        raised
    cleared     closed        closed        closed        closed        !        =
    taken       acknowledged  acknowledged  acknowledged  =             !        !
    handled     !             !             !             handled       !        !
    closed      !             !             !             !             closed   !
    published   published     =             =             =             =        =
    undelivered =             =             =             =             =        =
    delivered   delivered     delivered     =             =             =        =
    """),
    (DELIVERY, """
                owed        undelivered  receipted
    revised     =           =            owed
    too_long    undelivered !            !
    receipt     receipted   receipted    =
    old_receipt =           =            =
    """),
    (MODE, """
                normal     assisted   witnessed  suspended
    normal      =          normal     normal     normal
    assisted    assisted   =          assisted   assisted
    witnessed   witnessed  witnessed  =          witnessed
    suspended   suspended  suspended  suspended  =
    """),
    (PAUSE, """
                   no       yes      acted
    begun          yes      =        =
    reviewed       !        =        =
    ended          !        no       no
    action         !        acted    !
    review_closed  =        =        =
    action_closed  =        =        yes
    """),
    (LINK, """
                absent      identified  ready       rejected
    identified  identified  =           identified  identified
    caught_up   !           ready       =           !
    lost        =           absent      absent      absent
    rejected    rejected    rejected    rejected    =
    restarted   =           absent      absent      absent
    """),
    (CLOCK, """
                untrusted   trusted
    vouched     trusted     =
    doubted     =           untrusted
    outvoted    !           =
    restarted   =           untrusted
    """),
    (ALARM_TEST, """
                none       begun      under_way  passed     failed
    begun       begun      !          !          begun      begun
    raised      !          under_way  !          !          !
    failed      !          !          failed     !          =
    receipted   =          =          =          =          =
    cleared     !          !          passed     !          =
    """),
    (CUSTODY, """
                never_moved asked  here   gone
    asked       asked       =      !      asked
    moved_out   gone        !      gone   !
    moved_in    !           here   !      !
    """),
    (COUNT, """
                counted   uncounted missing
    taken_out   uncounted =         uncounted
    robot       !         counted   counted
    waste       !         counted   counted
    missing     !         missing   =
    """),
    (SPOT, """
                free      locked
    locked      locked    !
    unlocked    !         free
    """),
    (CALL, """
                none      to_call   called
    changed     to_call   =         to_call
    closed      !         called    !
    """),
    (LOSS, """
                known     lost
    had         !         known
    not_had     !         known
    """),
]  # fmt: skip

DOSE = """
                   planned    due        held       failed     releasing  holding    presenting in_tray    retracting passing    diverting  in_store   lifted     out        doubt
opened             due        !          !          !          !          !          !          !          !          !          !          !          !          !          !
held               !          held       !          held       !          !          !          !          !          !          !          !          !          !          !
let_go             !          !          due        !          !          !          !          !          !          !          !          !          !          !          !
release_ordered    !          releasing  !          releasing  !          !          !          !          !          !          !          !          !          !          !
present_ordered    !          !          !          !          !          presenting !          !          !          !          !          !          !          !          !
retract_ordered    !          !          !          !          !          !          !          retracting !          !          !          !          !          !          retracting
divert_ordered     passing    passing    passing    passing    !          diverting  !          !          !          !          !          !          !          !          diverting
revoked            !          !          !          !          back       !          back       !          back       back       back       !          !          !          !
release_done       holding    holding    holding    holding    holding    DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      holding
present_done       DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      in_tray    in_tray    DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      in_tray
retract_done       DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      holding    holding    DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      holding
divert_done        in_store   in_store   in_store   in_store   DOUBT      in_store   DOUBT      DOUBT      DOUBT      in_store   in_store   DOUBT      DOUBT      in_store   in_store
refused            DOUBT      DOUBT      DOUBT      DOUBT      back       DOUBT      back       DOUBT      back       back       back       DOUBT      DOUBT      DOUBT      back
not_moved          DOUBT      DOUBT      DOUBT      DOUBT      failed     DOUBT      back       DOUBT      back       back       back       DOUBT      DOUBT      DOUBT      back
unknown            DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT
lifted             DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      lifted     lifted     DOUBT      DOUBT      DOUBT      lifted     DOUBT      lifted
found_in_magazine  DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      due
found_untouched    DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      planned
found_in_holding   DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      holding
found_out          DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      out
resident_had_it    DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      lifted
came_back          DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      DOUBT      out        DOUBT      DOUBT
"""  # noqa: E501 - a table


def cells(grid: str) -> dict[tuple[str, str], str]:
    """(state, input) -> what the grid says follows."""
    head, *rows = (line.split() for line in grid.strip().splitlines())
    assert all(len(row) == len(head) + 1 for row in rows)
    return {(state, row[0]): cell for row in rows for state, cell in zip(head, row[1:], strict=True)}


def every(table: Table[Any, Any]) -> Iterator[tuple[Any, Any]]:
    return ((state, given) for state in table.states for given in table.inputs)


@pytest.mark.parametrize(("table", "grid"), EXPECTED, ids=[table.name for table, _ in EXPECTED])
def test_every_cell_is_what_was_written_by_hand(table: Table[Any, Any], grid: str) -> None:
    expected = cells(grid)
    assert expected.keys() == {(state.value, given.value) for state, given in every(table)}
    for state, given in every(table):
        says = expected[state.value, given.value]
        assert table.refuses(state, given) == (says == "!"), (state, given)
        follows = state.value if says in ("!", "=") else says
        assert table.after(state, given) is table.states(follows), (state, given)


def test_each_machine_has_such_an_expectation() -> None:
    assert [table for table, _ in EXPECTED] == list(MACHINES)


@pytest.mark.parametrize("rest", [Stage.DUE, Stage.HOLDING, Stage.DOUBT])
def test_every_cell_of_the_dose(rest: Stage) -> None:
    expected = cells(DOSE)
    assert expected.keys() == {(stage.value, trigger.value) for stage in Stage for trigger in Trigger}
    for stage in Stage:
        for trigger in Trigger:
            says = expected[stage.value, trigger.value]
            if says == "!":
                with pytest.raises(IllegalTransition):
                    advance(stage, trigger, rest)
            else:
                follows = {"back": rest, "DOUBT": Stage.DOUBT}.get(says) or Stage(says)
                assert advance(stage, trigger, rest) is follows, (stage, trigger)
