"""The command line as a whole: commands, help, usage errors, words, and what start-up imports."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dispenserd.cli.dose_names import dose_named
from dispenserd.cli.entry import carry_out
from dispenserd.cli.failure import Exit, Failure
from dispenserd.cli.words import STAGES
from dispenserd.oncall.words.refusals import REFUSALS
from dispenserd.views import BESIDE
from scheduler.dose import Stage

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = [
    "run",
    "status",
    "doses",
    "journal tail",
    "journal verify",
    "roll load",
    "roll show",
    "holds",
    "decide",
    "resident show",
    "resident mode",
    "resident pause",
    "resident move-ask",
    "resident move-out",
    "resident move-in",
    "robot swap",
    "robot count",
    "robot uncounted",
    "resident review",
    "resident resume",
    "resident leave",
    "resident back",
    "resident release",
    "test-alarm",
    "doctor",
    "dosage explain",
    "provision",
    "simulate",
    "broker-config",
    "oncall run",
    "oncall list",
    "oncall watch",
    "oncall take",
    "oncall decide",
    "oncall close",
    "oncall roster",
    "oncall key",
]
KEY = "0123456789abcdef0123456789abcdef"
DOSES = [
    f"{KEY}/2026-11-{day:02d}/{slot}/1" for day in (2, 3) for slot in ("morning", "evening", "evening-2")
]


def shown_commands(help_text: str) -> set[str]:
    """The first words of the rows of a help page's table of commands."""
    rows = help_text.partition("Commands ─")[2].splitlines()[1:]
    return {match[1] for row in rows if (match := re.match(r"│ ([a-z-]+)  ", row))}


