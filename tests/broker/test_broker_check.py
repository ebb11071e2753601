"""`broker-config --check`: what it finds in seeded configurations, and that a real broker does that harm."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from dispenserd.broker.access import may, parse
from dispenserd.broker.inspection import inspected
from dispenserd.broker.template import ACL, CONFIG
from dispenserd.cli.entry import carry_out
from tests.broker.harms import (
    BOX,
    HOMES,
    OTHER,
    came_in,
    client,
    cuts_off_a_long_alarm,
    does_not_start,
    forgets_at_a_restart,
    gives_away_a_session,
    lets_a_box_be_another,
    lets_anybody_in,
    loses_alarms,
    shuts_a_home_out,
    speaks_in_clear,
    swallows_a_flood,
    wrong,
)
from tests.support.made_broker import MadeBroker, made, replaced, tls
from tests.support.mqtt_bytes import (
    CONNACK,
    PING,
    PINGRESP,
    PUBACK,
    Intruder,
    connect,
    publish,
)

LISTS = 40

Harm = Callable[[Path, int], bool]


# --- the seeds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "by", "setting", "harm"),
    [
        ("max_queued_messages", "", "max_queued_messages", loses_alarms),
        ("max_queued_messages", "max_queued_messages 1000", "max_queued_messages", loses_alarms),
        ("max_queued_bytes", "max_queued_bytes 1000", "max_queued_bytes", loses_alarms),
        ("persistence ", "persistence false", "persistence", forgets_at_a_restart),
        ("persistence ", "", "persistence", forgets_at_a_restart),
        ("max_packet_size", "max_packet_size 4000", "max_packet_size", cuts_off_a_long_alarm),
        ("max_packet_size", "message_size_limit 4000", "message_size_limit", cuts_off_a_long_alarm),
        ("max_packet_size", "", "max_packet_size", swallows_a_flood),
        ("use_username_as_clientid", "", "use_username_as_clientid", gives_away_a_session),
        ("require_certificate", "require_certificate false", "identity", shuts_a_home_out),
        ("use_identity_as_username", "use_subject_as_username true", "identity", shuts_a_home_out),
        ("use_identity_as_username", "", "identity", shuts_a_home_out),
        ("retain_available", "retain_available false", "retain_available", shuts_a_home_out),
        ("max_connections", "max_qos 0", "max_qos", shuts_a_home_out),
        ("acl_file", "", "acl_file", lets_a_box_be_another),
        ("acl_file", "acl_file /nonexistent/acl", "acl_file", does_not_start),
        (
            "per_listener_settings",
            "allow_anonymous false\nper_listener_settings true",
            "per_listener_settings",
            does_not_start,
        ),
    ],
)
def test_what_is_found_wrong_is_true_of_a_real_broker(
    tmp_path: Path, line: str, by: str, setting: str, harm: Harm
) -> None:
    port = made(tmp_path / "broker", homes=HOMES)
    assert wrong(tmp_path / "broker" / CONFIG) == set()
    assert not harm(tmp_path / "broker", port), "nor does it happen with the template"
    seeded = tmp_path / "seeded"
    port = made(seeded, homes=HOMES)
    replaced(seeded / CONFIG, line, by)
    assert setting in wrong(seeded / CONFIG)
    assert harm(seeded, port)


def test_a_rule_above_the_listener_does_not_hold_for_it_with_per_listener_settings(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    port = made(folder, homes=HOMES)
    replaced(folder / CONFIG, "per_listener_settings", "per_listener_settings true")
    replaced(
        folder / CONFIG, "allow_zero_length_clientid", ""
    )  # it opens port 1883 there, which may be taken
    assert wrong(folder / CONFIG) == {"per_listener_settings", "acl_file"}
    assert lets_a_box_be_another(folder, port)


@pytest.mark.parametrize(
    ("line", "opens"),
    [
        ("use_username_as_clientid true", True),
        ("max_connections 100", True),
        ("use_username_as_clientid false", False),
        ("max_connections -1", False),
        ("tls_version tlsv1.3", False),
        (
            "allow_zero_length_clientid false",
            False,
        ),  # for all, or with per_listener_settings for one of its own
        ("per_listener_settings true\nallow_zero_length_clientid false", True),
    ],
)
def test_a_listeners_setting_above_every_listener_opens_one_more_in_clear(
    tmp_path: Path, line: str, opens: bool
) -> None:
    """Seen on a real broker by hand: it takes port 1883, which a machine's own mosquitto may hold."""
    folder = tmp_path / "broker"
    made(folder, homes=HOMES)
    config = folder / CONFIG
    text = config.read_text().replace("per_listener_settings false\n", "")
    config.write_text(f"{line}\n{text.replace('allow_zero_length_clientid false', '')}")
    found = inspected(config, HOMES, "oncall", [folder / "systemd.conf"])
    wrong_ones = {each.setting for each in found if each.result == "wrong"}
    assert ("listener 1883" in wrong_ones) is opens
    assert ("listener 1883: TLS" in wrong_ones) is opens


