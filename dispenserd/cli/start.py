"""`run`: starts the home with the machine's clock. It never reads the rehearsal's environment variable."""

from __future__ import annotations

import typer

from dispenserd.cli.options import ConfigOption, JsonOption
from dispenserd.cli.place import config_path


def run(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Run the home until it is stopped. With --json its log lines are JSON."""
    from dispenserd.cli.roots import run_home
    from dispenserd.clock import SystemClock

    run_home(config_path(ctx, config), SystemClock(), json_logs=as_json)
