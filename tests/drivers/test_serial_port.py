"""The serial port on real pseudo-terminals: alone, never blocking, and gone in every way a device can go."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial

from drivers import serial_port
from drivers.port import PortBusy, PortDenied, PortLost, PortMissing, PortUnavailable, PortUnusable
from drivers.serial_port import WRITE_BUFFER_BYTES_MAX, SerialPort, open_serial

BAUD = 115_200
TIOCGEXCL = 0x80045440
"""Whether a terminal is exclusive (Linux); Python's termios has no name for it."""
NOBODY = 65534


class Pty:
    """A pseudo-terminal: the test holds the master, the port opens the slave by name."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        self.name = os.ttyname(self.slave)
        os.set_blocking(self.master, False)

    def read(self) -> bytes:
        try:
            return os.read(self.master, 65_536)
        except BlockingIOError:
            return b""

    def unplug(self) -> None:
        for fd in (self.master, self.slave):
            if fd >= 0:
                os.close(fd)
        self.master = self.slave = -1


class Owner:
    """What a port told, and the port."""

    def __init__(self) -> None:
        self.data = b""
        self.lost: list[PortLost] = []

    def on_data(self, data: bytes) -> None:
        self.data += data

    def on_lost(self, lost: PortLost) -> None:
        self.lost.append(lost)

    def open(self, name: str) -> SerialPort:
        return open_serial(name, BAUD, self.on_data, self.on_lost)


@pytest.fixture
def pty() -> Iterator[Pty]:
    made = Pty()
    yield made
    made.unplug()


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(5000):
        if happened():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it does not happen")


async def test_bytes_pass_both_ways_unchanged(pty: Pty) -> None:
    owner = Owner()
    port = owner.open(pty.name)
    everything = bytes(range(256))

    os.write(pty.master, everything)
    port.write(everything)

    await until(lambda: len(owner.data) == 256)
    assert owner.data == everything
    assert pty.read() == everything
    port.close()


async def test_a_partial_write_keeps_its_tail_until_the_device_takes_it(pty: Pty) -> None:
    port = Owner().open(pty.name)
    sent = bytes(number % 251 for number in range(WRITE_BUFFER_BYTES_MAX))
    for start in range(0, len(sent), 8192):
        port.write(sent[start : start + 8192])
    taken = b""

    async with asyncio.timeout(5):
        while len(taken) < len(sent):
            taken += pty.read()
            await asyncio.sleep(0)

    assert taken == sent
    port.close()


async def test_a_device_that_takes_nothing_is_lost_and_never_blocks(pty: Pty) -> None:
    owner = Owner()
    port = owner.open(pty.name)

    for _ in range(20):
        port.write(bytes(8192))

    assert owner.lost == [PortLost("write_stalled")]


async def test_nothing_is_written_or_told_after_close(pty: Pty) -> None:
    owner = Owner()
    port = owner.open(pty.name)
    port.close()
    port.close()
    port.write(b"late")
    os.write(pty.master, b"late")
    await asyncio.sleep(0.02)

    assert (owner.data, owner.lost) == (b"", [])


@pytest.mark.parametrize("state", ["idle", "after data", "while writing"])
async def test_an_unplug_is_told_once(pty: Pty, state: str) -> None:
    owner = Owner()
    port = owner.open(pty.name)
    if state == "after data":
        os.write(pty.master, b"x")
        await until(lambda: owner.data == b"x")
    if state == "while writing":
        port.write(bytes(WRITE_BUFFER_BYTES_MAX))

    pty.unplug()
    await until(lambda: bool(owner.lost))
    port.write(b"late")
    await asyncio.sleep(0.02)

    assert owner.lost == [PortLost("unplugged")]


class Failing(serial.Serial):
    """A device that is gone: `how` it shows itself."""

    how: Exception | None = None

    def read(self, size: int = 1, /) -> bytes:
        if self.how is None:
            return b""
        raise self.how

    def reset_output_buffer(self) -> None:
        raise termios.error(errno.EIO, "Input/output error")


@pytest.mark.parametrize(
    "how",
    [
        None,
        serial.SerialException("device reports readiness to read but returned no data"),
        OSError(errno.EIO, "Input/output error"),
        termios.error(errno.EIO, "Input/output error"),
    ],
    ids=["no bytes", "SerialException", "OSError", "termios.error"],
)
async def test_each_of_the_four_faces_of_an_unplug_is_a_lost_port(pty: Pty, how: Exception | None) -> None:
    owner = Owner()
    device = Failing(pty.name, timeout=0, write_timeout=0)
    device.how = how
    SerialPort(device, owner.on_data, owner.on_lost)

    os.write(pty.master, b"x")
    await until(lambda: bool(owner.lost))

    assert owner.lost == [PortLost("unplugged")]
    assert not device.is_open


async def test_an_unknown_device_is_a_clear_error() -> None:
    with pytest.raises(PortMissing, match=r"There is no serial device /dev/ttyNOROBOT.*\[robot\]"):
        Owner().open("/dev/ttyNOROBOT")


async def test_a_file_that_is_no_device_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with pytest.raises(PortUnusable):
        Owner().open(str(tmp_path / "plain"))


async def test_a_speed_that_no_port_has_is_unusable(pty: Pty) -> None:
    with pytest.raises(PortUnusable):
        open_serial(pty.name, -1, Owner().on_data, Owner().on_lost)


async def test_a_second_open_is_refused_while_the_first_lasts(pty: Pty) -> None:
    first = Owner().open(pty.name)
    with pytest.raises(PortBusy, match="in use"):
        Owner().open(pty.name)

    first.close()

    Owner().open(pty.name).close()


async def test_a_terminal_is_marked_exclusive_except_a_pseudo_terminal(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_exclusive() -> bool:
        return fcntl.ioctl(pty.slave, TIOCGEXCL, bytes(4)) != bytes(4)

    Owner().open(pty.name).close()
    assert not is_exclusive()

    monkeypatch.setattr(serial_port, "PTY_MAJORS", range(0))
    Owner().open(pty.name).close()
    assert is_exclusive()


OPEN_AND_DIE = """
import asyncio, os, signal, sys
from drivers.serial_port import open_serial
async def main():
    if os.getuid() == 0:
        os.setuid({nobody})
    open_serial(sys.argv[1], 115200, print, print)
    print("open", flush=True)
    os.kill(os.getpid(), signal.{signal})
