"""What every step works on: the layout, the answers, the progress, the clock, and how files are made.

A file is claimed before it is made and refused where somebody else's stands there already. Keys are made
once: `keep_or_make` never writes over one.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dispenserd.clock import Clock
from dispenserd.provision.answers import Answers
from dispenserd.provision.fault import ProvisionFault, Sort
from dispenserd.provision.layout import GROUP, Layout
from dispenserd.provision.progress import Progress
from dispenserd.provision.writing import FOLDER_MODE, SHARED, is_written, make_folder, write_whole


@dataclass(frozen=True, slots=True)
class Site:
    layout: Layout
    answers: Answers
    progress: Progress
    clock: Clock
    certificate: Path | None  # the municipality's, as named at this run
    tell: Callable[[str], None]  # what goes on inside a step, for people

    @property
    def demo(self) -> bool:
        return self.progress.demo

    @property
    def signs_in_by_certificate(self) -> bool:
        return not self.demo and not self.answers.get("mqtt_username")

    def put(
        self, path: Path, content: bytes, mode: int = SHARED, accept: Callable[[Path], object] | None = None
    ) -> None:
        """Write a file of ours, or write it anew. One that would not change keeps its time, by which a home
        that was started before is known."""
        self._claim(path)
        if not is_written(path, content, mode, self.group):
            write_whole(path, content, mode, self.group, accept)
        elif accept is not None:
            accept(path)

    def keep_or_make(self, path: Path, make: Callable[[], bytes], mode: int) -> bytes:
        """The content of a file that is made once and never again."""
        if self.progress.claims(path) and path.exists():
            return path.read_bytes()
        self._claim(path)
        content = make()
        write_whole(path, content, mode, self.group)
        return content

    def folder(self, path: Path, mode: int = FOLDER_MODE, *, of_service: bool = False) -> None:
        """Make a folder if it is not there; with `of_service` it belongs to the daemon's user, and those
        above it that are not there either."""
        if path.is_dir():
            return
        self.folder(path.parent, mode, of_service=of_service)
        self.progress.claim(path)
        make_folder(path, mode, None if self.layout.one_folder or not of_service else _service_owner())

    @property
    def group(self) -> str:
        return "" if self.layout.one_folder else GROUP

    def _claim(self, path: Path) -> None:
        if not self.progress.claims(path) and os.path.lexists(path):
            raise occupied(path)
        self.progress.claim(path)


def occupied(path: Path) -> ProvisionFault:
    return ProvisionFault(
        Sort.REFUSED,
        "exists",
        f"{path} exists already, and this provisioning did not make it.",
        "It may be the identity, key or configuration of a home in use: it is never replaced. Nothing was "
        "changed there.",
        "Provision another folder; go on with what was begun with --resume; or take an earlier one back with "
        "--undo first.",
    )


def _service_owner() -> tuple[int, int] | None:
    try:
        user = pwd.getpwnam(GROUP)
    except KeyError:
        return None
    return user.pw_uid, user.pw_gid
