"""`dispenserd provision` as a technician runs it, with real robot, broker and on-call."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dispenserd.clock import SystemClock
from dispenserd.config import load
from dispenserd.security.keys import FileKey
from dispenserd.store.store import Store
from scheduler.events import DaemonStarted
from tests.support.authority import Authority, TlsBroker
from tests.support.broker import TestBroker
from tests.support.provision_parts import (
    ROOT,
    Ran,
    dispenserd,
    home,
    oncall,
    provision,
    real_answers,
    robot,
    tree,
    until,
)

pytestmark = pytest.mark.timeout(300)  # many real processes each; a busy machine fails nothing

QUIET_S, DIES_WITHIN_S = 1.0, 3.0
"""A home that nobody reads dies of its next line, which comes after 6 s without a robot: that is no order."""

STEPS = [
    "clock", "identity", "store_key", "resident", "papers", "peers", "robot", "certificate", "configuration",
    "checks", "live",
]  # fmt: skip


def failed_in(ran: Ran, step: str) -> str:
    """The code with which it ended in this step, with every other one done."""
    states = ran.states()
    assert states.pop(step) == "failed", ran.lines
    assert set(states.values()) <= {"done", "kept"}
    return str(ran.last["code"])


@pytest.mark.long
def test_from_nothing_to_a_released_dose(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    with TestBroker() as broker:
        begun = provision(folder, "--demo", "--mqtt-port", str(broker.port), "--by", "Tove")
        assert (begun.code, failed_in(begun, "robot")) == (1, "port_missing")
        papers = next(line["result"] for line in begun.lines if line.get("step") == "papers")
        assert papers["robot"] in begun.last["next"]
        assert f"--folder {folder}" in begun.last["next"]
        roll = folder / "roll.json"
        with robot(folder / "robot", "--roll", str(roll)) as hand, oncall(folder / "oncall.toml"):
            done = provision(folder, "--resume")
            assert done.code == 0, done.lines
            assert list(done.states()) == STEPS
            assert done.states()["identity"] == "kept"
            record = done.last["record"]
            assert (done.last["state"], record["by"], record["demo"]) == ("commissioned", "Tove", True)
            assert record["live"]["robot"] == "ready"
            assert all(check["verdict"] == "good" for check in record["checks"])
            _serves_a_dose(folder, roll, hand)
        shown = provision(folder, "--show")
        assert (shown.code, shown.last) == (0, done.last)
    _holds_no_secret(folder, done)
    _is_never_made_twice(folder)


def _serves_a_dose(folder: Path, roll: Path, hand: subprocess.Popen[bytes]) -> None:
    toml = str(folder / "dispenserd.toml")
    with home(folder / "dispenserd.toml"):
        until(lambda: dispenserd("status", "--config", toml).lines[0].get("clock") == "trusted")
        loaded = dispenserd("roll", "load", str(roll), "--config", toml)
        assert loaded.code == 0, loaded.lines
        under = provision(folder, "--undo", "--yes")
        assert (under.code, under.last["code"]) == (6, "home_runs")
        assert hand.stdin is not None

        def first_dose() -> dict[str, object]:
            if hand.stdin is not None:
                hand.stdin.write(b"p")
                hand.stdin.flush()
            doses: list[dict[str, object]] = dispenserd("doses", "--config", toml).last["doses"]
            return doses[0]

        until(lambda: first_dose()["stage"] == "in_tray", within_s=60)
        hand.stdin.write(b"l")
        hand.stdin.flush()
        until(lambda: bool(first_dose()["outcome"]), within_s=60)


def _holds_no_secret(folder: Path, done: Ran) -> None:
    """The identifier stands in the configuration and the plan, keys in their files, and nowhere else."""
    person = b"invented-resident-1"
    holds = {name for name, content in tree(folder).items() if person in content}
    key = json.loads((folder / "roll.json").read_text())["resident"]
    assert {name for name in holds if "administrations" not in name} == {
        "dispenserd.toml",
        f"fagsystem/{key}/plan.json",
    }
    signing = (folder / "box-signing.key").read_text().strip()
    for said in (done.output, done.error, (folder / "commissioning.json").read_text()):
        assert "invented-resident-1" not in said
        assert signing not in said
        assert key not in re.sub(r"fagsystem/[0-9a-f]{32}", "", said)
    private = {"box-signing.key", "box.key", "store.key", "oncall.key", "provisioning.json"}
    assert {name for name in private if (folder / name).stat().st_mode & 0o077} == set()
    assert (folder / "dispenserd.toml").stat().st_mode & 0o777 == 0o640


def _is_never_made_twice(folder: Path) -> None:
    def kept() -> dict[str, bytes]:
        """SQLite's index of the journal is made anew by whoever reads it."""
        return {name: content for name, content in tree(folder).items() if name != "home.db-shm"}

    before = kept()
    again = provision(folder, "--demo")
    assert (again.code, again.last["code"]) == (6, "begun_before")
    resumed = provision(folder, "--resume")
    assert (resumed.code, resumed.states()) == (0, {})
    port = json.loads((folder / "provisioning.json").read_text())["answers"]["mqtt_port"]
    assert provision(folder, "--resume", "--mqtt-port", str(port)).code == 0  # as it was commissioned
    for differing in (
        ("--mqtt-port", str(port + 1)),
        ("--zone", "Europe/Oslo"),
        ("--accept-unauthenticated",),
    ):
        unused = provision(folder, "--resume", *differing)
        assert (unused.code, unused.last["code"]) == (6, "commissioned_already")
        assert differing[0] in unused.last["what"]
    undone = provision(folder, "--undo", "--yes")
    assert (undone.code, undone.last["code"]) == (6, "journal_holds_events")
    assert "ARCHIVE" in undone.last["next"]
    assert kept() == before


