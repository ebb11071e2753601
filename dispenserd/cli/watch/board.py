"""What stands on the screen beside the one incident: the head, what is wrong, the list, the homes.

Pure functions over rows and `now`. Nothing here ever says that all is well: an empty list says since when it
is empty and which homes are heard, and a list that can't be read anew says of when it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispenserd.cli.watch.incident import Incident, instant
from dispenserd.cli.watch.telling import PRIORITY_ROLES, Line, Role, Span, Voice, cut, cut_front
from dispenserd.oncall.words.language import words
from dispenserd.oncall.words.states import HOMES, ROBOTS, STATES

SLOW_S = 3.0
"""A list older than this is said to be old: three looks are missing."""

WIDE_COLUMNS = 110
"""From here on age, state and the whole name of the home have room."""

HIGH_RANK = 3
DOSE_COLUMNS = 13
"""`middag 24/12` and a blank."""
PERSON_COLUMNS = 14
HOME_CHARS_MIN = 9
HOME_CHARS_MAX = 16
HOME_CHARS_MAX_WIDE = 24
"""Longer names of homes lose their beginning; the chosen incident shows them whole."""

HOME_LINES_MAX = 4
HOME_LINES_MAX_LOW = 2
LOW_LINES = 30
"""On a lower screen the lines about homes that are well are worth less than two incidents more."""

COLUMNS_MIN = 80
LINES_MIN = 24


@dataclass(frozen=True, slots=True)
class Health:
    """How the view itself is: what it read and whether anybody still writes it."""

    read_at: datetime | None  # of the rows on the screen
    read_age_s: float  # machine time since then
    fault: str  # why the newest read failed; "" = it did not
    oncall_age_s: float | None  # since `oncall run` gave a sign; None = never
    oncall_runs: bool
    connected: bool  # `oncall run` has the broker

    @property
    def blind(self) -> bool:
        """New incidents would not show."""
        return bool(self.fault) or not self.oncall_runs or not self.connected


def in_order(incidents: Iterable[Incident]) -> list[Incident]:
    """Most urgent first: by urgency, then what nobody owns or its owner forgot, then what was urgent before
    it was late, then by deadline."""
    return sorted(
        incidents,
        key=lambda each: (
            -each.rank,
            bool(each.owner) and not each.forgotten,
            -each.own_rank,
            each.due.timestamp() if each.due else math.inf,
            each.key,
        ),
    )


def shown(incidents: Iterable[Incident], me: str, mine_only: bool) -> list[Incident]:
    """Also with `mine_only` a high incident that nobody owns stays in sight."""
    wanted = (
        each
        for each in incidents
        if not mine_only or each.owner == me or (each.rank >= HIGH_RANK and not each.owner)
    )
    return in_order(wanted)


def head(
    incidents: Sequence[Incident],
    health: Health,
    voice: Voice,
    now: datetime,
    mine_only: bool,
    muted_until: datetime | None,
) -> Line:
    say = voice.phrases
    late = sum(each.overdue(now) or each.unfinished(now) for each in incidents)
    free = sum(not each.owner for each in incidents)
    parts: list[Span] = [(f"{say.title}: {voice.me}", Role.TITLE)]
    parts.append((say.open_count.format(len(incidents)), Role.PLAIN))
    if free:
        parts.append((say.unowned_count.format(free), Role.PLAIN))
    if late:
        parts.append((say.late_count.format(late), Role.LATE))
    if mine_only:
        parts.append((say.mine_only, Role.MEDIUM))
    if muted_until is not None and now < muted_until:
        parts.append((say.muted.format(voice.clock(muted_until)), Role.MEDIUM))
    parts.append((say.read_at.format(voice.clock(health.read_at, seconds=True)), Role.DIM))
    return joined(parts, "  ")


def alarms(health: Health, voice: Voice) -> list[Line]:
    """What keeps this screen from telling the truth; empty when nothing does."""
    say, found = voice.phrases, []
    read = voice.clock(health.read_at, seconds=True)
    if health.fault:
        found.append(say.blind.format(read))
        found.append(health.fault)
    elif health.read_age_s > SLOW_S:
        found.append(say.slow.format(read))
    if not health.oncall_runs:
        never = health.oncall_age_s is None
        found.append(say.never_ran if never else say.not_running.format(_age(health, voice)))
    elif not health.connected:
        found.append(say.no_broker)
    return [((text, Role.FAULT),) for text in found]


def too_small(width: int, height: int, voice: Voice) -> list[Line]:
    """Something that matters may be cut off, and nobody sees what is not there."""
    if width >= COLUMNS_MIN and height >= LINES_MIN:
        return []
    return [((voice.phrases.too_small.format(width, height), Role.FAULT),)]


def more_rows(above: int, below: int, voice: Voice) -> str:
    """Incidents that the list has no room for; "" when all of them are in sight."""
    return voice.phrases.more_rows.format(max(0, above), max(0, below)) if above > 0 or below > 0 else ""


def home_chars(incidents: Iterable[Incident], width: int) -> int:
    """Room for the longest name of a home in this list, within bounds."""
    longest = max((len(each.home) for each in incidents), default=0)
    most = HOME_CHARS_MAX_WIDE if width >= WIDE_COLUMNS else HOME_CHARS_MAX
    return min(max(longest, HOME_CHARS_MIN), most)


def line(
    incident: Incident,
    voice: Voice,
    now: datetime,
    width: int,
    chosen: bool = False,
    home_width: int = HOME_CHARS_MIN,
) -> Line:
    """One row of the list in `width` columns; the kind gives way, the dose, the time and the home do not."""
    wide = width >= WIDE_COLUMNS
    role = PRIORITY_ROLES.get(incident.urgency, Role.HIGH)
    due, due_role = voice.due(incident, now)
    about = _about(incident, voice)
    owner_width = 14 if wide else 10
    fixed = 2 + 7 + 16 + home_width + 1 + owner_width
    rest = max(12, width - fixed - (26 if wide else 0))
    about_width = max(DOSE_COLUMNS, len(about) + 1) if about else 0
    kind_width = max(6, rest - about_width)
    what = f"{cut(_kind(incident, voice), kind_width - 1):<{kind_width}}{about}".rstrip()
    spans: list[Span] = [
        ("> " if chosen else "  ", Role.TITLE),  # a terminal without colours shows no other sign of it
        (f"{cut(voice.priority(incident.urgency), 6):<7}", role),
        (f"{cut(due, 15):<16}", due_role),
        (f"{what:<{rest - 1}} ", Role.PLAIN if incident.owner else role),
        (f"{cut_front(incident.home, home_width):<{home_width}} ", Role.PLAIN),
    ]
    if wide:
        age = "" if incident.raised is None else voice.lasting((now - incident.raised).total_seconds())
        state = words(STATES, incident.state, voice.language)
        spans.append((f"{cut(age, 12):<13}{cut(state, 12):<13}", Role.DIM))
    mine = incident.owner == voice.me
    spans.append((cut(voice.owner(incident.owner), owner_width), Role.GOOD if mine else Role.PLAIN))
    return tuple(spans)


def nothing(
    incidents: Sequence[Incident],
    homes: Sequence[Mapping[str, Any]],
    health: Health,
    quiet_since: datetime | None,
    voice: Voice,
    now: datetime,
) -> list[Line]:
    """What stands where the list would be. `incidents`: all open ones, also those that a filter hides."""
    say = voice.phrases
    if incidents:
        return [((say.none_mine.format(len(incidents)), Role.MEDIUM),)]
    lines: list[Line] = []
    if health.blind:
        return [((say.can_not_know, Role.FAULT),)]
    if quiet_since is not None:
        lines.append(((say.quiet.format(voice.moment(quiet_since, now)), Role.PLAIN),))
    heard = sum(home.get("state") == "alive" for home in homes)
    if not homes:
        return [*lines, ((say.no_homes, Role.FAULT),)]
    if heard < len(homes):
        silent = say.not_all_heard.format(len(homes) - heard, len(homes))
        return [*lines, ((silent, Role.FAULT),)]
    return [*lines, ((say.heard.format(heard, len(homes)), Role.GOOD),)]


def homes_below(
    homes: Sequence[Mapping[str, Any]], voice: Voice, now: datetime, height: int = LOW_LINES
) -> list[Line]:
    """The homes that need a look, each in a line, and how many are alive; all of them where they are few."""
    if height < LINES_MIN:
        return []
    own_lines = (HOME_LINES_MAX if height >= LOW_LINES else HOME_LINES_MAX_LOW) - 1
    if len(homes) <= own_lines:
        return [home_line(home, voice, now) for home in homes]
    say, troubled = voice.phrases, [home for home in homes if _troubled(home)]
    lines = [home_line(home, voice, now) for home in troubled[:own_lines]]
    alive = sum(home.get("state") == "alive" for home in homes)
    count: list[Span] = [(f"{say.homes}: {say.all_alive.format(alive)}", Role.PLAIN)]
    if more := len(troubled) - len(lines):
        count.append((say.more_troubled.format(more), Role.MEDIUM))
    return [*lines, joined(count, "   ")]


def all_homes(homes: Sequence[Mapping[str, Any]], voice: Voice, now: datetime) -> list[Line]:
    """One line each; those that need a look stand first."""
    return [home_line(home, voice, now) for home in sorted(homes, key=lambda home: not _troubled(home))]


def home_line(home: Mapping[str, Any], voice: Voice, now: datetime) -> Line:
    """`box-0001  i live siden 20:14  robot klar  næste 08:00`."""
    say, state = voice.phrases, str(home.get("state") or "unknown")
    alive = state == "alive"
    since = voice.moment(instant(home.get("since")), now)
    spans: list[Span] = [
        (f"{cut_front(str(home.get('home') or '?'), 20):<12}", Role.TITLE),
        (
            f"{words(HOMES, state, voice.language)} {say.since} {since}",
            Role.PLAIN if alive else Role.FAULT,
        ),
    ]
    if "robot" in home:
        robot = str(home.get("robot") or "")
        role = Role.PLAIN if robot == "ready" and alive else Role.DIM if not alive else Role.MEDIUM
        told = words(ROBOTS, robot, voice.language)
        spans.append((told if alive else say.last_heard.format(told), role))
    if home.get("window_open"):
        spans.append((say.window_open, Role.PLAIN))
    elif upcoming := instant(home.get("next_window")):
        spans.append((say.next_window.format(voice.moment(upcoming, now)), Role.PLAIN))
    if tested := instant(home.get("last_test")):
        spans.append((say.last_test.format(voice.moment(tested, now)), Role.DIM))
    return joined(spans, "  ")


def joined(spans: Iterable[Span], gap: str) -> Line:
    line: list[Span] = []
    for span in spans:
        line.extend([(gap, Role.PLAIN), span] if line else [span])
    return tuple(line)


def plain_text(line: Line) -> str:
    return "".join(text for text, _ in line)


def _kind(incident: Incident, voice: Voice) -> str:
    kind = voice.kind(incident.kind)
    return f"{voice.phrases.own}: {kind}" if incident.origin == "oncall" else kind


def _about(incident: Incident, voice: Voice) -> str:
    """Its dose; of a notice that did not get through, whom it was meant for."""
    if incident.kind == "notice_failed" and incident.detail:
        return cut(incident.detail, PERSON_COLUMNS)
    return voice.short_dose(incident.dose)


def _troubled(home: Mapping[str, Any]) -> bool:
    return home.get("state") != "alive" or home.get("robot", "ready") not in ("ready", "identified")


def _age(health: Health, voice: Voice) -> str:
    return voice.lasting(health.oncall_age_s or 0)
