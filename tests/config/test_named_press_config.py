"""Who presses for residents by a tag of their own, as the configuration names them (rule 2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispenserd.app import setting_of
from dispenserd.clock import SystemClock
from dispenserd.config import ConfigError, load
from dispenserd.doctor.case import Case
from dispenserd.doctor.finding import Result
from dispenserd.doctor.of_configuration import configuration
from scheduler.world import Helper

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = (ROOT / "config" / "dispenserd.toml").read_text()
KEYS = ("0" * 32, "1" * 32)
PEOPLE = "".join(
    f'[[resident]]\nkey = "{key}"\nidentifier_system = "urn:x"\nidentifier_value = "v-{key[0]}"\n'
    f'tags = ["tag-{key[0]}"]\n'
    for key in KEYS
)
STAFF = '[[staff]]\nname = "Anna"\ntags = ["tag-anna"]\n'


def helper(name: str = "Mads Holm", residents: str = f'["{KEYS[0]}"]', tags: str = '["tag-mads"]') -> str:
    return f'[[helper]]\nname = "{name}"\nresidents = {residents}\ntags = {tags}\n'


def home(folder: Path, *tables: str) -> Path:
    """The annotated defaults with two residents, a member of staff and these helpers."""
    before, _, rest = DEFAULTS.partition("[resident]")
    path = folder / "dispenserd.toml"
    path.write_text(before + PEOPLE + STAFF + "".join(tables) + rest[rest.index("[clock_times]") :])
    return path


def test_a_helper_is_named_with_whom_they_act_for_and_what_they_show(tmp_path: Path) -> None:
    both = f'["{KEYS[0]}", "{KEYS[1]}"]'
    path = home(tmp_path, helper(), helper("Hanne Holm", both, '["tag-han", "tag-ne"]'))
    assert setting_of(load(path), 1.0).helpers == (
        Helper("Mads Holm", (KEYS[0],), frozenset({"tag-mads"})),
        Helper("Hanne Holm", KEYS, frozenset({"tag-han", "tag-ne"})),
    )


def test_a_home_needs_none_and_one_may_stand_in_a_table_of_its_own(tmp_path: Path) -> None:
    assert setting_of(load(home(tmp_path)), 1.0).helpers == ()
    alone = helper().replace("[[helper]]", "[helper]")
    assert [one.name for one in setting_of(load(home(tmp_path, alone)), 1.0).helpers] == ["Mads Holm"]


def test_the_helper_of_the_annotated_defaults_can_stand_as_it_is_shown(tmp_path: Path) -> None:
    shown = DEFAULTS.partition("# [[helper]]")[2].partition("\n\n")[0]
    lines = ("# [[helper]]" + shown).splitlines()
    path = tmp_path / "dispenserd.toml"
    path.write_text(DEFAULTS.replace("\n".join(lines), "\n".join(line.removeprefix("# ") for line in lines)))
    assert len(load(path).helper) == 1


WRONG = [
    ([helper(tags='["tag-0"]')], "helper.tags has a tag that is also a resident's"),
    ([helper(tags='["tag-mads", "tag-1"]')], "helper.tags has a tag that is also a resident's"),
    ([helper(tags='["tag-anna"]')], "helper.tags has a tag that is also a member of staff's"),
    ([helper(), helper("Hanne Holm")], "helper.tags has the same tag twice"),
    ([helper(tags='["tag-mads", "tag-mads"]')], "helper.tags has the same tag twice"),
    ([helper(), helper(tags='["tag-other"]')], "helper.name is the same twice"),
    ([helper(), helper(" mads holm ", tags='["tag-other"]')], "helper.name is the same twice"),
    ([helper(residents=f'["{"2" * 32}"]')], "helper.residents must be keys of a [[resident]] of this file"),
    ([helper(residents=f'["{KEYS[0]}", "{KEYS[0]}"]')], "helper.residents has the same key twice"),
    ([helper(residents='["Karen Holm"]')], "helper.0.residents.0 must be keys of residents"),
    ([helper(residents="[]")], "helper.0.residents has no entry"),
    ([helper(tags="[]")], "helper.0.tags has no entry"),
    ([helper("")], "helper.0.name is empty"),
    ([helper("   ")], "helper.0.name is empty"),
    ([helper(tags='["a b"]')], "helper.0.tags.0 must be 4-64 visible characters each"),
]


@pytest.mark.parametrize(("tables", "said"), WRONG)
def test_what_can_not_be_is_told_and_quotes_nobody(tmp_path: Path, tables: list[str], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load(home(tmp_path, *tables))
    assert said in raised.value.what
    for value in (*KEYS, "Holm", "tag-", "2" * 32, "a b"):
        assert value not in raised.value.what
    assert "start again" in raised.value.next_step


def test_doctor_says_clearly_that_a_tag_is_two_peoples(tmp_path: Path) -> None:
    found = configuration(Case(home(tmp_path, helper(tags='["tag-0"]')), SystemClock()))
    assert found.result is Result.WRONG
    assert "helper.tags has a tag that is also a resident's: each tag is one person's" in found.what
