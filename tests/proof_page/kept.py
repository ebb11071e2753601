"""What a page said of runs that were not repeated: their rows and sections stay, with the date and the commit
they were made of. So a page can be made anew after one run, without the hours of all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

SECTIONS: Mapping[str, str] = {
    "histories in the bottle": "## Histories in the bottle",
    "a crash at every turn": "### A crash at every turn",
    "seeded bugs": "## Seeded bugs",
    "real processes, killed": "## Real processes, killed",
    "power cuts of real files": "Power cuts between any two system calls",
    "figures beside their floors": "## Figures",
}
"""Run -> how the line begins after which the page tells of it, up to the next heading."""

MACHINE = "Machine: "


def with_earlier(page: str, earlier: str, repeated: Sequence[str]) -> str:
    """`page`, with what `earlier` says of each run that is not among the `repeated` ones."""
    lines, known = page.splitlines(), earlier.splitlines()
    stays = [run for run in SECTIONS if run not in repeated and _row(known, run) is not None]
    for run in stays:
        row, again = _row(lines, run), _again(lines, run)
        told, told_again = _row(known, run), _again(known, run)
        assert row is not None and told is not None
        lines[row] = known[told]
        if again is not None and told_again is not None:
            lines[again] = known[told_again]
        first, last = _section(lines, run)
        lines[first:last] = known[slice(*_section(known, run))]
    return "\n".join(_machines(lines, known if stays else [])) + "\n"


def _row(lines: Sequence[str], run: str) -> int | None:
    return next((n for n, line in enumerate(lines) if line.startswith(f"| {run} | ")), None)


def _again(lines: Sequence[str], run: str) -> int | None:
    return next((n for n, line in enumerate(lines) if line.endswith(f" # {run}")), None)


def _section(lines: Sequence[str], run: str) -> tuple[int, int]:
    """StopIteration where the page has none: it is none of ours."""
    first = next(n for n, line in enumerate(lines) if line.startswith(SECTIONS[run])) + 1
    after = (n for n in range(first, len(lines)) if lines[n].startswith("#"))
    return first, next(after, len(lines))


def _machines(lines: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    """Each that any of the runs was made on."""
    told = [line.removeprefix(MACHINE).rstrip(".") for line in (*lines, *known) if line.startswith(MACHINE)]
    every = sorted({each for one in told for each in one.split("; ")})
    if not any(line.startswith(MACHINE) for line in lines):
        rows = max(number for run in SECTIONS if (number := _row(lines, run)) is not None)
        lines = [*lines[: rows + 2], *_paragraph(known), *lines[rows + 2 :]]
    for line in lines:
        yield f"{MACHINE}{'; '.join(every)}." if line.startswith(MACHINE) else line


def _paragraph(lines: Sequence[str]) -> Sequence[str]:
    """The machines and what a mark behind a commit means."""
    first = next((n for n, line in enumerate(lines) if line.startswith(MACHINE)), len(lines))
    return lines[first : next((n for n in range(first, len(lines)) if lines[n].startswith("#")), first)]
