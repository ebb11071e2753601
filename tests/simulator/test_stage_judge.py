"""The judge is believed only because it caught each of these seeded wrong runs.

`data/two_days.json` is the evidence of a genuine run of the demo's scenario, as `--keep FOLDER` leaves it in
`FOLDER/evidence.json`; record it anew when the expectations of that scenario change.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.stage.evidence import Evidence, Line, incident_stories, read_evidence
from simulator.stage.judge import judge
from simulator.stage.scenario import Scenario
from simulator.stage.scenario_file import read_scenario

SPINE = Path(__file__).parents[2] / "config" / "scenarios" / "spine.toml"
GENUINE = Path(__file__).parent / "data" / "two_days.json"

Wrong = Callable[[Evidence], None]
WRONG_RUNS: dict[str, tuple[Wrong, str]] = {}


def caught_as(complaint: str) -> Callable[[Wrong], Wrong]:
    """The function makes a genuine run wrong; the judge must say `complaint`."""

    def listed(wrong: Wrong) -> Wrong:
        WRONG_RUNS[wrong.__name__] = wrong, complaint
        return wrong

    return listed


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return read_scenario(SPINE)


@pytest.fixture(scope="module")
def genuine() -> Evidence:
    return read_evidence(GENUINE)


def test_a_genuine_run_passes(scenario: Scenario, genuine: Evidence) -> None:
    assert judge(scenario, genuine) == []


def test_the_recorded_run_has_what_the_wrong_ones_need(genuine: Evidence) -> None:
    assert (len(genuine.doses), len(genuine.incidents), len(genuine.kills)) == (16, 6, 1)
    assert len(incident_stories(genuine.journal)) == 6
    assert GENUINE.stat().st_size < 200_000


def test_evidence_is_kept_and_read_back_whole(tmp_path: Path, genuine: Evidence) -> None:
    genuine.write(tmp_path / "evidence.json")
    assert read_evidence(tmp_path / "evidence.json") == genuine


def test_no_evidence_at_all_convinces_nobody(scenario: Scenario) -> None:
    violations = judge(scenario, Evidence())
    for needed in (
        "has no outcome",
        "expected one such incident",
        "never showed",
        "exit code",
        "undelivered",
    ):
        assert any(needed in each for each in violations), needed


# --- where things are in the recorded run -----------------------------------------------------------


def dose(evidence: Evidence, name: str) -> Line:
    """By the end of its id: "11-03/noon"."""
    return next(each for each in evidence.doses if f"{each['date']}/{each['slot']}".endswith(name))


def rows(evidence: Evidence, event: str, **wanted: Any) -> list[Line]:
    found = [row for row in evidence.journal if row["event"] == event]
    return [row for row in found if all(row["body"].get(key) == value for key, value in wanted.items())]


def moves(evidence: Evidence, **wanted: Any) -> list[Line]:
    found = [line for line in evidence.robot if line["what"] == "moved"]
    return [line for line in found if all(line[key] == value for key, value in wanted.items())]


def drop(evidence: Evidence, *gone: Line) -> None:
    """Takes rows out of the journal as if they had never been written."""
    evidence.journal = [row for row in evidence.journal if row not in gone]
    renumber(evidence)


def add(evidence: Evidence, row: Line, **changes: Any) -> None:
    evidence.journal.append({**copy.deepcopy(row), "body": {**copy.deepcopy(row["body"]), **changes}})
    renumber(evidence)


def renumber(evidence: Evidence) -> None:
    evidence.journal = [{**row, "sequence": n} for n, row in enumerate(evidence.journal, 1)]


def incident(evidence: Evidence, kind: str) -> Line:
    """On-call's row."""
    return next(row for row in evidence.incidents if row["kind"] == kind)


# --- doses ------------------------------------------------------------------------------------------


@caught_as("no sachet went to the locked store at day1 24:00")
def left_in_the_magazine_at_closing(evidence: Evidence) -> None:
    moves = [line for line in evidence.robot if line.get("to") == "store"]
    evidence.robot.remove(moves[1])


@caught_as("day1 noon: expected retrieved, late, found no outcome")
def a_dose_without_outcome(evidence: Evidence) -> None:
    dose(evidence, "11-02/noon").update(outcome=None)


