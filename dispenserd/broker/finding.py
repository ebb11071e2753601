"""One finding about a broker's configuration: data. `check` and `doors` find, the command line shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Result = Literal["right", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    setting: str
    result: Result
    found: str  # what stands there, or that nothing does
    meaning: str
    fix: str = ""  # "" = nothing to do
