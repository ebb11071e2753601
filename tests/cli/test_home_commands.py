"""`status`, `doses`, `holds`, `decide`, `roll`: against a control socket that speaks the real protocol."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dispenserd.cli.entry import carry_out
from dispenserd.control import listen, serve
from dispenserd.control_call import CallError
from dispenserd.oncall.words.refusals import REFUSALS

KEY = "0123456789abcdef0123456789abcdef"
EVENING = f"{KEY}/2026-11-02/evening/1"
NIGHT = f"{KEY}/2026-11-02/night/1"


def dose(dose_id: str, **over: Any) -> dict[str, Any]:
    _, day, slot, _ = dose_id.split("/")
    plain = {"dose": dose_id, "date": day, "slot": slot, "stage": "planned", "outcome": None, "late": False}
    window = {"opens": "2026-11-02T17:00:00.000Z", "closes": "2026-11-02T19:00:00.000Z"}
    rest = {"by": "", "revision": 0, "token": "robot", "holder": "", "critical": False, "held": ""}
    return {**plain, **window, **rest, **over}


DOSES = [
    dose(EVENING, stage="in_store", outcome="missed", revision=1),
    dose(NIGHT, stage="held", held="label_mismatch", critical=True),
    dose(
        f"{KEY}/2026-11-03/evening/1",
        stage="lifted",
        outcome="given_by_staff",
        by="Anna",
        revision=2,
        late=True,
    ),
    dose(f"{KEY}/2026-11-03/evening-2/1"),
]
INCIDENT = {
    "incident": "f" * 32,
    "dose": NIGHT,
    "kind": "sachet_mismatch",
    "priority": "high",
    "state": "raised",
}
STATUS = {
    "box": "box-0001",
    "epoch": 1,
    "head": "ab" * 32,
    "clock": "trusted",
    "robot": {
        "state": "ready",
        "serial": "SN-1",
        "auth": "none",
        "status": {"mains": True, "battery_percent": 90},
    },
    "plan": {"plan_version": 1, "card_version": 7},
    "roll": {"production_id": "P-1", "left": 20},
    "undelivered": 1,
    "display": ["Tid til medicin", "Vi kan ikke få fat i vagten \x1b[2J"],
    "incidents": [{**INCIDENT, "deadline": "2026-11-02T21:10:00.000Z", "owner": "", "undelivered": True}],
    "next_window": "2026-11-03T07:00:00.000Z",
}


class FakeHome:
    """Answers what it was told to, and remembers what it was asked."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.results: dict[str, dict[str, Any] | CallError] = {"doses": {"doses": DOSES}, "status": STATUS}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def handler(self, name: str) -> Callable[[dict[str, Any]], Any]:
        async def answer(arguments: dict[str, Any]) -> dict[str, Any]:
            self.asked.append((name, arguments))
            result = self.results.get(name, {})
            if isinstance(result, CallError):
                raise result
            return result

        return answer


@pytest.fixture
def home(tmp_path: Path) -> Iterator[FakeHome]:
    config = tmp_path / "dispenserd.toml"
    config.write_text('[home]\nzone = "Europe/Copenhagen"\n[control]\nsocket = "home.sock"\n')
    fake = FakeHome(config)
    names = ("status", "doses", "holds", "decide", "roll_load", "roll_show")
    listening = listen(tmp_path / "home.sock")
    loop = asyncio.new_event_loop()
    serving = loop.create_task(serve(listening, {name: fake.handler(name) for name in names}))
    thread = threading.Thread(target=loop.run_until_complete, args=(asyncio.wait([serving]),))
    thread.start()
    yield fake
    loop.call_soon_threadsafe(serving.cancel)
    thread.join()
    loop.close()


