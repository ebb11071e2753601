"""The template of a broker's configuration, filled in. Knows mosquitto's words; writes nothing to disk.

The texts are data: config/broker in a checkout, `dispenserd/broker/data` in an installed package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Literal

from dispenserd.broker.sizes import (
    FILES_SPARE,
    MEMORY_BASE_BYTES,
    MEMORY_PER_HOME_BYTES,
    PACKET_BYTES_MAX,
    QUEUE_PER_HOME,
    SESSION_EXPIRY_DAYS,
    sizes,
)

Identity = Literal["certificate", "password"]

CONFIG, ACL, SYSTEMD, PASSWORDS, CA = "mosquitto.conf", "acl", "systemd.conf", "passwords", "ca.pem"
"""Files of a broker's folder; the passwords only where homes have them."""

_INSTALLED = Path(__file__).resolve().parent / "data"
_CHECKOUT = Path(__file__).resolve().parents[2] / "config" / "broker"

_DEMO = """
#
# DEMO: its CA was made together with it, and the CA's key lies in the same folder. Never for a real home."""
_PASSWORDS = "# Names and hashes of passwords; `mosquitto_passwd` understands it too.\npassword_file {}\n"
_REVOKED = "# Certificates that were withdrawn, those of lost boxes: not let in any more.\ncrlfile {}\n"
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Choices:
    """What a municipality decides; every path is absolute."""

    homes: int
    folder: Path
    data: Path
    ca: Path  # of the CA that signs for homes and on-call, where it is now; a demo's is made in the folder
    certificate: Path
    key: Path
    identity: Identity = "certificate"
    revoked: Path | None = None  # list of revoked certificates
    oncall: str = "oncall"  # name of on-call's account
    user: str = "mosquitto"
    port: int = 8883
    bind: str = ""  # "" = every interface
    demo: bool = False


def rendered(choices: Choices) -> dict[str, str]:
    """File name -> text."""
    words = _words(choices)
    identity = _filled(f"identity-{choices.identity}.conf", words)
    if choices.identity == "certificate" and choices.revoked is not None:
        identity += _REVOKED.format(choices.revoked)
    return {
        CONFIG: _filled(CONFIG, {**words, "IDENTITY": identity.rstrip("\n")}),
        ACL: _filled(ACL, words),
        SYSTEMD: _filled(SYSTEMD, words),
    }


def _words(choices: Choices) -> dict[str, str]:
    size = sizes(choices.homes)
    has_passwords = choices.identity == "password"
    base, per_home = MEMORY_BASE_BYTES // _MIB, MEMORY_PER_HOME_BYTES // 1024
    return {
        "HOMES": str(choices.homes),
        "DEMO": _DEMO if choices.demo else "",
        "USER": choices.user,
        "FOLDER": str(choices.folder),
        "DATA": str(choices.data),
        "QUEUE": str(size.queued_messages),
        "QUEUE_PER_HOME": f"{QUEUE_PER_HOME} (and never under 10 000)",
        "PACKET_BYTES": str(PACKET_BYTES_MAX),
        "MEMORY_BYTES": str(size.memory_bytes),
        "MEMORY_REASON": f"{base} MiB, and {per_home} KiB for each home",
        "SESSION_EXPIRY": f"{SESSION_EXPIRY_DAYS}d",
        "PASSWORDS": _PASSWORDS.format(choices.folder / PASSWORDS) if has_passwords else "",
        "PORT": str(choices.port),
        "BIND": f" {choices.bind}" if choices.bind else "",
        "CA": str(choices.folder / CA),
        "CERT": str(choices.certificate),
        "KEY": str(choices.key),
        "ONCALL": choices.oncall,
        "CONNECTIONS": str(size.connections),
        "FILES": str(size.files),
        "SPARE": str(FILES_SPARE),
    }


def _filled(name: str, words: Mapping[str, str]) -> str:
    folder = _CHECKOUT if _CHECKOUT.is_dir() else _INSTALLED
    return Template((folder / name).read_text(encoding="utf-8")).substitute(words)
