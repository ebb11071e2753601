"""The AsyncAPI document passes the Initiative's own schema, and a broken one does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from protocol.mqtt.topics import Channel, topic
from tests.contract import asyncapi
from tests.contract.asyncapi_schema import faults
from tests.contract.places import ASYNCAPI

Document = dict[str, Any]


@pytest.fixture
def document() -> Document:
    found: Document = yaml.safe_load(ASYNCAPI.read_text())
    return found


def test_the_published_document_is_asyncapi_3(document: Document) -> None:
    assert document == asyncapi.document()
    assert faults(document) == []


def test_its_addresses_are_the_topics_that_are_used(document: Document) -> None:
    addresses = {each["address"].replace("{box}", "box-0001") for each in document["channels"].values()}
    assert addresses == {topic("box-0001", channel) for channel in Channel}


def test_each_channel_has_one_operation_that_sends_and_one_that_receives(document: Document) -> None:
    for name in document["channels"]:
        of_it = [
            (each["action"], each["tags"][0]["name"])
            for each in document["operations"].values()
            if each["channel"]["$ref"].endswith(f"/{name}")
        ]
        assert sorted(action for action, _ in of_it) == ["receive", "send"]
        assert {side for _, side in of_it} == {"home", "on-call"}


def rename_version(document: Document) -> None:
    document["asyncapi"] = "3.0"


def drop_action(document: Document) -> None:
    del document["operations"]["homeSendsIncident"]["action"]


def shout(document: Document) -> None:
    document["operations"]["homeSendsStatus"]["action"] = "shout"


def stray_key(document: Document) -> None:
    document["channels"]["status"]["topic"] = "dispenserd/1"


def impossible_qos(document: Document) -> None:
    document["operations"]["homeSendsStatus"]["bindings"]["mqtt"]["qos"] = 3


def dead_reference(document: Document) -> None:
    document["channels"]["receipt"]["messages"]["receipt1"]["$ref"] = "#/components/messages/receipt9"


def wrong_example(document: Document) -> None:
    document["components"]["messages"]["incident1"]["examples"][0]["payload"]["priority"] = "urgent"


@pytest.mark.parametrize(
    "fault",
    [rename_version, drop_action, shout, stray_key, impossible_qos, dead_reference, wrong_example],
)
def test_it_catches_a_broken_document(document: Document, fault: Callable[[Document], None]) -> None:
    fault(document)
    assert faults(document)
