"""Every duration and bound that the dosing core uses, with its unit and its reason.

Two families. Civil limits belong to people's days and follow the civil clock. Machine limits belong to
wires, processes and people at a keyboard; a rehearsal that runs civil time faster stretches them, so that
they stay the same in real seconds (`Limits.stretched`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

HALF = 2
"""Half window: half-way from the planned time to the closing."""


@dataclass(frozen=True, slots=True)
class Limits:
    # --- civil ---
    window: timedelta = timedelta(hours=2)  # typical for the social area; trials use 45 min to 4 h
    reminder_every: timedelta = timedelta(minutes=15)  # eight in a window; fewer were not heard
    tray_left: timedelta = timedelta(minutes=15)  # a presented sachet not lifted: somebody should look
    tray_personal: timedelta = timedelta(minutes=5)  # rule 2: controlled, or another could take it
    controlled_window: timedelta = timedelta(hours=1)  # substitution treatment: late is as bad as not at all
    controlled_plan_age: timedelta = timedelta(hours=72)  # S9: an older card locks controlled medicine only
    witness_within: timedelta = timedelta(minutes=15)  # staff who saw it have said so by then
    plan_ahead: timedelta = timedelta(hours=36)  # doses are planned so far before their day begins
    acknowledge_high: timedelta = timedelta(minutes=10)
    acknowledge_medium: timedelta = timedelta(minutes=30)
    acknowledge_low: timedelta = timedelta(hours=4)
    plan_left: timedelta = timedelta(hours=72)  # less than this and somebody renews the card: a weekend
    plan_confirmed_every: timedelta = timedelta(hours=1)  # of a card that stays: enough to know its age
    review_max: timedelta = timedelta(days=31)  # no restrictive mode without a look for longer than this

    # --- machine ---
    receipt: timedelta = timedelta(seconds=30)  # then an incident is undelivered (undelivered known in 30 s)
    alarm_test: timedelta = timedelta(minutes=2)  # then a test alarm failed: it outlives a lost connection
    order_life: timedelta = timedelta(minutes=2)  # rule 11: an order expires at most 2 min after sending
    press_age: timedelta = timedelta(seconds=60)  # rule 2, counted by the robot's uptime: never stretched
    robot_gone: timedelta = timedelta(minutes=2)  # robot unreachable: an incident; at a closing: unreadable
    clock_agreement: timedelta = timedelta(minutes=2)  # rule 17
    clock_reading: timedelta = timedelta(seconds=10)  # rule 17: an older one may be from before a step
    command_life: timedelta = timedelta(minutes=10)  # rule 28
    nonce_extra: timedelta = timedelta(hours=2)  # rule 28: nonces outlive their command's expiry by this
    idle_proof: timedelta = timedelta(minutes=60)  # rule 27: an idle home commits once in this time

    pace: float = 1.0
    """Civil seconds in a real one, set by `stretched`."""

    def stretched(self, rate: float) -> Limits:
        """The same limits for a civil clock `rate` times as fast as the real one, in whole milliseconds."""

        def civil(limit: timedelta) -> timedelta:
            return timedelta(milliseconds=limit // timedelta(milliseconds=1) * rate // 1)

        return replace(
            self,
            receipt=civil(self.receipt),
            alarm_test=civil(self.alarm_test),
            order_life=civil(self.order_life),
            robot_gone=civil(self.robot_gone),
            clock_agreement=civil(self.clock_agreement),
            clock_reading=civil(self.clock_reading),
            command_life=civil(self.command_life),
            nonce_extra=civil(self.nonce_extra),
            idle_proof=civil(self.idle_proof),
            pace=self.pace * rate,
        )
