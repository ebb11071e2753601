"""What the service manager is told: ready, still going on, stopping, and one line for people (sd_notify).

Knows systemd's datagram socket and its environment variables; without them it says nothing to nobody. What
deserves to be said is decided by those who call: the roots and `dispenserd.progress`. The line for people
stands in `systemctl status`, which any user of the box may read: states and counts, no health data.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

ABSTRACT = "@"
"""Begins the name of a socket that no file stands for; the kernel writes it as a zero byte."""


@dataclass(frozen=True, slots=True)
class Supervisor:
    """`address` as in NOTIFY_SOCKET, "" = nobody listens; `watchdog_s`: who is silent so long is ended."""

    address: str = ""
    watchdog_s: float | None = None

    def tell(self, *assignments: str) -> bool:
        """`READY=1`, `STATUS=...`: whether it was taken. Never waits: a supervisor that is slow to listen
        may not hold up a home; who must be heard says it again."""
        if not self.address:
            return True
        name = "\0" + self.address[1:] if self.address.startswith(ABSTRACT) else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.setblocking(False)
            try:
                line.sendto("\n".join(assignments).encode(), name)
            except OSError:
                return False
        return True


NOBODY = Supervisor()


def supervisor(environment: Mapping[str, str], pid: int) -> Supervisor:
    """Of this process; a watchdog that was meant for another one (WATCHDOG_PID) is not ours to feed."""
    address = environment.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", ABSTRACT):
        return NOBODY
    meant_for, interval_us = environment.get("WATCHDOG_PID", ""), environment.get("WATCHDOG_USEC", "")
    ours = meant_for in ("", str(pid)) and interval_us.isdecimal() and int(interval_us) > 0
    return Supervisor(address, int(interval_us) / 1_000_000 if ours else None)