def test_a_real_home_waits_for_its_certificate_and_signs_in_with_it(tmp_path: Path) -> None:
    folder, authority = tmp_path / "home", Authority(tmp_path)
    certificate, key = authority.issue(tmp_path, "oncall")
    desk = tmp_path / "oncall.toml"
    acl = "user oncall\ntopic readwrite dispenserd/#\npattern readwrite dispenserd/1/%u/#\n"
    with TlsBroker(tmp_path, authority, clients=authority, acl=acl) as broker, robot(tmp_path / "robot"):
        desk.write_text(
            f'[oncall]\ndatabase = "oncall.db"\nsigning_key_file = "oncall-signing.key"\n[mqtt]\n'
            f'host = "127.0.0.1"\nport = {broker.port}\nca_file = "{authority.path}"\n'
            f'certificate_file = "{certificate}"\nkey_file = "{key}"\n'
        )
        with oncall(desk):
            flags = real_answers(
                broker.port, authority.path, str(tmp_path / "oncall-signing.key.pub"),
                tmp_path / "robot", tmp_path / "identifier",
            )  # fmt: skip
            begun = provision(folder, *flags)
            assert (begun.code, failed_in(begun, "certificate")) == (1, "certificate_awaited")
            before = tree(folder)
            wrong = tmp_path / "wrong.crt"
            wrong.write_bytes(Authority(tmp_path, "x").issue(tmp_path, "box-7")[0].read_bytes())
            refused = provision(folder, "--resume", "--certificate", str(wrong))
            assert (refused.code, failed_in(refused, "certificate")) == (1, "other_key")
            assert {**before, "provisioning.json": b""} == {**tree(folder), "provisioning.json": b""}
            answer = tmp_path / "answer.crt"
            answer.write_bytes(authority.sign((folder / "box.csr").read_bytes()))
            done = provision(folder, "--resume", "--certificate", str(answer))
            assert done.code == 0, done.lines
            _renewed(folder, authority, answer)
            _keeps_the_one_that_works(folder, answer, Authority(tmp_path, "another"))
    record = done.last["record"]
    assert record["certificate"]["issued_by_the_brokers_ca"] is True
    assert [check["code"] for check in record["checks"] if check["verdict"] != "good"] == ["plan_missing"]
    config = load(folder / "dispenserd.toml")
    assert (config.home.demo, config.mqtt.certificate_file) == (False, folder / "box.crt")
    assert "invented-4711" not in (folder / "provisioning.json").read_text()


def _renewed(folder: Path, authority: Authority, answer: Path) -> None:
    """A commissioned box takes its next certificate, and nothing else changes."""
    before = tree(folder)
    answer.write_bytes(authority.sign((folder / "box.csr").read_bytes()))
    renewed = provision(folder, "--resume", "--certificate", str(answer))
    assert renewed.code == 0, renewed.lines
    changed = {name for name, content in tree(folder).items() if before.get(name) != content}
    assert changed == {"box.crt", "commissioning.json", "provisioning.json"}


