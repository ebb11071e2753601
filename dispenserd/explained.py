"""What every error that reaches a person has: what happened, what it means, what to do next.

The rooms' own errors are kinds of this one; the command line shows the three parts and needs
to know no more. None quotes a secret, a row or anything of a resident.
"""

from __future__ import annotations


class Explained(Exception):
    def __init__(self, what: str, meaning: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.meaning = meaning
        self.next_step = next_step


class ExplainedWithCode(Explained):
    """`code` is a word for scripts, and a part of the contract (docs/errors.md)."""

    def __init__(self, code: str, what: str, meaning: str, next_step: str) -> None:
        super().__init__(what, meaning, next_step)
        self.code = code
