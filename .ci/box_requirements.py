"""requirements.lock on standard input, what a box needs of it on standard output: hashes and all, no tools.

Kept are the dependencies that pyproject.toml in the working directory names, and what those ask for in turn:
the lock says of each package who did ("via"). What only a development group or an extra asked for, like the
broker of the demo, stays here. Platform markers stay as they are. Nothing may be built on a box: that takes
tools which no hash covers.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

NOTHING_BUILT = "--only-binary :all:"


def box_requirements(lock: str, project: str) -> str:
    """Of pyproject.toml it takes the text. ValueError where the lock lacks a package, or who asked for it."""
    entries = {
        match[1]: entry
        for entry in re.split(r"\n(?=[a-z0-9])", lock)
        if (match := re.match(r"([a-z0-9._-]+)(?:\[[^]]*\])?==", entry))
    }
    asked_by = {name: _asked_by(name, entry) for name, entry in entries.items()}
    kept = {_name(asked) for asked in tomllib.loads(project)["project"]["dependencies"]}
    if kept - set(entries):
        raise ValueError(f"not in the lock: {', '.join(sorted(kept - set(entries)))}")
    while more := {name for name, askers in asked_by.items() if askers & kept} - kept:
        kept |= more
    return "\n".join([NOTHING_BUILT, *(entries[name].rstrip("\n") for name in sorted(kept)), ""])


def _asked_by(name: str, entry: str) -> set[str]:
    comments = re.findall(r"^ +# +(.*)$", entry, re.MULTILINE)
    askers = {re.sub(r"^via *", "", comment).strip() for comment in comments} - {""}
    if not askers:
        raise ValueError(f"the lock does not say who asked for {name}")
    return askers


def _name(requirement: str) -> str:
    """As the lock spells it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement)[0]).lower()


if __name__ == "__main__":
    sys.stdout.write(box_requirements(sys.stdin.read(), Path("pyproject.toml").read_text(encoding="utf-8")))
