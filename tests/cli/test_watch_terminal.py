"""`oncall watch` on a real terminal line, as its own process, on on-call's real database."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dispenserd.cli.entry import carry_out
from tests.support.oncall_office import OncallOffice
from tests.support.real_terminal import RealTerminal

ROOT = Path(__file__).resolve().parents[2]
SHORT = timedelta(seconds=4)


@pytest.fixture
def anna(office: OncallOffice) -> Iterator[RealTerminal]:
    with RealTerminal(watching(office)) as terminal:
        yield terminal


def watching(office: OncallOffice, by: str = "Anna Prøve", *more: str) -> list[str]:
    return ["oncall", "watch", "--as", by, "--config", str(office.config), *more]


def restored(terminal: RealTerminal) -> bool:
    """The normal screen is back, the cursor shown, the line echoes again."""
    shown = terminal.raw.rfind(b"\x1b[?25h") > terminal.raw.rfind(b"\x1b[?25l")
    screen = terminal.raw.rfind(b"\x1b[?1049l") > terminal.raw.rfind(b"\x1b[?1049h")
    return shown and screen and terminal.now == terminal.before


def test_a_take_by_key_names_the_revision_on_the_screen_and_the_homes_word_follows(
    office: OncallOffice, anna: RealTerminal
) -> None:
    office.incident(revision=3)
    anna.sees("Kan ikke udleveres", "aften man. 2. nov.", "Tryk t, hvis du tager den.")
    since = anna.mark()
    anna.types("t")
    anna.sees("Sendt: du tager den.", "DIG", "spurgt, IKKE bekræftet", since=since)
    assert office.decided() == [("take", "", "Anna Prøve", 3)]
    assert "bekræftet: må give" not in anna.text
    office.answer()
    office.incident(revision=4, state="acknowledged", owner="Anna Prøve", holds_token=True)
    anna.sees("Bekræftet af hjemmet: du må give", "bekræftet: må give", since=since)


def test_keys_that_arrive_together_act_on_the_one_they_moved_to(
    office: OncallOffice, anna: RealTerminal
) -> None:
    """A slow line delivers an arrow and a letter in one piece."""
    for number in range(6):
        office.incident(f"{number}" * 32, left=timedelta(minutes=number + 1))
    anna.sees("6 åbne")
    anna.types("\x1b[B\x1b[B\x1b[Bt")
    anna.sees("Sendt: du tager den.")
    rows = office.desk.list_incidents(office.clock.now())["incidents"]
    assert [row["incident"][0] for row in rows if row["owner"]] == ["3"]


def test_two_views_see_each_others_takes_and_a_lost_race_names_the_winner(
    office: OncallOffice, anna: RealTerminal
) -> None:
    office.incident()
    with RealTerminal(watching(office, "Bo Prøve")) as bo:
        anna.sees("Tryk t")
        bo.sees("Tryk t")
        since = bo.mark()
        anna.types("t")
        anna.sees("Sendt")
        assert bo.sees("Anna Prøve har taget den", since=since) < 3
        since = bo.mark()
        bo.types("t")
        bo.sees("Anna Prøve har taget den. Ring til kollegaen", since=since)
    assert [who for _, _, who, _ in office.decided()] == ["Anna Prøve"]


def test_a_database_locked_for_writing_is_said_and_the_screen_goes_on(
    office: OncallOffice, anna: RealTerminal
) -> None:
    office.incident()
    anna.sees("Tryk t")
    holder = sqlite3.connect(office.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    since = anna.mark()
    anna.types("t")
    seen = re.compile(r"læst \d\d:\d\d:\d\d")
    until = time.monotonic() + 4
    while time.monotonic() < until:
        time.sleep(0.1)
    assert len(set(seen.findall(since()))) >= 2 or since().count("læst") >= 2, "the screen stood still"
    anna.sees("IKKE GEMT", since=since)
    holder.execute("ROLLBACK")
    holder.close()
    assert office.decided() == []


def test_a_database_locked_for_reading_or_gone_is_a_red_line_and_no_empty_list(
    office: OncallOffice, anna: RealTerminal
) -> None:
    office.incident()
    anna.sees("Tryk t")
    holder = sqlite3.connect(office.path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN IMMEDIATE")
    anna.sees("Databasen svarer ikke endnu")
    anna.sees("KAN IKKE LÆSE VAGTENS DATABASE")
    holder.close()
    anna.sees("Databasen kan læses igen.")
    since = anna.mark()
    away = office.path.with_name("away.db")
    office.path.rename(away)
    anna.sees("KAN IKKE LÆSE", "there is no on-call database", since=since)
    assert not office.path.exists(), "a look must never make a database"
    assert "Ingen åbne" not in anna.text
    away.rename(office.path)
    anna.sees("kan læses igen", since=since)


def test_a_damaged_database_is_a_red_line_too(office: OncallOffice, anna: RealTerminal) -> None:
    for number in range(200):
        office.incident(f"{number:032x}", priority="low")
    anna.sees("200 åbne")
    with sqlite3.connect(office.path) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with office.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (office.path.stat().st_size - 4096))
    anna.sees("KAN IKKE LÆSE VAGTENS DATABASE", "malformed")


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("q", 0)])
def test_the_keys_that_end_it_leave_the_terminal_as_it_was(anna: RealTerminal, key: str, code: int) -> None:
    anna.sees("Ingen åbne hændelser siden", "1 af 1 hjem høres.")
    assert anna.now != anna.before
    anna.types(key)
    assert anna.ends() == code
    assert restored(anna)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_so_do_the_signals(anna: RealTerminal, sent: signal.Signals, code: int) -> None:
    anna.sees("Ingen åbne")
    anna.process.send_signal(sent)
    assert anna.ends() == code
    assert restored(anna)


def test_ctrl_c_ends_it_out_of_a_question_too(office: OncallOffice, anna: RealTerminal) -> None:
    office.incident()
    anna.sees("Tryk t")
    anna.types("d")
    anna.sees("Hvad er der sket med dosis?")
    anna.types("\x03")
    assert anna.ends() == 130
    assert restored(anna)
    assert office.decided() == []


def test_the_bell_rings_once_for_each_new_high_one_and_when_one_rises_or_is_late(
    office: OncallOffice,
) -> None:
    office.incident("a" * 32)  # was there before anybody looked
    with RealTerminal(watching(office)) as anna:
        anna.sees("Tryk t")
        assert anna.bells == 0
        office.incident("b" * 32, priority="low", kind="dose_missed")
        anna.sees("NY lav")
        assert anna.bells == 0
        office.incident("c" * 32, kind="sachet_mismatch")
        anna.sees("NY HØJ: Posen passer ikke")
        office.incident("b" * 32, revision=2, priority="high", kind="dose_missed")
        anna.sees("STEGET TIL HØJ")
        office.incident("d" * 32, priority="medium", kind="left_in_tray", left=SHORT)
        anna.sees("FOR SENT: Dosis ligger i bakken")
        time.sleep(2.5)  # two more looks ring nothing
        assert anna.bells == 3


def test_muting_keeps_the_bell_silent_and_never_the_words(office: OncallOffice, anna: RealTerminal) -> None:
    anna.sees("Ingen åbne")
    anna.types("m")
    anna.sees("Lyden er slået fra til", "lyd fra til")
    office.incident()
    anna.sees("NY HØJ")
    time.sleep(1.5)
    assert anna.bells == 0


def test_an_on_call_process_that_does_not_run_is_said(office: OncallOffice, anna: RealTerminal) -> None:
    anna.sees("Ingen åbne")
    office.alive(connected=False)
    anna.sees("VAGTEN HAR INGEN FORBINDELSE TIL HJEMMENE")
    office.alive(ago_s=200)
    anna.sees("VAGTPROCESSEN KØRER IKKE (intet livstegn i 3 min)")
    assert anna.bells == 1


@pytest.mark.parametrize("columns", [80, 120, 200])
def test_it_works_at_every_width_and_after_a_resize_and_without_colours(
    office: OncallOffice, columns: int
) -> None:
    office.incident(left=timedelta(minutes=-3))
    with RealTerminal(watching(office, "Anna", "--language", "en"), columns, 24, {"NO_COLOR": "1"}) as anna:
        anna.sees("HIGH", "LATE 3 min", "dose blocked", "CAUTION")
        since = anna.mark()
        anna.resize(280 - columns, 30)
        anna.sees("LATE", "CAUTION", since=since)
        colours = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", anna.raw)
        assert {len(set(each)) for each in colours} <= {1}, "NO_COLOR leaves greys"
        anna.types("q")
        assert anna.ends() == 0


def test_what_a_home_sends_never_reaches_the_terminal_as_a_command(office: OncallOffice) -> None:
    office.incident(owner="\x1b[31mAnna\x07[bold]x", state="acknowledged")
    with RealTerminal(watching(office)) as anna:
        anna.sees("?[31mAnna?[bold]x har den.")
        assert anna.bells == 0


# --- the command ---


def test_without_a_terminal_or_a_name_it_says_so(office: OncallOffice) -> None:
    config = ("--config", str(office.config))
    english = ("--language", "en")
    for arguments, word in (
        (("--as", "Anna", *english), "needs a terminal"),
        (english, "who you are"),
        (("--as", "Anna"), "Visningen skal have en terminal."),
        ((), "Det betyder: Intet er sendt"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "dispenserd", "oncall", "watch", *arguments, *config],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        assert done.returncode == 2
        assert word in done.stderr


def test_wrong_language_is_exit_2_and_no_database_exit_5(
    office: OncallOffice, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["oncall", "watch", "--config", str(office.config), "--json"]
    assert carry_out([*arguments, "--language", "sv"]) == 2
    office.path.unlink()
    capsys.readouterr()
    assert carry_out(arguments) == 5
    assert json.loads(capsys.readouterr().out)["code"] == "store"
    with RealTerminal(watching(office)) as anna:
        assert anna.ends() == 5
        assert "Vagtens database kan ikke bruges" in anna.text


def test_the_terminals_library_is_loaded_by_the_view_alone(office: OncallOffice) -> None:
    script = (
        "import sys; from dispenserd.cli.entry import carry_out; code = carry_out(sys.argv[1:]);"
        "print(code, 'textual' in sys.modules, file=sys.stderr)"
    )
    run = [sys.executable, "-c", script, "oncall", "list", "--config", str(office.config)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.split() == ["0", "False"]
