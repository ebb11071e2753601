"""What the running home says of itself: `status`, `doses`, `holds`, `roll`, and its answer to `decide`.

Built by `dispenserd.views` and `dispenserd.calls`, printed by the terminal commands of the same names. No
drug names: codes and ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from typing_extensions import TypedDict

from dispenserd.shapes.forms import (
    Box,
    Code,
    CodeOrNone,
    Day,
    DoseId,
    DoseIdOrNone,
    Form,
    Head,
    Id,
    Instant,
    LocalTime,
    OneOf,
    Open,
    Priority,
    ResidentKey,
    Verdict,
)
from dispenserd.shapes.strips import RefillView, RollInUse, StripInUse
from dispenserd.shapes.upkeep import AlarmTestView, ChoreView, LoopLag
from scheduler.dose import Stage
from scheduler.events import Kind, Outcome, State


class Sensors(TypedDict):
    """The robot's sensors, as it last reported them."""

    production_id: str
    """Of the magazine, as its reader saw it; empty for none."""
    mouth_label: str
    """Label of the sachet that would leave next; empty for none, or none that can be read."""
    sachets_left: int
    """In the magazine, by the robot's own count."""
    holding: bool
    """Whether a sachet lies in the holding place."""
    tray: bool
    """Whether a sachet lies in the tray, where the resident can take it."""
    store_count: int
    """Sachets in the locked store."""
    store_max: int
    """Sachets that the locked store can take."""
    lid_open: bool
    """Whether somebody has the lid open; nothing is released then."""
    mains: bool
    """Whether it runs on mains, not on its battery."""
    battery_percent: int
    """Charge of its battery."""
    fault: str
    """The robot's own fault code; empty for none."""


class RobotView(TypedDict):
    """The robot, and whether it may be ordered anything."""

    state: Annotated[str, OneOf("absent", "identified", "ready", "faulted", "rejected")]
    """Only `ready` can release a dose."""
    reason: CodeOrNone
    """Why it is absent or rejected, as in `unplugged` or `wrong_serial`; empty otherwise."""
    serial: str
    """Serial number of the robot, as it said, or as configured before it did."""
    auth: str
    """How the robot proves who it is; empty before it said so."""
    status: Sensors | None
    """Null until it reported."""


class PlanView(TypedDict):
    """The plan in force."""

    plan_version: int
    """Counts accepted plans; 0 for none yet."""
    card_version: int
    """Of the medicine card that the plan came from."""
    refused: str
    """Why the newest card was refused, as a code and a place in it; empty if it was not. The plan stays."""


class RobotAtHome(RobotView):
    """One robot of the home, and whom it serves."""

    residents: list[ResidentKey]
    """Whose rolls or medicine as needed it holds; of several, each press there must say whose it is."""
    display: list[str]
    """The lines that it shows."""
    battery_until: Instant | None
    """When it will be empty, as far as its battery has shown; null while it has mains."""


class ResidentAtHome(TypedDict):
    """One resident of the home."""

    resident: ResidentKey
    """Permanent key of the resident."""
    robot: str
    """Serial number of the robot that holds the roll; empty for none."""
    plan: PlanView
    """The plan in force."""
    roll: RollInUse
    """The roll in use."""
    as_needed: StripInUse | None
    """Their medicine as needed, where it has a robot of its own; null for none."""
    next_window: Instant | None
    """When the next dose's window opens, or did if one is open; null for none planned."""
    refill: RefillView | None
    """The first dose that their roll has no sachet for; null where none is known, or the plan ends before."""


class IncidentView(TypedDict):
    """An open incident, as the home knows it."""

    incident: Id
    """Its id, the same at the home, on the wire and on call."""
    dose: DoseIdOrNone
    """The dose it is about; empty where it is about none."""
    kind: Annotated[str, Open(*Kind)]
    """What it is about: the alarm catalogue in docs/safety.md."""
    priority: Priority
    """How soon a person must act."""
    state: Annotated[str, OneOf(*State)]
    """How far it has come: `delivered` is on-call's signed receipt, `acknowledged` a person's."""
    revision: int
    """Counts its changes from 1; a decision names the one that the person saw."""
    raised: Instant
    """When it was raised."""
    deadline: Instant
    """Somebody must own it by then."""
    age_s: int
    """Whole civil seconds since it was raised."""
    owner: str
    """The person who took it; empty for nobody."""
    undelivered: bool
    """Whether on-call has not confirmed the present revision in time."""
    detail: str
    """Why, as a code, perhaps with a place behind it; may be empty."""


