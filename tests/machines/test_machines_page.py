"""The diagrams are those of the tables."""

from __future__ import annotations

from scheduler.transitions import MACHINES
from tests.machines.page import PAGE, page


def test_the_checked_in_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text() == page(), "make machines"


def test_every_cell_that_leads_elsewhere_has_an_arrow() -> None:
    text = page()
    for table in MACHINES:
        for (state, given), after in table.cells.items():
            arrow = f"\n    {state} --> {after}: "
            assert state is after or (arrow in text and given.value in text), (table.name, state, given)
    assert text.count("```mermaid") == len(MACHINES) + 1
    assert "| release_ordered |  | releasing |  | releasing |" in text
