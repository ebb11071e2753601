"""How one thing is said in the language of the screen: a dose, a time, how long until, a kind with its dose.

Pure: instants and the zone are arguments. `Voice` holds what every sentence needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum

from dispenserd.cli.watch.incident import Incident
from dispenserd.cli.watch.phrases import PHRASES, Phrases
from dispenserd.oncall.words.kinds import KINDS
from dispenserd.oncall.words.language import Language, words
from dispenserd.oncall.words.states import PRIORITIES, SLOTS

SECONDS_BELOW_S = 120
"""A countdown in seconds for the last two minutes; above, they only flicker."""


class Role(StrEnum):
    """What a piece of text is; the terminal gives it a colour. Never the only sign: the words say it too."""

    PLAIN = "plain"
    DIM = "dim"
    TITLE = "title"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    LATE = "late"
    FAULT = "fault"
    GOOD = "good"
    NEXT = "next"
    NEVER = "never"


Span = tuple[str, Role]
Line = tuple[Span, ...]

PRIORITY_ROLES = {"high": Role.HIGH, "medium": Role.MEDIUM, "low": Role.LOW, "info": Role.DIM}


@dataclass(frozen=True, slots=True)
class Voice:
    language: Language
    zone: tzinfo
    me: str  # the person at this screen

    @property
    def phrases(self) -> Phrases:
        return PHRASES[self.language]

    def priority(self, code: str) -> str:
        return words(PRIORITIES, code, self.language)

    def kind(self, code: str) -> str:
        return words(KINDS, code, self.language)

    def clock(self, at: datetime | None, seconds: bool = False) -> str:
        """`02:41`."""
        return "?" if at is None else at.astimezone(self.zone).strftime("%H:%M:%S" if seconds else "%H:%M")

    def moment(self, at: datetime | None, now: datetime) -> str:
        """`02:41` today, else with the date: a silence of three days must not look like one of an hour."""
        if at is None:
            return "?"
        local = at.astimezone(self.zone)
        if local.date() == now.astimezone(self.zone).date():
            return self.clock(at)
        return f"{local.day}. {self.phrases.months[local.month - 1]} {self.clock(at)}"

    def dated(self, at: datetime | None) -> str:
        """`man. 2. nov. 08:00`, whatever the day is."""
        return "?" if at is None else f"{self._day(at.astimezone(self.zone).date())} {self.clock(at)}"

    def lasting(self, seconds: float, short: bool = False) -> str:
        """`9 min`, `85 s`, `2 t 05 min`; `2t05` where it must be short."""
        whole = max(0, int(seconds))
        if whole < SECONDS_BELOW_S:
            return f"{whole} s"
        minutes, hours = whole // 60, whole // 3600
        if hours >= 48:
            return self.phrases.days.format(hours // 24)
        form = self.phrases.short_hours if short else self.phrases.hours
        return form.format(hours, minutes % 60) if hours else f"{minutes} min"

    def owner(self, name: str) -> str:
        """Whoever is at the screen must see at a glance that it is theirs."""
        return self.phrases.nobody if not name else self.phrases.me if name == self.me else name

    def who(self, incident: Incident) -> str:
        """Home and dose in one: what a sentence about it must name."""
        dose = self.dose(incident.dose)
        return f"{incident.home}, {dose}" if dose else incident.home

    def dose(self, dose: str) -> str:
        """`aften man. 2. nov.`; a name of another shape is shown as it is."""
        named = _named(dose)
        if named is None:
            return dose
        day, slot, part = named
        return " ".join(filter(None, (self._slot(slot), self._day(day), self._part(part))))

    def short_dose(self, dose: str) -> str:
        """`aften 2/11`, for a column."""
        named = _named(dose)
        if named is None:
            return dose
        day, slot, part = named
        return " ".join(filter(None, (self._slot(slot), f"{day.day}/{day.month}", self._part(part))))

    def due(self, incident: Incident, now: datetime) -> Span:
        """Until when somebody must own it; then, until when its owner must have brought it to an end."""
        if incident.forgotten:
            return self.phrases.forgotten, Role.LATE
        due = incident.due
        if due is not None and (incident.overdue(now) or incident.unfinished(now)):
            late_s = (now - due).total_seconds()
            return self.phrases.late.format(self.lasting(late_s, short=True)), Role.LATE
        if due is None or now > due or (incident.owner and incident.outcome_by is None):
            return "", Role.PLAIN
        left_s = (due - now).total_seconds()
        return self.phrases.in_time.format(self.lasting(left_s, short=True)), PRIORITY_ROLES.get(
            incident.urgency, Role.HIGH
        )

    def _day(self, day: date) -> str:
        weekday, month = self.phrases.weekdays[day.weekday()], self.phrases.months[day.month - 1]
        return f"{weekday} {day.day}. {month}" if self.language == "da" else f"{weekday} {day.day} {month}"

    def _slot(self, slot: str) -> str:
        part, dash, number = slot.partition("-")
        return words(SLOTS, part, self.language) + dash + number

    def _part(self, part: str) -> str:
        """A second part of the same slot is another sachet: never left out."""
        return "" if part == "1" else f"{self.phrases.part} {part}"


def cut(text: str, width: int) -> str:
    """At most `width` columns, with a sign that something is missing."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


def cut_front(text: str, width: int) -> str:
    """The same, keeping the end: homes of one place have names that differ there."""
    return text if len(text) <= width else "…" + text[len(text) - max(0, width - 1) :]


def _named(dose: str) -> tuple[date, str, str] | None:
    parts = dose.split("/")
    if len(parts) != 4:
        return None
    try:
        return date.fromisoformat(parts[1]), parts[2], parts[3]
    except ValueError:
        return None
