"""One short day of a real home, and everything its commands print and its wire carries on the way.

Daemon, encrypted store, simulated robot, mosquitto, on-call's own process with its own database, and every
command as a process of its own. The home goes through the states that integrators meet: no roll, a dose
offered and retrieved, a dose held, an incident open, taken and closed, a command refused. Nothing is judged
here: `examples` keeps what came, the tests hold it against the schemas.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dispenserd.oncall import database
from scheduler import events as ev
from tests.contract.listener import Listener, listening
from tests.contract.terminal import WITHIN_S, Recording, Terminal, serving
from tests.support.endpoints import http_endpoint
from tests.support.moving_homes import MovingHome, NewHome, at_home
from tests.support.oncall_by_hand import PRIVATE
from tests.support.paper_home import eventually
from tests.support.provision_parts import oncall, robot
from tests.support.running_home import RunningHome, Wanted

CLOCK_TIMES = {"morning": "08:00", "noon": "09:20", "evening": "18:00", "night": "22:00"}
START, WINDOW_MIN = "07:50", 240
"""Wide windows: every command is a process, and on a machine that does much else each takes its time."""
WRONG_LABEL = "LBL-902"
"""What the manifest says of the second sachet; the robot reads LBL-002 there, so it is held."""

ONE_DOSE = Path(__file__).with_name("one_dose.toml")
UNPLUGGED_S = 60.0
"""Longer than the rest of the day takes."""


async def record() -> Recording:
    """The whole day, and a play of one dose; about a minute."""
    recording = Recording()
    with TemporaryDirectory(prefix="contract-") as folder:
        recording.folder = folder
        home = RunningHome(Path(folder), Wanted(start=START, clock_times=CLOCK_TIMES, window_min=WINDOW_MIN))
        with (
            http_endpoint() as phone,
            home.broker,
            listening(home.broker.host, home.broker.port) as listener,
        ):
            try:
                home.write_configuration()
                staff = _oncall_files(home, phone.url())
                terminal = Terminal(home, staff, recording)
                async with (
                    terminal.streaming("oncall", "watch"),
                    serving("oncall", home, staff, recording),
                ):
                    await _day(home, terminal)
                    await _a_disagreement(listener)
                    await home.stop_daemon()
                    async with serving("run", home, home.folder / "home.toml", recording):
                        await asyncio.sleep(2.0)
                recording.heard = listener.heard()
            finally:
                await home.stop()
            await _without_a_home(home, terminal)
        await _a_move(recording)
    return recording


async def _day(home: RunningHome, terminal: Terminal) -> None:
    await terminal("status")  # not reachable
    await terminal("status", config=home.folder / "none.toml")
    await terminal("decide", "2026-11-02/noon", "--by", "Anna", "--reason", "none of the four")
    await terminal("oncall", "take", "ffff", "--as", "Anna")
    await home.start_robot()
    await home.start_daemon()
    await home.until(
        lambda: home.events(ev.RobotCaughtUp) and home.events(ev.PlanAccepted), "ready", WITHIN_S
    )
    await _without_a_roll(home, terminal)
    await terminal("roll", "load", str(_manifest(home, WRONG_LABEL)), "--by", "Tove Tekniker")
    await terminal("roll", "show")
    await home.until(lambda: "Tryk på knappen." in home.lines, "the robot asks for a press", WITHIN_S)
    await terminal("status")
    await home.take_dose()
    await home.until(lambda: ("morning", "retrieved") in home.outcomes(), "retrieved")
    await terminal("doses")
    await terminal("status")
    await terminal("test-alarm", "--by", "Tove Tekniker")
    await terminal("doctor")
    await home.until(lambda: home.stage("noon") == "held", "the second dose is held", WITHIN_S)
    await _an_incident(home, terminal)
    await _away_for_a_moment(terminal)
    await _a_cable(home, terminal)
    await terminal("journal", "tail", "-n", "400")
    await terminal("journal", "verify")


async def _without_a_home(home: RunningHome, terminal: Terminal) -> None:
    folder = home.folder / "broker"
    sized = ("broker-config", "--homes", "3500", "--folder", str(folder), "--make-demo-ca")
    await terminal(*sized, "--add-box", "box-0001")
    await terminal("broker-config", "--folder", str(folder), "--add-box", "box-0002")
    await terminal("broker-config", "--check", str(folder / "mosquitto.conf"), "--homes", "3500")
    await _a_commissioning(home, terminal)
    await _dosages(home, terminal)
    await terminal("simulate", str(ONE_DOSE))


async def _dosages(home: RunningHome, terminal: Terminal) -> None:
    """Fixed over the night with a short day, as needed, one of two periods refused, and no dosage at all."""
    repeat = {"boundsPeriod": {"start": "2026-03-28"}, "when": ["MORN"]}
    amount = [{"doseQuantity": {"value": 1.5, "unit": "tablet"}}]
    fixed = {"timing": {"repeat": repeat}, "doseAndRate": amount}
    needed = {"asNeededBoolean": True, "doseAndRate": amount}
    file = home.folder / "dosage.json"
    for content in (fixed, needed, {**fixed, "patientInstruction": "x"}, {"nothing": 1}):
        file.write_text(json.dumps(content))
        await terminal("dosage", "explain", str(file), "--from", "2026-03-28", "--to", "2026-03-30")


async def _a_commissioning(home: RunningHome, terminal: Terminal) -> None:
    """Begun without a robot and taken back; begun again, and ended with one."""
    folder = home.folder / "new"
    begin = ("provision", "--folder", str(folder), "--demo", "--mqtt-port", str(home.broker.port))
    await terminal(*begin, "--by", "Tove Tekniker", "--box", "box-0002")
    await terminal("provision", "--folder", str(folder), "--undo", "--yes")
    await terminal(*begin, "--by", "Tove Tekniker", "--box", "box-0002")
    with robot(folder / "robot", "--roll", str(folder / "roll.json")), oncall(folder / "oncall.toml"):
        await terminal("provision", "--folder", str(folder), "--resume")


async def _without_a_roll(home: RunningHome, terminal: Terminal) -> None:
    broken = home.folder / "broken.json"
    broken.write_text("{")
    other = home.folder / "other.json"
    other.write_text(json.dumps({**home.manifest(), "production_id": "ROLL-9"}))
    for command in ("status", "doses", "holds"):
        await terminal(command)
    await terminal("roll", "show")
    await terminal("roll", "load", str(broken))
    await terminal("roll", "load", str(other), "--by", "Tove Tekniker")


async def _an_incident(home: RunningHome, terminal: Terminal) -> None:
    """Held, alarmed, taken, given by hand, the sachet put away, closed."""
    noon, given = "2026-11-02/noon", ("--by", "Anna", "--reason", "label was wrong")
    listed = await terminal.until("oncall", "list", holds=lambda found: found.get("incidents"))
    await terminal("holds")
    await terminal("status")
    incident = listed["incidents"][0]["incident"]
    await terminal("oncall", "take", incident, "--as", "Anna", "--wait", "0")
    await terminal("oncall", "take", incident, "--as", "Bo")
    await terminal("oncall", "take", incident, "--as", "Anna", "--wait", "30")
    await terminal.until(
        "oncall",
        "list",
        holds=lambda found: any(row["token"] == "confirmed" for row in found["incidents"]),
    )
    await terminal("decide", noon, "--had-it", "--by", "Bo", "--reason", "he is not the one")
    await terminal("oncall", "decide", noon, "--given", *given, "--wait", "30")
    await terminal("decide", noon, "--discard", *given)
    await terminal("doses")
    await terminal(
        "oncall", "close", incident, "--as", "Anna", "--resolution", "given_by_hand", "--wait", "30"
    )
    await terminal("oncall", "list", "--all")
    await terminal("oncall", "roster", "--test")
    await terminal("oncall", "key")


async def _away_for_a_moment(terminal: Terminal) -> None:
    said = ("--by", "Anna", "--reason", "fetched by the family")
    await terminal("resident", "mode", "assisted", "--review-days", "7", *said)
    await terminal("resident", "pause", "--away", "--until", "2026-11-05T12:00", *said)
    await terminal("resident", "review", *said)
    await terminal("resident", "show")
    await terminal("resident", "resume", *said)  # not reconciled
    await terminal("resident", "resume", "--reconciled", *said)
    await terminal("resident", "mode", "normal", *said)
    times = ("--from", "2026-11-07T00:00", "--to", "2026-11-08T00:00", "--back", "2026-11-08T09:00")
    away = ("--hand-out", "2026-11-06T23:00", "--departs", "2026-11-06T23:30")
    await terminal("resident", "leave", *times, *away, *said)
    await terminal("resident", "show")
    await terminal("resident", "back", *said)
    await terminal("resident", "release", "2026-11-03/noon", "--until", "2026-11-03T14:00", *said)
    await terminal("doses")


async def _a_move(recording: Recording) -> None:
    """To another box, with an empty robot there; then its magazine is counted, and the robot swapped."""
    async with at_home(MovingHome) as old, at_home(NewHome) as new:
        await old.prepare()
        request, bundle = str(new.folder / "request.json"), str(old.folder / "bundle.json")
        by = ("--by", "Tove Tekniker")

        async def kept(home: MovingHome, *arguments: str) -> dict[str, Any]:
            code, found = await home.says(*arguments)
            recording.keep(json.dumps(found).encode(), code)
            return found

        asked = await kept(new, "resident", "move-ask", "--out", request, *by)
        out = ("resident", "move-out", request, "--out", bundle, *by, "--reason", "moves to her own flat")
        gone = await kept(old, *out, "--fingerprint", str(asked["fingerprint"]))
        await kept(new, "resident", "move-in", bundle, *by, "--fingerprint", str(gone["fingerprint"]))
        left = await kept(new, "robot", "uncounted")
        labels = [str(each["label"]) for each in left["sachets"]]
        await kept(new, "robot", "count", labels[0], "--into", "missing", *by)
        await kept(new, "robot", "count", *labels, "--into", "waste", *by)
        await new.until(lambda: new.events(ev.RobotCaughtUp), "the new robot is there", WITHIN_S)
        await new.ask("roll_load", manifest=new.manifest(), by="Tove Tekniker")
        await kept(new, "robot", "swap", *by)


async def _a_cable(home: RunningHome, terminal: Terminal) -> None:
    """An incident about no dose, which a person closes."""
    home.unplug(UNPLUGGED_S)
    listed = await terminal.until("oncall", "list", holds=lambda found: found.get("incidents"))
    await terminal("status")
    incident = listed["incidents"][0]["incident"]
    await terminal("oncall", "take", incident, "--as", "Bo", "--wait", "30")
    closing = ("--as", "Bo", "--resolution", "robot_repaired", "--wait", "30")
    await terminal.until("oncall", "close", incident, *closing, holds=lambda found: "decision" in found)


async def _a_disagreement(listener: Listener) -> None:
    """The home seems to count one incident more than on-call, which asks for all."""
    newest = next(each for each in reversed(listener.heard()) if each.topic.endswith("/heartbeat"))
    beat = json.loads(newest.payload)
    listener.say(newest.topic, json.dumps({**beat, "incidents": beat["incidents"] + 1}).encode())
    await eventually(lambda: any(each.topic.endswith("/in/ask") for each in listener.heard()), "asked")


def _manifest(home: RunningHome, second_label: str) -> Path:
    content = home.manifest()
    content["sachets"][1]["label"] = second_label
    path = home.folder / "manifest.json"
    path.write_text(json.dumps(content))
    return path


def _oncall_files(home: RunningHome, phone: str) -> Path:
    """On-call's configuration, roster, database and key: the one whose public half the home was given."""
    manager, anna = (f'name = "{name}"\nnotify = ["{phone}"]\n' for name in ("Merete", "Anna"))
    roster = home.folder / "roster.toml"
    roster.write_text(f"[manager]\n{manager}[[person]]\n{anna}")
    roster.chmod(0o600)
    (home.folder / "homes.toml").write_text('[[home]]\nbox = "box-0001"\n')
    database.create(home.folder / "oncall.db")
    key = home.folder / "signing.key"
    key.write_text(PRIVATE.hex() + "\n")
    key.chmod(0o600)
    path = home.folder / "oncall.toml"
    path.write_text(
        '[oncall]\ndatabase = "oncall.db"\nsigning_key_file = "signing.key"\n'
        'roster = "roster.toml"\nhomes = "homes.toml"\n'
        f'[mqtt]\nhost = "{home.broker.host}"\nport = {home.broker.port}\n'
    )
    return path