class StatusView(TypedDict):
    """The home now: clock, robot, plan, roll, display, open incidents."""

    box: Box
    """Id of the box; also its level in every MQTT topic."""
    now: Instant
    """The home's own time."""
    epoch: int
    """Life of this journal: a restored one has a higher number."""
    head: Head
    """Hash of the newest journal row."""
    journal_behind: list[Annotated[str, Open("robot", "oncall")]]
    """Who knows more of this journal than it holds; normally nobody. Nothing is released then."""
    clock: Annotated[str, Form(r"^trusted$|^untrusted: [a-z_]+$")]
    """`trusted`, or `untrusted: ` and why. Nothing irreversible is decided on an untrusted clock."""
    robot: RobotView
    """The robot, and whether it may be ordered anything; of several, the first resident's."""
    plan: PlanView
    """The plan in force; of several residents, the first's."""
    roll: RollInUse
    """The roll in use; of several residents, the first's."""
    robots: list[RobotAtHome]
    """Every robot, in the order of the configuration."""
    residents: list[ResidentAtHome]
    """Every resident, in the order of the configuration."""
    undelivered: int
    """Incidents that on-call has not confirmed in time."""
    display: list[str]
    """The lines that the robot shows the resident."""
    incidents: list[IncidentView]
    """The open ones above `info`, oldest first."""
    next_window: Instant | None
    """When the next dose's window opens, or did if one is open; null for none planned."""
    window_open: bool
    """Whether a dose's window is open now."""
    test_alarm: AlarmTestView | None
    """The newest test alarm; null for none yet."""
    chores: list[ChoreView]
    """What the home does by itself, beside any dose."""


class Status(StatusView):
    """The home now: clock, robot, plan, roll, display, open incidents."""

    demo: bool
    """True where no resident lives here: a rehearsal or a demonstration."""
    loop_lag_ms: LoopLag
    """How late the home comes to its work."""
    configuration: Annotated[str, Form(r"^([0-9a-f]{32})?$")]
    """Digest of the configuration file as the home read it; `doctor` compares it with the file as it is."""


class PermitView(TypedDict):
    """What a person has authorised beside a dose's own window."""

    kind: Annotated[str, Open("early", "late", "take_along")]
    """`early`: it may be had before its window. `late`: its window goes on. `take_along`: it may be handed
    out before a leave, to be had at its own time."""
    opens: Instant
    """From when."""
    closes: Instant
    """Until when: of `early` its own window begins then, of `take_along` the resident departs."""
    by: str
    """Who authorised it."""
    reason: str
    """Why, in a few words; may be empty."""


class DoseView(TypedDict):
    """One dose: its window, where it is, its outcome, and who may give it."""

    dose: DoseId
    """`<resident key>/<date>/<slot>/<part>`; the same id for ever."""
    resident: ResidentKey
    """Whose dose it is."""
    robot: str
    """Serial number of the robot that its newest order was of; empty before the first."""
    date: Day
    """Civil date that it belongs to."""
    slot: str
    """Part of the day, as in `morning` or `evening-2`."""
    opens: Instant
    """From when it may be released."""
    half: Instant
    """From when its absence is an incident, and its retrieval late."""
    closes: Instant
    """From when it is not offered any more."""
    stage: Annotated[str, Open(*Stage, "beside")]
    """Where its sachet is; `beside` where it is in none and the resident takes it beside the robot."""
    outcome: Annotated[str, Open(*Outcome)] | None
    """Its fate; null while that is open. Never `taken`: a robot can't know."""
    late: bool
    """Retrieved after the half of its window."""
    by: str
    """Who said so; empty where the robot's own record does."""
    reason: str
    """Why that outcome, as a code or in a person's words; may be empty."""
    helper: str
    """Which named helper pressed for it, or said no thanks, for the resident; empty where none did."""
    happened: Instant | None
    """When the outcome came about, which may be long before it was known."""
    revision: int
    """Of the outcome: 0 for none, 1 for the first, and one more for each correction."""
    token: Annotated[str, OneOf("robot", "staff")]
    """With whom the right to give this dose is."""
    holder: str
    """The person who has that right; empty while it is with the robot."""
    critical: bool
    """Whether it holds time-critical medicine."""
    loose: bool
    """Whether no sachet holds it, because it was added after the roll was packed: a person gives it."""
    permits: list[PermitView]
    """What people have authorised for it, as they said it; also after it was had."""
    lost: bool
    """Whether a part of the journal that was lost may tell of it, and nobody has settled that yet."""
    held: CodeOrNone
    """Why it must not be released until a person decided; empty if it may."""
    let_go_by: list[str]
    """Who has said that its held sachet is right after all. One person's word alone changes nothing."""
    let_go_until: Instant | None
    """Until when a second person's word lets it go; null where none is waited for."""


