"""How a provisioning begins, or is taken up again: what must be so before the first file is made.

Refuses a box that has an identity, a store or a configuration already, and a clock that has lost its time;
nothing is on disk by then. Only one provisioning works on a folder at a time.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dispenserd.clock import Clock
from dispenserd.provision import check
from dispenserd.provision.answers import BY_NAME, SECRET, Answers, Ask, gather, judged
from dispenserd.provision.course import unwritten
from dispenserd.provision.fault import GO_ON, ProvisionFault, Sort
from dispenserd.provision.layout import GROUP, Layout
from dispenserd.provision.progress import Progress
from dispenserd.provision.site import Site, occupied
from dispenserd.provision.writing import FOLDER_MODE, group_id, make_folder


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line said."""

    given: Answers
    demo: bool
    resume: bool
    by: str
    certificate: Path | None


def begun(layout: Layout, wish: Wish, clock: Clock, ask: Ask | None, tell: Callable[[str], None]) -> Site:
    """The site to work on, its progress on disk; ProvisionFault with nothing changed."""
    progress = Progress.load(layout.progress)
    if progress is None:
        if wish.resume:
            raise nothing_begun(layout)
        return _new(layout, wish, clock, ask, tell)
    if not wish.resume:
        raise _begun_before(layout, progress)
    if progress.finished:
        _must_not_differ(layout, wish.given, progress)
    else:
        progress.answers = gather(
            wish.given, progress.answers, demo=progress.demo, one_folder=layout.one_folder, ask=ask
        )
        _save(progress)
    return Site(layout, progress.answers, progress, clock, wish.certificate, tell)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else provisions this folder meanwhile; the lock goes with the process."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield  # there is nothing yet that two could work on
        return
    except OSError as fault:
        raise unwritten(fault) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ProvisionFault(
            Sort.REFUSED, "busy", f"Another provisioning works on {folder}.",
            "Two at once would each undo the other's steps; nothing was changed.", "Wait for it, or end it.",
        ) from None  # fmt: skip
    try:
        yield
    finally:
        os.close(descriptor)


def nothing_begun(layout: Layout) -> ProvisionFault:
    return ProvisionFault(
        Sort.CHECKED_AND_FALSE,
        "nothing_begun",
        f"Nothing was provisioned in {layout.configuration}.",
        "There is nothing to go on with and nothing to take back; nothing was changed.",
        "Begin with `dispenserd provision`, or name the --folder that was used.",
    )


def _must_not_differ(layout: Layout, given: Answers, progress: Progress) -> None:
    """A commissioned home is not configured anew, and nobody may believe that it was. Secrets can't be held
    against those that were given: they are not kept."""
    stood = progress.answers
    differing = [
        BY_NAME[name].flag if name in BY_NAME else f"--{name.replace('_', '-')}"
        for name, value in given.items()
        if value is not None and (name in SECRET or _kept(name, value) != stood.get(name))
    ]
    if differing:
        raise ProvisionFault(
            Sort.REFUSED, "commissioned_already",
            f"{stood['box']} is commissioned, and {', '.join(differing)} would not be used.",
            "Of a commissioned box provisioning replaces the certificate alone; nothing was changed.",
            f"Leave the flags out; or change {layout.toml} and the files that it names, restart the home and "
            "look with `dispenserd doctor`.",
        )  # fmt: skip


def _kept(name: str, value: object) -> object:
    """A flag's value in the form in which answers are kept."""
    return judged(BY_NAME[name], value)[0] if name in BY_NAME else value


def _new(layout: Layout, wish: Wish, clock: Clock, ask: Ask | None, tell: Callable[[str], None]) -> Site:
    found = check.box_clock(clock.now())
    if found.verdict is check.Verdict.BAD:
        raise check.clock_fault(found)
    for path in (layout.signing_key, layout.client_key, layout.toml, layout.record, layout.store):
        if os.path.lexists(path):
            raise occupied(path)
    if not layout.one_folder and group_id(GROUP) is None:
        raise ProvisionFault(
            Sort.CHECKED_AND_FALSE, "no_group", f"This box has no group {GROUP}.",
            "The daemon's user does not exist, so nothing could be made readable for it alone.",
            "Install the package first, or try out in a folder of your own: --demo --folder DIR.",
        )  # fmt: skip
    answers = gather(wish.given, {}, demo=wish.demo, one_folder=layout.one_folder, ask=ask)
    progress = Progress(layout.progress, wish.by, wish.demo, clock.now().isoformat(), answers)
    try:
        for folder in _missing(layout.configuration):
            make_folder(folder, FOLDER_MODE, None if layout.one_folder else (0, group_id(GROUP) or 0))
            progress.claimed.append(str(folder))
    except OSError as fault:
        raise _not_begun(fault, progress) from None
    _save(progress)
    return Site(layout, answers, progress, clock, wish.certificate, tell)


def _save(progress: Progress) -> None:
    try:
        progress.save()
    except OSError as fault:
        raise _not_begun(fault, progress) from None


def _not_begun(fault: OSError, progress: Progress) -> ProvisionFault:
    """The folders made for it go again, as far as they are empty."""
    if not progress.path.exists():
        for folder in reversed(progress.claimed):
            try:
                Path(folder).rmdir()
            except OSError:
                break
    return unwritten(fault)


def _missing(folder: Path) -> list[Path]:
    """The folder and those above it that are not there, outermost first."""
    missing: list[Path] = []
    while not folder.is_dir() and folder != folder.parent:
        missing.insert(0, folder)
        folder = folder.parent
    return missing


def _begun_before(layout: Layout, progress: Progress) -> ProvisionFault:
    if progress.finished:
        what = (
            f"{layout.configuration} was provisioned to the end on {progress.finished[:10]} by {progress.by}."
        )
        next_step = "See it with --show; take it back with --undo, as long as its journal is empty."
    else:
        done = ", ".join(progress.steps) or "nothing yet"
        what = (
            f"A provisioning of {layout.configuration} was begun on {progress.started[:10]} by {progress.by} "
            f"and not finished (done: {done})."
        )
        next_step = f"Go on with it, or take it back: --resume or --undo. {GO_ON}"
    meaning = "An identity or key that exists is never replaced; nothing was changed."
    return ProvisionFault(Sort.REFUSED, "begun_before", what, meaning, next_step)
