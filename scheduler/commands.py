"""What people and systems ask of the home: the closed union `Command`.

A command is a wish, not a fact: `receive` answers it with events (what came of it, or why not). By the
time one gets here its signature, home, epoch and expiry have been checked at the door.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.events import (
    CertificateFound,
    Event,
    GivenElsewhere,
    Mode,
    PauseKind,
    ResidentMovedOut,
    Verdict,
)
from scheduler.expand import Catalogue, DayClock
from scheduler.plan import Prescription, RefusedPrescription
from scheduler.roll import Roll


@dataclass(frozen=True, slots=True)
class OfferPlan:
    """A complete, well-formed medicine card was read."""

    resident: str
    card_version: int
    prescriptions: tuple[Prescription, ...]
    fingerprint: str
    refused: tuple[RefusedPrescription, ...] = ()  # active on the card, and nothing for a machine
    ended: frozenset[str] | None = None
    """Prescriptions that the card names as ended or paused. None: whoever sends it never names those, and
    vouches for the rest being all."""


@dataclass(frozen=True, slots=True)
class ReportElsewhere:
    """All that the fagsystem knows of what was given elsewhere, and until when it knows."""

    resident: str
    known_to: datetime
    given: tuple[GivenElsewhere, ...]


@dataclass(frozen=True, slots=True)
class LoadRoll:
    roll: Roll
    by: str


@dataclass(frozen=True, slots=True)
class TakeIncident:
    command_id: str
    incident_id: str
    revision: int  # the revision the person saw
    by: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class CloseIncident:
    command_id: str
    incident_id: str
    revision: int
    by: str
    resolution: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class DecideDose:
    """From a terminal in the home `revision` is 0, `incident_id` empty: there the person sees the robot."""

    command_id: str
    dose_id: str
    verdict: Verdict
    by: str
    reason: str
    via: str  # "home" | "oncall"
    incident_id: str
    revision: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class SetMode:
    """The next four are a named person's word about how one resident gets their medicine for now. `revision`
    is of the resident's regime, as the person saw it; from a terminal in the home it is not asked for."""

    command_id: str
    resident: str
    mode: Mode
    review: datetime | None
    by: str
    reason: str
    via: str  # "home" | "oncall"
    revision: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class PauseResident:
    """Begins a pause, or gives the one there is another end."""

    command_id: str
    resident: str
    kind: PauseKind
    until: datetime | None
    by: str
    reason: str
    via: str
    revision: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class ReviewPause:
    command_id: str
    resident: str
    by: str
    reason: str
    via: str
    revision: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class ResumeResident:
    """`reconciled`: the nurse `by` has compared card, roll and what was given elsewhere (rule 22)."""

    command_id: str
    resident: str
    reconciled: bool
    by: str
    reason: str
    via: str
    revision: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class PlanLeave:
    """Doses planned from `first` to before `last` may be handed out from `hand_out` until `departs`."""

    command_id: str
    resident: str
    first: datetime
    last: datetime
    hand_out: datetime
    departs: datetime
    back: datetime  # expected
    by: str
    reason: str
    via: str
    revision: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class EndLeave:
    """Back, or it did not come to it. `came_back`: doses whose sachets were counted, and are waste."""

    command_id: str
    resident: str
    came_back: tuple[str, ...]
    by: str
    reason: str
    via: str
    revision: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class AuthoriseRelease:
    """One dose may be had from now on, before its window; or, with `until`, its window goes on."""

    command_id: str
    resident: str
    dose_id: str
    until: datetime | None
    by: str
    reason: str
    via: str
    revision: int
    expires: datetime


@dataclass(frozen=True, slots=True)
class AskMove:
    """The next five are a named person's word in the home about where a resident's medicine lives (rule 24).
    `move` is made for this asking alone."""

    command_id: str
    resident: str
    move: str
    by: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class MoveOut:
    """To the home that asked; its seal, signature and name have been checked at the door."""

    command_id: str
    resident: str
    move: str
    to_box: str
    by: str
    reason: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class MoveIn:
    """What the old home sealed for this one; opened and its signature checked at the door."""

    command_id: str
    moved: ResidentMovedOut
    by: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class TakeOutMagazine:
    """Everything on the strip of one robot is about to leave it: the robot is to be swapped."""

    command_id: str
    robot: str
    by: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class CountSachets:
    command_id: str
    resident: str
    labels: tuple[str, ...]
    place: str  # "robot" | "waste" | "missing"
    by: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class ConfirmPlan:
    """The card was read at its source, and is the one that was offered last."""

    resident: str


@dataclass(frozen=True, slots=True)
class OfferMedicineList:
    """The list of critical and controlled medicine, as configured."""

    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class OfferClockTimes:
    """When the parts of the day are, as configured."""

    clock: DayClock


@dataclass(frozen=True, slots=True)
class RejectCommand:
    """A command failed at the door: bad signature, other home, replayed, expired."""

    command_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class TakeReceipt:
    """On-call committed `revision` of the incident."""

    incident_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class RaiseTestAlarm:
    """Try the way to on-call and back; joins the test alarm that is under way, if one is."""

    by: str


@dataclass(frozen=True, slots=True)
class ReportCertificates:
    """Every certificate that the configuration names, as it is on disk now."""

    found: tuple[CertificateFound, ...]


@dataclass(frozen=True, slots=True)
class ReportClock:
    """The robot's battery clock beside the box's own, read at the middle of one exchange (rule 17)."""

    robot: str
    robot_utc: datetime
    box_utc: datetime
    commissioned: bool
    battery_ok: bool
    set_utc: datetime
    drift_ppm_max: int


@dataclass(frozen=True, slots=True)
class ReportClockStep:
    """The box's wall clock moved against its monotonic one by more than the agreement limit."""


RegimeCommand = (
    SetMode | PauseResident | ReviewPause | ResumeResident | PlanLeave | EndLeave | AuthoriseRelease
)
"""About one resident, each answered."""

CustodyCommand = AskMove | MoveOut | MoveIn | TakeOutMagazine | CountSachets
"""About where a resident's medicine lives, each answered."""

Command = (
    OfferPlan
    | ReportElsewhere
    | LoadRoll
    | TakeIncident
    | CloseIncident
    | DecideDose
    | RegimeCommand
    | CustodyCommand
    | ConfirmPlan
    | OfferMedicineList
    | OfferClockTimes
    | RejectCommand
    | TakeReceipt
    | RaiseTestAlarm
    | ReportCertificates
    | ReportClock
    | ReportClockStep
)
Fact = Event | Command
"""Everything that enters the engine's inbox: what the robot reported (already an Event), and wishes."""
