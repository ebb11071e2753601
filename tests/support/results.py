"""What a campaign leaves behind: one JSON object in a file, dated, with the version and commit it speaks of.

Knows no campaign. `tests.proof_page` reads these files; a result says which by its schema.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dispenserd import __version__
from tests.support.sources import ROOT

GIB = 1 << 30


def stamped(schema: str, again: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """`again`: the command that repeats it."""
    return {
        "schema": schema,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "commit": AT_START,
        "machine": machine(),
        "again": again,
        **result,
    }


def keep(path: Path, document: Mapping[str, Any]) -> None:
    """Whole or not at all: a reader never sees half a result."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(json.dumps(document, indent=2) + "\n")
    unfinished.replace(path)


def commit() -> str:
    """Short, with a `+` where tracked files differ from it; "" outside a repository."""
    known = _git("rev-parse", "--short=12", "HEAD")
    return known + ("+" if known and _git("status", "--porcelain", "--untracked-files=no") else "")


def machine() -> str:
    """In general words: no name, no path."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux, Python {sys.version.split()[0]}"


def _git(*arguments: str) -> str:
    try:
        ran = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return ran.stdout.strip() if ran.returncode == 0 else ""


AT_START = commit()
"""Asked when this is imported: a long run speaks of what it loaded, whatever is committed meanwhile."""
