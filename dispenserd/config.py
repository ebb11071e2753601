"""The configuration of a box and of the on-call process: TOML files, read once at start and then frozen.

It knows which keys exist, what each may hold and how to say it when one is wrong. It opens no path it
names except the file itself, knows no robot and no broker, and never quotes a value in an error: a value
may identify the resident. Relative paths are relative to the file they stand in.

Limits that a rule of docs/safety.md fixes can be tightened here and never loosened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    PrivateAttr,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from dispenserd.config_error import explain, in_words
from dispenserd.config_file import ConfigError as ConfigError
from dispenserd.config_file import digest, folder_of, read_toml
from dispenserd.config_forms import (
    FOLDER,
    AtcCodes,
    BoxName,
    ClockTime,
    FilePath,
    Host,
    Port,
    Word,
    Zone,
    as_tuple,
)
from dispenserd.config_forms import Section as Section
from dispenserd.config_people import HelperSection as HelperSection
from dispenserd.config_people import ResidentSection as ResidentSection
from dispenserd.config_people import RobotSection as RobotSection
from dispenserd.config_people import StaffSection as StaffSection
from dispenserd.config_people import disagreements, robot_of
from scheduler.dosage import EARLIEST_PART
from scheduler.limits import Limits


class HomeSection(Section):
    box: BoxName
    zone: Zone = "Europe/Copenhagen"
    staff_phone: Annotated[str, Field(pattern=r"^\+?[0-9][0-9 ]{2,23}$")]
    demo: bool = False
    signing_key_file: FilePath | None = None  # who this box is: needed when a resident moves from or to it
    # No medicine of this home lies in a roll: the robot, or a prompt without a magazine, only reminds.


class ClockTimesSection(Section):
    """The clock time of each day part, rising within one civil date: `night` belongs to its own date."""

    morning: ClockTime = time(8, 0)
    noon: ClockTime = time(12, 0)
    evening: ClockTime = time(18, 0)
    night: ClockTime = time(22, 0)
    # As for a list of medicine: another time is a higher version, and two persons' word.
    version: Annotated[int, Field(ge=1, le=2**31)] = 1
    changed_by: Annotated[tuple[Word, ...], BeforeValidator(as_tuple), Field(max_length=10)] = ()

    @model_validator(mode="after")
    def _rising(self) -> ClockTimesSection:
        if not self.morning < self.noon < self.evening < self.night:
            raise ValueError("morning, noon, evening and night must follow each other within one day")
        if self.morning < EARLIEST_PART:  # cards count on it where a start is given to the minute
            raise ValueError(f"no part of the day is before {EARLIEST_PART:%H:%M}")
        return self


class MedicineSection(Section):
    """A code on no list is critical (rule 9); controlled medicine is critical, too."""

    known: AtcCodes = ()
    critical: AtcCodes = ()
    controlled: AtcCodes = ()
    # Rule 9: whoever changes a list raises its version, and two persons put their names to it.
    version: Annotated[int, Field(ge=1, le=2**31)] = 1
    changed_by: Annotated[tuple[Word, ...], BeforeValidator(as_tuple), Field(max_length=10)] = ()


class FileKey(Section):
    """Demo class: the key lies beside the store (rule 25)."""

    provider: Literal["file"]
    path: FilePath


class CredentialKey(Section):
    """A systemd credential, read from $CREDENTIALS_DIRECTORY."""

    provider: Literal["credential"]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class StoreSection(Section):
    path: FilePath
    key: Annotated[FileKey | CredentialKey, Field(discriminator="provider")]


class MqttSection(Section):
    host: Host
    port: Port = 1883
    username: Word | None = None
    password_file: FilePath | None = None
    ca_file: FilePath | None = None
    certificate_file: FilePath | None = None
    key_file: FilePath | None = None

    @model_validator(mode="after")
    def _password_belongs_to_a_name(self) -> MqttSection:
        if self.password_file is not None and self.username is None:
            raise ValueError("password_file needs a username")
        return self

    @model_validator(mode="after")
    def _certificate_is_whole(self) -> MqttSection:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together: both or none")
        if self.certificate_file is not None and self.ca_file is None:
            raise ValueError("certificate_file needs a ca_file: without it the connection is not encrypted")
        return self


class BoxMqttSection(MqttSection):
    oncall_public_key_file: FilePath


class FagsystemSection(Section):
    folder: FilePath
    poll_s: Annotated[float, Field(ge=0.1, le=3600.0)] = 5.0


class ControlSection(Section):
    socket: FilePath


class LogsSection(Section):
    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


Minutes = Annotated[float, Field(gt=0.0, le=24 * 60.0)]
Seconds = Annotated[float, Field(gt=0.0, le=24 * 3600.0)]


class LimitsSection(Section):
    """Only what a home may differ in; each unset one keeps `scheduler.limits`' value and reason."""

    window_min: Annotated[float, Field(ge=10.0, le=240.0)] | None = None
    reminder_every_min: Annotated[float, Field(ge=1.0, le=120.0)] | None = None
    tray_left_min: Annotated[float, Field(ge=1.0, le=120.0)] | None = None
    tray_personal_min: Annotated[float, Field(ge=1.0, le=5.0)] | None = None  # rule 2
    controlled_window_min: Annotated[float, Field(ge=10.0, le=240.0)] | None = None
    controlled_plan_age_h: Annotated[float, Field(ge=1.0, le=14 * 24.0)] | None = None  # S9
    witness_within_min: Annotated[float, Field(ge=1.0, le=120.0)] | None = None
    plan_ahead_h: Annotated[float, Field(ge=24.0, le=14 * 24.0)] | None = None
    acknowledge_high_min: Annotated[float, Field(ge=1.0, le=10.0)] | None = None
    acknowledge_medium_min: Annotated[float, Field(ge=1.0, le=30.0)] | None = None
    acknowledge_low_min: Annotated[float, Field(ge=1.0, le=240.0)] | None = None
    receipt_s: Annotated[float, Field(ge=0.1, le=30.0)] | None = None
    alarm_test_s: Annotated[float, Field(ge=1.0, le=120.0)] | None = None
    robot_gone_s: Annotated[float, Field(ge=1.0, le=120.0)] | None = None
    order_life_s: Annotated[float, Field(ge=1.0, le=120.0)] | None = None  # rule 11
    press_age_s: Annotated[float, Field(ge=5.0, le=60.0)] | None = None  # rule 2
    command_life_s: Annotated[float, Field(ge=10.0, le=600.0)] | None = None  # rule 28
    idle_proof_min: Annotated[float, Field(ge=1.0, le=60.0)] | None = None  # rule 27

    @model_validator(mode="after")
    def _a_reminder_fits(self) -> LimitsSection:
        defaults = Limits()
        window = _minutes(self.window_min, defaults.window)
        if _minutes(self.reminder_every_min, defaults.reminder_every) >= window:
            raise ValueError("reminder_every_min must be shorter than the window")
        return self