def test_decide_sends_the_whole_dose_id_and_the_finding(
    home: FakeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    home.results["decide"] = {"accepted": True, "reason": "done"}
    arguments = [
        "--not-given",
        "--by",
        "Anna Berg",
        "--reason",
        "found in holding place",
        "--config",
        str(home.config),
    ]
    assert carry_out(["decide", "2026-11-02/evening", *arguments, "--json"]) == 0
    assert home.asked[-1] == (
        "decide",
        {"dose": EVENING, "verdict": "not_given", "by": "Anna Berg", "reason": "found in holding place"},
    )
    shown = json.loads(capsys.readouterr().out)
    assert shown == {
        "schema": "dispenserd/decide/1",
        "dose": EVENING,
        "verdict": "not_given",
        "accepted": True,
        "reason": "done",
    }


@pytest.mark.parametrize(
    ("flag", "verdict"),
    [
        ("--given", "given"),
        ("--had-it", "had_it"),
        ("--witnessed", "witnessed"),
        ("--discard", "discard"),
        ("--let-go", "let_go"),
    ],
)
def test_each_finding_has_its_own_flag(home: FakeHome, flag: str, verdict: str) -> None:
    home.results["decide"] = {"accepted": True, "reason": "done"}
    assert (
        carry_out(["--config", str(home.config), "decide", EVENING, flag, "--by", "A", "--reason", "r"]) == 0
    )
    assert home.asked[-1][1]["verdict"] == verdict


@pytest.mark.parametrize("flags", [[], ["--given", "--had-it"], ["--given", "--not-given", "--discard"]])
def test_decide_needs_exactly_one_finding(
    home: FakeHome, flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["decide", EVENING, *flags, "--by", "A", "--reason", "r", "--config", str(home.config)]
    assert carry_out(arguments) == 2
    assert (
        "exactly one of --given, --had-it, --witnessed, --not-given, --discard, --let-go"
        in capsys.readouterr().err
    )
    assert home.asked == []


@pytest.mark.parametrize(
    ("by", "reason"), [("", "r"), ("  ", "r"), ("A", ""), ("A" * 81, "r"), ("A\nB", "r"), ("A", "\x1b")]
)
def test_decide_needs_a_person_and_a_reason(home: FakeHome, by: str, reason: str) -> None:
    arguments = ["decide", EVENING, "--given", "--by", by, "--reason", reason, "--config", str(home.config)]
    assert carry_out(arguments) == 2
    assert home.asked == []


def test_an_ambiguous_dose_lists_its_candidates_and_decides_nothing(
    home: FakeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["decide", KEY[:8], "--given", "--by", "A", "--reason", "r", "--config", str(home.config)]
    assert carry_out(arguments) == 2
    error = capsys.readouterr().err
    assert "names 4 doses" in error
    assert all(each["dose"] in error for each in DOSES)
    assert [name for name, _ in home.asked] == ["doses"]


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_a_refusal_is_exit_6_in_plain_words_whichever_way_the_home_says_it(
    home: FakeHome, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["decide", EVENING, "--given", "--by", "A", "--reason", "r", "--config", str(home.config)]
    for answer in ({"accepted": False, "reason": code}, CallError(code, "w", "m", "n")):
        home.results["decide"] = answer
        assert carry_out(arguments) == 6
        lines = capsys.readouterr().err.splitlines()
        said = REFUSALS[code]
        assert lines[0] == f"Refused: {said.what.en}"
        assert lines[1].startswith("It means: ")
        see = f" See `dispenserd {said.see}`." if said.see else ""
        assert lines[2] == f"Do next: {said.next_step.en}{see}"


def test_a_refusal_without_words_is_still_a_refusal(
    home: FakeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    home.results["decide"] = {"accepted": False, "reason": "brand_new"}
    arguments = [
        "decide",
        EVENING,
        "--given",
        "--by",
        "A",
        "--reason",
        "r",
        "--config",
        str(home.config),
        "--json",
    ]
    assert carry_out(arguments) == 6
    error = json.loads(capsys.readouterr().out)
    assert error["schema"] == "dispenserd/error/1"
    assert error["code"] == "brand_new"
    assert set(error) == {"schema", "code", "what", "meaning", "next"}


def test_an_answer_that_does_not_say_accepted_counts_as_refused(home: FakeHome) -> None:
    home.results["decide"] = {}
    assert (
        carry_out(["--config", str(home.config), "decide", EVENING, "--given", "--by", "A", "--reason", "r"])
        == 6
    )


@pytest.mark.parametrize("command", ["status", "doses", "holds", "roll show"])
def test_json_is_the_homes_answer_under_the_commands_schema(
    home: FakeHome, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = home.results.setdefault(command.replace(" ", "_"), {"holds": [], "production_id": "P-1"})
    assert carry_out([*command.split(), "--config", str(home.config), "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1
    schema = f"dispenserd/{command.replace(' ', '-')}/1"
    assert json.loads(captured.out) == {"schema": schema, **dict(expected)}  # type: ignore[arg-type]
    assert captured.err == ""


def test_status_reads_as_text_in_local_time_without_control_characters(
    home: FakeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out(["status", "--config", str(home.config)]) == 0
    shown = capsys.readouterr().out
    for part in (
        "SN-1 ready",
        "authentication: none",
        "Tid til medicin",
        "sachet mismatch",
        "high",
        "undelivered",
    ):
        assert part in shown
    assert "Tue 03 Nov 08:00" in shown  # 07:00Z in winter
    assert "Mon 02 Nov 22:10" in shown
    assert "\x1b" not in shown


def test_status_says_in_words_that_the_journal_lost_its_end(
    home: FakeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    for keepers, words in (
        (["robot"], "what the robot heard"),
        (["oncall", "robot"], "what on-call and the robot heard"),
    ):
        home.results["status"] = {**STATUS, "journal_behind": keepers}
        assert carry_out(["status", "--config", str(home.config)]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert words in shown
        assert "no release until a person closed the incident" in shown
    home.results["status"] = {**STATUS, "journal_behind": []}
    assert carry_out(["status", "--config", str(home.config)]) == 0
    assert "Journal" not in capsys.readouterr().out


def test_doses_read_as_a_table_in_words(home: FakeHome, capsys: pytest.CaptureFixture[str]) -> None:
    assert carry_out(["doses", "--config", str(home.config)]) == 0
    shown = capsys.readouterr().out
    for part in (
        "18:00-20:00",
        "missed",
        "given by staff, late, corrected 1x",
        "critical, held: label mismatch",
        "Anna",
    ):
        assert part in shown


def test_an_older_home_that_sends_less_is_still_shown(
    home: FakeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("status", "doses", "holds", "roll_show"):
        home.results[name] = {}
        assert carry_out([*name.split("_"), "--config", str(home.config)]) == 0
    assert "Nothing is held." in capsys.readouterr().out


def test_roll_load_sends_the_manifest_and_who_put_it_in(
    home: FakeHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "roll.json"
    manifest.write_text('{"production_id": "P-1"}')
    home.results["roll_load"] = {"accepted": True, "production_id": "P-1"}
    assert (
        carry_out(["roll", "load", str(manifest), "--by", "Anna", "--config", str(home.config), "--json"])
        == 0
    )
    assert home.asked == [("roll_load", {"manifest": {"production_id": "P-1"}, "by": "Anna"})]
    assert json.loads(capsys.readouterr().out)["schema"] == "dispenserd/roll-load/1"
    assert carry_out(["roll", "load", str(manifest), "--config", str(home.config)]) == 0
    assert home.asked[-1][1]["by"]
    home.results["roll_load"] = {"accepted": False, "reason": "wrong_production_id"}
    assert carry_out(["roll", "load", str(manifest), "--config", str(home.config)]) == 6
    home.results["roll_load"] = CallError("bad_manifest", "what", "meaning", "next")
    assert carry_out(["roll", "load", str(manifest), "--config", str(home.config)]) == 1


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b" " * 300_000, b"[" * 100_000])
def test_a_manifest_that_is_none_is_refused_before_the_home_is_asked(
    home: FakeHome, tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "roll.json"
    manifest.write_bytes(content)
    assert carry_out(["roll", "load", str(manifest), "--config", str(home.config), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "bad_manifest"
    assert home.asked == []


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [("bad_arguments", 2), ("store", 5), ("configuration", 3), ("not_ready", 4), ("else", 1)],
)
def test_errors_of_a_call_have_their_exit_codes(home: FakeHome, code: str, exit_code: int) -> None:
    home.results["status"] = CallError(code, "what", "meaning", "next")
    assert carry_out(["status", "--config", str(home.config)]) == exit_code


@pytest.mark.parametrize("command", ["status", "doses", "holds", "roll show"])
def test_a_home_that_is_down_is_exit_4(
    tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "c.toml"
    config.write_text('[control]\nsocket = "none.sock"\n')
    assert carry_out([*command.split(), "--config", str(config)]) == 4
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 3
    assert captured.out == ""
    assert carry_out([*command.split(), "--config", str(config), "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["code"] == "not_reachable"


def test_a_fault_elsewhere_in_the_configuration_keeps_nobody_from_deciding(home: FakeHome) -> None:
    home.config.write_text(home.config.read_text() + "[robot]\nbuad = 7\n")
    assert carry_out(["status", "--config", str(home.config)]) == 0


@pytest.mark.parametrize(
    "text", ["", "[control]\n", "[control]\nsocket = 7\n", "control = 1\n", "[control\n"]
)
def test_a_configuration_without_a_socket_is_exit_3(tmp_path: Path, text: str) -> None:
    config = tmp_path / "c.toml"
    config.write_text(text)
    assert carry_out(["status", "--config", str(config)]) == 3


@pytest.mark.parametrize("zone", ['"Nowhere/City"', '"../../etc/passwd"', "7", '""'])
def test_a_configuration_with_a_bad_zone_is_exit_3(tmp_path: Path, zone: str) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f'[control]\nsocket = "s"\n[home]\nzone = {zone}\n')
    assert carry_out(["status", "--config", str(config)]) == 3


def test_the_configuration_may_be_named_by_the_environment(
    home: FakeHome, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISPENSERD_CONFIG", str(home.config))
    assert carry_out(["status"]) == 0
    assert carry_out(["status", "--config", str(tmp_path / "other.toml")]) == 3
    monkeypatch.setenv("DISPENSERD_CONFIG", str(tmp_path / "other.toml"))
    assert carry_out(["--config", str(home.config), "status"]) == 0
    assert carry_out(["--config", str(tmp_path / "other.toml"), "status", "--config", str(home.config)]) == 0


def cells_of(shown: str) -> list[list[str]]:
    """The lines of a table below its rule, cut at the gaps between columns."""
    below = re.split(r"─ *\n", shown)[-1].splitlines()
    return [[cell for cell in re.split(r"  +", line.strip()) if cell] for line in below if line.strip()]


def test_doses_at_80_columns_keep_the_name_that_decide_takes_and_drop_empty_columns(
    home: FakeHome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert carry_out(["doses", "--config", str(home.config)]) == 0
    shown = capsys.readouterr().out
    for each in (
        "2026-11-02/evening ",
        "2026-11-02/night ",
        "2026-11-03/evening-2 ",
        "18:00-20:00",
        "planned",
    ):
        assert each in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    home.results["doses"] = {"doses": [dose(EVENING, outcome="missed"), dose(NIGHT)]}
    assert carry_out(["doses", "--config", str(home.config)]) == 0
    shown = capsys.readouterr().out
    assert "By" not in shown
    assert "Notes" not in shown
    assert cells_of(shown) == [
        ["2026-11-02/evening", "18:00-20:00", "planned", "missed"],
        ["2026-11-02/night", "18:00-20:00", "planned", "robot"],
    ]


def test_the_roll_shows_numbers_contents_and_the_sachet_at_the_mouth(
    home: FakeHome, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    contents = [{"drug": "N02BE01", "strength": "500 mg", "quantity": "2", "unit": "tablet"}]
    sachets = [
        {"number": number, "label": f"L-{number}", "local": f"2026-11-0{number}T08:00", "contents": contents}
        for number in (3, 4)
    ]
    home.results["roll_show"] = {"production_id": "P-1", "mouth": "L-4", "left": 1, "sachets": sachets}
    assert carry_out(["roll", "show", "--config", str(home.config)]) == 0
    assert cells_of(capsys.readouterr().out) == [
        ["3", "2026-11-03T08:00", "2 tablet N02BE01 500 mg", "L-3"],
        ["4", "2026-11-04T08:00", "2 tablet N02BE01 500 mg", "L-4", "next"],
    ]


def test_a_strip_as_needed_in_a_robot_of_its_own_is_shown_below_the_roll(
    home: FakeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    contents = [{"drug": "N02BE01", "strength": "500 mg", "quantity": "1", "unit": "tablet"}]
    sachet = {"number": 1, "label": "P-1", "local": "2026-11-03T08:00", "contents": contents}
    strip = {"robot": "SN-2", "production_id": "PN-1", "mouth": "P-1", "left": 1, "sachets": [sachet]}
    home.results["roll_show"] = {"production_id": "P-1", "left": 1, "sachets": [], "as_needed": strip}
    assert carry_out(["roll", "show", "--config", str(home.config)]) == 0
    shown = capsys.readouterr().out
    assert "Medicine as needed, in SN-2:\nRoll PN-1" in shown
    home.results["roll_show"] = {"production_id": "P-1", "as_needed": {**strip, "production_id": ""}}
    assert carry_out(["roll", "show", "--config", str(home.config)]) == 0
    assert "No strip of medicine as needed is loaded." in capsys.readouterr().out
    used = {"robot": "SN-2", "production_id": "PN-1", "left": 30}
    robots = [{"serial": "SN-1", "state": "ready"}, {"serial": "SN-2", "state": "absent"}]
    home.results["status"] = {**STATUS, "residents": [{"as_needed": used}], "robots": robots}
    assert carry_out(["status", "--config", str(home.config)]) == 0
    assert "PN-1, 30 sachets left; in SN-2 absent" in capsys.readouterr().out


def test_status_says_why_the_robot_is_not_ready_and_what_to_do(
    home: FakeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    robot = {"serial": "SN-1", "state": "rejected", "reason": "auth_class", "auth": "none"}
    home.results["status"] = {**STATUS, "robot": robot, "roll": {"production_id": "", "left": None}}
    assert carry_out(["status", "--config", str(home.config)]) == 0
    shown = capsys.readouterr().out
    assert "SN-1 rejected: auth class" in shown
    assert "accept_unauthenticated = true" in shown
    assert re.search(r"Roll +none *\n", shown)
    assert "DEMO" not in shown
    home.results["status"] = {**STATUS, "robot": {"state": "absent", "reason": "port_missing"}}
    assert carry_out(["status", "--config", str(home.config)]) == 0
    shown = capsys.readouterr().out
    assert "absent: port missing" in shown
    assert "accept_unauthenticated" not in shown


def test_status_says_that_a_window_is_open_and_that_a_demo_is_one(
    home: FakeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    home.results["status"] = {**STATUS, "window_open": True, "demo": True}
    assert carry_out(["status", "--config", str(home.config)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("DEMO: no real home\n")
    assert "open since 08:00" in shown


def test_a_decision_is_recorded_in_words(home: FakeHome, capsys: pytest.CaptureFixture[str]) -> None:
    home.results["decide"] = {"accepted": True, "reason": "done"}
    person = ["--by", "Anna", "--reason", "r", "--config", str(home.config)]
    assert carry_out(["decide", "2026-11-03/evening-2", "--given", *person]) == 0
    assert capsys.readouterr().out == "Recorded: 2026-11-03/evening-2, given by hand by Anna.\n"


def test_a_manifest_that_cannot_be_read_is_wrong_use_and_named(
    home: FakeHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "no-such-roll.json")
    assert carry_out(["roll", "load", missing, "--config", str(home.config)]) == 2
    assert missing in capsys.readouterr().err
    assert home.asked == []


def test_a_refused_roll_says_that_the_one_before_stays_and_a_loaded_one_how_long_it_is(
    home: FakeHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "roll.json"
    manifest.write_text("{}")
    load = ["roll", "load", str(manifest), "--config", str(home.config)]
    refusals = (
        {"accepted": False, "reason": "wrong_production_id"},
        CallError("bad_manifest", "w", "m", "n"),
    )
    for answer in refusals:
        home.results["roll_load"] = answer
        assert carry_out(load) in (1, 6)
        assert "The roll loaded before stays." in capsys.readouterr().err
    home.results["roll_load"] = {"accepted": True, "production_id": "P-1", "sachets": 28}
    assert carry_out(load) == 0
    assert capsys.readouterr().out == "Loaded: roll P-1, 28 sachets.\n"
    manifest.write_text("{")
    assert carry_out(load) == 1
    assert "The roll loaded before stays." in capsys.readouterr().err


def test_who_has_the_right_to_give_is_named_until_they_have_said_what_they_did(
    home: FakeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    """Closing the incident is refused until then, and somebody must know whom to ask."""
    for outcome, shown in (("missed", True), (None, True), ("given_by_staff", False)):
        held = dose(EVENING, stage="in_store", outcome=outcome, token="staff", holder="Ida Opdigtet")
        home.results["doses"] = {"doses": [held]}
        assert carry_out(["doses", "--config", str(home.config)]) == 0
        assert ("Ida Opdigtet" in capsys.readouterr().out) is shown, outcome