@caught_as("day1 noon: expected retrieved, but it has no outcome")
def a_dose_that_was_never_planned(evidence: Evidence) -> None:
    evidence.doses.remove(dose(evidence, "11-02/noon"))


@caught_as("day3 morning: retrieved, which nobody expected")
def an_outcome_that_is_not_listed(evidence: Evidence) -> None:
    dose(evidence, "11-04/morning").update(outcome="retrieved")


@caught_as("day1 morning: expected retrieved, found retrieved, late")
def late_where_it_was_on_time(evidence: Evidence) -> None:
    dose(evidence, "11-02/morning").update(late=True)


@caught_as("day2 noon: expected retrieved, late, found retrieved")
def on_time_where_it_was_late(evidence: Evidence) -> None:
    dose(evidence, "11-03/noon").update(late=False)


@caught_as("day1 night: expected given_by_staff, by Berit, found given_by_staff, by Anna")
def given_by_somebody_else(evidence: Evidence) -> None:
    dose(evidence, "11-02/night").update(by="Anna")


@caught_as("day1 evening: 2 outcomes in the journal")
def two_outcomes_for_one_dose(evidence: Evidence) -> None:
    add(evidence, rows(evidence, "OutcomeRecorded", outcome="missed")[0])


@caught_as("day1 evening: the journal says uncertain, `doses` shows missed")
def doses_shows_another_outcome_than_the_journal(evidence: Evidence) -> None:
    rows(evidence, "OutcomeRecorded", outcome="missed")[0]["body"]["outcome"] = "uncertain"


# --- matter -----------------------------------------------------------------------------------------


@caught_as("sachet 1 left the magazine 2 times")
def a_sachet_that_leaves_the_magazine_twice(evidence: Evidence) -> None:
    evidence.robot.append({**moves(evidence, sachet=1)[0]})


@caught_as("sachet 2 moved from tray, but it was in holding")
def a_sachet_that_vanishes_and_turns_up_elsewhere(evidence: Evidence) -> None:
    evidence.robot.remove(moves(evidence, sachet=2, to="tray")[0])


@caught_as("the robot reports 19 sachets in the magazine, the trace says 20")
def a_sachet_that_is_gone_without_a_trace(evidence: Evidence) -> None:
    evidence.status["robot"]["status"]["sachets_left"] = 19


@caught_as("the robot reports its tray as taken, the trace says 0")
def a_sachet_in_the_tray_that_nobody_put_there(evidence: Evidence) -> None:
    evidence.status["robot"]["status"]["tray"] = True


@caught_as("SACHET-0006 was released 1 times, journal and people prove 0")
def a_release_that_the_log_does_not_have(evidence: Evidence) -> None:
    gone = rows(evidence, "RobotLogged", order_kind="release", entry="ended", label="SACHET-0006")
    drop(evidence, *gone)


@caught_as("SACHET-0001 was released 1 times, journal and people prove 2")
def a_release_in_the_log_that_never_happened(evidence: Evidence) -> None:
    add(evidence, rows(evidence, "RobotLogged", order_kind="release", entry="ended", label="SACHET-0001")[0])


@caught_as("day1 noon: released 2 times")
def a_dose_that_is_released_twice_from_two_sachets(evidence: Evidence) -> None:
    first = rows(evidence, "RobotLogged", order_kind="release", entry="ended", label="SACHET-0002")[0]
    add(evidence, first, label="SACHET-0009")
    out = {**moves(evidence, sachet=2, to="holding")[0], "sachet": 9, "label": "SACHET-0009"}
    evidence.robot.append(out)
    evidence.status["robot"]["status"].update(sachets_left=19, holding=True)


@caught_as("day2 noon: release of the wrong sachet SACHET-0007")
def the_sachet_of_another_dose(evidence: Evidence) -> None:
    ordered = rows(evidence, "OrderIssued")
    for row in ordered:
        if row["body"]["order"]["label"] == "SACHET-0006":
            row["body"]["order"]["label"] = "SACHET-0007"


@caught_as("a foreign sachet (SACHET-9999) went to the tray")
def somebody_elses_sachet_in_the_tray(evidence: Evidence) -> None:
    moves(evidence, sachet=2, to="tray")[0]["label"] = "SACHET-9999"


@caught_as("SACHET-0002 was released outside its window")
def a_release_after_the_window(evidence: Evidence) -> None:
    moves(evidence, sachet=2, to="holding")[0]["at"] = "2026-11-02T13:00:01.000Z"


