"""What travels between two boxes: sealed for one, signed by one, in answer to one asking."""

from __future__ import annotations

import json

import pytest

from dispenserd.security.identity import new_signing_key
from dispenserd.security.sealing import Box, Paper, PaperFault, checked, opened, request, sealed

RESIDENT = "5f0c7a3e9b1d4c6f8a2e7d9c0b3f1a64"
OLD, NEW, THIRD = (Box(name, new_signing_key().private_hex) for name in ("box-1", "box-2", "box-3"))
CONTENT = b"the plan, the doses, and what is left of the roll"


def bundle(move: str = "move-1") -> Paper:
    asked = checked(request(NEW, RESIDENT, move), "move-request", NEW.fingerprint)
    travels: Paper = json.loads(json.dumps(sealed(OLD, asked, CONTENT)))
    return travels


def fault(paper: Paper, box: Box = NEW, told: str = OLD.fingerprint) -> str:
    with pytest.raises(PaperFault) as raised:
        opened(box, checked(paper, "move-bundle", told))
    assert raised.value.meaning
    assert raised.value.next_step
    return raised.value.code


def test_the_box_that_asked_opens_it_also_after_a_restart_and_nothing_stands_in_it_in_clear() -> None:
    paper = bundle()
    again = Box(NEW.name, NEW.private_hex)
    assert opened(again, checked(paper, "move-bundle", OLD.fingerprint.upper())) == CONTENT
    assert CONTENT.hex() not in json.dumps(paper)


def test_no_other_box_opens_it_not_even_one_that_calls_itself_so() -> None:
    assert fault(bundle(), THIRD) == "other_box"
    assert fault(bundle(), Box(NEW.name, THIRD.private_hex)) == "not_for_this_key"


def test_only_the_box_that_the_people_named_is_believed() -> None:
    assert fault(bundle(), told=THIRD.fingerprint) == "other_fingerprint"
    with pytest.raises(PaperFault, match="another box"):
        checked(request(THIRD, RESIDENT, "move-1"), "move-request", NEW.fingerprint)


@pytest.mark.parametrize("field", ["box", "to_box", "resident", "move", "sealed_with", "nonce", "content"])
def test_whatever_is_changed_on_the_way_is_noticed(field: str) -> None:
    paper = bundle()
    value = paper[field]
    paper[field] = ("0" if value[0] != "0" else "1") + value[1:]
    assert fault(paper) == "paper_changed"


def test_an_answer_to_another_asking_does_not_open_under_this_one() -> None:
    """Signed anew by the old box itself: the header is bound into the key."""
    first, second = bundle("move-1"), bundle("move-2")
    asked = checked(request(NEW, RESIDENT, "move-2"), "move-request", NEW.fingerprint)
    forged = sealed(OLD, asked, b"x")
    assert first["content"] != second["content"]
    for key in ("content", "nonce", "sealed_with"):
        forged[key] = first[key]
    with pytest.raises(PaperFault):
        opened(NEW, forged)


@pytest.mark.parametrize("paper", [None, [], {}, {"kind": "move-bundle"}, {**bundle(), "nonce": 7}])
def test_what_is_no_paper_is_refused(paper: object) -> None:
    with pytest.raises(PaperFault):
        checked(paper, "move-bundle", OLD.fingerprint)
