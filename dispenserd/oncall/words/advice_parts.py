"""The four parts of an advice, and how a table writes one down."""

from __future__ import annotations

from typing import NamedTuple

from dispenserd.oncall.words.language import Said

Pair = tuple[str, str]
"""Danish, English."""


class Advice(NamedTuple):
    happened: Said
    check: Said
    options: Said
    never: Said


def advice(happened: Pair, check: Pair, options: Pair, never: Pair) -> Advice:
    return Advice(Said(*happened), Said(*check), Said(*options), Said(*never))
