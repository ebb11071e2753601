"""Medicine that was added after the sachet was packed: a part of its own (rule 1).

It knows what lies packed (the roll that was put in, by which card) and since which card each prescription is
named. `planning` asks it of each date, after `expand` has said what belongs together; `refill` of the dates
beyond. Pure.

A dose whose sachet holds exactly its medicine less what a newer card added keeps its id with that rest, and
the robot offers it (S3). What was added becomes the next part of the slot: *loose*, no sachet holds it, and a
person gives it. A roll that holds them together makes one dose of them again. Whatever else is wrong with a
sachet is no part of its own, and is held at the label: above all one that lacks what its own card named.

Policies (2026-11-23):
- A dose that somebody may have had a part of is neither divided nor made whole: touched ones stand as they
  were planned, and so does one that the lost end of a journal may tell of.
- Beside a dose that stands (due, released, had) medicine added after its sachet is loose as well: what lies
  at the mouth is that dose's, and another part would be held for it.
- Where the sachet's own dose was stopped, what was loose stays so; nobody waits for that sachet (`surplus`).
- Medicine with no sachet near its time at all is an ordinary dose: its roll was packed before that time was
  asked for, and staff hear that it is missing from it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from scheduler.ids import dose_id
from scheduler.plan import Content, DosePlan, Plan, Portion
from scheduler.replacing import replace
from scheduler.roll import Roll, sachet_for, same_medicine
from scheduler.window import LocalTime
from scheduler.world import Setting, World

Make = Callable[[DosePlan, Sequence[Portion]], DosePlan]
"""The same dose with these portions, and with all that follows from what they are."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One resident's roll, and the card version that first named each prescription of the card in force."""

    roll: Roll
    named: Mapping[str, int]
    local: LocalTime

    def sachet(self, dose: DosePlan) -> frozenset[Content] | None:
        found = sachet_for(self.roll, dose.day, self.local.local(dose.opens))
        return None if found is None else found.content

    def label(self, dose: DosePlan) -> str:
        found = sachet_for(self.roll, dose.day, self.local.local(dose.opens))
        return "" if found is None else found.label

    def added(self, portion: Portion) -> bool:
        """Whether no card before the roll's own named it."""
        return self.named.get(portion.prescription_id, 0) > self.roll.card_version


def packed(world: World, setting: Setting, resident: str) -> Packed | None:
    """What was put in for them; None: nothing, as far as this home knows."""
    roll = world.robot(setting.robot_of(resident)).rolls.get(resident)
    return None if roll is None else Packed(roll, world.named.get(resident, {}), setting.local)


def named(world: World, plan: Plan) -> Mapping[str, Mapping[str, int]]:
    """`World.named` once this card is in force. Of the first card nobody knows since when it names what it
    names; one that leaves a prescription out ends what was known of it."""
    before = world.named.get(plan.resident, {})
    version = plan.card_version if plan.resident in world.named else 0
    on_card = [one.prescription_id for one in plan.prescriptions]
    on_card += [one.prescription_id for one in plan.refused]
    return {**world.named, plan.resident: {each: before.get(each, version) for each in on_card}}


def in_parts(
    doses: Sequence[DosePlan],
    known: Collection[DosePlan],
    fixed: Collection[str],
    there: Packed | None,
    make: Make,
) -> tuple[DosePlan, ...]:
    """`doses` of one date, as `expand` has them, each with what its sachet holds. `known`: what was planned
    for the date; `fixed`: what of it stands as it was planned."""
    before = {dose.dose_id for dose in known if dose.loose}
    free = [dose for dose in doses if dose.dose_id not in fixed]
    wholes = [dose for dose in free if dose.dose_id not in before]
    parts = [dose for dose in free if dose.dose_id in before]
    standing = [dose for dose in known if dose.dose_id in fixed and not dose.loose]
    used = {dose.dose_id for dose in (*doses, *known)}
    found = [_as_known(dose, before) for dose in doses if dose.dose_id in fixed]
    for whole in wholes:
        mine = [part for part in parts if _whole_of(part, wholes) is whole]
        parts = [part for part in parts if part not in mine]
        found += _divided(whole, mine, standing, there, make, used)
    found += [_alone(part, standing, there) for part in parts]
    return tuple(sorted(found, key=lambda dose: dose.opens))


