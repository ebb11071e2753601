"""What a technician is asked, why, and whether an answer can stand.

Each question has the flag that answers it, one sentence of why, and the key of the configuration that judges
the answer, so that a wrong one is said at once and in the same words as by the daemon. Pure but for the files
that an answer names. Answers are plain JSON data: they are kept until provisioning is finished.
"""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dispenserd.config import objection
from dispenserd.config_file import ConfigError
from dispenserd.peer_choice import public_key
from dispenserd.provision.fault import ProvisionFault, Sort

Answers = dict[str, Any]
Ask = Callable[["Question", str, str], str]
"""(question, default or "", what was wrong with the last answer or "") -> what the person typed."""

RESIDENT_KEY_BYTES = 16
DEMO_BOX = "box-demo"
DEMO_PORT = "robot"
"""The link that `python -m simulator --port` makes in the demo's folder."""

SECRET = frozenset({"identifier_value", "mqtt_password"})
"""Answers that go as soon as provisioning is finished: they stand in files of their own then."""

PUBLIC_SUFFIX = ".pub"
"""Both halves of on-call's key are 64 hexadecimal characters: only the name tells which may travel."""

ANSWER_CHARS_MAX = 4096
"""A path is the longest of them."""


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    flag: str
    asks: str
    why: str
    place: tuple[str, str] | None = None  # the key of the configuration that judges it
    optional: bool = False  # nothing is an answer
    whole_number: bool = False
    secret: bool = False


QUESTIONS = (
    Question(
        "box",
        "--box",
        "This box's name",
        "On-call and the broker know the home by it; never a person's name.",
        ("home", "box"),
    ),
    Question(
        "zone",
        "--zone",
        "Time zone",
        "Doses are due at local time, and summer time is the zone's.",
        ("home", "zone"),
    ),
    Question(
        "staff_phone",
        "--staff-phone",
        "Telephone number of the staff",
        "The robot shows it when nobody else can be reached.",
        ("home", "staff_phone"),
    ),
    Question(
        "resident_key",
        "--resident-key",
        "Resident key",
        "It names the person for life and moves with them; a new one is random. Type it only for a person "
        "who has one.",
        ("resident", "key"),
    ),
    Question(
        "identifier_system",
        "--identifier-system",
        "Identifier system of the fagsystem",
        "A plan is taken only for exactly this person: first, in which register, as the fagsystem writes it, "
        "a URI such as urn:oid:1.2.208.176.1.2.",
        ("resident", "identifier_system"),
    ),
    Question(
        "identifier_value",
        "--identifier-file",
        "The person's identifier in that system",
        "A plan for anybody else is refused. It is stored in the configuration alone and never shown again.",
        ("resident", "identifier_value"),
        secret=True,
    ),
    Question(
        "port",
        "--port",
        "The robot's port",
        "Empty: every USB serial port is asked who is there.",
        ("robot", "port"),
        optional=True,
    ),
    Question(
        "robot",
        "--robot",
        "The robot's serial number",
        "On its plate; empty: the only robot that answers. Two robots need it.",
        ("robot", "serial"),
        optional=True,
    ),
    Question(
        "mqtt_host",
        "--mqtt-host",
        "Broker's host name",
        "Incidents reach the staff through this broker.",
        ("mqtt", "host"),
    ),
    Question(
        "mqtt_port",
        "--mqtt-port",
        "Broker's port",
        "8883 is the usual one with TLS.",
        ("mqtt", "port"),
        whole_number=True,
    ),
    Question(
        "mqtt_username",
        "--mqtt-username",
        "Broker's user name",
        "Empty: the box signs in with a certificate of its own.",
        ("mqtt", "username"),
        optional=True,
    ),
    Question(
        "mqtt_password",
        "--mqtt-password-file",
        "Broker's password",
        "It goes into a file that only the daemon reads, never into the configuration.",
        secret=True,
    ),
    Question(
        "mqtt_ca",
        "--mqtt-ca",
        "File with the CA certificate of the broker (PEM)",
        "Without it the box could be talking to anybody, in clear.",
    ),
    Question(
        "oncall_key",
        "--oncall-key",
        "On-call's public key: 64 hex characters, or its .pub file",
        "The home believes receipts and decisions signed with it, and no others.",
    ),
    Question(
        "store_key",
        "--store-key",
        'Where the store\'s key lies, "credential" or "file"',
        "The service reads a credential that systemd hands to it alone; a file lies beside the store.",
    ),
)

BY_NAME: Mapping[str, Question] = {question.name: question for question in QUESTIONS}


