"""What staff on call do: look, take, close, decide. Each is one transaction on on-call's database.

A decision is a row here, signed and sent by `oncall run` until the home answers it or it expires; it names
the revision that the person saw, for ever. The home has the last word about doses and tokens; refused here is
only what nobody needs a home for: somebody else has it, or giving without the right to give (rule 5).

Knows no network and no keys. Called by the terminal commands, from any number of processes at once.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy import Connection, and_, func, insert, or_, select

from dispenserd.oncall.alarms import take_by
from dispenserd.oncall.database import ONCALL, Database, decisions, homes, incidents, revisions, steps
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.outcome import outcome_due
from dispenserd.oncall.own import close_own, take_own
from dispenserd.oncall.view import (
    TEST_ALARM,
    AnyRow,
    decision_view,
    home_view,
    incident_view,
    ownership,
    waits,
)
from protocol.mqtt.forms import PERSON_CHARS_MAX, REASON_CHARS_MAX
from protocol.mqtt.instants import from_text, to_text
from protocol.mqtt.payloads import (
    CODE_PATTERN,
    DECISION,
    ClosePayload,
    DecidePayload,
    IncidentDecision,
    TakePayload,
    to_bytes,
)

if TYPE_CHECKING:
    from dispenserd.shapes.oncall import IncidentRow, OncallRows

VERDICTS = ("given", "had_it", "witnessed", "not_given", "discard", "let_go")
Verdict = Literal["given", "had_it", "witnessed", "not_given", "discard", "let_go"]
Ended = Literal["accepted", "refused", "expired"]
STEPS_SHOWN_MAX = 20
"""Of an incident, the newest: what nobody takes for a day has a hundred and forty."""
ANSWER_LOOK_S = 0.1
"""How often a waiting command looks for the home's answer: a person doesn't notice it."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A decision under way. `answer` knows what came of it."""

    decision_id: str
    action: str
    incident: str
    home: str
    dose: str
    revision: int
    by: str


@dataclass(frozen=True, slots=True)
class Answered:
    state: Literal["accepted", "refused", "expired", "waiting"]
    reason: str  # the home's code; "no_answer" while waiting or expired


