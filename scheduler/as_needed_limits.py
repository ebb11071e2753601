"""How much medicine as needed may be had, and when next (rule 8, S1). Counts medicine and people, not ids.

It knows the plan's limits, what this home released and what was given elsewhere. `gate` asks it before each
release and send, `as_needed` when the resident asks.

Policies (2026-11-23):
- Without a most per 24 h or per another period (units or intakes) no machine releases it: a gap alone bounds
  nothing. Where the card names several, each holds.
- Where the card names no least gap, it is half of 24 h over the intakes that fit into them, as between
  planned doses (S2); of the other period where it names no most for 24 h.
- The gap holds to every dose of the prescription, a fixed one too, and also before a fixed one that waits:
  else the next fixed dose would come too soon or not at all.
- Limits are over any 24 h, or any such period, never over a calendar day or week. In doubt counts as given
  (rule 6), and so does what a person may be giving by hand.
- Of two sachets that left the strip together the second one counts as had with the first, wherever that one
  went from where somebody could reach it: nobody waits for it, so nobody decides about it (rule 7).
- What was given elsewhere counts, and keeps its gap to a fixed dose of the prescription, too. Where a person
  has said that it was a fixed dose it keeps the gap alone, but for what is more than that dose asks for
  (2026-11-24). Once that knowledge is older than the gap, a person is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from scheduler.dosage import ANY_DAY, Intake, Limit, Period
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.events import ElsewhereSaid, Outcome, Which
from scheduler.given_elsewhere import Near, of_date, words
from scheduler.plan import DosePlan, Prescription
from scheduler.remembered import Elsewhere
from scheduler.timing import dates
from scheduler.world import Dose, SideDose, World

DAY = timedelta(hours=24)

HAD = frozenset(
    {
        Outcome.RETRIEVED,
        Outcome.CONFIRMED,
        Outcome.WITNESSED,
        Outcome.GIVEN_BY_STAFF,
        Outcome.TAKEN_ALONG,
        Outcome.UNCERTAIN,
    }
)

NO_LIMIT, UNKNOWN_ELSEWHERE, LOST_HERE = "no_limit", "elsewhere_unknown", "journal_behind"
TOO_SOON, FIXED_SOON, LIMIT_REACHED = "asked_too_soon", "fixed_dose_soon", "limit_reached"


@dataclass(frozen=True, slots=True)
class Answer:
    """`reason` "" = it may be had now; `possible`: from when, where a time can be told."""

    reason: str = ""
    possible: datetime | None = None


@dataclass(frozen=True, slots=True)
class Had:
    at: datetime
    quantity: Decimal
    as_needed: bool


def as_needed_period(prescription: Prescription, day: date) -> Period | None:
    """The period of this date in which it may be had as needed."""
    return next(
        (
            period
            for period in prescription.dosage.periods
            if period.first <= day and (period.last is None or day <= period.last) and _needed(period, day)
        ),
        None,
    )


def as_needed_intakes(prescription: Prescription, day: date) -> tuple[Intake, ...]:
    """What may be had as needed on this date, and at which times."""
    period = as_needed_period(prescription, day)
    return () if period is None else _needed(period, day)


def _needed(period: Period, day: date) -> tuple[Intake, ...]:
    ordinal = day.toordinal()
    return tuple(
        intake
        for one in period.days
        if one.number == ANY_DAY or ordinal in dates(period, one)
        for intake in one.intakes
        if intake.as_needed
    )


def may_be_had(
    world: World, resident: str, prescription: Prescription, quantity: Decimal, day: date, now: datetime,
    besides: str = "",
) -> Answer:  # fmt: skip
    """Whether this much may be had now, on the local date `day`, `besides` one dose that is under way."""
    period = as_needed_period(prescription, day)
    if period is None:
        return Answer("no_plan")
    limit = period.limit
    bounds = _bounds(limit) if limit is not None else ()
    if limit is None or not bounds:
        return Answer(NO_LIMIT)
    gap = least_gap(limit, quantity)
    known = world.elsewhere.get(resident)
    if _lost(world, known, bounds, now):
        return Answer(LOST_HERE)
    if known is None or now - known.known_to > gap:
        return Answer(UNKNOWN_ELSEWHERE)
    had = sorted(_had(world, resident, prescription.prescription_id, besides), key=lambda each: each.at)
    early = _too_soon(had, gap, now) or _before_fixed(world, resident, prescription, gap, now)
    refused = [early, *(_too_much(had, bound, quantity, now) for bound in bounds)]
    return _latest([each for each in refused if each is not None])


@dataclass(frozen=True, slots=True)
class _Bound:
    """The most of any `span`."""

    span: timedelta
    units: Decimal | None
    times: int | None


def _bounds(limit: Limit) -> tuple[_Bound, ...]:
    """Of 24 h first."""
    found = []
    if limit.per_day is not None or limit.times is not None:
        found.append(_Bound(DAY, limit.per_day, limit.times))
    if limit.period_h is not None and (limit.per_period is not None or limit.times_per_period is not None):
        found.append(_Bound(timedelta(hours=limit.period_h), limit.per_period, limit.times_per_period))
    return tuple(found)


def _latest(refused: list[Answer]) -> Answer:
    """The one that stands longest: before its time none of the others matters."""
    never = next((each for each in refused if each.possible is None), None)
    if never is not None or not refused:
        return never or Answer()
    return max(refused, key=lambda each: each.possible or datetime.max.replace(tzinfo=UTC))


def _lost(world: World, known: Elsewhere | None, bounds: Sequence[_Bound], now: datetime) -> bool:
    """Rule 23: what was had as needed in a lost part of this journal has no planned dose to be in doubt. As
    long as it could count, a person is asked once."""
    lost = world.lost_before
    if lost is None or now - lost > max(bound.span for bound in bounds):
        return False
    return known is None or known.asked is None or known.asked < lost


def least_gap(limit: Limit, quantity: Decimal) -> timedelta:
    """Between two of them."""
    if limit.gap_min is not None:
        return timedelta(minutes=limit.gap_min)
    bound = _bounds(limit)[0]
    times = bound.times
    if times is None:
        assert bound.units is not None
        times = max(1, int(bound.units / quantity))
    return bound.span / times / 2


def free_of_as_needed(world: World, plan: DosePlan) -> Iterator[datetime]:
    """From when a fixed dose keeps the least gap to what was had as needed of its prescriptions, and to what
    others gave of those: whichever of the two that was."""
    card = world.plans.get(plan.resident)
    for prescription in card.prescriptions if card is not None else ():
        limit = _limit_near(prescription, plan.day)
        about = prescription.prescription_id
        if about not in plan.prescriptions or limit is None:
            continue
        had = _had(world, plan.resident, about, plan.dose_id)
        yield from (each.at + least_gap(limit, each.quantity) for each in had if each.as_needed)


def gap_near(world: World, plan: DosePlan, prescription_id: str, quantity: Decimal) -> timedelta | None:
    """The least gap that this much of a prescription, had as needed, keeps to a fixed dose of it; None where
    the card bounds nothing."""
    card = world.plans.get(plan.resident)
    every = card.prescriptions if card is not None else ()
    about = next((one for one in every if one.prescription_id == prescription_id), None)
    limit = _limit_near(about, plan.day) if about is not None else None
    return least_gap(limit, quantity) if limit is not None else None


def _limit_near(prescription: Prescription, day: date) -> Limit | None:
    """Of this date, or of any other that has one: what was had late on the date before counts, too."""
    near = as_needed_period(prescription, day)
    periods = [near] if near is not None else [one for one in prescription.dosage.periods if one.as_needed]
    limits = [one.limit for one in periods if one.limit is not None]
    return next((one for one in limits if one.gap_min is not None or _bounds(one)), None)


def remembered(world: World, resident: str) -> timedelta:
    """How far back what this resident had as needed still counts."""
    plan = world.plans.get(resident)
    limits = [
        period.limit.period_h
        for prescription in (plan.prescriptions if plan is not None else ())
        for period in prescription.dosage.periods
        if period.limit is not None and period.limit.period_h is not None
    ]
    return max([DAY, *(timedelta(hours=hours) for hours in limits)])


def _too_soon(had: list[Had], gap: timedelta, now: datetime) -> Answer | None:
    newest = had[-1].at if had else None
    return None if newest is None or now >= newest + gap else Answer(TOO_SOON, newest + gap)


def _before_fixed(
    world: World, resident: str, prescription: Prescription, gap: timedelta, now: datetime
) -> Answer | None:
    for dose in world.doses.values():
        plan = dose.plan
        shares = plan.resident == resident and prescription.prescription_id in plan.prescriptions
        waits = not plan.as_needed and dose.outcome is None and dose.stage is not Stage.LIFTED
        if shares and waits and plan.opens - gap < now < plan.closes:
            return Answer(FIXED_SOON, plan.opens + gap)
    return None


def _too_much(had: list[Had], bound: _Bound, quantity: Decimal, now: datetime) -> Answer | None:
    """Over any such span; possible again once enough of it lies further back."""
    lately = [each for each in had if each.as_needed and each.at > now - bound.span]
    for gone in range(len(lately) + 1):
        rest = lately[gone:]
        units = sum((each.quantity for each in rest), quantity)
        fits = bound.units is None or units <= bound.units
        if fits and (bound.times is None or len(rest) < bound.times):
            return Answer(LIMIT_REACHED, lately[gone - 1].at + bound.span) if gone else None
    return Answer(LIMIT_REACHED)


def _had(world: World, resident: str, prescription_id: str, besides: str) -> Iterator[Had]:
    for dose in world.doses.values():
        if dose.plan.resident == resident and dose.dose_id != besides and _counts(dose):
            quantity = dose.plan.quantity_of(prescription_id)
            if quantity:
                yield Had(dose.had_at, quantity, dose.plan.as_needed)
    yield from _beside(world, resident, prescription_id, besides)
    for side in world.sides.values():
        quantity = side.plan.quantity_of(prescription_id)
        if side.plan.resident == resident and quantity and side.outcome and side.outcome.outcome in HAD:
            yield Had(side.outcome.happened, quantity, False)
    known = world.elsewhere.get(resident)
    for each, word in words(known) if known is not None else ():
        if each.prescription_id != prescription_id:
            continue
        fixed = _of_the_dose(world, word, each.quantity)
        if fixed:
            yield Had(each.at, fixed, False)
        if each.quantity > fixed:
            yield Had(each.at, each.quantity - fixed, True)


def _of_the_dose(world: World, word: ElsewhereSaid | None, quantity: Decimal) -> Decimal:
    """How much of it was the fixed dose by a person's word: no more than that asks for, or any that the card
    has where it has left the world."""
    if word is None or word.which is not Which.FIXED:
        return Decimal(0)
    about = word.given.prescription_id
    dose = world.doses.get(word.dose_id) or world.sides.get(word.dose_id)
    if dose is not None:
        return min(quantity, dose.plan.quantity_of(about))
    card = world.plans.get(word.resident)
    asked = [
        intake.quantity
        for one in (card.prescriptions if card is not None else ())
        if one.prescription_id == about
        for period in one.dosage.periods
        for day in period.days
        for intake in day.intakes
        if not intake.as_needed
    ]
    return min(quantity, max(asked, default=quantity))


def amount_elsewhere(world: World, resident: str, prescription: str, day: date) -> Decimal:
    """What others gave, or may have given, of one prescription's doses of this date, in its unit. What may be
    either, and lies further than the least gap from its dose that was had here, was as needed (2026-11-24):
    nobody is asked about it, and a later dose of the date would be locked for good."""
    return sum(
        (one.given.quantity for one in of_date(world, resident, prescription, day) if not _apart(world, one)),
        Decimal(0),
    )


def _apart(world: World, one: Near) -> bool:
    dose = world.doses.get(one.dose.dose_id) or world.sides.get(one.dose.dose_id)
    settled = dose.outcome.outcome if dose is not None and dose.outcome is not None else None
    had = settled in HAD and settled is not Outcome.UNCERTAIN
    return one.which is None and dose is not None and had and not within_gap(world, dose, one)


def within_gap(world: World, dose: Dose | SideDose, one: Near) -> bool:
    """Whether others gave it within the least gap of a dose that was had here; or nobody can tell."""
    outcome = dose.outcome
    at = dose.had_at if isinstance(dose, Dose) else outcome.happened if outcome is not None else None
    gap = gap_near(world, dose.plan, one.given.prescription_id, one.given.quantity)
    return at is None or gap is None or abs(one.given.at - at) < gap


def _beside(world: World, resident: str, prescription_id: str, besides: str) -> Iterator[Had]:
    """Rule 7: what may have left the strip with another sachet, once that one was within reach. Whoever
    cleared the robot has looked before it came there; once it went back, the other may have been had."""
    card = world.plans.get(resident)
    drugs = [
        (one.drug, one.strength)
        for one in (card.prescriptions if card is not None else ())
        if one.prescription_id == prescription_id
    ]
    for dose in world.doses.values():
        within_reach = dose.presented is not None or dose.stage in (Stage.DOUBT, Stage.LIFTED, Stage.OUT)
        offered = dose.dose_id == besides and dose.stage is not Stage.HOLDING
        if dose.plan.resident == resident and within_reach and not offered:
            for content in [one for beside in dose.beside_it for one in beside.content]:
                if (content.drug, content.strength) in drugs:
                    yield Had(dose.had_at, content.quantity, True)


def _counts(dose: Dose) -> bool:
    """Had, in doubt, out of the magazine and not in the store, or a person may be giving it."""
    if dose.outcome is not None and dose.outcome.outcome in HAD:
        return True
    away = dose.stage in IN_MAGAZINE or dose.stage in (Stage.IN_STORE, Stage.OUT, Stage.PASSING)
    return bool(dose.token) or dose.lost or dose.contradicted or not away


def quantity_of(plan: DosePlan) -> tuple[str, Decimal]:
    """The one prescription of a dose as needed, and how much of it."""
    portion = plan.portions[0]
    return portion.prescription_id, portion.content.quantity
