"""People's wishes: take, close, decide. Each is carried out or refused with a reason code, and answered.

A refusal is an answer, never silence. The reason codes are stable: `dispenserd.cli` puts them into words.
A repeated command id is a redelivery: the first answer stands and nothing happens again (rule 28).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.custody import UNCOUNTED
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.double_feed import not_reconciled
from scheduler.gate import (
    GIVEN,
    UNTREATED,
    being_given,
    beyond_plan,
    earliest,
    in_reach,
    sharing,
)
from scheduler.machines_of_dose import LossInput
from scheduler.own_sachet import has_no_sachet
from scheduler.receive_elsewhere import which_it_was
from scheduler.receive_let_go import SECOND_NEEDED, let_go
from scheduler.taken_along import near_what_they_took_along
from scheduler.where_it_lies import where_it_lies
from scheduler.world import FORGERIES, Dose, Setting, SideDose, World

TOKEN_STAGES = IN_MAGAZINE | {Stage.HOLDING, Stage.IN_STORE, Stage.OUT}
"""Rule 5: the token never passes while the sachet is in the tray, in motion, in a hand or in doubt."""

RESIDENT_MAY_COME = frozenset(
    {ev.Kind.DOSE_DUE, ev.Kind.ABOUT_TO_MISS, ev.Kind.LEFT_IN_TRAY, ev.Kind.NOT_WITNESSED},
)
"""Taking one of these moves no token: the robot still offers the dose (rule 5)."""


def take(world: World, setting: Setting, fact: cmd.TakeIncident, now: datetime) -> Sequence[ev.Event]:
    """A named person owns the incident; where the robot can't offer the dose, they get its token."""
    if fact.command_id in world.answered:
        return []
    incident = _open_as_seen(world, fact)
    if isinstance(incident, str):
        return [answer(setting, fact, incident, now)]
    if incident.owner and incident.owner != fact.by:
        return [answer(setting, fact, "taken_by_other", now)]
    taken = ev.IncidentTaken(
        at=now, incident_id=incident.incident_id, revision=incident.revision + 1, by=fact.by
    )
    events: list[ev.Event] = [taken]
    dose = world.doses.get(incident.dose_id)
    if dose is not None and token_may_pass(world, incident, dose, now):
        passed = ev.TokenPassed(at=now, dose_id=dose.dose_id, to=fact.by, incident_id=incident.incident_id)
        events.append(passed)
    return [*events, answer(setting, fact, "", now)]


def close(world: World, setting: Setting, fact: cmd.CloseIncident, now: datetime) -> Sequence[ev.Event]:
    """The owner sets a resolution, never an outcome. An open dose keeps its incident open, and so does the
    right to give one by hand, until its holder has said what they did with it."""
    if fact.command_id in world.answered:
        return []
    incident = _open_as_seen(world, fact)
    if isinstance(incident, str):
        return [answer(setting, fact, incident, now)]
    if incident.owner != fact.by:
        return [answer(setting, fact, "not_owner", now)]
    if incident.kind is ev.Kind.TEST_ALARM and incident.priority is ev.Priority.INFO:
        return [answer(setting, fact, "test_under_way", now)]  # its receipt ends it, or the want of one
    dose = world.doses.get(incident.dose_id)
    side = world.sides.get(incident.dose_id)
    if (dose is not None and dose.outcome is None) or (side is not None and side.outcome is None):
        return [answer(setting, fact, "still_open", now)]
    returned = _read_only(incident, dose, fact, now)
    if dose is not None and dose.token and _untreated(dose) and not returned:
        return [answer(setting, fact, "not_said", now)]  # S2: closed, nobody would know when it was had
    if incident.kind is ev.Kind.JOURNAL_BEHIND and not world.clock.trusted:
        return [answer(setting, fact, "clock", now)]  # rule 18: it opens the lock for doses of a later time
    double = not_reconciled(world, incident) if incident.kind is ev.Kind.DOUBLE_FEED else ""
    if double:
        return [answer(setting, fact, double, now)]
    revision = incident.revision + 1 + len(returned)
    return [
        *returned,
        ev.IncidentHandled(
            at=now,
            incident_id=incident.incident_id,
            revision=revision,
            by=fact.by,
            resolution=fact.resolution,
        ),
        ev.IncidentClosed(at=now, incident_id=incident.incident_id, revision=revision + 1),
        answer(setting, fact, "", now),
    ]


