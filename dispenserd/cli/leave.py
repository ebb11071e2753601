"""`resident leave|back|release`: medicine that leaves before the resident does, what came back of it, and one
dose before or after its window.

Each names who decided it and why; the home records it before anything moves, and judges it (S2, rule 22).
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dispenserd.cli.ask import ask
from dispenserd.cli.dose_names import dose_named
from dispenserd.cli.failure import EPILOG
from dispenserd.cli.options import ByOption, ConfigOption, JsonOption, ReasonOption
from dispenserd.cli.output import rows, text
from dispenserd.cli.place import Place, config_path, place
from dispenserd.cli.resident import ResidentOption, change, local_time
from dispenserd.cli.resident import app as app


def _at(flag: str, what: str) -> Any:
    return typer.Option(
        flag, help=f'{what}; local time of the home, as in "2026-11-06 16:00".', callback=local_time
    )


@app.command("leave", epilog=EPILOG)
def leave(
    ctx: typer.Context,
    first: Annotated[str, _at("--from", "First planned time that is taken along")],
    last: Annotated[str, _at("--to", "Doses planned from then on are not")],
    departs: Annotated[str, _at("--departs", "When the resident leaves")],
    by: ByOption,
    reason: ReasonOption,
    back: Annotated[str, _at("--back", "When they are expected back; default: --to")] = "",
    hand_out: Annotated[str, _at("--hand-out", "From when the robot hands out; default: now")] = "",
    resident: ResidentOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Doses are handed out before a leave, one press for each sachet; never controlled medicine."""
    times = {"from": first, "to": last, "departs": departs, "back": back, "hand_out": hand_out}
    change(ctx, config, "leave", {**times, "by": by, "reason": reason, "resident": resident}, as_json)


@app.command("back", epilog=EPILOG)
def back(
    ctx: typer.Context,
    by: ByOption,
    reason: ReasonOption,
    came_back: Annotated[
        list[str] | None,
        typer.Option("--came-back", help="A dose whose sachet came back and is waste now; repeat for each."),
    ] = None,
    resident: ResidentOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """The leave is over, or called off: say which sachets came back, none if none did."""
    doses = _named(place(config_path(ctx, config)), came_back or [])
    given = {"came_back": doses, "by": by, "reason": reason, "resident": resident}
    change(ctx, config, "back", given, as_json)


@app.command("release", epilog=EPILOG)
def release(
    ctx: typer.Context,
    dose: Annotated[str, typer.Argument(help="As in 2026-11-02/evening; see `dispenserd doses`.")],
    by: ByOption,
    reason: ReasonOption,
    until: Annotated[
        str, _at("--until", "Late: its window goes on until then; default: early, from now")
    ] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """One dose may be had before its window, or for longer; it still takes a press at the robot."""
    (named,) = _named(place(config_path(ctx, config)), [dose])
    change(ctx, config, "release", {"dose": named, "until": until, "by": by, "reason": reason}, as_json)


def _named(here: Place, doses: list[str]) -> list[str]:
    if not doses:
        return []
    known = [text(row["dose"]) for row in rows(ask(here.socket, "doses"), "doses")]
    return [dose_named(each, known) for each in doses]