class DeskRefused(Exception):
    """Not done, and nothing changed. `code` is stable; `who` names the person who has it, if any."""

    def __init__(self, code: str, who: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.who = who


class RefusedForSafety(DeskRefused):
    """Doing it could harm somebody."""


class Desk:
    def __init__(self, database: Database, limits: OncallLimits) -> None:
        self._database = database
        self._limits = limits

    # Every act below raises DeskRefused, and then nothing has changed.

    def list_incidents(self, now: datetime, everything: bool = False) -> OncallRows:
        """`{"incidents": [...], "homes": [...]}`; open ones, most urgent first, or all there ever were."""
        query = select(incidents).order_by(incidents.c.incident)
        if not everything:
            test = and_(
                incidents.c.kind == TEST_ALARM, incidents.c.priority == "info"
            )  # a failed one is high
            query = query.where(incidents.c.state != "closed", ~test)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
            shown = [self._shown(connection, row, now) for row in rows]
            left = and_(homes.c.taken_off.is_not(None), func.coalesce(homes.c.heard, "") <= homes.c.taken_off)
            known = connection.execute(select(homes).where(~left).order_by(homes.c.home)).all()
        return {
            "incidents": sorted(shown, key=lambda row: row["deadline"]),
            "homes": [home_view(home, now, self._limits.home_silent) for home in known],
        }

    def _shown(self, connection: Connection, row: AnyRow, now: datetime) -> IncidentRow:
        history, decided = _history(connection, row), _decisions(connection, row)
        due = outcome_due(row, history, self._limits)
        told, by = _told(connection, row), take_by(row, _received(connection, row))
        return incident_view(row, history, decided, now, told, due.at if due else None, by)

    def take(self, incident: str, by: str, now: datetime, seen: int | None = None) -> Queued:
        """`by` owns it at once. `incident`: its id or the beginning of it; `seen`: the revision looked at.

        DeskRefused "taken_by_other" with `who`. A take that the home refused or never answered may be
        repeated, and then names the present revision. So may one that brought no token.
        """
        _readable("name", by, PERSON_CHARS_MAX)
        with self._database.writing() as connection:
            row = _find(connection, incident)
            _still_as_seen(row, seen)
            owner = _owner(connection, row, by, now)
            if row.origin == ONCALL:
                return _own(row, "take", by, take_own(connection, row, by, now))
            last = _last(_decisions(connection, row), "take", by)
            if last is not None and waits(last, now):
                return _queued(row, last)
            confirmed_later = not row.owner or row.holds_token
            if owner == by and last is not None and last.state == "accepted" and confirmed_later:
                return _queued(row, last)
            payload = TakePayload(action="take", **self._common(connection, row, by, now))
            return _enqueue(connection, row, payload)

    def close(
        self, incident: str, by: str, resolution: str, now: datetime, seen: int | None = None
    ) -> Queued:
        """Sets a resolution, never an outcome. Only the owner that the home has confirmed may."""
        _readable("name", by, PERSON_CHARS_MAX)
        if not re.fullmatch(CODE_PATTERN, resolution):
            raise DeskRefused("bad_resolution")
        with self._database.writing() as connection:
            row = _find(connection, incident)
            _still_as_seen(row, seen)
            owner = _owner(connection, row, by, now)
            if not owner:
                raise DeskRefused("not_owner")
            if not row.owner:
                raise DeskRefused("not_confirmed")
            if row.origin == ONCALL:
                return _own(row, "close", by, close_own(connection, row, by, resolution, now))
            last = _last(_decisions(connection, row), "close", by)
            if last is not None and waits(last, now):
                return _queued(row, last)
            payload = ClosePayload(
                action="close", resolution=resolution, **self._common(connection, row, by, now)
            )
            return _enqueue(connection, row, payload)

    def decide(
        self, target: str, verdict: Verdict, by: str, reason: str, now: datetime, seen: int | None = None
    ) -> Queued:
        """About the dose of an incident. `target`: a dose id or the end of one (`2026-11-02/night/1`), or an
        incident's id or its beginning. RefusedForSafety "no_token": given by hand without the home's word."""
        _readable("name", by, PERSON_CHARS_MAX)
        _readable("reason", reason, REASON_CHARS_MAX)
        with self._database.writing() as connection:
            row = _find(connection, target)
            _still_as_seen(row, seen)
            if not row.dose:
                raise DeskRefused("no_dose")
            if verdict == "given" and not _may_have_given(row, by, _decisions(connection, row)):
                raise RefusedForSafety("no_token", who=row.owner if row.owner != by else "")
            last = _last(_decisions(connection, row), "decide", by)
            if last is not None and waits(last, now):
                if last.verdict != verdict:
                    raise DeskRefused("decision_waits")
                return _queued(row, last)
            payload = DecidePayload(
                action="decide",
                dose=row.dose,
                verdict=verdict,
                reason=reason,
                **self._common(connection, row, by, now),
            )
            return _enqueue(connection, row, payload, verdict)

    def answer(self, decision_id: str, now: datetime) -> Answered:
        with self._database.reading() as connection:
            row = connection.execute(select(decisions).where(decisions.c.decision_id == decision_id)).one()
        seen = decision_view(row, now)
        if seen["state"] == "queued":
            return Answered("waiting", "no_answer")
        return Answered(cast(Ended, seen["state"]), seen["reason"])

    def _common(self, connection: Connection, row: AnyRow, by: str, now: datetime) -> dict[str, Any]:
        return {
            "schema": DECISION,
            "decision_id": secrets.token_hex(16),
            "home": row.home,
            "epoch": row.epoch,  # of what the person saw: a home restored since then refuses it
            "incident": row.incident,
            "revision": row.revision,
            "by": by,
            "issued": now,
            "expires": now + self._limits.command_life,
        }


async def await_answer(
    desk: Desk, decision_id: str, now: Callable[[], datetime], timeout_s: float
) -> Answered:
    """The home's answer, or "waiting" when none came in `timeout_s` of machine time: it may still come."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            while True:
                answer = desk.answer(decision_id, now())
                if answer.state != "waiting":
                    return answer
                await asyncio.sleep(ANSWER_LOOK_S)  # another process writes the answer: nothing to wait on
    return desk.answer(decision_id, now())


def _readable(what: str, text: str, chars_max: int) -> None:
    """It stays in a journal for years and is shown on many screens."""
    if not text.strip() or not text.isprintable() or len(text) > chars_max:
        raise DeskRefused(f"bad_{what}")


def _find(connection: Connection, target: str) -> AnyRow:
    """The one incident meant; open ones go before closed ones. `HOME/INCIDENT` names it whatever ids other
    homes use: theirs are checked for their shape alone."""
    if not target:
        raise DeskRefused("unknown_incident")
    found = connection.execute(
        select(incidents).where(
            or_(
                incidents.c.incident.startswith(target, autoescape=True),
                (incidents.c.home + "/" + incidents.c.incident).startswith(target, autoescape=True),
                incidents.c.dose == target,
                and_(incidents.c.dose != "", incidents.c.dose.endswith("/" + target, autoescape=True)),
            )
        )
    ).all()
    open_ones = [row for row in found if row.state != "closed"]
    if len(open_ones) == 1:
        return open_ones[0]
    if open_ones:
        raise DeskRefused("ambiguous")
    raise DeskRefused("closed" if found else "unknown_incident")


def _still_as_seen(row: AnyRow, seen: int | None) -> None:
    if seen is not None and seen != row.revision:
        raise DeskRefused("stale")


def _owner(connection: Connection, row: AnyRow, by: str, now: datetime) -> str:
    """Who owns it, `by` or nobody; DeskRefused if it is somebody else."""
    takes = [each for each in _decisions(connection, row) if each.action == "take"]
    owner = ownership(row, takes, now).owner
    if owner and owner != by:
        raise DeskRefused("taken_by_other", who=owner)
    return owner


def _may_have_given(row: AnyRow, by: str, decided: Sequence[AnyRow]) -> bool:
    """The home says that they may; or they once took it, and it rose since and is a colleague's or nobody's
    now: then the right may still be theirs, and what they did is for the home to judge, not to be lost."""
    if row.owner == by:
        return bool(row.holds_token)
    took = _last(decided, "take", by)
    return took is not None and took.state == "accepted"


def _last(decided: Sequence[AnyRow], action: str, by: str) -> AnyRow | None:
    return next((each for each in reversed(decided) if each.action == action and each.by == by), None)


def _enqueue(connection: Connection, row: AnyRow, payload: IncidentDecision, verdict: str = "") -> Queued:
    connection.execute(
        insert(decisions).values(
            decision_id=payload.decision_id,
            home=payload.home,
            epoch=payload.epoch,
            incident=payload.incident,
            revision=payload.revision,
            action=payload.action,
            by=payload.by,
            verdict=verdict,
            body=to_bytes(payload).decode(),
            issued=to_text(payload.issued),
            expires=to_text(payload.expires),
            state="queued",
            reason="",
        )
    )
    return Queued(
        payload.decision_id, payload.action, row.incident, row.home, row.dose, payload.revision, payload.by
    )


def _own(row: AnyRow, action: str, by: str, decision_id: str) -> Queued:
    """On-call's own incident: no home has to confirm it, so it is accepted already."""
    return Queued(decision_id, action, row.incident, row.home, row.dose, row.revision, by)


def _queued(row: AnyRow, decision: AnyRow) -> Queued:
    """The decision that is under way already: asking twice is one wish."""
    return Queued(
        decision.decision_id,
        decision.action,
        row.incident,
        row.home,
        row.dose,
        decision.revision,
        decision.by,
    )


def _history(connection: Connection, row: AnyRow) -> Sequence[AnyRow]:
    return connection.execute(
        select(revisions)
        .where(
            revisions.c.home == row.home,
            revisions.c.incident == row.incident,
            or_(revisions.c.at >= row.raised, revisions.c.epoch < row.epoch),  # not of an earlier life
        )
        .order_by(revisions.c.epoch, revisions.c.revision)
    ).all()


def _received(connection: Connection, row: AnyRow) -> datetime:
    """Its newest revision, as `alarms` has it."""
    newest = (
        select(revisions.c.received)
        .where(revisions.c.home == row.home, revisions.c.incident == row.incident)
        .order_by(revisions.c.epoch.desc(), revisions.c.revision.desc(), revisions.c.received.desc())
        .limit(1)
    )
    return from_text(connection.execute(newest).scalar_one())


def _decisions(connection: Connection, row: AnyRow) -> Sequence[AnyRow]:
    return connection.execute(
        select(decisions)
        .where(decisions.c.home == row.home, decisions.c.incident == row.incident)
        .order_by(decisions.c.number)
    ).all()


def _told(connection: Connection, row: AnyRow) -> Sequence[AnyRow]:
    """The newest, oldest first."""
    newest = (
        select(steps)
        .where(steps.c.home == row.home, steps.c.incident == row.incident)
        .order_by(steps.c.number.desc())
        .limit(STEPS_SHOWN_MAX)
    )
    return connection.execute(newest).all()[::-1]
