"""What more than one file about the live view begins with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.oncall_office import OncallOffice


@pytest.fixture
def office(tmp_path: Path) -> OncallOffice:
    """An office whose process lives and that has heard one home."""
    office = OncallOffice(tmp_path)
    office.heartbeat()
    office.alive()
    return office
