"""Files of a home, each whole or not there: written beside their place, flushed, then renamed.

A kill leaves the old file or the new one, and at most a draft with a name of its own, which the next try
replaces and --undo removes. Nothing else in `dispenserd.provision` writes.
"""

from __future__ import annotations

import grp
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG

from dispenserd.durable import sync_folder

PRIVATE = 0o600
SHARED = 0o640
"""Read by the service's group: what the daemon needs and nobody else may see."""

PUBLIC = 0o644
FOLDER_MODE = 0o750
DRAFT_SUFFIX = ".provision-draft"


def draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}{DRAFT_SUFFIX}")


def write_whole(
    path: Path, content: bytes, mode: int, group: str = "", accept: Callable[[Path], object] | None = None
) -> None:
    """`accept` looks at the draft before it gets its name, and raises where it may not. OSError where the
    disk will not: nothing is left behind then."""
    draft = draft_of(path)
    draft.unlink(missing_ok=True)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            _give(descriptor, group)
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        if accept is not None:
            accept(draft)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def is_written(path: Path, content: bytes, mode: int, group: str = "") -> bool:
    """Whether it stands there already, as `write_whole` would leave it."""
    try:
        status, there = path.lstat(), path.read_bytes()
    except OSError:
        return False
    number = group_id(group) if group else None
    of_group = number is None or status.st_gid == number
    return there == content and S_ISREG(status.st_mode) and S_IMODE(status.st_mode) == mode and of_group


def make_folder(path: Path, mode: int, owner: tuple[int, int] | None = None) -> None:
    path.mkdir(mode=mode)
    path.chmod(mode)  # whatever the umask says
    if owner is not None:
        os.chown(path, *owner)
    sync_folder(path.parent)


def group_id(name: str) -> int | None:
    """None: there is no such group on this box."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def _give(descriptor: int, group: str) -> None:
    number = group_id(group) if group else None
    if number is not None:
        os.fchown(descriptor, -1, number)
