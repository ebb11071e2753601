"""`resident move-ask|move-out|move-in` and `robot swap|count|uncounted`: where somebody's medicine lives.

A move is three words at two boxes, and two papers between them: the new box asks (a request), the old one
lets go (a sealed bundle), the new one takes in. Files are read and written here; the home judges (rule 24).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from dispenserd.cli.ask import ask, refused
from dispenserd.cli.failure import EPILOG, Exit, Failure, usage
from dispenserd.cli.options import ByOption, ConfigOption, JsonOption, ReasonOption
from dispenserd.cli.output import add, console, emit, rows, table, text
from dispenserd.cli.place import config_path, place
from dispenserd.cli.resident import ResidentOption, app
from dispenserd.cli.words import plain
from dispenserd.durable import sync_folder

PAPER_BYTES_MAX = 200 * 1024
"""As much as one call to the home may hold."""

MODE = 0o600
"""A bundle is sealed and a request holds no health data; a resident's key stands in both."""

PLACES = ("robot", "waste", "missing")

robots = typer.Typer(help="Swap a robot, and count what its magazine held.", no_args_is_help=True)

FingerprintOption = Annotated[
    str,
    typer.Option("--fingerprint", help="Of the other box, as the people there read it out to you."),
]
OutOption = Annotated[Path, typer.Option("--out", help="File to write.")]


@app.command("move-ask", epilog=EPILOG)
def move_ask(
    ctx: typer.Context,
    out: OutOption,
    by: ByOption,
    resident: ResidentOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """At the new box: ask for a resident who is to move in. Carry the request to the old box."""
    _must_be_new(out)
    result = _call(ctx, config, "resident_move_ask", {"resident": resident, "by": by})
    _write(out, result)
    _told(result, "resident-move-ask", as_json, f"Request written to {text(out)}.")


@app.command("move-out", epilog=EPILOG)
def move_out(
    ctx: typer.Context,
    request: Annotated[Path, typer.Argument(help="The new box's request.")],
    fingerprint: FingerprintOption,
    out: OutOption,
    by: ByOption,
    reason: ReasonOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """At the old box: let a resident go. From then on nothing is given here. Repeat it for a lost file."""
    _must_be_new(out)
    said = {"paper": _read(request), "fingerprint": fingerprint, "by": by, "reason": reason}
    result = _call(ctx, config, "resident_move_out", said)
    _write(out, result)
    _told(
        result,
        "resident-move-out",
        as_json,
        f"Bundle written to {text(out)}; nothing is given here any more.",
    )


@app.command("move-in", epilog=EPILOG)
def move_in(
    ctx: typer.Context,
    bundle: Annotated[Path, typer.Argument(help="The old box's bundle.")],
    fingerprint: FingerprintOption,
    by: ByOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """At the new box: take a resident in. Then put a roll in, and count the old one."""
    said = {"paper": _read(bundle), "fingerprint": fingerprint, "by": by}
    result = _call(ctx, config, "resident_move_in", said)
    _told(result, "resident-move-in", as_json, "Moved in: this home has them in its care.")


@robots.command("swap", epilog=EPILOG)
def swap(
    ctx: typer.Context,
    by: ByOption,
    robot: Annotated[
        str, typer.Option("--robot", help="Serial of the robot that goes; default: the only one.")
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Before a robot goes: take its magazine out. Each sachet is in doubt until it is counted."""
    _counts(ctx, config, "robot_swap", {"robot": robot, "by": by}, as_json)


def _place(value: str) -> str:
    if value not in PLACES:
        raise typer.BadParameter(f"must be one of {', '.join(PLACES)}")
    return value


@robots.command("count", epilog=EPILOG)
def count(
    ctx: typer.Context,
    labels: Annotated[list[str], typer.Argument(help="Labels as printed on them.", metavar="LABEL...")],
    into: Annotated[
        str,
        typer.Option("--into", help="robot, waste, or missing: you looked, it is nowhere.", callback=_place),
    ],
    by: ByOption,
    resident: ResidentOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say where sachets of a magazine that was taken out are now."""
    said = {"labels": labels, "place": into, "by": by, "resident": resident}
    _counts(ctx, config, "robot_count", said, as_json)


@robots.command("uncounted", epilog=EPILOG)
def uncounted(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every sachet that is still to be counted."""
    _counts(ctx, config, "robot_uncounted", {}, as_json)


def _counts(ctx: typer.Context, config: Any, call: str, said: Mapping[str, object], as_json: bool) -> None:
    result = _call(ctx, config, call, said)
    if as_json:
        emit(call.replace("_", "-"), result)
        return
    shown = table("Sachet", "Packed for", "Of robot", "Now")
    for each in rows(result, "sachets"):
        add(shown, [each.get("label"), each.get("date"), each.get("robot"), plain(text(each.get("state")))])
    console().print(shown if shown.row_count else "Every sachet is counted.")


def _call(ctx: typer.Context, config: Any, name: str, said: Mapping[str, object]) -> dict[str, Any]:
    here = place(config_path(ctx, config))
    result = ask(here.socket, name, {key: value for key, value in said.items() if value not in ("", None)})
    if not result.get("accepted"):
        raise refused(str(result.get("reason", "")))
    return result


def _told(result: Mapping[str, Any], kind: str, as_json: bool, said: str) -> None:
    if as_json:
        emit(kind, result)
        return
    typer.echo(said)
    typer.echo(f"Fingerprint of this box: {text(result.get('fingerprint'))}. Read it out to the other one.")
    if result.get("uncounted"):
        typer.echo(f"{text(result['uncounted'])} sachets are to be counted: `dispenserd robot uncounted`.")


def _must_be_new(path: Path) -> None:
    """Before anything is asked for: a paper that can't be written would be asked for in vain."""
    if path.exists() or not path.absolute().parent.is_dir():
        raise usage(
            f"{text(path)} can't be written: it is there already, or its folder is not.",
            "Name a file that does not exist yet, in a folder that does.",
        )


def _write(path: Path, result: Mapping[str, Any]) -> None:
    """Whole, or not at all: the home writes the same paper again when asked again."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(result.get("paper"), file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(descriptor)
        sync_folder(path.absolute().parent)
    except OSError as fault:
        raise Failure(
            Exit.CHECKED_AND_FALSE,
            "not_written",
            f"{text(path)} could not be written ({fault.strerror}).",
            "The home has recorded this step; only the paper is missing.",
            "Give the same command again with another --out: it writes the paper anew.",
        ) from None


def _read(path: Path) -> Any:
    try:
        with path.open("rb") as file:
            raw = file.read(PAPER_BYTES_MAX + 1)
        if len(raw) > PAPER_BYTES_MAX:
            raise ValueError
        return json.loads(raw)
    except OSError as fault:
        raise usage(
            f"{text(path)} can't be read ({fault.strerror}).", "Name the paper that the other box wrote."
        ) from None
    except (ValueError, RecursionError):
        raise Failure(
            Exit.CHECKED_AND_FALSE,
            "bad_paper",
            f"{text(path)} is no paper of another box.",
            "It was not used, and nothing was changed.",
            "Have the other box write it again.",
        ) from None