def _read_only(
    incident: ev.Incident, dose: Dose | None, fact: cmd.CloseIncident, now: datetime
) -> list[ev.Event]:
    """The resident said no thanks, and staff have read it: whoever closes that gave nothing by hand, and the
    right to do so goes back by their own act (rule 5)."""
    refused = dose is not None and dose.outcome is not None and dose.outcome.outcome is ev.Outcome.REFUSED
    if dose is None or not refused or incident.kind is not ev.Kind.DOSE_REFUSED or dose.token != fact.by:
        return []
    return [ev.TokenReturned(at=now, dose_id=dose.dose_id, by=fact.by)]


def decide_dose(world: World, setting: Setting, fact: cmd.DecideDose, now: datetime) -> Sequence[ev.Event]:
    """A named person's word about a dose (rules 3, 5, 6); the robot's record is never overruled by it."""
    if fact.command_id in world.answered:
        return []
    dose, side = world.doses.get(fact.dose_id), world.sides.get(fact.dose_id)
    if dose is None and side is None:
        return [answer(setting, fact, "unknown_dose", now)]
    if fact.via == "oncall":
        incident = world.incidents.get(fact.incident_id)
        other = incident is not None and incident.dose_id != fact.dose_id
        refusal = "unknown_incident" if other else _stale(incident, fact.revision)
        if refusal:
            return [answer(setting, fact, refusal, now)]
    told = which_it_was(world, dose or side, fact, now)
    if told is not None:
        refusal, said = told
        return [*([_made(fact, now), *said] if said else ()), answer(setting, fact, refusal, now)]
    if dose is None:
        assert side is not None
        refusal, events = _beside(side, fact, now)
        return [*events, answer(setting, fact, refusal, now)]
    match fact.verdict:
        case ev.Verdict.GIVEN:
            refusal, events = _given(dose, fact, now)
        case ev.Verdict.HAD_IT:
            refusal, events = _had_it(dose, fact, now)
        case ev.Verdict.NOT_GIVEN:
            refusal, events = _not_given(world, setting, dose, fact, now)
        case ev.Verdict.DISCARD:
            refusal, events = _discard(world, setting, dose, fact, now)
        case ev.Verdict.WITNESSED:
            refusal, events = _witnessed(dose, fact, now)
        case ev.Verdict.LET_GO:
            return _let_go(world, setting, dose, fact, now)
    return [*events, answer(setting, fact, refusal, now)]


def reject(world: World, setting: Setting, fact: cmd.RejectCommand, now: datetime) -> Sequence[ev.Event]:
    """A command that failed at the door. One forgery after another says nothing new, so that nobody can fill
    the journal from outside."""
    told = world.forged == fact.reason or (world.forged and fact.reason in FORGERIES)
    if fact.command_id in world.answered or told:
        return []
    return [answer(setting, fact, fact.reason, now)]


def answer(
    setting: Setting,
    fact: cmd.TakeIncident
    | cmd.CloseIncident
    | cmd.DecideDose
    | cmd.RegimeCommand
    | cmd.CustodyCommand
    | cmd.RejectCommand,
    refusal: str,
    now: datetime,
) -> ev.CommandAnswered:
    """The answer that travels back; its id is remembered past the command's life (rule 28)."""
    limits = setting.limits
    expires = now + limits.command_life if isinstance(fact, cmd.RejectCommand) else fact.expires
    return ev.CommandAnswered(
        at=now,
        command_id=fact.command_id,
        accepted=not refusal,
        reason=refusal or "done",
        incident_id=_incident_of(fact),
        expires=expires + limits.nonce_extra,
    )


def _incident_of(fact: cmd.Command) -> str:
    match fact:
        case cmd.TakeIncident() | cmd.CloseIncident() | cmd.DecideDose():
            return fact.incident_id
        case _:
            return ""


def _open_as_seen(world: World, fact: cmd.TakeIncident | cmd.CloseIncident) -> ev.Incident | str:
    """The incident the person saw, or the reason why it can't be acted on."""
    incident = world.incidents.get(fact.incident_id)
    refusal = _stale(incident, fact.revision)
    if refusal or incident is None:
        return refusal
    return "closed" if incident.state is ev.State.CLOSED else incident


def _stale(incident: ev.Incident | None, seen: int) -> str:
    if incident is None:
        return "unknown_incident"
    return "" if incident.revision == seen else "stale"


