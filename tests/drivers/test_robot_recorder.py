"""The last messages in words: in order, bounded, and with nothing in them that names a dose or a sachet."""

from __future__ import annotations

from drivers.recorder import MESSAGES_MAX, Recorder
from protocol.wire import messages as wire
from tests.drivers.scripted_robot import BOOT_ID, DOSE, LABEL, RESIDENT, STATUS

MARKERS = (DOSE, RESIDENT, LABEL, "P-2026-0042", "Fru Invented", RESIDENT[:16])


def test_lines_are_in_the_order_of_what_happened_in_both_directions() -> None:
    recorder = Recorder()
    recorder.sent(wire.ReadStatus(7), 1.0)
    recorder.heard(wire.LogGrew(3), 1.0)
    recorder.noted("ended: unplugged", 1.5)
    recorder.sent(wire.ReadClock(8), 2.25)

    assert recorder.lines() == (
        "1.000 -> ReadStatus(ref=7)",
        "1.000 <- LogGrew(head=3)",
        "1.500 -- ended: unplugged",
        "2.250 -> ReadClock(ref=8)",
    )


def test_only_the_last_two_hundred_each_way_are_kept() -> None:
    recorder = Recorder()
    for number in range(MESSAGES_MAX + 50):
        recorder.sent(wire.ReadStatus(number + 1), float(number))
    recorder.heard(wire.LogGrew(1), 0.0)

    lines = recorder.lines()
    assert len(lines) == MESSAGES_MAX + 1
    assert "ref=51" in lines[0]


def test_no_line_holds_a_label_a_dose_a_resident_a_roll_or_a_shown_text_whole() -> None:
    recorder = Recorder()
    order_id = bytes.fromhex("00112233445566778899aabbccddeeff")
    resident = bytes.fromhex(RESIDENT)
    order = wire.Order(
        5, order_id, wire.OrderKind.RELEASE, resident, DOSE, 7, LABEL, wire.Source.MAGAZINE, 120_000
    )
    ended = wire.LogEntry(
        4, wire.EntryKind.ENDED, BOOT_ID, 1, 2, order_id, "release", resident, DOSE, 7, LABEL, "done"
    )
    loaded = wire.LogEntry(5, wire.EntryKind.LOADED, BOOT_ID, 1, 2, detail="P-2026-0042")
    recorder.sent(order, 1.0)
    recorder.sent(wire.Prompt(6, wire.Light.PULSE, wire.Sound.SOFT, ("Fru Invented",)), 1.0)
    recorder.heard(STATUS, 1.0)
    recorder.heard(wire.LogPage(7, 1, 5, (ended, loaded)), 1.0)
    recorder.heard(wire.LabelRead(1, "mouth", LABEL), 1.0)

    text = "\n".join(recorder.lines())

    assert [marker for marker in MARKERS if marker in text] == []
    assert "order_id=00112233" in text
    assert "dose_id=…/morning" in text
    assert "result='done'" in text
    assert "<1 lines>" in text
