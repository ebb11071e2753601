"""Real brokers with a proof of who they are, or with a say in who may subscribe."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.broker import TestBroker

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""Before any civil time that a test plays in."""

PLUGINS = ("/usr/lib", "/usr/local/lib")


class Authority:
    """A certificate authority of its own, in a folder."""

    def __init__(self, folder: Path, name: str = "Invented authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name.split()[0]}-ca.pem"
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(LONG_AGO)
            .not_valid_after(now + timedelta(days=4000))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, SHA256())
        )
        self.file.write_bytes(certificate.public_bytes(Encoding.PEM))

    def issue(self, folder: Path, address: str = "127.0.0.1", days: float = 365) -> tuple[Path, Path]:
        """(certificate, key) of a server at this address, for so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(LONG_AGO)
            .not_valid_after(now + timedelta(days=days))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))]), critical=False
            )
            .sign(self._key, SHA256())
        )
        paths = folder / "server.pem", folder / "server.key"
        paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        return paths


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