def token_may_pass(world: World, incident: ev.Incident, dose: Dose, now: datetime) -> bool:
    """Whether the right to give it by hand may pass to whoever owns this incident (rule 5)."""
    if incident.kind in RESIDENT_MAY_COME or dose.token or dose.order is not None or dose.plan.surplus:
        return False
    if incident.kind is ev.Kind.DOSE_REFUSED and dose.outcome is None:
        return False  # S7: they may still change their mind, at the robot
    if max(now, dose.plan.opens) < earliest(world, dose, now):
        return False  # S2: by hand too, no sooner after a dose that shares a prescription
    if near_what_they_took_along(world, dose, now):
        return False  # S2: they have that one in their hands, for its own time
    if any(being_given(world, other) or in_reach(other) for other in sharing(world, dose)):
        return False  # S2: somebody may be giving, or taking, that one at this moment
    if dose.uncounted == UNCOUNTED:
        return False  # rule 24: somebody says first where its sachet is
    if beyond_plan(world, dose):
        return False  # S1: by hand too, no more than the plan in force asks for; it may have been stopped
    return dose.stage in TOKEN_STAGES and _untreated(dose)


def _untreated(dose: Dose) -> bool:
    return dose.outcome is None or dose.outcome.outcome in UNTREATED


def _given(dose: Dose, fact: cmd.DecideDose, now: datetime) -> tuple[str, list[ev.Event]]:
    if not _untreated(dose):
        return "already_settled", []
    if dose.stage is Stage.DOUBT and not _put_away_since(dose, fact):
        return "in_doubt", []  # S1: settled by a finding before anyone gives by hand
    if dose.token != fact.by:
        return "no_token", []
    if now < dose.plan.opens:
        return "too_early", []  # S2: its medicine was planned for later
    if dose.stage not in TOKEN_STAGES and dose.stage is not Stage.DOUBT:
        return "double_dose", []
    return "", [_made(fact, now), _outcome(dose, ev.Outcome.GIVEN_BY_STAFF, fact, now)]


def _beside(side: SideDose, fact: cmd.DecideDose, now: datetime) -> tuple[str, list[ev.Event]]:
    """A word about medicine beside the robot. No token guards it: until its window closes the resident may
    take it at any moment, so that nobody else gives it before (S1)."""
    known = side.outcome.outcome if side.outcome is not None else None
    seen = fact.verdict is ev.Verdict.WITNESSED and known is ev.Outcome.CONFIRMED
    if known is not None and known not in UNTREATED and not seen:
        return "already_settled", []
    match fact.verdict:
        case ev.Verdict.WITNESSED if now >= side.plan.opens:
            return "", [_made(fact, now), _outcome(side, ev.Outcome.WITNESSED, fact, now)]
        case ev.Verdict.HAD_IT if now >= side.plan.opens:
            return "", [_made(fact, now), _outcome(side, ev.Outcome.CONFIRMED, fact, now)]
        case ev.Verdict.GIVEN if side.outcome is not None:
            return "", [_made(fact, now), _outcome(side, ev.Outcome.GIVEN_BY_STAFF, fact, now)]
        case ev.Verdict.HAD_IT | ev.Verdict.WITNESSED:
            return "too_early", []
        case ev.Verdict.GIVEN:
            return "side_open", []
        case ev.Verdict.NOT_GIVEN:
            return "not_in_doubt", []
        case ev.Verdict.DISCARD:
            return "not_in_robot", []
        case ev.Verdict.LET_GO:
            return "not_held", []


def _put_away_since(dose: Dose, fact: cmd.DecideDose) -> bool:
    """The robot was putting its sachet away, or the one before it and both may have gone (rule 7), while this
    person had the right to give it: that they did is no wish, but news. Refused, nobody would know when it
    was had."""
    away = dose.doubted is not None and dose.doubted.kind is ev.OrderKind.DIVERT
    beside = dose.doubted is None and bool(dose.beside)
    return (away or beside) and dose.token == fact.by


def _had_it(dose: Dose, fact: cmd.DecideDose, now: datetime) -> tuple[str, list[ev.Event]]:
    retrieved = dose.outcome is not None and dose.outcome.outcome is ev.Outcome.RETRIEVED
    if dose.outcome is not None and dose.outcome.outcome is ev.Outcome.TAKEN_ALONG:
        if now < dose.plan.opens:
            return "too_early", []
        had = _outcome(dose, ev.Outcome.CONFIRMED, fact, now)
        return "", [_made(fact, now), replace(had, late=False, happened=dose.plan.opens)]
    if dose.stage is Stage.LIFTED and retrieved:  # a helper saw it: more than a robot can know
        return "", [_made(fact, now), _outcome(dose, ev.Outcome.CONFIRMED, fact, now)]
    if dose.stage is Stage.LIFTED:
        return "already_settled", []
    if dose.lost and dose.stage is not Stage.DOUBT:
        return _had_before_the_loss(dose, fact, now)
    if dose.stage is not Stage.DOUBT:
        return "contradicts_record", []  # the record shows where the sachet is
    if dose.outcome is not None and dose.outcome.outcome in GIVEN:
        return "", [_made(fact, now)]  # it was given before: a possible double dose, which stays in sight
    return "", [_made(fact, now), _outcome(dose, ev.Outcome.CONFIRMED, fact, now)]


