"""Every bound of the wire, with its unit and its reason (SPEC.md, section 10).

Knows numbers only. A peer that exceeds one is refused; we never send beyond one.
"""

from __future__ import annotations

# --- frames ----------------------------------------------------------------------------------------

HEADER_BYTES = 14
"""Version 1, frame type 1, session 8, sequence 4."""

CRC_BYTES = 4
"""CRC-32: over millions of damaged frames a CRC-16 lets some pass, a CRC-32 none."""

BODY_BYTES_MAX = 5120
"""A LogPage of 16 entries with every field at its limit is 4 787 bytes; nothing else is near it."""

HOST_BODY_BYTES_MAX = 960
"""What a host sends is small (a prompt of four lines of four-byte characters is 668 bytes), so that a
robot with little memory needs a receive buffer of 1 KiB only."""


def frame_bytes(body_bytes: int) -> int:
    """Bytes between the two delimiters of a frame with such a body: COBS adds one byte in 254."""
    plain = HEADER_BYTES + body_bytes + CRC_BYTES
    return plain + 1 + plain // 254


FRAME_BYTES_MAX = frame_bytes(BODY_BYTES_MAX)
"""Delimiters not counted. 0.45 s at 115 200 baud; the decoder holds no more than this."""

HOST_FRAME_BYTES_MAX = frame_bytes(HOST_BODY_BYTES_MAX)
"""The same for what a robot has to receive."""

NESTING_MAX = 3
"""Message, its entries, an entry. Deeper is refused before a CBOR decoder sees it."""

# --- link ------------------------------------------------------------------------------------------

ACK_TIMEOUT_S = 1.0
"""Longest wait for an acknowledgement: it may stand behind a full frame of the peer (0.45 s) and a slow
flash write; twice that."""

RETRANSMITS_MAX = 5
"""Six tries, 6 s: one frame in ten damaged loses a session once in a million messages."""

QUEUE_MESSAGES_MAX = 64
"""Messages waiting behind the one in flight: far above what one request and its events need."""

OUTGOING_BYTES_MAX = 16_384
"""Bytes nobody has written yet. A frame that does not fit is dropped; its retransmit replaces it."""

SESSION_MAX = 2**64 - 1
SEQUENCE_MAX = 2**32 - 1
"""One message a second for 136 years; the session ends there, it never wraps."""

KEEPALIVE_S = 10.0
"""A host lets no more than this pass without a request, so that a silent robot is noticed in 16 s."""

# --- robot ---------------------------------------------------------------------------------------

MOTION_S_MAX = 30.0
"""A motor that is not done by then is stopped, and its order ends as the sensors prove."""

CLOCK_STEP_MS_MAX = 120_000
"""Rule 17: a commissioned clock is never set further than 2 min, and never backwards."""

# --- numbers ---------------------------------------------------------------------------------------

U32_MAX = 2**32 - 1
TIME_MS_MAX = 2**53 - 1
"""Milliseconds of UTC and uptime: exact in every language, 285 000 years."""

UTC_MS_MAX = 253_402_300_799_999
"""The end of the year 9999, where most calendars of a computer end: W-CLOCK-8."""

PROTOCOL_VERSION_MAX = 255
EPOCH_MAX = U32_MAX
PLAN_VERSION_MAX = U32_MAX
ERROR_MAX = 255
EXPIRES_IN_MS_MAX = 120_000
"""Rule 11: an order expires at most 2 min after sending."""

COUNT_MAX = 65_535
"""Sachets, places in the store."""

PERCENT_MAX = 100
DRIFT_PPM_MAX = 10_000
"""A battery clock worse than 1 % is no clock."""

# --- bytes and texts (characters) ------------------------------------------------------------------

HEAD_BYTES = 32
"""A chain hash: SHA-256."""

LOG_ENTRIES_PER_PAGE_MAX = 16
CAPABILITIES_MAX = 16
PROMPT_LINES_MAX = 4
PROMPT_LINE_CHARS_MAX = 40
"""Four lines of forty: the smallest display in use."""

SERIAL_CHARS_MAX = 32
FAMILY_CHARS_MAX = 24
FIRMWARE_CHARS_MAX = 24
CAPABILITY_CHARS_MAX = 24
DOSE_ID_CHARS_MAX = 80
"""32 of the resident key, 10 of the date, three slashes, the part: leaves 33 for the slot."""

LABEL_CHARS_MAX = 64
TAG_CHARS_MAX = 64
"""Ten bytes of a contactless tag are 20 hex characters; leaves room for other readers."""

PRODUCTION_ID_CHARS_MAX = 40
DETAIL_CHARS_MAX = 40
"""A sensor code or a production id."""

FAULT_CHARS_MAX = 40
