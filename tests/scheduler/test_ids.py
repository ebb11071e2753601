"""Identifiers are derived, and stay what they are: another release, or a home restored, finds the same ones
(rules 1, 10, 23, 26)."""

from __future__ import annotations

from datetime import date

from scheduler.ids import administration_id, dose_id, incident_id, order_id


def test_what_was_said_in_an_earlier_release_is_known_under_its_name() -> None:
    """Pinned: what was ordered, raised or filed before an update keeps its id."""
    assert dose_id("key", date(2026, 11, 2), "morning") == "key/2026-11-02/morning/1"
    assert order_id("SIM-0001", "key", "dose", "release", 1) == "b3bb41ed4a9fa4b5d0fafdbd7dcaf4a4"
    assert incident_id("box-0001", "dose:x", 1) == "619cfb78145802653a65c817d43988d4"
    assert administration_id("dose", "p-1", 1) == "cd1bf1435ba90d9c4e59f3b94385ee41"


def test_whatever_an_order_is_about_makes_it_another_one() -> None:
    """P4, P5."""
    ids = {
        order_id("r", "a", "d", "release", 1),
        order_id("s", "a", "d", "release", 1),
        order_id("r", "b", "d", "release", 1),
        order_id("r", "a", "e", "release", 1),
        order_id("r", "a", "d", "present", 1),
        order_id("r", "a", "d", "release", 2),
        order_id("ra", "", "d", "release", 1),  # no two parts run together
    }
    assert len(ids) == 7 and {len(one) for one in ids} == {32}


def test_each_incident_and_each_administration_has_an_id_of_its_own() -> None:
    """S5, rule 26; and none is the id of something of another kind."""
    incidents = {
        incident_id("b", "s", 1),
        incident_id("c", "s", 1),
        incident_id("b", "t", 1),
        incident_id("b", "s", 2),
    }
    filed = {
        administration_id("b", "s", 1),
        administration_id("c", "s", 1),
        administration_id("b", "t", 1),
        administration_id("b", "s", 2),
    }
    assert len(incidents | filed) == 8
