"""The end of a dose: what leaves the resident's reach, and which outcome is written down (rule 3).

A window that closes orders what is needed; the outcome comes from the robot's record of it, never from the
clock. Where the record can't be had, the dose is `failed` or `uncertain`, which a later record corrects.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.changed import CARD_CHANGED, card_changed
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.evolve_dose import LEFT
from scheduler.gate import UNTREATED, beyond_plan, label_misfit, needs_personal_action, withholds
from scheduler.given_elsewhere import by_others
from scheduler.offering import doses_at, in_order, issue
from scheduler.own_sachet import NO_SACHET, discarded_at_mouth
from scheduler.personal import must_say_who
from scheduler.voice import reason_of, unwanted
from scheduler.world import Dose, Robot, RobotState, Setting, World, left_behind, robot_of

AGAIN = timedelta(minutes=5)
"""A retract or divert that came to nothing is tried again after this: long enough for a person to clear what
was in the way, and no two orders a second for the journal."""

GONE = frozenset({Stage.LIFTED, Stage.IN_STORE, Stage.OUT})
"""Nothing of it is left that the robot could put away."""

LOCKS = frozenset(
    {
        ev.Kind.DOSE_BLOCKED,
        ev.Kind.ROBOT_UNREACHABLE,
        ev.Kind.RELEASE_FAILED,
        ev.Kind.ORDER_UNKNOWN,
    }
)
"""Incidents that say the robot could not offer the dose: then it was not the resident who missed it."""


def cleared_away(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Retract what is left in the tray and divert what has a ground; one order at a time and robot."""
    busy = {serial for serial in setting.robots if world.order_under_way(serial)}
    for dose in in_order(world):
        if dose.stage in GONE or _stays(dose, now):
            continue
        serial = robot_of(setting, dose)
        ready = world.robot(serial).state is RobotState.READY
        if serial in busy or not ready or left_behind(setting, dose):
            continue
        kind, ground = _away(world, setting, dose, now)
        if kind is not None:
            return [issue(world, setting, dose, kind, ground, now)]
    return []


def _stays(dose: Dose, now: datetime) -> bool:
    """In the magazine for its window, or until a person says otherwise."""
    undecided = dose.outcome is None and not dose.discard
    return undecided and dose.stage in IN_MAGAZINE and now < dose.plan.closes


def _away(world: World, setting: Setting, dose: Dose, now: datetime) -> tuple[ev.OrderKind | None, str]:
    status = world.robot(robot_of(setting, dose)).status
    waits = dose.away_tried is not None and now < dose.away_tried + AGAIN
    if status is None or status.lid_open or waits:
        return None, ""
    closed = now >= dose.plan.closes and world.clock.trusted
    left = _left_in_tray(world, setting, dose, closed, now)
    if left:
        return ev.OrderKind.RETRACT, left  # rule 4: also under a fault
    ground = _divert_ground(world, setting, dose, closed, now)
    full = status.store_count >= status.store_max
    if not ground or full or status.fault or not _can_be_diverted(world, setting, dose):
        return None, ""
    return ev.OrderKind.DIVERT, ground


def _left_in_tray(world: World, setting: Setting, dose: Dose, closed: bool, now: datetime) -> str:
    """Why the sachet in the tray must go back now; "" = it stays, or there is none of this dose."""
    serial = robot_of(setting, dose)
    if dose.stage is Stage.IN_TRAY:
        unplanned = (
            "plan" if beyond_plan(world, dose) or card_changed(world, dose) else ""
        )  # rule 11: the change reaches it there
        until = tray_until(setting, dose)
        left = LEFT if until is not None and now >= until else ""
        ahead = dose.along and now < dose.plan.opens and world.clock.trusted
        over = "permit_over" if ahead and not dose.ahead_at(now) else ""  # they have left, or will not
        spot = "staff_lock" if world.robot(serial).locked_by else ""
        back = withholds(world, dose) or spot or unplanned or unwanted(dose) or left or over
        return "closing" if closed else "discard" if dose.discard else back
    status = world.robot(serial).status
    if not closed or dose.stage is not Stage.DOUBT or status is None or not status.tray:
        return ""
    elsewhere = any(d.stage is Stage.IN_TRAY for d in doses_at(world, setting, serial))
    return "" if elsewhere else "closing"


def tray_until(setting: Setting, dose: Dose) -> datetime | None:
    """Rule 2: until when its sachet may lie within reach; None = until its window closes. Controlled medicine
    goes back sooner, and so does what somebody else could take."""
    if dose.presented is None:
        return None
    personal = needs_personal_action(dose) or must_say_who(setting, robot_of(setting, dose))
    return dose.presented + setting.limits.tray_personal if personal else None


