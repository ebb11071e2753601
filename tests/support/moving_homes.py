"""Two boxes between which a resident moves: each with its daemon, store, robot and signing key.

The papers between them are real files, and their commands real processes.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dispenserd.security.identity import new_signing_key
from tests.support.running_home import RunningHome, Wanted

SLOW = Wanted(rate=20.0, start="07:55")
"""Civil minutes are real seconds here: there is time for a command line between two of them."""


class MovingHome(RunningHome):
    """With a signing key of its own, and where wanted for somebody who is still elsewhere."""

    box, moves_in = "box-0001", False

    def write_configuration(self) -> Path:
        path = super().write_configuration()
        text = path.read_text().replace(
            'box = "box-0001"\n', f'box = "{self.box}"\nsigning_key_file = "sign"\n'
        )
        if self.moves_in:
            text = text.replace("[resident]\n", "[resident]\nmoves_in = true\n")
        path.write_text(text)
        if not (self.folder / "sign").exists():
            (self.folder / "sign").write_text(new_signing_key().private_hex)
            (self.folder / "sign").chmod(0o600)
        return path

    def paper(self, name: str) -> bytes | None:
        path = self.folder / name
        return path.read_bytes() if path.exists() else None

    def lose(self, name: str) -> None:
        (self.folder / name).unlink()

    async def says(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """A real `dispenserd` process at this box: its exit code and its object."""
        command = [sys.executable, "-m", "dispenserd", *arguments, "--config", "home.toml", "--json"]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=self.folder, capture_output=True, env=dict(os.environ), check=False
        )
        return done.returncode, json.loads(done.stdout)


class NewHome(MovingHome):
    box, moves_in = "box-0002", True


@asynccontextmanager
async def at_home(kind: type[MovingHome]) -> AsyncIterator[MovingHome]:
    with TemporaryDirectory(prefix="home-") as folder:
        home = kind(Path(folder), SLOW)
        with home.broker:
            try:
                await home.start_robot()
                await home.start_daemon()
                yield home
            finally:
                await home.stop()
