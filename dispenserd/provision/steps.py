"""The steps of provisioning, in their order: what each says before it begins, and which answers it uses.

A step that was done with the same answers is not done again, except those that look at what may have changed.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from dispenserd.config import load
from dispenserd.peer_choice import broker
from dispenserd.provision import check, live
from dispenserd.provision.fault import GO_ON, ProvisionFault, Sort
from dispenserd.provision.finding import find_robot
from dispenserd.provision.making import (
    bind_resident,
    install_certificate,
    install_peers,
    make_identity,
    make_store_key,
    write_configuration,
    write_papers,
)
from dispenserd.provision.site import Site

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    says: str
    uses: tuple[str, ...]  # answers
    do: Callable[[Site], Plain | Awaitable[Plain]]
    always: bool = False  # what it looks at may have changed since
    demo_only: bool = False

    async def carry_out(self, site: Site) -> Plain:
        result = self.do(site)
        return await result if inspect.isawaitable(result) else result


def steps(demo: bool, finished: bool) -> list[Step]:
    """Those of this box. Of a commissioned one only what a new certificate needs: the rest is in use."""
    if finished:
        return [step for step in STEPS if step.name in RENEWS]
    return [step for step in STEPS if demo or not step.demo_only]


def _clock(site: Site) -> Plain:
    found = check.box_clock(site.clock.now())
    if found.verdict is check.Verdict.BAD:
        raise check.clock_fault(found)
    return {"clock": found.said}


async def _checks(site: Site) -> Plain:
    config = load(site.layout.toml)
    robot, now = site.progress.result("robot"), site.clock.now()
    found = [check.box_clock(now), check.robot_clock(robot), check.robot_past(robot), check.plan(config, now)]
    site.tell(f"asking the broker at {config.mqtt.host}:{config.mqtt.port}")
    found += await check.broker(config.home.box, broker(config.mqtt))
    for each in found:
        site.tell(f"{each.name}: {each.said}")
    bad = [each for each in found if each.verdict is check.Verdict.BAD]
    if bad:
        raise ProvisionFault(
            Sort.CHECKED_AND_FALSE,
            bad[0].code,
            " ".join(each.said for each in bad),
            "The home is configured and not commissioned: it could not tell anybody, or not be believed.",
            f"{' '.join(each.next_step for each in bad)} {GO_ON}",
        )
    return {"checks": [each.plain() for each in found]}


async def _live(site: Site) -> Plain:
    layout = site.layout
    async with live.home(layout, site.tell) as running:
        status = await live.ready(running, layout.socket, site.clock.monotonic, site.tell)
        site.tell(f"sending a test alarm to on-call and waiting for it, up to {live.ALARM_WAIT_S} s")
        alarm = await live.test_alarm(layout.toml, site.progress.by)
    if alarm.state == "failed":
        raise ProvisionFault(
            Sort.CHECKED_AND_FALSE, "test_alarm_failed", alarm.said,
            "The home runs, and an alarm of it would reach nobody: it is not commissioned.",
            "Telephone on-call. If it came there, the key is not theirs: `dispenserd oncall key` shows it, "
            f"this home believes {site.progress.result('peers')['oncall_fingerprint']}; give the right one "
            f"with --oncall-key. If not, see that on-call runs at this broker. {GO_ON}",
        )  # fmt: skip
    return {
        "robot": status["robot"]["state"],
        "clock": status["clock"],
        "journal_behind": status.get("journal_behind", []),
        "test_alarm": {"state": alarm.state, "said": alarm.said, "answer": alarm.answer},
    }


MQTT = ("mqtt_host", "mqtt_port", "mqtt_username", "mqtt_password", "mqtt_ca")
PERSON = ("resident_key", "identifier_system", "identifier_value")
ROBOT = ("port", "robot", "accept_unauthenticated")
WHOLE = ("box", "zone", "staff_phone", *PERSON, *MQTT, *ROBOT, "oncall_key", "store_key")

STEPS = (
    Step("clock", "Looks at the box's clock", (), _clock, always=True),
    Step("identity", "Makes the box's keys and the request for its certificate", ("box",), make_identity),
    Step("store_key", "Makes the key that encrypts the journal", ("store_key",), make_store_key),
    Step("resident", "Binds the home to its resident", PERSON, bind_resident),
    Step(
        "papers",
        "Writes a plan and a roll for trying out",
        (*PERSON, "zone", *MQTT, "port"),
        write_papers,
        demo_only=True,
    ),
    Step("peers", "Notes the broker's CA and on-call's public key", (*MQTT, "oncall_key"), install_peers),
    Step("robot", "Finds the robot and asks who it is", ROBOT, find_robot),
    Step("certificate", "Installs the box's certificate", (), install_certificate, always=True),
    Step("configuration", "Writes the configuration and loads it back", (), write_configuration, always=True),
    Step("checks", "Checks clocks, plan, broker and on-call", (), _checks, always=True),
    Step("live", "Starts the home and lets a test alarm travel to on-call and back", WHOLE, _live),
)
"""The record is written last, by `course`."""

RENEWS = ("clock", "certificate", "checks")
"""What a new certificate needs of a commissioned box."""
