"""The campaign's real processes, each killed and started again at will.

Broker, robot and on-call are kept here; the daemon's lives are `campaign`'s. Whatever ends by itself is
misbehaviour.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from simulator.stage.processes import Service, broker_binary, environment, free_port, write_broker_config
from tests.crash.evidence import Line, robot_memory
from tests.crash.papers import START, Papers

LOOK_S = 0.02
UP_WITHIN_S = 30.0
SCRIPT = "simulator/script/1"


class Processes:
    """`papers` are written when this is made. `misbehaved` hears of what ended by itself."""

    def __init__(self, folder: Path, rate: float, misbehaved: Callable[[str], None]) -> None:
        self.papers = Papers(folder)
        self.port = free_port()
        self.papers.write(self.port)
        self.rate = rate
        self.trace: list[Line] = []
        self.robot_log: dict[int, Line] = {}
        self.matter: dict[str, list[str]] = {}
        self._folder = folder
        self._misbehaved = misbehaved
        self.began_s = time.monotonic()
        self._epoch = [
            *("--civil-epoch", START.isoformat(), "--monotonic-epoch", repr(self.began_s)),
            *("--rate", repr(rate)),
        ]
        self._parts: dict[str, Service] = {}

    def now(self) -> datetime:
        """Civil; every process has the same."""
        return START + timedelta(seconds=(time.monotonic() - self.began_s) * self.rate)

    # --- starting ---

    def daemon(self, crash: tuple[str, ...]) -> list[str]:
        """The arguments of `dispenserd.rehearsal` for one life."""
        more = [word for point in crash for word in ("--crash", point)]
        return ["run", "--config", str(self.papers.home), *self._epoch, *more]

    async def start_broker(self) -> None:
        config = write_broker_config(self._folder, self.port)
        await self._start("broker", self._service("broker", [broker_binary(), "-c", str(config)]))

    async def start_oncall(self) -> None:
        arguments = ["oncall", "--config", str(self.papers.oncall), *self._epoch]
        command = [sys.executable, "-m", "dispenserd.rehearsal", *arguments]
        await self._start("oncall", self._service("oncall", command))

    async def start_robot(self, roll: int, deeds: list[Line]) -> None:
        self.papers.script.write_text(json.dumps({"schema": SCRIPT, "deeds": deeds}))
        command = [
            *(sys.executable, "-m", "simulator", "--port", "robot", "--serial", self.papers.serial),
            *("--roll", str(self.papers.roll(roll)), "--script", str(self.papers.script)),
            *("--memory", str(self.papers.memory), *self._epoch),
        ]
        robot = self._service("robot", command)
        await self._start("robot", robot)
        await self.until((self._folder / "robot").exists, "the robot's port")

    async def until(self, ready: Callable[[], object], what: str, within_s: float = UP_WITHIN_S) -> None:
        deadline_s = time.monotonic() + within_s
        while not ready():
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"waited {within_s:.0f} s for {what}")
            await asyncio.sleep(LOOK_S)

    # --- ending ---

    async def kill(self, name: str) -> None:
        """SIGKILL; returns when it is gone and its last words are heard."""
        self.look_after()
        part = self._parts.pop(name)
        part.kill()
        if name == "robot":  # its terminal's name may soon be somebody else's
            (self._folder / "robot").unlink(missing_ok=True)
        await part.stop()
        if name == "robot":
            self.compare()

    async def stop(self, name: str) -> None:
        """SIGTERM."""
        self.look_after()
        part = self._parts.pop(name, None)
        if part is not None:
            await part.stop()

    async def stop_all(self) -> None:
        for part in self._parts.values():
            await part.stop()
        self._parts.clear()

    def look_after(self) -> None:
        """Notes whatever has ended by itself, and what the robot wrote since."""
        for name, part in self._parts.items():
            if part.exit_code is not None:
                self._misbehaved(f"{name} ended by itself with {part.exit_code}: {_last_words(part)}")
        if self.papers.memory.exists():
            self.read_robot()

    # --- the robot ---

    def read_robot(self) -> None:
        """Its log's ring forgets what the home confirmed: what it ever wrote is kept here."""
        entries, self.matter = robot_memory(self.papers.memory)
        for entry in entries:
            known = self.robot_log.setdefault(entry["index"], entry)
            if known != entry:
                self._misbehaved(f"the robot rewrote entry {entry['index']} of its log")

    def where(self, label: str) -> str:
        return next((place for place, labels in self.matter.items() if label in labels), "")

    def compare(self) -> None:
        """Adds to the trace what the robot's disk shows and no line told: it was killed between the two."""
        self.read_robot()
        place: dict[str, str] = {}
        for move in self.trace:
            place[move["label"]] = move["to"]
        for now_in, labels in self.matter.items():
            for label in labels:
                if place.get(label, "magazine") != now_in:
                    self.trace.append(
                        {
                            "at": self.now().isoformat(),
                            "label": label,
                            "from": place.get(label, "magazine"),
                            "to": now_in,
                            "seen": "on disk",
                        }
                    )

    def _hear_robot(self, line: Line) -> None:
        if line["what"] == "moved":
            self.trace.append({key: line[key] for key in ("at", "label", "from", "to")})

    # --- command lines ---

    def _service(self, name: str, command: list[str]) -> Service:
        hears = self._hear_robot if name == "robot" else None
        return Service(name, command, self._folder, environment(), hears)

    async def _start(self, name: str, part: Service) -> None:
        await part.start()
        self._parts[name] = part


def _last_words(part: Service) -> str:
    return " | ".join(list(part.errors)[-5:])
