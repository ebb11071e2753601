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
from typing import TYPE_CHECKING, Annotated, Any, cast
from zoneinfo import ZoneInfo

import typer

from dispenserd.cli import desk_key, roster, staff_failures, staff_views
from dispenserd.cli.dose_names import matching
from dispenserd.cli.failure import EPILOG, Exit, usage
from dispenserd.cli.options import (
    DOSE_HELP,
    AsOption,
    ByOption,
    ConfigOption,
    DiscardOption,
    GivenOption,
    HadItOption,
    JsonOption,
    LanguageOption,
    LetGoOption,
    NotGivenOption,
    ReasonOption,
    WitnessedOption,
    verdict,
)
from dispenserd.cli.output import emit, note
from dispenserd.cli.place import oncall_config_path
from dispenserd.oncall.words.commands import LOOK_AGAIN, WAITING

if TYPE_CHECKING:
    from dispenserd.clock import Clock
    from dispenserd.oncall.desk import Answered, Desk, Queued
    from dispenserd.oncall.words.language import Language, Said
    from dispenserd.shapes.oncall import Command, IncidentRow, OncallList

WAIT_S_MAX = 600.0
"""A command lives ten minutes (rule 28); nobody answers it after that."""

app = typer.Typer(
    help="The staff on call: receive, list, take, decide, close, and who is called.", no_args_is_help=True
)

IncidentArgument = Annotated[
    str,
    typer.Argument(
        help="Incident id or its start; HOME/INCIDENT where two homes have it.", metavar="INCIDENT"
    ),
]
WaitOption = Annotated[
    float, typer.Option("--wait", help="Seconds to wait for the home's answer.", min=0.0, max=WAIT_S_MAX)
]


RESOLUTION_HELP = (
    "How it was resolved, as a code. Usual ones: given_by_hand, not_given, visited, false_alarm, "
    "robot_repaired, roll_changed, network_repaired."
)
LOOK_S = 0.1
TOKEN_WAIT_S = 2.0
"""The home's word about the right to give comes right behind its answer, in a message of its own."""


def _code(resolution: str) -> str:
    """A resolution is a code that can be counted, not a story: `given_by_hand`, `false_alarm`."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.:-]{0,63}", resolution):
        raise typer.BadParameter("must be a code: lower case, digits and underscores")
    return resolution


ResolutionOption = Annotated[
    str,
    typer.Option("--resolution", help=RESOLUTION_HELP, callback=_code),
]


@dataclass(frozen=True, slots=True)
class _At:
    """One terminal at on-call's desk."""

    desk: Desk
    database: Path
    clock: Clock
    zone: ZoneInfo
    language: Language


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
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """List open incidents with age, deadline and owner, and the homes nobody hears from."""
    from dispenserd.oncall.pulse import read_pulse

    with _desk(oncall_config_path(ctx, config), language) as at:
        now = at.clock.now()
        rows = at.desk.list_incidents(now, everything)
        refuses = read_pulse(at.database, at.clock.monotonic()).refuses
    result: OncallList = {**rows, "refuses": refuses}
    if as_json:
        emit("oncall-list", result)
    else:
        staff_views.listed(result, at.zone, now, at.language)


