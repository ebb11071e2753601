"""The plan's end, certificates and chores as causes: what raises an incident, and what clears it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import Dosage
from scheduler.plan import Prescription
from scheduler.upkeep import CHORE_FAILURES_MAX
from scheduler.window import LocalTime
from tests.support.pure_home import FIRST_DAY, RESIDENT, PureHome, prescriptions, setting, utc

LOCAL = LocalTime("Europe/Copenhagen")

HORIZON = f"horizon:{RESIDENT}"


def ending(last: date | None) -> tuple[Prescription, ...]:
    """Every dosage ends on that day."""
    return tuple(
        replace(
            each,
            dosage=replace(
                each.dosage, periods=tuple(replace(one, last=last) for one in each.dosage.periods)
            ),
        )
        for each in prescriptions()
    )


def offer(home: PureHome, version: int, content: tuple[Prescription, ...]) -> None:
    home.give(cmd.OfferPlan(RESIDENT, version, content, f"f{version}"))


def told(home: PureHome, subject: str) -> tuple[str, str] | None:
    incident = home.world.incident_about(subject)
    if incident is None or incident.state is ev.State.CLOSED:
        return None
    return incident.priority.name, incident.detail


# --- the plan's end ---------------------------------------------------------------------------------


def test_72_h_before_the_last_day_is_over_somebody_is_told_once_and_a_longer_card_clears_it(
    home: PureHome,
) -> None:
    last = FIRST_DAY + timedelta(days=5)
    offer(home, 2, ending(last))
    over = LOCAL.midnight(last + timedelta(days=1))
    home.until_at(over - timedelta(hours=72, seconds=1))
    assert told(home, HORIZON) is None
    home.until_at(over - timedelta(hours=72))
    assert told(home, HORIZON) == ("LOW", "ends_soon")
    home.until_at(over - timedelta(hours=30))
    raised = [e for e in home.journal if isinstance(e, ev.IncidentRaised) and e.incident.subject == HORIZON]
    assert len(raised) == 1
    offer(home, 3, ending(last + timedelta(days=14)))
    assert told(home, HORIZON) is None


def test_the_home_looks_by_itself_when_the_plan_comes_to_its_end() -> None:
    """At half past midnight, when nothing else is to be seen to."""
    home = PureHome(utc("07:50"), setting(plan_left=timedelta(hours=71, minutes=30)))
    home.start()
    last = FIRST_DAY + timedelta(days=5)
    offer(home, 2, ending(last))
    ends = LOCAL.midnight(last + timedelta(days=1))
    home.until_at(ends - timedelta(hours=60))
    raised = [e for e in home.journal if isinstance(e, ev.IncidentRaised) and e.incident.subject == HORIZON]
    assert [e.at for e in raised] == [ends - timedelta(hours=71, minutes=30)]


def test_a_plan_that_is_over_says_so(home: PureHome) -> None:
    offer(home, 2, ending(FIRST_DAY))
    assert told(home, HORIZON) == ("LOW", "ends_soon")
    home.until("00:00", day=2)
    assert told(home, HORIZON) == ("LOW", "ended")


def test_one_open_ended_prescription_is_a_plan_without_an_end(home: PureHome) -> None:
    first, *others = ending(FIRST_DAY)
    offer(home, 2, (first, *prescriptions()[1:]))
    assert others
    home.until("12:00", day=5)
    assert told(home, HORIZON) is None


NOTHING = Dosage("tablet", ())


@pytest.mark.parametrize("content", [(), tuple(replace(each, dosage=NOTHING) for each in prescriptions())])
def test_an_empty_plan_is_said_in_other_words(home: PureHome, content: tuple[Prescription, ...]) -> None:
    offer(home, 2, content)
    assert told(home, HORIZON) == ("LOW", "nothing_planned")
    offer(home, 3, prescriptions())
    assert told(home, HORIZON) is None


def test_a_clock_nobody_trusts_neither_raises_nor_clears_the_plans_end(home: PureHome) -> None:
    offer(home, 2, ending(FIRST_DAY + timedelta(days=20)))
    home.now += timedelta(days=400)
    home.give(cmd.ReportClockStep())
    assert told(home, HORIZON) is None
    home.now -= timedelta(days=400 - 19)
    home.give(cmd.ReportClockStep(), home.clock_report())
    assert told(home, HORIZON) == ("LOW", "ends_soon")
    home.now -= timedelta(days=10)
    home.give(cmd.ReportClockStep())
    assert told(home, HORIZON) == ("LOW", "ends_soon")
    home.world = replace(home.world, trusted_at=home.now)  # a robot whose clock agrees with the earlier time
    home.give(home.clock_report())
    assert told(home, HORIZON) is None


# --- certificates -----------------------------------------------------------------------------------


def found(home: PureHome, **expires: datetime | None) -> list[ev.Event]:
    return home.give(
        cmd.ReportCertificates(tuple(ev.CertificateFound(name, at) for name, at in expires.items()))
    )


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(days=31), None),
        (timedelta(days=30), ("LOW", "ca_expires_soon")),
        (timedelta(days=7, seconds=1), ("LOW", "ca_expires_soon")),
        (timedelta(days=7), ("MEDIUM", "ca_expires_soon")),
        (timedelta(seconds=1), ("MEDIUM", "ca_expires_soon")),
        (timedelta(0), ("HIGH", "ca_expired")),
    ],
)
def test_a_certificate_is_told_by_what_is_left_of_it(
    home: PureHome, left: timedelta, expected: tuple[str, str] | None
) -> None:
    found(home, ca=home.now + left)
    assert told(home, "certificates") == expected


def test_it_rises_by_the_clock_alone_and_a_new_one_clears_it(home: PureHome) -> None:
    ends = home.now + timedelta(days=8)
    found(home, ca=ends)
    home.until_at(ends - timedelta(days=7))
    assert told(home, "certificates") == ("MEDIUM", "ca_expires_soon")
    home.until_at(ends)
    assert told(home, "certificates") == ("HIGH", "ca_expired")
    found(home, ca=ends + timedelta(days=365))
    assert told(home, "certificates") is None


def test_the_core_asks_to_be_woken_when_a_date_comes(home: PureHome) -> None:
    """Told at the instant, with nobody who hands in anything."""
    home.setting = replace(home.setting, limits=replace(home.setting.limits, idle_proof=timedelta(days=90)))
    for dose in list(home.world.doses.values()):
        assert dose.plan.opens > home.now
    ends = home.now + timedelta(days=8, minutes=7)
    found(home, ca=ends)
    offer(home, 2, ending(FIRST_DAY + timedelta(days=6)))
    home.until_at(ends + timedelta(hours=1))
    at = [(e.incident.detail, e.at) for e in home.journal if isinstance(e, ev.IncidentRaised)]
    over = LOCAL.midnight(FIRST_DAY + timedelta(days=7))
    assert ("ends_soon", over - timedelta(hours=72)) in at
    changed = [(e.priority.name, e.at) for e in home.journal if isinstance(e, ev.IncidentChanged)]
    assert ("MEDIUM", ends - timedelta(days=7)) in changed
    assert ("HIGH", ends) in changed


def test_one_that_can_not_be_read_is_high_by_any_clock_and_the_worst_is_told(home: PureHome) -> None:
    home.give(cmd.ReportClockStep())
    found(home, ca=datetime(1971, 1, 1, tzinfo=UTC))
    assert told(home, "certificates") is None, "an untrusted clock says nothing about a date"
    found(home, ca=home.now + timedelta(days=20), client=None)
    assert told(home, "certificates") == ("HIGH", "client_unreadable")


def test_the_same_reading_is_journalled_once_and_what_is_named_no_more_is_forgotten(home: PureHome) -> None:
    assert found(home, ca=None)
    assert found(home, ca=None) == []
    found(home)
    assert told(home, "certificates") is None


# --- chores -----------------------------------------------------------------------------------------


def ended(home: PureHome, result: str, detail: str = "") -> None:
    home.give(ev.ChoreEnded(home.now, "pruning", result, detail))


def test_a_chore_that_failed_several_times_in_a_row_is_told_and_cleared_by_the_next_that_is_done(
    home: PureHome,
) -> None:
    for _ in range(CHORE_FAILURES_MAX - 1):
        ended(home, "failed", "OSError")
    ended(home, "done")
    for _ in range(CHORE_FAILURES_MAX - 1):
        ended(home, "failed", "OSError")
    assert told(home, "chore:pruning") is None
    ended(home, "failed", "OSError")
    assert told(home, "chore:pruning") == ("LOW", "pruning")
    ended(home, "skipped", "clock")
    assert told(home, "chore:pruning") is None, "it could be tried"
    assert home.world.chores["pruning"].failures == 0


def test_when_a_chore_ran_is_known_after_a_restart_and_never_lies_after_a_trusted_instant(
    home: PureHome,
) -> None:
    began = home.world.began
    assert began == home.now
    home.now += timedelta(days=900)
    home.give(cmd.ReportClockStep())
    ended(home, "done")
    home.now -= timedelta(days=900)
    home.give(cmd.ReportClockStep())
    home.daemon()
    assert home.world.chores["pruning"].at > home.now
    home.give(home.clock_report())
    assert home.world.chores["pruning"].at == home.now
    assert home.world.began == began


def test_where_a_home_began_in_1970_counts_from_its_first_trusted_clock() -> None:
    home = PureHome(datetime(1970, 1, 1, tzinfo=UTC))
    home.daemon()
    assert home.world.began == home.now
    home.now = datetime(2026, 11, 2, 7, tzinfo=UTC)
    home.connect()
    assert home.world.clock.trusted
    assert home.world.began == home.now
