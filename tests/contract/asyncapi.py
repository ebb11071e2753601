"""The AsyncAPI 3.0 document of what travels between a home and on-call, made from topics and payload models.

Both sides' operations are in one document: whoever writes either end finds theirs. Its examples are recorded
ones, with genuine signatures.
"""

from __future__ import annotations

import inspect
from typing import Any

import yaml

from dispenserd.mqtt.session import KEEPALIVE_S
from protocol.mqtt import payloads, signatures
from protocol.mqtt.topics import BOX_PATTERN, VERSION_PREFIX, Channel
from tests.contract.channels import ROUTES, Route, Side
from tests.contract.examples import read
from tests.contract.published import MQTT, mqtt_schemas, payload_models

Plain = dict[str, Any]

HEAD = "# Made by `python -m tests.contract` from protocol/mqtt; change the models there, not this file.\n"
OTHER: dict[Side, Side] = {"home": "oncall", "oncall": "home"}
NAMES: dict[Side, str] = {"home": "home", "oncall": "on-call"}


def text() -> str:
    """The document as YAML, without anchors: a reader shall not have to know them."""
    return HEAD + yaml.dump(
        document(), Dumper=_Whole, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False
    )


def document() -> Plain:
    schemas = mqtt_schemas()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "dispenserd: a home and its on-call service",
            "version": VERSION_PREFIX.rpartition("/")[2] + ".0.0",
            "description": _about(),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {_key(channel): _channel(channel, route) for channel, route in ROUTES.items()},
        "operations": _operations(),
        "components": {
            "parameters": {
                "box": {"description": f"Id of the home's box: one level of a topic, `{BOX_PATTERN}`."}
            },
            "messages": {_name(schema): _message(schema, schemas[schema]) for schema in schemas},
            "schemas": {_name(schema): _payload(schemas[schema]) for schema in schemas},
            "securitySchemes": {
                "account": {
                    "type": "userPassword",
                    "description": "One account a home. The broker's access list lets it write and read "
                    "under its own box only.",
                }
            },
        },
    }


def _about() -> str:
    return (
        "Topics carry the id of a box and nothing about a person. Payloads are JSON in UTF-8, at most "
        f"{payloads.PAYLOAD_BYTES_MAX} bytes. A payload names its schema and version; a reader takes no "
        "version that it does not know. What a home sends may gain fields within a version: ignore those you "
        "do not know. What a home reads it refuses whole for one strange field.\n\n"
        + "\n\n".join(_paragraphs(signatures.__doc__)[1:])
        + "\n\nA home keeps the public key of its on-call service; what anybody else signs is an incident. "
        "The examples here are signed with the private key of the 32 bytes 00 01 02 ... 1f."
    )


def _server() -> Plain:
    return {
        "host": "{host}:8883",
        "protocol": "mqtts",
        "protocolVersion": "5",
        "description": "The broker between homes and on-call. MQTT 5 only: its reason codes are read.",
        "variables": {"host": {"description": "The broker's name.", "default": "broker.example"}},
        "security": [{"$ref": "#/components/securitySchemes/account"}],
        "bindings": {
            "mqtt": {
                "cleanSession": False,
                "keepAlive": KEEPALIVE_S,
                "lastWill": {
                    "topic": f"{VERSION_PREFIX}/{{box}}/{Channel.STATUS.value}",
                    "qos": ROUTES[Channel.STATUS].qos,
                    "message": "the status payload with state offline",
                    "retain": ROUTES[Channel.STATUS].retain,
                },
                "bindingVersion": "0.2.0",
            }
        },
    }


def _channel(channel: Channel, route: Route) -> Plain:
    return {
        "address": f"{VERSION_PREFIX}/{{box}}/{channel.value}",
        "title": channel.value,
        "description": f"{NAMES[route.sender]} to {NAMES[OTHER[route.sender]]}. {route.words}",
        "servers": [{"$ref": "#/servers/broker"}],
        "parameters": {"box": {"$ref": "#/components/parameters/box"}},
        "messages": {
            _name(each): {"$ref": f"#/components/messages/{_name(each)}"} for each in route.payloads
        },
    }


def _operations() -> Plain:
    """Of both sides, a sender's and a receiver's for each channel."""
    found: Plain = {}
    for channel, route in ROUTES.items():
        for side, action in ((route.sender, "send"), (OTHER[route.sender], "receive")):
            name = f"{side}{action.capitalize()}s{_key(channel)[0].upper()}{_key(channel)[1:]}"
            found[name] = _operation(channel, route, side, action)
    return found


def _operation(channel: Channel, route: Route, side: Side, action: str) -> Plain:
    at = f"#/channels/{_key(channel)}"
    made: Plain = {
        "action": action,
        "title": f"{NAMES[side]} {action}s {channel.value}",
        "channel": {"$ref": at},
        "tags": [{"name": NAMES[side]}],
        "bindings": {"mqtt": {"qos": route.qos, "retain": route.retain, "bindingVersion": "0.2.0"}},
        "messages": [{"$ref": f"{at}/messages/{_name(each)}"} for each in route.payloads],
    }
    if route.answered is not None:
        back, schema = route.answered
        to = f"#/channels/{_key(back)}"
        made["reply"] = {
            "channel": {"$ref": to},
            "messages": [{"$ref": f"{to}/messages/{_name(schema)}"}],
        }
    return made


def _message(schema: str, published: Plain) -> Plain:
    signed = issubclass(payload_models()[f"dispenserd/{schema}"][0], payloads.Signed)
    by = (
        "Signed by on-call." if signed else "Not signed: the broker's access list says who speaks for a home."
    )
    return {
        "name": f"dispenserd/{schema}",
        "title": published["title"],
        "summary": by,
        "description": published["description"],
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{_name(schema)}"},
        "x-signed-by": "on-call" if signed else "nobody",
        "examples": [
            {"name": f"recorded{n}", "payload": each} for n, each in enumerate(read(MQTT, schema), 1)
        ],
    }


def _payload(published: Plain) -> Plain:
    """Without what names it as a document of its own."""
    return {key: value for key, value in published.items() if key not in ("$schema", "$id", "examples")}


def _key(channel: Channel) -> str:
    return channel.value.rpartition("/")[2]


def _name(schema: str) -> str:
    """`incident1`, for `incident/1`: a name without a slash, so that it can stand in a reference."""
    return schema.replace("/", "")


def _paragraphs(words: str | None) -> list[str]:
    return [" ".join(part.split()) for part in inspect.cleandoc(words or "").split("\n\n")]


class _Whole(yaml.SafeDumper):
    """Writes every value where it stands; long texts as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _as_block(dumper: yaml.SafeDumper, words: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", words, style=">" if len(words) > 90 else None)


_Whole.add_representer(str, _as_block)
