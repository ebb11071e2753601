"""The box's identity: what it makes, and which certificates it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dispenserd.security import identity
from tests.support.authority import Authority

BOX = "box-7"
NOW = datetime.now(UTC)


@pytest.fixture
def key() -> bytes:
    return identity.new_client_key()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_the_request_names_the_box_and_is_signed_by_its_key(key: bytes) -> None:
    request = x509.load_pem_x509_csr(identity.request(key, BOX))
    assert request.is_signature_valid
    assert [name.value for name in request.subject] == [BOX]
    assert request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)


def test_a_certificate_for_this_box_and_key_that_is_valid_now_is_taken(
    key: bytes, authority: Authority
) -> None:
    pem = authority.sign(identity.request(key, BOX))
    found = identity.checked(pem, key, BOX, NOW)
    assert (found.subject, found.issuer) == (f"CN={BOX}", "CN=test-ca")
    assert found.begins < NOW < found.ends


def test_only_the_authority_that_signed_it_is_its_issuer(
    key: bytes, authority: Authority, tmp_path: Path
) -> None:
    pem = authority.sign(identity.request(key, BOX))
    assert identity.issued_by(pem, authority.path.read_bytes())
    assert not identity.issued_by(pem, Authority(tmp_path, "other").path.read_bytes())
    same_name = Authority(tmp_path, "test-ca")
    assert not identity.issued_by(pem, same_name.path.read_bytes())


Signs = Callable[[Authority, bytes], bytes]


@pytest.mark.parametrize(
    ("code", "signs"),
    [
        ("other_key", lambda ca, key: ca.sign(identity.request(identity.new_client_key(), BOX))),
        ("other_box", lambda ca, key: ca.sign(identity.request(key, "box-8"))),
        ("expired", lambda ca, key: ca.sign(identity.request(key, BOX), ends=NOW - timedelta(minutes=1))),
        (
            "not_yet_valid",
            lambda ca, key: ca.sign(identity.request(key, BOX), begins=NOW + timedelta(hours=1)),
        ),
        (
            "not_for_clients",
            lambda ca, key: ca.sign(identity.request(key, BOX), usage=ExtendedKeyUsageOID.SERVER_AUTH),
        ),
        ("no_certificate", lambda ca, key: b"hello"),
        ("no_certificate", lambda ca, key: identity.request(key, BOX)),
    ],
)
def test_a_certificate_that_does_not_fit_is_refused_with_its_reason(
    code: str, signs: Signs, key: bytes, authority: Authority
) -> None:
    with pytest.raises(identity.IdentityFault) as raised:
        identity.checked(signs(authority, key), key, BOX, NOW)
    assert raised.value.code == code
    assert "PRIVATE" not in f"{raised.value.what}{raised.value.next_step}"


def test_for_trying_out_the_box_certifies_itself_for_a_month(key: bytes) -> None:
    pem = identity.self_signed(key, BOX, NOW)
    assert identity.checked(pem, key, BOX, NOW).issuer == f"CN={BOX}"
    with pytest.raises(identity.IdentityFault, match="ended"):
        identity.checked(pem, key, BOX, NOW + timedelta(days=31))


def test_the_signing_key_signs_what_its_public_half_opens() -> None:
    made = identity.new_signing_key()
    assert identity.public_of(made.private_hex + "\n") == made.public_hex
    assert made.private_hex not in repr(made)
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(made.public_hex))


def test_fingerprints_are_short_and_of_the_key() -> None:
    first, second = identity.new_signing_key().public_hex, identity.new_signing_key().public_hex
    assert identity.fingerprint(first) == identity.fingerprint(first) != identity.fingerprint(second)
    assert [len(group) for group in identity.fingerprint(first).split("-")] == [4] * 5


@pytest.mark.parametrize("damaged", ["", "ab", "xy" * 32])
def test_a_damaged_signing_key_is_said_to_be_damaged(damaged: str) -> None:
    with pytest.raises(identity.IdentityFault, match="damaged"):
        identity.public_of(damaged)
