"""Who sits at the terminal, for the record."""

from __future__ import annotations

import os
import pwd


def user_name() -> str:
    """Also behind sudo."""
    return os.environ.get("SUDO_USER") or _name_of(os.getuid())


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
