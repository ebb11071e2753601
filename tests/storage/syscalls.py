"""What a process really asked of its files: every system call that changes one, in order, with its bytes.

strace sees what the kernel sees, so nothing of the program has to be trusted or changed. It also makes a call
fail (`Fault`): the n-th one of a kind, once or from then on. Knows no store and no model of a disk.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT_BYTES_MAX = 1 << 24
"""Of one call's data that strace writes down: more than any write there is."""

RECORD_WITHIN_S = 60.0

CALLS = (
    "openat,close,pwrite64,write,lseek,ftruncate,fsync,fdatasync,unlink,unlinkat,"
    "rename,renameat,renameat2,link,linkat,dup,dup2,dup3,fcntl"
)
LINE = re.compile(r"^(?P<pid>\d+) +(?P<call>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)(?P<rest>.*)$")
HEX = re.compile(r"^(?:\\x[0-9a-f]{2})*$")
DESCRIPTOR = re.compile(r"^(-?\d+|AT_FDCWD)(?:<(.*?)>(?:\(deleted\))?)?$")


@dataclass(frozen=True, slots=True)
class Fault:
    """The `nth` time that `call` is made on one of `paths` it fails so; `for_good`: and ever after."""

    call: str
    error: str
    nth: int
    for_good: bool
    paths: tuple[Path, ...]

    def options(self) -> list[str]:
        watched = [option for path in self.paths for option in ("-P", str(path))]
        when = f"{self.nth}+" if self.for_good else f"{self.nth}"
        return [
            "-e",
            f"trace={self.call}",
            "-e",
            f"inject={self.call}:error={self.error}:when={when}",
            *watched,
        ]


@dataclass(frozen=True, slots=True)
class Made:
    path: str


