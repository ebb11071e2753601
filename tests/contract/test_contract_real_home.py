"""A real home, its real commands and its real wire say exactly what is published: no field more or less."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from protocol.mqtt.topics import Channel, address, topic
from tests.contract.channels import ROUTES
from tests.contract.error_codes import endings
from tests.contract.examples import read
from tests.contract.listener import Heard
from tests.contract.published import JSON, MQTT, json_schemas, mqtt_schemas, sealed
from tests.contract.recording import record
from tests.contract.terminal import Recording
from tests.support.home_papers import BOX


def said(each: Heard) -> str:
    """`incident/1`: the schema of a payload."""
    name: str = json.loads(each.payload)["schema"]
    return name.removeprefix("dispenserd/")


def strange_shapes(recording: Recording) -> list[str]:
    """Lines that are no JSON object, and objects that are not as published."""
    printed = {name: Draft202012Validator(sealed(schema)) for name, schema in json_schemas().items()}
    sent = {name: Draft202012Validator(sealed(schema)) for name, schema in mqtt_schemas().items()}
    judged: list[tuple[str, Draft202012Validator, Any]] = [
        (name, printed[name], each) for name, objects in recording.printed.items() for each in objects
    ]
    judged += [(each.topic, sent[said(each)], json.loads(each.payload)) for each in recording.heard]
    found = [
        f"{name} {fault.json_path}: {fault.message[:200]}"
        for name, validator, each in judged
        for fault in validator.iter_errors(each)
    ]
    return [f"no JSON object: {line}" for line in recording.strange] + found


def unseen(recording: Recording) -> set[str]:
    """What is published and did not come: let the day in `recording` come by it."""
    heard = {f"{MQTT}:{said(each)}" for each in recording.heard}
    published = {f"{JSON}:{name}" for name in json_schemas()} | {f"{MQTT}:{name}" for name in mqtt_schemas()}
    return published - heard - {f"{JSON}:{name}" for name in recording.printed}


def unknown_errors(recording: Recording) -> set[tuple[str, int]]:
    """Error codes with an exit code that is not the published one."""
    known = {(ending.code, int(ending.exit_code)) for ending in endings()}
    return {pair for pair in recording.exits.items() if pair not in known}


def misused_topics(recording: Recording) -> list[str]:
    """Messages that travelled otherwise than published, and topics that none used."""
    found, used = [], set()
    for each in recording.heard:
        where = address(each.topic)
        if where is None:
            found.append(f"{each.topic} is no topic of ours")
            continue
        used.add(where.channel)
        route = ROUTES[where.channel]
        if (each.qos, each.retain) != (route.qos, route.retain) or said(each) not in route.payloads:
            found.append(f"{each.topic} carried {said(each)} at QoS {each.qos}, retain {each.retain}")
    return found + [f"{channel.value} was never used" for channel in Channel if channel not in used]


def missing_states(recording: Recording) -> list[str]:
    """States that integrators meet, and that the day must come by."""
    of = recording.printed
    seen = {
        "no roll": any(not each["roll"]["production_id"] for each in of["status/1"]),
        "a roll": any(each["roll"]["production_id"] for each in of["status/1"]),
        "an open incident": any(each["incidents"] for each in of["status/1"]),
        "no open incident": any(not each["incidents"] for each in of["status/1"]),
        "no robot": any(each["robot"]["state"] == "absent" for each in of["status/1"]),
        "a held dose": any(each["holds"] for each in of["holds/1"]),
        "the right to give": any(
            row["token"] == "confirmed" for each in of["oncall-list/1"] for row in each["incidents"]
        ),
        "a verdict": any(each["what"] == "verdict" and each["passed"] for each in of["simulate/1"]),
    }
    outcomes = {dose["outcome"] for each in of["doses/1"] for dose in each["doses"]}
    seen |= {f"outcome {each}": each in outcomes for each in (None, "retrieved", "given_by_staff")}
    seen |= {f"exit code {code}": code in recording.exits.values() for code in (1, 2, 3, 4, 6)}
    return [state for state, was_seen in seen.items() if not was_seen]


@pytest.mark.timeout(600)
@pytest.mark.long
async def test_a_real_home_says_exactly_what_is_published() -> None:
    recording = await record()
    assert strange_shapes(recording) == []
    assert unseen(recording) == set()
    assert unknown_errors(recording) == set()
    assert misused_topics(recording) == []
    assert missing_states(recording) == []


def as_recorded() -> Recording:
    """The examples, as if they had just come."""
    recording = Recording(printed={name: read(JSON, name) for name in json_schemas()})
    for channel, route in ROUTES.items():
        for name in route.payloads:
            recording.heard += [
                Heard(topic(BOX, channel), json.dumps(each).encode(), route.qos, route.retain)
                for each in read(MQTT, name)
            ]
    return recording


def test_it_catches_a_shape_that_is_not_published() -> None:
    assert strange_shapes(as_recorded()) == []
    recording = as_recorded()
    recording.printed["holds/1"] = deepcopy(recording.printed["holds/1"])
    recording.printed["holds/1"][-1]["holds"][0]["mood"] = "good"
    recording.strange.append("Traceback")
    first = json.loads(recording.heard[0].payload)
    recording.heard.append(
        Heard(recording.heard[0].topic, json.dumps({**first, "state": "asleep"}).encode(), 1, True)
    )
    assert [fault.split()[0] for fault in strange_shapes(recording)] == [
        "no",
        "holds/1",
        topic(BOX, Channel.STATUS),
    ]


def test_it_catches_what_never_came() -> None:
    recording = as_recorded()
    assert unseen(recording) == set()
    del recording.printed["oncall-close/1"]
    recording.heard = [each for each in recording.heard if said(each) != "answer/1"]
    assert unseen(recording) == {"json:oncall-close/1", "mqtt:answer/1"}


def test_it_catches_an_error_with_another_exit_code() -> None:
    recording = Recording(exits={"taken_by_other": 6, "no_token": 1, "unheard_of": 6})
    assert unknown_errors(recording) == {("no_token", 1), ("unheard_of", 6)}


def test_it_catches_a_topic_used_otherwise() -> None:
    assert misused_topics(as_recorded()) == []
    recording = as_recorded()
    first = recording.heard[0]
    recording.heard.append(Heard(first.topic, first.payload, first.qos, not first.retain))
    recording.heard.append(Heard("elsewhere", first.payload, first.qos, first.retain))
    recording.heard = [each for each in recording.heard if said(each) != "position/1"]
    assert len(misused_topics(recording)) == 3


def test_it_catches_a_day_without_a_held_dose() -> None:
    recording = as_recorded()
    assert "a held dose" not in missing_states(recording)
    recording.printed["holds/1"] = [{"holds": []}]
    assert "a held dose" in missing_states(recording)