def _keeps_the_one_that_works(folder: Path, answer: Path, other: Authority) -> None:
    """The broker does not take what another CA signed: the certificate in use stays."""
    before = tree(folder)
    answer.write_bytes(other.sign((folder / "box.csr").read_bytes()))
    refused = provision(folder, "--resume", "--certificate", str(answer))
    assert (refused.code, refused.last["code"]) == (1, "not_authorised"), refused.lines
    assert "keeps the one that it has" in refused.last["meaning"]
    assert {**before, "provisioning.json": b""} == {**tree(folder), "provisioning.json": b""}


def test_a_home_that_was_being_tested_dies_with_provisioning_and_is_tested_again(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    with TestBroker() as broker:
        assert provision(folder, "--demo", "--mqtt-port", str(broker.port)).code == 1
        with robot(folder / "robot") as hand, oncall(folder / "oncall.toml"):
            command = [sys.executable, "-m", "dispenserd", "provision", "--folder", str(folder), "--resume"]
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
            with process:
                assert process.stderr is not None
                while b"starting the home" not in process.stderr.readline():
                    assert process.poll() is None
                hand.send_signal(signal.SIGSTOP)  # a home without its robot waits, and says nothing
                until(lambda: _answers(folder / "control.sock"))
                time.sleep(QUIET_S)
                process.send_signal(signal.SIGKILL)
            until(lambda: not _answers(folder / "control.sock"), within_s=DIES_WITHIN_S)
            hand.send_signal(signal.SIGCONT)
            assert provision(folder, "--resume").code == 0


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


@pytest.mark.parametrize("name", ["box-signing.key", "box.key", "dispenserd.toml", "home.db"])
def test_what_another_home_left_is_never_touched(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"of another home")
    refused = provision(tmp_path, "--demo")
    assert (refused.code, refused.last["code"]) == (6, "exists")
    assert tree(tmp_path) == {name: b"of another home"}


def test_a_robot_that_served_another_home_is_taken_with_a_warning(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    kept = ("--memory", str(tmp_path / "memory.json"))
    with TestBroker() as broker:
        flags = ("--demo", "--mqtt-port", str(broker.port))
        assert provision(first, *flags).code == provision(second, *flags).code == 1
        with oncall(first / "oncall.toml"), robot(first / "robot", *kept, "--roll", str(first / "roll.json")):
            assert provision(first, "--resume").code == 0
        with oncall(second / "oncall.toml"), robot(second / "robot", *kept):
            done = provision(second, "--resume", "--box", "box-2")
    record = done.last["record"]
    warned = [check["code"] for check in record["checks"] if check["verdict"] == "warning"]
    assert (done.code, warned, record["live"]["journal_behind"]) == (0, ["robot_of_another_home"], ["robot"])


def test_a_clock_that_lost_its_time_makes_nothing(tmp_path: Path) -> None:
    refused = provision(tmp_path / "home", "--demo", DISPENSERD_REHEARSAL_CLOCK="1970-01-01T00:00:00Z,0,1")
    assert (refused.code, refused.last["code"]) == (1, "clock_wrong")
    assert "timedatectl" in refused.last["next"]
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ("--not-commissioned", "clock_not_commissioned"),
        ("--battery-gap", "clock_stood_still"),
        ("--civil-epoch=2026-01-01T00:00:00Z", "clocks_apart"),
    ],
)
def test_a_robot_with_a_clock_that_deserves_no_trust_is_not_taken(
    option: str, code: str, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    with robot(tmp_path / "home" / "robot", option):
        ran = provision(tmp_path / "home", "--demo")
    assert (ran.code, failed_in(ran, "robot")) == (1, code)
    assert "personal key" in ran.last["next"]


def test_nothing_to_go_on_with_nothing_to_take_back_nothing_to_show(tmp_path: Path) -> None:
    for flags, code in (
        (("--resume",), "nothing_begun"),
        (("--undo", "--yes"), "nothing_begun"),
        (("--show",), "not_commissioned"),
    ):
        ran = provision(tmp_path / "none", *flags)
        assert (ran.code, ran.last["code"]) == (1, code)
    assert provision(tmp_path / "none", "--undo", "--show").code == 2
    assert tree(tmp_path) == {}


def test_wrong_answers_are_all_named_and_nothing_is_made(tmp_path: Path) -> None:
    ran = provision(tmp_path / "home", "--box", "a b", "--oncall-key", "ab" * 31)
    assert (ran.code, ran.last["code"]) == (2, "answers")
    assert all(word in ran.last["what"] for word in ("--box", "62 hex", "--mqtt-ca", "--identifier-file"))
    assert tree(tmp_path) == {}


def test_taking_back_asks_first_and_leaves_what_it_did_not_make(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    assert provision(folder, "--demo").code == 1
    (folder / "note.txt").write_text("mine")
    before = tree(folder)
    unasked = provision(folder, "--undo")
    assert (unasked.code, tree(folder)) == (2, before)
    undone = provision(folder, "--undo", "--yes")
    assert (undone.code, undone.last["kept"]) == (0, [str(folder)])
    assert tree(folder) == {"note.txt": b"mine"}


def test_a_home_that_runs_by_an_older_configuration_proves_nothing(tmp_path: Path) -> None:
    """Started by hand while provisioning waits for the broker; then an answer is changed."""
    folder = tmp_path / "home"
    with TestBroker() as broker:
        flags = ["--demo", "--mqtt-port", str(broker.port), "--by", "Tove"]
        assert failed_in(provision(folder, *flags), "robot") == "port_missing"
        with robot(folder / "robot", "--roll", str(folder / "roll.json")):
            assert failed_in(provision(folder, "--resume"), "checks") == "nobody_listens"
            with home(folder / "dispenserd.toml"), oncall(folder / "oncall.toml"):
                until(lambda: dispenserd("status", "--config", str(folder / "dispenserd.toml")).code == 0)
                changed = provision(folder, "--resume", "--resident-key", "ab" * 16)
                assert (changed.code, failed_in(changed, "live")) == (1, "older_configuration")
                assert not (folder / "commissioning.json").exists()
            with home(folder / "dispenserd.toml"), oncall(folder / "oncall.toml"):
                until(lambda: dispenserd("status", "--config", str(folder / "dispenserd.toml")).code == 0)
                assert provision(folder, "--resume").code == 0


def test_a_journal_keeps_its_key_whatever_was_answered_since(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    assert failed_in(provision(folder, "--demo"), "robot") == "port_missing"
    key = (folder / "store.key").read_bytes()
    store = Store.open(folder / "home.db", FileKey(folder / "store.key").key())
    store.append([DaemonStarted(SystemClock().now(), "1", "demo-box", 1)], [])
    store.close()
    other = provision(folder, "--resume", "--store-key", "credential")
    assert (other.code, failed_in(other, "store_key")) == (6, "exists")
    undone = provision(folder, "--undo", "--yes")
    assert (undone.code, undone.last["code"]) == (6, "journal_holds_events")
    assert (folder / "store.key").read_bytes() == key


def test_two_at_once_do_not_meet(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    assert provision(folder, "--demo").code == 1
    descriptor = os.open(folder, os.O_RDONLY)
    import fcntl

    fcntl.flock(descriptor, fcntl.LOCK_EX)
    for flags in (("--resume",), ("--undo", "--yes")):
        busy = provision(folder, *flags)
        assert (busy.code, busy.last["code"]) == (6, "busy")
    os.close(descriptor)


def test_on_a_terminal_it_asks_for_what_is_missing_and_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    oncall_key = tmp_path / "oncall.pub"
    oncall_key.write_text("ab" * 32)
    ca = Authority(tmp_path).path
    typed = [
        "two words", "box-3", "", "+45 70 00 00 00", "", "urn:example:person", "invented-4711",
        str(tmp_path / "robot"), "", "127.0.0.1", "", "", str(ca), str(oncall_key), "",
    ]  # fmt: skip
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dispenserd", "provision", "--folder", str(folder), "--by", "Tove"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = _conversation(ours, typed)
    code = process.wait()
    os.close(ours)
    assert (code, "port_missing" in said or "There is no serial device" in said) == (1, True), said
    assert "never a person's name" in said  # why the box's name is asked
    assert "1-32 letters" in said  # the first answer can't stand
    assert "invented-4711" not in said
    assert "  --identifier-file" not in said  # where the identifier itself is typed
    answers = json.loads((folder / "provisioning.json").read_text())["answers"]
    assert (answers["box"], answers["mqtt_port"], answers["oncall_key"]) == ("box-3", 8883, "ab" * 32)
    assert answers["identifier_value"] == "invented-4711"


def _conversation(terminal: int, typed: list[str]) -> str:
    """Answers each question as it comes; all that was said."""
    said, asked, left = "", 0, list(typed)
    while True:
        try:
            said += os.read(terminal, 4096).decode(errors="replace")
        except OSError:  # the other end is closed
            return said
        prompts = len(re.findall(r"  (?:--[a-z-]+( \[[^\]]*\])?|type it, nothing will be shown): ", said))
        if prompts > asked and left:
            asked = prompts
            os.write(terminal, left.pop(0).encode() + b"\n")
