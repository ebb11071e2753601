"""Real brokers with a proof of who they are, or with a say in who may subscribe."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from cryptography.x509.oid import ObjectIdentifier

from tests.support.authority import DAY, LONG_AGO, Authority
from tests.support.broker import TestBroker

PLUGINS = ("/usr/lib", "/usr/local/lib")


def issued(
    authority: Authority,
    folder: Path,
    address: str = "127.0.0.1",
    days: float = 365,
    usage: ObjectIdentifier | None = None,
) -> tuple[Path, Path]:
    """(certificate, key) of a server at this address, for so many days from now."""
    ends = datetime.now(UTC) + days * DAY
    return authority.issue(folder, "server", address, begins=LONG_AGO, ends=ends, usage=usage)


class MoreBroker(TestBroker):
    """With more lines in its configuration."""

    more: tuple[str, ...] = ()

    def _write_config(self) -> Path:
        path = super()._write_config()
        first, _, rest = path.read_text().partition("\n")
        path.write_text("\n".join([first, *self.more, rest]))
        return path


def with_tls(certificate: Path, key: Path) -> MoreBroker:
    broker = MoreBroker()
    broker.more = (f"certfile {certificate}", f"keyfile {key}")
    return broker


def that_lets_nobody_subscribe(folder: Path) -> MoreBroker:
    """Its access list says so at the subscription itself, as mosquitto's plain one never does."""
    rights = folder / "dynamic-security.json"
    access = {
        "publishClientSend": True,
        "publishClientReceive": True,
        "subscribe": False,
        "unsubscribe": True,
    }
    rights.write_text(json.dumps({"defaultACLAccess": access, "clients": [], "groups": [], "roles": []}))
    broker = MoreBroker()
    broker.more = (f"plugin {_plugin()}", f"plugin_opt_config_file {rights}")
    return broker


def _plugin() -> Path:
    mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    assert mosquitto is not None
    name = "mosquitto_dynamic_security.so"
    found = [path for folder in PLUGINS for path in Path(folder).rglob(name)]
    assert found, f"{name} is not installed; it comes with mosquitto"
    return found[0]
