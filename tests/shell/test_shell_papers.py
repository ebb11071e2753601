"""Bad paper while a home runs: cards that are refused, rolls and sachets that are not this dose."""

from __future__ import annotations

import copy
import json

import pytest

from scheduler import events as ev
from simulator import script
from tests.support.home_papers import OTHER_RESIDENT, RESIDENT, Json, card, manifest, prescription
from tests.support.running_home import RunningHome, Wanted, running_home


def contradictory() -> Json:
    """Two dosages of one prescription that ask for different amounts at the same time."""
    bundle = card(3)
    first, second = prescription("morning"), prescription("morning", quantity=2)
    first["dosageInstruction"] += second["dosageInstruction"]
    bundle["entry"][1] = {"resource": first}
    return bundle


def other_content() -> Json:
    bundle = card(2)
    bundle["entry"][1] = {"resource": prescription("morning", quantity=2)}
    return bundle


REFUSED: dict[str, tuple[Json | str, str]] = {
    "unreadable": (json.dumps(card(3))[:-40], "json"),
    "older": (card(1), "older_card"),
    "same version, other content": (other_content(), "same_version_other_content"),
    "another person's": (card(3, person="invented-0815"), "wrong_person"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_card_that_is_refused_is_an_incident_and_the_accepted_plan_is_dispensed(name: str) -> None:
    bundle, reason = REFUSED[name]
    async with running_home() as home:
        home.put_plan(card(2))
        await home.until(lambda: len(home.events(ev.PlanAccepted)) == 2, "version 2 accepted")
        home.put_plan(bundle)
        await home.until(lambda: home.events(ev.PlanRefused), "refused")
        (refused,) = home.events(ev.PlanRefused)
        assert reason in refused.reason
        await home.until(lambda: home.oncall.incidents("plan_refused"), "on-call heard of it")
        assert home.oncall.newest("plan_refused").priority == "high"
        assert home.oncall.newest("plan_refused").detail == refused.reason
        plan = (await home.ask("status"))["plan"]
        assert (plan["plan_version"], plan["card_version"]) == (1, 2)
        assert plan["refused"]
        await home.take_dose()
        await home.until(lambda: home.outcomes() == [("morning", "retrieved")], "dispensed all the same")
        home.put_plan(card(4))
        await home.until(lambda: home.oncall.newest("plan_refused").cleared, "healed by a good card")


async def test_one_dosage_for_no_machine_is_an_incident_and_the_rest_of_the_card_is_in_force() -> None:
    async with running_home() as home:
        home.put_plan(contradictory())
        await home.until(lambda: home.oncall.incidents("plan_refused"), "on-call heard of it")
        assert home.oncall.newest("plan_refused").priority == "high"
        assert home.oncall.newest("plan_refused").detail == "contradictory_dosage"
        plan = (await home.ask("status"))["plan"]
        assert plan["card_version"] == 3
        assert plan["refused"].startswith("contradictory_dosage Bundle.entry[1].resource.dosageInstruction")
        home.put_plan(card(4))
        await home.until(lambda: home.oncall.newest("plan_refused").cleared, "healed by a good card")


async def test_a_restart_says_a_refused_card_once_and_keeps_the_plan() -> None:
    async with running_home() as home:
        home.put_plan(card(3, person="invented-0815"))
        await home.until(lambda: home.events(ev.PlanRefused), "refused")
        await home.restart_daemon()
        await home.take_dose()
        await home.until(lambda: home.outcomes() == [("morning", "retrieved")], "retrieved")
        assert len(home.events(ev.PlanRefused)) == 1
        assert [kind for kind, _ in home.incidents()].count("plan_refused") == 1


async def test_a_home_whose_first_card_is_another_persons_dispenses_nothing() -> None:
    async with running_home(prepared=False) as home:
        home.put_plan(card(person="invented-0815"))
        await home.start_daemon()
        await home.until(lambda: home.oncall.incidents("plan_refused"), "on-call heard of it")
        await home.until(lambda: home.events(ev.RobotCaughtUp), "the robot is ready")
        answer = await home.ask("roll_load", manifest=home.manifest(), by="Tove Tekniker")
        assert answer["accepted"] is False
        home.press()
        await home.until(lambda: home.events(ev.PressSpent), "the press led to nothing")
        assert home.moves == []
        assert home.events(ev.OrderIssued) == []


# --- rolls and sachets -------------------------------------------------------------------------------


def not_this_homes() -> Json:
    return manifest({"morning": "08:00"}, resident=OTHER_RESIDENT)


def another_roll() -> Json:
    return {**manifest({"morning": "08:00"}), "production_id": "ROLL-2"}


async def test_a_roll_of_another_resident_is_not_loaded_and_its_sachets_stay_locked() -> None:
    """The magazine holds a roll whose manifest belongs to somebody else: nobody here gets any of it."""
    async with running_home(Wanted(start="08:01"), prepared=False) as home:
        await home.start_daemon()
        await home.until(lambda: home.events(ev.RobotCaughtUp) and home.events(ev.PlanAccepted), "ready")
        with pytest.raises(Exception, match="manifest was refused: wrong_resident") as refused:
            await home.ask("roll_load", manifest=not_this_homes(), by="Tove Tekniker")
        assert getattr(refused.value, "code", "") == "wrong_resident"
        answer = await home.ask("roll_load", manifest=another_roll(), by="Tove Tekniker")
        assert answer == {"accepted": False, "reason": "wrong_production_id"}
        await home.until(lambda: home.oncall.incidents("dose_blocked"), "the open dose is a care incident")
        home.press()
        await home.until(lambda: home.events(ev.PressSpent), "the press led to nothing")
        assert home.events(ev.PressSpent)[0].reason == "no_manifest"
        assert "Personalet får besked." in home.lines
        assert home.moves == []
        assert home.events(ev.RollLoaded) == []


FOREIGN = {
    "in no manifest": ("X-999", "label_unknown", "sachet_mismatch"),
    "of another slot": ("LBL-003", "label_mismatch", "sachet_mismatch"),
    "unreadable": ("", "label_unreadable", "sachet_unreadable"),
}


@pytest.mark.parametrize("name", FOREIGN)
async def test_a_sachet_that_is_not_this_dose_is_held_until_a_person_discards_it(name: str) -> None:
    label, reason, kind = FOREIGN[name]
    async with running_home() as home:
        home.do(script.ForeignLabel(at_ms=0, label=label) if label else script.UnreadableLabel(at_ms=0))
        await home.until(lambda: home.events(ev.DoseHeld), "held")
        (held,) = home.events(ev.DoseHeld)
        assert (held.reason, held.label) == (reason, label)
        await home.until(lambda: home.oncall.incidents(kind), "on-call heard of it")
        assert home.oncall.newest(kind).priority == ("medium" if kind == "sachet_unreadable" else "high")
        home.press()
        await home.until(lambda: home.events(ev.PressSpent), "the press led to nothing")
        assert home.events(ev.PressSpent)[0].reason == "held"
        assert home.moves == []
        (waiting,) = (await home.ask("holds"))["holds"]
        assert waiting["held"] == reason
        assert await _decide(home, "discard") == {"accepted": True, "reason": "done"}
        if label:  # what no reader can read, only hands take out
            await home.until(lambda: home.moves == [(label, "magazine", "store")], "in the locked store")
            assert (await home.ask("holds")) == {"holds": []}


async def _decide(home: RunningHome, verdict: str) -> Json:
    dose = f"{RESIDENT}/2026-11-02/morning/1"
    return await home.ask("decide", dose=dose, verdict=verdict, by="Nora Nurse", reason="looked at it")


async def test_another_residents_sachet_is_held_although_its_own_manifest_knows_it() -> None:
    """Its label stands in the manifest of a neighbour's roll, which this home never loaded."""
    async with running_home() as home:
        neighbours = copy.deepcopy(not_this_homes())
        neighbours["sachets"] = [dict(neighbours["sachets"][0], label="NB-001")]
        home.do(script.ForeignLabel(at_ms=0, label="NB-001"))
        with pytest.raises(Exception, match="wrong_resident"):
            await home.ask("roll_load", manifest=neighbours, by="Tove Tekniker")
        await home.until(lambda: home.events(ev.DoseHeld), "held")
        await home.until(lambda: home.oncall.incidents("sachet_mismatch"), "on-call heard of it")
        home.press()
        await home.until(lambda: home.events(ev.PressSpent), "the press led to nothing")
        assert home.moves == []
        assert (await home.ask("roll_show"))["mouth"] == "NB-001"
