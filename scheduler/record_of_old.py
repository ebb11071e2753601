"""Shapes in which earlier versions journalled what is shaped otherwise today.

A journal is never rewritten: its chain is over what was written. So each shape that ever was is brought up
to today's when it is read, and the world that comes of it is the one that today's importer would make of the
same card: a restart on a new version must not take the card in force for another one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scheduler import events as ev
from scheduler.dosage import Limit
from scheduler.outbox import Plain, PlainValue
from scheduler.plan import DosePlan, Plan, Prescription, RefusedPrescription
from scheduler.roll import Beside, Roll


def brought_up(kind: type, plain: Plain) -> Plain:
    """`plain` in today's shape, or as it is where no earlier version wrote it so."""
    fields, bring_up = SHAPES.get(kind, (frozenset[str](), dict))
    plain = bring_up(plain) if plain.keys() == fields else plain
    return {**ADDED[kind], **plain} if kind in ADDED else plain


def _prescription_of_daily_dosages(plain: Plain) -> Plain:
    """Until 2026-11: the unit beside a row of `first, last, every_days, intakes`."""
    kept = {name: plain[name] for name in ("prescription_id", "drug", "strength")}
    dosages = plain["dosages"]
    periods = [_period(dosage) for dosage in dosages] if isinstance(dosages, list) else dosages
    return {**kept, "dosage": {"unit": plain["unit"], "periods": periods}}


def _period(dosage: PlainValue) -> PlainValue:
    if not isinstance(dosage, dict) or dosage.keys() != {"first", "last", "every_days", "intakes"}:
        return dosage  # the reader says what is wrong with it
    intakes = dosage["intakes"]
    day: Plain = {
        "number": 1,
        "intakes": [_intake(one) for one in intakes] if isinstance(intakes, list) else intakes,
    }
    dates = {name: dosage[name] for name in ("first", "last", "every_days")}
    return {**dates, "days": [day], "limit": None, "text": ""}


def _intake(intake: PlainValue) -> PlainValue:
    if not isinstance(intake, dict) or intake.keys() != {"quantity", "part", "clock"}:
        return intake
    return {**intake, "maximal": None, "as_needed": False}


def _plan_without_refused(plain: Plain) -> Plain:
    """Until 2026-11 a card with one prescription that no machine may carry out was refused whole."""
    return {**plain, "refused": []}


def _beside_without_label(plain: Plain) -> Plain:
    """Until 2026-11-24 of what lay beside only the content was kept."""
    return {"label": "", "content": [plain]}


SHAPES: Mapping[type, tuple[frozenset[str], Callable[[Plain], Plain]]] = {
    Plan: (frozenset({"resident", "card_version", "plan_version", "prescriptions"}), _plan_without_refused),
    Prescription: (
        frozenset({"prescription_id", "drug", "strength", "unit", "dosages"}),
        _prescription_of_daily_dosages,
    ),
    Beside: (frozenset({"drug", "strength", "quantity", "unit"}), _beside_without_label),
}

ADDED: Mapping[type, Plain] = {
    # 2026-11-23: a home may have several robots; before that each of these was about the only one
    ev.RobotLost: {"robot": ""},
    ev.RobotLogBroken: {"robot": ""},
    ev.RobotRejected: {"robot": ""},
    ev.RobotReported: {"robot": ""},
    ev.RobotLogged: {"robot": ""},
    ev.RobotDumped: {"robot": ""},
    ev.MotionAdopted: {"robot": ""},
    ev.PressSpent: {"robot": "", "resident": "", "dose_id": ""},
    ev.ClockDoubted: {"robot": ""},
    ev.RollLoaded: {"robot": ""},
    # and a press may say whose it is, and more than take: until then a robot had one button
    ev.Pressed: {"resident": "", "staff": "", "tag": "", "answer": "take", "helper": None},
    ev.RobotIdentified: {"answers": False, "take_along": False},
    ev.Order: {"take_along": False},
    Roll: {"as_needed": False},
    # a most was of 24 h alone
    Limit: {"period_h": None, "per_period": None, "times_per_period": None},
    # until then no medicine was controlled, and no outage was told
    DosePlan: {"controlled": False, "loose": False},
    ev.Carried: {"named": [], "said": []},
    ev.ResidentMovedIn: {"named": []},
    # and what a card named no more had ended
    Plan: {"missing": []},
    RefusedPrescription: {"drug": ""},
    ev.DoseDue: {"outage": False},
    ev.CarriedDose: {
        "beside_it": [],
        "presented": None,
        "double_looked_into": False,
        "left_to_others": False,
    },
    # 2026-11-24: a helper has a tag of their own; before that they pressed as the resident
    ev.OrderIssued: {"helper": None},
    ev.DoseDeclined: {"helper": None},
    ev.AnswerTakenBack: {"helper": None},
    ev.OutcomeRecorded: {"helper": None},
    # 2026-11-24: what may have been as needed was forgotten with the card that said so
    ev.ElsewhereRead: {"either": []},
}
"""Fields that were added since, with what a row without them means."""
