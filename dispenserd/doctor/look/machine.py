"""Looks at the machine by the kernel's tables and systemd's own commands: disk, memory, clock, versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import zoneinfo
from pathlib import Path

from dispenserd import __version__
from dispenserd.doctor.judge.system import DiskSeen
from dispenserd.doctor.judge.unit import UnitSeen
from dispenserd.store.database import library_version

COMMAND_S = 8.0
"""systemd's commands answer at once or, on a machine in trouble, not at all."""

UNIT = "dispenserd.service"
BOOTED = Path("/run/systemd/system")
"""There where systemd runs the machine."""

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
PROPERTIES = "LoadState,ActiveState,NRestarts,NeedDaemonReload,FragmentPath,DropInPaths"
EXPOSURE = re.compile(r"Overall exposure level for \S+: ([0-9.]+)")


def disk(path: Path) -> DiskSeen:
    """Of the file system that `path`, or the nearest folder above it that is there, lies on; OSError where
    this user may not look."""
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    space = os.statvfs(there)
    life, end = _wear(there)
    return DiskSeen(
        path=str(there),
        free_bytes=space.f_bavail * space.f_frsize,
        free_inodes=space.f_favail,
        inodes=space.f_files,
        read_only=bool(space.f_flag & os.ST_RDONLY),
        type=_type(there),
        life_used=life,
        end_of_life=end,
    )


def memory_available() -> int | None:
    for line in _lines(Path("/proc/meminfo")):
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return None


def has_battery_clock() -> bool:
    return any(Path("/sys/class/rtc").glob("rtc*"))


def network_time() -> tuple[bool | None, str]:
    """(synchronised, by whose word); None where nobody says."""
    if SYNCHRONISED.exists():
        return True, "systemd-timesyncd"
    told = _told("timedatectl", "show", "--property=NTPSynchronized")
    word = told.strip().partition("=")[2]
    return (word == "yes", "timedatectl") if word in ("yes", "no") else (None, "")


def versions() -> dict[str, str]:
    return {
        "dispenserd": __version__,
        "python": platform.python_version(),
        "sqlcipher": library_version(),
        "os": _os(),
        "kernel": platform.release(),
        "machine": platform.machine(),
    }


def time_zone(name: str) -> tuple[bool, str]:
    """(known, where its data comes from)."""
    try:
        zoneinfo.ZoneInfo.no_cache(name)
    except (KeyError, ValueError, OSError):
        return False, ""
    if any((Path(folder) / name).is_file() for folder in zoneinfo.TZPATH):
        return True, "the system's tzdata"
    return True, f"Python's tzdata {importlib.metadata.version('tzdata')}"


def unit() -> UnitSeen:
    if not BOOTED.is_dir():
        return UnitSeen(there=False)
    shown = dict(
        line.partition("=")[::2]
        for line in _told("systemctl", "show", UNIT, f"--property={PROPERTIES}").splitlines()
    )
    paths = [shown.get("FragmentPath", ""), *shown.get("DropInPaths", "").split()]
    return UnitSeen(
        there=True,
        load=shown.get("LoadState", ""),
        active=shown.get("ActiveState", ""),
        restarts=int(shown.get("NRestarts") or 0),
        stale=shown.get("NeedDaemonReload") == "yes",
        texts={path: "\n".join(_lines(Path(path))) for path in paths if path},
        exposure=exposure(UNIT),
    )


def exposure(unit: str, *options: str) -> float | None:
    """systemd's own rating, 0 to 10; None where it gives none."""
    found = EXPOSURE.search(_told("systemd-analyze", "security", "--no-pager", *options, unit))
    return None if found is None else float(found[1])


def _told(*command: str) -> str:
    """What a command says, "" where it is missing, fails or takes too long."""
    environment = {**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0"}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_S,
            env=environment,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _type(path: Path) -> str:
    """By the kernel's table of mounts, the one with the longest name above `path`."""
    best, kind = "", ""
    for line in _lines(Path("/proc/self/mounts")):
        _, mounted, found, *_ = line.split(" ")
        place = mounted.replace("\\040", " ")
        if len(place) >= len(best) and path.resolve().is_relative_to(place):
            best, kind = place, found
    return kind


def _wear(path: Path) -> tuple[int | None, int | None]:
    """(life used, end of life) by the card's own flags: eMMC tells them, an SD card does not."""
    number = path.stat().st_dev
    block = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}").resolve()
    for folder in (block, *block.parents[:2]):
        life = [int(word, 16) for line in _lines(folder / "device/life_time") for word in line.split()]
        end = [int(word, 16) for line in _lines(folder / "device/pre_eol_info") for word in line.split()]
        if life or end:
            return max(life, default=None), max(end, default=None)
    return None, None


def _os() -> str:
    named = dict(line.partition("=")[::2] for line in _lines(Path("/etc/os-release")))
    return named.get("PRETTY_NAME", sys.platform).strip('"')


def _lines(path: Path) -> list[str]:
    """Of a small text that may not be there."""
    try:
        return path.read_text(errors="replace").splitlines()
    except OSError:
        return []