@caught_as("day1 evening: outcome missed, but its sachet was lifted 1 times")
def missed_and_lifted_all_the_same(evidence: Evidence) -> None:
    stored = moves(evidence, sachet=3)[0]
    evidence.robot.append({**stored, "from": "store", "to": "hands"})


@caught_as("day1 morning: outcome retrieved, but its sachet was lifted 0 times")
def retrieved_and_never_lifted(evidence: Evidence) -> None:
    evidence.robot.remove(moves(evidence, sachet=1, to="hands")[0])


@caught_as("while no release was in motion")
def a_kill_that_missed_the_release(evidence: Evidence) -> None:
    evidence.kills[0] = "2026-11-03T06:30:00+00:00"


@caught_as("did not leave one release open and learn its end afterwards")
def a_release_that_had_ended_before_the_restart(evidence: Evidence) -> None:
    """The rows of the restart come after the end."""
    start = rows(evidence, "DaemonStarted")[1]
    evidence.journal.remove(start)
    ended = rows(evidence, "RobotLogged", order_kind="release", entry="ended", label="SACHET-0005")[0]
    evidence.journal.insert(evidence.journal.index(ended) + 1, start)
    renumber(evidence)


@caught_as("did not start again")
def a_home_that_stays_dead(evidence: Evidence) -> None:
    drop(evidence, rows(evidence, "DaemonStarted")[1])


# --- incidents --------------------------------------------------------------------------------------


@caught_as("day1 night: release_failed: no receipt for revision ")
def an_incident_whose_last_revision_has_no_receipt(evidence: Evidence) -> None:
    failed = incident(evidence, "release_failed")
    gone = {"incident_id": failed["incident"], "revision": failed["revision"]}
    drop(evidence, *rows(evidence, "IncidentDelivered", **gone))


@caught_as(", the newest is none")
def an_incident_without_any_receipt(evidence: Evidence) -> None:
    unknown = incident(evidence, "order_unknown")
    drop(evidence, *rows(evidence, "IncidentDelivered", incident_id=unknown["incident"]))


@caught_as("an incident nobody expected: day3 morning: dose_blocked (high)")
def an_incident_that_is_not_listed(evidence: Evidence) -> None:
    first = rows(evidence, "IncidentRaised")[0]
    raised = {
        **first["body"]["incident"],
        "incident_id": "0" * 32,
        "dose_id": dose(evidence, "11-04/morning")["dose"],
        "kind": "dose_blocked",
        "priority": "high",
    }
    add(evidence, first, incident=raised)


@caught_as("an incident nobody expected: the robot: robot_fault (info)")
def even_an_info_that_is_not_listed(evidence: Evidence) -> None:
    first = rows(evidence, "IncidentRaised")[0]
    raised = {
        **first["body"]["incident"],
        "incident_id": "0" * 32,
        "dose_id": "",
        "kind": "robot_fault",
        "priority": "info",
    }
    add(evidence, first, incident=raised)


@caught_as("day2 evening: order_unknown: expected one such incident, found 0")
def an_incident_that_was_never_raised(evidence: Evidence) -> None:
    unknown = incident(evidence, "order_unknown")
    evidence.incidents.remove(unknown)
    drop(evidence, *rows(evidence, "IncidentRaised", incident=raised_as(evidence, unknown)))


def raised_as(evidence: Evidence, at_oncall: Line) -> Line:
    bodies = [row["body"]["incident"] for row in rows(evidence, "IncidentRaised")]
    return next(body for body in bodies if body["incident_id"] == at_oncall["incident"])


@caught_as("is known to the home only")
def an_incident_that_oncall_lost(evidence: Evidence) -> None:
    evidence.incidents.remove(incident(evidence, "order_unknown"))


@caught_as("is known to on-call only")
def an_incident_that_only_oncall_knows(evidence: Evidence) -> None:
    evidence.incidents.append({**incident(evidence, "order_unknown"), "incident": "0" * 32})


@caught_as(" 2 times")
def an_incident_that_oncall_holds_twice(evidence: Evidence) -> None:
    evidence.incidents.append(incident(evidence, "order_unknown"))


@caught_as("on-call has revision 1, the home ")
def an_older_revision_at_oncall(evidence: Evidence) -> None:
    incident(evidence, "dose_missed").update(revision=1)


