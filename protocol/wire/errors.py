"""The two ways in which a protocol can be broken: by us, or by the peer.

Everything in `protocol.wire` raises one of these two and nothing else.
"""

from __future__ import annotations


class LocalProtocolError(Exception):
    """Our own bug: a message outside its limits, a queue overrun, a call in the wrong state. Crash."""


class RemoteProtocolError(Exception):
    """The peer's fault: `reason` is a stable code, `detail` names the field in our own words."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