class Doses(TypedDict):
    """Every dose of the days planned, in the order of time."""

    doses: list[DoseView]
    """In the order of their windows."""
    refills: list[RefillView]
    """The first dose of each resident that the roll in the robot has no sachet for, the soonest first."""


class Holds(TypedDict):
    """The doses that must not be released until a person has decided."""

    holds: list[DoseView]
    """`reason` says why each is held: `in_doubt`, `journal_behind`, or the code in `held`."""


class Content(TypedDict):
    """One kind of medicine in a sachet."""

    drug: str
    """ATC code."""
    strength: str
    """As in `500 mg`."""
    quantity: str
    """A decimal number as text, so that no digit is lost."""
    unit: str
    """As in `tablet`."""


class Sachet(TypedDict):
    """One sachet of the roll."""

    number: int
    """Its place on the roll, from 1."""
    label: str
    """What the robot's reader must see."""
    local: LocalTime
    """Civil time printed on it."""
    contents: list[Content]
    """What is in it."""


class LockedStore(TypedDict):
    """The robot's locked store for sachets that nobody got."""

    count: int
    """Sachets in it."""
    max: int
    """Sachets that it can take."""


class StripShow(TypedDict):
    """What was loaded into one robot, sachet by sachet, beside what that robot reads."""

    robot: str
    """Serial number of the robot that has it; empty for none."""
    production_id: str
    """Of the roll that a person loaded; empty for none."""
    in_robot: str
    """Production id that the robot reads; another one means that every sachet is held."""
    left: int | None
    """Sachets left by the robot's count; null until it reported."""
    mouth: str
    """Label at the magazine's mouth; empty for none."""
    store: LockedStore | None
    """Null until the robot reported."""
    card_version: int
    """Of the medicine card that the roll was packed for."""
    sachets: list[Sachet]
    """In the order of the roll."""


class RollShow(StripShow):
    """The loaded roll, sachet by sachet, beside what the robot reads."""

    resident: ResidentKey
    """Whose roll it is."""
    as_needed: StripShow | None
    """Their medicine as needed, where it has a robot of its own; null for none."""


class RollLoad(TypedDict):
    """The roll is loaded. A refused one ends as an error instead."""

    accepted: bool
    """Always true."""
    resident: ResidentKey
    """Whose roll it is, by the manifest."""
    production_id: str
    """Of the roll."""
    sachets: int
    """How many it has."""


class Answer(TypedDict):
    """What the home said to a command."""

    accepted: bool
    """Always true where it is printed; a refusal ends as an error instead."""
    reason: Code
    """`done`; or `second_needed`: recorded, and nothing has changed before another person says the same."""


class Decide(Answer):
    """A named person's word about a dose is recorded. A refused one ends as an error instead."""

    dose: DoseId
    """The dose, by its whole id."""
    verdict: Verdict
    """What was found or done."""


SCHEMAS: Mapping[str, object] = {
    "status/1": Status,
    "doses/1": Doses,
    "holds/1": Holds,
    "roll-show/1": RollShow,
    "roll-load/1": RollLoad,
    "decide/1": Decide,
}
