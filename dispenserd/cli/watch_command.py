"""`oncall watch`: the live view for a person, or the same changes as JSON lines for a script.

Imports the terminal's library only when the view starts; the list of incidents needs none of it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, cast
from zoneinfo import ZoneInfo

import typer

from dispenserd.cli.failure import Exit, Failure, usage
from dispenserd.cli.options import ConfigOption, JsonOption, LanguageOption, person
from dispenserd.cli.place import oncall_config_path

if TYPE_CHECKING:
    from dispenserd.cli.watch.reading import Office
    from dispenserd.oncall.words.language import Language


def watch(
    ctx: typer.Context,
    by: Annotated[
        str | None,
        typer.Option(
            "--as", help="Who you are, by name. Needed for the view.", callback=person, show_default=False
        ),
    ] = None,
    language: LanguageOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Work with open incidents in a live view. With --json one object for each change instead."""
    import asyncio

    from dispenserd.cli.watch.reading import Office
    from dispenserd.clock import from_environment
    from dispenserd.config import load_oncall
    from dispenserd.oncall.limits import OncallLimits

    if not as_json and by is None:
        raise usage("The view needs to know who you are.", "Write --as and your name; or use --json.")
    if not as_json and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise usage(
            "The view needs a terminal.", "Use --json for a script, or `dispenserd oncall list` for a look."
        )
    settings = load_oncall(oncall_config_path(ctx, config)).oncall
    try:
        clock = from_environment()
    except ValueError as fault:
        raise usage(f"{fault}.", "Correct or unset the variable of the rehearsal's clock.") from None
    office = Office(settings.database, OncallLimits().stretched(clock.rate), clock)
    if unread := office.look().fault:
        raise _unusable(unread)
    if as_json:
        from dispenserd.cli.watch.stream import stream

        asyncio.run(stream(office))
        return
    raise typer.Exit(
        _view(office, cast("Language", language or settings.language), ZoneInfo(settings.zone), by or "")
    )


def _view(office: Office, language: Language, zone: ZoneInfo, by: str) -> int:
    from dispenserd.cli.watch.telling import Voice
    from dispenserd.cli.watch.terminal import Watch

    app = Watch(office, Voice(language, zone, by))
    code = app.run()
    return code if code is not None else app.return_code or Exit.DONE


def _unusable(fault: str) -> Failure:
    return Failure(
        Exit.STORE,
        "store",
        f"On-call's database can't be used: {fault}.",
        "There is nothing to show, and nobody can be told what is open.",
        "Check [oncall] database; `dispenserd oncall run` makes it at its first start.",
    )
