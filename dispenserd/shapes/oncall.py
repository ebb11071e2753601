"""What the staff's side says: `oncall list`, and what became of a `take`, `decide` or `close`.

Built by `dispenserd.oncall`, which knows no word of the home's core: kinds and states are open lists here, so
that an older on-call still shows what a newer home sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from typing_extensions import TypedDict

from dispenserd.shapes.forms import (
    Box,
    Code,
    CodeOrNone,
    DoseIdOrNone,
    Form,
    Id,
    Instant,
    OneOf,
    Open,
    Priority,
)


class RevisionView(TypedDict):
    """An incident as it stood at one revision."""

    revision: int
    """Counts the incident's changes from 1."""
    kind: Code
    """What it was about."""
    detail: CodeOrNone
    """Why; may be empty."""
    priority: Priority
    """How soon a person had to act."""
    state: Code
    """How far it had come."""
    at: Instant
    """When the home wrote this revision."""


class DecisionView(TypedDict):
    """The newest command about an incident."""

    decision: Id
    """Its id."""
    action: Annotated[str, OneOf("take", "decide", "close")]
    """What was asked of the home."""
    verdict: Annotated[
        str, Open("given", "had_it", "witnessed", "not_given", "discard", "let_go", empty=True)
    ]
    """Of `decide`; empty otherwise."""
    by: str
    """Who decided."""
    revision: int
    """The revision that this person saw."""
    issued: Instant
    """When it was signed."""
    state: Annotated[str, OneOf("queued", "accepted", "refused", "expired")]
    """Only `accepted` counts: the home has carried it out."""
    reason: CodeOrNone
    """The home's word for it; `no_answer` where none came in time."""


class StepView(TypedDict):
    """One step of the ladder: a person was told, or was to be."""

    step: int
    """Counts the steps of this incident's deadline from 1."""
    why: Code
    """What made it due: it was raised, nobody took it, a notice failed, nothing came of it."""
    priority: Priority
    """As told to that person."""
    person: str
    """Who; empty where nobody is on call."""
    manager: bool
    """Told as the manager, at the end of the list."""
    due: Instant
    """When it was due."""
    at: Instant
    """When it was taken."""
    state: Code
    """What came of the notice: queued, told, failed, nobody."""
    attempts: int
    """How often it was tried."""
    result: str
    """Of its endpoints, in codes; empty before the first attempt."""


class IncidentRow(TypedDict):
    """An incident as staff see it, with its deadline and its owner."""

    incident: Id
    """Its id, the same at the home, on the wire and on call."""
    home: Box
    """Id of the home's box."""
    dose: DoseIdOrNone
    """The dose it is about; empty where it is about none."""
    kind: Code
    """What it is about: the alarm catalogue in docs/safety.md. New kinds may come."""
    detail: CodeOrNone
    """Why, in a word; may be empty."""
    priority: Priority
    """How soon a person must act."""
    state: Code
    """How far it has come, in the home's word; `delivered` as soon as on-call has it."""
    revision: int
    """Counts its changes from 1; a decision names the one that the person saw."""
    raised: Instant
    """When the home raised it."""
    deadline: Instant
    """Somebody must own it by then: as the home has it, and never later than on-call's own clock allows."""
    age_s: int
    """Whole civil seconds since it was raised."""
    overdue: bool
    """The deadline has passed and nobody owns it."""
    owner: str
    """Who owns it; empty for nobody."""
    token: Annotated[str, OneOf("none", "asked", "confirmed")]
    """Whether its owner may give the dose by hand: only `confirmed`, the home's word, says yes."""
    undelivered: bool
    """The home was without on-call's receipt for longer than it should."""
    resolution: CodeOrNone
    """How it was resolved; empty while it is open."""
    history: list[RevisionView]
    """Its revisions, oldest first."""
    decision: DecisionView | None
    """The newest command about it; null for none."""
    origin: Annotated[str, OneOf("home", "oncall")]
    """Who raised it: a home, or on-call itself, about a home or about its own people."""
    since: Instant | None
    """Of on-call's own: since when what it tells of is so; null for a home's."""
    urgency: Priority
    """Its priority, raised by one each time that nobody took it in time."""
    told: list[StepView]
    """Who was told so far, the newest 20, oldest first."""
    outcome_by: Instant | None
    """Its owner is asked from then on what came of it; null while nobody owns it or it has an end."""


