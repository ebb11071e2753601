"""`python -m tests.fagsystem.reasons_page`: writes the table of reasons in docs/dosage.md from the source."""

from __future__ import annotations

from dispenserd.fagsystem.reasons import Reason
from tests.support.sources import ROOT

PAGE = ROOT / "docs" / "dosage.md"
HEAD = "| code | dansk | English |\n|---|---|---|\n"


def table() -> str:
    return HEAD + "".join(f"| `{each.value}` | {each.danish} | {each.english} |\n" for each in Reason)


def written(page: str) -> str:
    """The page with today's table."""
    before, _, rest = page.partition(HEAD)
    _, gap, after = rest.partition("\n\n")
    return before + table() + (gap[1:] + after if gap else "")


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