def named_commands(text: str) -> set[str]:
    """From spans like `dispenserd roll load MANIFEST` / `show`: the second shares the first one's group."""
    named = set()
    for line in re.findall(r"`dispenserd [a-z][^`]*`(?: / `[^`]+`)*", text):
        first, *others = (span.split() for span in re.findall(r"`([^`]+)`", line))
        group = first[1:2] if first[1] in ("journal", "roll", "resident", "robot", "oncall", "dosage") else []
        named |= {" ".join(group + words[:1]) for words in (first[1 + len(group) :], *others)}
    return named


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_its_json_and_the_exit_codes(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert carry_out([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert f"Usage: dispenserd {command}" in shown
    assert "--json" in shown
    for code in Exit:
        assert re.search(rf"\b{int(code)} \w+", shown.partition("Exit codes:")[2])


def test_help_lists_these_commands_and_no_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    listed = set()
    carry_out(["--help"])
    for name in shown_commands(capsys.readouterr().out):
        carry_out([name, "--help"])
        below = shown_commands(capsys.readouterr().out)
        listed |= {f"{name} {each}" for each in below} or {name}
    assert listed == set(COMMANDS)


def test_the_readme_names_every_command_and_none_that_does_not_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    assert named_commands(readme) == set(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["roll", "eat"],
        ["status", "extra"],
        ["status", "--nope"],
        ["journal", "tail", "-n", "-1"],
        ["journal", "tail", "-n", "x"],
        ["decide"],
        ["decide", "x", "--given"],
        ["simulate"],
        ["simulate", "x", "--speed", "1201"],
        ["oncall", "take", "x"],
        ["oncall", "close", "x", "--as", "A"],
        ["oncall", "close", "x", "--as", "A", "--resolution", "Two words"],
    ],
)
def test_wrong_use_is_exit_2_in_three_lines_or_one_object(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line.partition(":")[0] for line in captured.err.splitlines()][-2:] == ["It means", "Do next"]
    assert carry_out([*arguments, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)
    assert (error["schema"], error["code"]) == ("dispenserd/error/1", "usage")
    assert set(error) == {"schema", "code", "what", "meaning", "next"}


@pytest.mark.parametrize("group", ["", "journal", "roll", "oncall"])
def test_a_group_without_a_command_shows_its_help_once_and_is_exit_2(
    group: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry_out(group.split()) == 2
    captured = capsys.readouterr()
    assert captured.out.count(f"Usage: {f'dispenserd {group}'.strip()} ") == 1
    assert captured.err == ""


def test_help_gives_the_form_of_a_dose_and_the_usual_resolutions(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    for command, word in (("decide", "2026-11-02/evening"), ("oncall decide", "2026-11-02/evening")):
        carry_out([*command.split(), "--help"])
        assert word in capsys.readouterr().out
    carry_out(["oncall", "close", "--help"])
    shown = capsys.readouterr().out
    assert all(code in shown for code in ("given_by_hand", "false_alarm", "visited"))


@pytest.mark.parametrize("command", ["run", "journal tail", "journal verify", "oncall run", "oncall list"])
def test_a_missing_configuration_is_exit_3(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = str(tmp_path / "none.toml")
    assert carry_out([*command.split(), "--config", missing]) == 3
    assert "does not exist" in capsys.readouterr().err
    assert carry_out([*command.split(), "--config", missing, "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["code"] == "configuration"


def test_a_scenario_that_does_not_exist_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert carry_out(["simulate", "no-such-scenario"]) == 2
    assert "no-such-scenario" in capsys.readouterr().err


def test_simulate_passes_the_stages_exit_code_and_output_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text('#!/bin/sh\necho "$@"\nexit 1\n')
    stand_in.chmod(0o755)
    scenario = tmp_path / "mine.toml"
    scenario.write_text("")
    monkeypatch.setattr(sys, "executable", str(stand_in))
    assert carry_out(["simulate", str(scenario), "--speed", "600", "--json"]) == 1
    assert capfd.readouterr().out == f"-m simulator.stage {scenario} --speed 600 --json --once\n"
    stand_in.write_text("#!/bin/sh\nkill -9 $$\n")
    assert carry_out(["simulate", str(scenario)]) == 1
    assert "SIGKILL" in capfd.readouterr().err


def test_a_dose_may_be_named_whole_by_its_start_or_from_its_date() -> None:
    assert dose_named(DOSES[0], DOSES) == DOSES[0]
    assert dose_named(f"{KEY}/2026-11-02/mor", DOSES) == DOSES[0]
    assert dose_named("2026-11-02/morning", DOSES) == DOSES[0]
    assert dose_named("2026-11-02/morning/1", DOSES) == DOSES[0]


def test_a_slot_is_never_taken_for_a_longer_one() -> None:
    assert dose_named("2026-11-02/evening", DOSES) == f"{KEY}/2026-11-02/evening/1"
    assert dose_named("2026-11-02/evening-2", DOSES) == f"{KEY}/2026-11-02/evening-2/1"


@pytest.mark.parametrize(
    "short", ["", "0", "morning", "2026-11-02", "morning/1", "11-02/morning", "2026-11-02/even", KEY]
)
def test_a_name_that_is_not_clearly_one_dose_is_a_usage_error(short: str) -> None:
    with pytest.raises(Failure) as raised:
        dose_named(short, DOSES)
    assert raised.value.exit_code is Exit.USAGE


def test_two_residents_doses_of_one_slot_are_ambiguous() -> None:
    other = "f" * 32 + "/2026-11-02/morning/1"
    with pytest.raises(Failure, match="names 2 doses") as raised:
        dose_named("2026-11-02/morning", [*DOSES, other])
    assert other in raised.value.what


def test_every_stage_of_a_dose_has_words() -> None:
    assert set(STAGES) == {stage.value for stage in Stage} | {BESIDE}


def test_every_refusal_of_a_command_has_words() -> None:
    source = ast.parse((ROOT / "scheduler" / "receive_command.py").read_text())
    texts = {
        node.value
        for function in ast.walk(source)
        if isinstance(function, ast.Return)
        for node in ast.walk(function)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    codes = {text for text in texts if re.fullmatch(r"[a-z]+(_[a-z]+)*", text)} - {"done"}
    assert {"no_token", "in_doubt", "stale", "not_owner"} <= codes
    assert codes <= set(REFUSALS)


@pytest.mark.parametrize("command", [["status"], ["decide", "x/y", "--given", "--by", "A", "--reason", "r"]])
def test_a_command_for_the_running_home_starts_without_the_heavy_rooms(
    command: list[str], tmp_path: Path
) -> None:
    config = tmp_path / "c.toml"
    config.write_text('[control]\nsocket = "none.sock"\n')
    script = (
        "import sys; from dispenserd.cli.entry import carry_out; code = carry_out(sys.argv[1:]);"
        "rooms = sorted({name.partition('.')[0] for name in sys.modules});"
        "print(code, *rooms, 'dispenserd.config' in sys.modules)"
    )
    run = [sys.executable, "-c", script, *command, "--config", str(config)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT)
    code, *modules, whole_config = done.stdout.split()
    assert code == "4"
    heavy = {
        "rich",
        "asyncio",
        "structlog",
        "sqlalchemy",
        "cryptography",
        "paho",
        "serial",
        "sqlcipher3",
        "alembic",
    }
    assert not heavy & set(modules)
    assert whole_config == "False"
