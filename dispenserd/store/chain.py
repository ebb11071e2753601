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


RawRow = tuple[int, int, str, str, str, str, str]
"""A journal row as its columns hold it: sequence, epoch, at, kind, body, previous, hash."""


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
    for number, epoch, at, kind, text, before, told in rows:
        sequence += 1
        body = _parsed(text, sequence)
        linked = link(previous, sequence, epoch, kind, text)
        if number != sequence or before != previous or told != linked or at != body.get("at"):
            raise ChainBroken(sequence)
        previous = linked
        yield JournalRow(sequence, epoch, at, kind, body, linked, before)


def opened(raw: RawRow) -> JournalRow:
    """Its body parsed; ChainBroken of its sequence if there is none."""
    sequence, epoch, at, kind, text, previous, told = raw
    return JournalRow(sequence, epoch, at, kind, _parsed(text, sequence), told, previous)


def _parsed(text: str, sequence: int) -> Plain:
    try:
        body, end = _DECODER.raw_decode(text)
    except (ValueError, TypeError):
        raise ChainBroken(sequence) from None
    if end != len(text) or not isinstance(body, dict):
        raise ChainBroken(sequence)
    return body
