"""How a store fails: each error says what happened, what it means and what to do next.

None carries a value of a row, a key or a parameter: their texts reach logs and terminals.
"""

from __future__ import annotations

from dispenserd.explained import Explained

DISK_FULL = "disk_full"
READ_ONLY = "read_only"
IO_ERROR = "io_error"  # a read, a write or an fsync: the library names them alike
DAMAGED = "damaged"
CHAIN_BROKEN = "chain_broken"
UNREADABLE = "unreadable"  # the emergency record itself

REASONS = frozenset({DISK_FULL, READ_ONLY, IO_ERROR, DAMAGED, CHAIN_BROKEN, UNREADABLE})
"""Why a store stopped, as staff read it: the detail of an incident."""


class StoreError(Explained):
    """The store can't be used. `what`, `meaning` and `next_step` are for the person at the terminal."""

    reason = ""
    """One of `REASONS` where staff must hear of it later; empty where the next start says it all again."""


class StoreMissing(StoreError):
    """There is no store, or no folder for one."""


class StoreInUse(StoreError):
    """Another process writes it."""


class StoreKeyError(StoreError):
    """The key can't be had, or doesn't open the file."""


class StoreFormatError(StoreError):
    """The file opened, and its tables are not of this version."""


class StoreBroken(StoreError):
    """A read, a write or an fsync failed. Whether the last append is on disk, only a new start can read."""

    def __init__(self, what: str, meaning: str, next_step: str, reason: str = "") -> None:
        super().__init__(what, meaning, next_step)
        self.reason = reason


class ChainBroken(StoreError):
    """The journal is not what was committed: row `sequence` is the first that doesn't fit the row before."""

    reason = CHAIN_BROKEN

    def __init__(self, sequence: int) -> None:
        super().__init__(
            f"Row {sequence} of the journal does not follow from the row before it.",
            "The journal was changed or damaged after it was written; what it says can't be relied on.",
            "Keep the robot locked and the file as it is, and call the administrator.",
        )
        self.sequence = sequence


class NotProven(Exception):
    """A second reader found what the store's own connection did not: nothing is proven, nothing broken."""


class LocalError(Exception):
    """Our bug: the store was asked for something that no caller may ask."""


def damaged(faults: list[str]) -> StoreBroken:
    """The file's own checks found something, before anything of it was read as a journal."""
    return StoreBroken(
        f"The store's file is damaged ({len(faults)} faults found).",
        "What it says can't be relied on; the robot stays locked.",
        "Keep the file as it is, look with `dispenserd journal verify`, and call the administrator.",
        DAMAGED,
    )


def lost(record: str) -> StoreBroken:
    """There was a store here, and its file is gone, empty or without tables."""
    return StoreBroken(
        "The store's file is gone or empty, and there was a store here.",
        "A new, empty one would know of no dose that was given; the robot stays locked.",
        f"Put the file back. Only to begin a new home on purpose, remove {record} too.",
        DAMAGED,
    )


def replaced() -> StoreBroken:
    """The file at the store's path is not the one that is written to."""
    return StoreBroken(
        "The store's file is gone, or another one is in its place.",
        "What is recorded now, the next start would not find; nothing more may be released.",
        "Put the file back as it was, then start the service again.",
        DAMAGED,
    )


def closed() -> StoreBroken:
    """For every call after the first failure, or after closing."""
    return StoreBroken(
        "The store failed earlier, or is closed.",
        "What it holds now, only a new start can read.",
        "Start the service again.",
    )
