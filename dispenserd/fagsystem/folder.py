"""The embedded default fagsystem: one folder a resident, polled.

It knows files. It does not know whether a card is newer than the accepted one, and it has no clock. Names
other than `plan.json` (and `elsewhere.json`, by `elsewhere`) are never opened, so a card that is still being
written is never read; a file that vanished withdraws nothing (rule 21). Reading blocks for as long as the
disk does: call it outside the loop's thread.
"""

from __future__ import annotations

import hashlib
import os
import stat
from datetime import datetime
from pathlib import Path

from dispenserd.fagsystem.fhir import FILE_BYTES_MAX
from dispenserd.fagsystem.mapping import Refusal, ResidentIdentity, read_bundle
from dispenserd.fagsystem.reasons import Reason
from scheduler.commands import OfferPlan
from scheduler.events import PlanRefused
from scheduler.window import LocalTime

PLAN_NAME = "plan.json"


class PlanFolder:
    """`<root>/<resident key>/plan.json`, as it was at the last poll."""

    def __init__(self, root: Path, resident: ResidentIdentity, local: LocalTime) -> None:
        self._path = root / resident.key / PLAN_NAME
        self._resident = resident
        self._local = local
        self._seen = ""
        self._good = False  # whether what was seen last is a card
        self.same = False  # whether the newest poll found the card that was offered last

    def poll(self, now: datetime) -> OfferPlan | PlanRefused | None:
        """The card, or why it is refused, once for each content the file has had since the start."""
        offered, self.same = self._good, False
        try:
            raw = bytes_of(self._path)
        except FileNotFoundError:
            return None
        except OSError as error:
            return self._once(_unreadable(error), now)
        if hashlib.sha256(raw).hexdigest() == self._seen:
            self.same = offered
            return None
        return self._once(read_bundle(raw, self._resident, self._local), now)

    def _once(self, read: OfferPlan | Refusal, now: datetime) -> OfferPlan | PlanRefused | None:
        if read.fingerprint == self._seen:
            return None
        self._seen = read.fingerprint
        self._good = isinstance(read, OfferPlan)
        if isinstance(read, Refusal):
            return PlanRefused(now, self._resident.key, read.reason.value, read.path, read.fingerprint)
        return read


def bytes_of(path: Path) -> bytes:
    """At most one byte more than a card may have; OSError for what is no regular file."""
    # Non-blocking, so that a pipe in the file's place can't hold the poll for ever.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("not a regular file")
        return file.read(FILE_BYTES_MAX + 1)


def _unreadable(error: OSError) -> Refusal:
    fingerprint = hashlib.sha256(f"unreadable {error.errno}".encode()).hexdigest()
    return Refusal(Reason.FILE_UNREADABLE, PLAN_NAME, fingerprint)