def _divert_ground(world: World, setting: Setting, dose: Dose, closed: bool, now: datetime) -> str:
    """Rule 11: one ground only. A held sachet may be another dose's: only a person lets it go."""
    if dose.discard:
        return "discard"
    if dose.plan.as_needed and dose.stage in IN_MAGAZINE:
        return ""  # nothing of it left the strip: what lies there is for the next time
    if world.behind:
        return ""  # rule 23: neither window nor holding place can be told from a journal that lost its end
    if dose.stage is Stage.HELD:
        return ""
    if closed:
        return "closing"
    if dose.outcome is None or not world.clock.trusted:
        return ""
    there = doses_at(world, setting, robot_of(setting, dose))
    return "settled" if any(_waits_behind(d, dose) and d.open_at(now) for d in there) else ""


def _waits_behind(one: Dose, dose: Dose) -> bool:
    """In the strip. Two residents' sachets of one time may lie either way round."""
    same_time = one.plan.opens == dose.plan.opens and one.plan.resident != dose.plan.resident
    return one.plan.opens > dose.plan.opens or same_time


def _can_be_diverted(world: World, setting: Setting, dose: Dose) -> bool:
    """Whether the robot would take the sachet we mean: by its label at the mouth, or the one it holds."""
    serial = robot_of(setting, dose)
    status = world.robot(serial).status
    if status is None:
        return False
    if dose.stage is Stage.HOLDING:
        return True
    if dose.stage is Stage.DOUBT:
        elsewhere = any(d.stage is Stage.HOLDING for d in doses_at(world, setting, serial))
        return status.holding and not status.tray and not elsewhere
    if dose.stage is Stage.HELD:
        return status.mouth_label == dose.held_label
    if dose.plan.as_needed:  # any other one would fit, too: it is not this one's
        return discarded_at_mouth(world, dose, serial)
    return dose.stage in IN_MAGAZINE and not label_misfit(world, setting, dose)


