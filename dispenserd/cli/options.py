"""Options that many commands share, worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LANGUAGES = ("da", "en")
PERSON_CHARS_MAX = 80
REASON_CHARS_MAX = 200
"""A sentence for the record, as in the signed messages; the journal is no care record."""


DOSE_HELP = "The dose as `dispenserd doses` shows it, 2026-11-02/evening; or its whole id, or the id's start."


def person(value: str | None) -> str | None:
    return None if value is None else _told(value, PERSON_CHARS_MAX)


def _reason(value: str) -> str:
    return _told(value, REASON_CHARS_MAX)


def _told(value: str, chars_max: int) -> str:
    """What a person typed for the record: something, in one line, bounded."""
    told = value.strip()
    if not told or len(told) > chars_max or not told.isprintable():
        raise typer.BadParameter(f"must be 1 to {chars_max} printable characters")
    return told


def _language(value: str | None) -> str | None:
    if value is not None and value not in LANGUAGES:
        raise typer.BadParameter("must be da or en")
    return value


ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Configuration file to use.", show_default=False)
]
LanguageOption = Annotated[
    str | None,
    typer.Option(
        "--language", help="da or en. Default: [oncall] language.", callback=_language, show_default=False
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON: one object, or one a line.")]
ByOption = Annotated[str, typer.Option("--by", help="Who decided, by name.", callback=person)]
AsOption = Annotated[str, typer.Option("--as", help="Who you are, by name.", callback=person)]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, in a few words.", callback=_reason)]
GivenOption = Annotated[bool, typer.Option("--given", help="The person gave the dose by hand.")]
HadItOption = Annotated[bool, typer.Option("--had-it", help="The resident had the dose.")]
WitnessedOption = Annotated[
    bool, typer.Option("--witnessed", help="The person saw the resident take what the robot gave.")
]
NotGivenOption = Annotated[
    bool,
    typer.Option(
        "--not-given",
        help="Nobody had the dose: settles a doubt, or returns the right to give. Others gave it as needed.",
    ),
]
DiscardOption = Annotated[
    bool, typer.Option("--discard", help="The sachet shall go to the locked store, unused.")
]

LetGoOption = Annotated[
    bool,
    typer.Option(
        "--let-go",
        help="The held sachet is this dose's after all; counts once a second person has said so too.",
    ),
]


def verdict(
    given: bool,
    had_it: bool,
    not_given: bool,
    discard: bool,
    witnessed: bool = False,
    let_go: bool = False,
) -> str:
    """The one verdict that was chosen; a usage error for none or several."""
    chosen = {
        "given": given,
        "had_it": had_it,
        "witnessed": witnessed,
        "not_given": not_given,
        "discard": discard,
        "let_go": let_go,
    }
    named = [name for name, is_chosen in chosen.items() if is_chosen]
    if len(named) != 1:
        raise typer.BadParameter(
            "say exactly one of --given, --had-it, --witnessed, --not-given, --discard, --let-go"
        )
    return named[0]
