"""The chosen incident in full: what it is, what to do now, what to look at, what not to do, how it came here.

Pure. The right to give by hand is told as the home's word alone says it (rule 5): asked is not confirmed.
"""

from __future__ import annotations

from datetime import datetime

from dispenserd.cli.watch.board import joined
from dispenserd.cli.watch.incident import MAY_GIVE, Decision, Incident, Step
from dispenserd.cli.watch.telling import PRIORITY_ROLES, Line, Role, Span, Voice
from dispenserd.oncall.words.advice import HEADINGS, advised
from dispenserd.oncall.words.details import DETAILS
from dispenserd.oncall.words.language import words
from dispenserd.oncall.words.refusals import refusal
from dispenserd.oncall.words.resolutions import RESOLUTIONS
from dispenserd.oncall.words.states import ACTIONS, DECISION_STATES, NOTICES, STATES, TOKENS, VERDICTS

HISTORY_SHOWN_MAX = 12
"""The newest ones; an incident that changed more often is looked into with `oncall list --json`."""

CALLED_SHOWN_MAX = 3

SETTLED_STATES = ("handled", "closed")
SETTLING_VERDICTS = ("given", "had_it", "witnessed")


def close_up(incident: Incident, voice: Voice, now: datetime) -> list[Line]:
    say = voice.phrases
    advice = advised(incident.kind, incident.detail, voice.language)
    heading = [part.in_(voice.language) for part in HEADINGS]
    step, role = next_step(incident, voice)
    lines: list[Line] = [
        _title(incident, voice),
        _standing(incident, voice, now),
        ((f"{say.next}: {step}", role),),
        ((f"{heading[0]}: ", Role.DIM), (advice.happened, Role.PLAIN)),
        ((f"{heading[1]}: ", Role.DIM), (advice.check, Role.PLAIN)),
        ((f"{heading[2]}: ", Role.DIM), (advice.options, Role.PLAIN)),
        ((f"{heading[3]}: ", Role.NEVER), (advice.never, Role.NEVER)),
    ]
    if incident.told:
        lines.append(_called(incident, voice, now))
    if incident.decision is not None:
        lines.append(((f"{say.last_said}: ", Role.DIM), *said(incident.decision, voice)))
    for at, each in enumerate(incident.history[-HISTORY_SHOWN_MAX:]):
        lines.append(_step(each, voice, now, first=at == 0))
    return lines


def right_to_give(incident: Incident) -> str:
    """The code, while the dose may still be given by hand; "" once that is settled or there is no dose."""
    decision = incident.decision
    settled = decision is not None and decision.state == "accepted" and decision.verdict in SETTLING_VERDICTS
    if not incident.dose or incident.state in SETTLED_STATES or settled:
        return ""
    return incident.token


def next_step(incident: Incident, voice: Voice) -> Span:
    """The one thing to do now, for the person at this screen."""
    say, mine, right = voice.phrases, incident.owner == voice.me, right_to_give(incident)
    if incident.state in SETTLED_STATES:
        return say.step_handled, Role.PLAIN
    if not incident.owner:
        return say.step_take, Role.NEXT
    if right == MAY_GIVE:
        if mine:
            return say.step_confirmed_me, Role.GOOD
        return say.step_confirmed_other.format(incident.owner), Role.PLAIN
    if not mine:
        return say.step_other.format(incident.owner), Role.PLAIN
    if right == "asked":
        return say.step_asked, Role.NEXT
    return (say.step_mine_dose if right else say.step_mine), Role.NEXT


def said(decision: Decision, voice: Voice) -> Line:
    """`Anna: vil tage den - venter på hjemmets svar`; a refusal with its reason."""
    what = words(ACTIONS, decision.action, voice.language)
    if decision.verdict:
        what = f"{what}: {words(VERDICTS, decision.verdict, voice.language)}"
    state = words(DECISION_STATES, decision.state, voice.language)
    if decision.state == "refused":
        why, _ = refusal(decision.reason, voice.language)
        return (f"{decision.by} {what} - ", Role.PLAIN), (f"{state}: {why}", Role.FAULT)
    role = {"accepted": Role.GOOD, "expired": Role.FAULT}.get(decision.state, Role.PLAIN)
    return (f"{decision.by} {what} - ", Role.PLAIN), (state, role)


