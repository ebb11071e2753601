"""Every check of `dispenserd doctor`, in the order they are carried out: later ones build on earlier.

docs/doctor.md describes them one by one; a test holds the page and this list together.
"""

from __future__ import annotations

from collections.abc import Sequence

from dispenserd.doctor import of_broker, of_configuration, of_machine, of_robot, of_store
from dispenserd.doctor.runner import Check

QUICK_S = 5.0
"""A few small files."""

ASKED_S = 15.0
"""A home that does not answer: three calls of 4 s."""

READ_S = 120.0
"""All pages, or all rows, of a year's store from a slow card."""

ROBOT_S = 25.0
"""A session of 15 s, its 2 s of questions, and the store's word on what the robot keeps."""

BROKER_S = 20.0
"""A name server that does not answer, or a session that does not come about."""

SYSTEMD_S = 20.0

TEST_ALARM_S = of_broker.TEST_ALARM_S + ASKED_S

CHECKS: Sequence[Check] = (
    Check("configuration", "Configuration", QUICK_S, of_configuration.configuration),
    Check("demo", "Demo", QUICK_S, of_configuration.demo),
    Check("paths", "Named files and folders", QUICK_S, of_configuration.paths),
    Check("home", "Running home", ASKED_S, of_configuration.home),
    Check("key", "Store's key", QUICK_S, of_configuration.key),
    Check("store_file", "Store's file", QUICK_S, of_store.store_file),
    Check("store_integrity", "Store's pages", READ_S, of_store.integrity),
    Check("journal_chain", "Journal's chain", READ_S, of_store.chain),
    Check("journal_size", "Journal's size", QUICK_S, of_store.size),
    Check("permissions", "Permissions", QUICK_S, of_configuration.permissions),
    Check("robot_port", "Robot's port", ROBOT_S, of_robot.port),
    Check("robot_identity", "Robot", QUICK_S, of_robot.identity),
    Check("robot_authentication", "Robot's authentication", QUICK_S, of_robot.authentication),
    Check("robot_line", "Serial line", QUICK_S, of_robot.line),
    Check("robot_state", "Robot's state", QUICK_S, of_robot.state),
    Check("robot_log", "Robot's log", QUICK_S, of_robot.log),
    Check("journal_end", "Journal's end", QUICK_S, of_store.end),
    Check("clock_trust", "Clock", QUICK_S, of_robot.trust),
    Check("battery_clock", "Battery clock", QUICK_S, of_robot.battery),
    Check("network_time", "Network time", SYSTEMD_S, of_robot.network),
    Check("time_zone", "Time zone", QUICK_S, of_configuration.time_zone),
    Check("plan", "Plan", QUICK_S, of_store.plan),
    Check("roll", "Roll", QUICK_S, of_store.roll),
    Check("broker_reach", "Way to the broker", BROKER_S, of_broker.reach),
    Check("broker_encryption", "Broker's proof", QUICK_S, of_broker.encryption),
    Check("certificates", "Certificates", QUICK_S, of_broker.certificates),
    Check("broker_session", "Session with the broker", BROKER_S, of_broker.session),
    Check("receipt", "On-call's receipts", QUICK_S, of_broker.receipt),
    Check("disk", "Disk reserve", QUICK_S, of_machine.disk),
    Check("file_system", "File system and card", QUICK_S, of_machine.file_system),
    Check("memory", "Memory", QUICK_S, of_machine.memory),
    Check("engine", "Engine", QUICK_S, of_machine.engine),
    Check("versions", "Versions", QUICK_S, of_machine.versions),
    Check("unit", "systemd unit", SYSTEMD_S, of_machine.unit),
)

TEST_ALARM = Check("test_alarm", "Test alarm", TEST_ALARM_S, of_broker.test_alarm)
"""Only where a person asks for it: staff see it."""
