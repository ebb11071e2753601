"""Do these certificate files fit each other? Asked before anything is written or connected.

Uses the TLS library that will use the files; knows no folder and no broker.
"""

from __future__ import annotations

import ssl
from pathlib import Path


def fault_of(ca: Path, certificate: Path, key: Path) -> str:
    """What is wrong, as a sentence; "" = they fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for what, path in (("CA", ca), ("certificate", certificate), ("key", key)):
        if not path.is_file():
            return f"The {what} file {path} does not exist."
    try:
        context.load_verify_locations(cafile=ca)
    except (OSError, ssl.SSLError):
        return f"The CA file {ca} holds no certificate that can be read."
    try:
        context.load_cert_chain(certificate, key)
    except ssl.SSLError as fault:
        if "KEY_VALUES_MISMATCH" in str(fault):
            return f"The key {key} does not belong to the certificate {certificate}."
        return f"The certificate {certificate} or its key {key} can't be read as PEM."
    except OSError as fault:
        return f"The certificate {certificate} or its key {key} can't be read ({fault.strerror})."
    return ""