def differences(seen: Incident, present: Incident, voice: Voice) -> str:
    """What changed since it was on the screen, as `now (was before)`; "" when nothing a person sees did."""
    say = voice.phrases
    pairs = (
        (voice.priority(seen.priority), voice.priority(present.priority)),
        (voice.kind(seen.kind), voice.kind(present.kind)),
        (_detail(seen, voice), _detail(present, voice)),
        (voice.dose(seen.dose), voice.dose(present.dose)),
        (f"{say.owner} {voice.owner(seen.owner)}", f"{say.owner} {voice.owner(present.owner)}"),
        (_right(seen, voice), _right(present, voice)),
        (words(STATES, seen.state, voice.language), words(STATES, present.state, voice.language)),
    )
    changed = [f"{now or '-'} ({say.was} {then or '-'})" for then, now in pairs if then != now]
    return f"{say.now_is}: {', '.join(changed)}." if changed else ""


def _title(incident: Incident, voice: Voice) -> Line:
    role = PRIORITY_ROLES.get(incident.urgency, Role.HIGH)
    urgency = voice.priority(incident.urgency)
    if incident.urgency != incident.priority:
        urgency += f" ({voice.phrases.from_home.format(voice.priority(incident.priority))})"
    return (
        (f"{urgency}  {voice.kind(incident.kind)}", role),
        (f"   {voice.who(incident)}", Role.TITLE),
    )


def _standing(incident: Incident, voice: Voice, now: datetime) -> Line:
    say = voice.phrases
    spans: list[Span] = []
    due, role = voice.due(incident, now)
    if incident.forgotten:
        spans.append((due, role))
    elif due:
        by = say.outcome_due if incident.due is incident.outcome_by else say.due
        spans.append((f"{by} {voice.moment(incident.due, now)} ({due})", role))
    spans.append((f"{say.owner}: {voice.owner(incident.owner)}", Role.PLAIN))
    if right := _right(incident, voice):
        confirmed = right_to_give(incident) == MAY_GIVE
        spans.append((f"{say.by_hand}: {right}", Role.GOOD if confirmed else Role.PLAIN))
    if incident.detail:
        since = f" {voice.moment(incident.since, now)}" if incident.since is not None else ""
        spans.append((f"{say.why}: {_detail(incident, voice)}{since}", Role.PLAIN))
    if incident.raised is not None:
        age = voice.lasting((now - incident.raised).total_seconds())
        spans.append((say.age.format(age), Role.DIM))
    spans.append((words(STATES, incident.state, voice.language), Role.DIM))
    if incident.undelivered:
        spans.append((say.undelivered, Role.FAULT))
    if incident.resolution:
        spans.append((words(RESOLUTIONS, incident.resolution, voice.language), Role.PLAIN))
    return joined(spans, "   ")


def _called(incident: Incident, voice: Voice, now: datetime) -> Line:
    """Who was called about it, the newest first."""
    spans: list[Span] = []
    for each in reversed(incident.told[-CALLED_SHOWN_MAX:]):
        state = words(NOTICES, each.state, voice.language).removesuffix(":")
        said = " ".join(filter(None, (voice.moment(each.at, now), each.person, state)))
        spans.append((said, Role.PLAIN if each.state in ("told", "queued") else Role.FAULT))
    return ((f"{voice.phrases.called}: ", Role.DIM), *joined(spans, "   "))


def _step(step: Step, voice: Voice, now: datetime, first: bool) -> Line:
    detail = words(DETAILS, step.detail, voice.language) if step.detail else ""
    state = words(STATES, step.state, voice.language)
    what = ", ".join(filter(None, (voice.priority(step.priority), voice.kind(step.kind), detail, state)))
    label = f"{voice.phrases.history}: "
    return (label if first else " " * len(label), Role.DIM), (
        f"{voice.moment(step.at, now)} {what}",
        Role.DIM,
    )


def _detail(incident: Incident, voice: Voice) -> str:
    return words(DETAILS, incident.detail, voice.language) if incident.detail else ""


def _right(incident: Incident, voice: Voice) -> str:
    right = right_to_give(incident)
    return words(TOKENS, right, voice.language) if right else ""
