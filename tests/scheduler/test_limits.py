"""A rehearsal runs people's days faster and leaves wires, processes and keyboards their real seconds."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest

from scheduler.limits import Limits

OF_MACHINES = {
    "receipt", "alarm_test", "order_life", "robot_gone", "clock_agreement", "clock_reading", "command_life",
    "nonce_extra", "idle_proof",
}  # fmt: skip
"""`press_age` is counted by the robot's uptime, which no rehearsal runs faster."""


@pytest.mark.parametrize("rate", [60, 600.5])
def test_what_belongs_to_machines_lasts_as_long_as_ever_and_what_belongs_to_days_goes_with_them(
    rate: float,
) -> None:
    real, fast = Limits(), Limits().stretched(rate)
    for name in (each.name for each in fields(Limits) if each.name != "pace"):
        lasts = getattr(real, name) * rate if name in OF_MACHINES else getattr(real, name)
        assert getattr(fast, name) == lasts, name
    assert fast.pace == rate
    assert fast.stretched(2).pace == 2 * rate


def test_a_stretched_limit_is_whole_milliseconds_as_every_instant_is() -> None:
    odd = Limits(receipt=timedelta(milliseconds=1001)).stretched(1.5)
    assert odd.receipt == timedelta(milliseconds=1501)
    assert Limits(receipt=timedelta(microseconds=2700)).stretched(3).receipt == timedelta(milliseconds=6)
