"""What a pure function said, kept for as long as it is asked about the very same records.

A world's records and mappings are never changed in place: the same object has the same content. So what
follows from some of them alone (which doses a robot has, when a plan ends) is worked out when one of them
changes and not at every look. They are told apart by identity, because comparing them would cost more than is
saved; those of the newest answers are held, so that no other object can come by their identity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def kept(answers: int) -> Callable[[F], F]:
    """Keeps the newest `answers` of a function that depends on its positional arguments and nothing else: no
    clock, no text that may come in two copies."""

    def keeping(function: F) -> F:
        known: dict[tuple[int, ...], tuple[object, ...]] = {}

        def answer(*records: object) -> object:
            key = tuple(map(id, records))
            found = known.get(key)
            if found is None:
                if len(known) >= answers:
                    known.pop(next(iter(known)), None)
                found = known[key] = (function(*records), *records)
            return found[0]

        return answer  # type: ignore[return-value]  # the same question, the same answer

    return keeping
