"""What the words of a refusal are made of."""

from __future__ import annotations

from typing import NamedTuple

from dispenserd.oncall.words.language import Said


class Refusal(NamedTuple):
    what: Said
    next_step: Said
    see: str = ""  # the command at home that shows more: `dispenserd doses`; "" = none does


def refuse(what_da: str, what_en: str, next_da: str, next_en: str, see: str = "") -> Refusal:
    return Refusal(Said(what_da, what_en), Said(next_da, next_en), see)
