"""`python -m tests.support.oncall_process`: on-call's service as a process of its own, with a real clock.

run DATABASE KEY PORT [die-after-commit]   the service; the probe kills it at the first incident committed
take DATABASE INCIDENT NAME                one take; prints the code, or "done"
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, func, select

from dispenserd.clock import SystemClock
from dispenserd.mqtt.session import Broker
from dispenserd.oncall import keys
from dispenserd.oncall.database import HOME, Database, create, incidents, open_existing
from dispenserd.oncall.desk import Desk, DeskRefused
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.service import serve


class DiesAfterCommit(Database):
    """SIGKILL as soon as a home's incident is committed: after it no line of the service runs."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            yield connection
            of_homes = select(func.count()).where(incidents.c.origin == HOME)
            kept = connection.execute(of_homes).scalar()
        if kept:
            os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: list[str]) -> None:
    if arguments[0] == "take":
        desk = Desk(open_existing(Path(arguments[1])), OncallLimits())
        try:
            desk.take(arguments[2], arguments[3], SystemClock().now())
            print("done")
        except DeskRefused as refused:
            print(refused.code, refused.who)
        return
    path = Path(arguments[1])
    database = create(path)
    if arguments[4:] == ["die-after-commit"]:
        database = DiesAfterCommit(path)
    key = keys.load_or_create(Path(arguments[2]))
    broker = Broker("127.0.0.1", int(arguments[3]))
    asyncio.run(serve(database, key, broker, SystemClock()))


if __name__ == "__main__":
    main(sys.argv[1:])
