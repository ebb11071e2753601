"""A scenario is read strictly: what nobody could have meant is refused before anything is started."""

from __future__ import annotations

import copy
import json
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from simulator.script import DEEDS
from simulator.stage.home_files import write_card, write_files
from simulator.stage.scenario import Scenario, ScenarioError, day_slot, day_time
from simulator.stage.scenario_file import parse_scenario, read_scenario

SPINE = Path(__file__).parents[2] / "config" / "scenarios" / "spine.toml"

SMALL = """
[scenario]
title = "One dose"
zone = "Europe/Copenhagen"
first_day = 2026-11-02
start = "day1 07:00"
end = "day1 12:00"
speed = 600
receipt_s = 0.5
staff_phone = "+45 70 00 00 00"
roll_days = 7
[medicine]
known = ["C07AB02"]
critical = []
[[prescription]]
id = "metoprolol"
drug = "C07AB02"
strength_mg = 50
slots = ["morning"]
[[deed]]
who = "resident"
at = "day1 08:03"
do = "press_when_prompted"
[[deed]]
who = "Anna"
at = "day1 09:00"
do = "take"
dose = "day1 morning"
wait_for = "about_to_miss"
[[deed]]
who = "broker"
at = "day1 09:10"
do = "stop"
[[expect_dose]]
dose = "day1 morning"
outcome = "retrieved"
[[expect_incident]]
dose = "day1 morning"
kinds = ["about_to_miss"]
priority = "low"
[[expect_display]]
after = "day1 08:00"
before = "day1 09:00"
lines = ["Det er tid til din medicin."]
"""

RESIDENT, ANNA, BROKER = 0, 1, 2


def small() -> dict[str, Any]:
    return copy.deepcopy(tomllib.loads(SMALL))


def with_changed(place: str, **changes: Any) -> dict[str, Any]:
    """SMALL with other values in a table ("scenario"), or in a row ("deed 1"); None takes a key out."""
    document = small()
    name, _, number = place.partition(" ")
    table = document[name][int(number)] if number else document[name]
    table.update(changes)
    for key in [key for key, value in table.items() if value is None]:
        del table[key]
    return document


def test_a_small_scenario_is_read_as_it_is_written() -> None:
    scenario = parse_scenario(small())
    assert scenario.first_day == date(2026, 11, 2)
    assert [deed.who for deed in scenario.deeds] == ["resident", "Anna", "broker"]
    assert scenario.deeds[ANNA].via == "oncall"
    assert scenario.incidents[0].name == "day1 morning: about_to_miss"
    assert scenario.script()["deeds"] == [{"do": "press_when_prompted", "at": "2026-11-02T07:03:00+00:00"}]


def test_the_scenario_of_the_demo_is_sound() -> None:
    scenario = read_scenario(SPINE)
    assert len(scenario.doses) == 8
    assert {deed.do for deed in scenario.deeds if deed.who == "robot"} <= DEEDS.keys()


