"""Bytes <-> frames: a delimiter, COBS(payload + CRC-32), a delimiter (SPEC.md, section 3).

Knows delimiters, stuffing and checksums. Does not know what a payload means, nor time. Called by `link`
and, for the ring of recent frames, by `drivers.recorder`.

A frame has a delimiter at both ends, so a damaged frame never costs its untouched neighbour. The decoder
keeps at most one unfinished frame, whatever arrives.
"""

from __future__ import annotations

import zlib
from collections import Counter
from enum import StrEnum

from cobs import cobs

from protocol.wire import limits

DELIMITER = b"\x00"


class DropReason(StrEnum):
    """Why bytes between two delimiters were thrown away."""

    GARBAGE = "garbage"  # before the first delimiter ever seen
    TOO_LONG = "too_long"
    BAD_COBS = "bad_cobs"
    TOO_SHORT = "too_short"  # not even a checksum and one byte
    BAD_CRC = "bad_crc"


def encode_frame(payload: bytes) -> bytes:
    """The payload as it goes on the line, both delimiters included."""
    stuffed: bytes = cobs.encode(payload + _checksum(payload))
    return DELIMITER + stuffed + DELIMITER


class FrameDecoder:
    """Finds whole frames in any chunking of any bytes; never raises, counts what it drops."""

    def __init__(self, frame_bytes_max: int = limits.FRAME_BYTES_MAX) -> None:
        self._frame_bytes_max = frame_bytes_max
        self._partial = bytearray()
        self._skipping: DropReason | None = None  # set while throwing away up to the next delimiter
        self._synchronised = False
        self.dropped: Counter[DropReason] = Counter()

    def feed(self, data: bytes) -> list[bytes]:
        """The payloads of the frames that these bytes complete, in order."""
        payloads: list[bytes] = []
        start = 0
        while (end := data.find(DELIMITER, start)) >= 0:
            self._collect(data[start:end])
            payload = self._finish()
            if payload is not None:
                payloads.append(payload)
            start = end + 1
        self._collect(data[start:])
        return payloads

    def _collect(self, chunk: bytes) -> None:
        if not chunk or self._skipping:
            return
        if not self._synchronised:
            self._skip(DropReason.GARBAGE)
        elif len(self._partial) + len(chunk) > self._frame_bytes_max:
            self._skip(DropReason.TOO_LONG)
        else:
            self._partial += chunk

    def _skip(self, reason: DropReason) -> None:
        self.dropped[reason] += 1
        self._skipping = reason
        self._partial.clear()

    def _finish(self) -> bytes | None:
        """A delimiter arrived: what lies before it is a frame, nothing (two delimiters), or dropped."""
        stuffed = bytes(self._partial)
        self._partial.clear()
        self._skipping = None
        self._synchronised = True
        if not stuffed:
            return None
        found = _payload_of(stuffed)
        if isinstance(found, DropReason):
            self.dropped[found] += 1
            return None
        return found


def _payload_of(stuffed: bytes) -> bytes | DropReason:
    try:
        plain: bytes = cobs.decode(stuffed)
    except cobs.DecodeError:
        return DropReason.BAD_COBS
    if len(plain) <= limits.CRC_BYTES:
        return DropReason.TOO_SHORT
    payload, checksum = plain[: -limits.CRC_BYTES], plain[-limits.CRC_BYTES :]
    return payload if checksum == _checksum(payload) else DropReason.BAD_CRC


def _checksum(payload: bytes) -> bytes:
    """CRC-32 as in Ethernet and zip, most significant byte first."""
    return zlib.crc32(payload).to_bytes(limits.CRC_BYTES, "big")
