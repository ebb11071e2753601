"""The `dispenserd` command line: which commands there are, and how whatever goes wrong ends as an exit code.

It knows no command's inside; each stands in its own module, which imports what is heavy when it is called.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from dispenserd.cli import (
    alarm_path,
    at_home,
    broker,
    doctor,
    dosage,
    journal,
    leave,
    move,
    provision,
    roll,
    simulate,
    staff,
    start,
    watch_command,
)
from dispenserd.cli.failure import EPILOG, Exit, Failure, failed
from dispenserd.cli.output import show_failure
from dispenserd.config_file import ConfigError

_USAGE_ERROR: Any = typer.BadParameter.__mro__[1]
"""typer's base of all usage errors; it has no public name in the versions that bring their own click."""

app = typer.Typer(
    name="dispenserd",
    help="Run and look after the medicine robot in a resident's home.",
    epilog=EPILOG,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they would show values
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _options(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="Configuration of the box, or of the on-call process for `oncall`. Default: "
            "$DISPENSERD_CONFIG, /etc/dispenserd/dispenserd.toml; "
            "$DISPENSERD_ONCALL_CONFIG, /etc/dispenserd/oncall.toml.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Options before the command; `--config` may also stand after it."""


app.command("run", epilog=EPILOG)(start.run)
app.command("status", epilog=EPILOG)(at_home.status)
app.command("doses", epilog=EPILOG)(at_home.doses)
app.add_typer(journal.app, name="journal", epilog=EPILOG)
app.add_typer(roll.app, name="roll", epilog=EPILOG)
app.command("holds", epilog=EPILOG)(at_home.holds)
app.command("decide", epilog=EPILOG)(at_home.decide)
app.add_typer(leave.app, name="resident", epilog=EPILOG)
app.add_typer(move.robots, name="robot", epilog=EPILOG)
app.command("test-alarm", epilog=EPILOG)(alarm_path.test_alarm)
app.command("doctor", epilog=EPILOG)(doctor.doctor)
app.add_typer(dosage.app, name="dosage", epilog=EPILOG)
app.command("provision", epilog=EPILOG)(provision.provision)
app.command("simulate", epilog=EPILOG)(simulate.simulate)
staff.app.command("watch", epilog=EPILOG)(watch_command.watch)
app.command("broker-config", epilog=EPILOG)(broker.broker_config)
app.add_typer(staff.app, name="oncall", epilog=EPILOG)


def carry_out(arguments: Sequence[str]) -> int:
    """Carries out one command line and returns its exit code; a bug raises."""
    as_json = "--json" in arguments
    try:
        returned = typer.main.get_command(app).main(
            args=list(arguments), prog_name="dispenserd", standalone_mode=False
        )
    except Failure as failure:
        show_failure(failure, as_json)
        return failure.exit_code
    except ConfigError as error:
        show_failure(failed(Exit.CONFIGURATION, "configuration", error), as_json)
        return Exit.CONFIGURATION
    except _USAGE_ERROR as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            return Exit.USAGE
        show_failure(_misused(error), as_json)
        return Exit.USAGE
    except (KeyboardInterrupt, typer.Abort):
        return Exit.INTERRUPTED
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        # typer's end when the reader had enough, as in `journal tail | head`: what is left goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
        return Exit.DONE
    return returned if isinstance(returned, int) else Exit.DONE


def _misused(error: BaseException) -> Failure:
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "dispenserd")
    message = getattr(error, "format_message", lambda: str(error))()
    return Failure(
        Exit.USAGE,
        "usage",
        message,
        "The command line could not be understood, so nothing was done.",
        f"See `{command} --help`.",
    )
