"""Did what had to happen happen, and nothing else? Pure: evidence and scenario in, violations out.

The witnesses are independent of each other: the robot's motor trace (`matter`), the journal, on-call's
database and the fagsystem's files. Each violation is a sentence for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from simulator.stage.evidence import Evidence, IncidentStory, Line, incident_stories, is_quiet_test, together
from simulator.stage.home_files import PERSON
from simulator.stage.matter import judge_matter
from simulator.stage.moves import came_with, judge_moves, went_with
from simulator.stage.scenario import ExpectedIncident, Scenario

PROMPT_LINES = 2
"""A due dose's prompt has the two uppermost lines of the display."""


def judge_all(scenario: Scenario, evidence: Mapping[str, Evidence]) -> list[str]:
    """By the name of each box; what went wrong, empty = all expectations held."""
    if not scenario.home.boxes:
        return judge(scenario, evidence[""])
    found = [
        f"{box}: {fault}"
        for box, seen in evidence.items()
        for fault in _judge_home(scenario.at_box(box), seen)
    ]
    parts = [(scenario.at_box(box), seen) for box, seen in evidence.items()]
    return [*found, *judge_moves(parts), *_filed(scenario, together(list(evidence.values())))]


def judge(scenario: Scenario, evidence: Evidence) -> list[str]:
    """Of the only home."""
    return [*_judge_home(scenario, evidence), *_filed(scenario, evidence)]


def _judge_home(scenario: Scenario, evidence: Evidence) -> list[str]:
    return [
        *_outcomes(scenario, evidence),
        *_diverted(scenario, evidence),
        *_one_outcome_each(scenario, evidence),
        *_incidents(scenario, evidence),
        *_receipts(scenario, evidence),
        *_oncall_agrees(evidence),
        *judge_matter(scenario, evidence),
        *_displays(scenario, evidence),
        *_the_rest(scenario, evidence),
    ]


# --- doses ------------------------------------------------------------------------------------------


