"""`replace` for frozen records, as in `dataclasses`, at a tenth of its cost, and the constructor behind it.

The journal of a year is some 40 000 events, and each replaces a record or three: that is most of a replay.
A frozen record's own `__init__` takes `object.__setattr__` for every field, 5 us for a world. A twin of
the same fields that is not frozen is filled in 1 us and then becomes the record: Python lets an object change
its class where both have the same slots. Which fields are taken over is written out as code, once for each
set of changed names, as `dataclasses` writes out an `__init__`. A record that checks its values, or has no
slots, is made by its own constructor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, make_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

R = TypeVar("R")

if TYPE_CHECKING:
    from dataclasses import replace as replace  # the checker knows the fields that this one may be given
else:

    def replace(record: R, /, **changes: object) -> R:
        """A copy with some fields changed; TypeError for a field that it has not."""
        return _copier(type(record), tuple(changes))(record, *changes.values())


def replace_fresh(record: R, source: R, /, **changes: Any) -> R:
    """`record` itself, changed in place, where it was made from `source` and nobody has seen it yet; where it
    still is `source`, a copy."""
    if record is source:
        copy: R = replace(cast(Any, record), **changes)
        return copy
    for name, value in changes.items():
        object.__setattr__(record, name, value)
    return record


@cache
def constructor(kind: type) -> Callable[..., Any]:
    """Makes a record from the values of all its fields, in their order."""
    twin = _twin(kind)
    if twin is None:
        return kind

    def make(*values: object) -> Any:
        record = twin(*values)
        record.__class__ = kind
        return record

    return make


@cache
def _twin(kind: type) -> Any:
    """The same slots and nothing but an `__init__`, not frozen; None for a kind that its own must make."""
    names = tuple(field.name for field in fields(kind))
    own_init = hasattr(kind, "__post_init__") or not all(field.init for field in fields(kind))
    if own_init or getattr(kind, "__slots__", None) != names:
        return None
    return make_dataclass(
        kind.__name__, names, namespace={"__slots__": names}, repr=False, eq=False, match_args=False
    )


@cache
def _copier(kind: type, changed: tuple[str, ...]) -> Callable[..., Any]:
    """Takes a record and the changed values in this order."""
    names = [field.name for field in fields(kind) if field.init]  # the others follow from these
    for name in changed:
        if name not in names:
            raise TypeError(f"{kind.__name__} has no field {name!r}")
    twin = _twin(kind)
    values = {name: name if name in changed else f"_record.{name}" for name in names}
    if twin is None:
        lines = [f"return _kind({', '.join(f'{name}={value}' for name, value in values.items())})"]
    else:
        lines = ["_copy = _new(_twin)", *(f"_copy.{name} = {value}" for name, value in values.items())]
        lines += ["_copy.__class__ = _kind", "return _copy"]
    body = "".join(f"    {line}\n" for line in lines)
    scope: dict[str, Any] = {"_new": object.__new__, "_twin": twin, "_kind": kind}
    exec(f"def copier({', '.join(('_record', *changed))}):\n{body}", scope)  # noqa: S102  # our own names
    return cast(Callable[..., Any], scope["copier"])