def _had_before_the_loss(dose: Dose, fact: cmd.DecideDose, now: datetime) -> tuple[str, list[ev.Event]]:
    """Rule 23: a person has found out what the lost part of the journal would say of this one dose."""
    if not _untreated(dose) or dose.order is not None:
        return "already_settled", []
    if dose.token:
        return "with_staff", []  # rule 5: somebody may be giving it now
    if now < dose.plan.opens:
        return "too_early", []
    had = replace(
        _outcome(dose, ev.Outcome.CONFIRMED, fact, now), late=False, happened=min(now, dose.plan.closes)
    )
    return "", [_made(fact, now, LossInput.HAD), had]


def _not_given(
    world: World, setting: Setting, dose: Dose, fact: cmd.DecideDose, now: datetime
) -> tuple[str, list[ev.Event]]:
    if dose.stage is Stage.DOUBT:
        refusal, found = where_it_lies(world, setting, dose)
        return refusal, [] if refusal else [_made(fact, now, found)]
    if dose.token:
        if dose.token != fact.by:
            return "not_owner", []
        if dose.outcome is not None and dose.outcome.outcome is ev.Outcome.GIVEN_BY_STAFF:
            return "already_settled", []
        returned = ev.TokenReturned(at=now, dose_id=dose.dose_id, by=fact.by)
        return "", [_made(fact, now), returned]
    if dose.lost and _untreated(dose) and dose.order is None:
        if not world.clock.trusted:
            return "clock", []  # rule 18: it may be offered again
        return "", [_made(fact, now, LossInput.NOT_HAD)]
    return "already_settled" if dose.outcome is not None else "not_in_doubt", []


def _discard(
    world: World, setting: Setting, dose: Dose, fact: cmd.DecideDose, now: datetime
) -> tuple[str, list[ev.Event]]:
    if dose.stage in IN_MAGAZINE - {Stage.HELD} and has_no_sachet(world, setting, dose):
        return "not_in_robot", []  # what lies at the mouth is another dose's
    discardable = IN_MAGAZINE | {Stage.HOLDING, Stage.DOUBT}
    if dose.stage not in discardable or dose.order is not None or dose.loose:
        return "not_in_robot", []
    if dose.plan.as_needed and dose.stage in IN_MAGAZINE - {Stage.HELD}:
        return "not_in_robot", []  # nothing of it left the strip: what lies at the mouth is for the next time
    return "", [_made(fact, now)]


def _witnessed(dose: Dose, fact: cmd.DecideDose, now: datetime) -> tuple[str, list[ev.Event]]:
    """They saw what the robot's record shows from its side; when it was had is the record's to say."""
    outcome = dose.outcome
    if outcome is None or outcome.outcome not in (ev.Outcome.RETRIEVED, ev.Outcome.CONFIRMED):
        known = outcome is not None and outcome.outcome in GIVEN
        return "already_settled" if known else "nothing_to_witness", []
    seen = _outcome(dose, ev.Outcome.WITNESSED, fact, now)
    return "", [_made(fact, now), replace(seen, late=outcome.late, happened=outcome.happened)]


def _let_go(
    world: World, setting: Setting, dose: Dose, fact: cmd.DecideDose, now: datetime
) -> Sequence[ev.Event]:
    refusal, said = let_go(world, setting, dose, fact, now)
    if said is None:
        return [answer(setting, fact, refusal, now)]
    told = answer(setting, fact, "", now)
    if said.until is not None:
        told = replace(told, reason=SECOND_NEEDED)
    return [_made(fact, now), said, told]


def _made(fact: cmd.DecideDose, now: datetime, found: str = "") -> ev.DecisionMade:
    return ev.DecisionMade(
        at=now,
        decision_id=fact.command_id,
        dose_id=fact.dose_id,
        verdict=fact.verdict,
        by=fact.by,
        reason=fact.reason,
        via=fact.via,
        found=found,
    )


def _outcome(
    dose: Dose | SideDose, outcome: ev.Outcome, fact: cmd.DecideDose, now: datetime
) -> ev.OutcomeRecorded:
    return ev.OutcomeRecorded(
        at=now,
        dose_id=dose.dose_id,
        revision=dose.outcome.revision + 1 if dose.outcome else 1,
        outcome=outcome,
        late=now > dose.plan.half,
        by=fact.by,
        reason=fact.reason,
        happened=now,
    )
