"""`python -m tests.contract.recorded_examples [--afresh]`: plays a day and writes docs/contract/examples.

A file whose examples still fit their schema stays, unless `--afresh`. `python -m tests.contract` then puts
them into the schemas and the AsyncAPI document.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from tests.contract import examples
from tests.contract.places import EXAMPLES
from tests.contract.recording import record
from tests.support.sources import ROOT


def main(arguments: Sequence[str]) -> int:
    if set(arguments) - {"--afresh"}:
        print("python -m tests.contract.recorded_examples [--afresh]", file=sys.stderr)
        return 2
    print("Playing a short day of a real home; about a minute ...", file=sys.stderr)
    recording = asyncio.run(record())
    if recording.strange:
        print(f"{len(recording.strange)} lines are no JSON; nothing was written:", file=sys.stderr)
        print("\n".join(recording.strange), file=sys.stderr)
        return 1
    found = examples.chosen(recording)
    for name in examples.write(found, "--afresh" in arguments):
        print(EXAMPLES.relative_to(ROOT) / name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
