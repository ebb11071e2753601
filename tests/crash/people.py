"""The people around the campaign's home, by chance: a resident at the robot and staff at on-call's desk.

The resident's deeds are a script for the simulated robot; staff act on on-call's database as a terminal does.
Whoever is asked about a dose looks where its sachet lies and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random

from dispenserd.oncall.desk import Desk, DeskRefused
from dispenserd.shapes.oncall import IncidentRow
from tests.crash.evidence import Line
from tests.crash.papers import WINDOW

STAFF = ("Anna", "Berit")
MINUTE = timedelta(minutes=1)
PATIENCE_S = 900.0
"""Civil; long enough for a release, short enough to press again after a restart in the same window."""


def deeds_for(dose: Line, chance: Random) -> list[Line]:
    """What is done at the robot because of one dose."""
    opens = datetime.fromisoformat(dose["opens"])
    closes = opens + WINDOW
    visit = {"do": "press_when_prompted", "persist": True, "patience_s": PATIENCE_S}
    match chance.choices(("on_time", "twice", "late", "absent", "left", "last"), (42, 15, 11, 14, 12, 6))[0]:
        case "on_time":
            deeds = [_at(opens + 5 * MINUTE, visit, gives_up_after_s=200 * 60)]
        case "twice":
            deeds = [_at(opens + 5 * MINUTE, visit, gives_up_after_s=200 * 60)]
            deeds += [_at(opens + 5 * MINUTE, visit, react_s=6, gives_up_after_s=200 * 60)]
        case "late":
            deeds = [_at(opens + 150 * MINUTE, visit, gives_up_after_s=85 * 60)]
        case "left":
            deeds = [_at(opens + minutes * MINUTE, {"do": "press"}) for minutes in (20, 40, 70, 110, 160)]
        case "last":
            deeds = [_at(closes - minutes * MINUTE, {"do": "press"}) for minutes in (100, 70, 45, 25)]
            deeds += [_at(closes + chance.randint(-120, 120) * MINUTE / 60, {"do": "lift"})]
        case _:
            deeds = []
    return deeds + _troubles(opens, chance)


def _troubles(opens: datetime, chance: Random) -> list[Line]:
    """Power, motor, cable, line. Somebody clears faults now and then, and empties the locked store."""
    at = opens + chance.randint(0, 200) * MINUTE
    trouble = chance.choices(
        (
            [],
            [_at(opens, {"do": "power_cut_on_next_release", "off_s": 900, "lands": chance.random() < 0.5})],
            [_at(at, {"do": "power_cut", "off_s": 900, "lands": chance.random() < 0.5})],
            [_at(at, {"do": "unplug", "for_s": 600})],
            [_at(at, {"do": "garbage", "bytes": 200})],
            [_at(opens, {"do": "stall"}), _at(opens + 90 * MINUTE, {"do": "clear_fault"})],
        ),
        (74, 5, 6, 6, 5, 4),
    )[0]
    rounds = [_at(opens - 20 * MINUTE, {"do": "clear_fault"})]
    if opens.hour < 6:
        rounds.append(_at(opens - 30 * MINUTE, {"do": "empty_store"}))
    return [*trouble, *rounds]


def _at(at: datetime, deed: Line, **more: object) -> Line:
    return {"at": at.isoformat(), **deed, **more}


def still_to_do(deeds: list[Line], now: datetime) -> list[Line]:
    """For a robot that starts again: what is past is not done twice; a visit that goes on goes on."""
    rest = []
    for deed in deeds:
        ends = datetime.fromisoformat(deed["at"]) + timedelta(seconds=deed.get("gives_up_after_s", 0))
        if ends > now:
            rest.append(deed)
    return rest


class Staff:
    """`where` says in which place the sachet of a dose lies, by looking."""

    def __init__(self, desk: Desk, chance: Random, where: Callable[[str], str]) -> None:
        self._desk = desk
        self._chance = chance
        self._where = where
        self.given: list[str] = []  # dose ids, in the order of giving
        self._returned: set[str] = set()  # whoever gave the right back does not give after all
        self.deeds = 0

    def act(self, now: datetime) -> None:
        """One look at the list, and one deed for some of what is on it."""
        for row in self._desk.list_incidents(now)["incidents"]:
            if self._chance.random() < 0.3:
                with suppress(DeskRefused):  # somebody else has it, or it changed meanwhile
                    self._do(row, now)

    def _do(self, row: IncidentRow, now: datetime) -> None:
        incident, dose, owner = row["incident"], row["dose"], row["owner"]
        if not owner:
            self._desk.take(incident, self._chance.choice(STAFF), now, row["revision"])
        elif row["token"] == "asked":
            return  # the home has not confirmed it
        elif row["kind"] == "order_unknown" and dose:
            had = self._where(dose) == "hands"
            self._desk.decide(incident, "had_it" if had else "not_given", owner, "looked", now)
        elif row["token"] == "confirmed" and dose:
            self._give(row, now)
        elif self._chance.random() < 0.5:
            self._desk.close(incident, owner, "visited", now, row["revision"])
        self.deeds += 1

    def _give(self, row: IncidentRow, now: datetime) -> None:
        """Having the home's word, a person gives the dose first and says so then; or gives the word back."""
        dose = row["dose"]
        if dose in self._returned or (dose not in self.given and self._chance.random() < 0.25):
            self._returned.add(dose)
            self._desk.decide(row["incident"], "not_given", row["owner"], "no need", now)
            return
        self._desk.decide(row["incident"], "given", row["owner"], "by hand", now)
        if dose not in self.given:
            self.given.append(dose)
