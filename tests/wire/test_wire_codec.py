"""Messages and their bytes: both ways, one way only to write each, and hostile bytes."""

from __future__ import annotations

import tracemalloc
from dataclasses import fields, replace
from typing import Any, get_args

import cbor2
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from protocol.wire import codec, examples, limits
from protocol.wire import messages as m
from protocol.wire.errors import LocalProtocolError, RemoteProtocolError
from protocol.wire.fields import (
    Bytes,
    Choice,
    Fault,
    Flag,
    InvalidValue,
    Kind,
    Layout,
    Many,
    Number,
    OneOf,
    Record,
    Text,
    is_code_text,
)
from protocol.wire.layouts import LAYOUTS, LOG_ENTRY


def values(kind: Kind) -> st.SearchStrategy[Any]:
    match kind:
        case Number():
            return st.integers(kind.min, kind.max)
        case Flag():
            return st.booleans()
        case Bytes():
            full = st.binary(min_size=kind.length, max_size=kind.length)
            return full | st.just(b"") if kind.may_be_empty else full
        case Text():
            code = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
            shown = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
            alphabet = code if kind.allowed is is_code_text else shown
            return st.text(alphabet, min_size=kind.chars_min, max_size=kind.chars_max)
        case Choice():
            return st.sampled_from(kind.of)
        case OneOf():
            return st.sampled_from(kind.texts)
        case Many():
            return st.lists(values(kind.of), max_size=kind.count_max).map(tuple)
        case Record():
            return records(kind.layout)


