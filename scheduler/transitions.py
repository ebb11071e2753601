"""Which step of which machine an event is, and whether the machine's table allows it.

`invariants` asks before each commit: a step without a cell is our own mistake, whatever rule decided it, and
nothing of it is committed. A replay asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scheduler import events as ev
from scheduler.let_go import TOGETHER
from scheduler.machines_of_custody import COUNT, CUSTODY, SPOT, CountInput, CustodyInput, SpotInput
from scheduler.machines_of_dose import (
    ASKING,
    CALL,
    HOLD,
    LOSS,
    ORDER,
    OUTCOME,
    SIDE,
    TOKEN,
    WISH,
    AskingInput,
    CallInput,
    HoldInput,
    LossInput,
    OrderInput,
    SideInput,
    TokenInput,
    WishInput,
)
from scheduler.machines_of_home import (
    ALARM_TEST,
    CLOCK,
    DELIVERY,
    INCIDENT,
    LINK,
    MODE,
    PAUSE,
    AlarmTestInput,
    DeliveryInput,
    IncidentInput,
    PauseInput,
    RobotInput,
)
from scheduler.regime import paused_of
from scheduler.standing import (
    alarm_test_of,
    asking_of,
    call_of,
    count_of,
    custody_of,
    delivery_of,
    fate_of,
    hold_of,
    loss_of,
    order_of,
    side_of,
    spot_of,
    token_of,
    wish_of,
)
from scheduler.table import Step, Table
from scheduler.world import Dose, SideDose, World

MACHINES: tuple[Table[Any, Any], ...] = (
    ORDER, HOLD, TOKEN, OUTCOME, SIDE, WISH, ASKING, INCIDENT, DELIVERY, MODE, PAUSE, LINK, CLOCK, ALARM_TEST,
    CUSTODY, COUNT, SPOT, CALL, LOSS,
)  # fmt: skip
"""Beside `dose.TABLE`, which refuses by itself."""


def refused(world: World, event: ev.Event) -> str:
    """The first step of this event that a table refuses, in `world` as it was before; "" = none."""
    for step in steps(world, event):
        if step.refused:
            return f"{step.table.name}: {step.given} in state {step.state}"
    return ""


def steps(world: World, event: ev.Event) -> Iterator[Step]:
    """What an event asks of each machine. About a dose or incident long gone it asks nothing."""
    if isinstance(event, OF_INCIDENT):
        yield from _of_incident(world, event)
    elif isinstance(event, OF_DOSE):
        yield from _of_dose(world, event)
    elif isinstance(event, OF_CUSTODY):
        yield from _of_custody(world, event)
    else:
        yield from _of_home(world, event)


OF_INCIDENT = (
    ev.IncidentRaised,
    ev.IncidentChanged,
    ev.IncidentCleared,
    ev.IncidentTaken,
    ev.IncidentHandled,
    ev.IncidentClosed,
    ev.IncidentPublished,
    ev.IncidentUndelivered,
    ev.IncidentDelivered,
)
OF_DOSE = (
    ev.OrderIssued,
    ev.OrderRevoked,
    ev.OrderEnded,
    ev.DoseHeld,
    ev.HoldLetGo,
    ev.HandedOutChanged,
    ev.DecisionMade,
    ev.TokenPassed,
    ev.TokenReturned,
    ev.OutcomeRecorded,
    ev.DosePutOff,
    ev.DoseDeclined,
    ev.AnswerTakenBack,
    ev.SideDosePlanned,
    ev.SideDoseWithdrawn,
    ev.SideDoseDue,
)
OF_CUSTODY = (
    ev.MoveAsked,
    ev.ResidentMovedOut,
    ev.ResidentMovedIn,
    ev.MagazineTakenOut,
    ev.SachetsCounted,
    ev.LockedOnTheSpot,
    ev.UnlockedOnTheSpot,
)
NEVER_REFUSED = (
    ev.IncidentPublished,
    ev.IncidentDelivered,
    ev.MagazineTakenOut,
    ev.DosePutOff,
    ev.DoseDeclined,
    ev.HandedOutChanged,
)
LOOKED_AT = tuple(
    kind
    for kind in (
        *OF_INCIDENT,
        *OF_DOSE,
        ev.RobotCaughtUp,
        ev.PauseReviewed,
        ev.PauseEnded,
        ev.PausedAction,
        ev.QuestionAnswered,
        ev.AlarmTestBegun,
        *OF_CUSTODY,
    )
    if kind not in NEVER_REFUSED
)
"""Every event that some table may refuse; facts and a person's accepted words may always be."""


