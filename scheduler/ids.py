"""Identifiers, all derived: the same facts give the same id, so a replay or a re-send invents nothing.

No randomness, no counters that a restored database would repeat (rules 1, 10 and 23 in docs/safety.md).
"""

from __future__ import annotations

import hashlib
from datetime import date

ID_HEX_CHARS = 32
"""128 bits: no collision in the life of any fleet."""


def dose_id(resident: str, day: date, slot: str, part: int = 1) -> str:
    """`<resident key>/<civil date>/<slot>/<part>`; a moved time keeps it (rule 1)."""
    return f"{resident}/{day.isoformat()}/{slot}/{part}"


def order_id(robot: str, resident: str, dose: str, kind: str, attempt: int) -> str:
    """P5: an order's id from what it is about; a new attempt is a new id, and needs proof first (P4)."""
    return _derived("order", robot, resident, dose, kind, str(attempt))


def incident_id(box: str, subject: str, ordinal: int) -> str:
    """The `ordinal`-th incident of one cause in one home; a cause's first incident keeps its id (rule 26)."""
    return _derived("incident", box, subject, str(ordinal))


def administration_id(dose: str, prescription: str, revision: int) -> str:
    """One administration per dose, prescription and revision at the fagsystem (S5)."""
    return _derived("administration", dose, prescription, str(revision))


def _derived(*parts: str) -> str:
    joined = "\x1f".join(parts).encode()
    return hashlib.sha256(joined).hexdigest()[:ID_HEX_CHARS]
