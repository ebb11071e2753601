"""docs/technician.md: what it tells a newcomer to type is typed here, as it stands, and works."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.provision_parts import ROOT, until

pytestmark = pytest.mark.timeout(300)

BLOCK = re.compile(r"^```sh demo(?: (terminal|background|end))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PORT = "11883"
GUIDE = (ROOT / "docs" / "technician.md").read_text()
READY_WORDS = {"mosquitto": "", "simulator": '"what": "ready"', "oncall": "'connected'", "run": "'connected'"}
"""What each of the background programs says once it can be used."""


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Path]:
    """A folder that looks like a checkout to whoever types there."""
    for name in (".venv", "simulator", "protocol"):
        (tmp_path / name).symlink_to(ROOT / name)
    yield tmp_path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def test_what_the_guide_tells_a_newcomer_to_type_works(at: Path) -> None:
    port = free_port()
    blocks = [(mark, text.replace(PORT, str(port))) for mark, text in BLOCK.findall(GUIDE)]
    (setup,) = [text for mark, text in blocks if mark == "terminal"]
    (ending,) = [text for mark, text in blocks if mark == "end"]
    typed = [block for block in blocks if block[0] in ("", "background")]
    running: list[subprocess.Popen[bytes]] = []
    outputs = []
    try:
        for number, (mark, text) in enumerate(typed):
            if mark == "background":
                running.append(_started(at, setup, text, number, port))
            else:
                outputs.append(_typed(at, setup, text, first=number == 0))
    finally:
        for process in running:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert "Commissioned: box-demo (demo, no real home)" in outputs[1]
    assert "Loaded: roll ROLL-DEMO-1" in outputs[2]
    assert "trusted" in outputs[2]
    assert "\n0 wrong, " in outputs[3]
    _typed(at, setup, ending, first=False)
    assert not (at / "demo").exists()


def _typed(at: Path, setup: str, text: str, *, first: bool) -> str:
    """The first block ends where the guide says it does: there is no robot yet."""
    done = subprocess.run(
        ["bash", "-c", f"{setup}\nset -e\n{text}"],
        cwd=at,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if first else 0), done.stdout + done.stderr
    return done.stdout


def _started(at: Path, setup: str, text: str, number: int, port: int) -> subprocess.Popen[bytes]:
    log = at / f"{number}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            ["bash", "-c", f"{setup}\n{text}"],
            cwd=at,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    word = next(word for name, word in READY_WORDS.items() if re.search(rf"\b{name}\b", text))
    if word:
        until(lambda: word in log.read_text() or process.poll() is not None)
    else:
        until(lambda: _listens(port) or process.poll() is not None)
    if "dispenserd run" in text:  # who types the next line has seen the robot light up
        until(lambda: _robot_is_ready(at, setup) or process.poll() is not None)
    assert process.poll() is None, log.read_text()
    return process


def _robot_is_ready(at: Path, setup: str) -> bool:
    asked = f"{setup}\ndispenserd status --config demo/dispenserd.toml --json"
    told = subprocess.run(["bash", "-c", asked], cwd=at, capture_output=True, text=True, check=False)
    return told.returncode == 0 and json.loads(told.stdout)["robot"]["state"] == "ready"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_every_flag_that_the_guide_names_exists_and_every_step_is_explained() -> None:
    from typing import Any

    from typer.main import get_command

    from dispenserd.cli.entry import app
    from dispenserd.provision.steps import STEPS

    command: Any = get_command(app)
    flags = {flag for each in command.commands["provision"].params for flag in each.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z-]+[a-z]", GUIDE))
    assert named - flags <= {"--config", "--roll", "--memory", "--name"}  # of the other commands
    table = GUIDE.partition("## The steps")[2].partition("## When it stops")[0]
    assert re.findall(r"^\| (\w+) \|", table, re.MULTILINE)[1:] == [step.name for step in STEPS]


def test_the_guide_knows_an_error_by_the_words_that_a_person_sees_and_by_its_code() -> None:
    errors = (ROOT / "docs" / "errors.md").read_text()
    said = {
        code: " ".join(
            what for key, what in re.findall(r"^\| `(\w+)` \| (.*?) \|", errors, re.MULTILINE) if key == code
        )
        for code in re.findall(r"^\| `(\w+)` \|", errors, re.MULTILINE)
    }
    table = GUIDE.partition("| it says |")[2].partition("Answers given")[0]
    rows = re.findall(r"^\| (.+?) \| (`.+?) \| .+ \|$", table, re.MULTILINE)
    assert len(rows) > 10
    for words, codes in rows:
        words = words.partition(", for ")[0]  # what the broker said stands in brackets
        told = [said[code] for code in re.findall(r"`(\w+)`", codes)]
        for part in re.split(r"; |\.\.\.", words):
            known = part.strip(" ()").replace("2 robots", "robots").removesuffix("HOST:PORT").strip()
            assert any(known in each or each.startswith("…") for each in told), (known, told)
