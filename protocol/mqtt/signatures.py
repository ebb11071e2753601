"""Ed25519 signatures of on-call over receipts, decisions, positions and askings. Pure: keys are bytes and
arrive as arguments.

Signed are the bytes: "dispenserd signature v1", a zero byte, the payload's schema, a zero byte, and the
canonical JSON of the payload without its `signature`. The schema separates the domains: a receipt's signature
is worth nothing under a decision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocol.mqtt.payloads import Signed

KEY_BYTES = 32
KEYS_KEPT = 4
"""Keys parsed once: a home knows one public key, and for a while the next; on-call signs by one."""

_DOMAIN = b"dispenserd signature v1"

S = TypeVar("S", bound=Signed)


def seal(payload: S, private_key: bytes) -> S:
    """The payload with its signature; the same payload and key give the same bytes."""
    return payload.model_copy(update={"signature": sign(private_key, payload.schema_, _body(payload))})


def is_genuine(payload: Signed, public_key: bytes) -> bool:
    """Whether the holder of the key signed exactly this payload."""
    return verify(public_key, payload.schema_, _body(payload), payload.signature)


def sign(private_key: bytes, context: str, body: Mapping[str, object]) -> str:
    """128 hex characters."""
    return _private_key(private_key).sign(_signed_bytes(context, body)).hex()


def verify(public_key: bytes, context: str, body: Mapping[str, object], signature: str) -> bool:
    try:
        raw = bytes.fromhex(signature)
        _public_key(public_key).verify(raw, _signed_bytes(context, body))
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=KEYS_KEPT)
def _public_key(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


@lru_cache(maxsize=KEYS_KEPT)
def _private_key(raw: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(raw)


def canonical_json(body: Mapping[str, object]) -> bytes:
    """Sorted keys, no spaces, UTF-8. Numbers are whole by the payload models, so there is one spelling."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def _body(payload: Signed) -> dict[str, object]:
    return payload.model_dump(mode="json", by_alias=True, exclude={"signature"})


def _signed_bytes(context: str, body: Mapping[str, object]) -> bytes:
    return b"\0".join((_DOMAIN, context.encode(), canonical_json(body)))
