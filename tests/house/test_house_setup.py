"""What `.ci/setup` says and does on a machine where something is missing, or apt-get fails."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sources import ROOT

HIDDEN = '() { [ "$*" != \'-v mosquitto\' ] && builtin command "$@"; }'
"""`command`, in a shell that does not find mosquitto."""

DEMO_GOES_ON = "the demo goes on with a broker of its own, which is no proof of a real one"


def setup(*purpose: str, checkout: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / ".ci/setup", *purpose],
        env={**os.environ, "BASH_FUNC_command%%": HIDDEN, **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def program(folder: Path, name: str, *lines: str) -> None:
    path = folder / name
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


def in_three_parts(said: str) -> bool:
    return re.search(r"setup: .+\n +It means: .+\n +Do next: .+\n", said) is not None


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A checkout in which nothing was set up yet, and no Python that can make a virtual environment."""
    (tmp_path / ".ci").mkdir()
    for name in (".ci/setup", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    program(
        tmp_path,
        "python3",
        'case "$*" in *ensurepip*) exit 1 ;; esac',
        f'exec {sys.base_prefix}/bin/python3 "$@"',
    )
    return tmp_path


@pytest.fixture
def apt_fails(tmp_path: Path) -> str:
    """A PATH on which this user may run apt-get, and it has no network."""
    program(tmp_path, "apt-get", "echo 'E: Unable to fetch some archives' >&2", "exit 100")
    program(tmp_path, "sudo", '[ "$1" != -n ] || shift', 'exec "$@"')
    return f"{tmp_path}:{os.environ['PATH']}"


@pytest.mark.parametrize(("purpose", "code"), [([], 1), (["demo"], 0), (["program"], 0)])
def test_only_the_tests_cannot_go_on_without_mosquitto(purpose: list[str], code: int) -> None:
    done = setup(*purpose, NO_INSTALL="1")
    assert done.returncode == code, done.stdout + done.stderr
    if purpose == ["program"]:
        assert done.stderr == ""
        return
    assert in_three_parts(done.stderr)
    assert "not installed, because NO_INSTALL is set" in done.stderr
    assert "apt-get install mosquitto\n" in done.stderr
    assert (DEMO_GOES_ON in done.stderr) == (purpose == ["demo"])


@pytest.mark.parametrize("purpose", [[], ["demo"]])
def test_an_administrator_is_asked_once_for_everything(bare: Path, purpose: list[str]) -> None:
    done = setup(*purpose, checkout=bare, NO_INSTALL="1", PATH=f"{bare}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert in_three_parts(done.stderr)
    assert done.stderr.count("Do next:") == 1
    assert "apt-get install python3-venv mosquitto\n" in done.stderr
    assert DEMO_GOES_ON not in done.stderr
    assert not (bare / ".venv").exists()


def test_what_starts_no_other_program_asks_for_no_broker(bare: Path) -> None:
    done = setup("program", checkout=bare, NO_INSTALL="1", PATH=f"{bare}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "apt-get install python3-venv\n" in done.stderr


@pytest.mark.parametrize(("purpose", "code"), [([], 1), (["demo"], 0)])
def test_where_apt_get_fails_its_own_words_are_shown_and_the_demo_goes_on(
    apt_fails: str, tmp_path: Path, purpose: list[str], code: int
) -> None:
    done = setup(*purpose, NO_INSTALL="", PATH=apt_fails, TMPDIR=str(tmp_path))
    assert done.returncode == code, done.stdout + done.stderr
    assert "E: Unable to fetch some archives" in done.stderr
    assert "apt-get could not install: mosquitto" in done.stderr
    assert in_three_parts(done.stderr)
    assert (DEMO_GOES_ON in done.stderr) == (purpose == ["demo"])


def test_apt_get_that_says_done_and_installed_nothing_is_not_believed(apt_fails: str, tmp_path: Path) -> None:
    program(tmp_path, "apt-get", "exit 0")
    done = setup(NO_INSTALL="", PATH=apt_fails, TMPDIR=str(tmp_path))
    assert done.returncode == 1
    assert "apt-get reported success, and still missing: mosquitto" in done.stderr


def test_a_word_it_does_not_know_sets_up_nothing() -> None:
    done = setup("demmo", NO_INSTALL="1")
    assert done.returncode == 1
    assert done.stdout == ""
    assert in_three_parts(done.stderr)