@pytest.mark.parametrize(
    ("place", "changes", "complaint"),
    [
        ("scenario", {"speeed": 600}, 'unknown key of .scenario.: "speeed".*"speed"'),
        ("scenario", {"title": None}, "needs title"),
        ("scenario", {"title": 5}, "title is a text"),
        ("scenario", {"first_day": "2026-11-02"}, "date without quotes"),
        ("scenario", {"first_day": datetime(2026, 11, 2, tzinfo=UTC)}, "date without quotes"),
        ("scenario", {"zone": "Europe/Kopenhagen"}, 'no such zone: "Europe/Kopenhagen"'),
        ("scenario", {"zone": ""}, "no such zone"),
        ("scenario", {"speed": "fast"}, "speed is a number"),
        ("scenario", {"speed": True}, "speed is a number"),
        ("scenario", {"speed": 0}, "speed is between 1 and 1200"),
        ("scenario", {"speed": 5000}, "speed is between 1 and 1200"),
        ("scenario", {"roll_days": 1.5}, "roll_days is a whole number"),
        ("scenario", {"roll_days": 0}, "above zero"),
        ("scenario", {"receipt_s": 0}, "above zero"),
        ("scenario", {"start": "07:00"}, '"07:00" is no time: write "day1 08:05"'),
        ("scenario", {"end": "day1 06:00"}, "ends .* before it starts"),
        ("medicine", {"criticall": []}, 'unknown key of .medicine.: "criticall".*"critical"'),
        ("medicine", {"known": "C07AB02"}, "known of .medicine. is a list of texts"),
        ("medicine", {"known": [7]}, "list of texts"),
        ("prescription 0", {"slots": ["breakfast"]}, '"breakfast" is not known.*morning, noon'),
        ("prescription 0", {"slots": "morning"}, "slots is a list of texts"),
        ("prescription 0", {"strength_mg": None}, "needs strength_mg"),
        ("expect_dose 0", {"dose": "day1 brunch"}, '"day1 brunch" is no dose: write "day1 evening"'),
        ("expect_dose 0", {"dose": "day0 morning"}, "is no dose"),
        ("expect_dose 0", {"outcome": "retreived"}, 'outcome: "retreived".*"retrieved"'),
        ("expect_dose 0", {"late": "yes"}, "late is true or false"),
        ("expect_dose 0", {"who": "x"}, 'unknown key of ..expect_dose.. 1: "who"'),
        ("expect_incident 0", {"kinds": []}, "at least one kind"),
        ("expect_incident 0", {"priority": "urgent"}, 'priority: "urgent".*info, low, medium, high'),
        ("expect_incident 0", {"dose": "morning"}, "is no dose"),
        ("expect_display 0", {"after": "day1 25:00"}, "is no time"),
        ("expect_display 0", {"before": "day1 08:00"}, "is not before"),
        ("deed 0", {"at": "day1 8:03"}, "is no time"),
        ("deed 0", {"at": "day1 08:60"}, "is no time"),
        ("deed 0", {"at": 8}, "needs at, a text"),
        ("deed 0", {"at": "day1 06:00"}, "outside the play"),
        ("deed 0", {"at": "day2 08:00"}, "outside the play"),
        ("deed 0", {"do": "press_when_promted"}, 'not known.*"press_when_prompted"'),
        ("deed 0", {"react": 5}, "at the robot, deed 1: press_when_prompted has no react"),
        ("deed 0", {"persist": "yes"}, "at the robot, deed 1: persist is not of type bool"),
        ("deed 0", {"who": "robot", "do": "slow_motor"}, "slow_motor needs seconds"),
        ("deed 1", {"do": "stall"}, 'member of staff does: "stall" is not known.*take, close'),
        ("deed 1", {"do": None}, "needs do, a text"),
        ("deed 1", {"dose": None}, "needs dose"),
        ("deed 1", {"dose": "day1 night/2"}, "is no dose"),
        ("deed 1", {"wait": "x"}, 'unknown key of .*Anna take.*: "wait"'),
        ("deed 1", {"via": "phone"}, 'via: "phone".*"home"'),
        ("deed 1", {"via": "home"}, "taken and closed at on-call"),
        ("deed 1", {"do": "close"}, "close needs a resolution"),
        ("deed 1", {"resolution": "gone"}, "nothing else has one"),
        ("deed 2", {"do": "restart"}, 'do: "restart".*"start"'),
        ("deed 2", {"who": "daemon"}, 'do: "stop" is not known.*kill_while_releasing'),
        ("deed 2", {"dose": "day1 morning"}, 'unknown key of .*broker stop.*: "dose"'),
    ],
)
def test_what_nobody_could_have_meant_is_refused_with_what_may_stand_there(
    place: str, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ScenarioError, match=complaint):
        parse_scenario(with_changed(place, **changes))


def test_an_unknown_table_is_refused_and_the_nearest_one_is_named() -> None:
    with pytest.raises(ScenarioError, match=r'unknown table: "expect_doses".*"expect_dose"'):
        parse_scenario({**small(), "expect_doses": []})


@pytest.mark.parametrize("name", ["scenario", "medicine"])
def test_a_missing_table_is_named(name: str) -> None:
    document = small()
    del document[name]
    with pytest.raises(ScenarioError, match=rf"needs one table \[{name}\]"):
        parse_scenario(document)


@pytest.mark.parametrize("name", ["deed", "prescription", "expect_dose", "expect_incident"])
def test_single_brackets_where_double_ones_belong_are_explained(name: str) -> None:
    document = small()
    document[name] = document[name][0]
    with pytest.raises(ScenarioError, match=rf"{name} is written \[\[{name}\]\]"):
        parse_scenario(document)


@pytest.mark.parametrize("name", ["expect_dose", "expect_incident", "prescription"])
def test_what_stands_there_twice_is_refused_rather_than_overwritten(name: str) -> None:
    document = small()
    document[name] *= 2
    with pytest.raises(ScenarioError, match="stands there twice"):
        parse_scenario(document)


