"""The store's key as systemd hands it to the service: encrypted by `systemd-creds` with a key of this box.

Knows that program and nothing of the unit that names the file. Root's alone: provisioning makes the key, and
looks with it whether a store is empty. The service itself never comes here (`dispenserd.security.keys`).
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dispenserd.durable import sync_folder
from dispenserd.security.keys import CREATED_MODE, KEY_BYTES
from dispenserd.store.errors import StoreKeyError

PROGRAM = "systemd-creds"
WITHIN_S = 30.0
"""A TPM takes seconds."""


@dataclass(frozen=True, slots=True)
class SealedKey:
    """The file that LoadCredentialEncrypted= of the unit names, and the credential's name."""

    path: Path
    name: str

    def key(self) -> bytes:
        """32 bytes; StoreKeyError where this box can't decrypt them."""
        key = _carried_out("decrypt", [f"--name={self.name}", str(self.path), "-"], b"", self.path)
        if len(key) != KEY_BYTES:
            raise _unusable(self.path, f"it holds {len(key)} bytes, not {KEY_BYTES}")
        return key


def create_sealed_key(path: Path, name: str) -> None:
    """A new random key, never on the disk in clear; FileExistsError rather than replacing one."""
    sealed = _carried_out("encrypt", [f"--name={name}", "-", "-"], secrets.token_bytes(KEY_BYTES), path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, CREATED_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(sealed)
        file.flush()
        os.fsync(descriptor)
    sync_folder(path.parent)


def _carried_out(verb: str, arguments: list[str], given: bytes, path: Path) -> bytes:
    program = shutil.which(PROGRAM)
    if program is None:
        raise _unusable(path, f"{PROGRAM} is not installed")
    try:
        done = subprocess.run(
            [program, verb, *arguments], input=given, capture_output=True, check=False, timeout=WITHIN_S
        )
    except subprocess.TimeoutExpired:
        raise _unusable(path, f"{PROGRAM} did not end within {WITHIN_S:.0f} s") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").split("\n")
        raise _unusable(path, next((line.strip() for line in reversed(lines) if line.strip()), "no word"))
    return done.stdout


def _unusable(path: Path, why: str) -> StoreKeyError:
    return StoreKeyError(
        f"The credential {path} can't be made or opened with {PROGRAM}: {why}.",
        "The service would get no key, and without it no store can be opened; no key was replaced.",
        "`systemd-creds --version` must say 250 or newer, /var/lib/systemd must be on a lasting disk, and a "
        "credential is opened only on the box that made it.",
    )
