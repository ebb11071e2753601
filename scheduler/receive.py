"""`receive(world, setting, fact, now) -> [Event]`: what a fact from outside means in this world.

Drops what is known already, checks what is new against what we knew, and answers wishes. `receive_command`
does that for people's wishes. What follows from the resulting world is `decide`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage, Trigger
from scheduler.personal import named
from scheduler.receive_card import card_offered
from scheduler.receive_clock import compared
from scheduler.receive_command import close, decide_dose, reject, take
from scheduler.receive_custody import custody_changed
from scheduler.receive_regime import confirmed, regime_changed
from scheduler.receive_roll import load_roll
from scheduler.receive_settings import clock_times, medicine_list
from scheduler.upkeep import alarm_test_open
from scheduler.world import Dose, OpenOrder, RobotState, Setting, World

EPOCH_MAX = 2**32 - 1
"""The highest that a robot can keep."""


def receive(world: World, setting: Setting, fact: cmd.Fact, now: datetime) -> Sequence[ev.Event]:
    """The events a fact leads to, at `now`; none when it says nothing new."""
    match fact:
        case ev.RobotIdentified():
            return _identified(world, fact)
        case ev.RobotLogged():
            return _logged(world, fact, now)
        case ev.RobotCaughtUp():
            current = fact.session == world.robot(fact.robot).session
            return [fact, *_unproven(world, setting, fact)] if current else []
        case ev.RobotReported():
            return [] if world.robot(world.serial(fact.robot)).status == fact.status else [fact]
        case ev.Pressed():
            return _pressed(world, setting, fact, now)
        case ev.RobotLost():
            return [] if _known(world, fact, RobotState.ABSENT) else [fact]
        case ev.RobotRejected():
            return [] if _known(world, fact, RobotState.REJECTED) else [fact]
        case ev.OrderEnded():
            return _answered(world, fact)
        case ev.IncidentPublished() | ev.IncidentUndelivered():
            return _about_incident(world, fact)
        case ev.PlanRefused():
            known_bad = world.refused_plans.get(fact.resident, ("", ""))[0] == fact.fingerprint
            return [] if known_bad else [fact]
        case ev.StoreStopped():
            return [] if world.store_stopped == (fact.reason, fact.stopped) else [fact]
        case ev.JournalFoundBehind():
            return [] if _known_loss(world, fact) else [fact, *_of_another_life(world, fact)]
        case _:
            return _wish(world, setting, fact, now)


def _wish(world: World, setting: Setting, fact: cmd.Fact, now: datetime) -> Sequence[ev.Event]:
    match fact:
        case cmd.TakeIncident():
            return take(world, setting, fact, now)
        case cmd.CloseIncident():
            return close(world, setting, fact, now)
        case cmd.DecideDose():
            return decide_dose(world, setting, fact, now)
        case (
            cmd.SetMode()
            | cmd.PauseResident()
            | cmd.ReviewPause()
            | cmd.ResumeResident()
            | cmd.PlanLeave()
            | cmd.EndLeave()
            | cmd.AuthoriseRelease()
        ):
            return regime_changed(world, setting, fact, now)
        case cmd.AskMove() | cmd.MoveOut() | cmd.MoveIn() | cmd.TakeOutMagazine() | cmd.CountSachets():
            return custody_changed(world, setting, fact, now)
        case cmd.ConfirmPlan():
            return confirmed(world, setting, fact, now)
        case cmd.OfferMedicineList():
            return medicine_list(world, fact.catalogue, now)
        case cmd.OfferClockTimes():
            return clock_times(world, fact.clock, now)
        case cmd.RejectCommand():
            return reject(world, setting, fact, now)
        case cmd.TakeReceipt():
            return _receipt(world, fact, now)
        case cmd.RaiseTestAlarm():
            return [] if alarm_test_open(world) else [ev.AlarmTestBegun(at=now, by=fact.by)]
        case cmd.ReportCertificates():
            known = world.certificates == fact.found
            return [] if known else [ev.CertificatesRead(at=now, found=fact.found)]
        case cmd.OfferPlan():
            return card_offered(world, setting, fact, now)
        case cmd.ReportElsewhere():
            return _elsewhere(world, fact, now)
        case cmd.LoadRoll():
            return load_roll(world, setting, fact, now)
        case cmd.ReportClock():
            return compared(world, setting, fact, now)
        case cmd.ReportClockStep():
            return [
                ev.ClockDoubted(at=now, reason="stepped")
            ]  # also while doubted: how far back is now known
        case _:
            return [fact]


# --- the robot --------------------------------------------------------------------------------------


def _known(world: World, fact: ev.RobotLost | ev.RobotRejected, state: RobotState) -> bool:
    serial = world.serial(fact.robot)
    robot = world.robot(serial)
    return serial in world.robots and robot.state is state and robot.reason == fact.reason


def _identified(world: World, fact: ev.RobotIdentified) -> Sequence[ev.Event]:
    """P7: absence is proof only while log id, horizon and head continue what we knew."""
    robot = world.robot(fact.robot)
    if not robot.log_id:
        return [fact]
    if fact.log_id != robot.log_id:
        return [fact, ev.RobotLogBroken(at=fact.at, reason="formatted", robot=fact.robot)]
    if fact.log_head < robot.log_read:
        return [fact, ev.RobotLogBroken(at=fact.at, reason="shorter", robot=fact.robot)]
    if fact.log_horizon > robot.log_read + 1:
        return [fact, ev.RobotLogBroken(at=fact.at, reason="gap", robot=fact.robot)]
    return [fact]


def _logged(world: World, fact: ev.RobotLogged, now: datetime) -> Sequence[ev.Event]:
    """A log entry is a fact once, by its index; the last one known is read again and must be the same."""
    robot = world.robot(world.serial(fact.robot))
    if fact.log_id != robot.log_id or fact.index <= robot.log_read:
        same = robot.last_entry
        if same is not None and fact.index == same.index and replace(fact, at=same.at) != same:
            return [ev.RobotLogBroken(at=fact.at, reason="rewritten", robot=fact.robot)]
        return []
    dose = world.doses.get(fact.dose_id)
    if dose is not None and fact.entry == "lifted" and dose.order is not None:
        return [*_overtaken(dose.order.order, fact), fact]
    if dose is None or fact.entry not in ("ended", "cancelled"):
        return [fact]
    order = dose.order.order if dose.order else dose.doubted
    if order is not None and order.order_id == fact.order_id:
        if dose.order is None and dose.stage is not Stage.DOUBT:
            return [fact, *_against_finding(dose, fact)]
        return [fact, _ended(order, fact)]
    after_lift = dose.stage is Stage.LIFTED and fact.order_kind == ev.OrderKind.RETRACT
    if fact.result == "done" and fact.order_kind and not after_lift:  # W-ORDER-25: the lift ended it
        kind = ev.OrderKind(fact.order_kind)
        return [fact, _adopted(dose, kind, fact)]
    return [fact]


def _against_finding(dose: Dose, fact: ev.RobotLogged) -> Sequence[ev.Event]:
    """Rule 6: a person settled the doubt before the record came. A record that says otherwise is a possible
    double dose; it is shown, and undoes nothing by itself."""
    doubted = dose.doubted
    if doubted is None or dose.contradicted or dose.found not in FINDINGS_AFTER[doubted.kind]:
        return []
    if fact.result in FINDINGS_AFTER[doubted.kind][dose.found]:
        return []
    return [ev.FindingContradicted(at=fact.at, dose_id=dose.dose_id, log_index=fact.index)]


_STAYED = frozenset({"not_moved", "unclear", ""})  # "" = cancelled
_WENT = frozenset({"done", "unclear"})
_NO_RESULT: frozenset[str] = frozenset()

FINDINGS_AFTER: dict[ev.OrderKind, dict[str, frozenset[str]]] = {
    ev.OrderKind.RELEASE: {
        Trigger.FOUND_IN_MAGAZINE: frozenset({"not_moved", ""}),
        Trigger.FOUND_IN_HOLDING: _WENT,
        Trigger.RESIDENT_HAD_IT: _WENT,
    },
    ev.OrderKind.PRESENT: {
        Trigger.FOUND_IN_MAGAZINE: _NO_RESULT,
        Trigger.FOUND_IN_HOLDING: _STAYED,
        Trigger.RESIDENT_HAD_IT: _WENT,
    },
    ev.OrderKind.RETRACT: {
        Trigger.FOUND_IN_MAGAZINE: _NO_RESULT,
        Trigger.FOUND_IN_HOLDING: _WENT,
        Trigger.RESIDENT_HAD_IT: _STAYED,
    },
    ev.OrderKind.DIVERT: {
        Trigger.FOUND_IN_MAGAZINE: _STAYED,
        Trigger.FOUND_IN_HOLDING: _STAYED,
        Trigger.RESIDENT_HAD_IT: _STAYED,
    },
}
"""The doubted order -> finding -> results that agree with it; any result agrees with `found_out`."""


def _overtaken(order: ev.Order, fact: ev.RobotLogged) -> Sequence[ev.Event]:
    """The resident lifted it before the record of the motion ended: the lift is the end of that order."""
    if order.kind not in (ev.OrderKind.RETRACT, ev.OrderKind.PRESENT):
        return []
    stayed = order.kind is ev.OrderKind.RETRACT
    return [
        ev.OrderEnded(
            at=fact.at,
            order_id=order.order_id,
            dose_id=order.dose_id,
            kind=order.kind,
            result=ev.Result.REFUSED if stayed else ev.Result.UNKNOWN,
            reason="lifted",
        )
    ]


def _ended(order: ev.Order, fact: ev.RobotLogged) -> ev.OrderEnded:
    if fact.entry == "cancelled":
        result, reason = ev.Result.REFUSED, "cancelled" if fact.detail in OURS else fact.detail
    elif fact.result == "done" and _of_another(order, fact):
        result, reason = ev.Result.REFUSED, OTHER_LABEL  # its own sachet lies where it lay
    elif fact.result == "done":
        result, reason = ev.Result.DONE, "log"
    elif fact.result == "not_moved":
        result, reason = ev.Result.REFUSED, "not_moved"
    else:
        result, reason = ev.Result.UNKNOWN, "unclear"
    return ev.OrderEnded(
        at=fact.at,
        order_id=order.order_id,
        dose_id=order.dose_id,
        kind=order.kind,
        result=result,
        reason=reason,
        detail=fact.detail,
    )


OTHER_LABEL = "other_label"


def _of_another(order: ev.Order, fact: ev.RobotLogged) -> bool:
    """The reader saw another label than was ordered to the store: that settles nothing of this dose."""
    magazine = order.kind is ev.OrderKind.DIVERT and order.source == "magazine"
    return magazine and bool(order.label and fact.label) and fact.label != order.label


OURS = frozenset({"", "hello", "boot"})
"""Why an order that was not started was cancelled: our own greeting, or a boot. Else the robot would not."""


def _adopted(dose: Dose, kind: ev.OrderKind, fact: ev.RobotLogged) -> ev.MotionAdopted:
    return ev.MotionAdopted(fact.at, dose.dose_id, kind, fact.index, fact.label, fact.robot)


def _unproven(world: World, setting: Setting, fact: ev.RobotCaughtUp) -> list[ev.Event]:
    """After catching up: each order of an earlier session is proved never seen, or stays Unknown. The log of
    one robot proves nothing of what another was told; of one that the home has no more, nothing ever will."""
    robot = world.robot(fact.robot)
    return [
        _unanswered(dose, dose.order, fact)
        for dose in world.doses.values()
        if dose.order is not None
        and (dose.order.order.robot == fact.robot or dose.order.order.robot not in setting.robots)
        and dose.order.session != robot.session
        and not (dose.order.started and dose.order.boot_id == robot.boot_id)  # still moving
    ]


def _unanswered(dose: Dose, open_order: OpenOrder, fact: ev.RobotCaughtUp) -> ev.OrderEnded:
    order, at = open_order.order, fact.at
    if order.robot != fact.robot:
        result, reason = ev.Result.UNKNOWN, "other_robot"
    elif open_order.started:
        result, reason = ev.Result.UNKNOWN, "started_not_ended"
    elif open_order.accepted or open_order.unprovable:
        result, reason = ev.Result.UNKNOWN, open_order.unprovable or "accepted_not_ended"
    else:
        result, reason = ev.Result.REFUSED, "never_seen"
    return ev.OrderEnded(
        at=at, order_id=order.order_id, dose_id=order.dose_id, kind=order.kind, result=result, reason=reason
    )


def _answered(world: World, fact: ev.OrderEnded) -> Sequence[ev.Event]:
    """The robot refused the order on the spot: only the open order with that id can be meant."""
    for dose in world.doses.values():
        if dose.order is not None and dose.order.order.order_id == fact.order_id:
            order = dose.order.order
            result = ev.Result.UNKNOWN if _doubtful(dose.order, fact) else fact.result
            return [replace(fact, dose_id=order.dose_id, kind=order.kind, result=result)]
    return []


def _doubtful(open_order: OpenOrder, fact: ev.OrderEnded) -> bool:
    """A refusal that is no proof: until somebody looked, nobody knows who had the sachet."""
    vanished = fact.reason == "place_empty" and open_order.order.source != "magazine"
    remembered = fact.reason == "already_released"  # a release that we don't remember (P9)
    return remembered or vanished or open_order.accepted  # its log says that it does it


def _pressed(world: World, setting: Setting, fact: ev.Pressed, now: datetime) -> Sequence[ev.Event]:
    """Rule 2: at most 60 s old by the robot's uptime and from this session; anything else is history. What it
    waited here behind a slow commit counts too. Whose tag it was is journalled, and never the tag. A wish to
    be helped is never too old."""
    fact = named(world, setting, fact, now)
    if fact.answer is ev.Answer.HELP:
        return [fact]
    robot = world.robot(fact.robot)
    current = robot.state is RobotState.READY and fact.session == robot.session
    waited = max(now - fact.at, timedelta(0)) / setting.limits.pace
    age = timedelta(milliseconds=fact.age_ms) + waited
    if not current or age > setting.limits.press_age:
        spent = ev.PressSpent(at=fact.at, reason="old", robot=fact.robot, resident=fact.resident)
        return [fact, spent]
    return [fact]


def _known_loss(world: World, fact: ev.JournalFoundBehind) -> bool:
    """Told before by this keeper, or looked into by a person."""
    head = (fact.epoch, fact.head)
    told = any((each.keeper, each.epoch, each.head) == (fact.keeper, *head) for each in world.behind)
    return told or head in world.looked_into


def _of_another_life(world: World, fact: ev.JournalFoundBehind) -> Sequence[ev.Event]:
    """Unless this life's epoch is above the one that was lost already. A keeper whose epoch is the highest
    there is locks us like any other; nothing could be counted above it."""
    if not world.epoch <= fact.epoch < EPOCH_MAX:
        return []
    return [ev.EpochBegun(at=fact.at, epoch=fact.epoch + 1)]


# --- what is known of elsewhere, receipts -------------------------------------------------------------


def _elsewhere(world: World, fact: cmd.ReportElsewhere, now: datetime) -> Sequence[ev.Event]:
    """Rule 8. Older knowledge than we have is none, and what is yet to come nobody knows. A person's word
    that nothing was given keeps no report away (2026-11-24): it may have been written before that."""
    known = world.elsewhere.get(fact.resident)
    known_to = min(fact.known_to, now)
    last = known.read if known is not None else None
    if fact.resident not in world.plans or (last is not None and known_to <= last):
        return []
    return [ev.ElsewhereRead(at=now, resident=fact.resident, known_to=known_to, given=fact.given)]


def _receipt(world: World, fact: cmd.TakeReceipt, now: datetime) -> Sequence[ev.Event]:
    if fact.incident_id.startswith("answer/"):
        return [ev.AnswerDelivered(at=now, command_id=fact.incident_id.removeprefix("answer/"))]
    incident = world.incidents.get(fact.incident_id)
    if incident is None or fact.revision > incident.revision:
        return []
    if fact.revision == incident.revision and fact.incident_id not in world.receipts:
        return []  # receipted before
    return [ev.IncidentDelivered(at=now, incident_id=fact.incident_id, revision=fact.revision)]


def _about_incident(world: World, fact: ev.IncidentPublished | ev.IncidentUndelivered) -> Sequence[ev.Event]:
    """The uplink's word about a revision; said once."""
    incident = world.incidents.get(fact.incident_id)
    owed = world.receipts.get(fact.incident_id)
    if incident is None or owed is None or fact.revision != incident.revision:
        return []
    if isinstance(fact, ev.IncidentUndelivered):
        quiet = incident.priority is ev.Priority.INFO  # a test alarm under way: its own limit says it failed
        return [] if incident.undelivered or quiet else [fact]
    return [fact] if incident.state is ev.State.RAISED else []
