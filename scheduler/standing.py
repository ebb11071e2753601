"""In which state each machine stands, read from what the world keeps of it.

Knows the tables' words and the world's fields. `evolve`'s parts look before they step, `transitions` before
it judges.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from scheduler.custody import sachet_state
from scheduler.dose import Stage
from scheduler.events import Incident
from scheduler.machines_of_custody import Sachet, Spot, Where
from scheduler.machines_of_dose import (
    WISH,
    Asking,
    Call,
    Fate,
    Hold,
    Loss,
    OrderState,
    Side,
    Token,
    Wish,
    WishInput,
)
from scheduler.machines_of_home import AlarmTestState, ClockTrust, Delivery
from scheduler.replacing import replace
from scheduler.world import ClockState, Dose, SideDose, World


def order_of(dose: Dose) -> OrderState:
    """A finding settles a doubt, and leaves the order behind it on record."""
    if dose.order is None:
        in_doubt = dose.stage is Stage.DOUBT and dose.doubted is not None
        return OrderState.IN_DOUBT if in_doubt else OrderState.NONE
    if dose.order.started:
        return OrderState.STARTED
    return OrderState.ACCEPTED if dose.order.accepted else OrderState.ISSUED


def hold_of(dose: Dose) -> Hold:
    """Whatever else moved a sachet with one person's word ended its hold."""
    if dose.let_go is not None and dose.let_go.done:
        return Hold.LET_GO
    if dose.stage is not Stage.HELD:
        return Hold.FREE
    return Hold.HELD if dose.let_go is None else Hold.ONE_WORD


def call_of(dose: Dose) -> Call:
    if dose.changed > dose.called:
        return Call.TO_CALL
    return Call.CALLED if dose.called else Call.NONE


def loss_of(dose: Dose) -> Loss:
    return Loss.LOST if dose.lost else Loss.KNOWN


def token_of(dose: Dose) -> Token:
    return Token.PERSON if dose.token else Token.ROBOT


def fate_of(dose: Dose | SideDose) -> Fate:
    return Fate.OPEN if dose.outcome is None else Fate(dose.outcome.outcome.value)


def side_of(side: SideDose) -> Side:
    if side.outcome is not None:
        return Side.SETTLED
    return Side.DUE if side.due else Side.PLANNED


def wish_of(dose: Dose | SideDose) -> Wish:
    if dose.declined is not None:
        return Wish.NO_THANKS
    return Wish.NOTHING if dose.put_off is None else Wish.LATER


D = TypeVar("D", Dose, SideDose)


def wished(dose: D, given: WishInput, at: datetime) -> D:
    """The dose after one more word of the resident about it; why not is asked anew."""
    after = WISH.after(wish_of(dose), given)
    put_off = at if after is Wish.LATER else None
    return replace(dose, put_off=put_off, declined=at if after is Wish.NO_THANKS else None, said="")


def asking_of(world: World, resident: str) -> Asking:
    return Asking.QUESTION if resident in world.asked else Asking.NOTHING


def delivery_of(world: World, incident: Incident) -> Delivery:
    if incident.incident_id not in world.receipts:
        return Delivery.RECEIPTED
    return Delivery.UNDELIVERED if incident.undelivered else Delivery.OWED


def clock_of(clock: ClockState) -> ClockTrust:
    return ClockTrust.TRUSTED if clock.trusted else ClockTrust.UNTRUSTED


def alarm_test_of(world: World) -> AlarmTestState:
    test = world.alarm_test
    if test is None:
        return AlarmTestState.NONE
    return AlarmTestState(test.state) if test.incident_id else AlarmTestState.BEGUN


def custody_of(world: World, resident: str) -> Where:
    custody = world.custody.get(resident)
    return Where.NEVER_MOVED if custody is None else custody.where


def count_of(world: World, resident: str, label: str) -> Sachet:
    return sachet_state(world.counts.get(resident, ()), label)


def spot_of(world: World, robot: str) -> Spot:
    return Spot.LOCKED if world.robot(robot).locked_by else Spot.FREE
