"""How a store fails: each error says what happened, what it means and what to do next.

None carries a value of a row, a key or a parameter: their texts reach logs and terminals.
"""

from __future__ import annotations


class StoreError(Exception):
    """The store can't be used. `what`, `meaning` and `next_step` are for the person at the terminal."""

    def __init__(self, what: str, meaning: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.meaning = meaning
        self.next_step = next_step


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


class ChainBroken(StoreError):
    """The journal is not what was committed: row `sequence` is the first that doesn't fit the row before."""

    def __init__(self, sequence: int) -> None:
        super().__init__(
            f"Row {sequence} of the journal does not follow from the row before it.",
            "The journal was changed or damaged after it was written; what it says can't be relied on.",
            "Keep the robot locked and the file as it is, and call the administrator.",
        )
        self.sequence = sequence


class LocalError(Exception):
    """Our bug: the store was asked for something that no caller may ask."""


def damaged(faults: list[str]) -> StoreBroken:
    """The file's own checks found something, before anything of it was read as a journal."""
    return StoreBroken(
        f"The store's file is damaged ({len(faults)} faults found).",
        "What it says can't be relied on; the robot stays locked.",
        "Keep the file as it is, look with `dispenserd journal verify`, and call the administrator.",
    )


def closed() -> StoreBroken:
    """For every call after the first failure, or after closing."""
    return StoreBroken(
        "The store failed earlier, or is closed.",
        "What it holds now, only a new start can read.",
        "Start the service again.",
    )
