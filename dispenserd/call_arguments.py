"""What a call at the control socket says, read and checked: the arguments that several calls have.

Each function takes what came and returns it in the form that a wish needs, or raises the CallError that says
which argument was wrong. Values are bounded: they end up in a journal that is never rewritten.
"""

from __future__ import annotations

from typing import Any

from dispenserd.control_call import CallError
from scheduler.world import Setting

Arguments = dict[str, Any]

NAME_CHARS_MAX = 80
TEXT_CHARS_MAX = 200
"""Of a reason, or of anything else that a person writes."""


def one_text(arguments: Arguments, name: str, longest: int = TEXT_CHARS_MAX) -> str:
    value = arguments.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise bad(name)
    return value.strip()


def named_resident(arguments: Arguments, setting: Setting) -> str:
    """The one who lives here, where none is named. Of several nobody is meant by default."""
    if not arguments.get("resident") and len(setting.residents) == 1:
        return setting.residents[0].key
    return one_text(arguments, "resident")


def bad(name: str) -> CallError:
    return CallError(
        "bad_arguments",
        f"The call's {name} is missing, too long or not one of ours.",
        "Nothing was changed.",
        "Use the `dispenserd` command of the same version as the daemon.",
    )
