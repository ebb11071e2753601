"""What is to be thought of store and journal, by what was read of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from dispenserd.doctor.finding import Finding, ok, unknown, warning, wrong
from dispenserd.doctor.judge.configuration import AS_WHOM, FOR_ALL_BUT_THE_OWNER, Fault, Standing

GROWTH_BYTES_DAY_MAX = 8 * 1024 * 1024
"""A home with four doses a day grows by well under 1 MiB; ten times a busy one is a flood."""

DAYS_LATELY = 7
"""Growth is counted over the journal's last week: a quiet Sunday says nothing."""

CALL = "Keep the robot locked and the file as it is, and call the administrator."


def store_file(file: Standing, size: int, wal_bytes: int, stopped: str, known: bool) -> Finding:
    """`stopped`: the emergency record's reason, "" without one. `known`: there was a store here before."""
    facts = {
        "path": file.path,
        "mode": file.shown_mode,
        "owner": file.owner,
        "bytes": size,
        "wal_bytes": wal_bytes,
        "stopped": stopped,
    }
    if file.not_for_us:
        return unknown(f"This user may not look at {file.path}.", AS_WHOM, **facts)
    if file.mode is None and not known:
        return warning(
            f"There is no store at {file.path}.",
            "No home has run here yet.",
            "Nothing, if this box is new: the first start makes it. Else check [store] path and its disk.",
            **facts,
        )
    if file.mode is None or size == 0:
        return wrong(
            f"The store {file.path} is gone or empty, and there was one here.",
            "A new, empty one would know of no dose that was given; the home refuses to start.",
            "Put the file back, or call the administrator.",
            **facts,
        )
    if stopped:
        return wrong(
            f"The store stopped the home ({stopped}), and no start since could say so.",
            "The home ends where it can't record, and the robot stays locked.",
            "Mend the disk, start the service and run this again.",
            **facts,
        )
    if file.mode & FOR_ALL_BUT_THE_OWNER:
        return wrong(
            f"The store {file.path} has mode {file.shown_mode}.",
            "Others may copy or damage the resident's record.",
            f"Run: chmod 0600 {file.path}",
            **facts,
        )
    return ok(f"Store {file.path}, {size} bytes, mode {file.shown_mode}.", "The home can record.", **facts)


def unopened(fault: Fault) -> Finding:
    return wrong(fault.what, fault.meaning, fault.next_step)


def no_key() -> Finding:
    return unknown("The store was not opened: its key could not be had.", 'See "Store\'s key".')


def no_store() -> Finding:
    return unknown("There is no store to look into.", 'See "Store\'s file".')


def unread() -> Finding:
    return unknown(
        "Neither the home nor its journal could be asked.", "See the checks of home, key and store."
    )


def integrity(faults: Sequence[str]) -> Finding:
    """By SQLCipher's own word for each page, and SQLite's for the tables."""
    facts = {"faults": len(faults), "first": list(faults[:5])}
    if faults:
        return wrong(
            f"The store's file is damaged: {len(faults)} faults, the first: {faults[0]}.",
            "What it says can't be relied on. The disk may be failing.",
            CALL,
            **facts,
        )
    return ok(
        "Every page of the store is authentic and its tables are sound.",
        "The file is as it was written.",
        **facts,
    )


def chain(rows: int, first_bad: int | None) -> Finding:
    if first_bad is not None:
        return wrong(
            f"Row {first_bad} of the journal does not follow from the row before it.",
            "The journal was changed or damaged after it was written.",
            CALL,
            rows=rows,
            first_bad=first_bad,
        )
    return ok(
        f"{rows} rows, each following from the one before.",
        "The journal is whole.",
        rows=rows,
        first_bad=None,
    )


def size(rows: int, epoch: int, size_bytes: int, rows_lately: int) -> Finding:
    """`rows_lately`: in the last `DAYS_LATELY` days of the journal."""
    growth = growth_bytes_day(rows, size_bytes, rows_lately)
    facts = {"epoch": epoch, "rows": rows, "bytes": size_bytes, "rows_a_day": rows_lately // DAYS_LATELY}
    facts["bytes_a_day"] = growth
    said = f"Epoch {epoch}, {rows} rows in {size_bytes} bytes, {growth} bytes a day over the last week."
    if growth > GROWTH_BYTES_DAY_MAX:
        return warning(
            said,
            "Something fills the journal: a loose plug, a robot that restarts, or refused commands.",
            "Look with `dispenserd journal tail` at what is written again and again, and mend that.",
            **facts,
        )
    return ok(said, "It grows as a home's journal does.", **facts)


def growth_bytes_day(rows: int, size_bytes: int, rows_lately: int) -> int:
    return 0 if rows == 0 else size_bytes * rows_lately // rows // DAYS_LATELY


def end(keepers: Sequence[str] | None, epoch: int | None) -> Finding:
    """Rule 23: who keeps a head that this journal doesn't hold; None: nobody could be asked."""
    facts = {"behind": None if keepers is None else list(keepers), "epoch": epoch}
    if keepers is None:
        return unknown(
            "Nobody said whether the journal is as long as it was.",
            "Run this again where the store can be read or the home answers.",
            **facts,
        )
    if keepers:
        return wrong(
            f"The journal lacks what {' and '.join(keepers)} heard of it.",
            "It was cut, restored or exchanged. The robot is locked: a dose given in the lost part would "
            "be given "
            "again.",
            "Look into it with the administrator; a person closes the incident journal_behind.",
            **facts,
        )
    return ok(
        "Neither robot nor on-call is known to hold a newer head.",
        "Nothing is known to be lost at its end.",
        **facts,
    )
