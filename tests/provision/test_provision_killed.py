"""Killed anywhere, a provisioning leaves nothing half: --resume ends where it would have, --undo at bare.

A real simulated robot answers; nobody is at the broker's port, so a whole run ends at the checks, with every
file made. What the home itself makes afterwards is tested in test_provision_command.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dispenserd.provision.writing import DRAFT_SUFFIX
from tests.support.provision_parts import ROOT, robot, tree

KILLED = -9
KEYS = ("box-signing.key", "box.key", "store.key", "oncall.key")
CUTS_AT_LEAST = 60
"""A run passes more than this; fewer mean that the test no longer sees them."""


class Lives:
    """Commands in processes that can be told to die."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, port: int) -> None:
        self._process = process
        self._folder = folder
        self._begin = ["--demo", "--mqtt-port", str(port)]

    def begin(self, kill_at: int = 0) -> int:
        return self._run(self._begin, kill_at)

    def resume(self, kill_at: int = 0) -> int:
        return self._run(["--resume"], kill_at)

    def undo(self, kill_at: int = 0) -> int:
        return self._run(["--undo", "--yes"], kill_at)

    def _run(self, arguments: list[str], kill_at: int) -> int:
        whole = ["provision", "--folder", str(self._folder), *arguments, "--json"]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"arguments": whole, "kill_at": kill_at}) + "\n")
        self._process.stdin.flush()
        code: int = json.loads(self._process.stdout.readline())
        return code


@contextmanager
def lives(folder: Path) -> Iterator[Lives]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [sys.executable, "-m", "tests.support.provision_lives"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        yield Lives(process, folder, port)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def killed() -> Iterator[tuple[Lives, Path]]:
    """The robot's link must stand where the demo expects it. In memory where there is such a folder: what a
    kill leaves does not hang on the disk, and a hundred runs wait for it."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        folder = Path(name)
        with robot(folder / "robot"), lives(folder) as running:
            yield running, folder


def no_half(folder: Path) -> None:
    """Each file that has its name is whole."""
    for name, content in tree(folder).items():
        if DRAFT_SUFFIX in name:
            continue
        if name.endswith(".json"):
            json.loads(content)
        if name in ("box-signing.key", "oncall.key"):
            assert len(content) == 65, name
        if name == "store.key":
            assert len(content) == 32
        if name.endswith((".crt", ".csr", "box.key")):
            assert content.rstrip().endswith(b"-----"), name
        if name == "dispenserd.toml":
            assert b"idle_proof_min" in content  # its last line


def drafts(folder: Path) -> list[str]:
    return [name for name in tree(folder) if DRAFT_SUFFIX in name]


def answers(folder: Path) -> dict[str, object]:
    progress = folder / "provisioning.json"
    found: dict[str, object] = json.loads(progress.read_text())["answers"] if progress.exists() else {}
    return found


@pytest.mark.timeout(300)
def test_killed_at_any_point_it_is_taken_up_where_it_stopped(killed: tuple[Lives, Path]) -> None:
    home, folder = killed
    bare = tree(folder)
    assert home.begin() == 1
    whole = set(tree(folder))
    assert {"dispenserd.toml", *KEYS} <= whole
    assert home.undo() == 0
    for cut in range(1, 500, 3):
        code = home.begin(kill_at=cut)
        if code != KILLED:
            assert cut > CUTS_AT_LEAST
            break
        no_half(folder)
        keys = {name: content for name, content in tree(folder).items() if name in KEYS}
        resident = answers(folder).get("resident_key")
        assert (home.resume() if resident else home.begin()) == 1
        no_half(folder)
        assert drafts(folder) == []
        assert keys.items() <= tree(folder).items()  # a key is made once
        assert resident in (None, answers(folder)["resident_key"])  # and so is the person's
        assert home.undo() == 0
        assert tree(folder) == bare


@pytest.mark.timeout(300)
def test_killed_at_any_point_it_is_taken_back_whole(killed: tuple[Lives, Path]) -> None:
    home, folder = killed
    bare = tree(folder)
    for cut in range(2, 500, 6):
        if home.begin(kill_at=cut) != KILLED:
            assert cut > CUTS_AT_LEAST
            break
        for again in range(1, 500, 7):  # an undo that is killed is undone again
            if home.undo(kill_at=again) != KILLED:
                break
        assert home.undo() in (0, 1)
        assert tree(folder) == bare, cut
