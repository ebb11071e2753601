"""docs/errors.md: every error code, what happened, what it means, what to do next."""

from __future__ import annotations

from itertools import groupby

from dispenserd.cli.failure import Exit
from tests.contract.error_codes import Ending, endings

HEAD = """# Errors: what happened, what it means, what to do next

Made by `python -m tests.contract` from the sentences in the source; change them there. A command that has not
done what was asked says so in three lines on stderr, or with `--json` in one object on stdout:

    {"schema": "dispenserd/error/1", "code": "not_reachable", "what": "...", "meaning": "...", "next": "..."}

A script looks at the exit code first and at `code` next. Codes and their exit codes are part of
[the contract](contract.md); the sentences are for people and may be worded better any day. `…` stands for
what is different each time. A code that a newer home says and this list does not know is still right in its
exit code.

| exit code | means |
|---|---|
"""

MEANINGS = {
    Exit.DONE: "done",
    Exit.CHECKED_AND_FALSE: "checked and false: the question was answered, and the answer is no",
    Exit.USAGE: "usage: the command line, or what it names, could not be understood; nothing was done",
    Exit.CONFIGURATION: "configuration: the file, or what it names, can't be used; nothing was started",
    Exit.NOT_REACHABLE: "daemon not reachable: or a home has not answered; it may or may not have been done",
    Exit.STORE: "store or key: the home's database, on-call's, or the key of either can't be used",
    Exit.REFUSED: "refused for safety: it could have harmed somebody, or nobody could know",
    Exit.INTERRUPTED: "interrupted by the person at the terminal",
}


def text() -> str:
    lines = [HEAD + "\n".join(f"| {int(code)} | {words} |" for code, words in MEANINGS.items())]
    for exit_code, ends in groupby(endings(), lambda ending: ending.exit_code):
        lines += [f"\n## Exit code {int(exit_code)}: {MEANINGS[exit_code].partition(':')[0]}\n"]
        lines += [_table(list(ends))]
    return "\n".join(lines) + "\n"


def _table(ends: list[Ending]) -> str:
    rows = [
        f"| `{end.code}` | {_cell(end.what)} | {_cell(end.meaning)} | {_cell(end.next_step)} |"
        for end in ends
    ]
    return "\n".join(
        ["| code | what happened | what it means | what to do next |", "|---|---|---|---|", *rows]
    )


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")