def test_anonymous_and_clear_text_are_found_and_true(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    port = made(folder, homes=HOMES)
    assert not lets_anybody_in(folder, port)
    assert not speaks_in_clear(folder, port)
    config = folder / CONFIG
    text = config.read_text().replace("allow_anonymous false", "allow_anonymous true")
    config.write_text(f"{text.partition(chr(10) + 'listener ')[0]}\nlistener {port}\n")
    assert wrong(config) == {"allow_anonymous", "TLS", "identity", "use_username_as_clientid"}
    assert lets_anybody_in(folder, port)
    assert speaks_in_clear(folder, port)


def test_what_an_included_file_says_is_for_no_listener_of_the_outer_one(tmp_path: Path) -> None:
    """And the later value counts, as in mosquitto."""
    folder, more = tmp_path / "broker", tmp_path / "conf.d"
    port = made(folder, homes=HOMES)
    more.mkdir()
    (more / "b.conf").write_text("max_queued_messages 1000\nrequire_certificate false\n")
    (more / "a.conf").write_text("max_queued_messages 0\n")
    (more / "ignored.txt").write_text("persistence false\n")
    config = folder / CONFIG
    config.write_text(f"{config.read_text()}include_dir {more}\n")
    assert wrong(config) == {"max_queued_messages"}
    assert loses_alarms(folder, port)
    assert not lets_anybody_in(folder, port)


def test_too_few_files_shut_homes_out_and_too_many_homes_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    port = made(folder, homes=HOMES)
    few = tmp_path / "few.conf"
    few.write_text("[Service]\nLimitNOFILE=64\n")
    assert wrong(folder / CONFIG, HOMES, few) == {"LimitNOFILE"}
    assert wrong(folder / CONFIG, HOMES, folder / "systemd.conf") == set()
    few.write_text("[Service]\n")
    assert wrong(folder / CONFIG, 900, few) == {"LimitNOFILE"}
    replaced(folder / CONFIG, "use_username_as_clientid", "")  # one certificate, many guests
    assert _admitted(folder, port, 64) < 100
    assert _admitted(folder, port, 356) == 100  # what the drop-in grants for 50 homes


def _admitted(folder: Path, port: int, files: int) -> int:
    with MadeBroker(folder, port, files=files):
        guests: list[Intruder] = []
        try:
            for number in range(100):
                try:
                    guests.append(_guest(folder, port, number))
                except OSError:
                    continue
            return sum(came_in(guest) for guest in guests)
        finally:
            for guest in guests:
                guest.__exit__()


def _guest(folder: Path, port: int, number: int) -> Intruder:
    guest = Intruder(port, tls(folder, BOX), timeout_s=0.5)
    guest.send(connect(f"guest-{number}"))
    guest.read_until(CONNACK, 0.5)
    return guest


@pytest.mark.parametrize(
    ("acl", "too"),
    [
        ("", "too narrow"),
        ("user oncall\ntopic read #\n", "too narrow"),
        ("{}pattern write dispenserd/1/+/incident\n", "too wide"),
        ("{}pattern readwrite dispenserd/1/%u/#\n", "too wide"),
        ("{}user box-0002\ntopic write dispenserd/1/box-0001/status\n", "too wide"),
        ("{}user monitor\ntopic read #\n", "too wide"),
        ("topic read #\n{}", ""),  # for clients without a name, and none comes in
        ("{}user oncall\ntopic dispenserd/1/#\n", "too wide"),
        ("{}pattern read $SYS/#\n", "too wide"),
        ("user oncall\ntopic deny dispenserd/1/+/incident\n{}", "too narrow"),
        ("{}", ""),
        ("{}user box-0002\ntopic deny dispenserd/1/#\n", ""),
    ],
)
def test_an_access_list_is_judged_by_what_each_account_may(tmp_path: Path, acl: str, too: str) -> None:
    folder = tmp_path / "broker"
    made(folder, homes=HOMES)
    right = (folder / ACL).read_text()
    (folder / ACL).write_text(acl.replace("{}", right))
    (found,) = (
        each
        for each in inspected(folder / CONFIG, HOMES, "oncall", [folder / "systemd.conf"])
        if each.setting.endswith("acl_file")
    )
    assert found.result == ("wrong" if too else "right")
    assert found.found.startswith(too)


def test_topics_by_client_id_are_own_only_where_the_broker_names_the_client(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    made(folder, homes=HOMES)
    acl = folder / ACL
    acl.write_text(acl.read_text().replace("%u", "%c"))
    assert wrong(folder / CONFIG) == set()
    replaced(folder / CONFIG, "use_username_as_clientid", "")
    assert wrong(folder / CONFIG) == {"use_username_as_clientid", "acl_file"}
    acl.write_text("topic read #\n" + acl.read_text().replace("%c", "%u"))
    assert wrong(folder / CONFIG) == {"use_username_as_clientid", "acl_file"}


def test_an_access_list_is_read_as_a_real_broker_reads_it(tmp_path: Path) -> None:
    """Random lists: what `may` answers for a box is what mosquitto answers to its publishes."""
    folder, chance = tmp_path / "broker", random.Random(7)
    port = made(folder, homes=HOMES)
    places = ("box-0001", "box-0002", "%u", "+", "#", "x")
    topics = [f"{a}/{b}" for a in ("a", "b") for b in ("box-0001", "box-0002", "x")] + ["a", "a/x/y", "b/x/y"]
    for _ in range(LISTS):
        lines = []
        for _ in range(chance.randint(1, 6)):
            access = chance.choice(("read ", "write ", "readwrite ", "deny ", ""))
            topic = chance.choice(("a/", "b/", "+/")) + chance.choice(places)
            kind = chance.choice(("topic", "pattern", "user"))
            if kind == "user":
                lines.append(f"user {chance.choice((BOX, OTHER))}")
            elif kind == "pattern" or "%u" not in topic:
                lines.append(f"{kind} {access}{topic}")
        (folder / ACL).write_text("\n".join(["user nobody", *lines, ""]))
        rules = parse((folder / ACL).read_text())
        with MadeBroker(folder, port), client(folder, port, BOX) as box:
            box.send(b"".join(publish(topic, b"", 1, False, n + 1) for n, topic in enumerate(topics)) + PING)
            box.read_until(PINGRESP)
            allowed = [packet.body[2:3] != b"\x87" for packet in box.packets if packet.kind == PUBACK]
        assert allowed == [may(rules, BOX, BOX, "write", topic) for topic in topics], "\n".join(lines)


def test_other_things_that_endanger_alarms_are_found(tmp_path: Path) -> None:
    for line, by, setting in (
        ("persistent_client_expiration", "persistent_client_expiration 2d", "persistent_client_expiration"),
        ("queue_qos0_messages", "queue_qos0_messages true", "queue_qos0_messages"),
        ("tls_version", "tls_version tlsv1.1", "TLS"),
        ("max_connections", "max_connections 500", "max_connections"),
        ("memory_limit", "max_queued_messages 0", "memory_limit"),
    ):
        folder = tmp_path / f"{setting}-{by[-2:]}"
        made(folder, homes=HOMES)
        replaced(folder / CONFIG, line, by)
        assert wrong(folder / CONFIG) == {setting}


def test_the_configuration_that_debian_brings_endangers_alarms(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mosquitto.conf"
    (tmp_path / "conf.d").mkdir()
    config.write_text(
        "# as installed\n\npersistence true\npersistence_location /var/lib/mosquitto/\n"
        f"include_dir {tmp_path}/conf.d\n"
    )
    assert {"max_queued_messages", "listener", "LimitNOFILE"} <= wrong(config, 3500, tmp_path / "none")
    assert carry_out(["broker-config", "--check", str(config)]) == 1
    shown = capsys.readouterr()
    assert "1 023 delivered" in " ".join(shown.out.split())
    assert "wrong" in shown.err


def test_the_verdict_is_one_object_and_an_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "broker"
    made(folder, homes=HOMES)
    check = ["broker-config", "--check", str(folder / CONFIG), "--homes", str(HOMES), "--json"]
    limits = ["--drop-in", str(folder / "systemd.conf")]
    assert carry_out([*check, *limits]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["did"], told["wrong"]) == ("dispenserd/broker-config/1", "checked", 0)
    assert {tuple(each) for each in told["findings"]} == {("setting", "result", "found", "meaning", "fix")}
    replaced(folder / CONFIG, "persistence ", "persistence false")
    assert carry_out([*check, *limits]) == 1
    (found,) = (each for each in json.loads(capsys.readouterr().out)["findings"] if each["result"] == "wrong")
    assert found["setting"] == "persistence"
    assert found["fix"].startswith("persistence true")


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"listener\n", b"port x\n", b"x" * 2_000_000])
def test_a_configuration_that_can_not_be_read_is_exit_3(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "mosquitto.conf"
    if content is not None:
        config.write_bytes(content)
    assert carry_out(["broker-config", "--check", str(config)]) == 3
    assert "Do next" in capsys.readouterr().err


def test_a_folder_that_includes_itself_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mosquitto.conf").write_text(f"include_dir {tmp_path}\n")
    assert carry_out(["broker-config", "--check", str(tmp_path / "mosquitto.conf")]) == 3
    assert "included by itself" in capsys.readouterr().err
