"""Who this box is: an Ed25519 key to sign with, and an X.509 key for the broker's client certificate.

It makes keys and requests and judges certificates; it writes no file and reads no clock. The signing key is
64 hex characters as on-call's is; the client key is P-256, which every TLS library speaks, in PKCS #8.
Neither has a pass phrase: a box starts alone after a power cut, so the file's mode is its only guard (demo
class until there is a secure element, rule 25). Called by `dispenserd.provision`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dispenserd.explained import ExplainedWithCode

KEY_BYTES = 32
SELF_SIGNED_LIFE = timedelta(days=30)
"""A box for trying out is thrown away sooner."""

FINGERPRINT_HEX_CHARS = 20
"""80 bits: nobody finds a second key with the same ones, and two people can read them out by telephone."""

GROUP_CHARS = 4


class IdentityFault(ExplainedWithCode):
    """A key or a certificate that can't be used; never quotes a key."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    private_hex: str = field(repr=False)
    public_hex: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says; instants in UTC, `sha256` is of the whole certificate, in hex."""

    subject: str
    issuer: str
    serial: str
    begins: datetime
    ends: datetime
    sha256: str


def new_signing_key() -> SigningKey:
    private = Ed25519PrivateKey.generate()
    return SigningKey(private.private_bytes_raw().hex(), private.public_key().public_bytes_raw().hex())


def public_of(private_hex: str) -> str:
    """The public half, in hex; IdentityFault for what is no signing key."""
    try:
        key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private_hex.strip()))
    except ValueError:
        raise _unfit("bad_key", "The box's signing key is damaged: 64 hex characters are expected.") from None
    return key.public_key().public_bytes_raw().hex()


def new_client_key() -> bytes:
    """PEM, PKCS #8."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def request(key_pem: bytes, box: str) -> bytes:
    """The certificate signing request for the municipality's CA, PEM. CN = the box's name."""
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    builder = x509.CertificateSigningRequestBuilder().subject_name(_name(box)).add_extension(usage, False)
    return builder.sign(_private(key_pem), hashes.SHA256()).public_bytes(Encoding.PEM)


def self_signed(key_pem: bytes, box: str, now: datetime) -> bytes:
    """A certificate by nobody but this box, PEM: for trying out only."""
    key = _private(key_pem)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(box))
        .issuer_name(_name(box))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + SELF_SIGNED_LIFE)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def checked(certificate_pem: bytes, key_pem: bytes, box: str, now: datetime) -> Certificate:
    """The certificate, once it belongs to this key, is valid now and names this box; else IdentityFault."""
    try:
        certificate = x509.load_pem_x509_certificates(certificate_pem)[0]
    except (ValueError, IndexError):
        raise _unfit("no_certificate", "The file holds no certificate in PEM form.") from None
    found = _told(certificate)
    if _spki(certificate.public_key()) != _spki(_private(key_pem).public_key()):
        raise _unfit("other_key", "The certificate belongs to another key, not to this box's.")
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if [name.value for name in names] != [box]:
        raise _unfit("other_box", f"The certificate is for another name than {box}: {found.subject}.")
    if now < found.begins:
        raise _unfit("not_yet_valid", f"The certificate is valid from {found.begins:%Y-%m-%d %H:%M} UTC on.")
    if now >= found.ends:
        raise _unfit("expired", f"The certificate ended on {found.ends:%Y-%m-%d %H:%M} UTC.")
    _must_serve_a_client(certificate)
    return found


def issued_by(certificate_pem: bytes, ca_pem: bytes) -> bool:
    """Whether one of these CA certificates signed it directly. False says nothing where there is a chain."""
    certificate = x509.load_pem_x509_certificates(certificate_pem)[0]
    for authority in x509.load_pem_x509_certificates(ca_pem):
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def fingerprint(public_hex: str) -> str:
    """`1a2b-3c4d-...`: short enough to compare by telephone."""
    digest = hashlib.sha256(bytes.fromhex(public_hex)).hexdigest()[:FINGERPRINT_HEX_CHARS]
    return "-".join(digest[at : at + GROUP_CHARS] for at in range(0, len(digest), GROUP_CHARS))


def _must_serve_a_client(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(usage):
        raise _unfit("not_for_clients", "The certificate is not meant for a client (extended key usage).")


def _private(key_pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(key_pem, None)
    except (ValueError, TypeError):
        raise _unfit("bad_key", "The box's client key is damaged.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise _unfit("bad_key", "The box's client key is of another kind than this program makes.")
    return key


def _told(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def _name(box: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, box)])


def _spki(key: object) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    return encoded


def _unfit(code: str, what: str) -> IdentityFault:
    meaning = "The broker would not know this box by it, so it was not installed; nothing was changed."
    next_step = "Send the request (box.csr) to whoever issues certificates, and install their answer."
    if code == "bad_key":
        meaning = "The box can't prove who it is."
        next_step = (
            "Take the provisioning back with --undo and begin anew; the old certificate is to be revoked."
        )
    return IdentityFault(code, what, meaning, next_step)
