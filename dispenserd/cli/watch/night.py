"""What the view remembers from look to look: the list, the choice, the bell, what was said last. Pure.

The choice follows its incident, wherever the order moves it. When that one is open no more, nothing is chosen
until the person chooses: a key pressed at that moment must not hit what slid into its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dispenserd.cli.watch.bell import Bell, rung, toggled
from dispenserd.cli.watch.board import Health, shown
from dispenserd.cli.watch.changes import by_key, changes
from dispenserd.cli.watch.incident import Incident
from dispenserd.cli.watch.reading import Look, Seen
from dispenserd.cli.watch.telling import Role, Voice
from dispenserd.oncall.pulse import Pulse

NOTES_KEPT = 2
"""Lines below the list: the newest alarm and what was said just before it."""

THE_VIEW = ""
"""Key of what rings for the view itself, going blind; an incident's key is never empty."""


@dataclass(frozen=True, slots=True)
class Note:
    at: datetime
    text: str
    role: Role


@dataclass(frozen=True, slots=True)
class Night:
    seen: Seen | None = None
    fault: str = ""
    pulse: Pulse = field(default_factory=lambda: Pulse(None, False))
    bell: Bell = field(default_factory=Bell)
    mine_only: bool = False
    chosen: str = ""  # the key of an incident; "" = none
    lost: bool = False  # the chosen one is open no more
    quiet_since: datetime | None = None
    notes: tuple[Note, ...] = ()

    @property
    def incidents(self) -> list[Incident]:
        return self.seen.incidents if self.seen else []

    def listed(self, me: str) -> list[Incident]:
        return shown(self.incidents, me, self.mine_only)

    def chosen_one(self) -> Incident | None:
        return next((each for each in self.incidents if each.key == self.chosen), None)


def health(night: Night, now_s: float) -> Health:
    """`now_s`: machine time."""
    seen = night.seen
    return Health(
        read_at=seen.at if seen else None,
        read_age_s=now_s - seen.at_s if seen else 0.0,
        fault=night.fault,
        oncall_age_s=night.pulse.age_s,
        oncall_runs=night.pulse.runs,
        connected=night.pulse.connected,
    )


def looked(night: Night, look: Look, now: datetime, voice: Voice) -> tuple[Night, int]:
    """The view after one look, and how often the bell rings."""
    first = night.seen is None and not night.fault
    was_blind = not first and _blind(night)
    after = replace(night, pulse=look.pulse, fault=look.fault, seen=look.seen or night.seen)
    said = []
    if look.seen is not None and night.seen is not None:
        then = by_key(night.seen.incidents), night.seen.at
        said = changes(*then, by_key(look.seen.incidents), look.seen.at, voice)
    notes = [Note(now, each.text, each.role) for each in said]
    if night.fault and not look.fault:
        notes.insert(0, Note(now, voice.phrases.reads_again, Role.GOOD))
    keys = [each.key for each in said if each.rings]
    if _blind(after) and not was_blind and not first:
        keys.append(THE_VIEW)
    bell, times = rung(night.bell, keys, after.incidents, now)
    quiet = _quiet_since(night, after, was_blind)
    return _rechosen(night, noted(replace(after, bell=bell, quiet_since=quiet), *notes), voice.me), times


def noted(night: Night, *notes: Note) -> Night:
    return replace(night, notes=(*night.notes, *notes)[-NOTES_KEPT:])


def chose(night: Night, key: str) -> Night:
    return replace(night, chosen=key, lost=False)


def filtered(night: Night, me: str) -> Night:
    """Mine only, or all again."""
    after = replace(night, mine_only=not night.mine_only)
    listed = after.listed(me)
    if any(each.key == after.chosen for each in listed):
        return after
    return chose(after, listed[0].key if listed else "")


def muted(night: Night, now: datetime, voice: Voice) -> Night:
    """Silent for a while, or no longer; says which."""
    bell, say = toggled(night.bell, now), voice.phrases
    text = say.mute_on.format(voice.clock(bell.muted_until)) if bell.muted(now) else say.mute_off
    return noted(replace(night, bell=bell), Note(now, text, Role.PLAIN))


def _blind(night: Night) -> bool:
    return bool(night.fault) or not night.pulse.runs


def _quiet_since(before: Night, after: Night, was_blind: bool) -> datetime | None:
    """Since when nothing was open, by looks of our own without a gap."""
    if _blind(after) or not after.pulse.connected or after.incidents or after.seen is None:
        return None
    return after.seen.at if was_blind or before.quiet_since is None else before.quiet_since


def _rechosen(before: Night, after: Night, me: str) -> Night:
    listed = after.listed(me)
    if _among(after.chosen, listed):
        return after
    if after.chosen:
        return replace(after, chosen="", lost=True)
    nothing_before = not before.listed(me)
    if listed and nothing_before:
        return chose(after, listed[0].key)
    return after


def _among(key: str, listed: Sequence[Incident]) -> bool:
    return any(each.key == key for each in listed)
