"""`python -m tests.machines`: writes docs/machines.md from the tables of the core."""

from __future__ import annotations

from tests.machines.page import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page())
    print(f"{PAGE.name} is what the tables say.")
