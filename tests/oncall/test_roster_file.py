"""The roster's file: what it says, what is refused and how, and `oncall roster` on real endpoints."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispenserd.cli.entry import carry_out
from dispenserd.config_file import ConfigError
from dispenserd.oncall.roster import Person
from dispenserd.roster_file import load_roster
from tests.support.endpoints import free_port, http_endpoint
from tests.support.paper_home import at

WHOLE = """
[manager]
name = "Merete Prøve"
notify = ["json://user:s3cret@127.0.0.1:9/m"]
[deadlines]
high_min = 5
[[person]]
name = "Anna Prøve"
language = "en"
notify = ["json://user:s3cret@127.0.0.1:9/a"]
hours = "22:00-07:00"
[[person]]
name = "Bo Prøve"
notify = ["json://user:s3cret@127.0.0.1:9/b", "mailto://127.0.0.1?from=a@example.org&to=b@example.org"]
priorities = ["high"]
"""


def written(folder: Path, text: str, mode: int = 0o640) -> Path:
    path = folder / "roster.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_roster_says_who_in_which_order_for_what_and_when(tmp_path: Path) -> None:
    roster = load_roster(written(tmp_path, WHOLE), "Europe/Copenhagen")
    assert [(each.name, each.language, each.hours) for each in roster.people] == [
        ("Anna Prøve", "en", (time(22), time(7))),
        ("Bo Prøve", "da", None),
    ]
    assert roster.people[1].priorities == {"high"}
    assert roster.manager is not None
    assert roster.deadlines.of("high") == timedelta(minutes=5)
    assert roster.deadlines.of("low") == timedelta(hours=4)
    assert roster.uncovered(at(0)) == ["medium", "low"]  # 13:00 in Copenhagen
    assert roster.uncovered(at(9 * 60)) == []


def test_hours_past_midnight_end_in_the_morning() -> None:
    anna = Person("Anna Prøve", hours=(time(22), time(7)))
    told = [anna.is_on_call("low", time(hour)) for hour in (21, 22, 23, 0, 6, 7)]
    assert told == [False, True, True, True, True, False]


def test_the_annotated_roster_is_one_once_it_is_filled_in(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "config" / "roster.toml"
    roster = load_roster(written(tmp_path, example.read_text()), "Europe/Copenhagen")
    shown = example.read_text().replace("# high_min", "high_min").replace("# priorities", "priorities")
    more = shown.replace("# medium_min", "medium_min").replace("# low_min", "low_min")
    again = load_roster(written(tmp_path, more.replace("# hours", "hours")), "Europe/Copenhagen")
    assert (again.deadlines, again.people[0].priorities) == (roster.deadlines, roster.people[0].priorities)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (('name = "Anna', 'nmae = "Anna'), 'person.0.nmae is no known key (did you mean "name"?)'),
        (("high_min = 5", "high_mins = 5"), 'deadlines.high_mins is no known key (did you mean "high_min"?)'),
        (("high_min = 5", "high_min = 11"), "deadlines.high_min"),
        (("[manager]", "[manger]"), 'manger is no known key (did you mean "manager"?)'),
        (('language = "en"', 'language = "sv"'), "person.0.language"),
        (('["high"]', '["hgih"]'), "person.1.priorities.0"),
        (('["high"]', "[]"), "person.1.priorities"),
        (("22:00-07:00", "22-07"), 'person.0.hours must be two clock times in quotes, as in "07:00-15:00"'),
        (("json://user:s3cret@127.0.0.1:9/b", "s3cret"), "person.1.notify.0 is no address that can be told"),
        (('["json://user:s3cret@127.0.0.1:9/a"]', "[]"), "person.0.notify has no entry"),
        (("Bo Prøve", "Anna Prøve"), "the file names the same person twice"),
        (("Bo Prøve", "Merete Prøve"), "the file names the same person twice"),
        (("Bo Prøve", " Bo"), "person.1.name must be a name in one line"),
    ],
)
def test_a_fault_is_named_by_its_place_and_no_value_is_repeated(
    tmp_path: Path, change: tuple[str, str], says: str
) -> None:
    path = written(tmp_path, WHOLE.replace(*change))
    with pytest.raises(ConfigError) as refused:
        load_roster(path, "Europe/Copenhagen")
    assert says in refused.value.what
    for secret in ("s3cret", "Anna", "Merete"):
        assert secret not in refused.value.what + refused.value.meaning + refused.value.next_step


def test_a_file_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="may be read by everybody"):
        load_roster(written(tmp_path, WHOLE, 0o644), "Europe/Copenhagen")


# --- the command ---

Told = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs `oncall roster` with this roster; its exit code and its object."""

    def run(roster: str | None, *arguments: str) -> tuple[int, dict[str, Any]]:
        named = "" if roster is None else f'roster = "{written(tmp_path, roster).name}"\n'
        config = tmp_path / "oncall.toml"
        config.write_text(
            f'[oncall]\ndatabase = "oncall.db"\nsigning_key_file = "key"\n{named}[mqtt]\nhost = "127.0.0.1"\n'
        )
        code = carry_out(["oncall", "roster", *arguments, "--json", "--config", str(config)])
        return code, json.loads(capsys.readouterr().out)

    return run


def ladder(shown: dict[str, Any], priority: str) -> list[tuple[int, str]]:
    return [(step["after_s"], step["person"].split()[0]) for step in shown["ladders"][priority]]


def test_it_shows_who_would_be_told_when(told: Told) -> None:
    everybody = WHOLE.replace('hours = "22:00-07:00"\n', "").replace('priorities = ["high"]\n', "")
    code, shown = told(everybody)
    assert (code, shown["schema"], shown["uncovered"]) == (0, "dispenserd/oncall-roster/1", [])
    assert ladder(shown, "high")[:4] == [(0, "Anna"), (300, "Bo"), (600, "Merete"), (900, "Anna")]
    assert ladder(shown, "low")[:3] == [(0, "Anna"), (14400, "Bo"), (14400 + 1800, "Merete")]
    assert shown["people"][1]["addresses"] == ["json", "mailto"]
    assert "s3cret" not in json.dumps(shown)


def test_without_a_roster_nobody_is_on_call_and_that_is_false(told: Told) -> None:
    code, shown = told(None)
    assert (code, shown["people"], shown["uncovered"]) == (1, [], ["high", "medium", "low"])
    assert shown["ladders"] == {"high": [], "medium": [], "low": []}


def test_a_roster_that_cannot_be_used_ends_as_a_configuration(told: Told) -> None:
    code, shown = told(WHOLE.replace("nmae", "name").replace("high_min", "high"))
    assert (code, shown["code"]) == (3, "configuration")


def test_a_test_tells_everybody_and_says_who_was_not_reached(told: Told, tmp_path: Path) -> None:
    with http_endpoint() as up:
        roster = (
            f'[manager]\nname = "Merete Prøve"\nnotify = ["{up.url("m")}"]\n'
            f'[[person]]\nname = "Anna Prøve"\nnotify = ["{up.url("a")}"]\n'
        )
        code, shown = told(roster, "--test")
        assert code == 0
        assert [(each["name"], each["result"]) for each in shown["tests"]] == [
            ("Anna Prøve", "ok"),
            ("Merete Prøve", "ok"),
        ]
        assert len(up.heard) == 2
        down = roster.replace(f"{up.port}/a", f"{free_port()}/a")
        code, shown = told(down, "--test")
        assert code == 1
        assert [each["reached"] for each in shown["tests"]] == [False, True]
