"""The certificates of an MQTT connection gone wrong, in words: whose is at fault, and what is wrong with it.

Knows TLS alerts and verification codes; knows no MQTT. Called by `session` while it dials.
"""

from __future__ import annotations

import select
import ssl

from dispenserd.mqtt.terms import Broker, SessionState, Standing

VERDICT_S = 2.0
"""Under TLS 1.3 a broker judges our certificate after we are done, and sends tickets or an alert. Whoever
speaks before that may lose the alert, and with it the reason. A broker that sends neither costs this time."""

OF_THE_BROKER = {
    9: "the broker's certificate is not yet valid, or this clock is behind",
    10: "the broker's certificate has expired, or this clock is ahead",
    18: "the broker's certificate is of another CA than ca_file",
    19: "the broker's certificate is of another CA than ca_file",
    20: "the broker's certificate is of another CA than ca_file",
    21: "the broker's certificate is of another CA than ca_file",
    23: "the broker's certificate was withdrawn",
    62: "the broker's certificate is for another name than host",
    64: "the broker's certificate is for another address than host",
}
"""By OpenSSL's X509_V_ERR number: we don't believe the broker."""

UNFIT = "the broker's certificate or its CA's is not made as it must be"
"""For any other number: from Python 3.13 on also for a CA without key usage, and for certificates that don't
identify keys."""

OF_OURS = {
    "UNKNOWN_CA": "our certificate is of another CA than the broker's",
    "CERTIFICATE_EXPIRED": "our certificate has expired",
    "CERTIFICATE_REVOKED": "our certificate was withdrawn",
    "CERTIFICATE_REQUIRED": "the broker asks for a certificate and none is configured",
    "BAD_CERTIFICATE": "our certificate is not accepted: not yet valid, or damaged",
    "UNSUPPORTED_CERTIFICATE": "our certificate is not one for clients",
    "HANDSHAKE_FAILURE": "the broker accepts no certificate of ours, or none was shown",
}
"""By the end of the alert's name in OpenSSL: the broker doesn't believe us."""


def context(broker: Broker) -> ssl.SSLContext:
    """Its CA, and our certificate where it asks for one. OSError for files that are gone."""
    chosen = ssl.create_default_context(cafile=str(broker.ca_file))
    chosen.sslsocket_class = _Heard
    if broker.certificate_file is not None:
        chosen.load_cert_chain(broker.certificate_file, broker.key_file, password="")
    return chosen


def explained(fault: OSError) -> SessionState:
    """What a connection that did not come about is called."""
    if isinstance(fault, ssl.SSLCertVerificationError):
        return SessionState(Standing.REFUSED, OF_THE_BROKER.get(fault.verify_code) or unfit(fault))
    if isinstance(fault, ssl.SSLError):
        said = fault.reason or type(fault).__name__
        for ending, reason in OF_OURS.items():
            if said.endswith(ending):
                return SessionState(Standing.NOT_AUTHORISED, reason)
        return SessionState(Standing.UNREACHABLE, f"tls: {said.lower()}")
    return SessionState(Standing.UNREACHABLE, type(fault).__name__)  # refused, unreachable, name unknown


def unfit(fault: ssl.SSLCertVerificationError) -> str:
    """With OpenSSL's words for what is missing; "" where it is a fault that has words of ours."""
    return "" if fault.verify_code in OF_THE_BROKER else f"{UNFIT}: {fault.verify_message}"


class _Heard(ssl.SSLSocket):
    """A handshake ends when the broker has judged us; one that fails leaves no socket behind."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
            if self.version() == "TLSv1.3":  # in 1.2 the verdict is a part of the handshake
                self._hear_verdict()
        except OSError:
            self.close()
            raise

    def _hear_verdict(self) -> None:
        readable, _, _ = select.select([self], [], [], VERDICT_S)
        if not readable:
            return
        timeout = self.gettimeout()
        self.settimeout(0)
        try:
            said = self.recv(1)
        except ssl.SSLWantReadError:  # tickets: no data follows them until we have spoken
            return
        finally:
            self.settimeout(timeout)
        raise ConnectionResetError("the broker spoke first" if said else "the broker ended the connection")
