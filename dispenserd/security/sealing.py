"""A bundle that one box alone can open, and only in answer to its own asking: sealed and signed.

A box that asks makes an X25519 key out of its signing key and the asking's number (HKDF), so that it keeps no
further secret and can open the answer after any restart. Whoever answers encrypts to that key (X25519 with a
key of the moment, HKDF, ChaCha20-Poly1305) and signs the whole with their own box's Ed25519 key. That the
other box is the one that is meant, two people prove to each other: by its fingerprint, read out by telephone.

It knows bytes and keys. Files are the command line's, meaning is `dispenserd.moving`'s.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from dispenserd.explained import ExplainedWithCode
from dispenserd.security.identity import fingerprint, public_of

SIGNED_AS = b"dispenserd moving v1\x00"
"""Separates these signatures from every other one of the same key."""

NONCE_BYTES = 12
KEY_BYTES = 32
PAPER_BYTES_MAX = 160 * 1024
"""A home's whole fortnight with eight sachets a day is a third of it, and it is still one line to a home."""


class PaperFault(ExplainedWithCode):
    """A request or bundle that can't be used. Nothing was changed; the paper is never quoted."""


@dataclass(frozen=True, slots=True)
class Box:
    """This box and its signing key, 64 hex characters."""

    name: str
    private_hex: str

    @property
    def public_hex(self) -> str:
        return public_of(self.private_hex)

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.public_hex)


Paper = dict[str, Any]


def request(box: Box, resident: str, move: str) -> Paper:
    """What the new box sends to the old one: who asks for whom, and the key to seal the answer with."""
    opening = _opening_key(box, move).public_key().public_bytes_raw().hex()
    return _signed(
        box, {"kind": "move-request", "box": box.name, "resident": resident, "move": move, "seal_to": opening}
    )


def sealed(box: Box, asked: Mapping[str, Any], content: bytes) -> Paper:
    """`content` for the one who asked; `asked` has been `checked`."""
    moment = X25519PrivateKey.generate()
    try:
        shared = moment.exchange(X25519PublicKey.from_public_bytes(bytes.fromhex(asked["seal_to"])))
    except ValueError:
        raise _unfit("bad_paper", "The request's key is damaged.") from None
    header = {
        "kind": "move-bundle",
        "box": box.name,
        "to_box": asked["box"],
        "resident": asked["resident"],
        "move": asked["move"],
        "sealed_with": moment.public_key().public_bytes_raw().hex(),
    }
    nonce = os.urandom(NONCE_BYTES)
    secret = ChaCha20Poly1305(_key_of(shared, header)).encrypt(nonce, content, _bytes(header))
    return _signed(box, {**header, "nonce": nonce.hex(), "content": secret.hex()})


def opened(box: Box, bundle: Mapping[str, Any]) -> bytes:
    """What `sealed` put in; PaperFault where it is for another box or another asking of this one."""
    header = {key: bundle[key] for key in ("kind", "box", "to_box", "resident", "move", "sealed_with")}
    if bundle["to_box"] != box.name:
        raise _unfit("other_box", "The bundle was made for another box.")
    try:
        other = X25519PublicKey.from_public_bytes(bytes.fromhex(bundle["sealed_with"]))
        shared = _opening_key(box, bundle["move"]).exchange(other)
        secret, nonce = bytes.fromhex(bundle["content"]), bytes.fromhex(bundle["nonce"])
        return ChaCha20Poly1305(_key_of(shared, header)).decrypt(nonce, secret, _bytes(header))
    except (ValueError, InvalidTag):
        raise _unfit("not_for_this_key", "The bundle can't be opened with this box's key.") from None


def checked(paper: Any, kind: str, expected_fingerprint: str) -> Paper:
    """The paper, once it is whole, signed, and by the box whose fingerprint a person was told."""
    fields = FIELDS[kind]
    if not isinstance(paper, dict) or paper.get("kind") != kind or paper.keys() != fields:
        raise _unfit("bad_paper", f"This is no {kind}.")
    if not all(isinstance(value, str) for value in paper.values()):
        raise _unfit("bad_paper", f"This is no {kind}.")
    try:
        signature, public = bytes.fromhex(paper["signature"]), bytes.fromhex(paper["signed_by"])
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _to_sign(paper))
    except (ValueError, InvalidSignature):
        raise _unfit("paper_changed", "Its signature does not fit: it was changed, or is damaged.") from None
    if fingerprint(paper["signed_by"]) != expected_fingerprint.strip().lower():
        raise _unfit("other_fingerprint", "It was signed by another box than the one with that fingerprint.")
    return dict(paper)


_REQUEST = frozenset({"kind", "box", "resident", "move", "seal_to", "signed_by", "signature"})
_BUNDLE = frozenset(
    {"kind", "box", "to_box", "resident", "move", "sealed_with", "nonce", "content", "signed_by", "signature"}
)
FIELDS: Mapping[str, frozenset[str]] = {"move-request": _REQUEST, "move-bundle": _BUNDLE}


def _signed(box: Box, body: Paper) -> Paper:
    paper = {**body, "signed_by": box.public_hex}
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(box.private_hex.strip()))
    return {**paper, "signature": key.sign(_to_sign(paper)).hex()}


def _to_sign(paper: Mapping[str, Any]) -> bytes:
    return SIGNED_AS + _bytes({key: value for key, value in paper.items() if key != "signature"})


def _bytes(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _opening_key(box: Box, move: str) -> X25519PrivateKey:
    seed = bytes.fromhex(box.private_hex.strip())
    derived = HKDF(hashes.SHA256(), KEY_BYTES, move.encode(), b"dispenserd moving v1 opening key").derive(
        seed
    )
    return X25519PrivateKey.from_private_bytes(derived)


def _key_of(shared: bytes, header: Mapping[str, Any]) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, None, b"dispenserd moving v1 " + _bytes(header)).derive(shared)


def _unfit(code: str, what: str) -> PaperFault:
    return PaperFault(
        code,
        what,
        "It was not used, and nothing was changed: who has the resident in their care is as before.",
        "Compare the fingerprint with the people at the other box, and have the paper made again.",
    )
