"""`python -m dispenserd` is the `dispenserd` command."""

from __future__ import annotations

from dispenserd.cli import main

if __name__ == "__main__":
    main()
