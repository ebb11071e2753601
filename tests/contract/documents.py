"""Every file of the published contract as text, by its place: what `python -m tests.contract` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.contract import asyncapi, errors_page
from tests.contract.examples import read
from tests.contract.places import ASYNCAPI, ERRORS, SCHEMAS, file_name
from tests.contract.published import JSON, MQTT, json_schemas, mqtt_schemas


def documents() -> dict[Path, str]:
    found = {ASYNCAPI: asyncapi.text(), ERRORS: errors_page.text()}
    for kind, schemas in ((JSON, json_schemas()), (MQTT, mqtt_schemas())):
        for name, schema in schemas.items():
            found[SCHEMAS / kind / file_name(name)] = _text({**schema, "examples": read(kind, name)[:1]})
    return found


def strangers() -> list[Path]:
    """Schema files that nothing publishes any more."""
    kept = documents()
    return sorted(path for kind in (JSON, MQTT) for path in (SCHEMAS / kind).glob("*") if path not in kept)


def _text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
