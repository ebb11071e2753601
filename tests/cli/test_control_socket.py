"""The control socket: who may call, what a line may be, and what happens to a socket left behind."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from dispenserd import control
from dispenserd.control import ControlError, Handlers, listen, serve
from dispenserd.control_call import REQUEST_BYTES_MAX, CallError, Unreachable, call


async def echo(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"heard": arguments}


async def refuse(_arguments: dict[str, Any]) -> dict[str, Any]:
    raise CallError("no_token", "what", "meaning", "next")


@asynccontextmanager
async def serving(path: Path, handlers: Handlers) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(serve(listen(path), handlers))
    await asyncio.sleep(0)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def asked(path: Path, name: str, arguments: dict[str, Any], timeout_s: float = 5.0) -> dict[str, Any]:
    return await asyncio.to_thread(call, path, name, arguments, timeout_s)


async def said(path: Path, raw: bytes) -> list[dict[str, Any]]:
    """Everything the server answers to these bytes until it ends the conversation."""
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(raw)
    with suppress(ConnectionError):
        await writer.drain()
        writer.write_eof()
    answers = []
    with suppress(ConnectionError):
        while answer := await asyncio.wait_for(reader.readline(), 5):
            answers.append(json.loads(answer))
    writer.close()
    return answers


async def test_a_call_reaches_its_handler_and_returns_its_result(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", {"echo": echo}):
        assert await asked(tmp_path / "s", "echo", {"å": [1, "\n"]}) == {"heard": {"å": [1, "\n"]}}


async def test_a_refusal_travels_with_its_code_and_words(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", {"refuse": refuse}):
        with pytest.raises(CallError) as raised:
            await asked(tmp_path / "s", "refuse", {})
    error = raised.value
    assert (error.code, error.what, error.meaning, error.next_step) == ("no_token", "what", "meaning", "next")


async def test_an_unknown_call_is_refused_and_the_server_lives_on(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", {"echo": echo}):
        with pytest.raises(CallError, match="does not know this call"):
            await asked(tmp_path / "s", "reboot", {})
        assert await asked(tmp_path / "s", "echo", {})


@pytest.mark.parametrize(
    "raw",
    [
        b"{}\n",
        b"[]\n",
        b"nonsense\n",
        b"\xff\xfe\n",
        b'{"call":1,"arguments":{}}\n',
        b'{"call":"echo"}\n',
        b"[" * 9000 + b"\n",
    ],
)
async def test_a_line_that_is_no_call_is_answered_as_such(tmp_path: Path, raw: bytes) -> None:
    async with serving(tmp_path / "s", {"echo": echo}):
        answers = await said(tmp_path / "s", raw)
        assert [answer["error"]["code"] for answer in answers] == ["bad_request"]
        assert await asked(tmp_path / "s", "echo", {})


async def test_a_line_without_end_is_refused_at_the_bound(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", {"echo": echo}):
        answers = await said(tmp_path / "s", b"x" * (REQUEST_BYTES_MAX + 70_000))
        assert all(answer["error"]["code"] == "too_long" for answer in answers)
        assert await asked(tmp_path / "s", "echo", {})


async def test_an_oversize_line_is_never_carried_out(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []

    async def keep(arguments: dict[str, Any]) -> dict[str, Any]:
        heard.append(arguments)
        return {}

    raw = json.dumps({"call": "keep", "arguments": {"x": "y" * REQUEST_BYTES_MAX}}).encode() + b"\n"
    async with serving(tmp_path / "s", {"keep": keep}):
        await said(tmp_path / "s", raw)
        with pytest.raises(CallError, match="longer than"):
            await asked(tmp_path / "s", "keep", {"x": "y" * REQUEST_BYTES_MAX})
    assert heard == []


async def test_half_a_line_is_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", {"echo": echo}):
        assert await said(tmp_path / "s", b'{"call":"echo","arguments":{}}') == []


async def test_two_calls_on_one_connection_are_answered_in_order(tmp_path: Path) -> None:
    raw = b'{"call":"echo","arguments":{"n":1}}\n{"call":"echo","arguments":{"n":2}}\n'
    async with serving(tmp_path / "s", {"echo": echo}):
        answers = await said(tmp_path / "s", raw)
    assert [answer["result"]["heard"]["n"] for answer in answers] == [1, 2]


async def test_the_socket_is_its_owners_alone(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        async with serving(tmp_path / "s", {}):
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    finally:
        os.umask(previous)


async def test_a_caller_of_another_user_is_disconnected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control.os, "geteuid", lambda: 54321)  # type: ignore[attr-defined]
    credentials: Callable[..., bytes] = socket.socket.getsockopt

    def of_a_stranger(self: socket.socket, level: int, option: int, size: int = 0) -> Any:
        if option == socket.SO_PEERCRED:
            return credentials(self, level, option, size)[:4] + (12345).to_bytes(4, "little") * 2
        return credentials(self, level, option, size) if size else credentials(self, level, option)

    monkeypatch.setattr(socket.socket, "getsockopt", of_a_stranger, raising=False)
    async with serving(tmp_path / "s", {"echo": echo}):
        assert await said(tmp_path / "s", b'{"call":"echo","arguments":{}}\n') == []


async def test_the_socket_is_removed_at_the_end(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", {}):
        assert (tmp_path / "s").exists()
    assert not (tmp_path / "s").exists()


async def test_a_successors_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s"
    async with serving(path, {}):
        path.unlink()
        path.write_text("a successor's")
    assert path.exists()


async def test_a_socket_left_behind_by_a_killed_process_is_replaced(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "s"))
    dead.close()
    async with serving(tmp_path / "s", {"echo": echo}):
        assert await asked(tmp_path / "s", "echo", {})


async def test_a_second_home_on_the_same_socket_is_refused_and_the_first_lives_on(tmp_path: Path) -> None:
    async with serving(tmp_path / "s", {"echo": echo}):
        with pytest.raises(ControlError, match="Another dispenserd answers"):
            await asyncio.to_thread(listen, tmp_path / "s")
        assert await asked(tmp_path / "s", "echo", {})


def test_a_file_in_the_sockets_place_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("precious")
    with pytest.raises(ControlError, match="something else than a socket"):
        listen(tmp_path / "s")
    assert (tmp_path / "s").read_text() == "precious"


def test_a_missing_folder_and_an_overlong_path_are_explained(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="can't be opened"):
        listen(tmp_path / "none" / "s")
    with pytest.raises(ControlError, match="longer than 107 bytes"):
        listen(tmp_path / ("x" * 120))


async def test_a_bug_in_a_handler_ends_the_server(tmp_path: Path) -> None:
    async def broken(_arguments: dict[str, Any]) -> dict[str, Any]:
        raise ZeroDivisionError

    task = asyncio.create_task(serve(listen(tmp_path / "s"), {"broken": broken}))
    await asyncio.sleep(0)
    with pytest.raises(Unreachable) as unanswered:
        await asked(tmp_path / "s", "broken", {})
    assert unanswered.value.sent
    with pytest.raises(ExceptionGroup) as raised:
        await task
    assert raised.group_contains(ZeroDivisionError)


async def test_a_silent_caller_is_disconnected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "IDLE_S", 0.05)
    async with serving(tmp_path / "s", {"echo": echo}):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_more_callers_than_the_bound_wait_their_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "CALLERS_MAX", 2)
    running, most = 0, 0

    async def slow(_arguments: dict[str, Any]) -> dict[str, Any]:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.02)
        running -= 1
        return {}

    async with serving(tmp_path / "s", {"slow": slow}):
        await asyncio.gather(*(asked(tmp_path / "s", "slow", {}) for _ in range(6)))
    assert most == 2


def test_nobody_listening_was_never_sent(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as raised:
        call(tmp_path / "none", "status", {}, 1.0)
    assert not raised.value.sent


async def test_no_answer_in_time_may_have_been_carried_out(tmp_path: Path) -> None:
    async def never(_arguments: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(30)
        return {}

    async with serving(tmp_path / "s", {"never": never}):
        with pytest.raises(Unreachable, match="in time") as raised:
            await asked(tmp_path / "s", "never", {}, timeout_s=0.1)
    assert raised.value.sent


@pytest.mark.parametrize(
    "answer", [b"hello\n", b"{}\n", b'{"ok":true,"result":3}\n', b'{"ok":false,"error":{}}\n', b""]
)
async def test_what_speaks_no_protocol_of_ours_is_not_believed(tmp_path: Path, answer: bytes) -> None:
    async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    server = await asyncio.start_unix_server(stranger, str(tmp_path / "s"))
    async with server:
        with pytest.raises(Unreachable):
            await asked(tmp_path / "s", "status", {})
