"""A certificate authority for tests, and a real mosquitto that speaks TLS with its certificates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from tests.support.broker import TestBroker

DAY = timedelta(days=1)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""Before any civil time that a test plays in."""

SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
"""From Python 3.13 on only a CA is believed that says so, and only a certificate that names its CA's key."""


class Authority:
    """Signs requests; `path` is its own certificate."""

    def __init__(self, folder: Path, name: str = "test-ca") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        now = datetime.now(UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(LONG_AGO)
            .not_valid_after(now + 4000 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False)
            .add_extension(SIGNS, True)
            .sign(self._key, hashes.SHA256())
        )
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(built.public_bytes(Encoding.PEM))

    def sign(
        self,
        request_pem: bytes,
        *,
        begins: datetime | None = None,
        ends: datetime | None = None,
        usage: ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
    ) -> bytes:
        """The answer to a box's request, PEM."""
        request = x509.load_pem_x509_csr(request_pem)
        return self._certificate(request.subject, request.public_key(), begins, ends, usage)

    def issue(
        self,
        folder: Path,
        name: str,
        host: str = "",
        *,
        begins: datetime | None = None,
        ends: datetime | None = None,
    ) -> tuple[Path, Path]:
        """(certificate, key) in files; with `host` for a server of that name or address."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.SERVER_AUTH if host else ExtendedKeyUsageOID.CLIENT_AUTH
        pem = self._certificate(_named(name), key.public_key(), begins, ends, usage, host)
        certificate, key_file = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_bytes(pem)
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        key_file.chmod(0o600)
        return certificate, key_file

    def _certificate(
        self,
        subject: x509.Name,
        public: object,
        begins: datetime | None,
        ends: datetime | None,
        usage: ObjectIdentifier,
        host: str = "",
    ) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)  # type: ignore[arg-type]
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins or now - DAY)
            .not_valid_after(ends or now + 30 * DAY)
            .add_extension(x509.ExtendedKeyUsage([usage]), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False)
        )
        if host:
            known = [x509.IPAddress(ip_address(host))] if host[0].isdigit() else [x509.DNSName(host)]
            builder = builder.add_extension(x509.SubjectAlternativeName(known), False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


class TlsBroker(TestBroker):
    """`clients`: the authority whose certificates clients must show; without it nobody has to."""

    __test__ = False

    def __init__(
        self,
        folder: Path,
        authority: Authority,
        clients: Authority | None = None,
        accounts: Mapping[str, str] | None = None,
        acl: str = "",
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__(accounts, acl)
        self._certificate, self._key = authority.issue(folder, f"broker-{self.port}", host)
        self._clients = clients

    def __enter__(self) -> TlsBroker:
        self.start()
        return self

    def _write_config(self) -> Path:
        config = super()._write_config()
        lines = [f"certfile {self._certificate}", f"keyfile {self._key}"]
        if self._clients is not None:
            lines += [
                f"cafile {self._clients.path}",
                "require_certificate true",
                "use_identity_as_username true",
            ]
        config.write_text(config.read_text() + "\n".join([*lines, ""]))
        return config


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
