"""The same product over a broker as `broker-config` sets it up: TLS, a certificate for each, own topics only.

One day instead of two: a release without a network, an outage, an incident that is undelivered and receipted
afterwards, and a miss that a person takes, settles and closes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.stage.standstill import TOO_SLOW
from tests.story.test_story_spine import outcomes, played, told

SPEED, SLOWER = 600, 300
TRIES_S_MAX = 420
"""It lasts 65 s: 10 h 20 min at 600 times the speed of life, start and end; twice that on a second try."""


@pytest.mark.story
@pytest.mark.timeout(TRIES_S_MAX)
def test_one_day_over_tls_ends_as_it_must(tmp_path: Path) -> None:
    play, lines = played(tmp_path, SPEED, "one_day", "--broker", "tls")
    if play.returncode and any(each.startswith(TOO_SLOW) for each in lines[-1].get("violations", [])):
        play, lines = played(tmp_path, SLOWER, "one_day", "--broker", "tls")
    assert play.returncode == 0, told(lines, play.stderr)
    assert lines[-1]["passed"] is True
    assert outcomes(lines[-1]) == {
        ("2026-11-02", "morning"): ("retrieved", True),
        ("2026-11-02", "noon"): ("missed", False),
    }
    said = [line["text"] for line in lines if line["what"] == "happened"]
    assert any("about_to_miss UNDELIVERED" in text for text in said)
    assert any(text.startswith("receipt for dose_missed") for text in said)
    assert play.stderr == ""
