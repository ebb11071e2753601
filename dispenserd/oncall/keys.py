"""On-call's signing key: made at the first run, readable by its user only, its public half beside it.

Both files hold 64 hex characters and a line end. The public one goes to every home. Only `oncall run` reads
the private one. A key is never replaced by itself: homes would refuse what it signs.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dispenserd.durable import sync_folder

KEY_BYTES = 32
OTHERS_MAY = 0o077


class KeyFault(Exception):
    """The key file can't be trusted or read. The text never quotes it."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    private: bytes = field(repr=False)
    public: bytes


def load_or_create(path: Path) -> SigningKey:
    if not path.exists():
        _create(path)
    key = load(path)
    sync_folder(path.parent)  # also of a start that ended before it came here
    _write_public(path, key.public)
    return key


def load(path: Path) -> SigningKey:
    try:
        mode = path.stat().st_mode
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFault(f"the signing key {path} can't be read: {type(error).__name__}") from error
    if mode & OTHERS_MAY:
        raise KeyFault(f"the signing key {path} is open to other users: chmod 600 it, and make a new one")
    private = _from_hex(text)
    if private is None:
        raise KeyFault(f"{path} holds no signing key: 64 hex characters are expected")
    public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return SigningKey(private, public)


def public_path(path: Path) -> Path:
    return path.with_name(path.name + ".pub")


def _create(path: Path) -> None:
    """Whole or not at all: written beside its place, then linked; an existing key is never replaced."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw().hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            return  # another process was first: its key counts
    finally:
        draft.unlink()


def _write_public(path: Path, public: bytes) -> None:
    target = public_path(path)
    text = public.hex() + "\n"
    if target.exists() and target.read_text() == text:
        return
    draft = target.with_name(f"{target.name}.{os.getpid()}.new")
    with draft.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    sync_folder(target.parent)


def _from_hex(text: str) -> bytes | None:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None
