"""What happened: the closed union `Event`. A journal row, a line on the terminal and a test's assertion
are all one of these.

Every event is a frozen dataclass in the past tense with `at`, the home's civil instant in UTC (whole
milliseconds). `record` turns one into plain JSON data and back; `world.evolve` is total over them. What
leaves the house is translated at the door (`dispenserd.mqtt`, `dispenserd.fagsystem`), never stored
differently.
"""

from __future__ import annotations

from scheduler.events.as_needed import (
    AsNeededRefused,
    AsNeededRequested,
    ElsewhereRead,
    ElsewhereSaid,
    GivenElsewhere,
    Which,
)
from scheduler.events.custody import (
    Carried,
    CarriedDose,
    LeftSachet,
    Magazine,
    MagazineTakenOut,
    MoveAsked,
    NamedSince,
    PastDose,
    ResidentMovedIn,
    ResidentMovedOut,
    SachetsCounted,
)
from scheduler.events.doses import (
    AdministrationFiled,
    AnswerDelivered,
    CommandAnswered,
    DecisionMade,
    DoseDoubted,
    DoseDue,
    DoseHeld,
    FindingContradicted,
    HoldLetGo,
    OutcomeRecorded,
    ReminderGiven,
    TokenPassed,
    TokenReturned,
)
from scheduler.events.home import (
    ClockDoubted,
    ClockTrusted,
    DaemonStarted,
    DayPlanned,
    DosePlanned,
    DoseWithdrawn,
    EpochBegun,
    JournalFoundBehind,
    PlanAccepted,
    PlanRefused,
    ProofCommitted,
    RollLoaded,
    RollRefused,
    StoreStopped,
)
from scheduler.events.incidents import (
    IncidentChanged,
    IncidentCleared,
    IncidentClosed,
    IncidentDelivered,
    IncidentHandled,
    IncidentPublished,
    IncidentRaised,
    IncidentTaken,
    IncidentUndelivered,
)
from scheduler.events.leave import (
    HandedOutChanged,
    LeaveEnded,
    LeavePlanned,
    ReleaseAuthorised,
    SachetCameBack,
    SurplusHeld,
)
from scheduler.events.refill import RollCompared, RollMisfit
from scheduler.events.regime import (
    ClockTimesAdopted,
    ClockTimesRefused,
    MedicineListAdopted,
    MedicineListRefused,
    Mode,
    ModeSet,
    PauseBegun,
    PausedAction,
    PauseEnded,
    PauseKind,
    PauseReviewed,
    PlanConfirmed,
)
from scheduler.events.robot import (
    AttemptBlocked,
    LockedOnTheSpot,
    MotionAdopted,
    OrderEnded,
    OrderIssued,
    OrderRevoked,
    Pressed,
    PressSpent,
    RobotCaughtUp,
    RobotDumped,
    RobotIdentified,
    RobotLogBroken,
    RobotLogged,
    RobotLost,
    RobotRejected,
    RobotReported,
    UnlockedOnTheSpot,
)
from scheduler.events.side import SideDoseDue, SideDosePlanned, SideDoseWithdrawn
from scheduler.events.upkeep import AlarmTestBegun, CertificateFound, CertificatesRead, ChoreEnded
from scheduler.events.voice import (
    AnswerTakenBack,
    DoseDeclined,
    DosePutOff,
    HelpAsked,
    QuestionAnswered,
    QuestionAsked,
)
from scheduler.events.words import (
    Answer,
    Incident,
    Kind,
    Order,
    OrderKind,
    Outcome,
    Priority,
    Question,
    Result,
    RobotStatus,
    State,
    Verdict,
)

VoiceEvent = HelpAsked | QuestionAsked | QuestionAnswered
"""What the resident said, or was asked, beside any dose's machine."""

SideEvent = SideDosePlanned | SideDoseWithdrawn | SideDoseDue
"""About medicine beside the robot; its outcome, reminders and answers are those of every dose."""

AsNeededEvent = AsNeededRequested | AsNeededRefused | ElsewhereRead | ElsewhereSaid
"""About medicine as needed, before it is a dose like every other."""
RegimeEvent = ModeSet | PauseBegun | PauseReviewed | PauseEnded | PausedAction | LeavePlanned | LeaveEnded
"""How a resident gets their medicine for now."""

CustodyEvent = MoveAsked | ResidentMovedOut | ResidentMovedIn | MagazineTakenOut | SachetsCounted
"""In whose care a resident is, and where the sachets of a magazine went."""

ResidentEvent = VoiceEvent | SideEvent | AsNeededEvent | RegimeEvent | CustodyEvent
"""About one resident, beside the doses in their strip."""

