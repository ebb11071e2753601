"""Where several live, the plan of each is looked at: the first one's says nothing about the others'."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispenserd import config
from dispenserd.provision import check, papers

NOW = datetime.now(UTC)
FIRST, SECOND = f"{0xB:032x}", f"{0xC:032x}"
SYSTEM = "urn:example:resident"
EXAMPLE = Path(__file__).parents[2] / "config" / "dispenserd.toml"


@pytest.fixture
def home(tmp_path: Path) -> config.Config:
    """The example's configuration with two residents at its one robot."""
    before, _, after = EXAMPLE.read_text(encoding="utf-8").partition("[resident]")
    _, _, rest = after.partition("\n[")
    people = "".join(
        f'[[resident]]\nkey = "{key}"\nidentifier_system = "{SYSTEM}"\nidentifier_value = "{key}"\n'
        f'tags = ["tag-{key[-1]}"]\n'
        for key in (FIRST, SECOND)
    )
    text = f"{before}{people}\n[{rest}".replace("/var/lib/dispenserd/fagsystem", str(tmp_path / "fag"))
    path = tmp_path / "dispenserd.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return config.load(path)


def card(home: config.Config, key: str, text: str = "") -> None:
    folder = home.fagsystem.folder / key
    folder.mkdir(parents=True, exist_ok=True)
    plain = papers.plan(papers.first_due(NOW), SYSTEM, key)
    (folder / "plan.json").write_text(text or json.dumps(plain), encoding="utf-8")


def test_the_second_residents_missing_plan_is_told(home: config.Config) -> None:
    card(home, FIRST)
    found = check.plan(home, NOW)
    assert (found.code, SECOND in found.next_step) == ("plan_missing", True)


def test_a_refused_plan_is_told_before_a_missing_one(home: config.Config) -> None:
    card(home, SECOND, "{}")
    assert check.plan(home, NOW).code == "plan_refused"


def test_all_plans_there_is_good(home: config.Config) -> None:
    card(home, FIRST)
    card(home, SECOND)
    found = check.plan(home, NOW)
    assert (found.verdict, found.code) == (check.Verdict.GOOD, "")