def _outcomes(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    end = scenario.instant(scenario.end)
    closed = {
        scenario.dose_name(dose["dose"]): dose
        for dose in evidence.doses
        if dose["outcome"] is not None or datetime.fromisoformat(dose["closes"]) <= end
    }
    expected = {each.dose: each for each in scenario.doses}
    for name in sorted(expected.keys() - closed.keys()):
        yield f"{name}: expected {expected[name].outcome}, but it has no outcome"
    for name, dose in closed.items():
        wanted = expected.get(name)
        late = bool(dose["late"]) and dose["outcome"] == "retrieved"
        found = (dose["outcome"], late, dose["by"], dose.get("helper", ""))
        if wanted is None:
            yield f"{name}: {found[0]}, which nobody expected"
        elif found != (told := (wanted.outcome, wanted.late, wanted.by, wanted.helper)):
            yield f"{name}: expected {_told(*told)}, found {_told(*found)}"


def _told(outcome: str | None, late: bool, by: str, helper: str) -> str:
    pressed = f", pressed by {helper}" if helper else ""
    return f"{outcome or 'no outcome'}{', late' if late else ''}{f', by {by}' if by else ''}{pressed}"


DIVERTED_WITHIN = timedelta(minutes=30)
"""A machine's few real seconds, at the speed of a play."""


def _diverted(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """By the motor trace: a sachet went to the locked store when it had to."""
    moved = [datetime.fromisoformat(line["at"]) for line in evidence.robot if line.get("to") == "store"]
    for wanted in scenario.doses:
        if not wanted.diverted:
            continue
        at = scenario.instant(wanted.diverted)
        if not any(at <= each <= at + DIVERTED_WITHIN for each in moved):
            yield f"{wanted.dose}: no sachet went to the locked store at {wanted.diverted}"


def _one_outcome_each(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """In the journal, and the same that `doses` shows."""
    rows = evidence.rows("OutcomeRecorded")
    revisions: dict[str, list[int]] = {}
    for body in rows:
        revisions.setdefault(body["dose_id"], []).append(body["revision"])
    for dose_id, found in revisions.items():
        first = 1 if dose_id not in came_with(evidence) else found[0]
        if found != list(range(first, first + len(found))):
            yield f"{scenario.dose_name(dose_id)}: {len(found)} outcomes in the journal, of revisions {found}"
    journalled = {**came_with(evidence), **{body["dose_id"]: body["outcome"] for body in rows}}
    everywhere = [*evidence.doses, *went_with(evidence)]
    shown = {dose["dose"]: dose["outcome"] for dose in everywhere if dose["outcome"]}
    for dose_id in sorted(journalled.keys() | shown.keys()):
        told, seen = journalled.get(dose_id), shown.get(dose_id)
        if told != seen:
            yield f"{scenario.dose_name(dose_id)}: the journal says {told}, `doses` shows {seen}"


# --- incidents --------------------------------------------------------------------------------------


def _name(scenario: Scenario, story: IncidentStory) -> str:
    return f"{scenario.dose_name(story.dose_id) if story.dose_id else 'the robot'}: {story.kinds[0]}"


def _incidents(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    expected = {each.name: each for each in scenario.incidents}
    told: Counter[str] = Counter()
    for story in incident_stories(evidence.journal).values():
        name = _name(scenario, story)
        told[name] += 1
        if name in expected:
            yield from _told_as(expected[name], story)
        else:
            yield f"an incident nobody expected: {name} ({story.priority})"
    for name in expected:
        if told[name] != 1:
            yield f"{name}: expected one such incident, found {told[name]}"


def _told_as(expected: ExpectedIncident, story: IncidentStory) -> Iterator[str]:
    found = {
        "kinds": story.kinds,
        "priority": story.priority,
        "taken_by": story.owner,
        "resolution": story.resolution,
    }
    for what, value in found.items():
        wanted = getattr(expected, what)
        if value != wanted:
            yield f"{expected.name}: {what}: expected {wanted!r}, found {value!r}"
    if not story.closed:
        yield f"{expected.name}: is still open"
    if expected.undelivered and not story.was_undelivered:
        yield f"{expected.name}: was expected to be undelivered for a while"


def _receipts(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """S4: whatever leaves the house is receipted in its newest revision, and says one thing once."""
    for story in incident_stories(evidence.journal).values():
        name = _name(scenario, story)
        yield from (f"{name}: {fault}" for fault in story.faults)
        if not story.leaves_the_house:
            if story.published:
                yield f"{name}: is info and left the house"
            continue
        owed = max([story.revision, *story.published])
        if story.receipted < owed:
            yield f"{name}: no receipt for revision {owed}, the newest is {story.receipted or 'none'}"
        for revision in sorted({*story.published, story.receipted} - story.revisions.keys() - {0}):
            yield f"{name}: revision {revision} left the house and is not in the journal"


def _oncall_agrees(evidence: Evidence) -> Iterator[str]:
    """Nothing lost, nothing twice: what on-call committed is what the home journalled."""
    stories = incident_stories(evidence.journal)
    outward = {key for key, story in stories.items() if story.leaves_the_house}
    there: Counter[str] = Counter(
        row["incident"] for row in evidence.incidents if not is_quiet_test(row["kind"], row["priority"])
    )
    for incident_id, count in there.items():
        if count != 1:
            yield f"on-call holds incident {incident_id[:8]} {count} times"
    for incident_id in sorted(outward ^ there.keys()):
        where = "on-call" if incident_id in there else "the home"
        yield f"incident {incident_id[:8]} is known to {where} only"
    for row in evidence.incidents:
        if row["incident"] in stories:
            yield from _same_on_both_sides(row, stories[row["incident"]])
    for home in evidence.homes:
        if home["state"] != "alive":
            yield f"on-call believes the home to be {home['state']} at the end"


def _same_on_both_sides(row: Line, story: IncidentStory) -> Iterator[str]:
    name = f"incident {story.kinds[-1]} {row['incident'][:8]}"
    here: dict[str, Any] = {
        "revision": story.revision,
        "kind": story.now.kind,
        "priority": story.now.priority,
        "closed": story.closed,
        "owner": story.owner_now,
        "resolution": story.resolution,
    }
    there = {**row, "closed": row["state"] == "closed"}
    for what, value in here.items():
        if there[what] != value:
            yield f"{name}: on-call has {what} {there[what]!r}, the home {value!r}"
    revisions = [each["revision"] for each in row["history"]]
    if revisions != sorted(set(revisions)):
        yield f"{name}: on-call's history is out of order or repeats itself: {revisions}"
    for each in row["history"]:
        known = story.revisions.get(each["revision"])
        seen = (each["kind"], each["priority"], each["state"] == "closed")
        if known is None or seen != (known.kind, known.priority, known.state == "closed"):
            yield f"{name}: revision {each['revision']} says something else at on-call than in the home"


# --- files, displays, logs --------------------------------------------------------------------------


def _filed(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """S5: one administration per dose, prescription and revision, with that outcome."""
    wanted = {
        (body["dose_id"], f"MedicationRequest/{name}", body["revision"]): body["outcome"]
        for body in evidence.rows("OutcomeRecorded")
        for name in scenario.holds(body["dose_id"])
    }
    filed: Counter[tuple[str, str, int]] = Counter()
    for file in evidence.administrations:
        said = _extensions(file)
        key = (said["dose"], file["request"]["reference"], said["revision"])
        filed[key] += 1
        if key in wanted and said["outcome"] != wanted[key]:
            yield f"{_of(scenario, key)}: filed as {said['outcome']}, the journal says {wanted[key]}"
    for key in sorted(wanted.keys() | filed.keys()):
        count = filed[key]
        if key not in wanted:
            yield f"{_of(scenario, key)}: an administration was filed without an outcome"
        elif count != 1:
            yield f"{_of(scenario, key)}: {count} administrations were filed"
    ids = Counter(file["id"] for file in evidence.administrations)
    yield from (f"administration id {each} is used {count} times" for each, count in ids.items() if count > 1)


def _extensions(file: Line) -> dict[str, Any]:
    """Last part of the url -> its one value."""
    return {
        each["url"].rsplit(":", 1)[-1]: next(value for key, value in each.items() if key != "url")
        for each in file["extension"]
    }


def _of(scenario: Scenario, key: tuple[str, str, int]) -> str:
    return f"{scenario.dose_name(key[0])}, {key[1].split('/')[1]}"


def _displays(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    displays = [line for line in evidence.robot if line["what"] == "display"]
    for expected in scenario.displays:
        after, before = scenario.instant(expected.after), scenario.instant(expected.before)
        shown = [
            tuple(line["lines"])[: len(expected.lines)]
            for line in displays
            if after <= datetime.fromisoformat(line["at"]) <= before
            and line.get("robot", "") == expected.robot
        ]
        if expected.lines not in shown:
            yield f"between {expected.after} and {expected.before} the robot never showed {expected.lines}"
    for line in displays:
        uppermost = "".join(line["lines"][:PROMPT_LINES])
        if line["light"] == "pulse" and scenario.staff_phone in uppermost:
            at = scenario.local(datetime.fromisoformat(line["at"]))
            yield f"at {at} a prompt stands below the staff's number"


def _the_rest(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    yield from (f"never done: {deed}" for deed in evidence.undone)
    yield from (f"refused: {refusal}" for refusal in evidence.refused)
    if [row["sequence"] for row in evidence.journal] != list(range(1, len(evidence.journal) + 1)):
        yield "the journal's rows are not 1, 2, 3 ...: one is missing, twice or out of order"
    if evidence.verify_exit != 0:
        yield f"`journal verify` ended with exit code {evidence.verify_exit}"
    if evidence.status.get("undelivered") != 0:
        yield f"{evidence.status.get('undelivered')} incidents are undelivered at the end"
    secrets = {PERSON, *(each.drug for each in scenario.prescriptions), *evidence.loaded}
    if any(secret in evidence.logs for secret in secrets):
        yield "health data in the logs (a drug code, a label or the person's identifier)"
