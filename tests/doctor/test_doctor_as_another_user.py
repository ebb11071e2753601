"""Somebody who may not read the home's files runs the doctor: told so, and nothing is called wrong for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dispenserd.clock import SystemClock
from dispenserd.control import listen
from dispenserd.doctor.finding import Result
from tests.doctor.looking import MACHINE, findings, named
from tests.support.home_papers import CLOCK_TIMES, configuration

NOBODY = 65534


@pytest.fixture
def config() -> Iterator[Path]:
    """A configuration that all may read; what it names lies in a folder that only its owner may enter."""
    with TemporaryDirectory(prefix="box-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        private = folder / "private"
        private.mkdir(mode=0o700)
        for file in ("key", "oncall.pub", "home.db"):
            (private / file).write_bytes(bytes(32))
        text = configuration(1, CLOCK_TIMES, 60, signs_in=False)
        for file in ("key", "oncall.pub", "home.db", "fag", "control.sock"):
            text = text.replace(f'"{file}"', f'"private/{file}"')
        path = folder / "home.toml"
        path.write_text(text)
        with listen(private / "control.sock"):
            yield path


@contextmanager
def another_user(private: Path) -> Iterator[None]:
    """Root becomes nobody; anybody else shuts their own folder."""
    if os.geteuid() == 0:
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)
    else:
        private.chmod(0)
        try:
            yield
        finally:
            private.chmod(0o700)


def test_what_this_user_may_not_read_is_not_checked_instead_of_wrong(config: Path) -> None:
    findings(config, SystemClock())  # whatever is imported late is in memory now
    with another_user(config.parent / "private"):
        found = findings(config, SystemClock())
    own = {"robot_port", "broker_reach", "broker_encryption", "plan"}  # there is no robot and no broker
    assert named(found, Result.WRONG) - MACHINE - own == set()
    for name in ("paths", "home", "key", "store_file", "store_integrity", "journal_chain", "permissions"):
        assert found[name].result is Result.UNKNOWN, name
    for name in ("paths", "home", "key", "store_file"):
        assert "as root or as the service's user" in found[name].next_step
    assert found["robot_identity"].result is Result.UNKNOWN
