"""`python -m tests.proof_page FOLDER PAGE`: writes the page of the proof from the result files in a folder.

What the page said of runs that left no file there stays. A file that is no result of ours ends it: nothing is
left out in silence. Exit code 2 then, and the page is as it was.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.proof_page.kept import with_earlier
from tests.proof_page.page import CAMPAIGNS, page, schema, verdict


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 2:
        print("python -m tests.proof_page FOLDER PAGE", file=sys.stderr)
        return 2
    folder, written = Path(arguments[0]), Path(arguments[1])
    try:
        results = [_read(path) for path in sorted(folder.glob("*.json"))]
    except ValueError as strange:
        print(f"proof-page: {strange}", file=sys.stderr)
        return 2
    run = {schema(result) for result in results}
    earlier = written.read_text() if written.exists() else ""
    names = [name for each, (name, _) in CAMPAIGNS.items() if each in run]
    written.write_text(with_earlier(page(results), earlier, names))
    for result in results:
        print(f"{CAMPAIGNS[schema(result)][0]}: {verdict(result)}")
    for each, (name, command) in CAMPAIGNS.items():
        if each not in run:
            print(f"{name}: not run, told as before ({command})")
    return 0


def _read(path: Path) -> dict[str, Any]:
    """ValueError names the file."""
    try:
        found = json.loads(path.read_text())
    except json.JSONDecodeError as broken:
        raise ValueError(f"{path.name} is no JSON: {broken}") from None
    if not isinstance(found, dict) or found.get("schema") not in CAMPAIGNS or "made" not in found:
        raise ValueError(f"{path.name} is no result of a run")
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
