"""What is to be thought of the machine: disk, memory, the home's process, versions, time zones. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dispenserd.doctor.finding import Finding, demo_class, ok, unknown, warning, wrong

View = Mapping[str, Any]

MIB = 1024 * 1024

OFFLINE_DAYS = 28
"""Rule 31: twice the longest time offline, and that is a roll, 14 days."""

GROWTH_BYTES_DAY_MIN = 1 * MIB
"""What a home with four doses a day writes at most: a new one, which has not grown yet, is judged by this."""

RESERVE_BYTES = 128 * MIB
"""Beside the growth: a package unpacked for an update, the WAL, the system's own logs."""

INODES_MIN = 1_000
"""Administrations are a file each: five a day, for 28 days, and as many again for logs and updates."""

MEMORY_BYTES_MIN = 64 * MIB
"""What one more start of the daemon takes: with less the kernel may end the home."""

RSS_SHARE_MAX = 0.8
"""Of the unit's MemoryMax: beyond it something leaks, and systemd will end the home."""

MEMORY_MAX_BYTES = 256 * MIB
"""The shipped unit's MemoryMax."""

TURNED_AGO_S_MAX = 5.0
"""The engine looks at the clock every second; an fsync on a bad card may take a few."""

VOLATILE = frozenset({"tmpfs", "ramfs"})
COPIES_ON_WRITE = frozenset({"btrfs", "bcachefs", "zfs"})

WEAR_WARNING, WEAR_WRONG = 9, 11
"""Of the card's own scale: 9 = 80-90 % of its life is used, 11 = beyond it."""


@dataclass(frozen=True, slots=True)
class DiskSeen:
    path: str
    free_bytes: int
    free_inodes: int
    inodes: int  # 0: this file system counts none
    read_only: bool
    type: str  # of the file system; "" where nobody says
    life_used: int | None = None  # the card's own flag, 1-11
    end_of_life: int | None = None  # 1 normal, 2 warning, 3 urgent


def disk(seen: DiskSeen, growth_bytes_day: int) -> Finding:
    growth = max(growth_bytes_day, GROWTH_BYTES_DAY_MIN)
    bound = RESERVE_BYTES + OFFLINE_DAYS * growth
    facts = {
        "path": seen.path,
        "free_bytes": seen.free_bytes,
        "bound_bytes": bound,
        "free_inodes": seen.free_inodes if seen.inodes else None,
        "inodes_bound": INODES_MIN,
    }
    said = (
        f"{seen.free_bytes // MIB} MiB free for the store; the bound is {bound // MIB} MiB: "
        f"{OFFLINE_DAYS} days offline at {growth / MIB:.1f} MiB a day, and {RESERVE_BYTES // MIB} MiB to "
        "spare."
    )
    if seen.free_bytes < bound:
        return wrong(
            said,
            "A home that can't record stops, and its robot is locked (rule 29).",
            "Free disk space: old logs and packages first, never the store.",
            **facts,
        )
    if seen.inodes and seen.free_inodes < INODES_MIN:
        return wrong(
            f"Room for {seen.free_inodes} more files; the bound is {INODES_MIN}.",
            "No administration can be filed once there is none.",
            "Remove files that nobody needs.",
            **facts,
        )
    if seen.free_bytes < 2 * bound:
        return warning(
            said, "Enough for now, with little to spare.", "See what else fills this disk.", **facts
        )
    return ok(said, "Journal and outboxes have room for the longest time offline.", **facts)


def file_system(seen: DiskSeen, demo: bool) -> Finding:
    facts = {
        "path": seen.path,
        "type": seen.type,
        "read_only": seen.read_only,
        "life_used": seen.life_used,
        "end_of_life": seen.end_of_life,
    }
    if seen.read_only:
        return wrong(
            "The store's file system is mounted read-only.",
            "Nothing can be recorded, so nothing is released. A card that fails is often mounted so.",
            "Look with `dmesg` for errors of the card; replace it if there are any.",
            **facts,
        )
    if (seen.life_used or 0) >= WEAR_WRONG or (seen.end_of_life or 0) >= 3:
        return wrong(
            "The card says that its life is over.",
            "It may stop taking writes at any moment.",
            "Replace the card now.",
            **facts,
        )
    if seen.type in VOLATILE:
        return demo_class(
            demo,
            f"The store is in memory ({seen.type}).",
            "Its record is gone with the next restart, and with it what was given.",
            "Put [store] path on a disk.",
            **facts,
        )
    if (seen.life_used or 0) >= WEAR_WARNING or (seen.end_of_life or 0) >= 2:
        return warning(
            "The card says that most of its life is used.",
            "It will fail in a while.",
            "Order a new card and replace it at the next visit.",
            **facts,
        )
    if seen.type in COPIES_ON_WRITE:
        return warning(
            f"The store is on {seen.type}, which copies on write.",
            "On a full disk it may refuse even the emergency record; only the missing heartbeat tells then.",
            "Use ext4 for the store.",
            **facts,
        )
    worn = "" if seen.life_used is None else f", {seen.life_used}0 % of the card's life used at most"
    return ok(
        f"{seen.type or 'A file system'}, mounted for writing{worn}.", "It takes what is recorded.", **facts
    )


