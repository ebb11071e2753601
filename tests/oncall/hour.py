"""`make oncall-hour`: on-call in real time. A real broker, the real process, real notices, several SIGKILLs.

    python -m tests.oncall.hour [--minutes 60] [--homes 12] [--seed 1] [--json]

Each notice must come within 2 s of its deadline, none twice, none lost. Exit 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import structlog

from dispenserd.clock import SystemClock
from dispenserd.mqtt.session import Broker
from dispenserd.oncall.database import DatabaseFault, open_existing
from dispenserd.oncall.desk import Desk, DeskRefused
from dispenserd.oncall.limits import OncallLimits
from tests.oncall.hour_home import ScriptedHome
from tests.oncall.hour_judge import PEOPLE, Heard, Run, Story, Verdict, heard, judge
from tests.support.broker import TestBroker
from tests.support.endpoints import Endpoint, http_endpoint
from tests.support.loops import beside
from tests.support.paper_home import eventually

SILENCE_S = 300.0
START_WITHIN_S = 60.0


class Hour:
    def __init__(self, folder: Path, broker: TestBroker, endpoint: Endpoint, seed: int) -> None:
        self._folder = folder
        self._broker = broker
        self._endpoint = endpoint
        self._chance = Random(seed)
        self._clock = SystemClock()
        self.runs: list[Run] = []
        self.stories: list[Story] = []
        self._write_files()

    def _write_files(self) -> None:
        people = "".join(
            f'[{"manager" if name == PEOPLE[-1] else "[person]"}]\nname = "{name}"\nlanguage = "en"\n'
            f'notify = ["{self._endpoint.url(name)}"]\n'
            for name in (PEOPLE[-1], *PEOPLE[:-1])
        )
        roster = self._folder / "roster.toml"
        roster.write_text(f"{people}[deadlines]\nhigh_min = 1.0\nmedium_min = 1.0\nlow_min = 1.0\n")
        roster.chmod(0o600)
        self.config = self._folder / "oncall.toml"
        self.config.write_text(
            '[oncall]\ndatabase = "oncall.db"\nsigning_key_file = "key"\nroster = "roster.toml"\n'
            'homes = "homes.toml"\n'
            f'[mqtt]\nhost = "{self._broker.host}"\nport = {self._broker.port}\n'
        )

    # --- the process ---

    async def serve(self, minutes: float) -> None:
        """Starts on-call, and again after each kill. Kills are at random, never in the first half minute."""
        kills = sorted(
            self._chance.uniform(30, minutes * 60 - 15) for _ in range(max(2, round(minutes / 1.5)))
        )
        began = self._clock.monotonic()
        for kill_s in [*kills, None]:
            process = await self._start()
            try:
                if kill_s is None:
                    await process.wait()
                    raise AssertionError("on-call ended by itself")
                await asyncio.sleep(max(1.0, began + kill_s - self._clock.monotonic()))
                process.kill()
                self.runs[-1].killed = self._clock.now()
            finally:
                if process.returncode is None:
                    process.kill()
                await process.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        connected = self._broker.log().count("Sending SUBACK to oncall-")
        log = (self._folder / "oncall.log").open("ab")
        with log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "dispenserd", "oncall", "run", "--config", self.config, stderr=log
            )
        starts = len(self.runs) + 1
        log_path = self._folder / "oncall.log"
        await eventually(
            lambda: log_path.read_text().count("on-call starts") >= starts, "on-call starts", START_WITHIN_S
        )
        looks = self._clock.now()
        await eventually(
            lambda: self._broker.log().count("Sending SUBACK to oncall-") > connected,
            "on-call listens",
            START_WITHIN_S,
        )
        self.runs.append(Run(looks, self._clock.now()))
        return process

    # --- the homes and the staff ---

    async def play(self, homes: list[ScriptedHome], ends: datetime) -> None:
        await eventually(lambda: bool(self.runs), "on-call listens", START_WITHIN_S)
        async with asyncio.TaskGroup() as tasks:
            for home in homes:
                tasks.create_task(self._home(home, Random(self._chance.random()), ends))

    async def _home(self, home: ScriptedHome, chance: Random, ends: datetime) -> None:
        home.may_beat = True  # on-call listens: it must have heard of a home to miss it
        await eventually(lambda: home.first_beat is not None, "it beats", START_WITHIN_S)
        if home.silent:
            return
        while self._clock.now() < ends - timedelta(seconds=20):
            await asyncio.sleep(chance.uniform(2, 40))
            incident = await home.raise_incident(
                chance.choice(("low", "medium", "high")), chance.uniform(8, 40)
            )
            story = Story(incident.name, incident.raised, incident.deadline)
            self.stories.append(story)
            await asyncio.sleep(chance.choice((5, 30, 150)) * chance.uniform(0.5, 1.5))
            if chance.random() < 0.6 and await self._take(incident.name):
                story.ended = self._clock.now()
                await asyncio.sleep(chance.uniform(1, 10))
            await home.close(incident)
            story.ended = story.ended or self._clock.now()

    async def _take(self, incident: str) -> bool:
        try:
            desk = Desk(open_existing(self._folder / "oncall.db"), OncallLimits())
            desk.take(incident, "anna", self._clock.now())
        except (DeskRefused, DatabaseFault):
            return False
        return True

    def told(self) -> list[Heard]:
        return [
            heard(body["path"].strip("/"), body["message"], datetime.fromtimestamp(at, UTC))
            for at, body in self._endpoint.heard
        ]

    def expect_silence(self, homes: list[ScriptedHome], told: list[Heard]) -> None:
        """On-call's own incident about a silent home: the first notice that no home's explains."""
        known = {story.incident[:8] for story in self.stories}
        for home in homes:
            own = sorted({each.incident for each in told} - known)
            if home.silent and home.first_beat:
                begins = home.first_beat + timedelta(seconds=SILENCE_S)  # each absence here is short
                self.stories.append(
                    Story(own[0] if own else "silence?", begins, begins + timedelta(seconds=60))
                )


async def an_hour(minutes: float, homes: int, seed: int, folder: Path) -> tuple[Verdict, Hour]:
    clock = SystemClock()
    with TestBroker() as broker, http_endpoint() as endpoint:
        hour = Hour(folder, broker, endpoint, seed)
        place = Broker(broker.host, broker.port)
        scripted = [
            ScriptedHome(f"box-{number:03d}", place, clock.now, number == 0) for number in range(homes)
        ]
        listed = "".join(f'[[home]]\nbox = "{home.box}"\n' for home in scripted)
        (folder / "homes.toml").write_text(listed)
        ends = clock.now() + timedelta(minutes=minutes)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(beside(hour.serve(minutes), *(home.run() for home in scripted)))
            play = asyncio.ensure_future(hour.play(scripted, ends))
            while (left_s := (ends - clock.now()).total_seconds()) > 0:
                _progress(
                    f"{left_s / 60:.1f} min left, {len(hour.runs) - 1} kills, {len(endpoint.heard)} notices"
                )
                await asyncio.wait({play}, timeout=min(left_s, 2.0))
                if play.done():
                    await play
                    await asyncio.sleep(min(left_s, 2.0))
            play.cancel()
        told = [each for each in hour.told() if each.at < ends]
        hour.expect_silence(scripted, told)
        return judge(hour.stories, told, hour.runs, ends), hour


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.oncall.hour")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--homes", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with TemporaryDirectory() as folder:
        verdict, hour = asyncio.run(an_hour(options.minutes, options.homes, options.seed, Path(folder)))
    passed = not verdict.faults and verdict.expected > 0 and len(hour.runs) > 1
    counts = {
        "minutes": options.minutes,
        "homes": options.homes,
        "kills": len(hour.runs) - 1,
        "incidents": len(hour.stories),
        "notices": verdict.notices,
        "expected": verdict.expected,
        "repeated": verdict.repeated,
        "latest_s": round(verdict.latest_s, 3),
    }
    if options.json:
        body = {"schema": "dispenserd/oncall-hour/1", "passed": passed, **counts, "faults": verdict.faults}
        print(json.dumps(body))
    else:
        for name, value in counts.items():
            print(f"{name:<20} {value:>10}")
        for fault in verdict.faults:
            print(f"WRONG  {fault}")
        print("each notice in time, none twice, none lost" if passed else "NOT PASSED")
    return 0 if passed else 1


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