@pytest.mark.parametrize(("content", "complaint"), [("[scenario", "can't be read"), (None, "can't be read")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: str | None, complaint: str) -> None:
    path = tmp_path / "broken.toml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ScenarioError, match=rf"broken.toml {complaint}"):
        read_scenario(path)


# --- calendar ---------------------------------------------------------------------------------------


def on(first_day: str) -> Scenario:
    document = with_changed("scenario", first_day=date.fromisoformat(first_day))
    return parse_scenario(document)


def test_midnight_may_be_written_as_the_end_of_a_day() -> None:
    scenario = on("2026-11-02")
    assert (
        scenario.instant("day1 24:00")
        == scenario.instant("day2 00:00")
        == datetime(2026, 11, 2, 23, tzinfo=UTC)
    )
    with pytest.raises(ScenarioError):
        day_time("day1 24:01")


@pytest.mark.parametrize("text", ["day1 08:00", "day1 23:59", "day2 00:00", "day2 02:30", "day3 12:00"])
def test_an_instant_is_the_local_time_it_was_written_as(text: str) -> None:
    scenario = on("2026-11-02")
    assert scenario.local(scenario.instant(text)) == text


@pytest.mark.parametrize(
    ("first_day", "hours"),
    [("2026-10-25", 25), ("2026-03-29", 23), ("2026-11-02", 24)],
)
def test_a_day_on_which_the_clocks_change_is_longer_or_shorter(first_day: str, hours: int) -> None:
    scenario = on(first_day)
    length = scenario.instant("day1 24:00") - scenario.instant("day1 00:00")
    assert length.total_seconds() == hours * 3600
    for text in ("day1 01:59", "day1 03:00", "day1 08:00", "day2 08:00"):
        assert scenario.local(scenario.instant(text)) == text


def test_an_hour_that_comes_twice_means_its_first() -> None:
    scenario = on("2026-10-25")
    assert scenario.instant("day1 02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert scenario.local(datetime(2026, 10, 25, 1, 30, tzinfo=UTC)) == "day1 02:30"


def test_a_time_that_the_clocks_skip_does_not_exist() -> None:
    with pytest.raises(ScenarioError, match="does not exist"):
        on("2026-03-29").instant("day1 02:30")


# --- doses ------------------------------------------------------------------------------------------


def test_a_dose_is_named_by_day_and_slot_both_ways() -> None:
    scenario = on("2026-10-31")
    assert scenario.dose_end("day2 evening") == "2026-11-01/evening/1"
    assert scenario.dose_name("0123/2026-11-01/evening/1") == "day2 evening"
    assert scenario.dose_name("0123/2026-11-01/evening/2") == "day2 evening/2"


@pytest.mark.parametrize(
    "text", ["evening", "day1", "day1 ", "day0 noon", "day1 Noon", "day1  noon", "day1 noon/2"]
)
def test_what_names_no_dose_is_refused(text: str) -> None:
    with pytest.raises(ScenarioError, match="is no dose"):
        day_slot(text)


FAMILY = SPINE.with_name("family.toml")


def family(**changes: Any) -> dict[str, Any]:
    document = tomllib.loads(FAMILY.read_text(encoding="utf-8"))
    return {**document, **changes}


def test_residents_share_a_robot_and_show_their_tags_to_it() -> None:
    scenario = parse_scenario(family())
    noah, karen = scenario.home.people
    assert scenario.home.robots == ("kitchen",)
    tags = {row.get("tag", "") for row in scenario.script("kitchen")["deeds"]}
    (olga,) = scenario.home.helpers
    assert tags == {noah.tag, karen.tag, olga.tag, ""}, "and one who showed none"
    assert scenario.dose_end("Karen day1 noon") == f"{karen.key}/2026-11-02/noon/1"
    assert scenario.dose_name(f"{noah.key}/2026-11-02/evening/1") == "Noah day1 evening"


def test_each_resident_has_their_card_and_their_part_of_the_strip(tmp_path: Path) -> None:
    scenario = parse_scenario(family())
    files = write_files(scenario, tmp_path, {"host": "127.0.0.1"})
    noah, karen = scenario.home.people
    strip = json.loads(files.robot("kitchen").strip.read_text())["sachets"]
    shares = [json.loads(files.manifest(person).read_text()) for person in (noah, karen)]
    labels = [{sachet["label"] for sachet in share["sachets"]} for share in shares]
    assert not labels[0] & labels[1]
    assert labels[0] | labels[1] == {sachet["label"] for sachet in strip}
    assert [share["resident"] for share in shares] == [noah.key, karen.key]
    assert all(share["shared"] for share in shares)


@pytest.mark.parametrize(
    ("row", "changes", "said"),
    [
        ("deed", {"resident": "Per"}, "names one of Noah, Karen"),
        ("deed", {"resident": ""}, "names one of Noah, Karen"),
        ("deed", {"robot": "attic"}, "robot"),
        ("prescription", {"resident": ""}, "names one of Noah, Karen"),
        ("expect_dose", {"dose": "day1 morning"}, "names one of Noah, Karen"),
        ("expect_display", {"robot": ""}, "robot"),
        ("resident", {"name": "Karen"}, "stands there twice"),
        ("resident", {"name": "N 1"}, "letters only"),
    ],
)
def test_somebody_or_something_that_is_not_of_this_home_is_refused(
    row: str, changes: dict[str, str], said: str
) -> None:
    document = family()
    document[row] = [{**document[row][0], **changes}, *document[row][1:]]
    with pytest.raises(ScenarioError, match=said):
        parse_scenario(document)


MODE = {"who": "Anna", "at": "day1 07:30", "do": "mode", "mode": "assisted", "review_days": 7}


def test_a_mode_is_set_at_the_box_and_controlled_medicine_goes_into_the_configuration(tmp_path: Path) -> None:
    document = small()
    document["deed"].append(dict(MODE))
    document["deed"][RESIDENT] = {"who": "resident", "at": "day1 08:03", "do": "press", "tag": "own"}
    document["medicine"]["controlled"] = ["C07AB02"]
    scenario = parse_scenario(document)
    assert (scenario.deeds[-1].mode, scenario.deeds[-1].review_days) == ("assisted", 7)
    assert scenario.script()["deeds"][0]["tag"] == scenario.home.people[0].tag
    files = write_files(scenario, tmp_path, {"host": "x"})
    assert tomllib.loads(files.home.read_text())["medicine"]["controlled"] == ["C07AB02"]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"mode": "assistted"}, '"assistted" is not known.*assisted'),
        ({"review_days": 0}, "every mode but normal has review_days"),
        ({"mode": "normal"}, "every mode but normal has review_days"),
        ({"dose": "day1 morning"}, "is about a resident"),
        ({"wait_for": "dose_due"}, "is about a resident"),
        ({"do": "pause"}, "only the deed mode has a mode"),
        ({"do": "take", "dose": "day1 morning"}, "are of a mode or a pause"),
        ({"review_days": "7"}, "review_days is a whole number"),
    ],
)
def test_a_mode_that_nobody_could_set_is_refused(changes: dict[str, Any], complaint: str) -> None:
    document = small()
    document["deed"].append({**MODE, **changes})
    with pytest.raises(ScenarioError, match=complaint):
        parse_scenario(document)


