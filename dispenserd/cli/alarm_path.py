"""`test-alarm`: from this home to on-call and back, and where to look if it does not come back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dispenserd.cli.ask import ask
from dispenserd.cli.failure import Exit, Failure
from dispenserd.cli.options import ByOption, ConfigOption, JsonOption
from dispenserd.cli.output import emit, note, show_failure, text
from dispenserd.cli.place import config_path, place

if TYPE_CHECKING:
    from dispenserd.clock import Clock

LOOK_S = 0.5
"""Between looks at the home while it waits."""

TELL_S = 10.0
"""Between lines that say how long it has waited."""

WAIT_S_MAX = 600.0

CHECK = (
    "Check one after the other: is the broker reachable with [mqtt] host and port (`dispenserd status`: "
    "undelivered, the home's log); does [mqtt] oncall_public_key_file hold on-call's key, so that its "
    "receipt is believed; does `dispenserd oncall run` run there, with the same broker?"
)

WaitOption = Annotated[
    float,
    typer.Option("--wait", help="Seconds to wait until it is back.", min=0.0, max=WAIT_S_MAX),
]


def test_alarm(
    ctx: typer.Context,
    by: ByOption,
    wait_s: WaitOption = 60.0,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Try the way of an alarm to on-call and back; nobody there is disturbed unless it fails."""
    from dispenserd.clock import SystemClock

    here = place(config_path(ctx, config))
    clock = SystemClock()
    began_s = clock.monotonic()
    result = _begun(here.socket, by, began_s + wait_s, clock)
    told_s = clock.monotonic()
    while result.get("state") == "under_way" and clock.monotonic() < began_s + wait_s:
        _pause()
        if clock.monotonic() >= told_s + TELL_S:
            told_s = clock.monotonic()
            note(f"Not back yet after {told_s - began_s:.0f} s ...")
        result = ask(here.socket, "test_alarm_result", {"incident": result.get("incident")})
    return _said(result, clock.monotonic() - began_s, as_json)


def _begun(socket: Path, by: str, until_s: float, clock: Clock) -> Mapping[str, Any]:
    """Its own test alarm. One that failed earlier and still waits for its receipt goes first."""
    result = ask(socket, "test_alarm", {"by": by})
    if result.get("state") == "failed":
        note(
            "An earlier test alarm failed and is still on its way to on-call; waiting for that one first ..."
        )
    while result.get("state") == "failed" and clock.monotonic() < until_s:
        _pause()
        result = ask(socket, "test_alarm", {"by": by})
    if result.get("state") == "under_way":
        note(f"Test alarm {text(result.get('incident'))[:8]} is on its way to on-call ...")
    return result


def _said(result: Mapping[str, Any], waited_s: float, as_json: bool) -> int:
    passed = result.get("state") == "passed"
    seconds = result.get("seconds") if passed else round(waited_s, 1)
    if as_json:
        shown = {"incident": result.get("incident"), "state": result.get("state"), "seconds": seconds}
        emit("test-alarm", shown)
    elif passed:
        typer.echo(f"Passed: to on-call and back in {_shown(seconds)} s.")
    if passed:
        return Exit.DONE
    show_failure(_not_back(result, waited_s), as_json=False)
    return Exit.CHECKED_AND_FALSE


def _not_back(result: Mapping[str, Any], waited_s: float) -> Failure:
    if result.get("state") == "failed":
        what = "The test alarm failed: on-call has not receipted it within its limit of 2 minutes."
        meaning = (
            "An alarm from this home would not be known to have arrived. The failure is an incident, high."
        )
    else:
        what = f"The test alarm is not back after {waited_s:.0f} s; it is still on its way."
        meaning = "It may still pass; without a receipt within 2 minutes it becomes an incident, high."
    return Failure(Exit.CHECKED_AND_FALSE, "not_receipted", what, meaning, CHECK)


def _pause() -> None:
    import asyncio

    asyncio.run(asyncio.sleep(LOOK_S))


def _shown(seconds: object) -> str:
    return f"{seconds:.1f}" if isinstance(seconds, int | float) else "?"
