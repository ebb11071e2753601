"""What is known of each module's mutants: which were tried, which survived, and how sure that makes one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path

from tests.mutants.changes import Mutant, mutants, source_of
from tests.mutants.tries import Tried
from tests.support.sources import ROOT

SAMPLE = 60
"""Mutants of one module that are tried unless all are asked for."""

Z_OF_95_PERCENT = 1.645
"""One-sided, of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Survivor:
    function: str
    change: str  # "- old line + new line", as one line
    key: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one module; `source` is what it was, as a hash."""

    module: str
    source: str
    mutants: int  # there are
    noticed: tuple[str, ...]  # by a test: their keys
    survived: tuple[Survivor, ...]
    typed: tuple[str, ...] = ()  # by the types, which `make lint` reads: no test is asked

    @property
    def tried(self) -> int:
        return len(self.noticed) + len(self.typed) + len(self.survived)

    @property
    def share(self) -> float:
        return 1 - len(self.survived) / self.tried


def modules() -> list[str]:
    """What is mutated: every module of the core that does anything."""
    return sorted(path.stem for path in (ROOT / "scheduler").glob("*.py") if path.stem != "__init__")


def source_hash(module: str) -> str:
    return hashlib.sha256(source_of(module).encode()).hexdigest()[:16]


def drawn(there: Sequence[Mutant], draw: int) -> list[Mutant]:
    """A sample; each draw is another one, and the same one as long as these mutants are."""

    def rank(mutant: Mutant) -> str:
        return hashlib.sha256(f"{draw} {mutant.key}".encode()).hexdigest()

    return sorted(there, key=rank)[:SAMPLE]


def wanted(module: str, known: Looked | None, *, survivors: bool, everyone: bool, draw: int) -> list[Mutant]:
    """What is to be tried of it: what survived the last time, or what is not known yet."""
    there = mutants(module, source_of(module))
    alive = {one.key for one in known.survived} if known else set()
    if survivors:
        return [mutant for mutant in there if mutant.key in alive]
    tried_before = {*known.noticed, *known.typed, *alive} if known else set()
    return [one for one in (there if everyone else drawn(there, draw)) if one.key not in tried_before]


def look(
    module: str,
    known: Looked | None,
    chosen: Sequence[Mutant],
    typed: Collection[str],
    attempt: Callable[[Mutant], Tried],
    tell: Callable[[int, int, Tried], None],
) -> Looked:
    """Try these, but for what the types notice anyhow (`typed`: their keys)."""
    there = mutants(module, source_of(module))
    noticed = set(known.noticed) if known else set()
    by_types = set(known.typed) if known else set()
    alive = {one.key: one for one in known.survived} if known else {}
    for number, mutant in enumerate(chosen, start=1):
        alive.pop(mutant.key, None)
        if mutant.key in typed:
            by_types.add(mutant.key)
            continue
        tried = attempt(mutant)
        tell(number, len(chosen), tried)
        if tried.noticed:
            noticed.add(mutant.key)
        else:
            alive[mutant.key] = Survivor(mutant.function, mutant.change, mutant.key)
    order = {mutant.key: place for place, mutant in enumerate(there)}
    return Looked(
        module,
        source_hash(module),
        len(there),
        tuple(sorted(noticed)),
        tuple(alive[key] for key in sorted(alive, key=order.__getitem__)),
        tuple(sorted(by_types)),
    )


def share(found: Mapping[str, Looked]) -> tuple[float, float]:
    """How much of all their mutants is noticed, and at least how much with a confidence of 95 %.

    Each module's part counts by how many mutants it has. Where all were tried nothing is left to chance; of a
    sample one more survivor and one more noticed are thought of (Agresti and Coull), so that one without
    survivors is not taken for certain."""
    there = sum(one.mutants for one in found.values() if one.tried)
    if not there:
        return 0.0, 0.0
    mean = variance = 0.0
    for one in found.values():
        if not one.tried:
            continue
        weight = one.mutants / there
        mean += weight * one.share
        careful = (one.tried - len(one.survived) + 1) / (one.tried + 2)
        variance += weight**2 * (1 - one.tried / one.mutants) * careful * (1 - careful) / one.tried
    return mean, max(0.0, mean - Z_OF_95_PERCENT * sqrt(variance))


def read(path: Path) -> dict[str, Looked]:
    if not path.is_file():
        return {}
    rows = json.loads(path.read_text())
    return {
        row["module"]: Looked(
            **{
                **row,
                "noticed": tuple(row["noticed"]),
                "typed": tuple(row.get("typed", ())),
                "survived": tuple(Survivor(**each) for each in row["survived"]),
            }
        )
        for row in rows
    }


def write(path: Path, found: Mapping[str, Looked]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(found[module]) for module in sorted(found)], indent=1) + "\n")