# --- leave, newer cards, moving -----------------------------------------------------------------------

LEAVE = {
    "who": "Anna",
    "at": "day1 07:30",
    "do": "leave",
    "leave_from": "day1 11:00",
    "leave_to": "day1 12:00",
    "departs": "day1 10:00",
}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"departs": ""}, "needs departs"),
        ({"hand_out": "9:00"}, "is no time"),
        ({"came_back": ["day1 morning"]}, "came_back is of another deed"),
        ({"do": "back"}, "departs is of another deed"),
        ({"do": "count"}, "needs into"),
        ({"mode": "assisted", "review_days": 3}, "only the deed mode has a mode"),
        ({"box": "attic"}, '"attic" is not known'),
    ],
)
def test_a_leave_that_nobody_could_plan_is_refused(changes: dict[str, Any], complaint: str) -> None:
    document = small()
    document["deed"].append({**LEAVE, **changes})
    with pytest.raises(ScenarioError, match=complaint):
        parse_scenario(document)


HOSPITAL, MOVING = SPINE.with_name("hospital.toml"), SPINE.with_name("moving.toml")


def test_a_newer_card_stops_one_and_changes_one_and_the_roll_is_packed_by_the_first(tmp_path: Path) -> None:
    scenario = read_scenario(HOSPITAL)
    (person,) = scenario.home.people
    files = write_files(scenario, tmp_path, {"host": "x"})
    strip = json.loads(files.robot("").strip.read_text())["sachets"]
    evening = next(row for row in strip if row["local"] == "2026-11-04T18:00")
    assert [each["drug"] for each in evening["contents"]] == ["C03CA01", "C07AB02"]
    told = []
    for at in ("day1 06:00", "day2 14:00", "day3 08:50"):
        write_card(scenario, files, person, scenario.instant(at))
        card = json.loads(files.card(person).read_text())
        requests = [each["resource"] for each in card["entry"][1:]]
        told.append((card["identifier"]["value"], {one["id"]: one["status"] for one in requests}))
    assert [version for version, _ in told] == ["1", "2", "3"]
    assert [statuses["furosemide"] for _, statuses in told] == ["active", "stopped", "stopped"]
    assert [statuses["metoprolol"] for _, statuses in told] == ["active"] * 3
    assert scenario.holds(f"{person.key}/2026-11-02/evening/1") == ("furosemide", "metoprolol-evening")
    assert scenario.holds(f"{person.key}/2026-11-03/evening/1") == ("metoprolol-evening",)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"ends": "day1 06:00"}, "comes during the play"),
        ({"begins": "day1 09:00", "ends": "day1 08:00"}, "ends before it begins"),
        ({"begins": "day1 09:00", "unit": "dråbe"}, "are of medicine in sachets"),
    ],
)
def test_a_card_that_no_fagsystem_has_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioError, match=complaint):
        parse_scenario(with_changed("prescription 0", **changes))


