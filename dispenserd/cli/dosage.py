"""`dosage explain`: what the machine understands of one dosage, for a nurse, and for other test suites.

It reads a file and asks no home. What the machine makes of it is `dispenserd.fagsystem`'s. It is printed
without the usual `schema`: other systems' suites compare the whole object.
"""

from __future__ import annotations

import json
import os
import stat
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dispenserd.cli.failure import EPILOG, Exit, Failure, usage
from dispenserd.cli.options import JsonOption
from dispenserd.cli.output import console, filled, text

if TYPE_CHECKING:
    from dispenserd.fagsystem.parts import Imported
    from dispenserd.shapes.dosage import Explanation
    from scheduler.expand import DayClock
    from scheduler.window import LocalTime

DAYS_MAX = 3660
"""Ten years: more is a wrong date."""
CLOCK_DEFAULT = "morning=08:00,noon=12:00,evening=18:00,night=22:00"
ZONE_DEFAULT = "Europe/Copenhagen"

NO_DOSAGE = frozenset(
    {
        *("file_unreadable", "too_large", "too_deep", "format_unknown", "wrong_resource"),
        *("json_broken", "xml_broken", "xml_declarations", "duplicate_key", "not_a_number"),
    }
)
"""Reasons that say something of the file and nothing of a dosage: checked, and false."""

app = typer.Typer(help="Explain how a dosage is understood.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Makes this a group, although it has one command."""


@app.command("explain", epilog=EPILOG)
def explain(
    file: Annotated[
        Path,
        typer.Argument(
            help="A FHIR Dosage, Timing or MedicationRequest (JSON), or an FMK dosage (JSON or XML).",
            show_default=False,
        ),
    ],
    first: Annotated[str, typer.Option("--from", help="First date, 2026-11-02.", show_default=False)],
    last: Annotated[str, typer.Option("--to", help="Last date, inclusive.", show_default=False)],
    zone: Annotated[str, typer.Option("--zone", help="Time zone of the home.")] = ZONE_DEFAULT,
    clock: Annotated[str, typer.Option("--clock", help="The home's clock time of each part of the day.")] = (
        CLOCK_DEFAULT
    ),
    as_json: JsonOption = False,
) -> None:
    """Say which doses the machine would give, and what it refuses to guess. Nothing is changed anywhere."""
    from dispenserd.fagsystem.explanation import explained
    from dispenserd.fagsystem.read_dosage import read_dosage

    begin, end = _dates(first, last)
    local, day_clock = _zone(zone), _clock(clock)
    read = read_dosage(_content(file), local)
    explanation = explained(read, begin, end, day_clock, local)
    if as_json:
        typer.echo(json.dumps(explanation, ensure_ascii=False))
        if _fault_of_the_file(read):
            raise typer.Exit(Exit.CHECKED_AND_FALSE)
    else:
        _must_be_a_dosage(read)
        _show(explanation, read)


# --- what was typed --------------------------------------------------------------------------------------


def _dates(first: str, last: str) -> tuple[date, date]:
    begin, end = _date(first, "--from"), _date(last, "--to")
    if end < begin:
        raise usage("--to lies before --from.", "Give the first date with --from and the last one with --to.")
    if (end - begin).days >= DAYS_MAX:
        raise usage(f"More than {DAYS_MAX} days were asked for.", "Ask for a shorter time.")
    return begin, end


def _date(value: str, option: str) -> date:
    try:
        day = datetime.strptime(value, "%Y-%m-%d").date()  # noqa: DTZ007  # a civil date
    except ValueError:
        raise usage(
            f"{option} is no date: {text(value)}.", "Write it as year-month-day: 2026-11-02."
        ) from None
    if not 1900 <= day.year < 2200:
        raise usage(f"{option} is too far away.", "Dates from 1900 to 2199 can be asked for.")
    return day


def _zone(name: str) -> LocalTime:
    from scheduler.window import LocalTime

    try:
        return LocalTime(name)
    except ValueError:
        raise usage(
            f"There is no time zone {text(name)}.", f"Write it as in the IANA list: {ZONE_DEFAULT}."
        ) from None


def _clock(value: str) -> DayClock:
    from scheduler.dosage import DayPart
    from scheduler.expand import DayClock

    times: dict[DayPart, time] = {}
    try:
        for pair in value.split(","):
            part, _, at = pair.strip().partition("=")
            if DayPart(part) in times:
                raise ValueError(part)
            times[DayPart(part)] = datetime.strptime(at, "%H:%M").time()  # noqa: DTZ007  # a clock time
        return DayClock(1, times)
    except ValueError:
        raise usage(
            "--clock does not give each part of the day one clock time.", f"Write it as: {CLOCK_DEFAULT}."
        ) from None


def _content(path: Path) -> bytes:
    """At most one byte more than a dosage may have: how large a file is costs nothing."""
    from dispenserd.fagsystem.fmk_any import BYTES_MAX

    try:
        # Non-blocking, so that a pipe in the file's place can't hold the command for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(0, "no regular file")
            return file.read(BYTES_MAX + 1)
    except OSError as fault:
        raise Failure(
            Exit.USAGE,
            "dosage_unreadable",
            f"The file {text(path)} can't be read ({fault.strerror}).",
            "Nothing was explained.",
            "Name a file with one dosage by its path.",
        ) from None
    except ValueError:
        _no_dosage("The file's name can't be used.")


def _fault_of_the_file(read: Imported) -> str:
    """Why there is nothing in it to explain; "" where there is."""
    faults = [one.reason for one in read.refused if one.reason.value in NO_DOSAGE and not read.parts]
    return f"{faults[0].english} ({faults[0].value})" if faults else ""


def _must_be_a_dosage(read: Imported) -> None:
    fault = _fault_of_the_file(read)
    if fault:
        _no_dosage(fault)


def _no_dosage(what: str) -> NoReturn:
    raise Failure(
        Exit.CHECKED_AND_FALSE,
        "no_dosage",
        what,
        "It holds no dosage that anybody could explain. A home refuses it too.",
        "Get the file again from whoever sent it. docs/dosage.md says which formats are read.",
    )


# --- for people ------------------------------------------------------------------------------------------

KINDS = {"fixed": "fixed times", "pn": "as needed (PN)", "mixed": "fixed times and as needed", "none": "none"}


def _show(explanation: Explanation, read: Imported) -> None:
    from rich.text import Text

    from dispenserd.fagsystem.danish import counted

    out = console()
    out.print(Text(text(explanation["text"])), soft_wrap=True)
    daily = explanation["daily_dose"]
    average = "" if daily is None else f"; {text(daily)} a day"
    typer.echo(f"Understood as: {KINDS[explanation['kind']]}{average}")
    if explanation["automatic"]:
        typer.echo("A machine may carry it out.")
    else:
        typer.echo("No machine may carry it out; a person must:")
        for each in explanation["refused"]:
            place = f" ({text(each['path'])})" if each["path"] else ""
            out.print(Text(f"  {each['text']} [{each['reason']}]{place}", style="yellow"), soft_wrap=True)
    lines = [
        (
            (_day(one["at"]), one["at"][11:16], one["slot"] or "", counted(Decimal(one["quantity"]), read)),
            "",
        )
        for one in explanation["doses"]
    ]
    if lines:
        out.print(filled(("day", "time", "part of the day", "dose"), lines))
    else:
        typer.echo("No doses at fixed times on these dates.")


def _day(at: str) -> str:
    return datetime.fromisoformat(at).strftime("%a %d %b %Y")
