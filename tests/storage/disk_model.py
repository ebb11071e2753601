"""What a power cut may leave of files: everything synced, and any part of the rest.

The contract is POSIX's, taken at its word and no kinder. Until a file is fsynced, each of its 512-byte
sectors holds on disk the content after any of the writes since, its size is any of the sizes since, and what
lies between is zeros. A name (created, linked, renamed, removed) is on disk only when its folder is fsynced.
After a *failed* fsync the kernel calls the pages clean: a later fsync that succeeds says nothing about them,
until they are written again; nor about the size, until the file is written to its end again.

Pure: steps in, file states out. Knows no store; what is chosen comes from the caller.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import PurePosixPath

from tests.storage.syscalls import Cut, Linked, Made, Removed, Renamed, Step, Synced, Written

SECTOR_BYTES = 512
EXHAUSTIVE_MAX = 64
"""So many combinations at one cut are all tried; of more, the corners and a random sample."""

State = Mapping[str, bytes]
"""Path -> content, as found after the power came back."""


@dataclass(slots=True)
class _Unsynced:
    """Versions that a power cut may leave of one thing, oldest first: (step, content)."""

    durable: bytes | int
    versions: list[tuple[int, bytes | int]] = field(default_factory=list)
    orphaned: bool = False  # the newest version's fsync failed: no later one speaks for it

    def write(self, step: int, content: bytes | int) -> None:
        self.versions.append((step, content))
        self.orphaned = False

    def newest(self) -> bytes | int:
        return self.versions[-1][1] if self.versions else self.durable

    def synced(self) -> None:
        if not self.orphaned:
            self.durable, self.versions = self.newest(), []


class _File:
    def __init__(self) -> None:
        self.size = _Unsynced(0)
        self.sectors: dict[int, _Unsynced] = {}

    def write(self, step: int, offset: int, data: bytes) -> None:
        done = 0
        while done < len(data):
            number, start = divmod(offset + done, SECTOR_BYTES)
            part = data[done : done + SECTOR_BYTES - start]
            sector = self._sector(number)
            before = sector.newest()
            assert isinstance(before, bytes)
            sector.write(step, before[:start] + part + before[start + len(part) :])
            done += len(part)
        end, size = offset + len(data), _number(self.size.newest())
        if end > size or (end == size and self.size.orphaned):  # its last block is written out with the size
            self.size.write(step, end)

    def cut(self, step: int, size: int) -> None:
        for number, sector in self.sectors.items():
            left = size - number * SECTOR_BYTES
            before = sector.newest()
            assert isinstance(before, bytes)
            if left < SECTOR_BYTES and any(before[max(left, 0) :]):
                kept = before[: max(left, 0)]
                sector.write(step, kept + bytes(SECTOR_BYTES - len(kept)))
        if size != _number(self.size.newest()):
            self.size.write(step, size)

    def synced(self, ok: bool) -> None:
        for each in (self.size, *self.sectors.values()):
            if ok:
                each.synced()
            elif each.versions:
                each.orphaned = True

    def open_choices(self) -> list[_Unsynced]:
        return [each for each in (self.size, *self.sectors.values()) if each.versions]

    def content(self, chosen: Callable[[_Unsynced], bytes | int]) -> bytes:
        whole = bytearray(_number(chosen(self.size)))
        for number, sector in self.sectors.items():
            start = number * SECTOR_BYTES
            part = chosen(sector)
            assert isinstance(part, bytes)
            if start < len(whole):
                end = min(start + SECTOR_BYTES, len(whole))
                whole[start:end] = part[: end - start]
        return bytes(whole)

    def _sector(self, number: int) -> _Unsynced:
        return self.sectors.setdefault(number, _Unsynced(bytes(SECTOR_BYTES)))


@dataclass(slots=True)
class _Name:
    """A change of a folder that is not synced: `file` None = the name is gone."""

    step: int
    changes: tuple[tuple[str, _File | None], ...]


class Disk:
    """Fed with steps; at any point `after_power_loss` yields what may be found."""

    def __init__(self) -> None:
        self._names: dict[str, _File] = {}
        self._durable: dict[str, _File] = {}
        self._unsynced: list[_Name] = []
        self._step = 0

    def take(self, step: Step) -> None:
        self._step += 1
        match step:
            case Made(path) if path not in self._names:
                self._name((path, _File()))
            case Written(path, offset, data):
                self._names[path].write(self._step, offset, data)
            case Cut(path, size):
                self._names[path].cut(self._step, size)
            case Synced(path, ok) if path in self._names:
                self._names[path].synced(ok)
            case Synced(path, ok) if ok:
                self._folder_synced(path)
            case Removed(path):
                self._name((path, None))
            case Renamed(path, target):
                self._name((target, self._names[path]), (path, None))
            case Linked(path, target):
                self._name((target, self._names[path]))
            case _:
                pass

    def as_written(self) -> State:
        """Everything kept: what the running system sees."""
        return {path: file.content(_Unsynced.newest) for path, file in self._names.items()}

    def after_power_loss(self, chance: random.Random, samples: int) -> Iterator[State]:
        """All combinations where they are few; else the corners and `samples` random ones."""
        choices = self._choices()
        combinations = 2 ** len(self._unsynced)
        for choice in choices:
            combinations *= len(choice.versions) + 1
        if combinations <= EXHAUSTIVE_MAX:
            yield from self._all(choices)
            return
        yield from self._corners(choices)
        for _ in range(samples):
            yield self._random(chance, choices)

    def _all(self, choices: list[_Unsynced]) -> Iterator[State]:
        ways = [range(len(choice.versions) + 1) for choice in choices]
        for names in product((False, True), repeat=len(self._unsynced)):
            for way in product(*ways):
                picked = {id(choice): kept for choice, kept in zip(choices, way, strict=True)}
                yield self._state(picked, [n for n, kept in zip(self._unsynced, names, strict=True) if kept])

    def _corners(self, choices: list[_Unsynced]) -> Iterator[State]:
        """In the order of writing up to each step; and each file's alone, the others' not at all."""
        steps = {step for choice in choices for step, _ in choice.versions}
        for last in sorted({0, *steps, *(name.step for name in self._unsynced)}):
            picked = {id(c): sum(step <= last for step, _ in c.versions) for c in choices}
            yield self._state(picked, [name for name in self._unsynced if name.step <= last])
        for file in self._files():
            own = {id(choice) for choice in file.open_choices()}
            for kept in (True, False):
                picked = {id(c): len(c.versions) if (id(c) in own) is kept else 0 for c in choices}
                yield self._state(picked, self._unsynced if kept else [])

    def _random(self, chance: random.Random, choices: list[_Unsynced]) -> State:
        keep = chance.choice((0.03, 0.2, 0.5, 0.8, 0.97))
        picked = {}
        for choice in choices:
            newest = chance.random() < keep
            picked[id(choice)] = len(choice.versions) if newest else chance.randrange(len(choice.versions))
        return self._state(picked, [name for name in self._unsynced if chance.random() < keep])

    def _state(self, picked: Mapping[int, int], names: list[_Name]) -> State:
        def chosen(unsynced: _Unsynced) -> bytes | int:
            kept = picked.get(id(unsynced), 0)
            return unsynced.versions[kept - 1][1] if kept else unsynced.durable

        found = dict(self._durable)
        for name in names:
            for path, file in name.changes:
                if file is None:
                    found.pop(path, None)
                else:
                    found[path] = file
        return {path: file.content(chosen) for path, file in found.items()}

    def _choices(self) -> list[_Unsynced]:
        return [choice for file in self._files() for choice in file.open_choices()]

    def _files(self) -> list[_File]:
        """Each once, also those whose name is not on disk yet, or not gone from it."""
        named = [file for name in self._unsynced for _, file in name.changes if file is not None]
        return list(dict.fromkeys([*self._durable.values(), *named, *self._names.values()]))

    def _name(self, *changes: tuple[str, _File | None]) -> None:
        for path, file in changes:
            if file is None:
                self._names.pop(path, None)
            else:
                self._names[path] = file
        self._unsynced.append(_Name(self._step, changes))

    def _folder_synced(self, folder: str) -> None:
        """Names in this folder are on disk from here on."""
        left = []
        for name in self._unsynced:
            if any(str(PurePosixPath(path).parent) != folder for path, _ in name.changes):
                left.append(name)
                continue
            for path, file in name.changes:
                if file is None:
                    self._durable.pop(path, None)
                else:
                    self._durable[path] = file
        self._unsynced = left


def _number(value: bytes | int) -> int:
    assert isinstance(value, int)
    return value