class HomeRow(TypedDict):
    """Whether anybody hears from a home."""

    home: Box
    """Id of the home's box."""
    state: Annotated[str, OneOf("alive", "unknown")]
    """`unknown` is never to be read as fine: somebody must look."""
    since: Instant
    """Since when it is so; of `unknown`, the last sign of life."""
    robot: CodeOrNone
    """State of its robot, as of its newest heartbeat; empty before the first."""
    clock: str
    """`trusted`, or `untrusted: ` and why, as of its newest heartbeat; empty before the first."""
    next_window: Instant | None
    """When its next dose's window opens, or did if one is open; null for none, or none known."""
    window_open: bool
    """Whether a dose's window was open at its newest heartbeat."""
    heard: Instant | None
    """Its newest heartbeat, by on-call's clock; null for none yet."""
    last_test: Instant | None
    """When its newest test alarm that passed came; null for none."""
    listed: Instant | None
    """Since when it is on the list of homes to hear from; null where it is not, or there is no list."""


class OncallRows(TypedDict):
    """Open incidents, by deadline, and the homes that on-call knows. With `--all` also closed ones."""

    incidents: list[IncidentRow]
    """By deadline."""
    homes: list[HomeRow]
    """By id; without those that were taken off the list and not heard since."""


class OncallList(OncallRows):
    """The list, and whether it can change."""

    refuses: CodeOrNone
    """Why on-call's database takes nothing now, so that the list lacks what happens meanwhile:
    `disk_full`, `read_only`, `io_error`, `locked`. Empty while it takes writes."""


class Command(TypedDict):
    """A signed command to a home, and what came of it. Refused ends as an error instead."""

    decision: Id
    """Its id: the same wish asked twice is one command."""
    incident: Id
    """Whole id of the incident."""
    home: Box
    """Id of the home's box."""
    dose: DoseIdOrNone
    """The incident's dose; empty for none."""
    revision: int
    """The revision that the person saw."""
    by: str
    """Who decided."""
    state: Annotated[str, OneOf("accepted", "waiting", "expired")]
    """`waiting` and `expired` do not count: nothing was changed as far as anybody knows."""
    reason: Annotated[str, Form(r"^[a-z0-9][a-z0-9_.:-]{0,63}$")]
    """`done`, or `no_answer`."""


class OncallTake(Command):
    """A wish to own an incident. It gives no right to give a dose by hand; see `token` in `oncall list`."""


class OncallDecide(Command):
    """A named person's word about a dose, on its way to the home or answered by it."""


class OncallClose(Command):
    """A wish to close an incident, on its way to the home or answered by it."""


class RosterPerson(TypedDict):
    """Somebody who may be called."""

    name: str
    """As in the roster."""
    manager: bool
    """Told at the end of the list, and when nobody is on call."""
    language: Annotated[str, OneOf("da", "en")]
    """Of the notices to this person."""
    addresses: list[str]
    """The kind of each address, as in `mailtos`; the rest of one may be a secret and is never shown."""
    priorities: list[Priority]
    """For which this person is called."""
    hours: str | None
    """Local hours of duty, `07:00-15:00`; null for always."""
    on_call: bool
    """Whether this person would be called now."""


class Rung(TypedDict):
    """Who is told next while nobody takes it."""

    after_s: int
    """Civil seconds after it was raised."""
    person: str
    """Who."""
    manager: bool
    """As the manager."""
    priority: Priority
    """As told to that person: one higher each time that nobody took it."""


class Ladders(TypedDict):
    """The first steps, by the priority with which an incident is raised now."""

    high: list[Rung]
    """Of a high one."""
    medium: list[Rung]
    """Of a medium one."""
    low: list[Rung]
    """Of a low one."""


class NoticeTest(TypedDict):
    """What came of a test notice to one address."""

    name: str
    """Whose."""
    address: str
    """The kind of address."""
    result: Code
    """`ok`, or why not."""
    reached: bool
    """Whether its endpoint took it."""


class OncallRoster(TypedDict):
    """Who would be told, and when. With `--test` everybody is told now."""

    people: list[RosterPerson]
    """In the order in which they are told; the manager last."""
    ladders: Ladders
    """What would happen to an incident that is raised now."""
    uncovered: list[Priority]
    """Priorities for which nobody is on call now: an incident of its own."""
    tests: list[NoticeTest]
    """Empty without `--test`."""


class OncallKey(TypedDict):
    """The desk's public key: what every home believes."""

    fingerprint: str
    """As `provision` shows it, in groups to compare by telephone."""
    public_key: str
    """64 hexadecimal characters, as `provision --oncall-key` takes them."""


SCHEMAS: Mapping[str, object] = {
    "oncall-key/1": OncallKey,
    "oncall-roster/1": OncallRoster,
    "oncall-list/1": OncallList,
    "oncall-take/1": OncallTake,
    "oncall-decide/1": OncallDecide,
    "oncall-close/1": OncallClose,
}
