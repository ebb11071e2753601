"""Nobody is left untreated and unseen: each due dose is had, given, or somebody has been told (S4, S8, S9).

Looks at matter and at what on-call was told, not at what the home believes. Where on-call could not be told,
the robot's display must say so. Troubled times are waited out: what can be known is then known.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

from dispenserd.app import ALIVE_S
from scheduler import events as ev
from scheduler.plan import DosePlan
from tests.bottle.oncall import HOME_SILENT
from tests.bottle.papers import FOREIGN, WINDOW, dose_id
from tests.support.pure_home import RESIDENT

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

SETTLE_S = 600.0
"""After a restart, a repaired network or a right clock the robot is read, rows are sent, receipts come."""

LOOK_AFTER = timedelta(minutes=10)
LOOKS_MAX = 60
OFFER_WITHIN_S = 60.0
"""From a press to a sachet in the holding place, if nothing is in the way."""

EDGE = timedelta(minutes=3)
"""Around a window's ends: the home's clock may be wrong by two minutes and still be trusted."""

UNDELIVERED_S = 90.0
"""Undelivered shows 30 s after it should have been receipted; the display follows."""

ON_ITS_WAY_S = 150.0
"""So late a sign of life may still arrive."""

UNKNOWN_WITHIN_S = HOME_SILENT.total_seconds() + ON_ITS_WAY_S


class Liveness:
    def __init__(self, bottle: Bottle) -> None:
        self._bottle = bottle
        self._far_since_s = 0.0  # network and on-call there since then
        self._home_since_s = 0.0  # box up and clocks right since then
        self.checked = 0
        self.excused = 0
        self.offers = 0
        self.cut_off_looks = 0
        self.unknown_looks = 0

    def plan_day(self, day: date) -> None:
        for slot in self._bottle.papers.slots:
            closes = self._bottle.papers.opens(day, slot)[0] + WINDOW
            self._bottle.at(closes + LOOK_AFTER, partial(self._look, day, slot, 0))
            for since_opens in (WINDOW / 2, WINDOW):
                self._bottle.at(
                    closes - WINDOW + since_opens + LOOK_AFTER, partial(self._look_silent, day, slot)
                )

    # --- what happened ---

    def far_changed(self) -> None:
        self._far_since_s = self._bottle.times.now_s
        if not self._reachable():
            self._bottle.after(UNDELIVERED_S, self._look_cut_off)

    def disturbed(self) -> None:
        self._home_since_s = self._bottle.times.now_s

    def pressed(self) -> None:
        """In calm times a press in a window, with the right sachet waiting, brings it."""
        dose = self.offerable()
        if dose:
            troubles, moves = self._bottle.weather.total, self._bottle.witnesses.moves
            self._bottle.after(OFFER_WITHIN_S, lambda: self._look_offered(dose, troubles, moves))

    # --- the looks ---

    def _look(self, day: date, slot: str, looks: int) -> None:
        bottle, dose = self._bottle, dose_id(day, slot)
        planned = bottle.disk.replayed().doses.get(dose)
        if planned is not None and bottle.times.true < planned.plan.closes + LOOK_AFTER:
            goes_on = planned.plan.closes <= bottle.closes(dose)
            assert goes_on, f"S2: {dose[33:]} is open for longer than anybody has said"
            bottle.at(planned.plan.closes + LOOK_AFTER, lambda: self._look(day, slot, looks))
            return
        if not self.settled() or self._robot_here_s() < SETTLE_S:
            if looks < LOOKS_MAX:
                bottle.after(SETTLE_S, lambda: self._look(day, slot, looks + 1))
            else:
                self.excused += 1  # no calm for so long: the end of the history judges it
            return
        self.checked += 1
        if planned is None and not self._was_planned(dose):
            asked = slot != "noon" or all(hour is not None for hour in bottle.papers.cards.values())
            assert not asked, f"S4: {dose[33:]} was never planned"
            return
        where = bottle.where(dose)
        if where == "tray" and self._robot_fine():
            raise AssertionError(f"S2: {dose[33:]} closed, and its sachet still lies in the tray")
        if where == "hands" or dose in bottle.given or self._told(dose):
            return
        outcome = bottle.witnesses.journal.outcomes.get(dose)
        if outcome is not None and (outcome.outcome.value, outcome.reason) == ("withheld", "paused"):
            return  # rule 22: it disturbs nobody
        if outcome is None and planned is not None and self._away_throughout(planned.plan):
            return  # neither does one that waits for a trusted clock
        if dose not in bottle.witnesses.journal.planned and outcome is None:
            return  # withdrawn before its window
        raise AssertionError(
            f"S4: {dose[33:]} closed, its sachet is in the {where}, its outcome is "
            f"{outcome.outcome.value if outcome else 'open'}, and nobody was told"
        )

    def _away_throughout(self, plan: DosePlan) -> bool:
        state = self._bottle.regimes.withheld_throughout(plan.resident, plan.opens, plan.closes)
        return state == "paused"

    def _look_offered(self, dose: str, troubles: int, moves: int) -> None:
        if self._bottle.weather.total != troubles or not self.settled_at_home(OFFER_WITHIN_S):
            return
        self.offers += 1
        assert self._bottle.witnesses.moves > moves, f"S8: {dose[33:]} was pressed for, and nothing came"

    def _look_cut_off(self) -> None:
        """S4: what on-call has not receipted shows on the robot's own display."""
        bottle = self._bottle
        if self._reachable() or bottle.times.now_s < self._far_since_s + UNDELIVERED_S:
            return
        fine = self.settled_at_home(UNDELIVERED_S) and self._robot_fine()
        world = bottle.disk.replayed()  # a test alarm under way is silent at home until it failed
        alarming = [each for key, each in world.receipts.items() if world.incidents[key].priority > 0]
        owed = [receipt.since for receipt in alarming]
        long_owed = [since for since in owed if since < bottle.times.true - timedelta(seconds=UNDELIVERED_S)]
        if fine and long_owed:
            self.cut_off_looks += 1
            lines = bottle.end.robot.display.lines
            assert any("personalet." in line for line in lines), (
                "S4: undelivered, and the robot does not say it"
            )
        bottle.after(1200, self._look_cut_off)

    def _look_silent(self, day: date, slot: str) -> None:
        """S4: a dose may be missed in a home that can say nothing, so the home is shown as unknown."""
        bottle = self._bottle
        if not bottle.oncall.up or self._silent_s() < UNKNOWN_WITHIN_S:
            return
        self.unknown_looks += 1
        assert bottle.oncall.shown() == "unknown", f"S4: silent at {day} {slot}, and shown as alive"

    def _silent_s(self) -> float:
        """For how long nothing that the home does can have reached on-call."""
        bottle, now_s = self._bottle, self._bottle.times.now_s
        since = [now_s]
        if not bottle.box.alive:
            since.append(bottle.box_down_since_s)
        if not bottle.network.up:
            since.append(bottle.network.down_since_s)
        if bottle.box.committing_since_s is not None:
            since.append(bottle.box.committing_since_s + ALIVE_S)
        return now_s - min(since)

    # --- what can be known ---

    def offerable(self) -> str:
        """The dose that this press should bring, if everything is in order and has been for a while."""
        bottle, matter = self._bottle, self._bottle.matter
        if not self.settled_at_home(SETTLE_S) or not self._robot_fine() or bottle.slow_disk_s:
            return ""
        if bottle.regimes.withholds(RESIDENT) or bottle.deeds.keys.locked or bottle.deeds.kept_back:
            return ""  # rules 22 and 5: nothing may come; rule 24: what was lost keeps others back for hours
        if not matter.magazine or matter.holding or matter.tray or bottle.end.robot.due_ms is not None:
            return ""
        if matter.magazine[0].label.startswith(FOREIGN) or bottle.end.noisy:
            return ""
        day, slot = bottle.papers.labels[matter.magazine[0].label]
        dose, now = dose_id(day, slot), bottle.times.true
        known = bottle.disk.replayed().doses.get(dose)
        if dose in bottle.end.memory.gone:
            return ""  # the robot began to release it before, and refuses to do so again (P9)
        waits = known is not None and known.outcome is None and not known.token and not known.held
        inside = known is not None and known.plan.opens + EDGE < now < known.plan.closes - EDGE
        if not waits or not inside or self._others_in_the_way(dose):
            return ""
        return dose

    def _others_in_the_way(self, dose: str) -> bool:
        """A doubt, a token that is out, or medicine had so lately that this is too soon."""
        bottle, now = self._bottle, self._bottle.times.true
        world = bottle.disk.replayed()
        own = [other for key, other in world.doses.items() if not bottle.company.has(key)]
        if bottle.witnesses.in_doubt or any(other.token for other in own):
            return True
        if any(other.contradicted or other.discard for other in own):
            return True
        given = [at for key, at in bottle.given.items() if not bottle.company.has(key)]
        recent = [*bottle.witnesses.had.values(), *given, *bottle.company.at_their_robot.had_lately(dose)]
        lately = any(now - at < timedelta(hours=6) for at in recent)
        return lately or not bottle.deeds.cards.leaves_alone(dose)

    def _robot_fine(self) -> bool:
        """Powered, plugged, its session old enough to have been read, no lid open, no fault. One that the
        robot alone gave up goes on for hours here, where the home polls so seldom (`SEEN_POLLING`)."""
        end = self._bottle.end
        up = end.robot.powered and end.plugged and self._bottle.box.robot.ready and end.in_session
        up = up and self._robot_here_s() > 120
        fine = not self._bottle.matter.lid_open and not end.memory.fault
        faults = self._bottle.matter.faults
        planted = (
            faults.stuck or faults.stall_next or faults.cut_next or faults.slow_next_ms or faults.double_next
        )
        return up and fine and not planted

    def robot_here(self) -> bool:
        """Fine, and read for long enough that what it says is heard."""
        return self._robot_fine() and self._robot_here_s() > SETTLE_S

    def _robot_here_s(self) -> float:
        """Since its newest session: what was cut off before it is tried again some minutes later."""
        return (self._bottle.times.true - self._bottle.end.session_since).total_seconds()

    def _reachable(self) -> bool:
        return self._bottle.network.up and self._bottle.oncall.up

    def settled(self) -> bool:
        """Long enough undisturbed, at home and far away."""
        long = self._bottle.times.now_s >= self._far_since_s + SETTLE_S
        return long and self._reachable() and self.settled_at_home(SETTLE_S)

    def settled_at_home(self, for_s: float) -> bool:
        bottle = self._bottle
        right = not bottle.times.wall_off and not bottle.end.memory.clock.offset_ms
        return (
            bottle.box.alive
            and not bottle.box.committing
            and right
            and bottle.times.now_s >= self._home_since_s + for_s
        )

    def _was_planned(self, dose: str) -> bool:
        witness = self._bottle.witnesses.journal
        return dose in witness.planned or dose in witness.outcomes

    def _told(self, dose: str) -> bool:
        """On-call has an incident about this dose."""
        return any(payload["dose"] == dose for payload in self._bottle.oncall.told.values())


def outcome_needs_person(outcome: ev.OutcomeRecorded) -> bool:
    return outcome.outcome.value in ("missed", "refused", "failed", "uncertain", "withheld")
