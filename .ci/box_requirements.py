"""requirements.lock on standard input, what a box needs of it on standard output: hashes and all, no tools.

The lock says of each package who asked for it ("via"). Kept is what the project asked for, and what those ask
for in turn; what only its development group asked for stays here. Platform markers stay as they are.
"""

from __future__ import annotations

import re
import sys

PROJECT = "dispenserd (pyproject.toml)"


def box_requirements(lock: str) -> str:
    """ValueError where the lock doesn't say who asked for a package."""
    entries = {
        match[1]: entry
        for entry in re.split(r"\n(?=[a-z0-9])", lock)
        if (match := re.match(r"([a-z0-9._-]+)(?:\[[^]]*\])?==", entry))
    }
    asked_by = {name: _asked_by(name, entry) for name, entry in entries.items()}
    kept = {name for name, askers in asked_by.items() if PROJECT in askers}
    while more := {name for name, askers in asked_by.items() if askers & kept} - kept:
        kept |= more
    return "\n".join(entries[name].rstrip("\n") for name in sorted(kept)) + "\n"


def _asked_by(name: str, entry: str) -> set[str]:
    comments = re.findall(r"^ +# +(.*)$", entry, re.MULTILINE)
    askers = {re.sub(r"^via *", "", comment).strip() for comment in comments} - {""}
    if not askers:
        raise ValueError(f"the lock does not say who asked for {name}")
    return askers


if __name__ == "__main__":
    sys.stdout.write(box_requirements(sys.stdin.read()))
