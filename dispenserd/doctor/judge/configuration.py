"""What is to be thought of the configuration: the file, what it names, its key, who may read what."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dispenserd.doctor.finding import Finding, demo_class, ok, unknown, warning, wrong

FOR_OTHERS = stat.S_IRWXO
FOR_ALL_BUT_THE_OWNER = stat.S_IRWXG | stat.S_IRWXO
FOREIGN_WRITE = stat.S_IWGRP | stat.S_IWOTH


AS_WHOM = "Run this as root or as the service's user."


@dataclass(frozen=True, slots=True)
class Standing:
    """A file or folder as the disk has it. `mode` is its permissions alone; None: it is not there."""

    path: str
    mode: int | None = None
    owner: str = ""
    reason: str = ""  # why it can't be looked at
    not_for_us: bool = False  # this user may not look at it, or not read it

    @property
    def shown_mode(self) -> str:
        return "none" if self.mode is None else f"{self.mode:04o}"


@dataclass(frozen=True, slots=True)
class Fault:
    """An error of another room in its own three parts."""

    what: str
    meaning: str
    next_step: str


def configuration(file: Standing, fault: Fault | None) -> Finding:
    facts = {"path": file.path, "mode": file.shown_mode, "owner": file.owner}
    if fault is not None:
        return wrong(fault.what, fault.meaning, fault.next_step, **facts)
    mode = file.mode or 0
    said = f"Configuration {file.path}, mode {file.shown_mode}, owner {file.owner}."
    if mode & FOREIGN_WRITE:
        return wrong(
            said,
            "Others than its owner may change it, and with it which robot and which staff this home "
            "believes.",
            f"Run: chmod 0640 {file.path}",
            **facts,
        )
    if mode & FOR_OTHERS:
        return warning(
            said,
            "Everybody on this machine may read it, and it identifies the resident.",
            f"Run: chmod 0640 {file.path}",
            **facts,
        )
    return ok(said, "It can be read, every key in it is known, and only those who must may read it.", **facts)


def demo(is_demo: bool) -> Finding:
    if is_demo:
        return warning(
            "[home] demo = true.",
            "This is no real home: settings that protect nobody are let pass as warnings.",
            "Before medicine comes near it: set demo = false, and run this again.",
            demo=True,
        )
    return ok("[home] demo = false.", "Settings of demo class count as wrong.", demo=False)


def paths(named: Mapping[str, Standing]) -> Finding:
    """`named`: key of the configuration -> what is there, for whatever must be there."""
    shut = sorted(key for key, each in named.items() if each.not_for_us)
    missing = {key: each for key, each in named.items() if each.mode is None and not each.not_for_us}
    facts = {"looked_at": sorted(named), "missing": sorted(missing), "not_readable": shut}
    if shut and not missing:
        return unknown(f"This user may not read {', '.join(shut)}.", AS_WHOM, **facts)
    if not missing:
        return ok(
            f"All {len(named)} files and folders that the configuration names are there.",
            "None is missing at the next start.",
            **facts,
        )
    told = "; ".join(f"{key} ({each.path}: {each.reason})" for key, each in sorted(missing.items()))
    return wrong(
        f"Not there: {told}.",
        "The home does not start without a file, and gets no plan without its folder.",
        "Put them in place or correct the paths; relative ones start at the configuration's folder.",
        **facts,
    )


def key(provider: str, place: Standing, fault: Fault | None, demo: bool, can_wait: bool) -> Finding:
    """`can_wait`: the key is for the service alone, and this process or user is not the service."""
    facts = {"provider": provider, "path": place.path, "mode": place.shown_mode, "owner": place.owner}
    if fault is not None and can_wait:
        return unknown(
            f"The store's key could not be had here: {fault.what}",
            f"{AS_WHOM} A credential can be read only while the service runs.",
            **facts,
        )
    if fault is not None:
        return wrong(fault.what, fault.meaning, fault.next_step, **facts)
    where = f"a file, mode {place.shown_mode}" if provider == "file" else "a systemd credential"
    return demo_class(
        demo,
        f"The store's key is {where}, owner {place.owner}.",
        "Demo class: whoever holds this computer's card holds the key, and with it what the store says of "
        "the "
        "resident (rule 25).",
        "Nothing can be done yet in this version: a key in two parts, on the card and in the robot, is not "
        "built. Keep the computer where strangers do not come.",
        **facts,
    )


def permissions(private: Sequence[Standing], socket: Standing | None, owner: str) -> Finding:
    """`owner`: whose the store is."""
    there = [each for each in private if each.mode is not None]
    open_ones = [each for each in there if (each.mode or 0) & FOR_ALL_BUT_THE_OWNER]
    if socket is not None and socket.mode is not None and socket.mode & FOR_ALL_BUT_THE_OWNER:
        open_ones.append(socket)
    others = [each for each in there if owner and each.owner not in (owner, "root")]
    facts = {
        "files": {each.path: each.shown_mode for each in there},
        "socket": None if socket is None else socket.shown_mode,
        "owner": owner,
    }
    if not there and (socket is None or socket.mode is None):
        return unknown("None of the home's private files can be seen here.", AS_WHOM, **facts)
    if open_ones:
        told = ", ".join(f"{each.path} ({each.shown_mode})" for each in open_ones)
        return wrong(
            f"Open to others than their owner: {told}.",
            "Whoever else uses this computer may read the resident's record or command the home.",
            "Run chmod 0600 on each; a key that others could read is no secret any more.",
            **facts,
        )
    if others:
        told = ", ".join(f"{each.path} ({each.owner})" for each in others)
        return warning(
            f"Not {owner}'s, as the store is: {told}.",
            "The home may be unable to write beside its store at its next start.",
            f"Run chown {owner} on each.",
            **facts,
        )
    return ok(
        f"{len(there)} private files{'' if socket is None else ' and the control socket'}, mode 0600.",
        "Nobody but their owner may use them.",
        **facts,
    )
