"""What a provisioning has answered, made and done so far: one file that is replaced as a whole.

It is written before anything else and removed last, so that whatever ends the process, --resume goes on and
--undo takes back exactly what was made. A name is claimed here before it is made on disk; what stands at a
name that was not claimed belongs to somebody else. While provisioning is under way the file holds the
answers, secrets included, and is 0600; `finish` drops them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from dispenserd.provision.fault import ProvisionFault, Sort
from dispenserd.provision.writing import PRIVATE, write_whole

SCHEMA = "dispenserd/provisioning/1"

Plain = dict[str, Any]


@dataclass(slots=True)
class Progress:
    path: Path
    by: str
    demo: bool
    started: str
    answers: Plain = field(default_factory=dict)
    claimed: list[str] = field(default_factory=list)  # files and folders, oldest first
    steps: dict[str, Plain] = field(default_factory=dict)  # name -> {"at", "with", "result"}
    finished: str = ""

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """None: nothing was begun here."""
        try:
            plain = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as fault:
            raise _unreadable(path, f"can't be read ({fault.strerror})") from None
        except ValueError:
            raise _unreadable(path, "is damaged") from None
        if not isinstance(plain, dict) or plain.pop("schema", None) != SCHEMA:
            raise _unreadable(path, "is not of this version")
        try:
            return cls(path=path, **plain)
        except TypeError:
            raise _unreadable(path, "is damaged") from None

    def save(self) -> None:
        plain = {"schema": SCHEMA, **{key: value for key, value in asdict(self).items() if key != "path"}}
        write_whole(self.path, json.dumps(plain, ensure_ascii=False, indent=1).encode() + b"\n", PRIVATE)

    def claims(self, path: Path) -> bool:
        return str(path) in self.claimed

    def claim(self, path: Path) -> None:
        """From here on what stands there is ours to take back."""
        if not self.claims(path):
            self.claimed.append(str(path))
            self.save()

    def is_done(self, step: str, answers: Plain) -> bool:
        """Done, and with these answers."""
        return self.steps.get(step, {}).get("with") == _digest(answers)

    def done(self, step: str, answers: Plain, at: datetime, result: Plain) -> None:
        self.steps[step] = {"at": at.isoformat(), "with": _digest(answers), "result": result}
        self.save()

    def result(self, step: str) -> Plain:
        found: Plain = self.steps.get(step, {}).get("result", {})
        return found

    def finish(self, at: datetime, secret: frozenset[str]) -> None:
        """Commissioned: the secrets among the answers, and what could be guessed from a digest, go."""
        self.finished = at.isoformat()
        self.answers = {name: value for name, value in self.answers.items() if name not in secret}
        for step in self.steps.values():
            step["with"] = ""
        self.save()


def _digest(answers: Plain) -> str:
    return hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()


def _unreadable(path: Path, why: str) -> ProvisionFault:
    return ProvisionFault(
        Sort.CHECKED_AND_FALSE,
        "progress_unreadable",
        f"The record of what was provisioned so far, {path}, {why}.",
        "Nobody can say what was made, so nothing is changed and nothing is taken back.",
        "Run as root, or put the file back; without it, remove the home's files by hand and begin anew.",
    )
