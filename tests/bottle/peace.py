"""After the weather: matter, robot log, journal, on-call and fagsystem must tell one story."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from protocol.wire.messages import EntryKind, MotionResult
from scheduler import events as ev
from scheduler.evolve import evolve
from scheduler.record import from_plain, to_plain
from scheduler.world import World
from simulator.line import Badness
from simulator.mechanics import Place
from tests.bottle.liveness import outcome_needs_person
from tests.bottle.papers import FOREIGN, WINDOW, dose_id

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

LAST_DEEDS_MIN = 10
"""What somebody did in the last minute of peace comes to its end, too."""

REPLAYED_ONE_IN = 20
"""Histories whose journal is written, read and replayed from nothing; the rest fold on."""


def make_peace(bottle: Bottle) -> None:
    """The weather ends; somebody mends what is broken, and what is on its way arrives."""
    bottle.weather.end()
    for number in range(16):
        bottle.start_box()  # somebody plugs it in, if it is down
        bottle.box.fuse.left = None
        bottle.end.flash.mend()
        bottle.end.plug_in()
        bottle.line(Badness())
        bottle.matter.faults.stuck.clear()
        bottle.matter.faults.cut_next, bottle.matter.faults.stall_next = None, False
        if not bottle.end.robot.powered:
            bottle.end.power_on()
        if not bottle.network.up:
            bottle.faraway.network_back()
        if not bottle.oncall.up:
            bottle.faraway.oncall_back()
        bottle.faraway.messages_calm()
        bottle.slow_disk_s = 0.0
        bottle.clocks.battery(0)
        if bottle.times.wall_off:
            bottle.clocks.step(timedelta(0))
        bottle.lid(open_=False)
        bottle.deeds.mend()
        bottle.company.mend()
        if number in (1, 4, 8):
            bottle.regime_life.end()
        if number in (2, 9):
            bottle.after(1, bottle.technician.round)
        bottle.after(30, bottle.staff.look_at_all)
        bottle.until_s(bottle.times.now_s + 1800)
    for _ in range(LAST_DEEDS_MIN):
        if bottle.disk.waiting:
            bottle.until_s(bottle.times.now_s + 60)


def at_peace(bottle: Bottle) -> None:
    """AssertionError names the witness and what it saw."""
    _outboxes(bottle)
    _oncall(bottle)
    _robot_log(bottle)
    _matter(bottle)
    _doses(bottle)
    bottle.alarm_tests.at_peace()
    bottle.regimes.at_peace()
    _administrations(bottle)
    _replay(bottle)


def _outboxes(bottle: Bottle) -> None:
    waiting = [f"{name} {key}" for name, key in bottle.disk.waiting]
    assert not waiting, f"S5: still waiting after peace: {waiting[:3]}"


def _oncall(bottle: Bottle) -> None:
    """Every row that was put arrived, once as far as on-call is concerned; and nothing else."""
    put = {key for name, key in bottle.disk.put if name == "incident"}
    had = bottle.oncall.rows
    assert put == had.keys(), (
        f"S5: not at on-call: {sorted(put - had.keys())[:3]}, of nobody: {sorted(had.keys() - put)[:3]}"
    )
    twice = [key for key, ids in had.items() if len(ids) != 1]
    assert not twice, f"S5: one row under two event ids: {twice[:3]}"


def _robot_log(bottle: Bottle) -> None:
    """The journal holds every entry of the robot's log, once, as it is."""
    seen: Counter[int] = Counter()
    kinds: dict[int, str] = {}
    memory = bottle.end.memory
    for event in bottle.disk.rows:
        if isinstance(event, ev.RobotLogged) and event.log_id == memory.log_id.hex():
            seen[event.index] += 1
            kinds[event.index] = event.entry
    head = memory.head
    assert set(seen) == set(range(1, head + 1)), (
        f"S5: the robot's log to {head}, the journal has {len(seen)} entries"
    )
    assert max(seen.values(), default=1) == 1, "S5: an entry of the robot's log journalled twice"
    for entry in memory.log:
        assert kinds[entry.index] == entry.kind.value, "S5: the journal tells another log"


