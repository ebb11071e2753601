"""The checks of the way to on-call: look, then judge. Beside a running home its session is the evidence."""

from __future__ import annotations

import asyncio

from dispenserd import peer_choice
from dispenserd.config import Config
from dispenserd.config_file import ConfigError
from dispenserd.doctor import told
from dispenserd.doctor.case import Case
from dispenserd.doctor.finding import Finding
from dispenserd.doctor.judge import broker as judge
from dispenserd.doctor.look import broker as look
from dispenserd.doctor.look import home as look_home
from dispenserd.doctor.of_configuration import configured

TEST_ALARM_S = 130.0
"""A home gives a test alarm up after 2 min, so that a lost connection has a second chance; a look more."""

LOOK_EVERY_S = 1.0


@configured
def reach(case: Case, config: Config) -> Finding:
    case.dialled, certificate = look.dialled(config.mqtt)
    case.certificate = certificate
    return judge.reach(case.dialled)


@configured
def encryption(case: Case, config: Config) -> Finding:
    if case.dialled is None:
        return judge.undialled()
    return judge.encryption(case.dialled, case.demo)


@configured
def session(case: Case, config: Config) -> Finding:
    if case.running is not None:
        return judge.session(_own(case), "The running home does not tell how its session stands.")
    if not case.alone:
        return judge.session(None, "A home may have a session, and a second one would disturb it.")
    if case.dialled is None or case.dialled.step:
        return judge.session(None, "The broker was not reached, or not proven to be ours.")
    try:
        broker = peer_choice.broker(config.mqtt)
    except ConfigError as error:
        return judge.unusable(error.what, error.meaning, error.next_step)
    return judge.session(look.standing(broker, config.home.box), "")


@configured
def certificates(case: Case, config: Config) -> Finding:
    found, unreadable = look.certificate_files(config.mqtt)
    own = [] if case.certificate is None else [case.certificate]
    return judge.certificates([*own, *found], unreadable, case.clock.now())


@configured
def receipt(case: Case, config: Config) -> Finding:
    status, journal = told.status(case), case.journal
    alarm = status.get("test_alarm")
    return judge.receipt(
        newest=None if journal is None else journal.receipt_at,
        undelivered=status.get("undelivered"),
        test_alarm=alarm if isinstance(alarm, dict) else None,
        journal_read=journal is not None,
        now=case.clock.now(),
    )


@configured
def test_alarm(case: Case, config: Config) -> Finding:
    if case.running is None:
        return judge.test_alarm(None, "no home answers", 0.0)
    socket, began_s = config.control.socket, case.clock.monotonic()
    answer, error = look_home.asked(socket, "test_alarm", {"by": case.by})
    while answer is not None and str(answer.get("state")) not in judge.ENDED:
        waited_s = case.clock.monotonic() - began_s
        if waited_s >= TEST_ALARM_S:
            break
        asyncio.run(asyncio.sleep(LOOK_EVERY_S))
        later, error = look_home.asked(socket, "test_alarm_result", {"incident": answer.get("incident", "")})
        if later is None:
            break
        answer = {**answer, **later}
    return judge.test_alarm(answer, error, case.clock.monotonic() - began_s)


def _own(case: Case) -> judge.Standing | None:
    told_by_home = told.of_vitals(case, "broker")
    if told_by_home is None:
        return None
    return judge.Standing(
        str(told_by_home.get("standing", "")),
        str(told_by_home.get("reason", "")),
        tuple(str(each) for each in told_by_home.get("refused_topics") or ()),
        of_the_home=True,
    )
