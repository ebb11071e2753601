"""Every error code that a command can end with is on the page, with its exit code and all three sentences."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from dispenserd.cli.entry import carry_out
from dispenserd.cli.failure import Exit
from dispenserd.provision import course
from dispenserd.security import identity, sealing
from scheduler.invariants import InvariantBroken
from simulator.stage import __main__ as stage
from tests.contract import error_codes
from tests.contract.error_codes import (
    INVARIANT,
    STAGE,
    VALUE,
    endings,
    of_source,
    rooms_errors,
    unknown_places,
)
from tests.contract.errors_page import MEANINGS, text
from tests.support.sources import Source, sources

KINDS = (
    ('Failure(Exit.STORE, "rusty", "It rusts.", "It may break.", "Oil it.")', Exit.STORE, "rusty"),
    ('CallError("odd", "It is odd.", "Nothing.", "Wait.")', Exit.CHECKED_AND_FALSE, "odd"),
    ('ConfigError("It is odd.", "Nothing.", "Wait.")', Exit.CONFIGURATION, "configuration"),
    ('StoreBroken("It is odd.", "Nothing.", "Wait.", DAMAGED)', Exit.STORE, "store"),
    ('usage("It is odd.", "Wait.")', Exit.USAGE, "usage"),
)


def in_function(line: str) -> Source:
    return Source("dispenserd/cli/new.py", f"def f(code):\n    raise {line}\n")


def test_every_sentence_is_there() -> None:
    for ending in endings():
        assert ending.code.isidentifier()
        assert all((ending.what, ending.meaning, ending.next_step)), ending
    assert len({ending.code for ending in endings()}) > 50


def test_no_place_makes_an_error_of_a_code_from_nowhere() -> None:
    assert [place for source in sources("dispenserd") for place in unknown_places(source)] == []


def test_it_catches_a_code_from_nowhere() -> None:
    assert unknown_places(in_function('Failure(Exit.USAGE, code, "a", "b", "c")')) == [
        "dispenserd/cli/new.py f"
    ]
    assert unknown_places(in_function('CallError(code, "a", "b", "c")')) == ["dispenserd/cli/new.py f"]


def test_every_rooms_error_has_a_code() -> None:
    found = {name for source in sources("dispenserd") for name in rooms_errors(source)}
    own = {"Failure", "CallError", "ProvisionFault", "IdentityFault", "PaperFault"}
    assert found - error_codes.ROOMS.keys() == own


def test_it_catches_a_rooms_error_without_a_code() -> None:
    init = "    def __init__(self, what: str, meaning: str, next_step: str) -> None:\n        pass\n"
    assert rooms_errors(Source("dispenserd/new.py", f"class RustError(Exception):\n{init}")) == ["RustError"]
    inherited = "class MossError(Explained):\n    pass\n"
    assert rooms_errors(Source("dispenserd/new.py", inherited)) == ["MossError"]


def test_functions_that_pass_a_code_on_still_exist() -> None:
    known = {
        f"{source.path} {where.name}"
        for source in sources("dispenserd")
        for where, _ in error_codes.calls(source)
    }
    assert known >= error_codes.PASSED_ON


@pytest.mark.parametrize(("line", "exit_code", "code"), KINDS)
def test_it_finds_each_way_of_making_an_error(line: str, exit_code: Exit, code: str) -> None:
    (found,) = of_source(in_function(line))
    assert (found.exit_code, found.code) == (exit_code, code)


def test_what_is_different_each_time_is_shown_as_such() -> None:
    source = Source(
        "dispenserd/cli/new.py",
        'STEP = "Wait."\n\ndef f(n):\n    what = f"{n} rows are odd."\n    raise usage(what, STEP)\n',
    )
    (found,) = of_source(source)
    assert (found.what, found.next_step) == (f"{VALUE} rows are odd.", "Wait.")


def test_the_invariants_sentences_are_those_of_the_code() -> None:
    error = InvariantBroken(VALUE)
    assert (error.what, error.meaning, error.next_step) == (
        INVARIANT.what,
        INVARIANT.meaning,
        INVARIANT.next_step,
    )


def test_the_sentences_about_certificates_and_disks_are_those_of_the_code() -> None:
    for code, (meaning, next_step) in zip(("expired", "bad_key"), error_codes.UNFIT, strict=True):
        fault = identity._unfit(code, VALUE)
        assert (fault.meaning, fault.next_step) == (meaning, next_step)
    for ending in error_codes.PAPERS:
        paper = sealing._unfit(ending.code, VALUE)
        assert (paper.meaning, paper.next_step) == (ending.meaning, ending.next_step)
    known = {ending.code: ending for ending in error_codes.UNWRITTEN}
    for number in (errno.ENOSPC, errno.EROFS, errno.EACCES):
        unwritten = course.unwritten(OSError(number, "no"))
        assert unwritten.meaning == known.pop(unwritten.code).meaning
    assert not known


def test_the_stages_sentences_are_those_of_the_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    scenario = tmp_path / "empty.toml"
    scenario.write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["stage", str(scenario), "--json"])
        assert stage.main() == STAGE.exit_code
    error = json.loads(capsys.readouterr().out)
    assert (error["code"], error["meaning"], error["next"]) == (STAGE.code, STAGE.meaning, STAGE.next_step)


def test_a_wrong_command_line_says_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert carry_out(["fly", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)
    known = {(ending.code, ending.meaning) for ending in endings()}
    assert (error["code"], error["meaning"]) in known


def test_the_page_explains_every_exit_code() -> None:
    assert set(MEANINGS) == set(Exit)
    page = text()
    for ending in endings():
        assert f"| `{ending.code}` |" in page
