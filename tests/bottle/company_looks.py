"""Never blocked: what goes wrong at one robot, or with one resident, leaves the others' doses alone (S4, S8).

Looks at matter and at what on-call was told. The first robot may be dark, stuck or full of doubt: it excuses
nothing here. After the weather each person's doses have one end that matter does not contradict.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from protocol.wire.messages import Answer, Light
from scheduler import events as ev
from tests.bottle.as_needed_times import DAY_MOST, GAP
from tests.bottle.as_needed_witness import DAY
from tests.bottle.company_papers import SERIAL
from tests.bottle.liveness import EDGE, LOOK_AFTER, LOOKS_MAX, OFFER_WITHIN_S, SETTLE_S, outcome_needs_person
from tests.bottle.papers import WINDOW

if TYPE_CHECKING:
    from tests.bottle.company import Company

DUE_TOLD = timedelta(minutes=12)
DAY_S = 86_400.0
CARD_FRESH = timedelta(hours=70)
HAD_AS = ("retrieved", "confirmed", "uncertain", "witnessed")


class CompanyLooks:
    def __init__(self, company: Company) -> None:
        self._company = company
        self._papers = company.papers
        self._bottle = company.bottle
        self.offers = self.checked = self.due_looks = self.doubt_looks = self.dark_looks = 0
        self.beside_trouble = 0  # offers while the first robot was dark or in doubt

    def plan_dose(self, dose: str) -> None:
        opens, closes = self._papers.opens(dose)[0], self._papers.closes(dose)
        self._bottle.at(opens + DUE_TOLD, partial(self._look_due, dose))
        self._bottle.at(opens + (closes - opens) / 2, partial(self._look_due, dose))
        self._bottle.at(closes + LOOK_AFTER, partial(self._look, dose, 0))

    # --- presses ---

    def pressed(self, tag: str, answer: Answer) -> None:
        offered = self._as_needed(answer) if self._papers.as_needed else self._offered(tag, answer)
        if offered:
            moves, failures = self._company.witness.moves, self._company.end.failures
            disturbed_s = self._company.disturbed_s
            self._bottle.after(
                OFFER_WITHIN_S, partial(self._look_offered, offered, moves, failures, disturbed_s)
            )

    def _offered(self, tag: str, answer: Answer) -> str:
        """The dose that this press must bring; "" = nobody can say so."""
        bottle, matter = self._bottle, self._company.end.mechanics
        if answer is not Answer.TAKE or not self._free():
            return ""
        dose = self._papers.dose_of[matter.magazine[0].label]
        person, now = self._papers.owners[dose[:32]], bottle.times.true
        mine = tag == person.tag or self._company.hands.surely(tag, person.key)
        mine = mine or (not tag and len(self._papers.persons) == 1 and not self._papers.is_controlled(dose))
        inside = self._papers.opens(dose)[0] + EDGE < now < self._papers.closes(dose) - EDGE
        others = self._company.others.witness.keeps_back(dose, now)
        if not mine or not inside or others or dose in self._company.end.memory.gone:
            return ""
        known = bottle.disk.replayed().doses.get(dose)
        waits = known is not None and known.outcome is None and not known.token and not known.held
        fresh = self._card_fresh(person.key) or not self._papers.is_controlled(dose)
        return dose if waits and fresh and not self._withheld(person.key) else ""

    def _as_needed(self, answer: Answer) -> str:
        """Whether the answer to what it is for must bring a sachet, by the books of the witness."""
        book, now = self._company.witness.as_needed, self._bottle.times.true
        (person,) = self._papers.persons
        if answer not in (Answer.FIRST, Answer.TAKE) or not self._free() or self._withheld(person.key):
            return ""
        world = self._bottle.disk.replayed()
        asked, known = world.asked.get(person.key), world.elsewhere.get(person.key)
        open_ = asked is not None and asked.question is ev.Question.WHAT_FOR
        left_s = (asked.until - now).total_seconds() if asked is not None else 0.0
        newest = book.newest()
        far = newest is None or now > newest + GAP + EDGE
        fresh = known is not None and now < known.known_to + GAP - EDGE
        within = book.amount(now) + 1 <= DAY_MOST and book.amount(now - DAY / 100) + 1 <= DAY_MOST
        waiting = any(d.plan.as_needed and d.outcome is None for d in world.doses.values())
        if self._papers.own_robot and not self._may_ask(now, answer):
            return ""
        if self._bottle.deeds.feeds_as_needed.lately(now):
            return ""
        return "as needed" if open_ and left_s > 5 and far and fresh and within and not waiting else ""

    def _may_ask(self, now: datetime, answer: Answer) -> bool:
        """By the card's times, nothing planned of it is near, and they have had time to read the question."""
        company = self._company
        far = not company.at_their_robot.near_fixed(now)
        read = answer is Answer.FIRST or company.witness.as_needed.has_read(now)
        return self._papers.tied.surely(now, EDGE) and far and read

    def _look_offered(self, dose: str, moves: int, failures: int, disturbed_s: float) -> None:
        company, bottle = self._company, self._bottle
        calm = company.end.failures == failures and company.disturbed_s == disturbed_s
        if not calm or not bottle.liveness.settled_at_home(OFFER_WITHIN_S):
            return
        self.offers += 1
        beside = bool(bottle.witnesses.in_doubt) or not bottle.end.robot.powered or not bottle.end.plugged
        self.beside_trouble += beside or bottle.matter.lid_open or bool(bottle.end.memory.fault)
        assert company.witness.moves > moves, (
            f"S8: blocked: {dose[33:] or dose} was pressed for, and nothing came"
        )

    # --- doses ---

    def _look_due(self, dose: str) -> None:
        """Where staff remind, they have been told; where a doubt locks the robot, of each dose behind it."""
        bottle, key, now = self._bottle, dose[:32], self._bottle.times.true
        company, witness = self._company, self._company.witness
        if not self.settled() or self._settled_dose(dose):
            return
        state, since = bottle.regimes.state(key), bottle.regimes.since(key)
        if since is not None and now < since + DUE_TOLD:
            return
        if state in ("assisted", "witnessed", "suspended", "paused"):
            self._look_dark(key)
        world = bottle.disk.replayed()
        known = world.doses.get(dose)
        if known is None or known.declined is not None or now > self._papers.closes(dose):
            return
        if world.order_under_way(SERIAL) is not None:
            return
        if state in ("assisted", "witnessed"):
            self.due_looks += 1
            assert self._told(dose), f"rule 22: {dose[33:]} is due, they are {state}, and staff were not told"
        old_doubt = [d for d in witness.in_doubt if d != dose and d not in witness.outcomes]
        if old_doubt and state == "normal" and company.end.mechanics.tray is None:
            self.doubt_looks += 1
            assert self._told(dose), f"S8: {dose[33:]} waits behind a doubt, and nobody was told of it"

    def _look_dark(self, key: str) -> None:
        if len(self._papers.persons) > 1 or self._papers.as_needed:
            return
        self.dark_looks += 1
        light = self._company.end.robot.display.light
        assert light not in (Light.PULSE,), "rule 22: the robot prompts a resident whom it must not"

    def _look(self, dose: str, looks: int) -> None:
        """S4 of each of them, whatever became of the first robot."""
        bottle, witness = self._bottle, self._company.witness
        if not self.settled():
            if looks < LOOKS_MAX:
                bottle.after(SETTLE_S, partial(self._look, dose, looks + 1))
            return
        self.checked += 1
        where = self._bottle.where(dose)
        assert dose in witness.planned, f"S4: {dose[33:]} was never planned"
        assert where != "tray", f"S2: {dose[33:]} closed, and its sachet still lies in the tray"
        if where == "hands":
            return
        outcome = witness.outcomes.get(dose)
        if dose in bottle.given:
            return
        told = self._told(dose)
        away = outcome is not None and outcome.outcome.value == "withheld" and outcome.reason == "paused"
        name = outcome.outcome.value if outcome else "open"
        assert told or away, (
            f"S4: {dose[33:]} closed, it is in the {where}, it is {name}, and nobody was told"
        )
        if name == "missed":
            self._look_urgent(dose)

    def _look_urgent(self, dose: str) -> None:
        """The alarm has the dose's own priority at least."""
        said = [each for each in self._bottle.oncall.told.values() if each["dose"] == dose]
        urgent = any(each["priority"] == "high" for each in said)
        assert urgent or not self._papers.is_critical(dose), "rule 9: critical medicine missed, and not high"

    # --- after the weather ---

    def at_peace(self) -> None:
        bottle, witness = self._bottle, self._company.witness
        seen = {e.index for e in bottle.disk.rows if isinstance(e, ev.RobotLogged) and e.robot == SERIAL}
        head = self._company.end.memory.head
        assert seen == set(range(1, head + 1)), (
            f"S5: the second robot's log to {head}, {len(seen)} entries known"
        )
        asked = {dose for dose in self._papers.asked if dose in self._papers.label_of}
        for dose in witness.planned | asked:
            if bottle.times.true < self._papers.closes(dose) + WINDOW:
                continue
            self._one_end(dose)

    def _one_end(self, dose: str) -> None:
        outcome, where = self._company.witness.outcomes.get(dose), self._bottle.where(dose)
        assert outcome is not None, f"S4: {dose[33:]} has no outcome"
        name, given = outcome.outcome.value, dose in self._bottle.given
        assert not (where == "hands" and given), f"S1: {dose[33:]} from the robot and by hand"
        if where == "hands":
            assert name in HAD_AS, f"S4: {dose[33:]} was had, told as {name}"
        elif name == "given_by_staff":
            assert given, f"S4: {dose[33:]} told as {name}, and nobody gave it"
        else:
            assert name not in ("retrieved", "confirmed", "witnessed"), (
                f"S4: {dose[33:]} is {name}, nobody had it"
            )
        away = name == "withheld" and outcome.reason == "paused"
        left = name == "refused" and dose in self._papers.asked
        if outcome_needs_person(outcome) and not away and not left:
            assert self._told(dose), f"S4: {dose[33:]} is {name}, and on-call was never told"

    # --- what can be known ---

    def _free(self) -> bool:
        """Robot and home have been in order for a while, and nothing stands in the way of a release."""
        bottle, end, matter = self._bottle, self._company.end, self._company.end.mechanics
        if not bottle.liveness.settled_at_home(SETTLE_S) or bottle.slow_disk_s or not self._calm(SETTLE_S):
            return False
        world = bottle.disk.replayed()
        if not matter.magazine or matter.holding or matter.tray or end.robot.due_ms is not None:
            return False
        if self._company.witness.in_doubt or world.order_under_way(SERIAL) is not None:
            return False
        theirs = [dose for key, dose in world.doses.items() if self._company.has(key)]
        return not any(d.token or d.contradicted or d.discard for d in theirs)

    def settled(self) -> bool:
        """Everywhere, for long enough that what is said at the second robot is heard."""
        return self._bottle.liveness.settled() and self._calm(SETTLE_S)

    def _calm(self, for_s: float) -> bool:
        """Nothing wrong at the second robot for so long."""
        company, end, matter = self._company, self._company.end, self._company.end.mechanics
        faults = matter.faults
        turning = faults.stall_next or faults.cut_next or faults.double_next or faults.slow_next_ms
        up = end.robot.powered and end.plugged and self._bottle.box.robots[SERIAL].ready and end.in_session
        here_s = (self._bottle.times.true - end.session_since).total_seconds()
        quiet = self._bottle.times.now_s >= company.disturbed_s + for_s and here_s >= for_s
        return bool(
            up and quiet and not matter.lid_open and not end.memory.fault and not faults.stuck and not turning
        )

    def _withheld(self, key: str) -> bool:
        return self._bottle.regimes.state(key) in ("suspended", "paused")

    def _card_fresh(self, key: str) -> bool:
        confirmed: datetime | None = self._bottle.disk.replayed().confirmed.get(key)
        return confirmed is not None and self._bottle.times.true < confirmed + CARD_FRESH

    def _settled_dose(self, dose: str) -> bool:
        """Nobody waits for it any more."""
        there = self._bottle.where(dose) in ("hands", "tray", "holding")
        return there or dose in self._bottle.given or dose in self._company.witness.outcomes

    def _told(self, dose: str) -> bool:
        return any(payload["dose"] == dose for payload in self._bottle.oncall.told.values())
