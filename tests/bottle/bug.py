"""One seeded bug: how it is put in, and who must notice. The lists are `bugs` and `bugs_company`."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bottle.sabotage import Plant


@dataclass(frozen=True)
class Bug:
    """`caught_by`: what the violation's text begins with, one of these. `needs`: a trouble of `weather` that
    shall come often while it is hunted, "siege", or who
    lives there too (`company_papers.KINDS`, `ALSO`). `equivalent`: why no witness can see it, where so."""

    name: str
    caught_by: tuple[str, ...]
    plant: Plant
    needs: str = ""
    equivalent: str = ""
