"""What changed between two readings of the list, as one line each, and which of them ring the bell.

Pure. A new high incident rings, and once more each time one rises to high or becomes late; nothing rings
twice for the same. The first reading rings nothing: whoever started the view is looking at it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dispenserd.cli.watch.board import HIGH_RANK
from dispenserd.cli.watch.incident import MAY_GIVE, Incident
from dispenserd.cli.watch.telling import PRIORITY_ROLES, Role, Voice
from dispenserd.oncall.words.refusals import refusal

Reading = Mapping[str, Incident]
"""The open incidents of one reading, by key."""


@dataclass(frozen=True, slots=True)
class Change:
    key: str
    text: str
    role: Role
    rings: bool = False


def by_key(incidents: list[Incident]) -> dict[str, Incident]:
    return {each.key: each for each in incidents}


def changes(before: Reading, then: datetime, after: Reading, now: datetime, voice: Voice) -> list[Change]:
    """From the reading made at `then` to that of `now`; what rings comes last, to stay on the screen."""
    found = [_vanished(each, voice) for key, each in before.items() if key not in after]
    for key, each in after.items():
        old = before.get(key)
        found.extend(_appeared(each, voice) if old is None else _changed(old, each, voice))
        if each.overdue(now) and (old is None or not old.overdue(then)):
            say = voice.phrases
            text = f"{say.became_late}: {voice.kind(each.kind)}, {voice.who(each)}"
            rung_already = old is None and each.rank >= HIGH_RANK
            found.append(Change(key, text, Role.LATE, rings=not rung_already))
    return sorted(found, key=lambda change: change.rings)


def _appeared(each: Incident, voice: Voice) -> list[Change]:
    what = f"{voice.phrases.new} {voice.priority(each.urgency)}: {voice.kind(each.kind)}, {voice.who(each)}"
    role = PRIORITY_ROLES.get(each.urgency, Role.HIGH)
    return [Change(each.key, what, role, rings=each.rank >= HIGH_RANK)]


def _vanished(each: Incident, voice: Voice) -> Change:
    text = f"{voice.phrases.closed}: {voice.kind(each.kind)}, {voice.who(each)}"
    return Change(each.key, text, Role.PLAIN)


def _changed(old: Incident, new: Incident, voice: Voice) -> list[Change]:
    say, about = voice.phrases, f"{voice.kind(new.kind)}, {voice.who(new)}"
    found = []
    if old.owner != new.owner and new.owner and new.owner != voice.me:
        found.append(Change(new.key, f"{say.taken_by.format(new.owner)}: {about}", Role.PLAIN))
    if old.owner and not new.owner:
        found.append(Change(new.key, f"{say.let_go.format(voice.owner(old.owner))}: {about}", Role.MEDIUM))
    found.extend(_answered(old, new, voice))
    confirmed = new.token == MAY_GIVE and new.owner == voice.me
    if confirmed and not (old.token == MAY_GIVE and old.owner == voice.me):
        found.append(Change(new.key, f"{say.you_may_give}: {voice.who(new)}", Role.GOOD))
    if new.rank > old.rank and new.rank >= HIGH_RANK:
        text = f"{say.rose.format(voice.priority(new.urgency))}: {about}"
        found.append(Change(new.key, text, Role.HIGH, rings=True))
    return found


def _answered(old: Incident, new: Incident, voice: Voice) -> list[Change]:
    """What the home said to this person's own wish."""
    was, decision, say = old.decision, new.decision, voice.phrases
    if decision is None or decision.by != voice.me or decision.state == "queued":
        return []
    if was is not None and (was.decision_id, was.state) == (decision.decision_id, decision.state):
        return []
    match decision.state:
        case "accepted":
            return [Change(new.key, f"{say.accepted}: {voice.who(new)}", Role.GOOD)]
        case "refused":
            why, step = refusal(decision.reason, voice.language)
            return [Change(new.key, f"{say.refused}: {why} {step} ({voice.who(new)})", Role.FAULT)]
        case _:
            return [Change(new.key, f"{say.unanswered}: {voice.who(new)}", Role.FAULT)]
