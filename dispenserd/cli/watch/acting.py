"""What is asked before an act, and what is said about its end: words only, pure. Every question names home,
dose date and slot, and every refusal says why and what to do next."""

from __future__ import annotations

from typing import cast, get_args

from dispenserd.cli.watch.close_up import differences
from dispenserd.cli.watch.incident import Incident
from dispenserd.cli.watch.reading import NotStored, Refused
from dispenserd.cli.watch.telling import PRIORITY_ROLES, Line, Role, Span, Voice
from dispenserd.oncall.desk import Queued, Verdict
from dispenserd.oncall.words.language import words
from dispenserd.oncall.words.refusals import refusal
from dispenserd.oncall.words.resolutions import RESOLUTIONS
from dispenserd.oncall.words.states import VERDICTS

Outcome = Queued | Refused | NotStored

TYPED = "typed:"
"""Of the list of resolutions: the person types a code. No code has a colon at its end and nothing behind."""


def about(incident: Incident, voice: Voice) -> Line:
    role = PRIORITY_ROLES.get(incident.priority, Role.HIGH)
    return (voice.kind(incident.kind), role), (f"   {voice.who(incident)}", Role.TITLE)


def verdicts(voice: Voice) -> list[tuple[str, str]]:
    hint = f"   ({voice.phrases.only_confirmed})"
    return [
        (code, verdict_words(cast(Verdict, code), voice) + (hint if code == "given" else ""))
        for code in get_args(Verdict)
    ]


def verdict(code: str | None) -> Verdict | None:
    return cast(Verdict, code) if code in get_args(Verdict) else None


def verdict_words(code: Verdict, voice: Voice) -> str:
    return words(VERDICTS, code, voice.language)


def resolutions(voice: Voice) -> list[tuple[str, str]]:
    known = [(code, said.in_(voice.language)) for code, said in RESOLUTIONS.items()]
    return [*known, (TYPED, voice.phrases.other_code)]


def resolution_words(code: str, voice: Voice) -> str:
    return words(RESOLUTIONS, code, voice.language)


def about_decision(incident: Incident, code: Verdict, reason: str, voice: Voice) -> list[Line]:
    say = voice.phrases
    return [
        about(incident, voice),
        ((f"{say.you_say}: ", Role.DIM), (verdict_words(code, voice), Role.TITLE)),
        ((f"{say.because}: ", Role.DIM), (reason, Role.PLAIN)),
    ]


def about_closing(incident: Incident, code: str, voice: Voice) -> list[Line]:
    said = f"{resolution_words(code, voice)} ({code})"
    return [about(incident, voice), ((f"{voice.phrases.you_say}: ", Role.DIM), (said, Role.TITLE))]


def refused(code: str, voice: Voice) -> str:
    return " ".join(refusal(code, voice.language))


def told(seen: Incident, outcome: Outcome, sent: str, voice: Voice) -> Span:
    """What came of it: sent, or why not. A stale one is told with what is different now."""
    say = voice.phrases
    match outcome:
        case Queued():
            return f"{sent} ({voice.who(seen)})", Role.PLAIN
        case NotStored(fault=fault):
            return say.not_stored.format(fault), Role.FAULT
        case Refused(code="taken_by_other", who=who) if who:
            _, step = refusal("taken_by_other", voice.language)
            return f"{say.taken_by.format(who)}. {step} ({voice.who(seen)})", Role.FAULT
        case Refused(code=code, who=who, present=present):
            why, step = refusal(code, voice.language)
            parts = [why, say.nothing_sent, step, f"{say.owner}: {who}." if who else ""]
            if present is not None:
                parts.append(differences(seen, present, voice))
            return " ".join(filter(None, parts)), Role.FAULT
