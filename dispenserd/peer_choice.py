"""What the configuration says about the peers over MQTT: broker and on-call's key, from their files.

A missing file, or one that others may read though it holds a password, is a ConfigError; none is ever quoted.
"""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

from dispenserd.config import MqttSection
from dispenserd.config_file import ConfigError
from dispenserd.mqtt.terms import Broker

PUBLIC_KEY_BYTES = 32
"""Ed25519, raw; written as 64 hex characters."""

FILE_BYTES_MAX = 4096
"""A password or a key is a line; whatever is larger is the wrong file."""

OTHERS = stat.S_IRWXO
"""A group may read it: services of one machine share a broker account that way."""


def broker(chosen: MqttSection) -> Broker:
    """The broker and how to sign in there."""
    password = "" if chosen.password_file is None else _password(chosen.password_file)
    if chosen.ca_file is not None and not chosen.ca_file.is_file():
        raise _unusable("ca_file", chosen.ca_file, "is no file")
    if chosen.certificate_file is not None and chosen.key_file is not None:
        _check_pair(chosen.certificate_file, chosen.key_file)
    return Broker(
        host=chosen.host,
        port=chosen.port,
        username=chosen.username or "",
        password=password,
        ca_file=chosen.ca_file,
        certificate_file=chosen.certificate_file,
        key_file=chosen.key_file,
    )


def public_key(path: Path) -> bytes:
    """On-call's Ed25519 key, 32 bytes: whose receipts and decisions this home believes."""
    text = _line("oncall_public_key_file", path)
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != PUBLIC_KEY_BYTES:
        raise _unusable("oncall_public_key_file", path, "does not hold 64 hexadecimal characters")
    return key


def signing_key(path: Path) -> str:
    """This box's own Ed25519 key, 64 hex characters: who it is to another box (rule 24)."""
    try:
        text = _line("signing_key_file", path)
        _must_be_private("signing_key_file", path)
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    except ConfigError as fault:
        raise _no_box_key(fault.what.replace("[mqtt]", "[home]")) from None
    if len(key) != PUBLIC_KEY_BYTES:
        raise _no_box_key(
            f"The file {path} of [home] signing_key_file does not hold 64 hexadecimal characters."
        )
    return key.hex()


def _no_box_key(what: str) -> ConfigError:
    return ConfigError(
        what,
        "No other box would know this one, so no resident could move from or to it.",
        "Correct the file, or take [home] signing_key_file out.",
    )


def _check_pair(certificate: Path, key: Path) -> None:
    """Both are there, belong together, and the key is not everybody's."""
    for name, path in (("certificate_file", certificate), ("key_file", key)):
        if not path.is_file():
            raise _unusable(name, path, "is no file")
    _must_be_private("key_file", key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as fault:
        if "KEY_VALUES_MISMATCH" in str(fault):
            raise _unusable("key_file", key, "does not belong to certificate_file") from None
        raise _unusable("certificate_file", certificate, "or its key can't be read as PEM") from None
    except OSError as fault:
        raise _unusable("key_file", key, f"can't be read ({fault.strerror})") from None


def _password(path: Path) -> str:
    password = _line("password_file", path)
    _must_be_private("password_file", path)
    return password


def _must_be_private(key: str, path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as fault:
        raise _unusable(key, path, f"can't be read ({fault.strerror})") from None
    if mode & OTHERS:
        raise _unusable(key, path, "may be used by everybody on this machine (chmod 0640)")


def _line(key: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        if len(raw) > FILE_BYTES_MAX:
            raise _unusable(key, path, "is too large")
        line = raw.decode().rstrip("\r\n")
    except OSError as fault:
        raise _unusable(key, path, f"can't be read ({fault.strerror})") from None
    except UnicodeDecodeError:
        raise _unusable(key, path, "is no UTF-8 text") from None
    if not line or "\n" in line:
        raise _unusable(key, path, "does not hold one line")
    return line


def _unusable(key: str, path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"The file {path} of [mqtt] {key} {why}.",
        "Without it no message reaches the other side, or none could be believed.",
        f"Correct the file, or the path in [mqtt] {key}.",
    )
