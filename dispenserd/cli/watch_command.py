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
from dispenserd.cli.staff_failures import in_language
from dispenserd.oncall.words import commands as say

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

    settings = load_oncall(oncall_config_path(ctx, config)).oncall
    spoken = cast("Language", language or settings.language)
    if not as_json:
        _can_be_shown(by, spoken)
    try:
        clock = from_environment()
    except ValueError as fault:
        raise usage(f"{fault}.", "Correct or unset the variable of the rehearsal's clock.") from None
    office = Office(settings.database, OncallLimits().stretched(clock.rate), clock)
    if unread := office.look().fault:
        raise _unusable(unread, spoken)
    if as_json:
        from dispenserd.cli.watch.stream import stream

        asyncio.run(stream(office))
        return
    raise typer.Exit(_view(office, spoken, ZoneInfo(settings.zone), by or ""))


def _can_be_shown(by: str | None, language: Language) -> None:
    if by is None:
        failure = usage(say.WHO.en, say.WRITE_WHO.en)
        raise in_language(language, failure, say.WHO.da, say.NOTHING_ASKED, say.WRITE_WHO)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        failure = usage(say.NO_TERMINAL.en, say.USE_LIST.en)
        raise in_language(language, failure, say.NO_TERMINAL.da, say.NOTHING_ASKED, say.USE_LIST)


def _view(office: Office, language: Language, zone: ZoneInfo, by: str) -> int:
    from dispenserd.cli.watch.telling import Voice
    from dispenserd.cli.watch.terminal import Watch

    app = Watch(office, Voice(language, zone, by))
    code = app.run()
    return code if code is not None else app.return_code or Exit.DONE


def _unusable(fault: str, language: Language) -> Failure:
    failure = Failure(
        Exit.STORE,
        "store",
        say.NO_DATABASE.en.format(fault),
        say.NOTHING_TO_SHOW.en,
        say.CHECK_DATABASE.en,
    )
    danish = say.NO_DATABASE.da.format(fault)
    return in_language(language, failure, danish, say.NOTHING_TO_SHOW, say.CHECK_DATABASE)