def _one_or_several(value: object) -> object:
    """`[resident]` once is the same as one `[[resident]]`."""
    return (value,) if isinstance(value, dict | Section) else as_tuple(value)


SEVERAL = ("resident", "robot", "staff", "helper")
"""Tables that may stand once or, as [[...]], several times."""

RESIDENTS_MAX = 32
ROBOTS_MAX = 8
"""Of one box: beyond that its USB ports end, and a residential home takes a second box."""

STAFF_MAX = 64
"""Keys of one home's staff."""

HELPERS_MAX = 64

Residents = Annotated[
    tuple[ResidentSection, ...],
    BeforeValidator(_one_or_several),
    Field(min_length=1, max_length=RESIDENTS_MAX),
]
Robots = Annotated[
    tuple[RobotSection, ...], BeforeValidator(_one_or_several), Field(min_length=1, max_length=ROBOTS_MAX)
]


class Config(Section):
    """Of one box."""

    home: HomeSection
    resident: Residents
    clock_times: ClockTimesSection = Field(default_factory=ClockTimesSection)
    medicine: MedicineSection = Field(default_factory=MedicineSection)
    robot: Robots
    staff: Annotated[
        tuple[StaffSection, ...], BeforeValidator(_one_or_several), Field(max_length=STAFF_MAX)
    ] = ()
    helper: Annotated[
        tuple[HelperSection, ...], BeforeValidator(_one_or_several), Field(max_length=HELPERS_MAX)
    ] = ()
    store: StoreSection
    mqtt: BoxMqttSection
    fagsystem: FagsystemSection
    control: ControlSection
    logs: LogsSection = Field(default_factory=LogsSection)
    limits: LimitsSection = Field(default_factory=LimitsSection)
    _digest: str = PrivateAttr("")

    @property
    def digest(self) -> str:
        """Of the file that it was read from (`config_file.digest`)."""
        return self._digest

    @property
    def residents(self) -> tuple[ResidentSection, ...]:
        return self.resident

    @property
    def robots(self) -> tuple[RobotSection, ...]:
        return self.robot

    def robot_of(self, resident: ResidentSection) -> str:
        """Serial of the robot that holds this resident's roll."""
        return robot_of(resident, self.robot)

    @model_validator(mode="after")
    def _people_and_robots_agree(self) -> Config:
        for wrong in disagreements(self.resident, self.robot, self.staff, self.helper):
            raise ValueError(wrong)  # the first of them: the others may follow from it
        return self


