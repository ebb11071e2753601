"""Until when certificates are good, on disk or as a peer sends them. Knows X.509, no broker and no clock."""

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


def periods(pem: bytes) -> list[tuple[datetime, datetime]]:
    """(first, last) instant of each certificate in `pem`; ValueError, which quotes nothing, for none."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ValueError("it holds no certificate") from None
    return [(each.not_valid_before_utc, each.not_valid_after_utc) for each in found]


def period_of_der(der: bytes) -> tuple[datetime, datetime]:
    """The same of one certificate as a peer sends it."""
    try:
        found = x509.load_der_x509_certificate(der)
    except ValueError:
        raise ValueError("it is no certificate") from None
    return found.not_valid_before_utc, found.not_valid_after_utc


def _ends(path: Path) -> list[datetime]:
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        return [] if len(raw) > FILE_BYTES_MAX else [last for _, last in periods(raw)]
    except (OSError, ValueError):
        return []
