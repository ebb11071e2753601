"""Which configuration a command uses, and the two keys of it that a terminal needs: socket and time zone.

A command that talks to a running home reads no more than that, so a fault elsewhere in the file (which the
daemon will name at its next start) does not keep a nurse from deciding about a dose.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import typer

from dispenserd.config_file import folder_of, read_toml, resolved, unusable

CONFIG_VARIABLE = "DISPENSERD_CONFIG"
CONFIG_DEFAULT = Path("/etc/dispenserd/dispenserd.toml")
ONCALL_CONFIG_VARIABLE = "DISPENSERD_ONCALL_CONFIG"
ONCALL_CONFIG_DEFAULT = Path("/etc/dispenserd/oncall.toml")


@dataclass(frozen=True, slots=True)
class Place:
    socket: Path
    zone: ZoneInfo


def config_path(ctx: typer.Context, own: Path | None) -> Path:
    """The box's configuration: the nearest --config, else the environment, else the usual place."""
    return _given(ctx, own) or _from(CONFIG_VARIABLE) or CONFIG_DEFAULT


def oncall_config_path(ctx: typer.Context, own: Path | None) -> Path:
    return _given(ctx, own) or _from(ONCALL_CONFIG_VARIABLE) or ONCALL_CONFIG_DEFAULT


def place(path: Path) -> Place:
    """ConfigError where the file, its socket or its zone can't be used."""
    content = read_toml(path)
    control, home = content.get("control"), content.get("home")
    try:
        socket = resolved(folder_of(path), control.get("socket") if isinstance(control, dict) else None)
    except ValueError:
        raise unusable(path, "names no control socket", "Set [control] socket.") from None
    zone = home.get("zone", "Europe/Copenhagen") if isinstance(home, dict) else "Europe/Copenhagen"
    try:
        return Place(socket=socket, zone=ZoneInfo(zone))
    except (KeyError, ValueError, OSError, TypeError):
        raise unusable(path, "names no known time zone", "Correct [home] zone.") from None


def _given(ctx: typer.Context, own: Path | None) -> Path | None:
    """--config may stand after the command or before it; the one nearest to the command counts."""
    above = ctx.parent
    while own is None and above is not None:
        own = above.params.get("config")
        above = above.parent
    return own


def _from(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None
