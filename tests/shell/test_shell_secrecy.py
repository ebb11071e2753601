"""Markers planted through a running day: none in the daemon's logs, none in what it publishes (S6)."""

from __future__ import annotations

import io
import json
from typing import Any, Literal

import pytest

from dispenserd.logs import configure
from scheduler import events as ev
from simulator import script
from tests.support.home_papers import BOX, DRUGS, PERSON, RESIDENT, STRENGTH_MG, card
from tests.support.oncall_by_hand import FORGERS
from tests.support.running_home import RunningHome, Wanted, running_home

NURSE, TECHNICIAN, FORGER = "Signe Markør", "Tove Tekniker", "Mallory Falsk"
REASON = "hun sov dybt"
OTHER_PERSON = "invented-0815"
FOREIGN_LABEL = "X-999"
NAMES = [NURSE, "Markør", "Tekniker", FORGER, "Falsk"]
MARKERS = [
    PERSON,
    OTHER_PERSON,
    *DRUGS.values(),
    f"{STRENGTH_MG} mg",
    "LBL-",
    FOREIGN_LABEL,
    REASON,
    "tablet",
    "p-morning",
]
CLOCK_TIMES = {"morning": "08:00", "noon": "08:01", "evening": "18:00", "night": "22:00"}


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_marker_of_a_running_day_is_in_the_logs_or_on_the_broker(
    form: Literal["text", "json"], stream: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = Wanted(rate=150.0, window_min=60, start="07:59", clock_times=CLOCK_TIMES)
    async with running_home(wanted, prepared=False) as home:
        configure(form, "debug", home.clock, stream=stream)
        await home.start_daemon()
        await home.prepare()
        await _a_day(home)
        written = stream.getvalue() + "".join(capfd.readouterr())
        for line in ("home starts", "broker session", "robot session ended", "command refused at the door"):
            assert line in written, f"the log says too little to prove anything: no {line!r}"
        assert [marker for marker in [*MARKERS, *NAMES] if marker in written] == []
        _published_nothing_of_it(home)


async def _a_day(home: RunningHome) -> None:
    await home.take_dose()
    await home.until(lambda: ("morning", "retrieved") in home.outcomes(), "retrieved")
    home.do(script.ForeignLabel(at_ms=0, label=FOREIGN_LABEL))
    await home.until(lambda: home.oncall.incidents("sachet_mismatch"), "a sachet is held")
    home.put_plan(card(7, person=OTHER_PERSON))
    await home.until(lambda: home.oncall.incidents("plan_refused"), "a card is refused")
    forged = home.oncall.take(home.oncall.newest("sachet_mismatch"), FORGER, private=FORGERS)
    await home.oncall.decide(forged)
    await home.oncall.decide(f'{{"by": "{NURSE}", "drug": "{DRUGS["noon"]}"}}'.encode())
    await home.until(lambda: home.oncall.incidents("command_refused"), "refused at the door")
    await home.oncall.decide(home.oncall.take(home.oncall.newest("sachet_mismatch"), NURSE))
    await home.until(lambda: home.events(ev.TokenPassed), "the nurse has the token")
    dose = f"{RESIDENT}/2026-11-02/noon/1"
    for verdict in ("given", "discard"):
        answer = await home.ask("decide", dose=dose, verdict=verdict, by=NURSE, reason=REASON)
        assert answer["accepted"], answer
    await home.until(lambda: home.moves[-1] == (FOREIGN_LABEL, "magazine", "store"), "discarded")
    home.unplug(0.1)
    await home.until(lambda: len(home.events(ev.RobotCaughtUp)) == 2, "back")
    await home.until(lambda: len(home.filed()) == 2, "filed")
    await home.until(lambda: not home.unanswered("incident"), "receipted")
    await home.stop_daemon()


def _published_nothing_of_it(home: RunningHome) -> None:
    owners: set[str] = set()
    heard = [each for each in home.oncall.raw if "/in/" not in each.topic]
    assert {each.topic.rpartition("/")[2] for each in heard} == {"status", "heartbeat", "incident"}
    for each in heard:
        assert each.topic.startswith(f"dispenserd/1/{BOX}/")
        said: dict[str, Any] = json.loads(each.payload)
        if each.topic.endswith("/incident"):
            owners.add(said.pop("owner", ""))
        text = json.dumps(said, ensure_ascii=False)
        assert [marker for marker in [*MARKERS, *NAMES] if marker in text] == []
    assert owners == {"", NURSE}
