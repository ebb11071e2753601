"""Where the contract is published in this checkout, and what names its files have."""

from __future__ import annotations

from pathlib import Path

from tests.support.sources import ROOT

ASYNCAPI = ROOT / "protocol" / "mqtt" / "asyncapi.yaml"
SCHEMAS = ROOT / "docs" / "contract"
EXAMPLES = SCHEMAS / "examples"
ERRORS = ROOT / "docs" / "errors.md"
RELEASED = Path(__file__).with_name("released.json")


def file_name(name: str) -> str:
    """`status.1.json`, for `status/1`."""
    return f"{name.replace('/', '.')}.json"
