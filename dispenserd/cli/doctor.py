"""`doctor`: carries out every check and says of each what was found, what it means and what to do next.

What is checked, and how it is judged, is `dispenserd.doctor`'s. A check is told as it ends; the exit code
is 1 where anything is wrong, and 3 where the configuration itself can't be used.
"""

from __future__ import annotations

import getpass
import os
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from dispenserd.cli.failure import Exit
from dispenserd.cli.options import ConfigOption, JsonOption
from dispenserd.cli.output import console, emit, note
from dispenserd.cli.place import config_path
from dispenserd.peer_text import sanitised

if TYPE_CHECKING:
    from dispenserd.doctor.runner import Checked
    from dispenserd.shapes.doctor import Doctor

STYLES = {"ok": "green", "warning": "yellow", "wrong": "bold red", "unknown": "cyan"}
"""Never the only sign: the word stands first in the line."""

RESULT_CHARS, TITLE_CHARS = 8, 24
SENTENCE_CHARS_MAX = 2000
"""Ten paths that are missing are all named."""


def doctor(
    ctx: typer.Context,
    test_alarm: Annotated[
        bool, typer.Option("--test-alarm", help="Raise a test alarm too, and wait for on-call's receipt.")
    ] = False,
    by: Annotated[str, typer.Option("--by", help="Who raises it; default: your user name.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check everything this home needs, beside it or without it; exit 1 if anything is wrong."""
    from dispenserd.clock import from_environment
    from dispenserd.doctor.case import Case
    from dispenserd.doctor.checks import CHECKS, TEST_ALARM
    from dispenserd.doctor.of_configuration import NO_CONFIGURATION
    from dispenserd.doctor.runner import carried_out
    from dispenserd.logs import configure

    clock = from_environment()
    configure("text", "error", clock)  # what its sessions log is no finding
    case = Case(config_path(ctx, config), clock, by.strip() or _user())
    checks = [*CHECKS, TEST_ALARM] if test_alarm else list(CHECKS)
    done: list[Checked] = []
    for checked in carried_out(
        checks, case, lambda check: note(f"Looking: {check.title} ...") if as_json else None
    ):
        done.append(checked)
        if not as_json and checked.finding.what != NO_CONFIGURATION:
            _show(checked)
    counts = Counter(each.finding.result.value for each in done)
    if as_json:
        emit("doctor", _report(done, counts, case.demo))
    else:
        _conclude(done, counts)
    if case.config is None:
        raise typer.Exit(Exit.CONFIGURATION)
    raise typer.Exit(Exit.CHECKED_AND_FALSE if counts["wrong"] else Exit.DONE)


def _report(done: list[Checked], counts: Counter[str], demo: bool) -> Doctor:
    return {
        "checks": [
            {
                "check": each.check.name,
                "result": each.finding.result.value,
                "what": each.finding.what,
                "meaning": each.finding.meaning,
                "next": each.finding.next_step,
                "facts": dict(each.finding.facts),
            }
            for each in done
        ],
        "wrong": counts["wrong"],
        "warnings": counts["warning"],
        "demo": demo,
    }


def _show(checked: Checked) -> None:
    from rich.text import Text

    out, finding = console(), checked.finding
    result = finding.result.value
    line = Text(f"{result:<{RESULT_CHARS}}", style=STYLES[result])
    line.append(f"{checked.check.title:<{TITLE_CHARS}}", style="bold")
    line.append(_sentence(finding.what), style="default")
    out.print(line, soft_wrap=True)
    if result != "ok":
        indent = " " * RESULT_CHARS
        out.print(f"{indent}It means: {_sentence(finding.meaning)}", soft_wrap=True)
        out.print(f"{indent}Do next: {_sentence(finding.next_step)}", soft_wrap=True)


def _sentence(text: str) -> str:
    return sanitised(text, SENTENCE_CHARS_MAX)


def _conclude(done: list[Checked], counts: Counter[str]) -> None:
    """The wrong ones once more by their titles: their sentences have left the screen by now."""
    from dispenserd.doctor.of_configuration import NO_CONFIGURATION

    left = [each.check.title for each in done if each.finding.what == NO_CONFIGURATION]
    if left:
        out = f"{'unknown':<{RESULT_CHARS}}{len(left)} checks need the configuration and were left: "
        typer.echo(f"{out}{', '.join(left)}.")
    wrong = [each.check.title for each in done if each.finding.result.value == "wrong"]
    if wrong:
        typer.echo(f"Wrong: {', '.join(wrong)}.")
    told = f"{counts['wrong']} wrong, {counts['warning']} warnings, {counts['unknown']} not checked"
    typer.echo(f"{told}, {counts['ok']} well.")


def _user() -> str:
    """Who sits at the terminal, also behind sudo."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