@caught_as("on-call has closed False, the home True")
def still_open_at_oncall(evidence: Evidence) -> None:
    incident(evidence, "dose_missed").update(state="handled")


@caught_as("on-call has owner 'Berit', the home 'Anna'")
def somebody_else_owns_it_at_oncall(evidence: Evidence) -> None:
    incident(evidence, "dose_missed").update(owner="Berit")


@caught_as("day1 evening: about_to_miss: is still open")
def an_incident_that_nobody_closed(evidence: Evidence) -> None:
    drop(evidence, *rows(evidence, "IncidentClosed"))


@caught_as("taken_by: expected 'Anna', found 'Erik'")
def taken_by_somebody_else(evidence: Evidence) -> None:
    rows(evidence, "IncidentTaken", by="Anna")[0]["body"]["by"] = "Erik"


@caught_as("resolution: expected 'left_out_on_advice', found 'gone'")
def another_resolution(evidence: Evidence) -> None:
    rows(evidence, "IncidentHandled")[0]["body"]["resolution"] = "gone"


@caught_as("kinds: expected ('about_to_miss', 'dose_missed'), found ('about_to_miss', 'dose_blocked')")
def an_incident_that_rose_to_another_kind(evidence: Evidence) -> None:
    rows(evidence, "IncidentChanged")[0]["body"]["kind"] = "dose_blocked"


@caught_as("priority: expected 'medium', found 'high'")
def an_incident_of_another_priority(evidence: Evidence) -> None:
    rows(evidence, "IncidentChanged")[0]["body"]["priority"] = "high"


@caught_as("was expected to be undelivered for a while")
def an_outage_that_nobody_noticed(evidence: Evidence) -> None:
    drop(evidence, *rows(evidence, "IncidentUndelivered"))


@caught_as("revision 1 says something else at on-call than in the home")
def one_revision_published_with_two_contents(evidence: Evidence) -> None:
    history = incident(evidence, "dose_missed")["history"]
    history[0]["priority"] = "high"


@caught_as("history is out of order or repeats itself: [1, ")
def a_revision_that_oncall_committed_twice(evidence: Evidence) -> None:
    history = incident(evidence, "order_unknown")["history"]
    history.append(history[-1])


@caught_as("revision 1 comes after revision ")
def a_revision_number_that_is_used_again(evidence: Evidence) -> None:
    unknown = incident(evidence, "order_unknown")
    raised = rows(evidence, "IncidentChanged")[0]
    add(evidence, raised, incident_id=unknown["incident"], revision=1, kind="order_unknown")


@caught_as("it was raised twice")
def one_incident_raised_twice(evidence: Evidence) -> None:
    add(evidence, rows(evidence, "IncidentRaised")[0])


@caught_as("revision 9 left the house and is not in the journal")
def a_revision_that_left_the_house_before_it_was_written(evidence: Evidence) -> None:
    published = rows(evidence, "IncidentPublished")[0]
    add(evidence, published, revision=9)


@caught_as("on-call believes the home to be unknown at the end")
def a_home_that_oncall_has_lost_sight_of(evidence: Evidence) -> None:
    evidence.homes[0]["state"] = "unknown"


# --- files, displays, the rest ----------------------------------------------------------------------


@caught_as("0 administrations were filed")
def an_administration_that_was_never_filed(evidence: Evidence) -> None:
    evidence.administrations.pop()


@caught_as("2 administrations were filed")
def an_administration_under_a_second_id(evidence: Evidence) -> None:
    evidence.administrations.append({**evidence.administrations[0], "id": "0" * 32})


@caught_as("filed as given_by_staff, the journal says")
def an_administration_with_another_outcome(evidence: Evidence) -> None:
    for file in evidence.administrations:
        outcome = next(each for each in file["extension"] if each["url"].endswith(":outcome"))
        outcome["valueCode"] = "given_by_staff"


@caught_as("an administration was filed without an outcome")
def an_administration_of_another_prescription(evidence: Evidence) -> None:
    evidence.administrations[0]["request"]["reference"] = "MedicationRequest/other"


@caught_as("the robot never showed")
def no_display_of_the_staffs_number(evidence: Evidence) -> None:
    for line in evidence.robot:
        if line["what"] == "display":
            line["lines"] = line["lines"][:2]


