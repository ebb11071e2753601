"""Where the store's key comes from: a private file, or a credential that systemd decrypted for this service.

Both are demo class: whoever holds the card holds the key (rule 25; a key in two parts, on the card and in the
paired robot, is not built yet). No key is ever logged, shown or kept in an attribute.
"""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dispenserd.durable import sync_folder
from dispenserd.store.errors import StoreKeyError

KEY_BYTES = 32
"""256 bits, raw."""

OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""Permissions that nobody but the owner may have."""

CREATED_MODE = 0o600


class KeyProvider(Protocol):
    def key(self) -> bytes:
        """32 bytes; StoreKeyError where they can't be had."""


@dataclass(frozen=True, slots=True)
class FileKey:
    """A file of 32 raw bytes, mode 0600."""

    path: Path

    def key(self) -> bytes:
        return _read(self.path, private=True)


@dataclass(frozen=True, slots=True)
class CredentialKey:
    """The systemd credential `name`. `directory` is $CREDENTIALS_DIRECTORY, None if that is unset."""

    name: str
    directory: str | None

    def key(self) -> bytes:
        if not self.directory:
            raise StoreKeyError(
                "There are no systemd credentials: CREDENTIALS_DIRECTORY is not set.",
                "The key is a credential of the service, and this process was not started by the service.",
                "Start it with systemctl, or choose a file in [store.key].",
            )
        if Path(self.name).name != self.name:
            raise StoreKeyError(
                "The credential's name is a path.",
                "A credential is named without a folder.",
                "Correct name in [store.key].",
            )
        return _read(Path(self.directory) / self.name, private=False)  # systemd mounts it for us alone


def create_file_key(path: Path) -> None:
    """A new random key for `FileKey`; FileExistsError rather than replacing one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, CREATED_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
        file.flush()
        os.fsync(descriptor)
    sync_folder(path.parent)  # a store whose key's name was lost opens no more


def _read(path: Path, *, private: bool) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise StoreKeyError(
            f"The store's key can't be read from {path}: {os.strerror(error.errno or 0)}.",
            "Without its key nothing can be read from the store or recorded in it.",
            "Put the key in its place, or correct [store.key]. A new key does not open an old store.",
        ) from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _unfit(path, "is no file")
        if private:
            _refuse_others(path, status)
        key = os.read(descriptor, KEY_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(key) != KEY_BYTES:
        raise _unfit(path, f"does not have exactly {KEY_BYTES} bytes")
    return key


def _refuse_others(path: Path, status: os.stat_result) -> None:
    if status.st_mode & OTHERS:
        raise StoreKeyError(
            f"The key file {path} has mode {stat.S_IMODE(status.st_mode):04o}.",
            "Other users of this computer can read it, and with it everything in the store.",
            f"Run: chmod 0600 {path}. If others had access to it, the key is no secret any more.",
        )


def _unfit(path: Path, what: str) -> StoreKeyError:
    return StoreKeyError(
        f"The store's key at {path} {what}.",
        "It is not a key of this program, or was cut short.",
        "Put the key it was created with in its place. A new key does not open an old store.",
    )
