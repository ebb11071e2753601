"""What changed, when the bell rings and what stays chosen, over readings of rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from dispenserd.cli.watch import acting
from dispenserd.cli.watch.bell import MUTE_FOR, Bell, rung, toggled
from dispenserd.cli.watch.changes import Change, by_key, changes
from dispenserd.cli.watch.incident import Incident
from dispenserd.cli.watch.night import Night, chose, filtered, looked, muted
from dispenserd.cli.watch.reading import Look, NotStored, Refused, Seen
from dispenserd.cli.watch.telling import Role
from dispenserd.oncall.desk import Queued
from dispenserd.oncall.pulse import Pulse
from tests.support.oncall_rows import NOW, decision, minutes, one, voice

RUNS = Pulse(1.0, True)


def between(before: list[Incident], after: list[Incident], passed: float = 0.02) -> list[Change]:
    """`passed`: minutes from one reading to the next."""
    return changes(by_key(before), NOW, by_key(after), NOW + minutes(passed), voice())


def rings(found: list[Change]) -> int:
    return sum(change.rings for change in found)


def test_a_new_high_one_rings_once_and_others_do_not() -> None:
    assert rings(between([], [one()])) == 1
    assert rings(between([one()], [one()])) == 0
    assert rings(between([one()], [one(revision=2, detail="fault")])) == 0
    assert rings(between([], [one(priority="medium")])) == 0
    assert rings(between([], [one("a"), one("b")])) == 2


def test_one_that_rises_to_high_rings_and_one_that_falls_does_not() -> None:
    low, high = one(priority="low"), one(priority="high", revision=2)
    assert rings(between([low], [high])) == 1
    assert rings(between([high], [low])) == 0
    assert rings(between([low], [one(priority="medium")])) == 0


def test_one_that_becomes_late_rings_once_and_none_that_somebody_took() -> None:
    due = one(left=0.5, priority="low")
    assert rings(between([due], [due], passed=1)) == 1
    assert rings(between([one(left=-1)], [one(left=-1)])) == 0
    assert rings(between([due], [one(left=0.5, priority="low", owner="Bo")], passed=1)) == 0


def test_a_high_one_that_comes_late_already_rings_once_not_twice() -> None:
    assert rings(between([], [one(left=-5)])) == 1
    assert rings(between([], [one(left=-5, priority="low")])) == 1


def test_a_colleagues_take_is_told_by_name_and_my_own_is_not_news() -> None:
    assert "Bo har taget den" in between([one()], [one(owner="Bo")])[0].text
    assert between([one()], [one(owner="Anna")]) == []
    assert "Bo har den ikke mere" in between([one(owner="Bo")], [one()])[0].text


def test_the_homes_answers_to_my_own_wishes_are_told() -> None:
    asked = one(owner="Anna", token="asked", decision=decision())
    may = one(owner="Anna", token="confirmed", decision=decision(state="accepted"))
    texts = [change.text for change in between([asked], [may])]
    assert any("Bekræftet af hjemmet: du må give" in text for text in texts)
    refused = one(decision=decision(state="refused", reason="stale"))
    (said,) = [change for change in between([one(decision=decision())], [refused]) if "AFVIST" in change.text]
    assert said.role is Role.FAULT
    assert "ændret sig" in said.text
    expired = between([one(decision=decision())], [one(decision=decision(state="expired"))])
    assert "SVAREDE IKKE" in expired[0].text
    others = between([one(decision=decision("Bo"))], [one(decision=decision("Bo", "refused"))])
    assert others == []


def test_one_that_is_closed_is_said_with_home_and_dose() -> None:
    (gone,) = between([one()], [])
    assert gone.text == "Lukket: Kan ikke udleveres, box-0001, aften man. 2. nov."


# --- the bell ---


def test_muting_silences_the_bell_and_what_nobody_took_meanwhile_rings_when_it_ends() -> None:
    bell = toggled(Bell(), NOW)
    taken, free = one("a", owner="Bo"), one("b")
    bell, times = rung(bell, [taken.key, free.key], [taken, free], NOW + minutes(1))
    assert times == 0
    bell, times = rung(bell, [], [taken, free], NOW + MUTE_FOR - minutes(0.1))
    assert times == 0
    bell, times = rung(bell, [], [taken, free], NOW + MUTE_FOR)
    assert times == 1
    assert rung(bell, [], [taken, free], NOW + MUTE_FOR + minutes(1))[1] == 0


def test_muting_twice_is_not_muted() -> None:
    assert not toggled(toggled(Bell(), NOW), NOW).muted(NOW)


# --- from look to look ---


def look(*incidents: Incident, at: datetime = NOW, pulse: Pulse = RUNS) -> Look:
    return Look(Seen(at, 0.0, {}, list(incidents), []), "", pulse)


FAULT = Look(None, "locked", RUNS)


def after(night: Night, *looks: Look) -> tuple[Night, list[int]]:
    heard = []
    for each in looks:
        night, times = looked(night, each, each.seen.at if each.seen else NOW, voice())
        heard.append(times)
    return night, heard


def test_the_first_look_rings_nothing_and_chooses_the_most_urgent() -> None:
    night, heard = after(Night(), look(one("b", priority="low"), one("a")))
    assert heard == [0]
    assert night.chosen == one("a").key


def test_the_choice_follows_its_incident_and_never_slides_to_another() -> None:
    night, _ = after(Night(), look(one("b")), look(one("b"), one("a", -1)))
    assert night.chosen == one("b").key
    night, _ = after(night, look(one("a", -1)))
    assert (night.chosen, night.lost) == ("", True)
    assert night.chosen_one() is None
    night, _ = after(night, look(one("a", -1)))
    assert night.chosen == ""
    assert not chose(night, one("a").key).lost


def test_the_first_one_after_an_empty_list_is_chosen() -> None:
    night, heard = after(Night(), look(), look(one()))
    assert (night.chosen, heard) == (one().key, [0, 1])


def test_what_came_while_the_database_could_not_be_read_rings_when_it_can() -> None:
    night, heard = after(Night(), look(one("a")), FAULT, FAULT, look(one("a"), one("b")))
    assert heard == [0, 1, 0, 1]  # once for going blind, once for the new one
    assert "kan læses igen" in night.notes[0].text


def test_going_blind_rings_once_also_when_the_on_call_process_ends() -> None:
    gone = Pulse(60.0, True)
    _, heard = after(Night(), look(), look(pulse=gone), look(pulse=gone), look(), look(pulse=gone))
    assert heard == [0, 1, 0, 0, 1]
    assert after(Night(), look(pulse=gone), look(pulse=gone))[1] == [0, 0]


def test_it_is_quiet_since_the_first_of_its_own_looks_without_a_gap() -> None:
    later = NOW + minutes(5)
    night, _ = after(Night(), look(one()), look(at=later), look(at=later + minutes(3)))
    assert night.quiet_since == later
    night, _ = after(night, FAULT)
    assert night.quiet_since is None
    night, _ = after(night, look(at=later + minutes(20)))
    assert night.quiet_since == later + minutes(20)


def test_the_filter_keeps_the_choice_where_it_can() -> None:
    night, _ = after(Night(), look(one("a"), one("b", owner="Anna")))
    night = filtered(chose(night, one("b").key), "Anna")
    assert (night.mine_only, night.chosen) == (True, one("b").key)
    low, _ = after(Night(), look(one("a", priority="low")))
    assert filtered(low, "Anna").chosen == ""


def test_muting_is_said_with_its_end() -> None:
    night = muted(Night(), NOW, voice())
    assert "03:10" in night.notes[-1].text
    assert "slået til" in muted(night, NOW, voice()).notes[-1].text


# --- what an act came to ---


def test_a_lost_race_names_who_has_it() -> None:
    text, role = acting.told(one(), Refused("taken_by_other", "Anna Prøve"), "", voice(me="Bo"))
    assert text.startswith("Anna Prøve har taget den.")
    assert role is Role.FAULT


def test_a_stale_act_is_told_with_what_is_different() -> None:
    present = replace(one(), revision=2, priority="medium")
    text, _ = acting.told(one(), Refused("stale", "", present), "", voice())
    assert "Intet er sendt" in text
    assert "mellem (før HØJ)" in text


def test_what_was_sent_or_could_not_be_stored_names_the_dose_or_the_reason() -> None:
    queued = Queued("d", "take", "a" * 32, "box-0001", "", 1, "Anna")
    assert "box-0001, aften man. 2. nov." in acting.told(one(), queued, "Sendt.", voice())[0]
    assert "IKKE GEMT" in acting.told(one(), NotStored("locked"), "", voice())[0]


@pytest.mark.parametrize("spoken", ["da", "en"])
def test_every_question_names_home_and_dose_with_its_date(spoken: str) -> None:
    say = voice("da" if spoken == "da" else "en")
    asked = acting.about_decision(one(), "given", "stall", say), acting.about_closing(one(), "visited", say)
    for lines in asked:
        text = "".join(part for line in lines for part, _ in line)
        assert "box-0001" in text
        assert say.dose(one().dose) in text


def test_given_by_hand_is_offered_with_its_condition() -> None:
    offered = dict(acting.verdicts(voice()))
    assert set(offered) == {"given", "had_it", "witnessed", "not_given", "discard", "let_go"}
    assert "hjemmet har bekræftet" in offered["given"]
    assert acting.verdict("nonsense") is None
