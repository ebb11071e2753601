"""An incident that becomes more urgent while its dose's token is out."""

from __future__ import annotations

from dataclasses import replace

from scheduler import events as ev
from scheduler.expand import Catalogue
from tests.support.pure_home import DRUGS, PureHome, setting, utc


def about(home: PureHome) -> ev.Incident:
    incident = home.incident("noon")
    assert incident is not None
    return incident


def test_who_holds_the_token_is_seen_to_hold_it_when_the_incident_is_reopened_and_taken_again() -> None:
    plain = replace(setting(), catalogue=Catalogue(known=frozenset(DRUGS.values()), critical=frozenset()))
    home = PureHome(utc("06:00"), plain)
    home.start()
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    home.press()
    order = home.world.order_under_way()
    assert order is not None
    home.move("accepted started")
    home.until("12:08")  # no end in its life: Unknown
    assert home.decide(home.dose("noon"), ev.Verdict.NOT_GIVEN, "Bo").accepted
    home.lost()
    home.until("12:15")
    assert home.take(about(home), "Anna").accepted
    assert (home.dose("noon").token, about(home).holds_token) == ("Anna", True)
    o = order.order
    home.robot.carry_out(o)
    home.robot.write(
        home.now,
        "ended",
        order_id=o.order_id,
        order_kind=o.kind.value,
        dose_id=o.dose_id,
        result="done",
        label=o.label,
    )
    home.connect()  # its record: it did leave. Possible double dose, high
    assert about(home).priority is ev.Priority.HIGH
    assert home.dose("noon").token == "Anna"
    assert home.take(about(home), "Anna").accepted
    assert about(home).holds_token, "her token never came back: on call must show it, and let her say"
