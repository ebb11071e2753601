"""A file of the office as on-call looks at it while it runs: has it changed, and what does it say now?

Knows paths and `ConfigError`; what is in the file is known to the function that it is given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from dispenserd.config_file import FILE_BYTES_MAX, ConfigError
from dispenserd.oncall.papers import Unusable

T = TypeVar("T")


class OfficeFile(Generic[T]):
    def __init__(self, path: Path, load: Callable[[Path], T]) -> None:
        self._path = path
        self._load = load

    def mark(self) -> bytes:
        """Of its bytes and of who may read it; times of a file say less, and a copied one keeps them."""
        try:
            with self._path.open("rb") as file:
                raw = file.read(FILE_BYTES_MAX + 1)
            mode = self._path.stat().st_mode
        except OSError as fault:
            return f"{type(fault).__name__}/{fault.errno}".encode()
        return hashlib.sha256(f"{mode:o}/".encode() + raw).digest()

    def read(self) -> T | Unusable:
        try:
            return self._load(self._path)
        except ConfigError as error:
            again = error.next_step.replace(" and start again", ", and it is read again by itself")
            return Unusable(error.what, error.meaning, again)
        except OSError as fault:  # it went away between two calls
            return Unusable(
                f"Configuration {self._path} can't be read ({fault.strerror or type(fault).__name__}).",
                "Nothing was started or changed.",
                "Check its path, owner and mode.",
            )