def test_of_one_prescription_one_stands_at_a_time() -> None:
    document = small()
    document["prescription"].append({**document["prescription"][0], "begins": "day1 09:00"})
    with pytest.raises(ScenarioError, match="two of this id stand at day1 09:00"):
        parse_scenario(document)


def test_who_moves_has_a_home_before_and_a_home_after(tmp_path: Path) -> None:
    scenario = read_scenario(MOVING)
    house, home = scenario.at_box("house"), scenario.at_box("home")
    assert [person.name for person in house.home.people] == ["Karen", "Poul"]
    assert [(person.name, person.robot, person.moves_in) for person in home.home.people] == [
        ("Karen", "flat", True)
    ]
    assert (house.home.box, home.home.box) == ("box-0001", "box-0002")
    serials = [house.home.serial("room"), house.home.serial("hall"), home.home.serial("flat")]
    assert serials == ["SIM-0001", "SIM-0002", "SIM-0003"]
    (tmp_path / "home").mkdir()
    files = write_files(home, tmp_path / "home", {"host": "x"}, tmp_path)
    first = json.loads(files.robot("flat").strip.read_text())["sachets"][0]
    assert (first["label"], first["local"]) == ("SACHET-2001", "2026-11-03T12:00"), "packed from the move on"
    assert tomllib.loads(files.home.read_text())["resident"][0]["moves_in"] is True


@pytest.mark.parametrize(
    ("row", "changes", "complaint"),
    [
        ("resident", {"moves_to": "hall"}, "moves to a robot at another"),
        ("resident", {"moves_to": "attic"}, '"attic" is not known'),
        ("resident", {"moves_in": True}, "follows from moves_to"),
        ("expect_dose", {"box": "barn"}, '"barn" is not known'),
        ("expect_incident", {"box": ""}, '"" is not known'),
        ("box", {"robots": ["room", "flat"]}, "flat stands there twice"),
    ],
)
def test_a_move_that_leads_nowhere_is_refused(row: str, changes: dict[str, Any], complaint: str) -> None:
    document = tomllib.loads(MOVING.read_text(encoding="utf-8"))
    document[row] = [{**document[row][0], **changes}, *document[row][1:]]
    with pytest.raises(ScenarioError, match=complaint):
        parse_scenario(document)


def test_a_helper_shows_a_tag_of_their_own() -> None:
    scenario = read_scenario(SPINE.with_name("family.toml"))
    (olga,) = scenario.home.helpers
    assert olga.residents == ("Noah", "Karen")
    shown = [row.get("tag", "") for row in scenario.script("kitchen")["deeds"]]
    assert shown.count(olga.tag) == 1
    assert olga.tag not in {person.tag for person in scenario.home.people}


@pytest.mark.parametrize(
    ("helper", "said"),
    [
        ({"name": "Mads 2"}, "name is letters only"),
        ({"name": "own"}, "name is letters only"),
        ({"name": "Mads", "residents": []}, "acts for somebody"),
        ({"name": "Mads", "residents": ["Nobody"]}, "residents"),
    ],
)
def test_a_helper_of_nobody_is_refused(helper: dict[str, Any], said: str) -> None:
    document = tomllib.loads(SPINE.with_name("family.toml").read_text())
    document["helper"] = [helper]
    with pytest.raises(ScenarioError, match=said):
        parse_scenario(document)
