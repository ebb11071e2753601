"""The table of messages: type number, fields in wire order, kind and bound of each (SPEC.md, section 4).

Knows numbers and bounds, and what must hold between the fields of one message. `codec` walks it both ways;
`vectors` and the tests read it. A new message is one row here and one dataclass in `messages`.
"""

from __future__ import annotations

from protocol.wire import limits
from protocol.wire import messages as m
from protocol.wire.fields import Bytes, Choice, Flag, Kind, Layout, Many, Number, OneOf, Record, Text
from protocol.wire.fields import is_shown_text as shown

_REF = Number(limits.U32_MAX, min=1)
_REF_OR_UNASKED = Number(limits.U32_MAX)
_VERSION = Number(limits.PROTOCOL_VERSION_MAX)
_EPOCH = Number(limits.EPOCH_MAX)
_INDEX = Number(limits.U32_MAX, min=1)
_INDEX_OR_NONE = Number(limits.U32_MAX)
_TIME_MS = Number(limits.TIME_MS_MAX)
_COUNT = Number(limits.COUNT_MAX)
_PLAN_VERSION = Number(limits.PLAN_VERSION_MAX)
_ID = Bytes(m.ID_BYTES)
_ID_OR_NONE = Bytes(m.ID_BYTES, may_be_empty=True)
_HEAD_OR_NONE = Bytes(limits.HEAD_BYTES, may_be_empty=True)
_DOSE_ID = Text(limits.DOSE_ID_CHARS_MAX, chars_min=1)
_LABEL_OR_NONE = Text(limits.LABEL_CHARS_MAX)
_TAG = Text(limits.TAG_CHARS_MAX, chars_min=1)
_LINES = Many(Text(limits.PROMPT_LINE_CHARS_MAX, allowed=shown), limits.PROMPT_LINES_MAX)
_CAPABILITIES = Many(Text(limits.CAPABILITY_CHARS_MAX, chars_min=1), limits.CAPABILITIES_MAX)

PLACES = ("mouth", "holding")
"""Where a label can be read."""


def _order_says_what_to_check(order: m.Order) -> bool:
    """A release or present without an expected label would be one without a check (S3)."""
    match order.kind:
        case m.OrderKind.RELEASE:
            return order.label != "" and order.source is m.Source.MAGAZINE
        case m.OrderKind.PRESENT:
            return order.label != "" and order.source is m.Source.HOLDING
        case m.OrderKind.RETRACT | m.OrderKind.DIVERT:
            return True


def _horizon_and_head_fit(reply: m.HelloReply) -> bool:
    return reply.log_head >= reply.log_horizon - 1


def _accepted_or_refused(reply: m.OrderReply) -> bool:
    return (reply.log_index > 0) == reply.accepted and (reply.error == 0) == reply.accepted


def _page_is_unbroken(page: m.LogPage) -> bool:
    """Consecutive entries inside horizon..head: a page with a hole would look like proof of absence."""
    indexes = [entry.index for entry in page.entries]
    if page.head < page.horizon - 1:
        return False
    if not indexes:
        return True
    first = indexes[0]
    return (
        indexes == list(range(first, first + len(indexes)))
        and page.horizon <= first
        and indexes[-1] <= page.head
    )


LOG_ENTRY = Layout(
    m.LogEntry,
    {
        "index": _INDEX,
        "kind": Choice(m.EntryKind),
        "boot_id": _ID,
        "uptime_ms": _TIME_MS,
        "utc_ms": _TIME_MS,
        "order_id": _ID_OR_NONE,
        "order_kind": OneOf(("", *(kind.value for kind in m.OrderKind))),
        "resident": _ID_OR_NONE,
        "dose_id": Text(limits.DOSE_ID_CHARS_MAX),
        "plan_version": _PLAN_VERSION,
        "label": _LABEL_OR_NONE,
        "result": OneOf(("", *(result.value for result in m.MotionResult))),
        "detail": Text(limits.DETAIL_CHARS_MAX),
    },
)

_STATUS: dict[str, Kind] = {
    "ref": _REF_OR_UNASKED,
    "uptime_ms": _TIME_MS,
    "production_id": Text(limits.PRODUCTION_ID_CHARS_MAX),
    "mouth_label": _LABEL_OR_NONE,
    "sachets_left": _COUNT,
    "holding": Flag(),
    "tray": Flag(),
    "store_count": _COUNT,
    "store_max": _COUNT,
    "lid_open": Flag(),
    "mains": Flag(),
    "battery_percent": Number(limits.PERCENT_MAX),
    "fault": Text(limits.FAULT_CHARS_MAX),
}

_ORDER: dict[str, Kind] = {
    "ref": _REF,
    "order_id": _ID,
    "kind": Choice(m.OrderKind),
    "resident": _ID,
    "dose_id": _DOSE_ID,
    "plan_version": _PLAN_VERSION,
    "label": _LABEL_OR_NONE,
    "source": Choice(m.Source),
    "expires_in_ms": Number(limits.EXPIRES_IN_MS_MAX),
    "take_along": Flag(),
}

