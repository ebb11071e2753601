"""What a box or on-call shows the broker: a certificate of a demo CA, a request to a real one, or a password.

Knows X.509 and mosquitto's hash of a password; knows no folder. A demo CA's key lies beside what it signs, so
whoever has the folder can make boxes: for the demo and for tests, and every name in it says so.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dispenserd.security import identity

DEMO_CA_NAME = "dispenserd DEMO CA, never for a real home"
DEMO_UNIT = "DEMO"

VALID = timedelta(days=365)
EARLIER = timedelta(days=1)
"""Valid from a day ago: a box without a battery clock starts in the past."""

PASSWORD_BYTES = 32
"""Random, so that the hash needs no many rounds."""
SALT_BYTES = 12
HASH_ROUNDS = 101
"""As `mosquitto_passwd` writes them."""


@dataclass(frozen=True, slots=True)
class Pair:
    """PEM; a certificate or a request to a CA, and its private key."""

    certificate: bytes
    key: bytes


def make_ca(now: datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(DEMO_CA_NAME)
    builder = (
        _builder(name, name, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Pair(_pem(builder.sign(key, hashes.SHA256())), _key_pem(key))


def server(ca: Pair, hosts: Sequence[str], now: datetime) -> Pair:
    """For the broker, under every name and address by which it is reached."""
    names = x509.SubjectAlternativeName([_host(host) for host in hosts])
    return _signed(ca, hosts[0], ExtendedKeyUsageOID.SERVER_AUTH, [names], now)


def client(ca: Pair, name: str, now: datetime) -> Pair:
    """For a box or on-call: the common name is its user name at the broker."""
    return _signed(ca, name, ExtendedKeyUsageOID.CLIENT_AUTH, [], now)


def request(name: str) -> Pair:
    """For a real CA: what it shall sign, and the key that stays with the box."""
    key = identity.new_client_key()
    return Pair(identity.request(key, name), key)


def new_password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)


def password_line(name: str, password: str) -> str:
    """The account's line in mosquitto's password file (PBKDF2 with SHA-512)."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ROUNDS)
    words = ("7", str(HASH_ROUNDS), base64.b64encode(salt).decode(), base64.b64encode(digest).decode())
    return f"{name}:$" + "$".join(words)


def _signed(
    ca: Pair, name: str, purpose: x509.ObjectIdentifier, more: Sequence[x509.ExtensionType], now: datetime
) -> Pair:
    issuer = x509.load_pem_x509_certificate(ca.certificate)
    signer = serialization.load_pem_private_key(ca.key, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(_name(name), issuer.subject, key, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    for extension in more:
        builder = builder.add_extension(extension, critical=False)
    return Pair(_pem(builder.sign(signer, hashes.SHA256())), _key_pem(key))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + VALID)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, DEMO_UNIT),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
