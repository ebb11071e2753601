"""Random days against the pure core: whatever happens in whatever order, what the witness watches holds.

A seed is a few days of presses, lifts, crashes, power cuts, broken lines, wrong clocks, changed cards and
people who take, give, decide and close. `RANDOM_DAYS=300` runs that many seeds instead of a few; a failing
seed runs alone with `RANDOM_DAYS_SEED=17`, and tells its story with `RANDOM_DAYS_TRACE=1`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from scheduler import events as ev
from tests.support.pure_home import ROBOT
from tests.support.random_home import STAFF, RandomHome

SEEDS = int(os.environ.get("RANDOM_DAYS", "6"))
ONLY = os.environ.get("RANDOM_DAYS_SEED")
DAYS = 2
FIRST_DAYS = (date(2026, 11, 2), date(2026, 10, 24), date(2027, 3, 27))  # two of them before a clock change


def waits(home: RandomHome) -> None:
    spans = (1, 1, 5, 5, 20, 20, 60, 119, 300, 900, 1800, 3600)
    home.tell()  # the driver asks every few seconds: only a broken line makes a record late
    home.wait(timedelta(seconds=home.chance.choice(spans)))


def presses(home: RandomHome) -> None:
    age_ms = home.chance.choice([10, 10, 10, 59_000, 61_000])
    session = home.session if home.chance.random() < 0.95 else home.session - 1
    if home.connected:
        home.give(ev.Pressed(home.now, "SIM-0001", f"s{session}", age_ms))
        if home.chance.random() < 0.9:
            home.courier()


def robot_works(home: RandomHome) -> None:
    matter, motion = home.matter, home.matter.motion
    if not matter.powered or motion is None:
        home.courier()
        return
    if not motion.started:
        if home.now >= motion.order.expires or home.chance.random() < 0.05:
            matter.hello(home.now)
        else:
            matter.start(home.now)
    else:
        result, lands = home.chance.choices(
            [("done", True), ("not_moved", False), ("unclear", True), ("unclear", False)], [20, 2, 1, 1]
        )[0]
        matter.end(home.now, result, lands)
        if result != "done" and home.chance.random() < 0.5:
            matter.fault = "motor_stall"
    if home.chance.random() < 0.9:
        home.tell()
        home.courier()


def resident_comes(home: RandomHome) -> None:
    """The whole way, as on most days."""
    presses(home)
    for _ in range(6):
        robot_works(home)
        if home.chance.random() < home.trouble:
            home.chance.choice([line_breaks, power_cut, daemon_crashes, staff_takes, reformats, waits])(home)
            reconnects(home)
    lifts(home)


def lifts(home: RandomHome) -> None:
    if home.matter.tray and home.matter.motion is None:
        home.matter.lift(home.now)
        home.tell()


def line_breaks(home: RandomHome) -> None:
    if home.connected:
        home.lose()


def reconnects(home: RandomHome) -> None:
    if not home.connected:
        home.connect()
        home.courier()


def power_cut(home: RandomHome) -> None:
    matter, tray = home.matter, bool(home.matter.tray)
    if not matter.powered:
        return
    matter.cut(lands=home.chance.random() < 0.5)
    line_breaks(home)
    waits(home)
    if matter.tray and home.chance.random() < 0.3:
        matter.lift(home.now)
    matter.up(home.now, tray)
    reconnects(home)


def reformats(home: RandomHome) -> None:
    """Its log is lost, and with it what it had not told."""
    if home.chance.random() < 0.3:
        line_breaks(home)
        home.matter.log_id, home.matter.log, home.read = f"log-{home.now:%d%H%M%S}", [], 0


def daemon_crashes(home: RandomHome) -> None:
    home.crash()
    if home.chance.random() < 0.5:
        home.now += timedelta(seconds=home.chance.choice([1, 60, 3600, 10_000]))
    reconnects(home)


def clock_goes_wrong(home: RandomHome) -> None:
    for off in (home.chance.choice([timedelta(minutes=3), -timedelta(hours=1)]), timedelta(0)):
        home.clock_off = off
        if home.connected:
            home.give(home.clock_report())
        waits(home)
        presses(home)


def lock_changes(home: RandomHome) -> None:
    home.matter.lid_open = True
    home.tell()
    waits(home)
    presses(home)
    repairs(home)


def repairs(home: RandomHome) -> None:
    home.matter.lid_open, home.matter.fault = False, ""
    home.tell()
    home.courier()


def card_changes(home: RandomHome) -> None:
    home.offer(home.chance.choice([12, 13, None, 12]))


def journal_found_behind(home: RandomHome) -> None:
    """Somebody outside knows a head that the journal doesn't hold; a person may look into it at once."""
    keeper = home.chance.choice(["robot", "oncall"])
    home.give(ev.JournalFoundBehind(home.now, keeper, 1, f"{home.chance.getrandbits(256):064x}"))
    presses(home)
    incident = home.world.incident_about("journal")
    if incident is not None and home.chance.random() < 0.5:
        waits(home)
        home.take(home.world.incidents[incident.incident_id], "Anna")
        home.close(home.world.incidents[incident.incident_id])


