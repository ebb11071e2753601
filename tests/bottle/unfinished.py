"""A long run that was interrupted, or killed, goes on where it was: what it has is kept beside its result.

It goes on only with the same histories of the same version: of anything else the file is put aside.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.bottle.tally import Tally
from tests.support import results

KEPT_EVERY_S = 60.0
"""So much is lost at most when it is killed."""


class Unfinished:
    def __init__(self, result: Path | None, command: str) -> None:
        """Without a result file nothing is kept, and each run is a new one."""
        self._path = result and result.with_name(f"{result.name}.unfinished")
        self._of = {"again": command, "commit": results.AT_START}
        self._kept_s = time.monotonic()

    def found(self) -> tuple[Tally, float]:
        """What an earlier start has, and in how many seconds."""
        if self._path is None or not self._path.exists():
            return Tally(), 0.0
        try:
            kept = json.loads(self._path.read_text())
            if kept["of"] == self._of:
                tally, seconds = Tally.from_plain(kept["tally"]), float(kept["seconds"])
                print(f"proof: going on after {len(tally.seeds):,} histories", file=sys.stderr)
                return tally, seconds
            why = "is of other histories, or of another version"
        except (ValueError, KeyError, TypeError):
            why = "can't be read"
        aside = self._path.replace(self._path.with_name(f"{self._path.name}.aside"))
        print(f"proof: {self._path.name} {why}: put aside as {aside.name}; a new run begins", file=sys.stderr)
        return Tally(), 0.0

    def keep_now_and_then(self, tally: Tally, seconds: float) -> None:
        if time.monotonic() - self._kept_s >= KEPT_EVERY_S:
            self.keep(tally, seconds)

    def keep(self, tally: Tally, seconds: float) -> None:
        if self._path is not None:
            self._kept_s = time.monotonic()
            results.keep(self._path, {"of": self._of, "seconds": seconds, "tally": tally.to_plain()})

    def forget(self) -> None:
        """The run is over, and its result is kept."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
