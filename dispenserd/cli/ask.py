"""Asking the running home: one call, and its errors as the ends of a command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dispenserd.cli.failure import Exit, Failure, Sentences, failed
from dispenserd.control_call import CALL_TIMEOUT_S, CallError, Unreachable, call
from dispenserd.oncall.words.commands import REFUSED, SEE
from dispenserd.oncall.words.language import Language
from dispenserd.oncall.words.refusals import NOTHING_CHANGED, REFUSALS
from dispenserd.oncall.words.refusals import refused as words_of

EXITS = {
    "too_long": Exit.USAGE,
    "bad_request": Exit.USAGE,
    "bad_arguments": Exit.USAGE,
    "unknown_call": Exit.USAGE,
    "store": Exit.STORE,
    "configuration": Exit.CONFIGURATION,
    "not_ready": Exit.NOT_REACHABLE,
}
"""Error code of a call -> exit code. Codes of refusals end as REFUSED, anything else as CHECKED_AND_FALSE."""


def ask(socket: Path, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    """The home's answer; Failure with the matching exit code."""
    try:
        return call(socket, name, arguments or {}, CALL_TIMEOUT_S)
    except CallError as error:
        if error.code in REFUSALS:
            raise refused(error.code) from None
        raise failed(EXITS.get(error.code, Exit.CHECKED_AND_FALSE), error.code, error) from None
    except Unreachable as error:
        raise _unreachable(socket, error) from None


def refused(code: str, language: Language = "en", look: str = "") -> Failure:
    """The home or on-call said no, for safety. `look`: what shows more, where no command of a home does."""
    failure = Failure(Exit.REFUSED, code, *_refused(code, "en", look))
    return failure.in_danish(*_refused(code, "da", look)) if language == "da" else failure


def _refused(code: str, language: Language, look: str) -> Sentences:
    known = words_of(code)
    see = SEE.in_(language).format(look or known.see) if known.see else ""
    return Sentences(
        REFUSED.in_(language).format(known.what.in_(language)),
        NOTHING_CHANGED.in_(language),
        f"{known.next_step.in_(language)} {see}".strip(),
    )


def _unreachable(socket: Path, error: Unreachable) -> Failure:
    if error.sent:
        return Failure(
            Exit.NOT_REACHABLE,
            "no_answer",
            f"The home did not answer on {socket} ({error.reason}).",
            "It may or may not have carried this out.",
            "Look with `dispenserd doses` and `dispenserd status` before you repeat it.",
        )
    return Failure(
        Exit.NOT_REACHABLE,
        "not_reachable",
        f"No home answers on {socket} ({error.reason}).",
        "dispenserd is not running, or not with this configuration, or you may not use its socket.",
        "Check `systemctl status dispenserd`, --config and your user; the journal can be read without it.",
    )
