"""`oncall ...`: on on-call's real database, and the process itself from start to SIGTERM."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispenserd import rehearsal
from dispenserd.cli.entry import carry_out
from dispenserd.clock import REHEARSAL_CLOCK_VARIABLE, SystemClock
from dispenserd.oncall.database import create, decisions
from dispenserd.oncall.keys import load_or_create
from dispenserd.oncall.received import keep_incident
from dispenserd.security.identity import fingerprint
from protocol.mqtt.payloads import IncidentPayload

ROOT = Path(__file__).resolve().parents[2]
INCIDENT = "ab" * 16
DOSE = "0123456789abcdef0123456789abcdef/2026-11-02/evening/1"
TAKE = ("oncall", "take", INCIDENT[:6], "--as", "Anna")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = tmp_path / "oncall.toml"
    path.write_text(
        '[oncall]\ndatabase = "oncall.db"\nsigning_key_file = "signing.key"\nlanguage = "en"\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n'
    )
    return path


def receive(config: Path, **over: Any) -> None:
    """An incident as a home would send it, committed as `oncall run` would."""
    at = SystemClock().now()
    body = {
        "schema": "dispenserd/incident/1",
        "home": "box-0001",
        "epoch": 1,
        "event_id": "1-" + "cd" * 32,
        "incident": INCIDENT,
        "revision": 1,
        "subject": "dose",
        "dose": DOSE,
        "kind": "release_failed",
        "priority": "high",
        "state": "raised",
        "detail": "",
        "raised": at,
        "changed": at,
        "deadline": at + timedelta(minutes=10),
        "owner": "",
        "holds_token": False,
        "resolution": "",
        "cleared": False,
        "undelivered": False,
        **over,
    }
    known = {field.alias or name for name, field in IncidentPayload.model_fields.items()}
    payload = IncidentPayload.model_validate({key: value for key, value in body.items() if key in known})
    with create(config.parent / "oncall.db").writing() as connection:
        assert keep_incident(connection, payload, at)


@pytest.fixture
def told(config: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any]]]:
    """Runs a command with --json; its exit code and its object."""

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        code = carry_out(["oncall", *arguments, "--json", "--config", str(config)])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_the_desks_fingerprint_is_the_one_that_provisioning_shows(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["oncall", "key", "--config", str(config)]
    assert carry_out([*command, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "no_key_yet"
    public = load_or_create(config.with_name("signing.key")).public.hex()
    assert carry_out([*command, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["public_key"], shown["fingerprint"]) == (public, fingerprint(public))
    assert carry_out(command) == 0
    said = capsys.readouterr().out
    assert shown["fingerprint"] in said and "signing.key.pub" in said
    assert config.with_name("signing.key").read_text().strip() not in said


def test_list_shows_open_incidents_and_homes(
    config: Path, told: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    receive(config)
    code, shown = told("list")
    assert code == 0
    assert shown["schema"] == "dispenserd/oncall-list/1"
    incident = shown["incidents"][0]
    assert (incident["incident"], incident["priority"], incident["token"]) == (INCIDENT, "high", "none")
    assert [home["home"] for home in shown["homes"]] == ["box-0001"]
    assert carry_out(["oncall", "list", "--config", str(config)]) == 0
    text = capsys.readouterr().out
    for part in ("release failed", "2026-11-02/evening", "nobody", "with the robot", "UNKNOWN since"):
        assert part in text


def test_the_list_speaks_danish_where_nothing_else_was_asked_for(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receive(config, detail="motor_stall", owner="Anna", holds_token=True, state="acknowledged")
    config.write_text(config.read_text().replace('language = "en"\n', ""))
    shown = listed(config, capsys)
    for part in ("høj", "Udlevering mislykkedes", "Hvorfor: motoren", "overtaget", "bekræftet: må give"):
        assert part in shown
    assert "Hjem box-0001: UKENDT siden" in shown
    assert "release failed" not in shown
    config.write_text(config.read_text().replace("[oncall]", '[oncall]\nlanguage = "sv"'))
    assert carry_out(["oncall", "list", "--config", str(config)]) == 3


def test_take_owns_at_once_and_says_that_nothing_may_be_given_yet(
    config: Path, told: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    receive(config)
    assert carry_out([*TAKE, "--wait", "0", "--config", str(config)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Asked to own incident abababab of home box-0001.\n")
    assert "Give nothing by hand before" in shown
    assert "may give 2026" not in shown
    _, shown = told("list")
    assert (shown["incidents"][0]["owner"], shown["incidents"][0]["token"]) == ("Anna", "asked")


def answer(config: Path, state: str, reason: str = "done") -> None:
    with create(config.parent / "oncall.db").writing() as connection:
        connection.execute(decisions.update().values(state=state, reason=reason))


@pytest.mark.parametrize(("holds_token", "owner"), [(True, "Anna"), (False, "Anna"), (True, "")])
def test_a_confirmed_take_says_who_may_give_only_when_the_home_gave_the_right(
    config: Path, holds_token: bool, owner: str, told: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    receive(config)
    told("take", INCIDENT, "--as", "Anna", "--wait", "0")
    answer(config, "accepted")
    newer = {"revision": 2, "event_id": "2-" + "cd" * 32, "state": "acknowledged"}
    receive(config, **newer, owner=owner, holds_token=holds_token)
    assert carry_out([*TAKE, "--wait", "0", "--config", str(config)]) == 0
    shown = capsys.readouterr().out
    may = holds_token and owner == "Anna"
    assert ("Anna may give 2026-11-02/evening by hand now." in shown) == may
    assert ("Give nothing by hand" in shown) == (not may)


def test_a_right_to_give_is_never_read_from_another_home_with_the_same_id(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receive(config, owner="Anna", state="acknowledged", holds_token=True, home="a-box")
    receive(config)
    confirming = threading.Timer(0.3, answer, (config, "accepted"))
    confirming.start()
    carry_out(["oncall", "take", f"box-0001/{INCIDENT}", "--as", "Anna", "--config", str(config)])
    confirming.join()
    shown = capsys.readouterr().out
    assert "Confirmed: Anna owns it." in shown
    assert "Anna may give" not in shown


def test_an_id_that_two_homes_have_is_told_with_the_home_before_it(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receive(config)
    receive(config, home="a-box")
    assert carry_out([*TAKE, "--config", str(config)]) == 2
    refusal = capsys.readouterr().err
    assert f"box-0001/{INCIDENT}" in refusal
    assert f"a-box/{INCIDENT}" in refusal


def test_a_dose_is_named_on_call_as_at_home_and_the_finding_recorded_in_words(
    config: Path, told: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    receive(config)
    finding = ("decide", "2026-11-02/evening", "--had-it", "--by", "Anna", "--reason", "r", "--wait")
    code, sent = told(*finding, "0")
    assert (code, sent["dose"]) == (0, DOSE)
    waiting = threading.Timer(0.3, answer, (config, "accepted"))
    waiting.start()
    assert carry_out(["oncall", *finding, "10", "--config", str(config)]) == 0
    waiting.join()
    assert capsys.readouterr().out == "Recorded: 2026-11-02/evening, the resident had it, says Anna.\n"


def test_a_name_that_is_none_is_quoted_and_a_name_of_several_lists_them(
    config: Path, told: Callable[..., Any]
) -> None:
    receive(config)
    finding = ("--had-it", "--by", "Anna", "--reason", "r")
    assert '"2026-11-02/noon"' in told("decide", "2026-11-02/noon", *finding)[1]["what"]
    other = {"incident": "ab" * 15 + "ff", "event_id": "1-" + "ef" * 32}
    receive(config, **other, dose="f" * 32 + "/2026-11-02/evening/1")
    code, error = told("decide", "2026-11-02/evening", *finding)
    assert (code, DOSE in error["what"], "f" * 32 + "/2026" in error["what"]) == (2, True, True)
    code, error = told("take", "abab", "--as", "Anna")
    assert code == 2
    assert all(
        part in error["what"] for part in ('"abab"', INCIDENT, other["incident"], "2026-11-02/evening")
    )


def listed(config: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert carry_out(["oncall", "list", "--all", "--config", str(config)]) == 0
    return capsys.readouterr().out


def test_the_list_at_80_columns_keeps_priority_id_dose_and_the_time_left(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    dose = DOSE.replace("evening", "morning-2")
    receive(config, priority="medium", kind="about_to_miss", dose=dose, detail="label_mismatch")
    parts = ("medium ", "abababab ", "2026-11-02/morning-2 ", "with the robot", "Why: label mismatch")
    receive(
        config, incident="cd" * 16, event_id="1-" + "ef" * 32, dose=dose, undelivered=True, owner="Anna Berg"
    )
    receive(config, incident="ef" * 16, event_id="1-" + "aa" * 32, home="box-0002", dose=dose)
    shown = listed(config, capsys)
    assert shown.count("2026-11-02/morning-2 ") == 3
    assert all(part in shown for part in parts)
    assert re.search(r"\d\d:\d\d \(in 9 min\)", shown)
    assert "box-0002 " in shown
    assert "…" not in shown
    assert "Resolution" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    ago = SystemClock().now() - timedelta(minutes=3, seconds=5)
    receive(config, revision=2, event_id="2-" + "cd" * 32, deadline=ago)
    assert "overdue 3 min" in listed(config, capsys)


@pytest.mark.parametrize(
    ("detail", "why"),
    [
        ("robot_knows_newer_journal", "Why: robot knows newer journal"),
        ("oncall_knows_newer_journal", "Why: oncall knows newer journal"),
        ("robot_and_oncall_know_newer_journal", "Why: robot and oncall know newer journal"),
    ],
)
def test_the_list_says_who_knows_more_than_a_home_that_lost_its_end(
    config: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    detail: str,
    why: str,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    receive(config, subject="journal", dose="", kind="journal_behind", detail=detail)
    shown = listed(config, capsys)
    assert "journal behind" in shown
    assert all(word in shown for word in why.split())
    assert max(map(len, shown.splitlines())) <= 80


def test_a_settled_dose_shows_no_right_to_give_and_two_homes_are_told_apart(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settled = {"state": "handled", "owner": "Anna", "holds_token": True, "resolution": "given_by_hand"}
    receive(config, **settled)
    shown = listed(config, capsys)
    assert "may give" not in shown
    assert shown.count("box-0001") == 1
    assert "given by hand" in shown
    receive(config, incident="cd" * 16, event_id="1-" + "ef" * 32, home="box-0002")
    shown = listed(config, capsys)
    assert re.search(r"cdcdcdcd.*\n *box-0002", shown)


def test_the_second_to_take_is_told_who_has_it(config: Path, told: Callable[..., Any]) -> None:
    receive(config)
    assert told("take", INCIDENT, "--as", "Anna", "--wait", "0")[0] == 0
    code, error = told("take", INCIDENT, "--as", "Bo")
    assert (code, error["code"]) == (6, "taken_by_other")
    assert "It is with Anna." in error["what"]


def test_giving_by_hand_without_the_homes_confirmation_is_exit_6(
    config: Path, told: Callable[..., Any]
) -> None:
    receive(config)
    told("take", INCIDENT, "--as", "Anna", "--wait", "0")
    code, error = told("decide", DOSE, "--given", "--by", "Anna", "--reason", "stall")
    assert (code, error["code"]) == (6, "no_token")


def test_a_decision_without_an_answer_is_exit_4_and_without_waiting_exit_0(
    config: Path, told: Callable[..., Any]
) -> None:
    receive(config)
    arguments = ("decide", "2026-11-02/evening/1", "--not-given", "--by", "Anna", "--reason", "found")
    code, sent = told(*arguments, "--wait", "0.1")
    assert (code, sent["state"], sent["reason"]) == (4, "waiting", "no_answer")
    code, again = told(*arguments, "--wait", "0")
    assert code == 0
    assert again["decision"] == sent["decision"]
    assert (again["schema"], again["dose"]) == ("dispenserd/oncall-decide/1", DOSE)


def test_a_decision_that_the_home_refused_is_exit_6_in_its_words(
    config: Path, told: Callable[..., Any]
) -> None:
    receive(config)
    arguments = ("decide", INCIDENT, "--not-given", "--by", "Anna", "--reason", "found")
    told(*arguments, "--wait", "0")
    waiting = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "dispenserd",
            "oncall",
            *arguments,
            "--wait",
            "30",
            "--json",
            "--config",
            str(config),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert waiting.stderr is not None
    assert "Waiting up to 30 s" in waiting.stderr.readline()
    with create(config.parent / "oncall.db").writing() as connection:
        connection.execute(decisions.update().values(state="refused", reason="in_doubt"))
    out, _ = waiting.communicate(timeout=30)
    assert waiting.returncode == 6
    assert json.loads(out)["code"] == "in_doubt"


def test_closing_what_one_does_not_own_is_exit_6(config: Path, told: Callable[..., Any]) -> None:
    receive(config)
    code, error = told("close", INCIDENT, "--resolution", "given_by_hand", "--as", "Anna")
    assert (code, error["code"]) == (6, "not_owner")


def test_an_unknown_or_ambiguous_incident_is_exit_2(config: Path, told: Callable[..., Any]) -> None:
    receive(config)
    receive(config, incident="ab" * 15 + "ff", event_id="1-" + "ef" * 32)
    assert told("take", "zzzz", "--as", "Anna")[0] == 2
    assert told("take", "abab", "--as", "Anna")[0] == 2


def test_a_database_that_was_never_made_is_exit_5(told: Callable[..., Any]) -> None:
    code, error = told("list")
    assert (code, error["code"]) == (5, "store")


def test_ages_follow_the_rehearsals_clock(
    config: Path, told: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(config)
    later = (datetime.now(UTC) + timedelta(hours=3)).isoformat()
    monkeypatch.setenv(REHEARSAL_CLOCK_VARIABLE, f"{later},{SystemClock().monotonic()},1")
    _, shown = told("list")
    assert 3 * 3600 - 60 < shown["incidents"][0]["age_s"] < 3 * 3600 + 60
    monkeypatch.setenv(REHEARSAL_CLOCK_VARIABLE, "nonsense")
    assert told("list")[0] == 2


@pytest.mark.parametrize("rated", [False, True])
def test_on_call_starts_makes_its_files_and_ends_quietly_at_sigterm(config: Path, rated: bool) -> None:
    start = ["dispenserd", "oncall", "run"]
    if rated:
        now = f"{SystemClock().monotonic()}"
        epoch = ["--civil-epoch", "2026-11-02T06:55:00Z", "--monotonic-epoch", now, "--rate", "600"]
        start = ["dispenserd.rehearsal", "oncall", *epoch]
    process = subprocess.Popen(
        [sys.executable, "-m", *start, "--config", str(config), "--json"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stderr is not None
    first = json.loads(process.stderr.readline())
    assert first["event"] == "on-call starts"
    assert first["at"].startswith("2026-11-02T0") or not rated
    assert (config.parent / "signing.key").stat().st_mode & 0o777 == 0o600
    assert len((config.parent / "signing.key.pub").read_text().strip()) == 64
    process.send_signal(signal.SIGTERM)
    process.stderr.read()
    assert process.wait(15) == 0
    process.stderr.close()


@pytest.mark.parametrize(
    ("over", "exit_code"),
    [(["--rate", "1201"], 2), (["--civil-epoch", "yesterday"], 2), (["--config", "/none.toml"], 3)],
)
def test_a_rehearsal_with_a_wrong_clock_or_configuration_does_not_start(
    config: Path, over: list[str], exit_code: int
) -> None:
    epoch = ["--civil-epoch", "2026-11-02T06:55:00Z", "--monotonic-epoch", "1.0", "--rate", "60"]
    try:
        code = rehearsal.main(["oncall", "--config", str(config), *epoch, *over])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    assert code == exit_code


def test_a_broken_signing_key_is_exit_5(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "signing.key").write_text("short")
    (config.parent / "signing.key").chmod(0o600)
    command = [sys.executable, "-m", "dispenserd", "oncall", "run", "--config", str(config), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 5
    assert json.loads(done.stdout)["code"] == "store"