class OncallSection(Section):
    database: FilePath
    signing_key_file: FilePath
    roster: FilePath | None = None  # who is called; without it nobody, and that is an incident
    homes: FilePath | None = None  # who is to be heard from; without it nobody misses a home never heard
    zone: Zone = "Europe/Copenhagen"
    language: Literal["da", "en"] = "da"


class OncallConfig(Section):
    """Of the on-call process."""

    oncall: OncallSection
    mqtt: MqttSection
    logs: LogsSection = Field(default_factory=LogsSection)


_Model = TypeVar("_Model", Config, OncallConfig)


def load(path: Path) -> Config:
    """The box's configuration; ConfigError says what is wrong, what that means and what to do."""
    read = digest(path)  # before: a file that changes meanwhile is told as an older one, and read again
    config = _load(path, Config)
    config._digest = read
    return config


def load_oncall(path: Path) -> OncallConfig:
    return _load(path, OncallConfig)


def objection(table: str, key: str, value: object) -> str:
    """Why this value can't stand at this key of a box's configuration, in words that don't repeat it;
    empty: it can. For whoever asks a person key by key, before there is a whole file."""
    field = _section(table).model_fields[key]
    adapter: TypeAdapter[object] = TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]
    try:
        adapter.validate_python(value, strict=True, context={FOLDER: Path()})
    except ValidationError as fault:
        errors: Sequence[Any] = fault.errors(include_url=False, include_context=False, include_input=False)
        return in_words({**errors[0], "loc": (table, key)}, Config)
    return ""


def _section(table: str) -> type[Section]:
    found: Any = Config.model_fields[table].annotation
    if table in SEVERAL:
        found = found.__args__[0]
    assert isinstance(found, type) and issubclass(found, Section)
    return found


def limits(config: Config) -> Limits:
    """The dosing core's limits with this home's own values, in real time (not yet stretched)."""
    own, default = config.limits, Limits()
    return Limits(
        window=_minutes(own.window_min, default.window),
        reminder_every=_minutes(own.reminder_every_min, default.reminder_every),
        tray_left=_minutes(own.tray_left_min, default.tray_left),
        tray_personal=_minutes(own.tray_personal_min, default.tray_personal),
        controlled_window=_minutes(own.controlled_window_min, default.controlled_window),
        controlled_plan_age=_hours(own.controlled_plan_age_h, default.controlled_plan_age),
        witness_within=_minutes(own.witness_within_min, default.witness_within),
        plan_ahead=_hours(own.plan_ahead_h, default.plan_ahead),
        acknowledge_high=_minutes(own.acknowledge_high_min, default.acknowledge_high),
        acknowledge_medium=_minutes(own.acknowledge_medium_min, default.acknowledge_medium),
        acknowledge_low=_minutes(own.acknowledge_low_min, default.acknowledge_low),
        receipt=_seconds(own.receipt_s, default.receipt),
        alarm_test=_seconds(own.alarm_test_s, default.alarm_test),
        robot_gone=_seconds(own.robot_gone_s, default.robot_gone),
        order_life=_seconds(own.order_life_s, default.order_life),
        press_age=_seconds(own.press_age_s, default.press_age),
        command_life=_seconds(own.command_life_s, default.command_life),
        idle_proof=_minutes(own.idle_proof_min, default.idle_proof),
    )


def _load(path: Path, model: type[_Model]) -> _Model:
    content = read_toml(path)
    try:
        return model.model_validate(content, context={FOLDER: folder_of(path)})
    except ValidationError as fault:
        # The input stays out of the error: identifier_value is a person.
        errors: Sequence[Any] = fault.errors(include_url=False, include_context=False, include_input=False)
        raise explain(path, [_as_written(error, content) for error in errors], model) from None


def _as_written(error: Any, content: Mapping[str, Any]) -> Any:
    """A table that stands once has no number in the file."""
    place = tuple(error["loc"])
    once = place[:1] and place[0] in SEVERAL and isinstance(content.get(place[0]), dict)
    return {**error, "loc": place[:1] + place[2:]} if once and place[1:] else error


def _seconds(own: float | None, default: timedelta) -> timedelta:
    return default if own is None else timedelta(seconds=own)


def _minutes(own: float | None, default: timedelta) -> timedelta:
    return default if own is None else timedelta(minutes=own)


def _hours(own: float | None, default: timedelta) -> timedelta:
    return default if own is None else timedelta(hours=own)
