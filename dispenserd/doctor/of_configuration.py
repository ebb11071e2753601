"""The checks of configuration, key and permissions: look, then judge."""

from __future__ import annotations

from collections.abc import Callable

from dispenserd.config import Config, CredentialKey, load
from dispenserd.config_file import ConfigError, folder_of, read_toml, resolved
from dispenserd.doctor.case import Case, Presence
from dispenserd.doctor.finding import Finding, unknown
from dispenserd.doctor.judge import configuration as judge
from dispenserd.doctor.judge import system
from dispenserd.doctor.look import files, machine
from dispenserd.doctor.look import home as look_home
from dispenserd.key_choice import CREDENTIALS_VARIABLE, key_provider
from dispenserd.store.errors import StoreKeyError

NO_CONFIGURATION = "The configuration can't be used."
"""What all checks say that need it: told once to people, not thirty times."""

SEE_CONFIGURATION = 'See "Configuration".'


def configured(look: Callable[[Case, Config], Finding]) -> Callable[[Case], Finding]:
    """A check that needs the configuration, and says so where it can't be used."""

    def checked(case: Case) -> Finding:
        if case.config is None:
            return unknown(NO_CONFIGURATION, SEE_CONFIGURATION)
        return look(case, case.config)

    return checked


def configuration(case: Case) -> Finding:
    fault = None
    try:
        case.config = load(case.path)
    except ConfigError as error:
        fault = judge.Fault(error.what, error.meaning, error.next_step)
    return judge.configuration(files.standing(case.path), fault)


@configured
def demo(case: Case, config: Config) -> Finding:
    return judge.demo(config.home.demo)


@configured
def paths(case: Case, config: Config) -> Finding:
    return judge.paths(files.named_by(config))


def home(case: Case) -> Finding:
    """Needs one key of the configuration, and may find a home although others are wrong."""
    try:
        socket = (
            case.config.control.socket
            if case.config is not None
            else resolved(folder_of(case.path), read_toml(case.path).get("control", {}).get("socket"))
        )
    except (ConfigError, ValueError, AttributeError):
        return unknown("The configuration names no control socket.", SEE_CONFIGURATION)
    case.home = look_home.home(socket)
    version = (case.home.vitals.get("process") or {}).get("version", "")
    return system.home(case.home.presence.value, case.home.reason, str(version))


@configured
def key(case: Case, config: Config) -> Finding:
    credential = isinstance(config.store.key, CredentialKey)
    place = files.readable(files.key_place(config))
    fault = None
    try:
        case.key = key_provider(config.store, {CREDENTIALS_VARIABLE: str(files.credentials())}).key()
    except StoreKeyError as error:
        fault = judge.Fault(error.what, error.meaning, error.next_step)
    return judge.key(
        config.store.key.provider, place, fault, case.demo, can_wait=credential or place.not_for_us
    )


@configured
def permissions(case: Case, config: Config) -> Finding:
    store = files.standing(config.store.path)
    socket = files.standing(config.control.socket)
    there = case.home is not None and case.home.presence is not Presence.ABSENT
    return judge.permissions(files.private(config), socket if there else None, store.owner)


@configured
def time_zone(case: Case, config: Config) -> Finding:
    known, source = machine.time_zone(config.home.zone)
    return system.time_zone(config.home.zone, source, known)
