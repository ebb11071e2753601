"""Until when a certificate on disk is good. Knows files in PEM form, no broker and no clock."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509

FILE_BYTES_MAX = 1 << 20
"""A system's whole list of authorities has a quarter of this; whatever is larger is another file."""


def authorities_until(path: Path) -> datetime | None:
    """Of a list of authorities the last to expire: the old one stays beside the new while they change. None:
    it can't be read."""
    return max(_ends(path), default=None)


def chain_until(path: Path) -> datetime | None:
    """Of one's own certificate and what vouches for it the first to expire. None: it can't be read."""
    return min(_ends(path), default=None)


def _ends(path: Path) -> list[datetime]:
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        if len(raw) > FILE_BYTES_MAX:
            return []
        return [each.not_valid_after_utc for each in x509.load_pem_x509_certificates(raw)]
    except (OSError, ValueError):
        return []
