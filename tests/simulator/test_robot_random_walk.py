"""Whatever the order of orders, faults, power cuts and hands: sachets are conserved, none leaves the magazine
twice, no dose is released twice, and the log never claims what the matter did not do (S1, rule 13)."""

from __future__ import annotations

from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from protocol.wire import messages as m
from simulator.mechanics import Place, PlannedCut
from simulator.refusals import FirmwareLimits
from tests.simulator.robot_bench import Bench, divert, order, present, release, retract

SACHETS = 5
NUMBERS = st.integers(1, SACHETS)
ATTEMPTS = st.integers(1, 3)
NO_PACE = FirmwareLimits(gap_ms=0, per_day_max=10_000)


class RobotWalk(RuleBasedStateMachine):
    @initialize()
    def plug_in(self) -> None:
        self.bench = Bench(NO_PACE, sachets=SACHETS)
        self.bench.greet()

    @rule(kind=st.sampled_from(list(m.OrderKind)), number=NUMBERS, attempt=ATTEMPTS, wrong=st.booleans())
    def order_something(self, kind: m.OrderKind, number: int, attempt: int, wrong: bool) -> None:
        self.bench.send(order(kind, number, attempt=attempt, label="WRONG" if wrong else None))

    @rule(number=NUMBERS, attempt=ATTEMPTS)
    def divert_from_the_magazine(self, number: int, attempt: int) -> None:
        self.bench.send(divert(number, attempt=attempt, source=m.Source.MAGAZINE))

    @rule(number=NUMBERS)
    def dispense(self, number: int) -> None:
        self.bench.done(release(number))
        self.bench.done(present(number))
        self.bench.lift()

    @rule(seconds=st.floats(0.1, 10))
    def wait(self, seconds: float) -> None:
        self.bench.wait(seconds)

    @rule()
    def greet(self) -> None:
        self.bench.greet()

    @rule(lands=st.booleans())
    def cut_power(self, lands: bool) -> None:
        self.bench.cut(lands=lands)

    @rule(lands=st.booleans(), stall=st.booleans())
    def plant(self, lands: bool, stall: bool) -> None:
        if stall:
            self.bench.mechanics.faults.stall_next = True
        else:
            self.bench.mechanics.faults.cut_next = PlannedCut(1000, lands)

    @rule(place=st.sampled_from([Place.HOLDING, Place.TRAY]), shows=st.booleans())
    def stick(self, place: Place, shows: bool) -> None:
        self.bench.mechanics.faults.stuck[place] = shows
        self.bench.robot.sense(self.bench.moment)

    @rule()
    def repair(self) -> None:
        self.bench.mechanics.faults.stuck.clear()
        self.bench.robot.sense(self.bench.moment)
        self.bench.robot.clear_fault(self.bench.moment)

    @rule()
    def lift(self) -> None:
        self.bench.lift()

    @invariant()
    def every_sachet_is_in_one_place(self) -> None:
        assert self.bench.mechanics.conserved()

    @invariant()
    def no_sachet_leaves_the_magazine_twice(self) -> None:
        assert_left_once(self.bench)

    @invariant()
    def no_dose_is_released_twice(self) -> None:
        assert_released_once(self.bench)

    @invariant()
    def the_store_is_never_reached_through_the_tray(self) -> None:
        assert (Place.TRAY, Place.STORE) not in {(x.origin, x.target) for x in self.bench.mechanics.trace}

    @invariant()
    def an_order_has_at_most_one_start_and_one_end(self) -> None:
        kinds: dict[bytes, list[str]] = {}
        for entry in self.bench.memory.log:
            if entry.order_id and entry.kind is not m.EntryKind.LIFTED:
                kinds.setdefault(entry.order_id, []).append(entry.kind.value)
        legal = (
            ["accepted"],
            ["accepted", "cancelled"],
            ["accepted", "started"],
            ["accepted", "started", "ended"],
        )
        assert all(life in legal for life in kinds.values())


TestRobotWalk = RobotWalk.TestCase
TestRobotWalk.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def assert_left_once(bench: Bench) -> None:
    left = [moved.sachet.number for moved in bench.out_of_magazine()]
    assert len(left) == len(set(left))


def assert_released_once(bench: Bench) -> None:
    """By the log: no dose has two releases that started and were not proven to have stayed."""
    open_releases: dict[str, set[bytes]] = {}
    for entry in bench.memory.log:
        if entry.order_kind != m.OrderKind.RELEASE:
            continue
        orders = open_releases.setdefault(entry.dose_id, set())
        if entry.kind is m.EntryKind.STARTED:
            orders.add(entry.order_id)
        elif entry.kind is m.EntryKind.ENDED and entry.result == m.MotionResult.NOT_MOVED:
            orders.discard(entry.order_id)
        assert len(orders) <= 1, "a dose was released twice"


def test_a_long_seeded_walk_ends_with_every_done_in_the_log_matched_by_the_motor_trace() -> None:
    random = Random(20261102)
    bench = Bench(NO_PACE, sachets=40)
    bench.greet()
    for _ in range(600):
        number = random.randint(1, 40)
        kind = random.choice([release, present, retract, divert])
        bench.send(kind(number, attempt=random.randint(1, 5)))
        bench.wait(random.choice([0.2, 1.0, 30.0]))
        if random.random() < 0.1:
            bench.lift()
        if random.random() < 0.05:
            bench.cut(lands=random.random() < 0.5)
        bench.ask(m.ConfirmLog(1, bench.memory.head, 1, b""))
    bench.wait(60)
    ended = [entry for entry in bench.memory.log if entry.kind is m.EntryKind.ENDED]
    done = [entry for entry in ended if entry.result == m.MotionResult.DONE]
    motors = [moved for moved in bench.mechanics.trace if moved.target is not Place.HANDS]
    instants = {moved.at_ms for moved in motors}
    assert done, "the walk did something"
    assert all(entry.utc_ms in instants for entry in done)
    assert_left_once(bench)
    assert bench.mechanics.conserved()