asyncio.run(main())
"""


def as_nobody(name: str, how: str) -> subprocess.CompletedProcess[str]:
    """Open the port in a process without privileges, which then gets a signal."""
    code = OPEN_AND_DIE.format(nobody=NOBODY, signal=how)
    return subprocess.run(
        [sys.executable, "-c", code, name], capture_output=True, text=True, timeout=30, check=False
    )


def test_a_killed_process_does_not_lock_the_next_one_out(pty: Pty) -> None:
    Path(pty.name).chmod(0o666)
    first, second = as_nobody(pty.name, "SIGKILL"), as_nobody(pty.name, "SIGKILL")

    assert (first.stdout, first.returncode) == ("open\n", -signal.SIGKILL)
    assert (second.stdout, second.returncode) == ("open\n", -signal.SIGKILL), second.stderr


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOENT, PortMissing),
        (errno.ENXIO, PortMissing),
        (errno.EBUSY, PortBusy),
        (errno.EWOULDBLOCK, PortBusy),
        (errno.EACCES, PortDenied),
        (errno.EPERM, PortDenied),
        (errno.ENOTTY, PortUnusable),
    ],
)
async def test_each_error_of_the_system_has_its_reason(
    monkeypatch: pytest.MonkeyPatch, number: int, kind: type[PortUnavailable]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(number, "could not open port")

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(kind) as caught:
        Owner().open("/dev/ttyX")
    assert type(caught.value) is kind
