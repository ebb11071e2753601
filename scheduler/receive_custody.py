"""People's wishes about where a resident's medicine lives: move out, move in, take a magazine out, count it.

Each is carried out or refused with a reason code, and answered. A move is made of three words at two homes:
the new home asks, the old one lets go, the new one takes in. Only the answer to the newest asking is taken
in, and only once; an old home that let go writes the same bundle again for the same asking, and for no other.
So neither a crash between any two of them nor a bundle lost or read twice gives a resident two homes.

Not in force: an old home whose database is restored from before its letting go knows nothing of it. Robot and
on-call find that it is behind (rule 23), and it is locked until a person has looked into it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.care import not_ours, uncounted
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.double_feed import nobodys_yet
from scheduler.forecast import sachets_left
from scheduler.gate import being_given
from scheduler.given_elsewhere import BY_OTHERS
from scheduler.machines_of_custody import Where
from scheduler.receive_command import answer
from scheduler.roll import Roll, Sachet
from scheduler.world import Dose, Robot, RobotState, Setting, SideDose, World, robot_of

AT_REST = IN_MAGAZINE | {Stage.LIFTED, Stage.IN_STORE, Stage.OUT}
"""Where the sachet of a dose may be when it changes homes or robots: nobody is about to get it."""


def custody_changed(
    world: World, setting: Setting, fact: cmd.CustodyCommand, now: datetime
) -> Sequence[ev.Event]:
    """A named person's word, and the answer to it."""
    if fact.command_id in world.answered:
        return []
    refusal = "" if fact.by.strip() else "no_name"
    events: Sequence[ev.Event] = []
    if not refusal and not world.clock.trusted:
        refusal = "clock"  # rule 18
    if not refusal:
        match fact:
            case cmd.AskMove():
                refusal, events = _asked(world, setting, fact, now)
            case cmd.MoveOut():
                refusal, events = _out(world, setting, fact, now)
            case cmd.MoveIn():
                refusal, events = _in(world, setting, fact, now)
            case cmd.TakeOutMagazine():
                refusal, events = _taken_out(world, setting, fact, now)
            case cmd.CountSachets():
                refusal, events = _counted(world, setting, fact, now)
    return [*events, answer(setting, fact, refusal, now)]


