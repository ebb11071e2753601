"""A card that changed while a roll is in: medicine that was never packed leaves its dose, so that the sachet
of the rest is as good as it was (rule 1).

Looked at for every dose that nothing has happened to yet, against the roll in its robot. Where a sachet holds
exactly a part of what its time asks for, that part is the dose, and the rest becomes the next part of its
slot: of its own, without a sachet, given by hand. A new roll that holds all of it makes them one dose again.
A sachet that holds anything else is held as ever (S3). Pure; `decide` asks it after `planning`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import combinations

from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.ids import dose_id
from scheduler.kept import kept
from scheduler.plan import Content, DosePlan, Plan, Portion
from scheduler.replacing import replace
from scheduler.roll import Roll, sachet_for, same_medicine
from scheduler.window import window
from scheduler.world import Dose, Setting, World

PORTIONS_MAX = 10
"""More in one dose than this is left whole: no sachet holds more, and each doubles the ways to part it."""


def repacked(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """The doses of one resident whose parts no longer follow their sachets."""
    if not world.clock.trusted:
        return []
    for serial in setting.robots:
        robot = world.robot(serial)
        for resident in setting.served[serial]:
            roll, plan, known = (
                robot.rolls.get(resident),
                world.plans.get(resident),
                world.planned.get(resident),
            )
            here = roll is not None and robot.status is not None and not roll.as_needed
            if not here or plan is None or known is None or known.version != plan.plan_version:
                continue
            assert roll is not None and robot.status is not None
            if robot.status.production_id == roll.production_id:
                events = _repacked(world, setting, roll, plan, now)
                if events:
                    return events
    return []


def _repacked(world: World, setting: Setting, roll: Roll, plan: Plan, now: datetime) -> Sequence[ev.Event]:
    events: list[ev.Event] = []
    for together, packed in _to_be_parted(world.doses, roll, setting):
        whole = [portion for dose in together for portion in dose.plan.portions]
        rest = [portion for portion in whole if portion not in packed]
        first, *others = [dose.plan for dose in together]
        events.append(_planned(world, setting, first, packed, plan, now))
        if rest:
            second = others[0] if others else _next_part(world, first)
            events.append(_planned(world, setting, second, rest, plan, now))
        gone = others[1:] if rest else others
        events += [ev.DoseWithdrawn(now, each.dose_id, plan.plan_version) for each in gone]
    return events


@kept(8)
def _to_be_parted(
    doses: Mapping[str, Dose], roll: Roll, setting: Setting
) -> Sequence[tuple[Sequence[Dose], Sequence[Portion]]]:
    """Parts of one slot at one time, none of which is what their sachet holds, and what it holds of them."""
    found = []
    for together in _together(doses, roll):
        whole = [portion for dose in together for portion in dose.plan.portions]
        packed = _packed(roll, setting, together[0].plan, whole)
        if packed is not None and all({*packed} != {*dose.plan.portions} for dose in together):
            found.append((together, packed))
    return found


def _together(doses: Mapping[str, Dose], roll: Roll) -> Sequence[Sequence[Dose]]:
    """Those that nothing has happened to, each in the order of their numbers."""
    groups: dict[tuple[object, ...], list[Dose]] = {}
    for dose in doses.values():
        plan = dose.plan
        if plan.resident == roll.resident and not plan.as_needed and not plan.surplus:
            groups.setdefault((plan.day, plan.slot, plan.opens), []).append(dose)
    return [
        sorted(group, key=lambda dose: _part(dose.plan))
        for group in groups.values()
        if all(_untouched(dose) for dose in group)
    ]


def _untouched(dose: Dose) -> bool:
    decided = bool(dose.token or dose.discard or dose.uncounted or dose.lost)
    return dose.stage is Stage.PLANNED and dose.attempts == 0 and dose.outcome is None and not decided


def _packed(
    roll: Roll, setting: Setting, first: DosePlan, whole: Sequence[Portion]
) -> Sequence[Portion] | None:
    """Which of these the sachet of this time holds, exactly; None where it holds anything else."""
    sachet = sachet_for(roll, first.day, setting.local.local(first.opens))
    if sachet is None or len(whole) > PORTIONS_MAX:
        return None
    for count in range(len(whole), 0, -1):
        for some in combinations(whole, count):
            if same_medicine(_content(some), sachet.content):
                return some
    return None


def _content(portions: Sequence[Portion]) -> frozenset[Content]:
    total: dict[tuple[str, str, str], Content] = {}
    for one in (portion.content for portion in portions):
        key = (one.drug, one.strength, one.unit)
        so_far = total.get(key)
        total[key] = one if so_far is None else replace(one, quantity=so_far.quantity + one.quantity)
    return frozenset(total.values())


def _planned(
    world: World, setting: Setting, dose: DosePlan, portions: Sequence[Portion], plan: Plan, now: datetime
) -> ev.DosePlanned:
    catalogue, limits = world.catalogue(setting), setting.limits
    drugs = [portion.content.drug for portion in portions]
    controlled = any(drug in catalogue.controlled for drug in drugs)
    length = min(limits.window, limits.controlled_window) if controlled else limits.window
    opens, half, closes = window(dose.opens, length)
    changed = replace(
        dose,
        opens=opens,
        half=half,
        closes=closes,
        portions=tuple(sorted(portions, key=lambda one: one.prescription_id)),
        critical=any(catalogue.is_critical(drug) for drug in drugs),
        controlled=controlled,
        plan_version=plan.plan_version,
    )
    return ev.DosePlanned(at=now, dose=changed)


def _next_part(world: World, first: DosePlan) -> DosePlan:
    part = 1 + max(_numbers(world, first))
    return replace(first, dose_id=dose_id(first.resident, first.day, first.slot, part))


def _numbers(world: World, first: DosePlan) -> Iterator[int]:
    """Of the parts of this slot, sachets and others."""
    for dose in world.doses.values():
        plan = dose.plan
        if (plan.resident, plan.day, plan.slot) == (first.resident, first.day, first.slot):
            yield _part(plan)


def _part(plan: DosePlan) -> int:
    return int(plan.dose_id.rpartition("/")[2])
