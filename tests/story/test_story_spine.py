"""The whole story: two days of one home, on a real broker, robot line, store, daemon and on-call."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.stage.standstill import TOO_SLOW

DISPENSERD = Path(sys.executable).parent / "dispenserd"
SPEED, SLOWER = 600, 300
PLAY_S_MAX = {SPEED: 400, SLOWER: 700}
"""It lasts 4 min 25 s: 42 h 50 min at 600 times the speed of life, start and end."""

LAST_HAPPENINGS = 150


@pytest.mark.story
@pytest.mark.timeout(sum(PLAY_S_MAX.values()) + 20)
def test_two_days_of_one_home_end_as_they_must(tmp_path: Path) -> None:
    """A machine that stood still for a part of a second lost minutes of it, and is given a second try at half
    the speed; what fails on a machine that kept up has failed."""
    play, lines = played(tmp_path, SPEED)
    if play.returncode and any(each.startswith(TOO_SLOW) for each in lines[-1].get("violations", [])):
        play, lines = played(tmp_path, SLOWER)
    assert play.returncode == 0, told(lines, play.stderr)
    verdict = lines[-1]
    assert verdict["what"] == "verdict"
    assert verdict["passed"] is True
    assert verdict["violations"] == []
    assert {line["schema"] for line in lines} == {"dispenserd/simulate/1"}
    assert outcomes(verdict) == {
        ("2026-11-02", "morning"): ("retrieved", False),
        ("2026-11-02", "noon"): ("retrieved", True),
        ("2026-11-02", "evening"): ("missed", False),
        ("2026-11-02", "night"): ("given_by_staff", False),
        ("2026-11-03", "morning"): ("retrieved", False),
        ("2026-11-03", "noon"): ("retrieved", True),
        ("2026-11-03", "evening"): ("retrieved", False),
        ("2026-11-03", "night"): ("given_by_staff", False),
    }
    happened = [line for line in lines if line["what"] == "happened"]
    killed, back = (
        next(
            n
            for n, line in enumerate(happened)
            if line["local"].startswith("day2 08") and said in line["text"]
        )
        for said in ("KILLED in the middle of a release", "daemon starts")
    )
    assert killed < back


def played(
    folder: Path, speed: int, scenario: str = "spine", *options: str
) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    play = subprocess.run(
        [DISPENSERD, "simulate", scenario, "--json", "--speed", str(speed), *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PLAY_S_MAX[speed],
        check=False,
    )
    return play, [json.loads(line) for line in play.stdout.splitlines()] or [{}]


def outcomes(verdict: dict[str, Any]) -> dict[tuple[str, str], tuple[str, bool]]:
    """Outcome, and whether it was retrieved late, by date and slot."""
    return {
        (dose["date"], dose["slot"]): (dose["outcome"], dose["late"] and dose["outcome"] == "retrieved")
        for dose in verdict["doses"]
        if dose["outcome"]
    }


def told(lines: list[dict[str, Any]], stderr: str) -> str:
    """What a person needs who reads why the play failed."""
    verdict = lines[-1] if lines and lines[-1].get("what") == "verdict" else {}
    happened = [line for line in lines if line.get("what") == "happened"][-LAST_HAPPENINGS:]
    return "\n".join(
        [
            "the play failed",
            *(f"VIOLATED: {each}" for each in verdict.get("violations", ["it did not reach a verdict"])),
            *(f"{each['local']}  {each['who']:<9} {each['dose']:<13} {each['text']}" for each in happened),
            stderr,
        ]
    )
