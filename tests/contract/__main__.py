"""`python -m tests.contract [--check | --release]`: writes the published contract from the source.

Without an option: protocol/mqtt/asyncapi.yaml, docs/contract and docs/errors.md. `--check` writes nothing and
names what would change. `--release` records what is published as released, unless it breaks what was: exit
code 1, a sentence for each break, and nothing written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.contract import release
from tests.contract.documents import documents, strangers
from tests.contract.places import RELEASED
from tests.support.sources import ROOT

DONE, FALSE, USAGE = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    match list(arguments):
        case []:
            return _write()
        case ["--check"]:
            return _check()
        case ["--release"]:
            return _release()
        case _:
            print("python -m tests.contract [--check | --release]", file=sys.stderr)
            return USAGE


def stale() -> list[str]:
    """Files that are not what the source says, missing ones and strangers too."""
    differing = [path for path, text in documents().items() if not path.is_file() or path.read_text() != text]
    return sorted(str(path.relative_to(ROOT)) for path in (*differing, *strangers()))


def _write() -> int:
    changed = stale()
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in strangers():
        path.unlink()
    print("\n".join(changed) or "Nothing has changed.")
    return DONE


def _check() -> int:
    changed = stale()
    print("\n".join(changed) or "Everything published is what the source says.")
    return FALSE if changed else DONE


def _release() -> int:
    now = release.present()
    if RELEASED.is_file():
        released = release.read()
        if broken := release.faults(released, now):
            print("\n".join(broken), file=sys.stderr)
            print(
                "It means: whoever relies on what was released would break. Nothing was written.\n"
                "Do next: undo that, or publish it as the next version of its schema.",
                file=sys.stderr,
            )
            return FALSE
        now = release.merged(released, now)
    release.write(now)
    print(
        f"{len(now['schemas'])} schemas, {len(now['topics'])} topics, {len(now['error_codes'])} error codes."
    )
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
