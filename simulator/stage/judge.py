"""Did what had to happen happen, and nothing else? Pure: evidence and scenario in, violations out.

The witnesses are independent of each other: the robot's motor trace, the journal, on-call's database and the
fagsystem's files. Each violation is a sentence for a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simulator.stage.evidence import Evidence, IncidentStory, Line, incident_stories
from simulator.stage.home_files import PERSON
from simulator.stage.scenario import ExpectedIncident, Scenario


def judge(scenario: Scenario, evidence: Evidence) -> list[str]:
    """What went wrong; empty = all expectations held."""
    return [
        *_outcomes(scenario, evidence),
        *_one_outcome_each(scenario, evidence),
        *_incidents(scenario, evidence),
        *_oncall_agrees(scenario, evidence),
        *_matter(evidence),
        *_log_matches_motor(evidence),
        *_filed(scenario, evidence),
        *_displays(scenario, evidence),
        *_the_rest(scenario, evidence),
    ]


# --- doses ------------------------------------------------------------------------------------------


def _outcomes(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    end = scenario.instant(scenario.end).isoformat()
    closed = {
        scenario.dose_name(dose["dose"]): dose
        for dose in evidence.doses
        if dose["outcome"] is not None or dose["closes"] <= end
    }
    expected = {each.dose: each for each in scenario.doses}
    for name in sorted(expected.keys() - closed.keys()):
        yield f"{name}: expected {expected[name].outcome}, but it has no outcome"
    for name, dose in closed.items():
        wanted = expected.get(name)
        found = (dose["outcome"], bool(dose["late"]) and dose["outcome"] == "retrieved", dose["by"])
        if wanted is None:
            yield f"{name}: {found[0]}, which nobody expected"
        elif found != (wanted.outcome, wanted.late, wanted.by):
            yield f"{name}: expected {(wanted.outcome, wanted.late, wanted.by)}, found {found}"


def _one_outcome_each(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    seen: Counter[str] = Counter(body["dose_id"] for body in evidence.rows("OutcomeRecorded"))
    for dose_id, count in seen.items():
        if count != 1:
            yield f"{scenario.dose_name(dose_id)}: {count} outcomes in the journal"


# --- incidents --------------------------------------------------------------------------------------


def _incidents(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    stories = incident_stories(evidence)
    expected = {each.dose: each for each in scenario.incidents}
    told: Counter[str] = Counter()
    for story in stories.values():
        name = scenario.dose_name(story.dose_id) if story.dose_id else ""
        told[name] += 1
        if name not in expected:
            yield f"an incident nobody expected: {' -> '.join(story.kinds)} {name}".rstrip()
        else:
            yield from _told_as(expected[name], story)
        if not story.delivered:
            yield f"{name}: incident {story.kinds[-1]} has no receipt for revision {story.revision}"
    for name in expected:
        if told[name] != 1:
            yield f"{name}: expected one incident, found {told[name]}"


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
            yield f"{expected.dose}: incident {what}: expected {wanted!r}, found {value!r}"
    if not story.closed:
        yield f"{expected.dose}: incident {story.kinds[-1]} is still open"
    if expected.undelivered and not story.was_undelivered:
        yield f"{expected.dose}: incident was expected to be undelivered for a while"


def _oncall_agrees(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """Nothing lost, nothing twice: what on-call committed is what the home journalled."""
    stories = incident_stories(evidence)
    there: Counter[str] = Counter(row["incident"] for row in evidence.incidents)
    for incident_id, count in there.items():
        if count != 1:
            yield f"on-call holds incident {incident_id[:8]} {count} times"
    for incident_id in stories.keys() ^ there.keys():
        where = "on-call" if incident_id in there else "the home"
        yield f"incident {incident_id[:8]} is known to {where} only"
    for row in evidence.incidents:
        story = stories.get(row["incident"])
        if story is None:
            continue
        if (row["revision"], row["state"] == "closed") != (story.revision, story.closed):
            yield f"on-call shows {row['kind']} at revision {row['revision']}, the home at {story.revision}"
        revisions = [each["revision"] for each in row["history"]]
        if revisions != sorted(set(revisions)):
            yield f"on-call's history of {row['kind']} is out of order or repeats itself"


# --- matter -----------------------------------------------------------------------------------------


def _moves(evidence: Evidence) -> list[Line]:
    return [line for line in evidence.robot if line["what"] == "moved"]


def _matter(evidence: Evidence) -> Iterator[str]:
    """The motor trace alone: no sachet leaves the magazine twice, and none vanishes."""
    left: Counter[int] = Counter(m["sachet"] for m in _moves(evidence) if m["from"] == "magazine")
    for sachet, count in left.items():
        if count > 1:
            yield f"sachet {sachet} left the magazine {count} times"
    place: dict[int, str] = dict.fromkeys(range(1, len(evidence.loaded) + 1), "magazine")
    for move in _moves(evidence):
        known = place.get(move["sachet"])
        if known != move["from"]:
            yield f"sachet {move['sachet']} moved from {move['from']}, but it was in {known}"
        place[move["sachet"]] = move["to"]
    status = evidence.status.get("robot", {}).get("status") or {}
    counted = Counter(place.values())
    for where, field in (("magazine", "sachets_left"), ("store", "store_count")):
        if status.get(field) != counted[where]:
            found, traced = status.get(field), counted[where]
            yield f"the robot reports {found} sachets in the {where}, the trace says {traced}"


def _log_matches_motor(evidence: Evidence) -> Iterator[str]:
    """Each sachet that left towards the resident is one release, done by the log or settled by a person."""
    moved = sum(m["from"] == "magazine" and m["to"] == "holding" for m in _moves(evidence))
    logged = [row for row in evidence.rows("RobotLogged") if row["order_kind"] == "release"]
    done = sum(row["entry"] == "ended" and row["result"] == "done" for row in logged)
    found = sum(row.get("found") == "found_in_holding" for row in evidence.rows("DecisionMade"))
    if moved != done + found:
        yield f"{moved} sachets were released, the journal proves {done} and a person found {found}"
    doses = Counter(row["dose_id"] for row in logged if row["entry"] == "ended" and row["result"] == "done")
    for dose_id, count in doses.items():
        if count > 1:
            yield f"dose {dose_id} was released {count} times"
    lifted = sum(m["to"] == "hands" for m in _moves(evidence))
    retrieved = sum(dose["outcome"] == "retrieved" for dose in evidence.doses)
    if lifted != retrieved:
        yield f"{lifted} sachets were lifted, {retrieved} doses are retrieved"


# --- files, displays, logs --------------------------------------------------------------------------


def _filed(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """S5: one administration per dose, prescription and revision."""
    outcomes = evidence.rows("OutcomeRecorded")
    slots = {slot: [p for p in scenario.prescriptions if slot in p.slots] for slot in SLOTS}
    wanted = sum(len(slots[body["dose_id"].split("/")[2]]) for body in outcomes)
    ids = {file["id"] for file in evidence.administrations}
    if len(evidence.administrations) != wanted or len(ids) != wanted:
        yield f"{len(evidence.administrations)} administrations were filed for {wanted} outcomes"


SLOTS = ("morning", "noon", "evening", "night")


def _displays(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    for expected in scenario.displays:
        after, before = scenario.instant(expected.after), scenario.instant(expected.before)
        shown = [
            tuple(line["lines"])
            for line in evidence.robot
            if line["what"] == "display" and after.isoformat() <= _offset(line["at"]) <= before.isoformat()
        ]
        if expected.lines not in shown:
            yield f"between {expected.after} and {expected.before} the robot never showed {expected.lines}"


def _offset(text: str) -> str:
    return text.replace("Z", "+00:00")


def _the_rest(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    if evidence.verify_exit != 0:
        yield f"`journal verify` ended with exit code {evidence.verify_exit}"
    if evidence.status.get("undelivered"):
        yield f"{evidence.status['undelivered']} incidents are undelivered at the end"
    yield from (f"refused: {refusal}" for refusal in evidence.refused)
    secrets = {PERSON, *(each.drug for each in scenario.prescriptions), *evidence.loaded}
    for secret in sorted(secrets):
        if secret in evidence.logs:
            yield "health data in the logs (a drug code, a label or the person's identifier)"
            return