@caught_as("a prompt stands below the staff's number")
def the_staffs_number_above_the_prompt(evidence: Evidence) -> None:
    for line in evidence.robot:
        if line["what"] == "display" and len(line["lines"]) == 4:
            line["lines"] = [*line["lines"][2:], *line["lines"][:2]]


@caught_as("the robot never showed")
def the_prompts_two_lines_in_the_wrong_order(evidence: Evidence) -> None:
    for line in evidence.robot:
        if line["what"] == "display" and len(line["lines"]) == 4:
            line["lines"] = [line["lines"][1], line["lines"][0], *line["lines"][2:]]


@caught_as("`journal verify` ended with exit code 1")
def a_journal_that_does_not_verify(evidence: Evidence) -> None:
    evidence.verify_exit = 1


@caught_as("the journal's rows are not 1, 2, 3")
def a_journal_row_that_is_gone(evidence: Evidence) -> None:
    del evidence.journal[40]


@caught_as("2 incidents are undelivered at the end")
def incidents_that_are_undelivered_at_the_end(evidence: Evidence) -> None:
    evidence.status["undelivered"] = 2


@caught_as("health data in the logs")
def a_drug_code_in_the_logs(evidence: Evidence) -> None:
    evidence.logs += "\nlevel='info' event='released' drug='C07AB02'"


@caught_as("health data in the logs")
def a_label_in_the_logs(evidence: Evidence) -> None:
    evidence.logs += "\nSACHET-0003"


@caught_as("refused: Berit given day1 night")
def a_command_that_the_home_refused(evidence: Evidence) -> None:
    evidence.refused.append("Berit given day1 night: no_token The token is not yours.")


@caught_as("never done: Dorte")
def a_deed_whose_condition_never_came(evidence: Evidence) -> None:
    evidence.undone.append("Dorte not_given day2 evening at day2 18:25, once there is order_unknown")


@pytest.mark.parametrize("name", WRONG_RUNS)
def test_a_wrong_run_is_caught(scenario: Scenario, genuine: Evidence, name: str) -> None:
    wrong, complaint = WRONG_RUNS[name]
    evidence = copy.deepcopy(genuine)
    wrong(evidence)
    violations = judge(scenario, evidence)
    assert any(complaint in each for each in violations), violations


def try_the_alarm_path(evidence: Evidence, priority: str) -> None:
    """The home's test alarm, as journal and on-call tell of one that passed or failed."""
    raised = copy.deepcopy(rows(evidence, "IncidentRaised")[0])
    about = {
        "incident_id": "e" * 32,
        "kind": "test_alarm",
        "subject": "test",
        "dose_id": "",
        "priority": "info",
    }
    add(evidence, raised, incident={**raised["body"]["incident"], **about})
    if priority != "info":
        risen = {"incident_id": "e" * 32, "revision": 2, "kind": "test_alarm", "reopened": True}
        add(evidence, {**raised, "event": "IncidentChanged"}, **risen, priority=priority, detail="")
    row = copy.deepcopy(evidence.incidents[0])
    evidence.incidents.append({**row, "incident": "e" * 32, "kind": "test_alarm", "priority": priority})


def test_a_test_alarm_that_passed_is_no_incident_of_the_story(scenario: Scenario, genuine: Evidence) -> None:
    evidence = copy.deepcopy(genuine)
    try_the_alarm_path(evidence, "info")
    assert judge(scenario, evidence) == []


def test_a_test_alarm_that_failed_is_one_nobody_expected(scenario: Scenario, genuine: Evidence) -> None:
    evidence = copy.deepcopy(genuine)
    try_the_alarm_path(evidence, "high")
    expected = "an incident nobody expected: the robot: test_alarm (high)"
    assert any(expected in each for each in judge(scenario, evidence))


def test_every_expectation_of_the_scenario_is_checked(scenario: Scenario, genuine: Evidence) -> None:
    """With any dose or incident left out of the expectations, the same run is wrong."""
    from dataclasses import replace

    for each in scenario.doses:
        fewer = replace(scenario, doses=tuple(dose for dose in scenario.doses if dose != each))
        assert any("nobody expected" in violation for violation in judge(fewer, genuine)), each
    for some in scenario.incidents:
        left = replace(scenario, incidents=tuple(one for one in scenario.incidents if one != some))
        assert any("nobody expected" in violation for violation in judge(left, genuine)), some
