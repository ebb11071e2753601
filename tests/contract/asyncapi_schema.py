"""Whether a document is AsyncAPI 3.0.0, by the Initiative's own JSON Schema (from: `asyncapi-3.0.0.md`), and
by what that schema can't say: every reference leads somewhere, and every example fits its payload.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, Draft202012Validator

from tests.contract.published import objects_in

OFFICIAL = Path(__file__).with_name("asyncapi-3.0.0.json.gz")
OFFICIAL_SHA256 = "d4571a420e6ffb7fcc7066c95a6db1202f299a3c51daa103d0706bf30f95e626"


def faults(document: dict[str, Any]) -> list[str]:
    """One line each; none for a document that anybody's tool can read."""
    found = [f"{fault.json_path}: {fault.message}"[:300] for fault in _validator().iter_errors(document)]
    return found + dead_references(document) + strange_examples(document)


def dead_references(document: dict[str, Any]) -> list[str]:
    wanted = {each["$ref"] for each in objects_in(document) if isinstance(each.get("$ref"), str)}
    return [f"{reference} leads nowhere" for reference in sorted(wanted) if not _reached(document, reference)]


def strange_examples(document: dict[str, Any]) -> list[str]:
    found = []
    for name, message in document.get("components", {}).get("messages", {}).items():
        payload = _reached(document, message["payload"]["$ref"])
        for example in message.get("examples", []):
            for fault in Draft202012Validator(payload).iter_errors(example["payload"]):
                found.append(f"example of {name}: {fault.json_path}: {fault.message}"[:300])
    return found


def _reached(document: dict[str, Any], reference: str) -> Any:
    at: Any = document
    for step in reference.removeprefix("#/").split("/"):
        at = at.get(step) if isinstance(at, dict) else None
    return at


@cache
def _validator() -> Draft7Validator:
    raw = gzip.decompress(OFFICIAL.read_bytes())
    assert hashlib.sha256(raw).hexdigest() == OFFICIAL_SHA256, "not the file of the Initiative"
    return Draft7Validator(json.loads(raw))
