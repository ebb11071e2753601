"""`oncall run|list|take|decide|close`: the staff side at a terminal, on on-call's own database.

The home has the last word about doses and tokens; what is written here is a wish until it answered. These
commands ask `from_environment` for the time, so that they can take part in a rehearsal; `run` never does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from dispenserd.cli import staff_views
from dispenserd.cli.ask import refused
from dispenserd.cli.failure import EPILOG, Exit, Failure, usage
from dispenserd.cli.options import (
    AsOption,
    ByOption,
    ConfigOption,
    DiscardOption,
    GivenOption,
    HadItOption,
    JsonOption,
    NotGivenOption,
    ReasonOption,
    verdict,
)
from dispenserd.cli.output import emit, note
from dispenserd.cli.place import oncall_config_path

if TYPE_CHECKING:
    from dispenserd.clock import Clock
    from dispenserd.oncall.desk import Answered, Desk, DeskRefused, Queued

WAIT_S_MAX = 600.0
"""A command lives ten minutes (rule 28); nobody answers it after that."""

app = typer.Typer(help="The staff on call: receive, list, take, decide, close.")

IncidentArgument = Annotated[str, typer.Argument(help="Incident id or its start.", metavar="INCIDENT")]
WaitOption = Annotated[
    float, typer.Option("--wait", help="Seconds to wait for the home's answer.", min=0.0, max=WAIT_S_MAX)
]


def _code(resolution: str) -> str:
    """A resolution is a code that can be counted, not a story: `given_by_hand`, `false_alarm`."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.:-]{0,63}", resolution):
        raise typer.BadParameter("must be a code: lower case, digits and underscores")
    return resolution


ResolutionOption = Annotated[
    str,
    typer.Option("--resolution", help="How it was resolved: a code, as in given_by_hand.", callback=_code),
]


@dataclass(frozen=True, slots=True)
class _At:
    """One terminal at on-call's desk."""

    desk: Desk
    clock: Clock
    zone: ZoneInfo


@app.command("run", epilog=EPILOG)
def run(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Run the on-call process until it is stopped. With --json its log lines are JSON."""
    from dispenserd.cli.roots import run_oncall
    from dispenserd.clock import SystemClock

    run_oncall(oncall_config_path(ctx, config), SystemClock(), json_logs=as_json)


@app.command("list", epilog=EPILOG)
def list_(
    ctx: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Closed incidents, too.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List open incidents with age, deadline and owner, and the homes nobody hears from."""
    with _desk(oncall_config_path(ctx, config)) as at:
        result = at.desk.list_incidents(at.clock.now(), everything)
    if as_json:
        emit("oncall-list", result)
    else:
        staff_views.listed(result, at.zone)


@app.command("take", epilog=EPILOG)
def take(
    ctx: typer.Context,
    incident: IncidentArgument,
    by: AsOption,
    wait_s: WaitOption = 0.0,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Own an incident. The right to give its dose comes with the home's confirmation only; see `list`."""
    with _desk(oncall_config_path(ctx, config)) as at:
        queued = at.desk.take(incident, by, at.clock.now())
        answered = _answer(at, queued, wait_s)
    _report("oncall-take", queued, answered, as_json)


@app.command("decide", epilog=EPILOG)
def decide(
    ctx: typer.Context,
    target: Annotated[str, typer.Argument(help="Incident id or its start, or the dose.", metavar="INCIDENT")],
    by: ByOption,
    reason: ReasonOption,
    given: GivenOption = False,
    had_it: HadItOption = False,
    not_given: NotGivenOption = False,
    discard: DiscardOption = False,
    wait_s: WaitOption = 10.0,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a named person found or did about a dose, and wait for the home's answer."""
    chosen: Any = verdict(given, had_it, not_given, discard)
    with _desk(oncall_config_path(ctx, config)) as at:
        queued = at.desk.decide(target, chosen, by, reason, at.clock.now())
        answered = _answer(at, queued, wait_s)
    _report("oncall-decide", queued, answered, as_json)
    _must_be_answered(answered, wait_s)


@app.command("close", epilog=EPILOG)
def close(
    ctx: typer.Context,
    incident: IncidentArgument,
    resolution: ResolutionOption,
    by: AsOption,
    wait_s: WaitOption = 10.0,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close an incident you own with a resolution. Says nothing about the dose's outcome."""
    with _desk(oncall_config_path(ctx, config)) as at:
        queued = at.desk.close(incident, by, resolution, at.clock.now())
        answered = _answer(at, queued, wait_s)
    _report("oncall-close", queued, answered, as_json)
    _must_be_answered(answered, wait_s)


@contextmanager
def _desk(path: Path) -> Iterator[_At]:
    """The desk of this configuration; its refusals and faults as ends of the command."""
    from dispenserd.clock import from_environment
    from dispenserd.config import load_oncall
    from dispenserd.oncall.database import DatabaseFault, open_existing
    from dispenserd.oncall.desk import Desk, DeskRefused
    from dispenserd.oncall.limits import OncallLimits

    config = load_oncall(path)
    try:
        clock = from_environment()
    except ValueError as fault:
        raise usage(f"{fault}.", "Correct or unset the variable of the rehearsal's clock.") from None
    try:
        desk = Desk(open_existing(config.oncall.database), OncallLimits().stretched(clock.rate))
        yield _At(desk, clock, ZoneInfo(config.oncall.zone))
    except DatabaseFault as fault:
        raise Failure(
            Exit.STORE,
            "store",
            f"On-call's database can't be used: {fault}.",
            "Nothing was recorded and nothing was sent to a home.",
            "Check [oncall] database; `dispenserd oncall run` makes it at its first start.",
        ) from None
    except DeskRefused as refusal:
        raise _refused_here(refusal) from None


def _answer(at: _At, queued: Queued, wait_s: float) -> Answered:
    """The home's answer so far, after at most `wait_s` seconds of waiting."""
    import asyncio

    from dispenserd.oncall.desk import await_answer

    if wait_s > 0:
        note(f"Waiting up to {wait_s:g} s for the answer of home {queued.home} ...")
    return asyncio.run(await_answer(at.desk, queued.decision_id, at.clock.now, wait_s))


def _report(command: str, queued: Queued, answered: Answered, as_json: bool) -> None:
    """What is known now; a refusal of the home ends the command."""
    if answered.state == "refused":
        raise refused(answered.reason)
    if as_json:
        emit(
            command,
            {
                "decision": queued.decision_id,
                "incident": queued.incident,
                "home": queued.home,
                "dose": queued.dose,
                "revision": queued.revision,
                "by": queued.by,
                "state": answered.state,
                "reason": answered.reason,
            },
        )
    else:
        staff_views.sent(queued, answered)


def _must_be_answered(answered: Answered, wait_s: float) -> None:
    """A decision without the home's answer is no decision yet; `--wait 0` said not to wait for one."""
    if answered.state != "accepted" and wait_s > 0:
        note("Do next: see `dispenserd oncall list`; nothing counts before the home has confirmed it.")
        raise typer.Exit(Exit.NOT_REACHABLE)


def _refused_here(refusal: DeskRefused) -> Failure:
    if refusal.code in ("unknown_incident", "ambiguous"):
        count = "No" if refusal.code == "unknown_incident" else "More than one"
        what = f"{count} incident is named by that."
        return usage(what, "Write more of its id; see `dispenserd oncall list`.")
    failure = refused(refusal.code)
    if refusal.who:
        failure.what = f"{failure.what} It is with {refusal.who}."
    return failure
