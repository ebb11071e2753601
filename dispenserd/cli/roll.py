"""`roll load` and `roll show`: the act of putting a roll in, and what is loaded.

The manifest is read here and judged by the home, which compares it with what the robot itself reads (S3).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from dispenserd.cli import views
from dispenserd.cli.ask import ask, refused
from dispenserd.cli.failure import EPILOG, Exit, Failure, usage
from dispenserd.cli.options import ConfigOption, JsonOption
from dispenserd.cli.output import emit, text
from dispenserd.cli.person import user_name
from dispenserd.cli.place import config_path, place

MANIFEST_BYTES_MAX = 200 * 1024
"""Three times a manifest of four weeks with eight sachets a day, and still one line to the home."""

NOT_LOADED = "This roll was not loaded. The roll loaded before stays."

app = typer.Typer(help="Load a roll, or show the loaded one.", no_args_is_help=True)


@app.command("load", epilog=EPILOG)
def load(
    ctx: typer.Context,
    manifest: Annotated[Path, typer.Argument(help="The roll's manifest, a JSON file.")],
    by: Annotated[str, typer.Option("--by", help="Who put it in; default: your user name.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the home which roll was put in; the robot must read the same production id."""
    here = place(config_path(ctx, config))
    content = _manifest(manifest)
    try:
        result = ask(here.socket, "roll_load", {"manifest": content, "by": by.strip() or user_name()})
    except Failure as failure:
        raise _not_loaded(failure) from None
    if result.get("accepted") is False:
        raise _not_loaded(refused(str(result.get("reason", ""))))
    if as_json:
        emit("roll-load", result)
    else:
        sachets = result.get("sachets")
        count = len(sachets) if isinstance(sachets, list) else sachets
        told = f", {text(count)} sachets" if count is not None else ""
        typer.echo(f"Loaded: roll {text(result.get('production_id'))}{told}.")


@app.command("show", epilog=EPILOG)
def show(
    ctx: typer.Context,
    resident: Annotated[
        str, typer.Option("--resident", help="Key of the resident whose roll; default: the first one's.")
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the loaded roll, sachet by sachet."""
    here = place(config_path(ctx, config))
    result = ask(here.socket, "roll_show", {"resident": resident.strip()} if resident.strip() else {})
    if as_json:
        emit("roll-show", result)
    else:
        views.roll(result)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(MANIFEST_BYTES_MAX + 1)
    except OSError as fault:
        raise usage(
            f"The manifest {text(path)} can't be read ({fault.strerror}).",
            "Name the roll's manifest, a JSON file from the pharmacy, by its path.",
        ) from None
    if len(raw) > MANIFEST_BYTES_MAX:
        raise _unusable(f"is larger than {MANIFEST_BYTES_MAX} bytes")
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        raise _unusable("is no JSON") from None
    if not isinstance(content, dict):
        raise _unusable("is no JSON object")
    return content


def _not_loaded(failure: Failure) -> Failure:
    """A refusal changes nothing; a home that gave no answer may have done it, and that is said already."""
    if failure.exit_code in (Exit.REFUSED, Exit.CHECKED_AND_FALSE):
        failure.meaning = NOT_LOADED
    return failure


def _unusable(why: str) -> Failure:
    return Failure(
        Exit.CHECKED_AND_FALSE,
        "bad_manifest",
        f"The manifest {why}.",
        NOT_LOADED,
        "Get the roll's manifest again from the pharmacy and name it here.",
    )