def _of_incident(world: World, event: ev.IncidentEvent) -> Iterator[Step]:
    if isinstance(event, ev.IncidentRaised):
        if event.incident.kind is ev.Kind.TEST_ALARM:
            yield Step(ALARM_TEST, alarm_test_of(world), AlarmTestInput.RAISED)
        return
    incident = world.incidents.get(event.incident_id)
    if incident is None:
        return
    if isinstance(event, ev.IncidentDelivered):
        owed = world.receipts.get(incident.incident_id)
        old = owed is None or event.revision < owed.revision
        given = DeliveryInput.OLD_RECEIPT if old else DeliveryInput.RECEIPT
        yield Step(DELIVERY, delivery_of(world, incident), given)
        if old:
            return
    if isinstance(event, ev.IncidentPublished) and event.revision != incident.revision:
        return
    yield Step(INCIDENT, incident.state, incident_input(event))
    called = world.doses.get(incident.dose_id) if incident.kind is ev.Kind.CALL_RESIDENT else None
    if isinstance(event, ev.IncidentClosed) and called is not None:
        yield Step(CALL, call_of(called), CallInput.CLOSED)
    if isinstance(event, ev.IncidentUndelivered):
        yield Step(DELIVERY, delivery_of(world, incident), DeliveryInput.TOO_LONG)
    if incident.kind is ev.Kind.TEST_ALARM and incident.state is not ev.State.CLOSED:
        if isinstance(event, ev.IncidentCleared):
            yield Step(ALARM_TEST, alarm_test_of(world), AlarmTestInput.CLEARED)
        elif isinstance(event, ev.IncidentChanged) and event.priority > ev.Priority.INFO:
            yield Step(ALARM_TEST, alarm_test_of(world), AlarmTestInput.FAILED)


def incident_input(event: ev.IncidentChange) -> IncidentInput:
    if isinstance(event, ev.IncidentChanged):
        return IncidentInput.REOPENED if event.reopened else IncidentInput.CHANGED
    return INCIDENT_INPUTS[type(event)]


INCIDENT_INPUTS: dict[type, IncidentInput] = {
    ev.IncidentCleared: IncidentInput.CLEARED,
    ev.IncidentTaken: IncidentInput.TAKEN,
    ev.IncidentHandled: IncidentInput.HANDLED,
    ev.IncidentClosed: IncidentInput.CLOSED,
    ev.IncidentPublished: IncidentInput.PUBLISHED,
    ev.IncidentUndelivered: IncidentInput.UNDELIVERED,
    ev.IncidentDelivered: IncidentInput.DELIVERED,
}


def _of_dose(world: World, event: Any) -> Iterator[Step]:
    match event:
        case ev.OrderRevoked():
            for each in world.doses.values():
                if each.order is not None and each.order.order.order_id == event.order_id:
                    yield Step(ORDER, order_of(each), OrderInput.REVOKED)
            return
        case ev.SideDosePlanned():
            known = world.sides.get(event.dose.dose_id)
            if known is not None:
                yield Step(SIDE, side_of(known), SideInput.REPLANNED)
            return
        case ev.OrderIssued():
            dose_id = event.order.dose_id
        case _:
            dose_id = event.dose_id
    dose = world.doses.get(dose_id)
    side = world.sides.get(dose_id)
    if dose is not None:
        yield from _of_sachet(dose, event)
    elif side is not None:
        yield from _of_side(side, event)


