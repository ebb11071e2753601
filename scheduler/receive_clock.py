"""What a comparison of a robot's battery clock with the box's means: trust, doubt, or nothing new (P10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.evolve_clock import stands
from scheduler.world import Setting, World

DRIFT_PARTS = 1_000_000
"""A drift bound is in parts per million."""


def compared(world: World, setting: Setting, fact: cmd.ReportClock, now: datetime) -> Sequence[ev.Event]:
    """Each robot's clock is a witness of its own; the home is as well off as with the best of them."""
    reason = _wrong(world, setting, fact)
    clock = world.clock
    if not reason:
        # An older comparison waited behind a slow commit, or the clock was set since: no proof.
        fresh = abs(now - fact.box_utc) <= setting.limits.clock_reading
        news = not clock.trusted or fact.robot not in clock.vouched
        return [ev.ClockTrusted(at=now, source=f"robot:{fact.robot}")] if fresh and news else []
    told = clock.doubts.get(fact.robot) == reason
    if told and (not clock.trusted or stands(world, fact.robot, reason)):
        return []
    return [ev.ClockDoubted(at=now, reason=reason, robot=fact.robot)]


def _wrong(world: World, setting: Setting, fact: cmd.ReportClock) -> str:
    """P10: trusted = a battery clock set in an earlier trusted session, within its drift bound, not before
    the journal's last event, and the box's clock agrees with it. An event that was dated by a clock nobody
    trusted doesn't count here: one morning in the wrong year would lock the home until that year comes."""
    limits = setting.limits
    drift = (fact.robot_utc - fact.set_utc) * (fact.drift_ppm_max / DRIFT_PARTS)
    if not fact.commissioned:
        return "not_commissioned"
    if not fact.battery_ok:
        return "battery_gap"
    if drift > limits.clock_agreement or fact.robot_utc < fact.set_utc:
        return "drift"
    if abs(fact.robot_utc - fact.box_utc) > limits.clock_agreement:
        return "disagrees"
    if world.trusted_at is not None and fact.robot_utc < world.trusted_at - limits.clock_agreement:
        return "behind_journal"
    return ""
