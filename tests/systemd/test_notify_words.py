"""What is said to the service manager, on real sockets: where it goes, who is meant, silence without one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispenserd.notify import NOBODY, Supervisor, supervisor


@pytest.fixture(params=["path", "abstract"])
def listening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        if request.param == "path":
            line.bind(str(tmp_path / "notify"))
            yield str(tmp_path / "notify"), line
        else:
            line.bind("")  # the kernel picks a free abstract name
            yield "@" + line.getsockname()[1:].decode(), line


def test_it_is_heard_in_one_datagram(listening: tuple[str, socket.socket]) -> None:
    address, line = listening
    line.settimeout(1.0)
    assert Supervisor(address).tell("READY=1", "STATUS=Serving.")
    assert line.recv(4096) == b"READY=1\nSTATUS=Serving."


def test_a_listener_that_does_not_listen_holds_nobody_up(listening: tuple[str, socket.socket]) -> None:
    address, _ = listening
    heard = [Supervisor(address).tell("WATCHDOG=1") for _ in range(5000)]
    assert heard[0]
    assert not heard[-1], "its queue is full, and it was told so at once"


def test_a_listener_that_is_gone_is_no_error(tmp_path: Path) -> None:
    assert not Supervisor(str(tmp_path / "gone")).tell("READY=1")


def test_without_a_supervisor_everything_is_said_to_nobody() -> None:
    assert supervisor({}, 7) == NOBODY
    assert NOBODY.tell("READY=1")


@pytest.mark.parametrize("address", ["", "notify", "vsock:2:9", " /run/notify"])
def test_an_address_that_is_none_is_nobody(address: str) -> None:
    assert supervisor({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"}, 7) == NOBODY


@pytest.mark.parametrize(
    ("variables", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_ours_if_it_is_meant_for_us(
    variables: dict[str, str], watchdog_s: float | None
) -> None:
    assert supervisor({"NOTIFY_SOCKET": "/run/notify", **variables}, 7).watchdog_s == watchdog_s
