"""docs/oncall.md: what it tells staff to type is typed here as it stands; its alarms are the view's words."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from dispenserd.cli.entry import app
from dispenserd.oncall.pulse import read_pulse
from dispenserd.oncall.words.advice import ADVICE
from dispenserd.oncall.words.kinds import KINDS
from tests.support.broker import TestBroker
from tests.support.endpoints import Endpoint, http_endpoint
from tests.support.oncall_office import OncallOffice
from tests.support.real_terminal import RealTerminal

pytestmark = pytest.mark.timeout(180)

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "oncall.md").read_text()
BLOCK = re.compile(r"^```sh ?(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`dispenserd ([^`]+)`")
LINK = re.compile(r"\]\(([\w./-]*)(#[\w-]*)?\)")
INCIDENT = "ab" * 16
ANNA = "Anna Prøve"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[OncallOffice]:
    """On-call's machine once the administrator is done: configuration, roster, broker."""
    with TestBroker() as broker, http_endpoint() as endpoint:
        office = OncallOffice(tmp_path)
        text = office.config.read_text().replace("port = 1\n", f"port = {broker.port}\n")
        office.config.write_text(text.replace("[mqtt]", 'roster = "roster.toml"\n[mqtt]'))
        office.heartbeat()
        _roster(tmp_path, endpoint)
        yield office


def test_what_the_guide_tells_staff_to_type_works(station: OncallOffice) -> None:
    station.incident(INCIDENT)
    said = []
    with running() as start, answering(station):
        for mark, text in BLOCK.findall(GUIDE):
            for line in text.strip().splitlines():
                command = line.replace("INCIDENT", INCIDENT[:8])
                match mark:
                    case "background":
                        start(station, command)
                        until(lambda: read_pulse(station.path, station.clock.monotonic()).connected)
                    case "terminal":
                        _watched(station, command)
                    case "stream":
                        said.append(_first_line(start(station, command)))
                    case _:
                        said.append(_typed(station, command))
    roster, tested, listed, taken, decided, closed, streamed = said
    assert ANNA in roster
    assert tested.count("har fået besked") == 2
    assert "Kan ikke udleveres" in listed
    assert f"Bekræftet: {ANNA} har den.\n{ANNA} må give" in taken
    assert decided.startswith("Registreret: 2026-11-02/evening, borgeren har fået den")
    assert closed.startswith("Lukket: hændelse abababab i hjem box-0001, besøgt, alt i orden.")
    assert json.loads(streamed)["schema"] == "dispenserd/oncall-watch/1"
    assert station.decided() == [
        ("take", "", ANNA, 1),
        ("decide", "had_it", ANNA, 2),
        ("close", "", ANNA, 2),
    ]


def test_every_command_and_flag_that_the_guide_names_exists() -> None:
    named = [line for _, text in BLOCK.findall(GUIDE) for line in text.strip().splitlines()]
    named += [f"dispenserd {rest}" for rest in INLINE.findall(GUIDE)]
    assert len(named) > 15
    for line in named:
        command: Any = get_command(app)
        flags = {"--config", "--json"}
        for word in shlex.split(line)[1:]:
            if word.startswith("-"):
                assert word in flags, line
            elif word in getattr(command, "commands", {}):
                command = command.commands[word]
                flags = {flag for each in command.params for flag in each.opts}
            else:
                assert not hasattr(command, "commands"), line
    table = GUIDE.partition("**Decide**")[2].partition("**Close**")[0]
    told = set(re.findall(r"^\| `(--[\w-]+)`", table, re.MULTILINE))
    assert told == {"--given", "--had-it", "--witnessed", "--not-given", "--discard", "--let-go"}


def test_the_alarms_are_told_in_the_words_of_the_view() -> None:
    table = GUIDE.partition("## What each alarm means")[2].partition("The last ten")[0]
    found = [line for line in table.splitlines() if line.startswith("| `")]
    assert found == alarms(), "\n".join(alarms())


def test_every_link_of_the_guide_leads_somewhere() -> None:
    for path, anchor in LINK.findall(GUIDE):
        page = (ROOT / "docs" / path).resolve() if path else ROOT / "docs" / "oncall.md"
        assert page.exists(), path
        if anchor:
            titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
            assert anchor[1:] in {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in titles}


def alarms() -> list[str]:
    """The rows of the guide's table, in the order of the words."""
    return [
        f"| `{kind}` {said.en} (*{said.da}*) | {' | '.join(part.en for part in ADVICE[kind])} |"
        for kind, said in KINDS.items()
        if kind in ADVICE
    ]


def _roster(folder: Path, endpoint: Endpoint) -> None:
    path = folder / "roster.toml"
    path.write_text(
        f'[manager]\nname = "Merete Prøve"\nnotify = ["{endpoint.url("m")}"]\n'
        f'[[person]]\nname = "{ANNA}"\nnotify = ["{endpoint.url("a")}"]\n'
    )
    path.chmod(0o640)


def _environment(station: OncallOffice) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "DISPENSERD_ONCALL_CONFIG": str(station.config)}


def _typed(station: OncallOffice, command: str) -> str:
    done = subprocess.run(
        ["bash", "-c", command], env=_environment(station), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def _watched(station: OncallOffice, command: str) -> None:
    words = shlex.split(command)
    assert words[0] == "dispenserd"
    with RealTerminal(words[1:], env=_environment(station)) as terminal:
        terminal.sees(ANNA, "Kan ikke udleveres", "Tryk t, hvis du tager den.")
        terminal.types("q")
        assert terminal.ends() == 0


def _first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@contextmanager
def running() -> Iterator[Callable[[OncallOffice, str], subprocess.Popen[str]]]:
    """What goes on while other commands are typed; ended with the block."""
    started: list[subprocess.Popen[str]] = []

    def start(station: OncallOffice, command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            shlex.split(command),
            env=_environment(station),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return process

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.communicate()


@contextmanager
def answering(station: OncallOffice) -> Iterator[None]:
    """The home says yes to each decision, and after the take who owns it."""
    ended = threading.Event()

    def answer() -> None:
        answered = 0
        while not ended.wait(0.1):
            if len(station.decided()) > answered:
                station.answer()
                if answered == 0:
                    station.incident(INCIDENT, 2, state="acknowledged", owner=ANNA, holds_token=True)
                answered += 1

    home = threading.Thread(target=answer)
    home.start()
    try:
        yield
    finally:
        ended.set()
        home.join()


def until(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    by = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < by
        time.sleep(0.05)
