"""`python -m simulator.stage SCENARIO [--speed N] [--broker KIND] [--once] [--json] [--keep FOLDER]`.

Exit codes: 0 all expectations held, 1 not, 3 something the play needs is missing or wrong, 130 interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from simulator.clock import clock_from
from simulator.stage.brokers import AUTO, KINDS, set_up
from simulator.stage.play import Play
from simulator.stage.processes import StageError, free_port
from simulator.stage.scenario import Scenario, ScenarioError
from simulator.stage.scenario_file import check_speed, read_scenario
from simulator.stage.screen import LiveView
from simulator.stage.view import JsonView, LineView, View

ERROR_SCHEMA = "dispenserd/error/1"

HELD, VIOLATED, CONFIGURATION, INTERRUPTED = 0, 1, 3, 130


def main() -> int:
    options = _parser().parse_args()
    try:
        scenario = read_scenario(options.scenario)
        if options.speed is not None:
            check_speed(options.speed)
            scenario = replace(scenario, speed=options.speed)
        return asyncio.run(_play(scenario, options))
    except (ScenarioError, StageError) as error:
        return _failed(str(error), options.json)
    except BrokenPipeError:  # nobody reads any more; what Python still wants to write goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("Interrupted; every process of the play was ended.", file=sys.stderr)
        return INTERRUPTED


async def _play(scenario: Scenario, options: argparse.Namespace) -> int:
    _end_once_on_signal()
    with tempfile.TemporaryDirectory(prefix="dispenserd-stage-") as temporary:
        folder = Path(temporary)
        if options.keep is not None:
            options.keep.mkdir(parents=True)
            folder = options.keep.resolve()
        boxes = [scenario.at_box(box).home.box for box in scenario.boxes]
        broker = set_up(options.broker, folder, free_port(), *boxes)
        _say(broker.says)
        epoch_ms = int(scenario.instant(scenario.start).timestamp() * 1000)
        clock = clock_from(epoch_ms, None, scenario.speed)  # everything that takes its time comes before
        epoch = [
            *("--civil-epoch", scenario.instant(scenario.start).isoformat()),
            *("--monotonic-epoch", f"{clock.monotonic_epoch_s:.6f}"),
            *("--rate", f"{scenario.speed:g}"),
        ]
        view = _view(scenario, options)
        try:
            violations = await Play(scenario, folder, view, clock, epoch, broker).run()
        finally:
            view.close()
        _say(broker.says)  # a live screen covered it
    return VIOLATED if violations else HELD


def _say(text: str) -> None:
    if text:
        print(text, file=sys.stderr)


def _end_once_on_signal() -> None:
    """The first signal ends the play in order; more of them don't cut that short."""
    play = asyncio.current_task()
    assert play is not None
    asked = asyncio.Event()

    def end() -> None:
        if not asked.is_set():
            asked.set()
            play.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, end)


def _view(scenario: Scenario, options: argparse.Namespace) -> View:
    if options.json:
        return JsonView(scenario)
    if options.once or not sys.stdout.isatty():
        return LineView(scenario, colour=sys.stdout.isatty())
    return LiveView(scenario)


def _failed(what: str, as_json: bool) -> int:
    meaning, next_step = (
        "The scenario was not played to its end and proves nothing.",
        "Mend what it says and play again.",
    )
    if as_json:
        error = {"code": "stage", "what": what, "meaning": meaning, "next": next_step}
        print(json.dumps({"schema": ERROR_SCHEMA, **error}))
    print(f"{what}\nIt means: {meaning}\nDo next: {next_step}", file=sys.stderr)
    return CONFIGURATION


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator.stage", description="Play a scenario.")
    add = parser.add_argument
    add("scenario", type=Path, help="TOML file, see docs/scenarios.md")
    add("--speed", type=float, help="civil seconds in a real second, at most 1200")
    add("--broker", choices=KINDS, default=AUTO, help="auto: mosquitto, or what the demo brings along")
    add("--once", action="store_true", help="plain lines instead of the live screen")
    add("--json", action="store_true", help="one JSON object a line; the last is the verdict")
    add("--keep", type=Path, help="play in this new folder and keep it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
