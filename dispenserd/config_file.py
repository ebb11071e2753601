"""A configuration file as such: readable, TOML, paths resolved. Its keys' meaning is `dispenserd.config`'s.

Small imports only: the terminal commands that talk to a running home read two keys through this and nothing
else, so they start fast and still work when another part of the file was broken meanwhile.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any

from dispenserd.explained import Explained

FILE_BYTES_MAX = 256 * 1024
"""A real one has under 5 KiB; whatever is larger is the wrong file."""


DIGEST_CHARS = 32
"""As long as any id; nobody attacks it."""


class ConfigError(Explained):
    """A configuration that can't be used. Never quotes a value: one may identify the resident."""


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables; ConfigError where it can't be read or is no TOML."""
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        if len(raw) > FILE_BYTES_MAX:
            raise unusable(
                path, f"is larger than {FILE_BYTES_MAX} bytes", "Name the right file with --config."
            )
        return tomllib.loads(raw.decode())
    except FileNotFoundError:
        raise unusable(path, "does not exist", "Create it, or name another file with --config.") from None
    except OSError as fault:
        reason = fault.strerror or type(fault).__name__
        raise unusable(path, f"can't be read ({reason})", "Check its path, owner and mode.") from None
    except UnicodeDecodeError:
        raise unusable(path, "is no UTF-8 text", "Save it as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as fault:
        place = str(fault).rpartition("(")[2].rstrip(")")  # "at line 3, column 5"; the rest may quote a value
        raise unusable(path, f"is no valid TOML {place}", "Correct that line; texts need quotes.") from None


def digest(path: Path) -> str:
    """Of the file's bytes, to say whether it is still the one that was read; "" where it can't be read. Times
    of a file say less: a copied one keeps them."""
    try:
        with path.open("rb") as file:
            return hashlib.sha256(file.read(FILE_BYTES_MAX + 1)).hexdigest()[:DIGEST_CHARS]
    except OSError:
        return ""


def folder_of(path: Path) -> Path:
    """Where the file's relative paths start."""
    return path.absolute().parent


def resolved(folder: Path, value: object) -> Path:
    """A path as written in a file of `folder`; ValueError for what is no path."""
    if not isinstance(value, str) or not value or "\x00" in value:
        raise ValueError("must be a path in quotes")
    return folder / Path(value)


def unusable(path: Path, why: str, next_step: str) -> ConfigError:
    return ConfigError(f"Configuration {path} {why}.", "Nothing was started or changed.", next_step)
