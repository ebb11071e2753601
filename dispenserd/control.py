"""The control socket of the running home: serves terminals and local pages on the box.

It knows sockets, lines, bounds and who may call (root and the home's own user, by the kernel's word).
What a call means is the handlers', which the composition root passes in; a handler takes the arguments and
returns the result as JSON data, or raises `CallError`. Any other exception of a handler is our bug and ends
the process. The lines are described in `dispenserd.control_call`.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import struct
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from dispenserd.control_call import REQUEST_BYTES_MAX, CallError, line, too_long
from dispenserd.explained import Explained

CALLERS_MAX = 16
"""At once; more than a technician with several terminals, and a bound on memory."""

WAITING_MAX = 64
"""Callers that may wait for one of those places; the kernel turns away more at once."""

IDLE_S = 30.0
"""A caller who says nothing for so long is disconnected."""

SOCKET_PATH_BYTES_MAX = 107
"""Of the kernel: sun_path without its terminator."""

Handler = Callable[[dict[str, Any]], Awaitable[Mapping[str, Any]]]
Handlers = Mapping[str, Handler]


class ControlError(Explained):
    """The socket can't be opened."""


def listen(path: Path) -> socket.socket:
    """The listening socket at `path`, mode 0600; ControlError if another home answers there.

    Call it before the store is opened: it is the first thing to fail when two are started.
    """
    if len(os.fsencode(path)) > SOCKET_PATH_BYTES_MAX:
        raise ControlError(
            f"The control socket's path is longer than {SOCKET_PATH_BYTES_MAX} bytes.",
            "The kernel can't open it, so no command could reach the home.",
            "Set a shorter path in [control] socket.",
        )
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.setblocking(False)
        os.fchmod(listening.fileno(), 0o600)  # before bind: the file never exists with a wider mode
        listening.bind(str(path))
        path.chmod(0o600)  # where the kernel ignored the line before
        listening.listen(WAITING_MAX)
    except OSError as fault:
        listening.close()
        raise _unusable(path, fault.strerror or str(fault)) from None
    return listening


async def serve(listening: socket.socket, handlers: Handlers) -> None:
    """Answers calls until cancelled, then removes the socket; a handler's bug raises."""
    path = Path(listening.getsockname())
    identity = _identity(path)
    loop = asyncio.get_running_loop()
    free = asyncio.Semaphore(CALLERS_MAX)
    try:
        async with asyncio.TaskGroup() as callers:
            while True:
                await free.acquire()
                connection, _ = await loop.sock_accept(listening)
                callers.create_task(_attend(connection, handlers, free))
    finally:
        listening.close()
        _remove_own(path, identity)


async def _attend(connection: socket.socket, handlers: Handlers, free: asyncio.Semaphore) -> None:
    """One caller, call by call, until they go, fall silent or send what is no line."""
    try:
        if not _may_call(connection):
            structlog.get_logger().warning("control caller refused", reason="uid")
            return
        reader, writer = await asyncio.open_unix_connection(sock=connection, limit=REQUEST_BYTES_MAX)
        try:
            while await _answer_one(reader, writer, handlers):
                pass
        except (ConnectionError, TimeoutError):
            pass  # the caller went; what was committed is committed
        finally:
            writer.close()
    finally:
        connection.close()
        free.release()


async def _answer_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handlers: Handlers) -> bool:
    """Reads a line and answers it; False when the conversation is over."""
    try:
        async with asyncio.timeout(IDLE_S):  # not wait_for: in 3.11 it may swallow a cancellation
            request = await reader.readline()
    except ValueError:  # the reader's limit: what follows can't be told from a new line
        answer, more = _refusal(too_long()), False
    else:
        if not request.endswith(b"\n"):
            return False
        answer, more = await _answer(request, handlers), True
    writer.write(line(answer))
    async with asyncio.timeout(IDLE_S):
        await writer.drain()
    return more


async def _answer(request: bytes, handlers: Handlers) -> dict[str, Any]:
    try:
        name, arguments = _parsed(request)
        if name not in handlers:
            raise CallError(
                "unknown_call",
                "The home does not know this call.",
                "Nothing was changed.",
                "Use the `dispenserd` of the same version as the running home.",
            )
        return {"ok": True, "result": await handlers[name](arguments)}
    except CallError as error:
        return _refusal(error)


def _parsed(request: bytes) -> tuple[str, dict[str, Any]]:
    try:
        message = json.loads(request)
    except (ValueError, RecursionError):
        message = None
    match message:
        case {"call": str(name), "arguments": dict(arguments)}:
            return name, arguments
        case _:
            raise CallError(
                "bad_request",
                "The request is no call.",
                "Nothing was changed.",
                'Send one line: {"call": name, "arguments": {...}}.',
            )


def _refusal(error: CallError) -> dict[str, Any]:
    words = {"code": error.code, "what": error.what, "meaning": error.meaning, "next": error.next_step}
    return {"ok": False, "error": words}


def _may_call(connection: socket.socket) -> bool:
    """Whether the kernel says that the caller is root or our own user."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return uid in (0, os.geteuid())


def _remove_stale(path: Path) -> None:
    """Removes a socket that nobody answers on; anything else at this path stays and is an error."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise _unusable(path, "something else than a socket is there")
    except FileNotFoundError:
        return
    except OSError as fault:
        raise _unusable(path, fault.strerror or str(fault)) from None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except FileNotFoundError:
            return
        except OSError as fault:  # busy or not ours: somebody holds it
            raise _unusable(path, fault.strerror or str(fault)) from None
    raise ControlError(
        f"Another dispenserd answers on {path}.",
        "A home is run by one process only; this one has not touched the store or the robot.",
        "Use the running one, or stop it first.",
    )


def _remove_own(path: Path, identity: tuple[int, int] | None) -> None:
    if identity is not None and _identity(path) == identity:  # else it is a successor's
        path.unlink(missing_ok=True)


def _unusable(path: Path, reason: str) -> ControlError:
    return ControlError(
        f"The control socket {path} can't be opened ({reason}).",
        "No command could reach the home, so it was not started.",
        "Check [control] socket: its folder must exist and belong to the home's user.",
    )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
