"""Disks that will not: full at any point, read-only, somebody else's. Nothing half is left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dispenserd.provision.writing import DRAFT_SUFFIX
from tests.storage.small_disk import ROOT, namespace, on_small_disk, python

ON_A_FULL_DISK = """
import json, os, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from dispenserd.cli.entry import carry_out

def run(*arguments):
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(StringIO()):
        code = carry_out(["provision", "--folder", sys.argv[1], *arguments, "--json"])
    return code, json.loads(said.getvalue().splitlines()[-1])

def tree():
    folder = Path(sys.argv[1])
    return {str(p.relative_to(folder)): p.stat().st_size for p in folder.rglob("*") if p.is_file()}

code, last = run("--demo")
left = tree()
room, more = run("--resume")
undone, _ = run("--undo", "--yes")
print(json.dumps({"code": code, "last": last, "left": left, "resumed": room, "more": more,
                  "undone": undone, "bare": tree()}))
"""

WHOLE = {"store.key": 32, "box-signing.key": 65, "oncall.key": 65, "box-signing.pub": 65, "oncall.pub": 65}


def filled_up(folder: Path, size_kb: int) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        on_small_disk(folder, size_kb, python(ON_A_FULL_DISK, str(folder / "home")))
    )
    return found


@pytest.mark.parametrize("size_kb", [4, 8, 12, 20, 28, 36, 48])
def test_a_disk_that_is_full_leaves_nothing_half_and_can_be_undone(size_kb: int, tmp_path: Path) -> None:
    found = filled_up(tmp_path, size_kb)
    last, left = found["last"], found["left"]
    assert isinstance(last, dict)
    assert isinstance(left, dict)
    assert (found["code"], last["code"]) == (5, "disk_full")
    assert "Make room" in last["next"]
    assert [name for name in left if DRAFT_SUFFIX in name] == []
    assert {name: size for name, size in left.items() if name in WHOLE and size != WHOLE[name]} == {}
    assert found["undone"] == (0 if "provisioning.json" in left else 1)
    assert found["bare"] == {}


def test_a_disk_with_room_gets_as_far_as_the_robot(tmp_path: Path) -> None:
    found = filled_up(tmp_path, 2000)
    last = found["last"]
    assert isinstance(last, dict)
    assert (found["code"], last["code"]) == (1, "port_missing")
    assert (found["undone"], found["bare"]) == (0, {})


def test_a_read_only_folder_is_said_to_be_read_only(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o ro none "$0" && "$@" || echo "exit $?"; ls -A "$0"'
    command = [sys.executable, "-m", "dispenserd", "provision", "--demo", "--json", "--folder"]
    for folder in (tmp_path, tmp_path / "home"):
        ran = subprocess.run(
            [*namespace(), "sh", "-c", script, str(tmp_path), *command, str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        last, code = ran.stdout.splitlines()
        assert (json.loads(last)["code"], code) == ("read_only", "exit 5")


WHO_MAY_NOT_WRITE = """
import os, sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from tempfile import TemporaryDirectory
from dispenserd.cli.entry import carry_out

def provision(folder):
    return carry_out(["provision", "--demo", "--json", "--folder", folder])

with TemporaryDirectory() as own, redirect_stdout(StringIO()), redirect_stderr(StringIO()):
    provision(own)  # whatever is imported late is in memory now: nobody may not read a checkout below /root
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.exit(provision(sys.argv[1]))
"""
"""Root becomes nobody, for whom another's folder is shut; anybody else shuts their own."""


@pytest.mark.parametrize("name", ["", "home"])
def test_a_folder_of_somebody_else_is_left_alone(name: str) -> None:
    with TemporaryDirectory() as outer:
        Path(outer).chmod(0o555)
        command = [sys.executable, "-c", WHO_MAY_NOT_WRITE, str(Path(outer) / name)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (ran.returncode, json.loads(ran.stdout)["code"]) == (5, "not_written"), ran.stderr
        assert "of your own" in ran.stdout
        assert list(Path(outer).iterdir()) == []
