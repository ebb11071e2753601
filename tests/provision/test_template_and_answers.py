"""The written configuration keeps the template's words; answers are judged before anything is made."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dispenserd.clock import SystemClock
from dispenserd.config import load
from dispenserd.config_file import ConfigError
from dispenserd.fagsystem.manifest import read_manifest
from dispenserd.fagsystem.mapping import ResidentIdentity, read_bundle
from dispenserd.provision import papers
from dispenserd.provision import template as template_module
from dispenserd.provision.answers import BY_NAME, Answers, Question, gather, judged
from dispenserd.provision.fault import ProvisionFault, Sort
from dispenserd.provision.layout import in_folder
from dispenserd.provision.making import write_configuration
from dispenserd.provision.progress import Progress
from dispenserd.provision.site import Site
from dispenserd.provision.template import LINE, filled, template
from scheduler.commands import OfferPlan
from scheduler.window import LocalTime

KEY = "5f0c7a3e9b1d4c6f8a2e7d9c0b3f1a64"
FULL: Answers = {
    "box": "box-7",
    "staff_phone": "+45 70 00 00 00",
    "identifier_system": "urn:example:person",
    "identifier_value": "invented-4711",
    "mqtt_host": "broker.example",
    "oncall_key": "ab" * 32,
}


def asked_of(**answers: Any) -> Answers:
    return gather({**FULL, **answers}, {}, demo=False, one_folder=True, ask=None)


def ca(folder: Path) -> str:
    path = folder / "ca.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    return str(path)


def test_a_filled_template_loads_and_keeps_every_comment(tmp_path: Path) -> None:
    text = filled(
        template(),
        {
            ("home", "box"): 'box-"7'.replace('"', ""),
            ("home", "demo"): True,
            ("resident", "identifier_value"): 'a "quoted" \\ å',
            ("store.key", "provider"): "file",
            ("store.key", "name"): None,
            ("store.key", "path"): "store.key",
            ("mqtt", "certificate_file"): "box.crt",
            ("mqtt", "key_file"): "box.key",
            ("medicine", "known"): ["N02BE01"],
        },
        "Made for a test.",
    )
    path = tmp_path / "dispenserd.toml"
    path.write_text(text)
    config = load(path)
    assert (config.home.box, config.home.demo) == ("box-7", True)
    assert config.residents[0].identifier_value == 'a "quoted" \\ å'
    assert config.mqtt.certificate_file == tmp_path / "box.crt"
    assert config.medicine.known == ("N02BE01",)
    comments = [line for line in template().splitlines() if line.startswith("#") and not LINE.match(line)]
    assert [line for line in text.splitlines() if line in comments] == comments
    trailing = re.findall(r"  # .*$", template(), re.MULTILINE)
    assert all(each in text for each in trailing)


def test_a_key_that_the_template_does_not_have_is_our_own_bug() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        filled(template(), {("home", "nonsense"): 1})


def test_every_answer_has_a_reason_and_the_flag_of_the_command_line() -> None:
    from typer.main import get_command

    from dispenserd.cli.entry import app  # the command line knows each of them

    command: Any = get_command(app)
    flags = {flag for each in command.commands["provision"].params for flag in each.opts}
    assert {question.flag for question in BY_NAME.values()} <= flags
    assert all(question.why.endswith(".") for question in BY_NAME.values())


def test_all_that_is_missing_or_wrong_is_said_at_once_and_never_quoted(tmp_path: Path) -> None:
    with pytest.raises(ProvisionFault) as raised:
        gather(
            {"box": "a b", "staff_phone": "call me", "mqtt_port": 99999, "identifier_value": "x" * 200},
            {},
            demo=False,
            one_folder=True,
            ask=None,
        )
    assert raised.value.sort is Sort.USAGE
    for word in ("--box", "--staff-phone", "--mqtt-port", "--identifier-file", "--mqtt-host", "--oncall-key"):
        assert word in raised.value.what
    assert "call me" not in raised.value.what
    assert "x" * 20 not in raised.value.what


@pytest.mark.parametrize("key", ["ab" * 31, "ab" * 33, "zz" * 32, "no-such-file.pub"])
def test_a_wrong_on_call_key_is_refused(key: str, tmp_path: Path) -> None:
    with pytest.raises(ProvisionFault, match="--oncall-key"):
        asked_of(oncall_key=key, mqtt_ca=ca(tmp_path))
    file = tmp_path / "oncall.pub"
    file.write_text(key)
    assert judged(BY_NAME["oncall_key"], str(file))[1]


def test_on_calls_key_comes_as_text_or_as_its_file(tmp_path: Path) -> None:
    file = tmp_path / "oncall.pub"
    file.write_text("AB" * 32 + "\n")
    assert asked_of(oncall_key=str(file), mqtt_ca=ca(tmp_path))["oncall_key"] == "ab" * 32
    assert asked_of(oncall_key="AB" * 32, mqtt_ca=ca(tmp_path))["oncall_key"] == "ab" * 32


def test_a_resident_gets_a_new_key_unless_they_have_one(tmp_path: Path) -> None:
    first, second = (asked_of(mqtt_ca=ca(tmp_path))["resident_key"] for _ in range(2))
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first != second
    assert asked_of(mqtt_ca=ca(tmp_path), resident_key=KEY)["resident_key"] == KEY


def test_earlier_answers_are_kept_and_later_ones_count(tmp_path: Path) -> None:
    earlier = asked_of(mqtt_ca=ca(tmp_path))
    again = gather({"box": "box-8"}, earlier, demo=False, one_folder=True, ask=None)
    assert again == {**earlier, "box": "box-8"}


def test_a_person_is_asked_until_the_answer_can_stand(tmp_path: Path) -> None:
    typed = {"box": iter(["two words", "box-9"]), "mqtt_port": iter(["many", ""])}
    heard: list[tuple[str, str, str]] = []

    def ask(question: Question, default: str, fault: str) -> str:
        heard.append((question.name, default, fault))
        return next(typed[question.name]) if question.name in typed else default

    given = {**FULL, "box": None, "mqtt_ca": ca(tmp_path)}
    answers = gather(given, {}, demo=False, one_folder=True, ask=ask)
    assert (answers["box"], answers["mqtt_port"]) == ("box-9", 8883)
    first, second = (fault for name, _, fault in heard if name == "box")
    assert first == ""
    assert "1-32 letters" in second
    assert "staff_phone" not in [name for name, _, _ in heard]
    assert "mqtt_password" not in [name for name, _, _ in heard]  # no user name, no password


def test_a_configuration_that_would_not_load_never_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "templates"
    broken.mkdir()
    (broken / "dispenserd.toml").write_text(template().replace("[home]", "[home]\nnonsense = 1"))
    monkeypatch.setattr(template_module, "CONFIG_FOLDERS", (broken,))
    layout = in_folder(tmp_path)
    answers = {**asked_of(mqtt_ca=ca(tmp_path)), "accept_unauthenticated": True}
    progress = Progress(layout.progress, "Tove", demo=False, started="", answers=answers)
    progress.steps["robot"] = {"result": {"port": "/dev/robot", "serial": "SIM-1", "auth": "none"}}
    site = Site(layout, answers, progress, SystemClock(), None, print)
    with pytest.raises(ConfigError, match="nonsense is no known key"):
        write_configuration(site)
    assert not layout.toml.exists()
    monkeypatch.undo()
    write_configuration(site)
    before = layout.toml.read_bytes()
    monkeypatch.setattr(template_module, "CONFIG_FOLDERS", (broken,))
    with pytest.raises(ConfigError):
        write_configuration(site)
    assert layout.toml.read_bytes() == before


@pytest.mark.parametrize("hour", [0, 3, 9, 15, 21, 23])
def test_the_demos_papers_are_accepted_and_fit_each_other(hour: int) -> None:
    first = papers.first_due(datetime(2026, 11, 2, hour, 59, 30, tzinfo=UTC))
    identity = ResidentIdentity(KEY, "urn:example:person", "invented-1")
    card = papers.plan(first, identity.system, identity.value)
    offered = read_bundle(json.dumps(card).encode(), identity, LocalTime("Europe/Copenhagen"))
    assert isinstance(offered, OfferPlan), offered
    roll = read_manifest(json.dumps(papers.roll(first, KEY)).encode(), [KEY])
    assert len(roll.sachets) == papers.DOSES_A_DAY * papers.ROLL_DAYS
    assert roll.sachets[0].local == first
    assert {item.drug for sachet in roll.sachets for item in sachet.content} == set(papers.KNOWN)