def _matter(bottle: Bottle) -> None:
    """Each motor move has its order in the log, each done order its move; as far as no log was lost."""
    assert bottle.matter.conserved(), "a sachet is nowhere, or twice"
    own = [event for event in bottle.disk.rows if not bottle.company.is_about(event)]
    logs = {event.log_id for event in own if isinstance(event, ev.RobotIdentified)}
    trace = bottle.witnesses.trace
    foreign = any(move.sachet.label.startswith(FOREIGN) for move in trace)
    # In a changed magazine a dose may find the next one's sachet, and a person may discard that for it.
    mixed = bool(bottle.witnesses.discards) and any(move.target is Place.REMOVED for move in trace)
    if len(logs) > 1 or foreign or mixed or bottle.deeds.feeds.any:
        return
    moves = Counter(
        (dose_id(*bottle.papers.labels[move.sachet.label]), move.origin.value, move.target.value)
        for move in trace
        if move.target not in (Place.HANDS, Place.REMOVED) and not move.sachet.label.startswith(FOREIGN)
    )
    started: Counter[str] = Counter()
    done: Counter[str] = Counter()
    read = {event.order_id: event.label for event in own if isinstance(event, ev.RobotLogged) and event.label}
    for event in own:
        if isinstance(event, ev.RobotLogged) and event.entry == EntryKind.STARTED.value:
            started[_slot(_of_sachet(bottle, event.dose_id, read.get(event.order_id, "")))] += 1
        if isinstance(event, ev.RobotLogged) and event.result == MotionResult.DONE.value:
            done[_slot(_of_sachet(bottle, event.dose_id, read.get(event.order_id, "")))] += 1
    moved: Counter[str] = Counter()
    for (dose, _, _), number in moves.items():
        moved[_slot(dose)] += number
    for dose in started.keys() | moved.keys():
        assert done[dose] <= moved[dose] <= started[dose], (
            f"S5: {dose[33:]}: {started[dose]} started, {moved[dose]} moved, {done[dose]} done"
        )


def _of_sachet(bottle: Bottle, dose: str, read: str) -> str:
    """What no dose waits for is put away under a name of its own, and a sachet that was held for another dose
    and discarded under that one's: whose it was is printed on it."""
    label = read or bottle.witnesses.surplus.get(dose, "")
    return dose_id(*bottle.papers.labels[label]) if label in bottle.papers.labels else dose


def _slot(dose: str) -> str:
    """One sachet a date and slot, whichever part of it the order was about."""
    return dose.rpartition("/")[0]


def _doses(bottle: Bottle) -> None:
    """S4: one outcome each, that matter does not contradict, and somebody told where nobody had it."""
    witness = bottle.witnesses.journal
    told = {payload["dose"] for payload in bottle.oncall.told.values()}
    for dose in witness.planned:
        if bottle.times.true < max(bottle.opens(dose)) + 2 * WINDOW:
            continue
        outcome = witness.outcomes.get(dose)
        assert outcome is not None, f"S4: {dose[33:]} has no outcome"
        had = bottle.where(dose) == "hands"
        name = outcome.outcome.value
        assert not (had and dose in bottle.given), f"S1: {dose[33:]} from the robot and by hand"
        if had:
            assert name in ("retrieved", "confirmed", "uncertain", "taken_along", "witnessed"), (
                f"S4: {dose[33:]} was had, told as {name}"
            )
        elif name == "given_by_staff":
            assert dose in bottle.given, f"S4: {dose[33:]} told as {name}, and nobody gave it"
        elif name in ("retrieved", "confirmed", "taken_along", "witnessed"):
            raise AssertionError(f"S4: {dose[33:]} told as {name}, and nobody had it")
        if outcome_needs_person(outcome) and (name, outcome.reason) != ("withheld", "paused"):
            assert dose in told, f"S4: {dose[33:]} is {name}, and on-call was never told"


def _administrations(bottle: Bottle) -> None:
    """S5: one per dose, prescription and revision; the home put exactly what its outcomes ask for."""
    put = {key for name, key in bottle.disk.put if name == "administration"}
    filed = bottle.folder.filed
    assert put == filed.keys(), f"S5: {len(put)} administrations put, {len(filed)} filed"
    plans: dict[str, int] = {}
    wanted = 0
    for event in bottle.disk.rows:
        if isinstance(event, ev.DosePlanned | ev.SurplusHeld | ev.AsNeededRequested):
            plans[event.dose.dose_id] = len(event.dose.portions)
        elif isinstance(event, ev.OutcomeRecorded):
            wanted += plans[event.dose_id]
    assert wanted == len(filed), f"S5: outcomes ask for {wanted} administrations, {len(filed)} are filed"


def _replay(bottle: Bottle) -> None:
    assert bottle.box.engine.world == bottle.disk.replayed(), (
        "the journal tells another story than the process"
    )
    if bottle.chance.randrange(REPLAYED_ONE_IN) == 0:
        world = World()
        for event in bottle.disk.rows:
            world = evolve(world, from_plain(to_plain(event)))
        assert world == bottle.disk.replayed(), "the written journal tells another story"