def memory(available_bytes: int | None, home_bytes: int | None) -> Finding:
    facts = {"available_bytes": available_bytes, "home_bytes": home_bytes, "home_max_bytes": MEMORY_MAX_BYTES}
    if available_bytes is None:
        return unknown("The machine does not say how much memory is left.", "Look with `free`.", **facts)
    own = (
        ""
        if home_bytes is None
        else f" The home uses {home_bytes // MIB} of its {MEMORY_MAX_BYTES // MIB} MiB."
    )
    said = f"{available_bytes // MIB} MiB of memory are available.{own}"
    if available_bytes < MEMORY_BYTES_MIN:
        return wrong(
            said,
            "The kernel may end the home at any moment; it starts again, and doses wait.",
            "End what else runs on this computer.",
            **facts,
        )
    if home_bytes is not None and home_bytes > RSS_SHARE_MAX * MEMORY_MAX_BYTES:
        return warning(
            said,
            "Near its bound systemd ends it.",
            "Restart the service at a quiet hour and report this.",
            **facts,
        )
    return ok(said, "There is enough.", **facts)


def engine(turned_ago_s: float | None, lag_s: float | None) -> Finding:
    """`lag_s`: of the loop, where the home measures it."""
    facts = {"turned_ago_s": turned_ago_s, "lag_s": lag_s}
    if turned_ago_s is None and lag_s is None:
        return unknown("No home told how it turns.", 'See "Running home".', **facts)
    late = max(turned_ago_s or 0.0, lag_s or 0.0)
    said = f"The engine came round {turned_ago_s or 0.0:.1f} s ago" + (
        "." if lag_s is None else f"; its loop lags by {lag_s:.2f} s."
    )
    if late > TURNED_AGO_S_MAX:
        return wrong(
            said,
            "Something holds it up: a disk that takes seconds to write, or a machine without time.",
            "Look at the card's health and at what else runs here.",
            **facts,
        )
    return ok(said, "It decides in time.", **facts)


def versions(here: Mapping[str, str], home: str, firmware: str, wire: int) -> Finding:
    """`here`: of this command and what it runs on. `home`: the running home's, "" without one."""
    facts = {**here, "home": home, "firmware": firmware, "wire": wire}
    said = ", ".join(f"{name} {version}" for name, version in here.items())
    said += f", wire {wire}" + (f", robot's firmware {firmware}" if firmware else "") + "."
    if home and home != here.get("dispenserd"):
        return warning(
            f"The running home is version {home}, this command {here.get('dispenserd')}. {said}",
            "After an update the service was not restarted, or two versions are installed.",
            "Restart the service when no window is open.",
            **facts,
        )
    return ok(
        said, "Home and command are of one version." if home else "No home runs to compare with.", **facts
    )


def time_zone(name: str, source: str, offsets_known: bool) -> Finding:
    facts = {"zone": name, "source": source}
    if not offsets_known:
        return wrong(
            f"The time zone {name} is not in this machine's data.",
            "Local times can't be worked out; the home does not start.",
            "Install tzdata (package of the system, or of Python).",
            **facts,
        )
    return ok(f"Time zone {name}, from {source}.", "Summer and winter time come at their days.", **facts)


def home(presence: str, reason: str, version: str) -> Finding:
    facts = {"presence": presence, "reason": reason, "version": version}
    match presence:
        case "running":
            return ok(
                "A home runs and answers.", "It was asked; its robot and its store were left alone.", **facts
            )
        case "silent":
            return wrong(
                f"A home holds the control socket and does not answer ({reason}).",
                "It hangs, is stopped, or still reads a long journal at its start. The resident is not "
                "served "
                "meanwhile. Its robot was left alone.",
                "Look with `systemctl status dispenserd`; if it starts, run this again in a minute, else "
                "restart it.",
                **facts,
            )
        case "denied":
            return unknown(
                f"This user may not ask the home ({reason}).",
                "Run this as root or as the service's user.",
                **facts,
            )
        case _:
            return warning(
                "No home runs.",
                "The resident is served by nobody. Robot and store are asked directly.",
                "Start it: `systemctl start dispenserd`, or `dispenserd run` where there is no service.",
                **facts,
            )
