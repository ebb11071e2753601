"""What people type at a terminal. `main` is the console script; it imports what it needs when called."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    from dispenserd.cli.entry import carry_out

    sys.exit(carry_out(sys.argv[1:]))
