"""A port: bytes out, bytes in, and one word when it is gone.

Knows the interface and the codes for what can go wrong with a port. Knows no device, no robot and no time;
`serial_port` is the only implementation, `connection` the only caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PortLost:
    """The open port stopped working and closed itself. `reason` is a stable code."""

    reason: str  # "unplugged", "write_stalled"


class PortUnavailable(Exception):
    """The port can't be opened. The text says what happened, what it means and what to do next."""

    reason = "port_unusable"


class PortMissing(PortUnavailable):
    reason = "port_missing"


class PortBusy(PortUnavailable):
    reason = "port_busy"


class PortDenied(PortUnavailable):
    reason = "port_denied"


class PortUnusable(PortUnavailable):
    """There, but no serial device, or one that refuses its settings."""


OnData = Callable[[bytes], None]
OnLost = Callable[[PortLost], None]


class Port(Protocol):
    """An open port. `on_data` and `on_lost` are called from the running loop; `on_lost` at most once, and
    neither after `close` or after `on_lost`."""

    def write(self, data: bytes) -> None:
        """Takes all of it or loses the port; never blocks."""

    def close(self) -> None:
        """Safe to repeat; what was not yet written is dropped."""


class OpenPort(Protocol):
    """Opens a port by name in the running loop; raises PortUnavailable."""

    def __call__(self, name: str, baud: int, on_data: OnData, on_lost: OnLost) -> Port: ...
