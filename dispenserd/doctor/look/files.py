"""Looks at files and folders: there, whose, with which mode. Opens none of them for writing, quotes none."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import replace
from pathlib import Path

from dispenserd.config import Config, CredentialKey, FileKey
from dispenserd.doctor.judge.configuration import Standing
from dispenserd.key_choice import CREDENTIALS_VARIABLE

SERVICE_CREDENTIALS = Path("/run/credentials/dispenserd.service")
"""Where systemd mounts the running service's credentials; root may read them."""

BESIDE_THE_STORE = ("", "-wal", "-shm", ".lock", ".emergency")
"""What a store's name is followed by."""


def standing(path: Path) -> Standing:
    try:
        seen = path.stat()
    except OSError as fault:
        shut = isinstance(fault, PermissionError)
        return Standing(str(path), reason=fault.strerror or type(fault).__name__, not_for_us=shut)
    return Standing(str(path), stat.S_IMODE(seen.st_mode), _user(seen.st_uid))


def readable(path: Path) -> Standing:
    """The same, and whether this user may read it."""
    seen = standing(path)
    # Of the effective user, like the reading itself.
    shut = seen.mode is not None and not os.access(path, os.R_OK, effective_ids=True)
    return replace(seen, not_for_us=True) if shut else seen


def size(path: Path) -> int:
    """In bytes; 0 for what is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def named_by(config: Config) -> dict[str, Standing]:
    """What must be there before a home starts, by its key in the configuration."""
    files = {
        "[mqtt] oncall_public_key_file": config.mqtt.oncall_public_key_file,
        "[mqtt] password_file": config.mqtt.password_file,
        "[mqtt] ca_file": config.mqtt.ca_file,
        # Not in every version's configuration:
        "[mqtt] certificate_file": getattr(config.mqtt, "certificate_file", None),
        "[mqtt] key_file": getattr(config.mqtt, "key_file", None),
        "[fagsystem] folder": config.fagsystem.folder,
        "[store] path (its folder)": config.store.path.parent,
    }
    if isinstance(config.store.key, FileKey):
        files["[store.key] path"] = config.store.key.path
    return {key: readable(path) for key, path in files.items() if path is not None}


def key_place(config: Config) -> Path:
    match config.store.key:
        case FileKey(path=path):
            return path
        case CredentialKey(name=name):
            return credentials() / name


def credentials() -> Path:
    """Our own, if this process has any, else the running service's."""
    own = os.environ.get(CREDENTIALS_VARIABLE)
    return Path(own) if own else SERVICE_CREDENTIALS


def private(config: Config) -> list[Standing]:
    """What nobody but its owner may use."""
    store = config.store.path
    paths = [store.with_name(store.name + ending) for ending in BESIDE_THE_STORE]
    if isinstance(config.store.key, FileKey):
        paths.append(config.store.key.path)
    return [standing(path) for path in paths]


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