@dataclass(frozen=True, slots=True)
class Written:
    path: str
    offset: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Cut:
    """The file has this size now."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Synced:
    """Of a file or a folder."""

    path: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Removed:
    path: str


@dataclass(frozen=True, slots=True)
class Renamed:
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Linked:
    path: str
    target: str


@dataclass(frozen=True, slots=True)
class Said:
    """On stdout: what the process told the world it had kept."""

    text: str


Step = Made | Written | Cut | Synced | Removed | Renamed | Linked | Said


def faulted(command: Sequence[str], fault: Fault, log: Path) -> list[str]:
    """The command with that fault under it; `log` says INJECTED where it struck."""
    return [*_strace(), "-o", str(log), *fault.options(), *command]


def recorded(command: Sequence[str], folder: Path, log: Path, fail_sync: int = 0) -> list[Step]:
    """Runs `command` to its end; its steps below `folder`. With `fail_sync` its n-th fsync there fails."""
    options = ["-y", "-xx", "-s", str(TEXT_BYTES_MAX), "-e", f"trace={CALLS}"]
    if fail_sync:
        options += ["-e", f"inject=fsync:error=EIO:when={fail_sync}"]
    traced = [*_strace(), "-o", str(log), *options, *command]
    ended = subprocess.run(
        traced, cwd=ROOT, capture_output=True, text=True, check=False, timeout=RECORD_WITHIN_S
    )
    assert ended.returncode == 0, f"the recorded process failed: {ended.stderr[-2000:]}"
    return list(_Reader(folder.resolve()).steps(log.read_text()))


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def _strace() -> list[str]:
    probe = subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    assert probe.returncode == 0, (
        "strace can't follow a process here, and without it no disk fault can be shown to the real store: "
        f"{probe.stderr.strip()}. In a container allow SYS_PTRACE; elsewhere see kernel.yama.ptrace_scope."
    )
    return ["strace", "-f", "--seccomp-bpf", "-q", "-q"]  # only the calls that we ask for are slowed


class _Reader:
    """Follows descriptors so that a plain write has an offset."""

    def __init__(self, folder: Path) -> None:
        self._folder = f"{folder}/"
        self._at: dict[tuple[str, int], int] = {}
        self._sizes: dict[str, int] = {}

    def steps(self, log: str) -> Iterator[Step]:
        for line in _whole(log):
            found = LINE.match(line)
            if found is None:
                continue
            result = int(found["result"])
            arguments = _arguments(found["arguments"])
            yield from self._step(found["pid"], found["call"], arguments, result, found["rest"])

    def _step(self, pid: str, call: str, arguments: list[str], result: int, rest: str) -> Iterator[Step]:
        if call in ("fsync", "fdatasync"):
            path = _path_of(arguments[0])
            if self._ours(path):
                yield Synced(path, ok=result == 0)
            return
        if result < 0:
            return
        if call == "openat":
            yield from self._opened(pid, arguments, result, rest)
        elif call in ("write", "pwrite64"):
            yield from self._wrote(pid, call, arguments, result)
        elif call == "lseek":
            self._at[pid, int(_number(arguments[0]))] = result
        elif call == "ftruncate":
            path = _path_of(arguments[0])
            if self._ours(path):
                self._sizes[path] = int(arguments[1])
                yield Cut(path, int(arguments[1]))
        elif call.startswith(("unlink", "rename", "link")):
            yield from self._named(call, [_text(each) for each in arguments if each.startswith('"')])

    def _opened(self, pid: str, arguments: list[str], descriptor: int, rest: str) -> Iterator[Step]:
        path = _decoded(rest.strip()[1:-1]) if rest.strip().startswith("<") else ""
        flags = arguments[2]
        if not self._ours(path) or "O_DIRECTORY" in flags:
            return
        if "O_CREAT" in flags and path not in self._sizes:
            self._sizes[path] = 0
            yield Made(path)
        if "O_TRUNC" in flags:
            self._sizes[path] = 0
            yield Cut(path, 0)
        self._at[pid, descriptor] = self._sizes.get(path, 0) if "O_APPEND" in flags else 0

    def _wrote(self, pid: str, call: str, arguments: list[str], count: int) -> Iterator[Step]:
        number, path = int(_number(arguments[0])), _path_of(arguments[0])
        data = bytes.fromhex(arguments[1].strip('"').replace("\\x", ""))[:count]
        if number == 1 and not self._ours(path):
            yield Said(data.decode())
        if not self._ours(path):
            return
        if call == "pwrite64":
            offset = int(arguments[3])
        else:
            offset = self._at.get((pid, number), 0)
            self._at[pid, number] = offset + count
        self._sizes[path] = max(self._sizes.get(path, 0), offset + count)
        yield Written(path, offset, data)

    def _named(self, call: str, paths: list[str]) -> Iterator[Step]:
        paths = [path if path.startswith("/") else str(ROOT / path) for path in paths]
        if not self._ours(paths[-1]):
            return
        if call.startswith("unlink"):
            self._sizes.pop(paths[0], None)
            yield Removed(paths[0])
            return
        size = self._sizes.get(paths[0], 0)
        self._sizes[paths[1]] = size
        if call.startswith("rename"):
            self._sizes.pop(paths[0], None)
            yield Renamed(paths[0], paths[1])
        else:
            yield Linked(paths[0], paths[1])

    def _ours(self, path: str) -> bool:
        return path.startswith(self._folder) or path == self._folder[:-1]


def _whole(log: str) -> Iterator[str]:
    """Lines of strace, with those put together that another thread's call stood between."""
    begun: dict[str, str] = {}
    for line in log.splitlines():
        pid = line.split(" ", 1)[0]
        if line.endswith("<unfinished ...>"):
            begun[pid] = line.removesuffix("<unfinished ...>").rstrip()
        elif " resumed>" in line:
            yield begun.pop(pid) + line.split(" resumed>", 1)[1]
        else:
            yield line


def _arguments(text: str) -> list[str]:
    return [each.strip() for each in text.split(", ")]


def _path_of(argument: str) -> str:
    found = DESCRIPTOR.match(argument)
    return _decoded(found[2]) if found is not None and found[2] else ""


def _number(argument: str) -> str:
    return argument.split("<", 1)[0]


def _text(argument: str) -> str:
    return _decoded(argument.strip('"'))


def _decoded(text: str) -> str:
    text = text.split(">", 1)[0]
    return os.fsdecode(bytes.fromhex(text.replace("\\x", ""))) if HEX.match(text) else text