def _as_known(dose: DosePlan, before: Collection[str]) -> DosePlan:
    return loosened(dose) if dose.dose_id in before else dose


def _whole_of(part: DosePlan, wholes: Iterable[DosePlan]) -> DosePlan | None:
    """The dose that it would be swallowed with: of its time, and of its slot if there are several."""
    there = [whole for whole in wholes if whole.opens == part.opens]
    return min(there, key=lambda whole: (whole.slot != part.slot, whole.dose_id), default=None)


def _divided(
    whole: DosePlan,
    parts: Sequence[DosePlan],
    standing: Iterable[DosePlan],
    there: Packed | None,
    make: Make,
    used: set[str],
) -> list[DosePlan]:
    """The dose with its parts, as one or as the sachet has it."""
    if parts:
        whole = make(whole, _sorted([*whole.portions, *(one for part in parts for one in part.portions)]))
    sachet = there.sachet(whole) if there is not None else None
    if there is None or sachet is None:
        return [whole]
    added = [portion for portion in whole.portions if there.added(portion)]
    if not added:
        return [whole]
    if len(added) == len(whole.portions):
        return [loosened(whole) if _beside(whole, standing, there) else whole]
    rest = make(whole, [portion for portion in whole.portions if portion not in added])
    if not same_medicine(sachet, rest.content):
        return [whole]
    return [rest, *_loose(rest, added, parts, make, used)]


def _loose(
    rest: DosePlan, added: Sequence[Portion], parts: Sequence[DosePlan], make: Make, used: set[str]
) -> list[DosePlan]:
    """What was a part before keeps its id; what is new joins the first of them, or begins one."""
    mine: dict[str, list[Portion]] = {}
    for portion in added:
        part = next((one for one in parts if portion in one.portions), None)
        mine.setdefault(part.dose_id if part else "", []).append(portion)
    new = mine.pop("", [])
    if new:
        first = min(mine, default="") or _next_part(rest, used)
        used.add(first)
        mine.setdefault(first, []).extend(new)
    slots = {part.dose_id: part.slot for part in parts}
    return [
        loosened(make(_renamed(rest, key, slots.get(key, rest.slot)), _sorted(portions)))
        for key, portions in mine.items()
    ]


def _alone(part: DosePlan, standing: Iterable[DosePlan], there: Packed | None) -> DosePlan:
    """What was loose, with no dose ahead that its sachet could be of."""
    if there is None or not all(there.added(portion) for portion in part.portions):
        return part
    sachet = there.sachet(part)
    its_own = sachet is not None and same_medicine(sachet, part.content)
    return part if its_own and not _at_its_sachet(part, standing, there) else loosened(part)


def _beside(dose: DosePlan, standing: Iterable[DosePlan], there: Packed) -> bool:
    """Whether the sachet of its time is that of a dose that stands, and holds just that one's medicine."""
    sachet = there.sachet(dose)
    return sachet is not None and any(
        one.opens == dose.opens and same_medicine(sachet, one.content)
        for one in _at_its_sachet(dose, standing, there)
    )


def _at_its_sachet(dose: DosePlan, standing: Iterable[DosePlan], there: Packed) -> list[DosePlan]:
    return [one for one in standing if there.label(one) == there.label(dose)]


def loosened(dose: DosePlan) -> DosePlan:
    return replace(dose, loose=True)


def _sorted(portions: Iterable[Portion]) -> list[Portion]:
    return sorted(portions, key=lambda one: one.prescription_id)


def _next_part(dose: DosePlan, used: Collection[str]) -> str:
    """The id of the slot's next part on that date; never one that was planned for it before."""
    slot = dose.dose_id.rpartition("/")[0]
    numbers = [int(key.rpartition("/")[2]) for key in used if key.rpartition("/")[0] == slot]
    return dose_id(dose.resident, dose.day, dose.slot, 1 + max(numbers))


def _renamed(dose: DosePlan, key: str, slot: str) -> DosePlan:
    return replace(dose, dose_id=key, slot=slot)
