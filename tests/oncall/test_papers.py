"""Roster and list of homes are read again when they change; what can't be used changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from dispenserd.clock import SystemClock
from dispenserd.config_file import ConfigError
from dispenserd.homes_file import load_homes
from dispenserd.mqtt.session import Broker
from dispenserd.office_file import OfficeFile
from dispenserd.oncall import database as db
from dispenserd.oncall import keys, papers
from dispenserd.oncall.desk import Desk
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.papers import Paper
from dispenserd.oncall.service import serve
from dispenserd.roster_file import load_roster
from tests.support.broker import TestBroker
from tests.support.endpoints import free_port, http_endpoint
from tests.support.loops import beside
from tests.support.paper_home import at, eventually

ZONE = "Europe/Copenhagen"
ONE, TWO = '[[home]]\nbox = "box-0001"\n', '[[home]]\nbox = "box-0002"\n'


# --- the file of homes ---


def listed(folder: Path, text: str) -> frozenset[str]:
    path = folder / "homes.toml"
    path.write_text(text)
    return load_homes(path)


def test_a_list_names_homes_as_the_wire_does(tmp_path: Path) -> None:
    assert listed(tmp_path, ONE + TWO) == {"box-0001", "box-0002"}
    assert listed(tmp_path, "# nobody yet\n") == frozenset()


def test_the_annotated_list_is_one(tmp_path: Path) -> None:
    example = (Path(__file__).parents[2] / "config" / "homes.toml").read_text()
    assert listed(tmp_path, example) == {"box-0001"}
    assert listed(tmp_path, example.replace("# [[home]]", "[[home]]").replace("# box", "box")) == {
        "box-0001",
        "box-0002",
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ONE.replace("box =", "bx ="), 'home.0.bx is no known key (did you mean "box"?)'),
        (ONE.replace("[[home]]", "[[hme]]"), 'hme is no known key (did you mean "home"?)'),
        (ONE + "[[home]]\n", "home.1.box is missing"),
        (ONE.replace("box-0001", "Jens Prøve"), "home.0.box must be a box's id: 1-64 letters"),
        (ONE.replace("box-0001", "box-0001\\n"), "home.0.box must be a box's id: 1-64 letters"),
        (ONE.replace('"box-0001"', "1"), "home.0.box must be a text in quotes"),
        (ONE + ONE, "the file names the same home twice"),
        (ONE + ONE.replace("box", "Box").replace("Box =", "box ="), "the file names the same home twice"),
        (ONE.replace('"\n', "\n"), "is no valid TOML at line 2"),
    ],
)
def test_a_mistake_is_named_by_its_place_and_no_value_is_repeated(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        listed(tmp_path, text)
    assert says in refused.value.what
    assert "Jens" not in refused.value.what + refused.value.next_step


# --- looking at a file ---


class Lists:
    """A list of homes on disk, and what on-call made of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "homes.toml"
        self.used: list[frozenset[str]] = []
        self.busy = 0
        self.minutes = 0
        self.paper = Paper("homes", OfficeFile(self.path, load_homes), self.use)

    def use(self, names: frozenset[str]) -> None:
        if self.busy:
            self.busy -= 1
            raise db.DatabaseFault("locked")
        self.used.append(names)

    async def look(self, times: int = 1) -> None:
        for _ in range(times):
            self.minutes += 1
            await self.paper.look(lambda: at(self.minutes))


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    lists = Lists(tmp_path)
    lists.path.write_text(ONE)
    lists.paper.begin(at(0))
    return lists


async def test_it_is_read_at_the_start_and_again_only_when_it_changed(lists: Lists) -> None:
    await lists.look(3)
    assert lists.used == [{"box-0001"}]
    lists.path.write_text(ONE + TWO)
    await lists.look(5)
    assert lists.used[1:] == [{"box-0001", "box-0002"}]


