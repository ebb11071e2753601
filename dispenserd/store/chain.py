"""The hash chain of the journal: what a row's hash covers, and whether rows read are those committed. Pure.

It proves that no row was changed, inserted or removed between the first and the last row that is there. It
can't see rows cut off the end: that takes somebody outside who keeps the head (rule 23; see `Store.missing`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from dispenserd.store.errors import ChainBroken
from scheduler.outbox import Plain

GENESIS = 64 * "0"
"""The hash before the first row."""


_DECODER = json.JSONDecoder()
"""Without `json.loads`' look around the text: a body is canonical JSON and nothing else."""


class RawRow(NamedTuple):
    """A journal row as its columns hold it."""

    sequence: int
    epoch: int
    at: str
    kind: str
    body: str
    previous: str
    hash: str


class JournalRow(NamedTuple):
    sequence: int
    epoch: int
    at: str
    kind: str  # the event's class name
    body: Plain  # its fields
    hash: str
    previous: str


def canonical(plain: Plain) -> str:
    """JSON with sorted keys, no spaces, and every non-ASCII character escaped, so that any text has bytes."""
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def link(previous: str, sequence: int, epoch: int, kind: str, body: str) -> str:
    """SHA-256 over the previous hash's 32 bytes and the canonical JSON of body, epoch, kind and sequence.

    `body` is canonical JSON itself, so it is set in as it stands: not a byte of the stored text is uncovered.
    """
    rest = f'{{"body":{body},"epoch":{epoch},"kind":{_quoted(kind)},"sequence":{sequence}}}'
    return hashlib.sha256(bytes.fromhex(previous) + rest.encode()).hexdigest()


@lru_cache(maxsize=128)  # there are some 40 kinds; what a damaged file calls them is unbounded
def _quoted(kind: str) -> str:
    return json.dumps(kind)


def checked(rows: Iterable[RawRow], previous: str = GENESIS, sequence: int = 0) -> Iterator[JournalRow]:
    """The rows after `sequence`, each proven to follow; ends with ChainBroken at the first that does not."""
    for raw in rows:
        sequence += 1
        row = opened(raw, sequence)
        linked = link(previous, sequence, raw.epoch, raw.kind, raw.body)
        if (raw.sequence, raw.previous, raw.hash, raw.at) != (sequence, previous, linked, row.body.get("at")):
            raise ChainBroken(sequence)
        previous = linked
        yield row


def opened(raw: RawRow, sequence: int) -> JournalRow:
    """Its body parsed; ChainBroken(sequence) if there is none."""
    try:
        body, end = _DECODER.raw_decode(raw.body)
        if end != len(raw.body):
            raise ChainBroken(sequence)
    except (ValueError, TypeError):
        raise ChainBroken(sequence) from None
    if not isinstance(body, dict):
        raise ChainBroken(sequence)
    return JournalRow(raw.sequence, raw.epoch, raw.at, raw.kind, body, raw.hash, raw.previous)