@st.composite
def records(draw: st.DrawFn, layout: Layout) -> Any:
    record = layout.of(**{name: draw(values(kind)) for name, kind in layout.kinds.items()})
    if isinstance(record, m.LogPage):  # consecutive entries between horizon and head
        first = draw(st.integers(1, limits.U32_MAX - 32))
        entries = tuple(replace(entry, index=first + n) for n, entry in enumerate(record.entries))
        head = first + len(entries) - 1 + draw(st.integers(0, 9))
        record = replace(record, horizon=draw(st.integers(1, first)), head=head, entries=entries)
    if isinstance(record, m.OrderReply):
        record = (
            replace(record, log_index=7, error=0)
            if record.accepted
            else replace(record, log_index=0, error=9)
        )
    if isinstance(record, m.HelloReply):
        record = replace(record, log_horizon=record.log_horizon // 2 + 1, log_head=record.log_horizon)
    if isinstance(record, m.Order) and record.kind in (m.OrderKind.RELEASE, m.OrderKind.PRESENT):
        source = m.Source.MAGAZINE if record.kind is m.OrderKind.RELEASE else m.Source.HOLDING
        record = replace(record, source=source, label=record.label or "L")
    return record


MESSAGES = st.sampled_from(sorted(LAYOUTS)).flatmap(lambda number: records(LAYOUTS[number]))


def reason(body: bytes) -> str:
    with pytest.raises(RemoteProtocolError) as caught:
        codec.decode(body)
    return caught.value.reason


def test_every_message_class_has_one_type_number() -> None:
    assert sorted(layout.of.__name__ for layout in LAYOUTS.values()) == sorted(
        of.__name__ for of in get_args(m.Message)
    )


def test_requests_replies_and_events_have_their_own_ranges_of_numbers() -> None:
    for number, layout in LAYOUTS.items():
        group = (m.Request, m.Reply, m.RobotEvent)[number // 32]
        assert layout.of in get_args(group)


@pytest.mark.parametrize("layout", [*LAYOUTS.values(), LOG_ENTRY], ids=lambda layout: layout.of.__name__)
def test_the_table_has_every_field_of_the_dataclass_in_its_order(layout: Layout) -> None:
    assert [field.name for field in fields(layout.of)] == list(layout.kinds)


@settings(max_examples=200, deadline=None)
@given(MESSAGES)
def test_every_message_comes_back_as_it_was(message: m.Message) -> None:
    body = codec.encode(message)
    assert codec.decode(body) == message
    assert len(body) <= limits.BODY_BYTES_MAX


@settings(deadline=None)
@given(MESSAGES, st.data())
def test_a_body_with_a_changed_byte_is_refused_or_is_the_only_way_to_write_another_message(
    message: m.Message, data: st.DataObject
) -> None:
    body = bytearray(codec.encode(message))
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        other = codec.decode(bytes(body))
    except RemoteProtocolError:
        return
    assert codec.encode(other) == bytes(body)


@settings(deadline=None)
@given(MESSAGES, st.data())
def test_a_body_cut_short_or_with_a_tail_is_refused(message: m.Message, data: st.DataObject) -> None:
    body = codec.encode(message)
    cut = data.draw(st.integers(0, len(body) - 1))
    assert reason(body[:cut]) == Fault.TRUNCATED
    assert reason(body + data.draw(st.binary(min_size=1, max_size=9))) == Fault.TRAILING


ITEMS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.binary() | st.text(),
    lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.integers(0, 50), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | ITEMS.map(cbor2.dumps) | ITEMS.map(lambda item: cbor2.dumps([6, 1, item])))
def test_any_bytes_are_a_message_or_raise_the_peers_error_and_nothing_else(body: bytes) -> None:
    try:
        message = codec.decode(body)
    except RemoteProtocolError as error:
        assert error.reason in set(Fault)
    else:
        assert codec.encode(message) == body


@pytest.mark.parametrize("name", examples.BAD_SHAPES)
def test_a_shape_that_is_none_is_refused_for_its_reason(name: str) -> None:
    body, fault = examples.BAD_SHAPES[name]
    assert reason(bytes.fromhex(body)) == fault


@pytest.mark.parametrize("name", examples.BAD_ITEMS)
def test_an_array_that_is_no_message_is_refused_for_its_reason(name: str) -> None:
    items, fault = examples.BAD_ITEMS[name]
    assert reason(cbor2.dumps(items, canonical=True)) == fault


@pytest.mark.parametrize("number", LAYOUTS)
def test_every_field_refuses_every_wrong_type(number: int) -> None:
    layout = LAYOUTS[number]
    sample = next(message for message in examples.MESSAGES.values() if type(message) is layout.of)
    items = cbor2.loads(codec.encode(sample))
    for at in range(1, len(items)):
        for wrong in (True, 5, b"b", "t", [1], []):
            if type(wrong) is not type(items[at]):
                refused = cbor2.dumps([*items[:at], wrong, *items[at + 1 :]], canonical=True)
                assert reason(refused) == Fault.BAD_TYPE, (layout.of, at, wrong)


@pytest.mark.parametrize("head", ["5b", "7b", "9b"], ids=["bytes", "text", "array"])
@pytest.mark.parametrize("count", [2**16, 2**31, 2**32, 2**63, 2**64 - 1])
@pytest.mark.parametrize("prefix", ["", "82", "8506010101", "84182701018181"])
def test_a_lying_length_allocates_nothing(prefix: str, head: str, count: int) -> None:
    short = count.to_bytes(8, "big") if count >= 2**32 else count.to_bytes(4, "big")
    head = head if count >= 2**32 else head.replace("b", "a")
    body = bytes.fromhex(prefix + head) + short + b"\x00" * 20
    tracemalloc.start()
    found = reason(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found in (Fault.TRUNCATED, Fault.TOO_DEEP)
    assert peak < 50_000


@pytest.mark.parametrize("opening", ["81", "9f", "a1", "c1", "d8c8"])
def test_deep_nesting_stops_at_once(opening: str) -> None:
    depth = limits.BODY_BYTES_MAX // len(bytes.fromhex(opening))
    assert reason(bytes.fromhex(opening) * depth) in (Fault.TOO_DEEP, Fault.NOT_CANONICAL, Fault.BAD_TYPE)


def test_a_body_over_the_limit_is_refused_unread() -> None:
    assert reason(bytes(limits.BODY_BYTES_MAX + 1)) == Fault.TOO_LONG


def _worst(kind: Kind) -> Any:
    match kind:
        case Number():
            return kind.max
        case Flag():
            return True
        case Bytes():
            return b"\xff" * kind.length
        case Text():
            return ("~" if kind.allowed is is_code_text else "\N{GRINNING FACE}") * kind.chars_max
        case Choice():
            return max(kind.of, key=len)
        case OneOf():
            return max(kind.texts, key=len)
        case Many():
            return (_worst(kind.of),) * kind.count_max
        case Record():
            return kind.layout.of(**{name: _worst(inner) for name, inner in kind.layout.kinds.items()})


@pytest.mark.parametrize("number", LAYOUTS)
def test_the_worst_case_of_every_message_fits(number: int) -> None:
    layout = LAYOUTS[number]
    items = replace(layout, consistent=lambda message: True).to_wire(_worst(Record(layout)))
    length = len(cbor2.dumps([number, *items], canonical=True))
    assert length <= (limits.HOST_BODY_BYTES_MAX if number < 32 else limits.BODY_BYTES_MAX)
    if layout.of is m.LogPage:
        assert length == 4787  # as SPEC.md says
    if layout.of is m.Prompt:
        assert length == 668


@pytest.mark.parametrize(
    "message",
    [
        m.ReadStatus(0),
        m.ReadStatus(True),
        m.Prompt(1, m.Light.OFF, m.Sound.NONE, ("x" * 41,)),
        m.Prompt(1, m.Light.OFF, m.Sound.NONE, ("\ud800",)),
        m.Prompt(1, m.Light.OFF, m.Sound.NONE, ["list"]),  # type: ignore[arg-type]
        m.Prompt(1, "off", m.Sound.NONE, ()),  # type: ignore[arg-type]
        m.SetClock(1, -1),
        m.SetClock(1, 1.5),  # type: ignore[arg-type]
        m.OrderReply(1, bytes(16), True, 0, 0),
        m.LabelRead(1, "tray", ""),
        m.LogPage(1, 1, 9, (1,)),  # type: ignore[arg-type]
        m.LogEntry(1, m.EntryKind.OPENED, bytes(16), 1, 1),
        "no message",
    ],
    ids=repr,
)
def test_what_breaks_our_own_limits_is_our_bug(message: Any) -> None:
    with pytest.raises(LocalProtocolError):
        codec.encode(message)


def test_an_error_or_a_result_may_be_given_as_its_enumeration() -> None:
    reply = codec.decode(codec.encode(m.OrderReply(1, bytes(16), False, 0, m.Error.LID_OPEN)))
    assert isinstance(reply, m.OrderReply)
    assert type(reply.error) is int
    entry = replace(examples.MESSAGES["log page"].entries[3], result=m.MotionResult.UNCLEAR)  # type: ignore[union-attr]
    page = codec.decode(codec.encode(m.LogPage(1, 4, 4, (entry,))))
    assert isinstance(page, m.LogPage)
    assert type(page.entries[0].result) is str


@settings(deadline=None)
@given(st.sampled_from(m.OrderKind), st.sampled_from(m.Source), st.sampled_from(["", "L"]))
def test_s3_no_release_or_present_crosses_without_the_label_to_be_checked(
    kind: m.OrderKind, source: m.Source, label: str
) -> None:
    order = m.Order(1, bytes(16), kind, bytes(16), "dose", 1, label, source, 1)
    assume(kind in (m.OrderKind.RELEASE, m.OrderKind.PRESENT))
    right = label and source is (m.Source.MAGAZINE if kind is m.OrderKind.RELEASE else m.Source.HOLDING)
    if right:
        assert codec.decode(codec.encode(order)) == order
    else:
        with pytest.raises(LocalProtocolError):
            codec.encode(order)


def test_an_error_names_the_field_and_never_quotes_the_peer() -> None:
    body = cbor2.dumps([67, 1, "mouth", "secret label"], canonical=True)
    with pytest.raises(RemoteProtocolError) as caught:
        codec.decode(body)
    assert str(caught.value) == "bad_text: LabelRead.label"


def test_invalid_value_never_leaves_the_codec() -> None:
    assert not issubclass(InvalidValue, LocalProtocolError | RemoteProtocolError)
