"""What was released, what would be, and whether that may be: `released.json` beside this file.

Released are outlines of schemas, topics, exit codes and error codes. A schema that breaks the released one of
its name and version needs a new version; a version once released is never used for anything else again.
"""

from __future__ import annotations

import json
import re
from typing import Any

from dispenserd.cli.failure import Exit
from protocol.mqtt.topics import VERSION_PREFIX
from tests.contract.channels import ROUTES
from tests.contract.compatibility import Direction, breaks, outline
from tests.contract.error_codes import endings
from tests.contract.places import RELEASED
from tests.contract.published import JSON, MQTT, is_signed, json_schemas, mqtt_schemas, payload_models

Contract = dict[str, Any]


def present() -> Contract:
    """What this checkout would release."""
    schemas = {
        f"{kind}:{name}": {"direction": _direction(kind, name), "outline": outline(schema)}
        for kind, found in ((JSON, json_schemas()), (MQTT, mqtt_schemas()))
        for name, schema in found.items()
    }
    topics = {
        f"{VERSION_PREFIX}/{{box}}/{channel.value}": {
            "sender": route.sender,
            "qos": route.qos,
            "retain": route.retain,
            "payloads": list(route.payloads),
        }
        for channel, route in ROUTES.items()
    }
    codes: dict[str, list[int]] = {}
    for ending in endings():
        known = codes.setdefault(ending.code, [])
        if int(ending.exit_code) not in known:
            known.append(int(ending.exit_code))
    exits = {str(int(code)): code.name.lower() for code in Exit}
    return {
        "schemas": schemas,
        "topics": topics,
        "exit_codes": exits,
        "error_codes": dict(sorted(codes.items())),
    }


def read() -> Contract:
    found: Contract = json.loads(RELEASED.read_text())
    return found


def write(contract: Contract) -> None:
    RELEASED.write_text(json.dumps(contract, indent=1, ensure_ascii=False) + "\n")


def faults(released: Contract, now: Contract) -> list[str]:
    """Why `now` must not be released over `released`; nothing for a change that breaks nobody."""
    return [
        *_schema_faults(released["schemas"], now["schemas"]),
        *_topic_faults(released["topics"], now["topics"]),
        *_exit_faults(released, now),
    ]


def merged(released: Contract, now: Contract) -> Contract:
    """What is released from now on; a version that is not written any more is kept, so that it stays used."""
    return {**now, "schemas": dict(sorted({**released["schemas"], **now["schemas"]}.items()))}


def _schema_faults(released: dict[str, Any], now: dict[str, Any]) -> list[str]:
    found = []
    for key, was in released.items():
        newest = newest_version(now, label(key))
        if key in now:
            direction: Direction = was["direction"]
            found += [f"{key}: {each}" for each in breaks(was["outline"], now[key]["outline"], direction)]
        elif newest < version(key):
            found.append(f"{key}: it is gone, and no newer version has come for it")
    for key in now.keys() - released.keys():
        expected = newest_version(released, label(key)) + 1
        if version(key) != expected:
            found.append(f"{key}: the next version of it is {expected}; a number is used once")
    return found


def _topic_faults(released: Contract, now: Contract) -> list[str]:
    found = []
    for topic, was in released.items():
        if topic not in now:
            found.append(f"{topic}: this topic is gone")
            continue
        for key in ("sender", "qos", "retain"):
            if now[topic][key] != was[key]:
                found.append(f"{topic}: {key} was {was[key]} and is now {now[topic][key]}")
        for name in was["payloads"]:
            if label(name) not in {label(each) for each in now[topic]["payloads"]}:
                found.append(f"{topic}: it no longer carries {label(name)}")
    return found


def _exit_faults(released: Contract, now: Contract) -> list[str]:
    found = [
        f"exit code {code}: it meant {meant} and now means {now['exit_codes'].get(code, 'nothing')}"
        for code, meant in released["exit_codes"].items()
        if now["exit_codes"].get(code) != meant
    ]
    for code, exits in released["error_codes"].items():
        missing = [each for each in exits if each not in now["error_codes"].get(code, [])]
        found += [f"error code {code}: it no longer comes with exit code {each}" for each in missing]
    return found


def label(key: str) -> str:
    """`json:status`, for `json:status/1`."""
    return key.rpartition("/")[0]


def version(key: str) -> int:
    assert re.fullmatch(r".+/[1-9][0-9]*", key), key
    return int(key.rpartition("/")[2])


def newest_version(schemas: Contract, name: str) -> int:
    """0 for a name that nobody has used."""
    return max((version(key) for key in schemas if label(key) == name), default=0)


def _direction(kind: str, name: str) -> Direction:
    return "input" if kind == MQTT and is_signed(payload_models()[f"dispenserd/{name}"]) else "output"
