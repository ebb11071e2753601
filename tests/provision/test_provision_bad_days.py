"""What a technician meets on a bad day: Ctrl-C, the wrong file, no on-call; and what is said then."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dispenserd.provision import live
from dispenserd.provision.answers import BY_NAME, judged
from dispenserd.provision.fault import ProvisionFault
from dispenserd.provision.finding import chosen
from drivers.discovery import NoRobot
from tests.support.broker import TestBroker
from tests.support.provision_parts import ROOT, home, provision, robot, tree, until

pytestmark = pytest.mark.timeout(120)

COMMAND = [sys.executable, "-m", "dispenserd", "provision"]


def said_to_people(*arguments: str, typed: str | None = None) -> tuple[int, str]:
    """Exit code, and everything that a person reads; `typed` on a terminal, at its first question, nothing
    for a Ctrl-C."""
    if typed is None:
        done = subprocess.run(
            [*COMMAND, *arguments], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout
    ours, theirs = pty.openpty()
    process = subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said, asked = b"", False
    while True:
        try:
            said += os.read(ours, 4096)
            if not asked and said.endswith(b": "):
                asked = True
                os.write(ours, typed.encode())
                if not typed:
                    until_it_reads(process.pid)
                    process.send_signal(signal.SIGINT)
        except OSError:  # the other end is closed
            os.close(ours)
            return process.wait(), said.decode(errors="replace").replace("\r", "")


def until_it_reads(pid: int) -> None:
    """Return when the process sleeps, after its question in the reading of an answer.

    Python looks at signals between the printing and the reading: one that comes later than that look and
    earlier than the system call is seen only at the next key, so a Ctrl-C sent at once is now and then lost.
    """
    stat = Path(f"/proc/{pid}/stat")
    until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "S")


def test_a_ctrl_c_says_what_stands_and_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    master, line = pty.openpty()  # a port at which nobody answers: it asks for seconds
    (folder / "robot").symlink_to(os.ttyname(line))
    process = subprocess.Popen(
        [*COMMAND, "--demo", "--folder", str(folder)], cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stderr is not None
        while "asking" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    os.close(master)
    os.close(line)
    assert process.returncode == 130
    assert "Stopped. Every file is whole; what was done stays done." in said
    assert f"`dispenserd provision --resume --folder {folder}`" in said
    assert "Traceback" not in said


def test_a_ctrl_c_at_a_question_has_made_nothing(tmp_path: Path) -> None:
    code, said = said_to_people("--folder", str(tmp_path / "home"), typed="")
    assert (code, "Stopped. Nothing was made." in said) == (130, True), said
    assert tree(tmp_path) == {}


def test_taking_back_says_what_it_would_do_before_it_asks_and_what_is_left_afterwards(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    assert provision(folder, "--demo").code == 1
    before = tree(folder)
    code, said = said_to_people("--undo", "--folder", str(folder), typed="n\n")
    assert (code, tree(folder)) == (130, before)
    assert f"would delete {folder / 'box.key'}" in said
    assert "takes back" not in said
    (folder / "note.txt").write_text("mine")
    code, said = said_to_people("--undo", "--yes", "--folder", str(folder))
    assert (code, "as bare as before" in said, "may be of the resident" in said) == (0, False, True)
    (folder / "note.txt").unlink()
    assert provision(folder, "--demo").code == 1
    code, said = said_to_people("--undo", "--yes", "--folder", str(folder))
    assert (code, "as bare as before" in said) == (0, True)


def test_a_file_that_may_be_on_calls_private_key_is_never_brought_to_a_box(tmp_path: Path) -> None:
    """Both halves are 64 hexadecimal characters, and the file on the box is everybody's to read."""
    private, public = tmp_path / "signing.key", tmp_path / "signing.key.pub"
    for path in (private, public):
        path.write_text("ab" * 32 + "\n")
    value, fault = judged(BY_NAME["oncall_key"], str(private))
    assert "no .pub file" in fault
    assert "ab" * 32 not in f"{value}{fault}"
    assert judged(BY_NAME["oncall_key"], str(public)) == ("ab" * 32, "")


def test_a_wrong_port_is_answered_with_the_flag_and_not_with_a_file_that_is_not_written_yet() -> None:
    for code in ("port_missing", "port_unusable"):
        missed = NoRobot("/dev/x", code, "There is nothing.", "Correct `port` under [robot].")
        with pytest.raises(ProvisionFault, match=r"There is nothing\.") as caught:
            chosen([], [missed], None)
        assert "--port" in caught.value.next_step
        assert "[robot]" not in caught.value.next_step


def test_a_test_alarm_that_nobody_receipts_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "ALARM_WAIT_S", 1)
    folder = tmp_path / "home"
    with TestBroker() as broker:
        assert provision(folder, "--demo", "--mqtt-port", str(broker.port)).code == 1
        with robot(folder / "robot"):
            assert provision(folder, "--resume").last["code"] == "nobody_listens"
            toml = folder / "dispenserd.toml"
            unsent = asyncio.run(live.test_alarm(toml, "Tove"))
            with home(toml):
                until(lambda: live.answers(folder / "control.sock") is not None)
                alarm = asyncio.run(live.test_alarm(toml, "Tove"))
    assert (unsent.state, unsent.said.startswith("The test alarm could not be sent: No home answers")) == (
        "failed",
        True,
    )
    assert (alarm.state, alarm.said) == ("failed", "No receipt of on-call was here 1 s after the test alarm.")