_HELLO_REPLY: dict[str, Kind] = {
    "ref": _REF,
    "protocol": _VERSION,
    "serial": Text(limits.SERIAL_CHARS_MAX, chars_min=1),
    "family": Text(limits.FAMILY_CHARS_MAX, chars_min=1),
    "firmware": Text(limits.FIRMWARE_CHARS_MAX, chars_min=1),
    "capabilities": _CAPABILITIES,
    "auth": Choice(m.Auth),
    "boot_id": _ID,
    "log_id": _ID,
    "log_horizon": _INDEX,
    "log_head": _INDEX_OR_NONE,
    "host_epoch": _EPOCH,
    "host_head": _HEAD_OR_NONE,
    "uptime_ms": _TIME_MS,
}

_CLOCK: dict[str, Kind] = {
    "ref": _REF,
    "utc_ms": _TIME_MS,
    "uptime_ms": _TIME_MS,
    "commissioned": Flag(),
    "battery_ok": Flag(),
    "set_utc_ms": _TIME_MS,
    "drift_ppm_max": Number(limits.DRIFT_PPM_MAX),
}

_ORDER_REPLY: dict[str, Kind] = {
    "ref": _REF,
    "order_id": _ID,
    "accepted": Flag(),
    "log_index": _INDEX_OR_NONE,
    "error": Number(limits.ERROR_MAX),
}

_HELLO: dict[str, Kind] = {
    "ref": _REF,
    "protocol": _VERSION,
    "host_epoch": _EPOCH,
    "host_head": _HEAD_OR_NONE,
}

_CONFIRM_LOG: dict[str, Kind] = {
    "ref": _REF,
    "upto": _INDEX_OR_NONE,
    "host_epoch": _EPOCH,
    "host_head": _HEAD_OR_NONE,
}

_LOG_PAGE: dict[str, Kind] = {
    "ref": _REF,
    "horizon": _INDEX,
    "head": _INDEX_OR_NONE,
    "entries": Many(Record(LOG_ENTRY), limits.LOG_ENTRIES_PER_PAGE_MAX),
}

_PROMPT: dict[str, Kind] = {
    "ref": _REF,
    "light": Choice(m.Light),
    "sound": Choice(m.Sound),
    "lines": _LINES,
}

_READ_LOG: dict[str, Kind] = {
    "ref": _REF,
    "first": _INDEX,
    "count_max": Number(limits.LOG_ENTRIES_PER_PAGE_MAX, min=1),
}

_LABEL_READ: dict[str, Kind] = {"uptime_ms": _TIME_MS, "place": OneOf(PLACES), "label": _LABEL_OR_NONE}

LAYOUTS: dict[int, Layout] = {
    # host -> robot
    1: Layout(m.Hello, _HELLO),
    2: Layout(m.ReadClock, {"ref": _REF}),
    3: Layout(m.SetClock, {"ref": _REF, "utc_ms": _TIME_MS}),
    4: Layout(m.ReadStatus, {"ref": _REF}),
    5: Layout(m.Order, _ORDER, _order_says_what_to_check, left_out={"take_along": False}),
    6: Layout(m.Prompt, _PROMPT),
    7: Layout(m.ReadLog, _READ_LOG),
    8: Layout(m.ConfirmLog, _CONFIRM_LOG),
    # robot -> host, replies
    33: Layout(m.HelloReply, _HELLO_REPLY, _horizon_and_head_fit),
    34: Layout(m.Clock, _CLOCK),
    35: Layout(m.Status, _STATUS),
    36: Layout(m.OrderReply, _ORDER_REPLY, _accepted_or_refused),
    37: Layout(m.Done, {"ref": _REF}),
    38: Layout(m.Refused, {"ref": _REF, "error": Number(limits.ERROR_MAX, min=1)}),
    39: Layout(m.LogPage, _LOG_PAGE, _page_is_unbroken),
    # robot -> host, events
    65: Layout(
        m.Pressed, {"uptime_ms": _TIME_MS, "answer": Choice(m.Answer)}, left_out={"answer": m.Answer.TAKE}
    ),
    66: Layout(m.Lifted, {"uptime_ms": _TIME_MS, "log_index": _INDEX}),
    67: Layout(m.LabelRead, _LABEL_READ),
    68: Layout(m.LogGrew, {"head": _INDEX}),
    70: Layout(
        m.PersonalPress,
        {"uptime_ms": _TIME_MS, "tag": _TAG, "answer": Choice(m.Answer)},
        left_out={"answer": m.Answer.TAKE},
    ),
}
"""By type number. Numbers are stable for ever; 1-31 requests, 32-63 replies, 64-95 events."""