@app.command("take", epilog=EPILOG)
def take(
    ctx: typer.Context,
    incident: IncidentArgument,
    by: AsOption,
    wait_s: WaitOption = 10.0,
    config: ConfigOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Own an incident. The right to give its dose comes with the home's confirmation only; see `list`."""
    with _desk(oncall_config_path(ctx, config), language, incident) as at:
        queued = at.desk.take(incident, by, at.clock.now())
        answered = _answer(at, queued, wait_s, as_json)
        look_s = TOKEN_WAIT_S if wait_s > 0 and answered.state == "accepted" else 0.0
        may_give = not as_json and _may_give(at, queued, look_s)
    if not _report("oncall-take", at, queued, answered, as_json):
        staff_views.taken(queued, answered, may_give, at.language)


@app.command("decide", epilog=EPILOG)
def decide(
    ctx: typer.Context,
    target: Annotated[
        str, typer.Argument(help=f"{DOSE_HELP} Or its incident's id, or the start of that.", metavar="DOSE")
    ],
    by: ByOption,
    reason: ReasonOption,
    given: GivenOption = False,
    had_it: HadItOption = False,
    witnessed: WitnessedOption = False,
    not_given: NotGivenOption = False,
    discard: DiscardOption = False,
    let_go: LetGoOption = False,
    wait_s: WaitOption = 10.0,
    config: ConfigOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a named person found or did about a dose, and wait for the home's answer."""
    chosen: Any = verdict(given, had_it, not_given, discard, witnessed, let_go)
    with _desk(oncall_config_path(ctx, config), language, target) as at:
        named = _dose_or_incident(at, target)
        queued = at.desk.decide(named, chosen, by, reason, at.clock.now())
        answered = _answer(at, queued, wait_s, as_json)
    if not _report("oncall-decide", at, queued, answered, as_json):
        staff_views.decided(queued, answered, chosen, at.language)
    _must_be_answered(answered, wait_s, at.language, as_json)


@app.command("close", epilog=EPILOG)
def close(
    ctx: typer.Context,
    incident: IncidentArgument,
    resolution: ResolutionOption,
    by: AsOption,
    wait_s: WaitOption = 10.0,
    config: ConfigOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close an incident you own with a resolution. Says nothing about the dose's outcome."""
    with _desk(oncall_config_path(ctx, config), language, incident) as at:
        queued = at.desk.close(incident, by, resolution, at.clock.now())
        answered = _answer(at, queued, wait_s, as_json)
    if not _report("oncall-close", at, queued, answered, as_json):
        staff_views.closed(queued, answered, resolution, at.language)
    _must_be_answered(answered, wait_s, at.language, as_json)


app.command("roster", epilog=EPILOG)(roster.roster)
app.command("key", epilog=EPILOG)(desk_key.key)


@contextmanager
def _desk(path: Path, language: str | None = None, target: str = "") -> Iterator[_At]:
    """The desk of this configuration; its refusals about `target` and faults as ends of the command."""
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
    spoken = cast("Language", language or config.oncall.language)
    try:
        desk = Desk(open_existing(config.oncall.database), OncallLimits().stretched(clock.rate))
        at = _At(desk, config.oncall.database, clock, ZoneInfo(config.oncall.zone), spoken)
        try:
            yield at
        except DeskRefused as refusal:
            raise staff_failures.refused_here(refusal, target, _rows(at), at.language) from None
    except DatabaseFault as fault:
        raise staff_failures.no_database(fault, spoken) from None


def _dose_or_incident(at: _At, target: str) -> str:
    """The whole id of the dose that `target` names as in `dispenserd decide`, open incidents first."""
    known = [row for row in _rows(at) if row["dose"]]
    for rows in ([row for row in known if row["state"] != "closed"], known):
        if doses := matching(target, (str(row["dose"]) for row in rows)):
            return staff_failures.the_only(target, doses, at.language)
    return target


def _may_give(at: _At, queued: Queued, wait_s: float) -> bool:
    """Whether the list says `confirmed` for this person; looks again for `wait_s` while it says `asked`."""
    import asyncio

    looks = int(wait_s / LOOK_S)
    while True:
        here = (queued.home, queued.incident)
        row = next((row for row in _rows(at) if (row["home"], row["incident"]) == here), None)
        right = row["token"] if row else "none"
        if right != "asked" or looks <= 0:
            return right == "confirmed" and row is not None and row["owner"] == queued.by
        looks -= 1
        asyncio.run(asyncio.sleep(LOOK_S))


def _rows(at: _At) -> list[IncidentRow]:
    return at.desk.list_incidents(at.clock.now(), everything=True)["incidents"]


def _answer(at: _At, queued: Queued, wait_s: float, as_json: bool) -> Answered:
    """The home's answer so far, after at most `wait_s` seconds of waiting."""
    import asyncio

    from dispenserd.oncall.desk import await_answer

    if wait_s > 0:
        note(_said(at.language, as_json, WAITING).format(wait_s, queued.home))
    return asyncio.run(await_answer(at.desk, queued.decision_id, at.clock.now, wait_s))


def _report(command: str, at: _At, queued: Queued, answered: Answered, as_json: bool) -> bool:
    """Prints what is known now as JSON, if that was asked for; a refusal of the home ends the command."""
    if answered.state == "refused":
        raise staff_failures.refused_there(answered.reason, at.language)
    if as_json:
        told: Command = {
            "decision": queued.decision_id,
            "incident": queued.incident,
            "home": queued.home,
            "dose": queued.dose,
            "revision": queued.revision,
            "by": queued.by,
            "state": answered.state,
            "reason": answered.reason,
        }
        emit(command, told)
    return as_json


def _must_be_answered(answered: Answered, wait_s: float, language: Language, as_json: bool) -> None:
    """A decision without the home's answer is no decision yet; `--wait 0` said not to wait for one."""
    if answered.state != "accepted" and wait_s > 0:
        note(_said(language, as_json, LOOK_AGAIN))
        raise typer.Exit(Exit.NOT_REACHABLE)


def _said(language: Language, as_json: bool, said: Said) -> str:
    """Scripts are spoken to in English."""
    return said.en if as_json else said.in_(language)
