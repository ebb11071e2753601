"""Who may do what by a mosquitto access list, and where that is more or less than each needs. Pure.

Asks as mosquitto asks: each account, each direction, each topic; what no line allows is denied. The topics
asked about are those of the product, and each that a line of the list names, with its wildcards filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Way = Literal["read", "write"]

PREFIX = "dispenserd/1"
SAYS = ("status", "heartbeat", "incident")
"""What a home says, as in protocol.mqtt.topics."""
HEARS = ("in/receipt", "in/decision", "in/position", "in/ask")
NEEDED = HEARS[:3]
"""Without one of these a home is told nothing that it needs."""

SOME_BOX, OTHER_BOX, CLIENT_ID = "some-box", "other-box", "another-client"
ELSEWHERE = ("elsewhere/topic", "$SYS/broker/uptime", f"{PREFIX}/{OTHER_BOX}/elsewhere")


@dataclass(frozen=True, slots=True)
class Rule:
    user: str | None  # None = for clients without a name; "" = a pattern, for everybody
    access: Literal["read", "write", "readwrite", "deny"]
    topic: str


@dataclass(frozen=True, slots=True)
class Right:
    """Something that an account may and must not, or must and may not."""

    account: str
    way: Way
    topic: str

    def __str__(self) -> str:
        return f"{self.account} {self.way}s {self.topic}"


def parse(text: str) -> list[Rule]:
    rules: list[Rule] = []
    user: str | None = None
    for line in text.splitlines():
        kind, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if line.startswith("#") or not rest:
            continue
        if kind == "user":
            user = rest
        elif kind in ("topic", "pattern"):
            word, _, topic = rest.partition(" ")
            whose = "" if kind == "pattern" else user
            if word in ("read", "write", "readwrite", "deny") and topic:
                rules.append(Rule(whose, word, topic.strip()))  # type: ignore[arg-type]
            else:
                rules.append(Rule(whose, "readwrite", rest))
    return rules


def may(rules: Sequence[Rule], user: str | None, client_id: str, way: Way, topic: str) -> bool:
    """As mosquitto decides: an account's own lines before patterns, and in each a denial before a grant."""
    own = [rule for rule in rules if rule.user == user]
    patterns = [
        replace(rule, topic=rule.topic.replace("%c", client_id).replace("%u", user or ""))
        for rule in rules
        if rule.user == "" and (user is not None or "%u" not in rule.topic)
    ]
    for group in (own, patterns):
        said = {rule.access for rule in group if _matches(rule.topic, topic)}
        if "deny" in said:
            return False
        if said & {way, "readwrite"}:
            return True
    return False


def too_wide(rules: Sequence[Rule], oncall: str, *, id_is_name: bool) -> list[Right]:
    """`id_is_name`: the broker makes the client id the user name; else a client chooses it."""
    found: list[Right] = []
    for account in _accounts(rules):
        if account is None and id_is_name:
            continue  # nobody without a name comes in there
        name = account or "a client without a name"
        client_id = account if id_is_name and account else OTHER_BOX
        for topic in _asked(rules, account):
            if _reaches(rules, account, client_id, "write", topic, oncall):
                found.append(Right(name, "write", topic))
            if account != oncall and _reaches(rules, account, client_id, "read", topic, oncall):
                found.append(Right(name, "read", topic))
    return found


def too_narrow(rules: Sequence[Rule], oncall: str) -> list[Right]:
    needed: list[Right] = []
    for box in _boxes(rules, oncall):
        needed += [Right(box, "write", f"{PREFIX}/{box}/{each}") for each in SAYS]
        needed += [Right(box, "read", f"{PREFIX}/{box}/{each}") for each in NEEDED]
    needed += [Right(oncall, "read", f"{PREFIX}/{OTHER_BOX}/{each}") for each in SAYS]
    needed += [Right(oncall, "write", f"{PREFIX}/{OTHER_BOX}/{each}") for each in NEEDED]
    return [right for right in needed if not may(rules, right.account, right.account, right.way, right.topic)]


def _reaches(
    rules: Sequence[Rule], account: str | None, client_id: str, way: Way, topic: str, oncall: str
) -> bool:
    return may(rules, account, client_id, way, topic) and topic not in _rightful(account, way, topic, oncall)


def _rightful(account: str | None, way: Way, topic: str, oncall: str) -> set[str]:
    own = {
        f"{PREFIX}/{account}/{each}" for each in SAYS
    }  # of on-call too, by the patterns: there is no such home
    if account == oncall:
        own_direction = topic.startswith(f"{PREFIX}/") and "/in/" in topic
        return {topic} if own_direction or way == "read" else own
    if account is None:
        return set()
    if way == "read" and topic.startswith(f"{PREFIX}/{account}/in/"):
        return {topic}
    return own if way == "write" else set()


def _accounts(rules: Sequence[Rule]) -> list[str | None]:
    """Everybody whom a line names, somebody whom only patterns concern, and somebody without a name."""
    return [None, SOME_BOX, *sorted({rule.user for rule in rules if rule.user})]


def _boxes(rules: Sequence[Rule], oncall: str) -> list[str]:
    if any(rule.user == "" for rule in rules):
        return [SOME_BOX]
    own = {rule.user for rule in rules if rule.user and rule.topic.startswith(f"{PREFIX}/{rule.user}/")}
    return sorted(own - {oncall})


def _asked(rules: Sequence[Rule], account: str | None) -> list[str]:
    named = (
        rule.topic.replace("%u", account or OTHER_BOX)
        .replace("%c", OTHER_BOX)
        .replace("+", OTHER_BOX)
        .replace("#", "elsewhere")
        for rule in rules
        if rule.access != "deny"
    )
    others = (f"{PREFIX}/{OTHER_BOX}/{each}" for each in (*SAYS, *HEARS))
    own = (f"{PREFIX}/{account}/{each}" for each in (*SAYS, *HEARS)) if account else ()
    return list(dict.fromkeys((*others, *own, *ELSEWHERE, *named)))


def _matches(topic_filter: str, topic: str) -> bool:
    if topic.startswith("$") != topic_filter.startswith("$"):
        return False
    wanted, given = topic_filter.split("/"), topic.split("/")
    for at, level in enumerate(wanted):
        if level == "#":
            return True
        if at >= len(given) or level not in ("+", given[at]):
            return False
    return len(wanted) == len(given)