HomeEvent = (
    DaemonStarted
    | ProofCommitted
    | StoreStopped
    | JournalFoundBehind
    | EpochBegun
    | ClockTrusted
    | ClockDoubted
    | PlanAccepted
    | PlanRefused
    | DosePlanned
    | DoseWithdrawn
    | DayPlanned
    | RollLoaded
    | RollCompared
    | RollRefused
    | RobotDumped
    | Pressed
    | PressSpent
    | AttemptBlocked
    | LockedOnTheSpot
    | UnlockedOnTheSpot
    | CommandAnswered
    | AnswerDelivered
    | AdministrationFiled
    | AlarmTestBegun
    | CertificatesRead
    | ChoreEnded
    | PlanConfirmed
    | ClockTimesAdopted
    | ClockTimesRefused
    | MedicineListAdopted
    | MedicineListRefused
    | SurplusHeld
)
"""About the home itself, and what travels through it."""

RobotEvent = (
    RobotIdentified | RobotCaughtUp | RobotLost | RobotLogBroken | RobotRejected | RobotReported | RobotLogged
)
"""What the robot said of itself."""

DoseChange = (
    OrderEnded
    | MotionAdopted
    | DoseDue
    | ReminderGiven
    | DoseHeld
    | HoldLetGo
    | DosePutOff
    | DoseDeclined
    | AnswerTakenBack
    | OutcomeRecorded
    | FindingContradicted
    | TokenPassed
    | TokenReturned
    | DecisionMade
    | ReleaseAuthorised
    | SachetCameBack
    | HandedOutChanged
)
"""About one dose that is named in it."""

DoseEvent = OrderIssued | OrderRevoked | DoseDoubted | DoseChange

IncidentChange = (
    IncidentChanged
    | IncidentCleared
    | IncidentPublished
    | IncidentUndelivered
    | IncidentDelivered
    | IncidentTaken
    | IncidentHandled
    | IncidentClosed
)
"""About an incident that was raised before."""

IncidentEvent = IncidentRaised | IncidentChange

Event = HomeEvent | ResidentEvent | RobotEvent | DoseEvent | IncidentEvent

__all__ = [
    "AdministrationFiled",
    "AlarmTestBegun",
    "Answer",
    "AnswerDelivered",
    "AnswerTakenBack",
    "AsNeededEvent",
    "AsNeededRefused",
    "AsNeededRequested",
    "AttemptBlocked",
    "Carried",
    "CarriedDose",
    "CertificateFound",
    "CertificatesRead",
    "ChoreEnded",
    "ClockDoubted",
    "ClockTimesAdopted",
    "ClockTimesRefused",
    "ClockTrusted",
    "CommandAnswered",
    "CustodyEvent",
    "DaemonStarted",
    "DayPlanned",
    "DecisionMade",
    "DoseChange",
    "DoseDeclined",
    "DoseDoubted",
    "DoseDue",
    "DoseEvent",
    "DoseHeld",
    "DosePlanned",
    "DosePutOff",
    "DoseWithdrawn",
    "ElsewhereRead",
    "ElsewhereSaid",
    "EpochBegun",
    "Event",
    "FindingContradicted",
    "GivenElsewhere",
    "HandedOutChanged",
    "HelpAsked",
    "HoldLetGo",
    "HomeEvent",
    "Incident",
    "IncidentChange",
    "IncidentChanged",
    "IncidentCleared",
    "IncidentClosed",
    "IncidentDelivered",
    "IncidentEvent",
    "IncidentHandled",
    "IncidentPublished",
    "IncidentRaised",
    "IncidentTaken",
    "IncidentUndelivered",
    "JournalFoundBehind",
    "Kind",
    "LeaveEnded",
    "LeavePlanned",
    "LeftSachet",
    "LockedOnTheSpot",
    "Magazine",
    "MagazineTakenOut",
    "MedicineListAdopted",
    "MedicineListRefused",
    "Mode",
    "ModeSet",
    "MotionAdopted",
    "MoveAsked",
    "NamedSince",
    "Order",
    "OrderEnded",
    "OrderIssued",
    "OrderKind",
    "OrderRevoked",
    "Outcome",
    "OutcomeRecorded",
    "PastDose",
    "PauseBegun",
    "PauseEnded",
    "PauseKind",
    "PauseReviewed",
    "PausedAction",
    "PlanAccepted",
    "PlanConfirmed",
    "PlanRefused",
    "PressSpent",
    "Pressed",
    "Priority",
    "ProofCommitted",
    "Question",
    "QuestionAnswered",
    "QuestionAsked",
    "RegimeEvent",
    "ReleaseAuthorised",
    "ReminderGiven",
    "ResidentEvent",
    "ResidentMovedIn",
    "ResidentMovedOut",
    "Result",
    "RobotCaughtUp",
    "RobotDumped",
    "RobotEvent",
    "RobotIdentified",
    "RobotLogBroken",
    "RobotLogged",
    "RobotLost",
    "RobotRejected",
    "RobotReported",
    "RobotStatus",
    "RollCompared",
    "RollLoaded",
    "RollMisfit",
    "RollRefused",
    "SachetCameBack",
    "SachetsCounted",
    "SideDoseDue",
    "SideDosePlanned",
    "SideDoseWithdrawn",
    "SideEvent",
    "State",
    "StoreStopped",
    "SurplusHeld",
    "TokenPassed",
    "TokenReturned",
    "UnlockedOnTheSpot",
    "Verdict",
    "VoiceEvent",
    "Which",
]