def gather(given: Answers, earlier: Answers, *, demo: bool, one_folder: bool, ask: Ask | None) -> Answers:
    """Every answer that is needed: as given now, as given earlier, as asked, or by default. ProvisionFault
    names everything that is missing or can't stand; nothing was done then."""
    answers: Answers = {**earlier, **{name: value for name, value in given.items() if value is not None}}
    missing, wrong = [], []
    for question in QUESTIONS:
        if not _needed(question.name, answers, demo):
            answers.pop(question.name, None)
            continue
        if question.name not in answers:
            default = _default(question.name, demo, one_folder)
            if ask is not None and not demo:
                answers[question.name] = _asked(question, default, ask)
            elif default is not None:
                answers[question.name] = default
            elif question.optional:
                answers[question.name] = None
            else:
                missing.append(question)
                continue
        answers[question.name], fault = judged(question, answers[question.name])
        wrong += [fault] if fault else []
    if missing or wrong:
        raise _incomplete(missing, wrong)
    return answers


def judged(question: Question, value: Any) -> tuple[Any, str]:
    """The answer as it is kept, and why it can't stand; empty: it can."""
    if value is None or value == "":
        return None, "" if question.optional else f"{question.flag} needs an answer"
    if question.name == "mqtt_ca":
        return _certificates(str(value))
    if question.whole_number and isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,6}", value):
            return value, f"{question.flag}: a whole number is needed"
        value = int(value)
    if isinstance(value, str) and (not value.isprintable() or len(value) > ANSWER_CHARS_MAX):
        return value, f"{question.flag} holds characters that can't be shown, or too many"
    if question.name == "oncall_key":
        return _oncall_key(str(value))
    if question.name == "store_key":
        return value, "" if value in ("file", "credential") else '--store-key: "file" or "credential"'
    fault = objection(*question.place, value) if question.place else ""
    return value, f"{question.flag}{fault.removeprefix('.'.join(question.place or ()))}" if fault else ""


def _asked(question: Question, default: Any, ask: Ask) -> Any:
    shown = "" if default is None else str(default)
    fault = ""
    while True:
        value, fault = judged(question, ask(question, shown, fault).strip() or default)
        if not fault:
            return value


def _needed(name: str, answers: Answers, demo: bool) -> bool:
    match name:
        case "mqtt_password":
            return bool(answers.get("mqtt_username"))
        case "mqtt_ca" | "oncall_key" | "mqtt_username" if demo:
            return answers.get(name) is not None
        case _:
            return True


def _default(name: str, demo: bool, one_folder: bool) -> Any:
    everywhere = {
        "zone": "Europe/Copenhagen",
        "resident_key": secrets.token_hex(RESIDENT_KEY_BYTES),
        "mqtt_port": 8883,
        "store_key": "file" if one_folder else "credential",
        "box": None if demo else _host_name(),
    }
    invented = {
        "box": DEMO_BOX,
        "staff_phone": "+45 00 00 00 00",
        "identifier_system": "urn:example:person",
        "identifier_value": "invented-resident-1",
        "port": DEMO_PORT,
        "mqtt_host": "127.0.0.1",
        "mqtt_port": 1883,
    }
    return {**everywhere, **(invented if demo else {})}.get(name)


def _host_name() -> str | None:
    name = socket.gethostname().partition(".")[0]
    return None if objection("home", "box", name) else name


def _certificates(value: str) -> tuple[str, str]:
    """A file named by its path becomes its text: it may lie on a stick that is pulled out again."""
    if value.startswith("-----BEGIN"):
        return value, ""
    try:
        text = Path(value).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as fault:
        why = getattr(fault, "strerror", None) or "no text"
        return value, f"--mqtt-ca can't be read ({why})"
    return text, "" if "-----BEGIN CERTIFICATE-----" in text else "--mqtt-ca holds no certificate in PEM form"


def _oncall_key(value: str) -> tuple[str, str]:
    if re.fullmatch(r"[0-9a-fA-F]{64}", value):
        return value.lower(), ""
    if re.fullmatch(r"[0-9a-fA-F]+", value):
        return value, f"--oncall-key has {len(value)} hexadecimal characters; on-call's key has 64"
    if not value.endswith(PUBLIC_SUFFIX) and Path(value).is_file():
        return value, (
            "--oncall-key names a file that is no .pub file; it may be on-call's private key, which must "
            "never leave the desk"
        )
    try:
        return public_key(Path(value)).hex(), ""
    except ConfigError:
        return value, "--oncall-key is neither 64 hexadecimal characters nor a .pub file that holds them"


def _incomplete(missing: list[Question], wrong: list[str]) -> ProvisionFault:
    said = [f"{question.flag} is missing ({question.asks})" for question in missing] + wrong
    return ProvisionFault(
        Sort.USAGE,
        "answers",
        f"{'; '.join(said)}.",
        "A home is configured whole or not at all; nothing was changed.",
        "Correct what can't stand and give what is missing; on a terminal, without --json, you are asked.",
    )
