"""Until when the certificates of a file hold: the only thing anybody here wants to know of them.

PEM in, instants out; an unreadable file is a ValueError that quotes nothing.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509


def periods(pem: bytes) -> list[tuple[datetime, datetime]]:
    """(first, last) instant of each certificate in `pem`; ValueError where there is none."""
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