async def test_a_file_that_is_just_being_written_is_not_taken_for_whole(lists: Lists) -> None:
    """The first half of a list is a list: homes would be taken off for a moment."""
    for text in ("", TWO, TWO + ONE):
        lists.path.write_text(text)
        await lists.look()
    assert lists.used == [{"box-0001"}]
    await lists.look()
    assert lists.used[1:] == [{"box-0001", "box-0002"}]


async def test_a_file_that_changes_while_it_is_read_is_read_again(lists: Lists) -> None:
    def torn(path: Path) -> frozenset[str]:
        half = load_homes(path)
        path.write_text(TWO + ONE)
        return half

    lists.path.write_text(TWO)
    lists.paper = Paper("homes", OfficeFile(lists.path, torn), lists.use)
    await lists.look(2)
    assert lists.used == [{"box-0001"}]
    await lists.look(2)
    assert lists.used[1:] == [{"box-0001", "box-0002"}]


async def test_a_copy_with_an_old_date_counts_as_a_change(lists: Lists) -> None:
    times = lists.path.stat()
    lists.path.write_text(TWO)  # of the same length
    os.utime(lists.path, ns=(times.st_atime_ns, times.st_mtime_ns))
    await lists.look(2)
    assert lists.used[1:] == [{"box-0002"}]


@pytest.mark.parametrize("broken", ["[[home]]\nbx = 1\n", None])
async def test_a_broken_file_keeps_the_last_good_one_and_is_an_alarm_until_it_is_put_right(
    lists: Lists, broken: str | None
) -> None:
    if broken is None:
        lists.path.unlink()
    else:
        lists.path.write_text(broken)
    with capture_logs() as lines:
        await lists.look(4)
    assert lists.used == [{"box-0001"}]
    (wrong,) = lists.paper.wrong
    assert (wrong.kind, wrong.priority, wrong.detail, wrong.at) == (
        "file_refused",
        "medium",
        "homes_refused",
        at(2),
    )
    (line,) = lines
    assert line["log_level"] == "error"
    assert str(lists.path) in line["what"] and "stay" in line["meaning"] and line["next_step"]
    lists.path.write_text(ONE)
    await lists.look(2)
    assert lists.paper.wrong == []
    assert lists.used[1:] == [{"box-0001"}]


async def test_another_mistake_is_told_anew_in_the_log_and_is_the_same_alarm(lists: Lists) -> None:
    lists.path.write_text("[[home]]\n")
    await lists.look(2)
    lists.path.write_text("[[home]")
    with capture_logs() as lines:
        await lists.look(2)
    assert [line["event"] for line in lines] == ["file refused"]
    assert lists.paper.wrong[0].cause == "file_refused/homes"


async def test_a_list_that_the_database_would_not_take_is_tried_again(lists: Lists) -> None:
    lists.busy = 2
    lists.path.write_text(TWO)
    await lists.look(4)
    assert lists.used[1:] == [{"box-0002"}]


async def test_who_may_read_the_roster_is_looked_at_too(tmp_path: Path) -> None:
    path = tmp_path / "roster.toml"
    path.write_text("")
    path.chmod(0o640)
    used: list[object] = []
    paper = Paper("roster", OfficeFile(path, lambda each: load_roster(each, ZONE)), used.append)
    paper.begin(at(0))
    path.chmod(0o644)
    for minute in (1, 2):
        await paper.look(lambda minute=minute: at(minute))  # type: ignore[misc]
    assert [each.detail for each in paper.wrong] == ["roster_refused"]
    assert len(used) == 1


# --- the whole service ---