def settled(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """One outcome per dose, and its corrections."""
    for dose in in_order(world):
        if dose.outcome is not None and dose.outcome.outcome not in UNTREATED:
            continue
        found = _lifted(dose) or _in_the_way(world, setting, dose, now) or _closed(world, setting, dose, now)
        if found is None:
            continue
        outcome, reason, happened = found
        if dose.outcome is not None and dose.outcome.outcome is outcome:
            continue
        return [
            ev.OutcomeRecorded(
                at=now,
                dose_id=dose.dose_id,
                revision=dose.outcome.revision + 1 if dose.outcome else 1,
                outcome=outcome,
                late=outcome is ev.Outcome.RETRIEVED
                and happened > dose.plan.half
                and not dose.plan.as_needed,
                by="",
                reason=reason,
                happened=happened,
                helper=dose.helper if outcome in BY_A_PRESS else None,
            )
        ]
    return []


BY_A_PRESS = frozenset({ev.Outcome.RETRIEVED, ev.Outcome.TAKEN_ALONG, ev.Outcome.REFUSED})
"""Rule 2: of these the record says who pressed, where it was a named helper."""

Finding = tuple[ev.Outcome, str, datetime]


def _lifted(dose: Dose) -> Finding | None:
    """The record of a lift settles it, also against an earlier missed, failed or uncertain."""
    if dose.stage is not Stage.LIFTED or dose.lifted is None:
        return None
    outcome = ev.Outcome.TAKEN_ALONG if dose.along else ev.Outcome.RETRIEVED
    return outcome, "lifted", dose.lifted


def _in_the_way(world: World, setting: Setting, dose: Dose, now: datetime) -> Finding | None:
    """Before its window closes: nobody waits for it, and the next dose has to get past its sachet. No thanks
    stands then. Medicine that is withheld makes way for other people's only (rule 22), and so does what the
    robot must not offer because of a count, where its sachet lies at the mouth all the same (rule 24)."""
    if dose.outcome is not None or dose.order is not None:
        return None
    passable = (dose.stage in IN_MAGAZINE and dose.stage is not Stage.HELD) or dose.stage is Stage.HOLDING
    withheld = withholds(world, dose)
    if not (withheld or dose.declined or dose.uncounted) or not passable:
        return None
    serial = robot_of(setting, dose)
    ready = world.clock.trusted and world.robot(serial).state is RobotState.READY
    if dose.lost or dose.token or not ready or world.order_under_way(serial):
        return None
    behind = [d for d in doses_at(world, setting, serial) if _waits_behind(d, dose) and d.open_at(now)]
    waited_for = {
        d.plan.resident
        for d in behind
        if d.outcome is None and d.declined is None and d.stage in IN_MAGAZINE
        if not (withholds(world, d) or d.uncounted)
    }
    if dose.declined is not None and waited_for:
        return ev.Outcome.REFUSED, reason_of(dose), dose.declined
    if withheld and waited_for - {dose.plan.resident}:
        return ev.Outcome.WITHHELD, withheld, now
    at_mouth = dose.stage in IN_MAGAZINE and _can_be_diverted(world, setting, dose)
    if dose.uncounted and waited_for - {dose.plan.resident} and at_mouth:
        return ev.Outcome.UNCERTAIN, dose.uncounted, now
    return None


def _closed(world: World, setting: Setting, dose: Dose, now: datetime) -> Finding | None:
    closes = dose.plan.closes
    if now < closes or not world.clock.trusted or dose.stage is Stage.LIFTED:
        return None  # rule 18: on an untrusted clock nothing is decided by time
    uncertain = dose.outcome is not None and dose.outcome.outcome is ev.Outcome.UNCERTAIN
    if dose.outcome is not None and not uncertain:
        return None
    if dose.lost and dose.order is None:
        return ev.Outcome.UNCERTAIN, "journal_behind", closes  # rule 23: the end that was lost may tell of it
    if dose.uncounted and not (dose.order or dose.token):
        return None if uncertain else (ev.Outcome.UNCERTAIN, dose.uncounted, closes)  # rule 24
    withheld = withholds(world, dose) or by_others(world, dose)
    if withheld and dose.releases == 0 and dose.stage in IN_MAGAZINE and not (dose.order or dose.token):
        return ev.Outcome.WITHHELD, dose.held or withheld, closes  # rule 22: no record could say otherwise
    serial = robot_of(setting, dose)
    robot = world.robot(serial)
    if robot.state is not RobotState.READY and not dose.loose:
        return None if uncertain else _unread(robot, setting, dose, now)
    if world.order_under_way(serial) is not None and dose.stage not in (Stage.IN_STORE, Stage.OUT):
        return None
    if dose.token:
        return ev.Outcome.UNCERTAIN, "with_staff", closes
    if dose.stage in IN_MAGAZINE or dose.stage in (Stage.IN_STORE, Stage.OUT):
        outcome, reason = _untaken(world, dose)
        refused = outcome is ev.Outcome.REFUSED and dose.declined is not None
        return outcome, reason, dose.declined if refused and dose.declined is not None else closes
    if dose.stage is Stage.DOUBT or now >= closes + setting.limits.robot_gone:
        return ev.Outcome.UNCERTAIN, dose.stage.value, closes
    return None


def _untaken(world: World, dose: Dose) -> tuple[ev.Outcome, str]:
    """The record proves that nobody got it: whose doing was that?"""
    incident = world.incident_about(f"dose:{dose.dose_id}")
    locked = incident is not None and not incident.cleared and incident.kind in LOCKS
    if dose.loose and not withholds(world, dose):  # no robot's record could say anything of it
        changed = card_changed(world, dose)
        return (ev.Outcome.WITHHELD, CARD_CHANGED) if changed else (ev.Outcome.FAILED, NO_SACHET)
    if dose.held:
        return ev.Outcome.WITHHELD, dose.held
    others = by_others(world, dose)
    if others:
        return ev.Outcome.WITHHELD, others
    if dose.declined is not None:
        return ev.Outcome.REFUSED, reason_of(dose)
    if dose.plan.as_needed and dose.stage in (Stage.IN_STORE, Stage.OUT):
        return ev.Outcome.REFUSED, "not_lifted"  # asked for, and left: never missed (rule 8)
    if dose.failure:
        return ev.Outcome.FAILED, dose.failure
    if withholds(world, dose):
        return ev.Outcome.WITHHELD, withholds(world, dose)
    if not dose.offered or dose.plan.as_needed:
        return ev.Outcome.FAILED, "not_offered"
    if locked and incident is not None:
        return ev.Outcome.FAILED, incident.kind.value
    return ev.Outcome.MISSED, "in_store" if dose.stage is Stage.IN_STORE else "never_left"


def _unread(robot: Robot, setting: Setting, dose: Dose, now: datetime) -> Finding | None:
    """Rule 3: the robot can't be read at closing."""
    gone = setting.limits.robot_gone
    since = robot.since or dose.plan.closes
    if now < max(dose.plan.closes, since) + gone:
        return None
    if dose.releases == 0 and dose.declined is not None:
        return ev.Outcome.REFUSED, reason_of(dose), dose.declined
    if dose.releases == 0:
        return ev.Outcome.FAILED, "robot_unreachable", dose.plan.closes
    return ev.Outcome.UNCERTAIN, "robot_unreachable", dose.plan.closes
