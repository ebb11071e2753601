"""The serial port, by name: pyserial on the running loop, no thread.

Knows the device file: opening it alone, settings, partial writes, and every way in which an unplugged
device shows itself. Knows nothing of frames or robots. A USB tty and a pseudo-terminal go the same way.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import termios
from contextlib import suppress
from dataclasses import dataclass

import serial
from serial.tools import list_ports

from drivers.port import (
    OnData,
    OnLost,
    PortBusy,
    PortDenied,
    PortLost,
    PortMissing,
    PortUnavailable,
    PortUnusable,
)

READ_BYTES_MAX = 4096
"""What a tty hands over at once; more stays in the kernel until the next turn of the loop."""

WRITE_BUFFER_BYTES_MAX = 32_768
"""Twice what the link keeps unwritten: a device that takes none of it has stopped."""

PTY_MAJORS = range(136, 144)
"""Linux's numbers for pseudo-terminals. There the exclusive flag outlives the process that set it (measured:
after a SIGKILL every later open is EBUSY while the other end lives), so only the file lock guards a pty."""

LOST_ERRORS = (serial.SerialException, OSError, termios.error)
"""An unplugged device raises any of these, or reads as b""."""


def open_serial(name: str, baud: int, on_data: OnData, on_lost: OnLost) -> SerialPort:
    """The device `name`, opened for us alone; raises PortUnavailable, with the reason that fits."""
    try:
        # write_timeout 0: the loop never waits for a device that takes nothing.
        device = serial.Serial(name, baudrate=baud, timeout=0, write_timeout=0, exclusive=True)
    except (*LOST_ERRORS, ValueError) as error:
        raise _unavailable(name, error) from error
    try:
        _exclude_others(device.fileno())
        return SerialPort(device, on_data, on_lost)
    except LOST_ERRORS as error:  # unplugged between two of our calls
        device.close()
        raise _unavailable(name, error) from error


@dataclass(frozen=True, slots=True)
class Listed:
    """A serial device that this computer has on USB."""

    device: str  # "/dev/ttyUSB0"
    usb_id: str  # "0403:6001"
    product: str  # in the device's own words; may be empty


def listed() -> list[Listed]:
    """The serial devices on USB, by name. Those soldered to the board and pseudo-terminals are not among
    them: nobody can say what hangs on those without being told."""
    found = [port for port in list_ports.comports() if port.vid is not None]
    return sorted(
        (Listed(port.device, f"{port.vid:04x}:{port.pid:04x}", port.product or "") for port in found),
        key=lambda each: each.device,
    )


class SerialPort:
    """An open device; see `drivers.port.Port`."""

    def __init__(self, device: serial.Serial, on_data: OnData, on_lost: OnLost) -> None:
        self._device = device
        self._fd = device.fileno()
        self._on_data = on_data
        self._on_lost = on_lost
        self._tail = b""
        self._open = True
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes) -> None:
        if not self._open:
            return
        waiting = bool(self._tail)
        self._tail += data
        if not waiting:
            self._writable()
        if len(self._tail) > WRITE_BUFFER_BYTES_MAX:
            self._lose("write_stalled")

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._tail = b""
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        with suppress(*LOST_ERRORS):  # gone already: there is nothing left to drop
            # Without this the kernel may wait half a minute for bytes that a stalled device never takes.
            self._device.reset_output_buffer()
        with suppress(*LOST_ERRORS):  # gone while closing: the descriptor is released all the same
            self._device.close()

    def _readable(self) -> None:
        try:
            data = self._device.read(READ_BYTES_MAX)
        except LOST_ERRORS:
            data = b""
        if data:
            self._on_data(bytes(data))
        else:
            self._lose("unplugged")

    def _writable(self) -> None:
        """Write what the device takes now; the tail waits for the loop to call again."""
        try:
            # Not pyserial's write: while the device is full that one spins.
            written = os.write(self._fd, self._tail) if self._tail else 0
        except BlockingIOError:
            written = 0
        except LOST_ERRORS:
            self._lose("unplugged")
            return
        self._tail = self._tail[written:]
        if self._tail:
            self._loop.add_writer(self._fd, self._writable)
        else:
            self._loop.remove_writer(self._fd)

    def _lose(self, reason: str) -> None:
        self.close()
        self._on_lost(PortLost(reason))


def _exclude_others(fd: int) -> None:
    """pyserial's `exclusive` is a file lock, which only the polite ask for; this stops the others too."""
    if os.major(os.fstat(fd).st_rdev) not in PTY_MAJORS:
        fcntl.ioctl(fd, termios.TIOCEXCL)


def _unavailable(name: str, error: Exception) -> PortUnavailable:
    match getattr(error, "errno", None):
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return PortMissing(
                f"There is no serial device {name}. The robot is unplugged or has another name. "
                "Plug it in, or correct `port` under [robot]."
            )
        case errno.EBUSY | errno.EAGAIN:
            return PortBusy(
                f"The serial device {name} is in use. Only one program may speak to a robot. "
                "Stop the other program, such as a second daemon or a terminal."
            )
        case errno.EACCES | errno.EPERM:
            return PortDenied(
                f"The serial device {name} may not be opened by this user. The robot can't be reached. "
                "Add the daemon's user to the group that owns the device."
            )
        case _:
            return PortUnusable(
                f"{name} can't be used as a serial device at this speed. The robot can't be reached. "
                "Check `port` and `baud` under [robot]."
            )
