"""`oncall roster`: who would be told when, and `--test`: does every address work?

Names people and the kind of their addresses; an address itself holds secrets and is never shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dispenserd.cli.failure import Exit
from dispenserd.cli.options import ConfigOption, JsonOption
from dispenserd.cli.output import console, emit, filled, local, note, text
from dispenserd.cli.place import oncall_config_path

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
    as_json: JsonOption = False,
) -> None:
    """Show who is told when nobody takes an incident; exit 1 if nobody is on call or a test failed."""
    from dispenserd.clock import from_environment
    from dispenserd.config import load_oncall
    from dispenserd.roster_file import load_roster

    chosen = load_oncall(oncall_config_path(ctx, config)).oncall
    known = load_roster(chosen.roster, chosen.zone)
    now = from_environment().now()
    tested = _tested(known) if test else []
    uncovered = list(known.uncovered(now))
    ladders = {priority: _ladder(known, priority, now) for priority in URGENT_FIRST}
    if as_json:
        people = [_person(known, person, now) for person in _everybody(known)]
        emit(
            "oncall-roster",
            {"people": people, "ladders": ladders, "uncovered": uncovered, "tests": tested},
        )
    else:
        _show(known, now, ladders, tested)
        if uncovered:
            note(f"Nobody is on call now for: {', '.join(uncovered)}. That is an incident of its own.")
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


def _tested(known: Roster) -> list[dict[str, Any]]:
    """One entry an address."""
    import asyncio

    from dispenserd.oncall.notices import send
    from dispenserd.oncall.wording import test_wording

    found = []
    for person in _everybody(known):
        note(f"Telling {person.name} ...")
        title, body = test_wording(person.language)
        sent = asyncio.run(send(person.notify, title, body))
        found += [
            {"name": person.name, "address": scheme, "result": result, "reached": result == "ok"}
            for scheme, result in zip(_schemes(person), sent.results, strict=True)
        ]
    return found


def _show(
    known: Roster, now: datetime, ladders: dict[str, list[dict[str, Any]]], tested: Sequence[dict[str, Any]]
) -> None:
    out = console()
    people = [_person(known, person, now) for person in _everybody(known)]
    if not people:
        out.print("The roster names nobody.")
        return
    columns = ("Name", "On call now", "For", "Hours", "Language", "Told by")
    lines = [
        (
            (
                each["name"],
                "manager" if each["manager"] else each["on_call"],
                "" if each["manager"] else ", ".join(each["priorities"]),
                each["hours"],
                each["language"],
                ", ".join(each["addresses"]),
            ),
            "",
        )
        for each in people
    ]
    out.print(filled(columns, lines))
    out.print(f"If nobody takes an incident that is raised now ({local(now, known.zone)}):")
    for priority, steps in ladders.items():
        told = [f"{_after(step['after_s'])} {text(step['person'])}" for step in steps]
        out.print(f"  {priority:<7} {', '.join(told) or 'nobody is told'}")
    for each in tested:
        result = "told" if each["reached"] else f"NOT TOLD ({each['result']})"
        out.print(f"{text(each['name'])} by {text(each['address'])}: {result}")


def _after(seconds: int) -> str:
    return "at once" if not seconds else f"after {seconds // 60} min"
