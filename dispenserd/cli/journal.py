"""`journal tail` and `journal verify`: read the store itself, so they work while the home is down.

Read-only, with the key the configuration names. What they print is for those who may see a resident's
medicine; a log never holds it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dispenserd.cli.failure import EPILOG, Exit, failed
from dispenserd.cli.options import ConfigOption, JsonOption
from dispenserd.cli.output import emit, local, note, text
from dispenserd.cli.place import config_path, place

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from dispenserd.shapes.journal import JournalTail, JournalVerify
    from dispenserd.store.chain import JournalRow
    from dispenserd.store.store import Store

FOLLOW_LOOK_S = 0.5
"""Between looks at the store: soon enough for a person who watches, nothing to the disk."""

app = typer.Typer(help="Read the home's journal, also while the home is down.", no_args_is_help=True)


@app.command("tail", epilog=EPILOG)
def tail(
    ctx: typer.Context,
    count: Annotated[int, typer.Option("-n", help="How many of the newest rows.", min=0)] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new rows as they come.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the newest rows of the journal, oldest first."""
    import asyncio

    path = config_path(ctx, config)
    zone = place(path).zone
    with _store(path) as store:
        seen = max(0, store.sequence - count)
        asyncio.run(_show(store, seen, follow, None if as_json else zone))


@app.command("verify", epilog=EPILOG)
def verify(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check the file and the hash chain, row by row; exit 1 if anything does not fit."""
    note("Reading the whole journal ...")
    with _store(config_path(ctx, config)) as store:
        report = store.verify()
        head, epoch = store.head, store.epoch
    sound = report.chain_ok and not report.integrity
    if as_json:
        found: JournalVerify = {
            "ok": sound,
            "rows": report.rows,
            "epoch": epoch,
            "head": head,
            "chain_ok": report.chain_ok,
            "first_bad": report.first_bad,
            "integrity": [text(fault) for fault in report.integrity],
        }
        emit("journal-verify", found)
    else:
        typer.echo(f"{report.rows} rows, epoch {epoch}, head {head}")
        typer.echo("The journal is whole." if sound else _unsound(report.first_bad, report.integrity))
    raise typer.Exit(Exit.DONE if sound else Exit.CHECKED_AND_FALSE)


async def _show(store: Store, seen: int, follow: bool, zone: ZoneInfo | None) -> None:
    """Prints the rows after `seen`: as text in `zone`, or as JSON without one."""
    import asyncio

    while True:
        for row in store.rows(seen):
            seen = row.sequence
            if zone is None:
                emit("journal-tail", _event(row))
            else:
                typer.echo(_line(row, zone))
        if not follow:
            return
        await asyncio.sleep(FOLLOW_LOOK_S)


@contextmanager
def _store(path: Path) -> Iterator[Store]:
    """The store of this configuration, read-only."""
    from dispenserd.config import load
    from dispenserd.key_choice import key_provider
    from dispenserd.store.errors import StoreError
    from dispenserd.store.store import Store

    chosen = load(path).store
    try:
        store = Store.open(chosen.path, key_provider(chosen).key(), readonly=True)
        try:
            yield store
        finally:
            store.close()
    except StoreError as error:
        raise failed(Exit.STORE, "store", error) from None


def _event(row: JournalRow) -> JournalTail:
    return {"sequence": row.sequence, "epoch": row.epoch, "event": row.kind, "at": row.at, "body": row.body}


def _line(row: JournalRow, zone: ZoneInfo) -> str:
    return f"{row.sequence:>7}  {local(row.at, zone)}  {row.kind:<20}  {_fields(row.body)}"


def _fields(body: Mapping[str, Any]) -> str:
    """`key=value` of what has a value; what is nested stays JSON."""
    shown = []
    for name, value in body.items():
        if name == "at" or value in ("", None, [], {}):
            continue
        nested = isinstance(value, dict | list)
        shown.append(f"{name}={text(json.dumps(value, ensure_ascii=False) if nested else value)}")
    return " ".join(shown)


def _unsound(first_bad: int | None, integrity: list[str]) -> str:
    faults = [] if first_bad is None else [f"row {first_bad} does not follow from the row before it"]
    listed = "; ".join([*faults, *(text(fault) for fault in integrity)])
    return (
        f"The journal is NOT whole: {listed}.\n"
        "It means: it was changed or damaged after it was written.\n"
        "Do next: keep the robot locked and the file as it is, and call the administrator."
    )
