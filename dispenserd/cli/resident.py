"""`resident show|mode|pause|review|resume`: how a resident gets their medicine for now, by a person's word.

Each names who decided it and why, and is judged by the home: a restrictive mode needs a review date, and a
pause ends only by a nurse who has reconciled (rule 22). They import no room but the socket's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Annotated, Any

import typer

from dispenserd.cli.ask import ask, refused
from dispenserd.cli.failure import EPILOG
from dispenserd.cli.options import ByOption, ConfigOption, JsonOption, ReasonOption
from dispenserd.cli.output import console, emit, filled, local, rows, text
from dispenserd.cli.place import Place, config_path, place
from dispenserd.cli.words import plain

MODES = ("normal", "assisted", "witnessed", "suspended")
COLUMNS = ("Mode", "Set by", "Since", "Review", "Pause", "Paused by", "From", "To", "Look again")
DAYS_MAX = 31

app = typer.Typer(help="How a resident gets their medicine for now: modes and pauses.", no_args_is_help=True)


def _mode(value: str) -> str:
    if value not in MODES:
        raise typer.BadParameter(f"must be one of {', '.join(MODES)}")
    return value


def local_time(value: str) -> str:
    try:
        bad = bool(value) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        bad = True
    if bad:
        raise typer.BadParameter('must be a local time of the home, as in "2026-11-05 12:00"')
    return value


ResidentOption = Annotated[
    str, typer.Option("--resident", help="Key of the resident; default: the one who lives here.")
]
UntilOption = Annotated[
    str,
    typer.Option(
        "--until",
        help='Local time of its end, as in "2026-11-05 12:00"; default: open.',
        callback=local_time,
    ),
]


@app.command("show", epilog=EPILOG)
def show(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show each resident's mode and pause, who set them, and when somebody must look again."""
    here = place(config_path(ctx, config))
    result = ask(here.socket, "resident_show")
    if as_json:
        emit("resident-show", result)
    else:
        _table([*rows(result, "residents")], here.zone)


@app.command("mode", epilog=EPILOG)
def mode(
    ctx: typer.Context,
    wanted: Annotated[str, typer.Argument(help=f"{', '.join(MODES)}.", metavar="MODE", callback=_mode)],
    by: ByOption,
    reason: ReasonOption,
    review_days: Annotated[
        int | None,
        typer.Option(
            "--review-days",
            help="Days until somebody looks whether it still fits; every mode but normal needs it.",
            min=1,
            max=DAYS_MAX,
        ),
    ] = None,
    resident: ResidentOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set how much the robot does for a resident. Only a person ends a restrictive mode."""
    said = {"mode": wanted, "review_days": review_days}
    change(ctx, config, "mode", {**said, "by": by, "reason": reason, "resident": resident}, as_json)


@app.command("pause", epilog=EPILOG)
def pause(
    ctx: typer.Context,
    by: ByOption,
    reason: ReasonOption,
    hospital: Annotated[bool, typer.Option("--hospital", help="The resident is in hospital.")] = False,
    away: Annotated[bool, typer.Option("--away", help="The resident is with others.")] = False,
    until: UntilOption = "",
    resident: ResidentOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Nothing is given from now on, until a nurse resumes. Of a paused resident: another end of the pause."""
    if hospital == away:
        raise typer.BadParameter("say exactly one of --hospital, --away")
    said = {"kind": "hospital" if hospital else "away", "until": until}
    change(ctx, config, "pause", {**said, "by": by, "reason": reason, "resident": resident}, as_json)


@app.command("review", epilog=EPILOG)
def review(
    ctx: typer.Context,
    by: ByOption,
    reason: ReasonOption,
    resident: ResidentOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that a pause was looked into and stays; the next look is due in 24 hours."""
    change(ctx, config, "review", {"by": by, "reason": reason, "resident": resident}, as_json)


@app.command("resume", epilog=EPILOG)
def resume(
    ctx: typer.Context,
    by: ByOption,
    reason: ReasonOption,
    reconciled: Annotated[
        bool,
        typer.Option("--reconciled", help="A nurse has compared card, roll and what was given elsewhere."),
    ] = False,
    resident: ResidentOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a pause: the robot offers what is due from now on. `--by` names the nurse who reconciled."""
    said = {"reconciled": reconciled, "by": by, "reason": reason, "resident": resident}
    change(ctx, config, "resume", said, as_json)


def change(
    ctx: typer.Context, config: Any, name: str, arguments: Mapping[str, object], as_json: bool
) -> None:
    here: Place = place(config_path(ctx, config))
    given = {key: value for key, value in arguments.items() if value not in ("", None)}
    result = ask(here.socket, f"resident_{name}", given)
    if not result.get("accepted"):
        raise refused(str(result.get("reason", "")))
    if as_json:
        emit(f"resident-{name}", result)
    else:
        typer.echo(f"Recorded: {name}, by {text(arguments['by'])}.")
        _table([result], here.zone)


def _table(found: list[Mapping[str, Any]], zone: tzinfo) -> None:
    console().print(filled(COLUMNS, [(_cells(each, zone), _style(each)) for each in found]))


def _cells(each: Mapping[str, Any], zone: tzinfo) -> list[object]:
    away = each.get("pause") or {}
    return [
        plain(text(each.get("mode"))),
        each.get("by"),
        local(each.get("since"), zone),
        local(each.get("review"), zone),
        plain(text(away.get("kind"))),
        away.get("by"),
        local(away.get("since"), zone),
        (local(away.get("until"), zone) or "open end") if away else "",
        local(away.get("review"), zone),
    ]


def _style(each: Mapping[str, Any]) -> str:
    return "yellow" if each.get("pause") or each.get("mode") != "normal" else ""
