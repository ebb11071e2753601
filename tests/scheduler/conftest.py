"""What the core's tests share."""

from __future__ import annotations

import pytest

from tests.support.pure_home import PureHome, utc


@pytest.fixture
def home() -> PureHome:
    """A home at 07:50 on its first day: robot caught up, plan accepted, roll in, nothing due."""
    home = PureHome(utc("07:50"))
    home.start()
    return home


@pytest.fixture
def due(home: PureHome) -> PureHome:
    """The same at five past eight: the morning's dose waits for a press."""
    home.until("08:05")
    return home
