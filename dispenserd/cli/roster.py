"""`oncall roster`: who would be told when, and `--test`: does every address work?

Names people and the kind of their addresses; an address itself holds secrets and is never shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from dispenserd.cli.failure import Exit
from dispenserd.cli.options import ConfigOption, JsonOption, LanguageOption
from dispenserd.cli.output import console, emit, filled, note, text
from dispenserd.cli.place import oncall_config_path
from dispenserd.cli.watch.telling import Voice
from dispenserd.oncall.words import commands as say
from dispenserd.oncall.words.language import Language, words
from dispenserd.oncall.words.states import PRIORITIES

if TYPE_CHECKING:
    from datetime import datetime

    from dispenserd.oncall.roster import Person, Roster

URGENT_FIRST = ("high", "medium", "low")
STEPS_SHOWN = 6
"""Of an incident that nobody takes: for most rosters once round and a little further."""


def roster(
    ctx: typer.Context,
    test: Annotated[bool, typer.Option("--test", help="Send everybody a test notice now.")] = False,
    config: ConfigOption = None,
    language: LanguageOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who is told when nobody takes an incident; exit 1 if nobody is on call or a test failed."""
    from dispenserd.clock import from_environment
    from dispenserd.config import load_oncall
    from dispenserd.roster_file import load_roster

    chosen = load_oncall(oncall_config_path(ctx, config)).oncall
    known = load_roster(chosen.roster, chosen.zone)
    spoken = cast("Language", language or chosen.language)
    now = from_environment().now()
    tested = _tested(known, "en" if as_json else spoken) if test else []
    uncovered = list(known.uncovered(now))
    ladders = {priority: _ladder(known, priority, now) for priority in URGENT_FIRST}
    if as_json:
        people = [_person(known, person, now) for person in _everybody(known)]
        emit(
            "oncall-roster",
            {"people": people, "ladders": ladders, "uncovered": uncovered, "tests": tested},
        )
    else:
        _show(known, now, ladders, tested, spoken)
        if uncovered:
            named = ", ".join(_priority(each, spoken) for each in uncovered)
            note(say.UNCOVERED.in_(spoken).format(named))
    if uncovered or any(not each["reached"] for each in tested):
        raise typer.Exit(Exit.CHECKED_AND_FALSE)


def _everybody(known: Roster) -> list[Person]:
    return [*known.people, *((known.manager,) if known.manager else ())]


def _person(known: Roster, person: Person, now: datetime) -> dict[str, Any]:
    hours = person.hours
    return {
        "name": person.name,
        "manager": person == known.manager,
        "language": person.language,
        "addresses": _schemes(person),
        "priorities": [each for each in URGENT_FIRST if each in person.priorities],
        "hours": None if hours is None else f"{hours[0]:%H:%M}-{hours[1]:%H:%M}",
        "on_call": person != known.manager
        and any(person in known.on_call(priority, now) for priority in person.priorities),
    }


def _schemes(person: Person) -> list[str]:
    """`mailto`, `ntfys`: what kind of address; all the rest of it may be a secret."""
    return [url.partition(":")[0] for url in person.notify]


def _ladder(known: Roster, priority: Any, now: datetime) -> list[dict[str, Any]]:
    """The first steps of an incident that was raised now and that nobody takes."""
    from dispenserd.oncall.ladder import Alarm, Told, due_at, next_step

    alarm = Alarm("", "raised", priority, now, now + known.deadlines.of(priority))
    told: list[Told] = []
    while len(told) < STEPS_SHOWN and (due := due_at(alarm, told, known)) is not None:
        step = next_step(alarm, told, known, due)
        if step is None or not step.person:
            break
        told.append(Told(step, "told"))
    return [
        {
            "after_s": int((each.step.due - now).total_seconds()),
            "person": each.step.person,
            "manager": each.step.is_manager,
            "priority": each.step.priority,
        }
        for each in told
    ]


def _tested(known: Roster, language: Language) -> list[dict[str, Any]]:
    """One entry an address."""
    import asyncio

    from dispenserd.oncall.notices import send
    from dispenserd.oncall.wording import test_wording

    found = []
    for person in _everybody(known):
        note(say.TELLING.in_(language).format(person.name))
        title, body = test_wording(person.language)
        sent = asyncio.run(send(person.notify, title, body))
        found += [
            {"name": person.name, "address": scheme, "result": result, "reached": result == "ok"}
            for scheme, result in zip(_schemes(person), sent.results, strict=True)
        ]
    return found


def _show(
    known: Roster,
    now: datetime,
    ladders: dict[str, list[dict[str, Any]]],
    tested: Sequence[dict[str, Any]],
    language: Language,
) -> None:
    out = console()
    people = [_person(known, person, now) for person in _everybody(known)]
    if not people:
        out.print(say.NAMES_NOBODY.in_(language))
        return
    columns = [column.in_(language) for column in say.ROSTER_COLUMNS]
    out.print(filled(columns, [(_cells(each, language), "") for each in people]))
    raised = Voice(language, known.zone, "").dated(now)
    out.print(say.IF_NOBODY_TAKES.in_(language).format(raised))
    for priority, steps in ladders.items():
        told = [f"{_after(step['after_s'], language)} {text(step['person'])}" for step in steps]
        named = _priority(priority, language)
        out.print(f"  {named:<7} {', '.join(told) or say.NOBODY_TOLD.in_(language)}")
    for each in tested:
        reached, missed = say.TOLD.in_(language), say.NOT_TOLD.in_(language).format(each["result"])
        result = reached if each["reached"] else missed
        out.print(say.BY.in_(language).format(text(each["name"]), text(each["address"]), result))


def _cells(person: dict[str, Any], language: Language) -> tuple[object, ...]:
    on_call = say.MANAGER if person["manager"] else say.YES if person["on_call"] else say.NO
    priorities = [] if person["manager"] else person["priorities"]
    return (
        person["name"],
        on_call.in_(language),
        ", ".join(_priority(each, language) for each in priorities),
        person["hours"],
        person["language"],
        ", ".join(person["addresses"]),
    )


def _priority(code: str, language: Language) -> str:
    return words(PRIORITIES, code, language).lower()


def _after(seconds: int, language: Language) -> str:
    return say.AFTER.in_(language).format(seconds // 60) if seconds else say.AT_ONCE.in_(language)