def _of_sachet(dose: Dose, event: ev.DoseEvent) -> Iterator[Step]:
    match event:
        case ev.OrderIssued():
            yield Step(ORDER, order_of(dose), OrderInput.ISSUED)
        case ev.OrderEnded():
            yield Step(ORDER, order_of(dose), OrderInput(event.result.value))
        case ev.DoseHeld():
            yield Step(HOLD, hold_of(dose), HoldInput.HELD)
        case ev.HoldLetGo():
            yield Step(HOLD, hold_of(dose), hold_input(event))
        case ev.DecisionMade() if event.found in (LossInput.HAD, LossInput.NOT_HAD):
            yield Step(LOSS, loss_of(dose), LossInput(event.found))
        case ev.HandedOutChanged():
            yield Step(CALL, call_of(dose), CallInput.CHANGED)
        case ev.TokenPassed():
            yield Step(TOKEN, token_of(dose), TokenInput.PASSED)
        case ev.TokenReturned():
            yield Step(TOKEN, token_of(dose), TokenInput.RETURNED)
        case ev.OutcomeRecorded():
            yield Step(OUTCOME, fate_of(dose), event.outcome)
        case ev.AnswerTakenBack():
            yield Step(WISH, wish_of(dose), WishInput.TAKEN_BACK)
        case _:
            return


def hold_input(event: ev.HoldLetGo) -> HoldInput:
    if event.until is not None:
        return HoldInput.FIRST
    return HoldInput.SECOND if len(event.by) == TOGETHER else HoldInput.CHECKED


def _of_side(side: SideDose, event: Any) -> Iterator[Step]:
    match event:
        case ev.SideDoseDue():
            yield Step(SIDE, side_of(side), SideInput.DUE)
        case ev.SideDoseWithdrawn():
            yield Step(SIDE, side_of(side), SideInput.WITHDRAWN)
        case ev.OutcomeRecorded():
            yield Step(OUTCOME, fate_of(side), event.outcome)
        case _:
            return


def _of_home(world: World, event: ev.Event) -> Iterator[Step]:
    match event:
        case ev.RobotCaughtUp():
            robot = world.robot(world.serial(event.robot))
            yield Step(LINK, robot.state, RobotInput.CAUGHT_UP)
        case ev.ModeSet():
            yield Step(MODE, world.regime(event.resident).mode, event.mode)
        case ev.PauseBegun() | ev.PauseReviewed() | ev.PauseEnded() | ev.PausedAction():
            yield Step(PAUSE, paused_of(world.regime(event.resident)), PAUSE_INPUTS[type(event)])
        case ev.QuestionAsked():
            yield Step(ASKING, asking_of(world, event.resident), AskingInput.ASKED)
        case ev.QuestionAnswered():
            given = AskingInput.ANSWERED if event.answer else AskingInput.LEFT_OPEN
            yield Step(ASKING, asking_of(world, event.resident), given)
        case ev.AlarmTestBegun():
            yield Step(ALARM_TEST, alarm_test_of(world), AlarmTestInput.BEGUN)
        case _:
            return


PAUSE_INPUTS: dict[type, PauseInput] = {
    ev.PauseBegun: PauseInput.BEGUN,
    ev.PauseReviewed: PauseInput.REVIEWED,
    ev.PauseEnded: PauseInput.ENDED,
    ev.PausedAction: PauseInput.ACTION,
}


def _of_custody(world: World, event: Any) -> Iterator[Step]:
    match event:
        case ev.MagazineTakenOut():
            who = event.magazine.resident
            for label in (sachet.label for sachet in event.magazine.left):
                yield Step(COUNT, count_of(world, who, label), CountInput.TAKEN_OUT, label)
        case ev.SachetsCounted():
            for label in event.labels:
                yield Step(COUNT, count_of(world, event.resident, label), CountInput(event.place), label)
        case ev.LockedOnTheSpot() | ev.UnlockedOnTheSpot():
            yield Step(SPOT, spot_of(world, event.robot), SPOT_INPUTS[type(event)])
        case _:
            yield Step(CUSTODY, custody_of(world, event.resident), CUSTODY_INPUTS[type(event)])


CUSTODY_INPUTS: dict[type, CustodyInput] = {
    ev.MoveAsked: CustodyInput.ASKED,
    ev.ResidentMovedOut: CustodyInput.MOVED_OUT,
    ev.ResidentMovedIn: CustodyInput.MOVED_IN,
}
SPOT_INPUTS: dict[type, SpotInput] = {
    ev.LockedOnTheSpot: SpotInput.LOCKED,
    ev.UnlockedOnTheSpot: SpotInput.UNLOCKED,
}