class Place:
    def __init__(self, folder: Path) -> None:
        self.roster, self.homes = folder / "roster.toml", folder / "homes.toml"
        self.roster.touch(0o640)
        self.call("Anna Prøve", f"json://127.0.0.1:{free_port()}/")
        self.homes.write_text(ONE)
        self.database = db.create(folder / "o.db")
        self.key = keys.load_or_create(folder / "key")

    def call(self, name: str, url: str) -> None:
        self.roster.write_text(f'[[person]]\nname = "{name}"\nnotify = ["{url}"]\n')

    def serve(self, broker: TestBroker) -> Any:
        return serve(
            self.database,
            self.key,
            Broker(broker.host, broker.port),
            SystemClock(),
            roster=load_roster(self.roster, ZONE),
            roster_file=OfficeFile(self.roster, lambda path: load_roster(path, ZONE)),
            homes_file=OfficeFile(self.homes, load_homes),
        )

    def listed(self) -> list[str]:
        with self.database.reading() as connection:
            rows = connection.execute(db.homes.select().order_by(db.homes.c.home)).all()
        return [row.home for row in rows if row.listed]

    def wrong(self) -> dict[str, str]:
        """Of on-call's own, open: what, and who was told of it last."""
        rows = Desk(self.database, OncallLimits()).list_incidents(SystemClock().now())["incidents"]
        return {row["detail"]: row["told"][-1]["person"] for row in rows if row["told"]}


async def test_a_running_service_follows_both_files_and_says_when_it_can_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(papers, "LOOK_EVERY_S", 0.05)
    place = Place(tmp_path)
    with TestBroker() as broker, http_endpoint() as phone, capture_logs() as lines:
        async with beside(place.serve(broker)):
            await eventually(lambda: place.listed() == ["box-0001"], "the list is in force")
            place.homes.write_text(ONE + TWO)
            await eventually(lambda: place.listed() == ["box-0001", "box-0002"], "a home more")
            place.homes.write_text(TWO)
            await eventually(lambda: place.listed() == ["box-0002"], "taken off")
            place.homes.write_text("[[home]]\nbx = 1\n")
            await eventually(lambda: "homes_refused" in place.wrong(), "refused")
            assert place.listed() == ["box-0002"]
            place.call("Bo Prøve", phone.url())
            place.homes.write_text(ONE)
            await eventually(lambda: "homes_refused" not in place.wrong(), "put right")
            place.homes.write_text("[[home]]\n")
            await eventually(lambda: place.wrong().get("homes_refused") == "Bo Prøve", "the new person")
            place.roster.write_text("[[persn]]\n")
            await eventually(lambda: place.wrong().get("roster_refused") == "Bo Prøve", "the last good one")
            await eventually(lambda: len(phone.messages()) >= 2, "by their own telephone")
    said = [line for line in lines if line["event"] == "home taken off the list"]
    assert [(line["home"], line["count"]) for line in said] == [("box-0001", 0), ("box-0002", 0)]
    assert any(line["event"] == "roster read" for line in lines)


@contextmanager
def oncall_process(folder: Path, homes: str) -> Iterator[subprocess.Popen[str]]:
    """The real command, without a broker."""
    (folder / "homes.toml").write_text(homes)
    config = folder / "oncall.toml"
    config.write_text(
        '[oncall]\ndatabase = "oncall.db"\nsigning_key_file = "key"\nhomes = "homes.toml"\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {free_port()}\n'
    )
    command = [sys.executable, "-m", "dispenserd", "oncall", "run", "--json", "--config", str(config)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        if process.stderr is not None:
            process.stderr.close()


def line_of(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    assert process.stderr is not None
    for text in process.stderr:
        line: dict[str, Any] = json.loads(text)
        if line["event"] == event:
            return line
    raise AssertionError(f"it ended and never said: {event}")


def test_the_command_reads_the_list_and_starts_with_what_it_kept_of_a_broken_one(tmp_path: Path) -> None:
    """On-call that does not start misses no home at all."""
    with oncall_process(tmp_path, ONE) as process:
        assert line_of(process, "home put on the list")["home"] == "box-0001"
    with oncall_process(tmp_path, "[[home]]\nbx = 1\n") as process:
        refused = line_of(process, "file refused")
        assert 'did you mean "box"?' in refused["what"]
        assert refused["next_step"].startswith("Correct home.0.box, and it is read again by itself;")
        (tmp_path / "homes.toml").write_text(TWO)
        assert line_of(process, "home put on the list")["home"] == "box-0002"
        assert line_of(process, "home taken off the list")["home"] == "box-0001"
