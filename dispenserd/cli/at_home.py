"""`status`, `doses`, `holds`, `decide`: asked of the running home through its control socket.

They import no room but the socket's: a nurse at a slow box waits for the home, not for Python.
"""

from __future__ import annotations

from typing import Annotated

import typer

from dispenserd.cli import views
from dispenserd.cli.ask import ask, refused
from dispenserd.cli.dose_names import dose_named
from dispenserd.cli.options import (
    DOSE_HELP,
    ByOption,
    ConfigOption,
    DiscardOption,
    GivenOption,
    HadItOption,
    JsonOption,
    LetGoOption,
    NotGivenOption,
    ReasonOption,
    WitnessedOption,
    verdict,
)
from dispenserd.cli.output import emit, rows, text
from dispenserd.cli.place import config_path, place
from dispenserd.cli.words import found, said_of


def status(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the home now: clock, robot, plan, roll, display, open incidents."""
    here = place(config_path(ctx, config))
    result = ask(here.socket, "status")
    if as_json:
        emit("status", result)
    else:
        views.status(result, here.zone)


def doses(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the doses: window, where each is, its outcome, who may give it."""
    here = place(config_path(ctx, config))
    result = ask(here.socket, "doses")
    if as_json:
        emit("doses", result)
    else:
        views.doses(result, here.zone)


def holds(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the doses that must not be released until a person has decided."""
    here = place(config_path(ctx, config))
    result = ask(here.socket, "holds")
    if as_json:
        emit("holds", result)
    else:
        views.holds(result, here.zone)


def decide(
    ctx: typer.Context,
    dose: Annotated[str, typer.Argument(help=DOSE_HELP)],
    by: ByOption,
    reason: ReasonOption,
    given: GivenOption = False,
    had_it: HadItOption = False,
    witnessed: WitnessedOption = False,
    not_given: NotGivenOption = False,
    discard: DiscardOption = False,
    let_go: LetGoOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a named person found or did about a dose. Exactly one of the six findings."""
    chosen = verdict(given, had_it, not_given, discard, witnessed, let_go)
    here = place(config_path(ctx, config))
    known = rows(ask(here.socket, "doses"), "doses")
    dose_id = dose_named(dose, (str(row.get("dose")) for row in known))
    result = ask(here.socket, "decide", {"dose": dose_id, "verdict": chosen, "by": by, "reason": reason})
    if not result.get("accepted"):
        raise refused(str(result.get("reason", "")))
    if as_json:
        emit("decide", {"dose": dose_id, "verdict": chosen, **result})
    else:
        typer.echo(text(found(dose_id, said_of(chosen, result), by)))