def swapped(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Rule 24: a roll lies in a robot that the configuration no longer names for its resident. That robot has
    gone, or serves others: whatever was on the strip is uncounted until somebody says where it is."""
    return [
        ev.MagazineTakenOut(
            at=now, magazine=magazine_of(world, setting, robot, roll, now), why="swapped", by=""
        )
        for robot in world.robots.values()
        for resident, roll in robot.rolls.items()
        if robot.serial and setting.lives_here(resident)
        if setting.robot_for(resident, as_needed=roll.as_needed) != robot.serial
    ]


def magazine_of(world: World, setting: Setting, robot: Robot, roll: Roll, now: datetime) -> ev.Magazine:
    """What is left of one resident's strip. By the robot where its mouth is known; else all that nothing
    shows to have left it, and what was released and is not known to be out of the robot. So may be what lay
    beside another one (rule 7): somebody says where it is."""
    status = robot.status
    there = status is not None and status.production_id == roll.production_id
    read = there and status is not None and any(s.label == status.mouth_label for s in roll.sachets)
    on_strip = {sachet.label for sachet in sachets_left(robot)} if there else set()
    gone = {
        dose.label
        for dose in world.doses.values()
        if dose.plan.resident == roll.resident and dose.stage in AT_REST - IN_MAGAZINE
    }
    between = {
        dose.label
        for dose in world.doses.values()
        if dose.plan.resident == roll.resident and dose.stage not in AT_REST
    } | nobodys_yet(world, robot, roll.resident)
    return ev.Magazine(
        robot=robot.serial,
        resident=roll.resident,
        production_id=roll.production_id,
        left=tuple(
            _left(setting, sachet, as_needed=roll.as_needed)
            for sachet in roll.sachets
            if sachet.label in between
            or (sachet.label in on_strip if read else _may_be_there(setting, roll, sachet, gone, now))
        ),
    )


def _may_be_there(setting: Setting, roll: Roll, sachet: Sachet, gone: set[str], now: datetime) -> bool:
    late = setting.local.instant(sachet.local.date(), sachet.local.time()) + setting.limits.window
    return sachet.label not in gone and (roll.as_needed or late > now)


def _left(setting: Setting, sachet: Sachet, *, as_needed: bool) -> ev.LeftSachet:
    packed = setting.local.instant(sachet.local.date(), sachet.local.time())
    return ev.LeftSachet(sachet.label, sachet.local.date(), packed, sachet.content, as_needed)


Told = tuple[str, Sequence[ev.Event]]
"""The refusal, or the events."""


def _asked(world: World, setting: Setting, fact: cmd.AskMove, now: datetime) -> Told:
    if not setting.lives_here(fact.resident):
        return "unknown_resident", []
    if not not_ours(world, setting, fact.resident):
        return "here_already", []
    return "", [ev.MoveAsked(at=now, resident=fact.resident, move=fact.move, by=fact.by)]


def _out(world: World, setting: Setting, fact: cmd.MoveOut, now: datetime) -> Told:
    custody = world.custody.get(fact.resident)
    if custody is not None and custody.where is Where.GONE:
        same = custody.moved is not None and (custody.move, custody.moved.to_box) == (fact.move, fact.to_box)
        return ("" if same else "moved_out"), []  # the same bundle again
    refusal = _why_not_out(world, setting, fact)
    if refusal:
        return refusal, []
    moved = ev.ResidentMovedOut(
        at=now,
        resident=fact.resident,
        move=fact.move,
        from_box=setting.box,
        to_box=fact.to_box,
        number=(custody.number if custody else 0) + 1,
        by=fact.by,
        reason=fact.reason,
        carried=_carried(world, setting, fact.resident, now),
    )
    return "", [moved]


def _why_not_out(world: World, setting: Setting, fact: cmd.MoveOut) -> str:
    if not setting.lives_here(fact.resident):
        return "unknown_resident"
    if fact.to_box == setting.box:
        return "same_box"
    if world.behind:
        return "journal_behind"  # rule 23: what is lost can't be handed on
    theirs = [dose for dose in world.doses.values() if dose.plan.resident == fact.resident]
    if any(dose.order is not None or dose.stage not in AT_REST for dose in theirs):
        return "not_at_rest"
    if any(being_given(world, dose) or (dose.token and dose.outcome is None) for dose in theirs):
        return "with_staff"  # rule 5: its holder says first what they did, also of one that is settled
    if world.regime(fact.resident).leave is not None:
        return "leave_open"  # rule 22: what came back of it is counted where it was handed out
    if uncounted(world, fact.resident):
        return "uncounted"  # rule 24: a count is ended where it began
    return not_ours(world, setting, fact.resident)


def _carried(world: World, setting: Setting, resident: str, now: datetime) -> ev.Carried:
    regime = world.regime(resident)
    mode = pause = elsewhere = None
    if regime.mode is not ev.Mode.NORMAL:
        mode = ev.ModeSet(now, resident, regime.mode, regime.review, regime.by, "moved", "home")
    if regime.pause is not None:
        away = regime.pause
        pause = ev.PauseBegun(now, resident, away.kind, away.until, away.by, "moved", "home")
    known, planned = world.elsewhere.get(resident), world.planned.get(resident)
    if known is not None:
        elsewhere = ev.ElsewhereRead(now, resident, known.read or known.known_to, known.given, known.either)
    return ev.Carried(
        plan=world.plans.get(resident),
        confirmed=world.confirmed.get(resident),
        doses=tuple(_dose(world, d) for d in _with_history(world, resident)),
        sides=tuple(_side(side) for side in world.sides.values() if side.plan.resident == resident),
        habits=tuple(
            ev.PastDose(past.opens, past.dose_id, past.part, past.did.value)
            for past in world.habits.get(resident, ())
        ),
        magazine=_magazine(world, setting, resident, setting.robot_of(resident), now),
        beside=_magazine(world, setting, resident, setting.robot_for(resident, as_needed=True), now)
        if setting.has_two(resident)
        else None,
        mode=mode,
        pause=pause,
        elsewhere=elsewhere,
        planned_to=planned.to if planned is not None else None,
        named=tuple(ev.NamedSince(*each) for each in sorted(world.named.get(resident, {}).items())),
        said=known.said if known is not None else (),
    )


def _magazine(
    world: World, setting: Setting, resident: str, serial: str, now: datetime
) -> ev.Magazine | None:
    robot = world.robot(serial)
    roll = robot.rolls.get(resident)
    return magazine_of(world, setting, robot, roll, now) if roll is not None else None


def _with_history(world: World, resident: str) -> Sequence[Dose]:
    """What nobody waits for is a matter of its magazine alone."""
    return [
        dose
        for dose in world.doses.values()
        if dose.plan.resident == resident and not (dose.plan.surplus and dose.stage in IN_MAGAZINE)
    ]


def _dose(world: World, dose: Dose) -> ev.CarriedDose:
    """Of what is still in the magazine only the sachet goes along, and that is to be counted; what became of
    the others is known."""
    incident = world.incident_about(f"dose:{dose.dose_id}")
    stage = Stage.PLANNED if dose.stage in IN_MAGAZINE else dose.stage
    resolved = incident is not None and incident.state is ev.State.CLOSED and not incident.cleared
    return ev.CarriedDose(
        plan=dose.plan,
        stage=stage.value,
        offered=dose.offered,
        outcome=dose.outcome,
        lifted=dose.had_before or dose.lifted,
        attempts=dose.attempts,
        releases=dose.releases,
        discard=dose.discard,
        lost=dose.lost,
        resolved=resolved,
        along=dose.along,
        changed=dose.changed,
        contradicted=dose.contradicted,
        beside_it=dose.beside_it,
        presented=dose.presented,
        double_looked_into=dose.double_looked_into,
        left_to_others=resolved and incident is not None and incident.detail in BY_OTHERS,
    )


def _side(side: SideDose) -> ev.CarriedDose:
    return ev.CarriedDose(
        plan=side.plan,
        stage=Stage.PLANNED.value,
        offered=side.due,
        outcome=side.outcome,
        lifted=None,
        attempts=0,
        releases=0,
        discard="",
        lost=False,
        resolved=False,
        along=False,
        changed=0,
    )


def _in(world: World, setting: Setting, fact: cmd.MoveIn, now: datetime) -> Told:
    moved = fact.moved
    custody = world.custody.get(moved.resident)
    if not setting.lives_here(moved.resident):
        return "unknown_resident", []
    if moved.to_box != setting.box:
        return "other_box", []
    if custody is None or custody.where is Where.GONE:
        return "not_asked", []
    if custody.where is Where.HERE:
        return "read_before" if custody.move == moved.move else "here_already", []
    if custody.move != moved.move or moved.number <= custody.number:
        return "older_bundle", []
    carried, resident = moved.carried, moved.resident
    events: list[ev.Event] = []
    if carried.plan is not None:
        events.append(ev.PlanAccepted(at=now, plan=carried.plan))
    events.append(
        ev.ResidentMovedIn(
            at=now,
            resident=resident,
            move=moved.move,
            from_box=moved.from_box,
            number=moved.number,
            by=fact.by,
            confirmed=carried.confirmed,
            doses=carried.doses,
            sides=carried.sides,
            habits=carried.habits,
            planned_to=carried.planned_to,
            named=carried.named,
        )
    )
    events += [each for each in (carried.mode, carried.pause, carried.elsewhere) if each is not None]
    events += carried.said
    for magazine in (carried.magazine, carried.beside):
        if magazine is not None and magazine.left:
            events.append(ev.MagazineTakenOut(at=now, magazine=magazine, why="moved", by=fact.by))
    return "", [_dated(each, now) for each in events]


def _dated(event: ev.Event, now: datetime) -> ev.Event:
    return replace(event, at=now)


def _taken_out(world: World, setting: Setting, fact: cmd.TakeOutMagazine, now: datetime) -> Told:
    robot = world.robots.get(fact.robot)
    if robot is None or not robot.rolls:
        return "no_roll", []
    there = [dose for dose in world.doses.values() if robot_of(setting, dose) == fact.robot]
    if any(dose.order is not None or dose.stage not in AT_REST for dose in there):
        return "not_at_rest", []
    return "", [
        ev.MagazineTakenOut(now, magazine_of(world, setting, robot, roll, now), "swapped", fact.by)
        for roll in robot.rolls.values()
    ]


def _counted(world: World, setting: Setting, fact: cmd.CountSachets, now: datetime) -> Told:
    left = {sachet.label: sachet for sachet in uncounted(world, fact.resident)}
    missing = {s.label: s for count in world.counts.get(fact.resident, ()) for s in count.missing}
    if not left and not missing:
        return "nothing_to_count", []
    known = missing | left
    if not fact.labels or not set(fact.labels) <= known.keys():
        return "label_not_left", []
    if fact.place == "robot":
        for as_needed in (False, True):
            labels = {label for label in fact.labels if known[label].as_needed is as_needed}
            serial = setting.robot_for(fact.resident, as_needed=as_needed)
            refusal = _not_in_robot(world, fact.resident, serial, labels) if labels else ""
            if refusal:
                return refusal, []
    return "", [ev.SachetsCounted(now, fact.resident, fact.labels, fact.place, fact.by)]


def _not_in_robot(world: World, resident: str, serial: str, labels: Collection[str]) -> str:
    """What is counted into a robot must be in the roll that was put in there, and on the strip it shows."""
    robot = world.robot(serial)
    roll = robot.rolls.get(resident)
    if robot.state is not RobotState.READY or robot.status is None:
        return "robot_unreachable"
    if roll is None or roll.production_id != robot.status.production_id:
        return "no_roll"
    there = {sachet.label for sachet in sachets_left(robot)}
    return "" if set(labels) <= there else "not_in_roll"
