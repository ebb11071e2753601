"""The robot's end of the cable: a pseudo-terminal behind a symbolic link.

Plugging in makes a new terminal and points the link at it; pulling the plug removes the link and closes the
terminal, so the host sees a hang-up as with a real cable. Knows bytes, nothing of frames.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import termios
import tty
from pathlib import Path


class PortError(OSError):
    """The link can't be made where it was asked for."""


class Port:
    def __init__(self, link: Path) -> None:
        if link.exists() and not link.is_symlink():
            raise PortError(f"{link} exists and is no symbolic link")
        self.link = link
        self.fd: int | None = None  # ours; None = unplugged
        self._slave = -1

    def plug(self) -> int:
        """The file descriptor to watch. We hold the host's end open too, or reading fails without one."""
        self.fd, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.fd, False)
        fresh = self.link.with_name(self.link.name + ".new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(self._slave))
        fresh.replace(self.link)
        return self.fd

    def unplug(self) -> None:
        if self.fd is None:
            return
        self.link.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self.fd)
        self.fd = None

    def read(self, count: int) -> bytes:
        try:
            return b"" if self.fd is None else os.read(self.fd, count)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        """What a host does not fetch in time is lost, as on a wire."""
        if self.fd is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self.fd, data)

    def let_others_open(self) -> None:
        """A port stops being exclusive when its last user goes; ours would not, because we hold its end."""
        if self.fd is not None:
            fcntl.ioctl(self._slave, termios.TIOCNXCL)
