"""`simulate`: plays a scenario with real processes. The stage, too, is a process of its own.

It knows how to find a scenario and start `simulator.stage`; output and exit code are the stage's.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from dispenserd.cli.failure import Exit, Failure, usage
from dispenserd.cli.options import JsonOption

STOP_GRACE_S = 15.0
"""For the stage to end the processes it started; then it is killed."""

BROKERS = ("auto", "plain", "tls", "embedded")
"""As the stage knows them; it is met over its command line only."""

SCENARIOS = Path("config") / "scenarios"


def simulate(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario in config/scenarios, or a path.")],
    speed: Annotated[
        float | None, typer.Option("--speed", help="Civil seconds per real second.", min=1.0, max=1200.0)
    ] = None,
    broker: Annotated[
        str,
        typer.Option(
            "--broker",
            help="plain: mosquitto on loopback; tls: as `broker-config` sets it up; embedded: a demo's own; "
            "auto: plain where mosquitto is installed, else embedded.",
        ),
    ] = "auto",
    once: Annotated[bool, typer.Option("--once", help="Plain lines instead of the live view.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Play a scenario in a simulated home and judge it; exit 0 only if all expectations held."""
    if broker not in BROKERS:
        raise usage("--broker is auto, plain, tls or embedded.", "Name one of them, or leave it out.")
    command = [sys.executable, "-m", "simulator.stage", str(_scenario_file(scenario))]
    if broker != BROKERS[0]:
        command += ["--broker", broker]
    if speed is not None:
        command += ["--speed", f"{speed:g}"]
    if as_json:
        command.append("--json")
    if once or not sys.stdout.isatty():
        command.append("--once")
    raise typer.Exit(_passed_through(command))


def _scenario_file(scenario: str) -> Path:
    """A path as it is; a name in the working folder's scenarios, then in those beside the installed rooms."""
    folders = (SCENARIOS, Path(__file__).resolve().parents[2] / SCENARIOS)
    candidates = [Path(scenario), *(folder / f"{scenario}.toml" for folder in folders)]
    for candidate in candidates:
        if candidate.is_file():
            return candidate.absolute()
    known = sorted({file.stem for folder in folders for file in folder.glob("*.toml")})
    if known:
        listed = ", ".join(known)
        raise usage(
            f'There is no scenario "{scenario}".', f"Name one of these, or a path to a file: {listed}."
        )
    raise usage(
        f'There is no scenario "{scenario}": an installed program brings none, they lie in the repository.',
        f"Name the path of a scenario file, or run this in the repository's folder, where {SCENARIOS} is.",
    )


def _passed_through(command: list[str]) -> int:
    """The process's exit code; Ctrl-C reaches it through the terminal, and it is waited for."""
    with subprocess.Popen(command) as stage:
        try:
            code = stage.wait()
        except KeyboardInterrupt:
            _stop(stage)
            return Exit.INTERRUPTED
    if code < 0:
        raise Failure(
            Exit.CHECKED_AND_FALSE,
            "stage_died",
            f"The stage was ended by signal {signal.Signals(-code).name}.",
            "The scenario was not played to its end and proves nothing.",
            "Play it again; if it happens again, run it with --once and read the lines on stderr.",
        )
    return code


def _stop(stage: subprocess.Popen[bytes]) -> None:
    stage.send_signal(signal.SIGINT)
    try:
        stage.wait(STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        stage.kill()