def staff_takes(home: RandomHome) -> None:
    incidents = [i for i in home.world.incidents.values() if i.state is not ev.State.CLOSED]
    if incidents:
        home.take(home.chance.choice(incidents), home.chance.choice(STAFF))


def staff_closes(home: RandomHome) -> None:
    for incident in list(home.world.incidents.values()):
        if incident.owner and incident.state is not ev.State.CLOSED and home.chance.random() < 0.5:
            home.close(home.world.incidents[incident.incident_id])


def staff_gives(home: RandomHome) -> None:
    """By hand, only with the home's confirmation, in the window; they say so now or later."""
    for dose, by in home.witness.tokens.items():
        known = home.world.doses.get(dose)
        if known is None or dose in home.witness.given or not known.open_at(home.now):
            continue
        if known.token == by and home.chance.random() < 0.7:
            home.witness.given[dose] = home.now
            home.hands_full[dose] = by
    staff_says(home)


def staff_says(home: RandomHome) -> None:
    for dose, by in list(home.hands_full.items()):
        if home.chance.random() < 0.6 and home.decide(dose, ev.Verdict.GIVEN, by):
            del home.hands_full[dose]


def staff_gives_back(home: RandomHome) -> None:
    for dose, by in list(home.witness.tokens.items()):
        if dose not in home.witness.given and home.chance.random() < 0.3:
            home.decide(dose, ev.Verdict.NOT_GIVEN, by)


def staff_looks(home: RandomHome) -> None:
    """A person at the robot says truly what they found."""
    home.tell()
    for dose in list(home.world.doses.values()):
        where = "" if dose.plan.surplus else home.matter.where(home.witness.label(dose.dose_id))
        if dose.stage.value == "doubt":
            had = where == "hands"
            verdict = ev.Verdict.HAD_IT if had else ev.Verdict.NOT_GIVEN
            home.decide(dose.dose_id, verdict, home.chance.choice(STAFF))
        elif dose.stage.value == "held" or home.chance.random() < 0.02:
            home.decide(dose.dose_id, ev.Verdict.DISCARD, "Anna")
    home.courier()


def oncall_answers(home: RandomHome) -> None:
    home.receipts(share=home.chance.choice([0.3, 1.0]))


def robot_refuses(home: RandomHome) -> None:
    under_way = home.world.order_under_way()
    motion = home.matter.motion
    if under_way is None or motion is not None or not home.connected:
        return
    if under_way.session == home.world.robot(ROBOT).session and under_way.order.order_id != home.handled:
        home.handled = under_way.order.order_id
        home.refuse(under_way.order, home.chance.choice(["busy", "log_full", "too_soon", "label_mismatch"]))


MOVES: dict[Callable[[RandomHome], None], int] = {
    waits: 30,
    presses: 8,
    robot_works: 25,
    resident_comes: 20,
    lifts: 8,
    line_breaks: 3,
    reconnects: 12,
    power_cut: 2,
    daemon_crashes: 2,
    clock_goes_wrong: 3,
    lock_changes: 3,
    repairs: 6,
    card_changes: 1,
    journal_found_behind: 1,
    staff_takes: 4,
    staff_closes: 2,
    staff_gives: 4,
    staff_gives_back: 1,
    staff_looks: 4,
    oncall_answers: 10,
    robot_refuses: 1,
}


def put_in_order(home: RandomHome) -> None:
    """Somebody repairs everything, and all that is on its way arrives."""
    home.clock_off = timedelta(0)
    for _ in range(12):
        if not home.connected:
            home.connect()
        if home.connected:
            home.give(home.clock_report())
        for _ in range(4):
            robot_works(home)
        repairs(home)
        staff_looks(home)
        staff_says(home)
        home.receipts()
        home.wait(timedelta(minutes=6))


def a_few_days(seed: int) -> RandomHome:
    first = FIRST_DAYS[seed % len(FIRST_DAYS)]
    home = RandomHome(seed, first, DAYS)
    home.start()
    end = home.now + timedelta(days=DAYS)
    wild = home.chance.choice([0.05, 0.15, 0.5])
    home.trouble = wild / 5
    moves = list(MOVES)
    tame = {waits, robot_works, resident_comes, reconnects, oncall_answers, lifts, repairs}
    weights = [MOVES[move] if move in tame else MOVES[move] * wild for move in moves]
    while home.now < end:
        home.chance.choices(moves, weights)[0](home)
    put_in_order(home)
    home.witness.ends(home.world, home.matter, home.now, home.replayed)
    return home


@pytest.mark.parametrize("seed", [int(ONLY)] if ONLY else range(SEEDS))
@pytest.mark.timeout(600)
def test_whatever_happens_nobody_gets_a_dose_twice_and_nobody_is_forgotten(seed: int) -> None:
    a_few_days(seed)
