"""On-call's commands speak the language of the configuration or of --language; --json always English."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from threading import Timer
from zoneinfo import ZoneInfo

import pytest

from dispenserd.cli.entry import carry_out
from dispenserd.cli.watch.telling import Voice
from dispenserd.oncall.own import Wrong, keep_own
from dispenserd.oncall.roster import Deadlines
from tests.support.endpoints import free_port, http_endpoint
from tests.support.oncall_office import DOSE, OncallOffice

A = "a" * 32
FINDING = ("--had-it", "--by", "Anna", "--reason", "posen er tom")


@pytest.fixture
def office(tmp_path: Path) -> OncallOffice:
    return OncallOffice(tmp_path)


class Typed:
    def __init__(self, office: OncallOffice, capsys: pytest.CaptureFixture[str]) -> None:
        self._office, self._capsys = office, capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = carry_out(["oncall", *arguments, "--config", str(self._office.config)])
        shown = self._capsys.readouterr()
        return code, shown.out, shown.err


@pytest.fixture
def typed(office: OncallOffice, capsys: pytest.CaptureFixture[str]) -> Typed:
    return Typed(office, capsys)


def test_take_decide_and_close_say_in_danish_what_counts_and_what_does_not_yet(
    office: OncallOffice, typed: Typed
) -> None:
    office.incident()
    code, out, err = typed("take", A[:8], "--as", "Anna", "--wait", "0.1")
    assert (code, err) == (0, "Venter op til 0.1 s på svar fra hjem box-0001 ...\n")
    assert out.splitlines() == [
        "Du beder om hændelse aaaaaaaa i hjem box-0001.",
        "Hjemmet har ikke svaret endnu: det gælder først, når det har.",
        "Giv intet i hånden, før `dispenserd oncall list` siger: bekræftet: må give.",
    ]
    office.answer()
    office.incident(revision=2, state="acknowledged", owner="Anna", holds_token=True)
    _, out, _ = typed("take", A[:8], "--as", "Anna", "--wait", "0")
    assert out.splitlines()[1:] == [
        "Bekræftet: Anna har den.",
        "Anna må give 2026-11-02/evening i hånden nu.",
    ]
    code, out, err = typed("decide", "2026-11-02/evening", *FINDING, "--wait", "0.1")
    assert code == 4
    assert out.startswith("Sendt: borgeren har fået den, 2026-11-02/evening, som den var i udgave 2.\n")
    assert "Gør nu: se `dispenserd oncall list`. Intet gælder, før" in err
    office.answer()
    typed("close", A, "--resolution", "visited", "--as", "Anna", "--wait", "0")
    office.answer()
    _, out, _ = typed("close", A, "--resolution", "visited", "--as", "Anna", "--wait", "0")
    assert out.startswith("Sendt: luk hændelse aaaaaaaa i hjem box-0001, som den var i udgave 2.\n")


def test_what_the_home_confirmed_is_recorded_in_danish(office: OncallOffice, typed: Typed) -> None:
    office.incident()
    answers = Timer(0.5, office.answer)
    answers.start()
    code, out, _ = typed("decide", A, *FINDING, "--wait", "10")
    answers.join()
    assert (code, out) == (0, "Registreret: 2026-11-02/evening, borgeren har fået den, siger Anna.\n")


def test_the_flag_goes_before_the_configuration_and_knows_two_languages(
    office: OncallOffice, typed: Typed
) -> None:
    office.incident()
    assert "Asked to own incident" in typed("take", A, "--as", "A", "--wait", "0", "--language", "en")[1]
    assert "dose blocked" in typed("list", "--language", "en")[1]
    assert "Kan ikke udleveres" in typed("list")[1]
    office.config.write_text(office.config.read_text().replace('language = "da"', 'language = "en"'))
    assert "dose blocked" in typed("list")[1]
    assert "Kan ikke udleveres" in typed("list", "--language", "da")[1]
    assert typed("list", "--language", "sv")[0] == 2


def test_a_refusal_is_danish_for_people_and_english_for_scripts(office: OncallOffice, typed: Typed) -> None:
    office.incident()
    typed("take", A, "--as", "Anna", "--wait", "0")
    code, _, err = typed("take", A, "--as", "Bo")
    assert code == 6
    assert err.splitlines() == [
        "Afvist: En kollega har taget hændelsen. Den er hos Anna.",
        "Det betyder: Intet er ændret; dosis er, som den var.",
        "Gør nu: Ring til kollegaen, før du gør noget ved dosis.",
    ]
    _, out, _ = typed("take", A, "--as", "Bo", "--json")
    error = json.loads(out)
    assert (error["code"], error["what"]) == (
        "taken_by_other",
        "Refused: A colleague has taken the incident. It is with Anna.",
    )
    _, out, err = typed("take", A, "--as", "Anna", "--json", "--wait", "0.1", "--language", "da")
    assert "Waiting up to" in err
    assert json.loads(out)["state"] == "waiting"


def test_a_refusal_of_the_home_says_where_on_call_can_look(office: OncallOffice, typed: Typed) -> None:
    office.incident()
    typed("decide", A, *FINDING, "--wait", "0")
    answers = Timer(0.5, office.answer, (False, "already_settled"))
    answers.start()
    code, _, err = typed("decide", A, *FINDING, "--wait", "10")
    answers.join()
    assert code == 6
    assert "Afvist: Dosis er allerede afklaret." in err
    assert "Se `dispenserd oncall list`." in err
    assert "dispenserd doses" not in err


def test_names_of_none_and_of_several_are_told_in_danish(office: OncallOffice, typed: Typed) -> None:
    office.incident(A)
    office.incident("ab" * 16, dose="f" * 32 + "/2026-11-02/evening/1")
    code, _, err = typed("take", "zzzz", "--as", "Anna")
    assert (code, err.splitlines()[0]) == (2, 'Ingen hændelse hedder "zzzz".')
    code, _, err = typed("take", "a", "--as", "Anna")
    assert code == 2
    assert '"a" passer på flere hændelser: ' in err
    assert "(Kan ikke udleveres 2026-11-02/evening)" in err
    code, _, err = typed("decide", "2026-11-02/evening", *FINDING)
    assert code == 2
    assert '"2026-11-02/evening" passer på 2 doser: ' in err
    assert DOSE in err


def test_a_database_that_is_not_there_is_told_in_danish(office: OncallOffice, typed: Typed) -> None:
    office.path.unlink()
    code, _, err = typed("list")
    assert code == 5
    assert err.startswith("Vagtens database kan ikke bruges: ")
    assert "\nDet betyder: Intet er gemt, og intet er sendt" in err
    code, out, _ = typed("list", "--json")
    assert json.loads(out)["what"].startswith("On-call's database can't be used: ")


def test_the_list_stands_in_the_order_of_the_live_view_and_dates_in_its_language(
    office: OncallOffice, typed: Typed
) -> None:
    minutes = timedelta(minutes=1)
    office.incident("c" * 32, kind="robot_unreachable", priority="low", left=-60 * minutes, age=300 * minutes)
    office.incident("b" * 32, owner="Bo", state="acknowledged", left=2 * minutes)
    office.incident("a" * 32, left=9 * minutes)
    _, out, _ = typed("list")
    assert re.findall(r"([abc])\1{7}", out) == ["a", "b", "c"]


def test_a_silence_of_on_calls_own_is_dated_in_its_language(office: OncallOffice, typed: Typed) -> None:
    now = office.clock.now()
    wrong = Wrong("box-0001", "broker_lost", "high", now, now, "not_authorised")
    with office.database.writing() as connection:
        keep_own(connection, wrong, Deadlines())
    for language in ("da", "en"):
        dated = Voice(language, ZoneInfo("Europe/Copenhagen"), "").dated(now)
        shown = " ".join(typed("list", "--language", language)[1].split())
        assert all(word in shown for word in dated.split()), shown
        assert typed("list", "--language", language)[1].count(dated.split()[0]) == 1


def test_the_roster_is_shown_and_tried_in_danish(office: OncallOffice, typed: Typed) -> None:
    with http_endpoint() as well:
        roster = office.config.with_name("roster.toml")
        roster.write_text(
            f'[[person]]\nname = "Anna Prøve"\nnotify = ["{well.url()}"]\npriorities = ["high"]\n'
            f'[[person]]\nname = "Bo Prøve"\nnotify = ["json://127.0.0.1:{free_port()}/b"]\n'
            'priorities = ["high", "medium"]\n'
        )
        roster.chmod(0o640)
        office.config.write_text(
            office.config.read_text().replace("[mqtt]", 'roster = "roster.toml"\n[mqtt]')
        )
        code, out, err = typed("roster", "--test")
    assert code == 1
    for part in (
        "På vagt nu",
        "ja",
        "høj, mellem",
        "høj     med det samme Anna Prøve, efter 10 min Bo Prøve",
    ):
        assert part in out
    for part in ("lav     ingen får besked", "Anna Prøve med json: har fået besked", "IKKE NÅET"):
        assert part in out
    assert re.search(r"der kommer nu \((man|tirs|ons|tors|fre|lør|søn)\. \d", out)
    assert "Giver Anna Prøve besked ..." in err
    assert "Ingen er på vagt nu for: lav." in err
