"""A wire in virtual time: one that takes as long as a baud rate says, and one that is bad on purpose.

Pure: bytes go in with an instant, come out when they are due. Both are bounded: what does not fit is lost,
as on a wire that nobody reads. `server` uses the paced one; tests put links on the bad one.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from math import log, log1p
from random import Random

BITS_PER_BYTE = 10
"""8N1: a start bit, eight data bits, a stop bit."""

CHUNK_BYTES = 32
"""Bytes delivered together: 2.8 ms at 115 200 baud, near what a UART's FIFO gives its host."""

WAITING_BYTES_MAX = 32_768
"""Twice what a link has unwritten; more is lost."""


class PacedLine:
    """One direction of a serial line: every byte takes ten bit times, bytes keep their order."""

    def __init__(self, baud: int) -> None:
        self._byte_s = BITS_PER_BYTE / baud
        self._chunks: deque[tuple[float, bytes]] = deque()
        self._last_due_s = 0.0
        self.waiting_bytes = 0

    def push(self, data: bytes, now_s: float) -> None:
        data = data[: WAITING_BYTES_MAX - self.waiting_bytes]
        self.waiting_bytes += len(data)
        for start in range(0, len(data), CHUNK_BYTES):
            chunk = data[start : start + CHUNK_BYTES]
            self._last_due_s = max(now_s, self._last_due_s) + len(chunk) * self._byte_s
            self._chunks.append((self._last_due_s, chunk))

    def pull(self, now_s: float) -> bytes:
        """What has arrived by now."""
        arrived = bytearray()
        while self._chunks and self._chunks[0][0] <= now_s:
            arrived += self._chunks.popleft()[1]
        self.waiting_bytes -= len(arrived)
        return bytes(arrived)

    @property
    def due_s(self) -> float | None:
        return self._chunks[0][0] if self._chunks else None

    def cut(self) -> None:
        """What is on its way never arrives."""
        self._chunks.clear()
        self.waiting_bytes = 0


@dataclass(frozen=True, slots=True)
class Badness:
    """Chances are per write (loss, doubling) or per bit (flips); delays are drawn evenly up to a maximum."""

    loss: float = 0.0
    doubling: float = 0.0
    bit_flip: float = 0.0
    delay_s_max: float = 0.0


class BadLine:
    """One direction that loses, doubles, damages and delays writes; a later write may overtake.

    `badness` may be changed at any time; it holds for what is written from then on.
    """

    def __init__(self, badness: Badness, seed: int) -> None:
        self.badness = badness
        self._random = Random(seed)
        self._writes: list[tuple[float, int, bytes]] = []
        self._count = 0

    def push(self, data: bytes, now_s: float) -> None:
        if not data or self._random.random() < self.badness.loss:
            return
        self._put(data, now_s)
        if self._random.random() < self.badness.doubling:
            self._put(data, now_s)

    def pull(self, now_s: float) -> bytes:
        arrived = bytearray()
        while self._writes and self._writes[0][0] <= now_s:
            arrived += heapq.heappop(self._writes)[2]
        return bytes(arrived)

    @property
    def due_s(self) -> float | None:
        return self._writes[0][0] if self._writes else None

    def cut(self) -> None:
        """What is on its way never arrives."""
        self._writes.clear()

    def _put(self, data: bytes, now_s: float) -> None:
        self._count += 1
        due_s = now_s + self._random.random() * self.badness.delay_s_max
        if sum(len(write) for _, _, write in self._writes) + len(data) <= WAITING_BYTES_MAX:
            heapq.heappush(self._writes, (due_s, self._count, self._damage(data)))

    def _damage(self, data: bytes) -> bytes:
        """From one flipped bit to the next: drawing the gaps gives each bit its chance, and costs little."""
        chance = self.badness.bit_flip
        if chance <= 0.0:
            return data
        damaged = bytearray(data)
        bit = self._next_flip(chance)
        while bit < len(damaged) * 8:
            damaged[bit // 8] ^= 1 << bit % 8
            bit += 1 + self._next_flip(chance)
        return bytes(damaged)

    def _next_flip(self, chance: float) -> int:
        """Bits that stay whole before one that doesn't."""
        return int(log(1.0 - self._random.random()) / log1p(-chance)) if chance < 1.0 else 0
