"""Frames: any bytes in any chunking, and what is dropped for which reason."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.wire import limits
from protocol.wire.framing import DropReason, FrameDecoder, encode_frame

PAYLOADS = st.binary(min_size=1, max_size=600)


def test_a_frame_is_a_delimiter_cobs_of_payload_and_crc_and_a_delimiter() -> None:
    payload = b"123456789"
    crc = bytes.fromhex("cbf43926")  # the published check value of CRC-32
    assert encode_frame(payload) == b"\x00" + bytes((14,)) + payload + crc + b"\x00"


@settings(deadline=None)
@given(st.lists(PAYLOADS, max_size=4), st.integers(1, 700))
def test_frames_come_out_in_order_in_any_chunking(payloads: list[bytes], chunk: int) -> None:
    stream = b"".join(map(encode_frame, payloads))
    decoder = FrameDecoder()
    found = [p for at in range(0, len(stream), chunk) for p in decoder.feed(stream[at : at + chunk])]
    assert found == payloads
    assert not decoder.dropped


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.one_of(st.binary(max_size=40), PAYLOADS.map(encode_frame)), max_size=8), st.integers(1, 50)
)
def test_any_bytes_give_the_same_frames_whole_and_in_pieces(parts: list[bytes], chunk: int) -> None:
    stream = b"".join(parts)
    whole, pieces = FrameDecoder(), FrameDecoder()
    found = [p for at in range(0, len(stream), chunk) for p in pieces.feed(stream[at : at + chunk])]
    assert found == whole.feed(stream)
    assert pieces.dropped == whole.dropped


@settings(deadline=None)
@given(PAYLOADS, PAYLOADS, st.data())
def test_a_damaged_frame_never_costs_its_untouched_neighbours(
    one: bytes, two: bytes, data: st.DataObject
) -> None:
    damaged = bytearray(encode_frame(one))
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] ^= data.draw(st.integers(1, 255))
    decoder = FrameDecoder()
    found = decoder.feed(encode_frame(two) + bytes(damaged) + encode_frame(two))
    assert found[0] == two
    assert found[-1] == two
    assert len(found) <= 3


@settings(deadline=None)
@given(PAYLOADS, st.data())
def test_a_frame_with_up_to_three_flipped_bits_is_never_taken_for_another(
    one: bytes, data: st.DataObject
) -> None:
    damaged = bytearray(encode_frame(one))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert all(payload == one for payload in FrameDecoder().feed(bytes(damaged)))


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (b"login: \x00", DropReason.GARBAGE),
        (b"\x00\x09abc\x00", DropReason.BAD_COBS),
        (b"\x00\x01\x01\x01\x01\x00", DropReason.TOO_SHORT),
        (b"\x00\x07abcdef\x00", DropReason.BAD_CRC),
        (b"\x00" + b"a" * (limits.FRAME_BYTES_MAX + 1) + b"\x00", DropReason.TOO_LONG),
    ],
)
def test_each_reason_is_counted_once_and_the_next_frame_is_found(stream: bytes, reason: DropReason) -> None:
    decoder = FrameDecoder()
    assert decoder.feed(stream) == []
    assert decoder.dropped == {reason: 1}
    assert decoder.feed(encode_frame(b"next")) == [b"next"]
    assert decoder.dropped == {reason: 1}


def test_bytes_before_the_first_delimiter_are_no_frame_even_if_they_look_like_one() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(encode_frame(b"payload")[1:]) == []
    assert decoder.dropped == {DropReason.GARBAGE: 1}


@pytest.mark.parametrize("payload_bytes", [1, 253, 254, 255, limits.HEADER_BYTES + limits.BODY_BYTES_MAX])
def test_the_largest_payload_fits_and_one_byte_more_is_too_long(payload_bytes: int) -> None:
    payload = b"x" * payload_bytes
    stuffed = encode_frame(payload).strip(b"\x00")
    assert FrameDecoder(len(stuffed)).feed(encode_frame(payload)) == [payload]
    tight = FrameDecoder(len(stuffed) - 1)
    assert tight.feed(encode_frame(payload)) == []
    assert tight.dropped == {DropReason.TOO_LONG: 1}


def test_the_limit_leaves_room_for_the_worst_stuffing_of_the_largest_body() -> None:
    plain = b"x" * (limits.HEADER_BYTES + limits.BODY_BYTES_MAX + limits.CRC_BYTES)
    assert len(cobs.encode(plain)) <= limits.FRAME_BYTES_MAX


def test_a_megabyte_without_a_delimiter_is_not_kept() -> None:
    decoder = FrameDecoder()
    decoder.feed(b"\x00")
    chunk = b"y" * 4096
    tracemalloc.start()
    for _ in range(256):
        decoder.feed(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * limits.FRAME_BYTES_MAX
    assert decoder.dropped == {DropReason.TOO_LONG: 1}


def test_the_checksum_is_that_of_zip_most_significant_byte_first() -> None:
    payload = bytes(range(1, 200))
    plain = cobs.decode(encode_frame(payload).strip(b"\x00"))
    assert int.from_bytes(plain[-4:], "big") == zlib.crc32(payload)
