"""Bare processes to hold the product against: `python -m tests.bench.bare WHAT ...`.

listen PORT                   says when each message of a broker arrived; serves product and floor alike
idle PORT                     an event loop that sleeps a second at a time, a broker's connection, a terminal
imports STORE KEY PORT        what the daemon imports, its database opened, a connection, an event loop
check STORE KEY               the same imports, the store opened and its pages checked; then it ends
rows STORE KEY TARGET FROM N  the rows after FROM again, and N idle ones, a transaction each, into a new store
proofs STORE KEY COUNT        the product's own store: so many idle proofs, a transaction each
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from sqlcipher3 import dbapi2

HOST = "127.0.0.1"
KEEPALIVE_S = 10
"""The daemon's."""

JOURNAL = "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)"
OUTBOX = "INSERT INTO outbox (outbox, key, event_id, sequence, body) VALUES (?, ?, ?, ?, ?)"

JournalValues = tuple[int, int, str, str, str, str, str]
OutboxValues = tuple[str, str, str, int, str]


def connect(path: Path, key: bytes, *, readonly: bool = False) -> dbapi2.Connection:
    """A store's file with the store's settings and nothing else around it."""
    mode = "ro" if readonly else "rw"
    connection = dbapi2.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)
    pragmas = [f"key = \"x'{key.hex()}'\"", "cipher_compatibility = 4", "foreign_keys = ON"]
    if not readonly:
        pragmas += [
            "journal_mode = WAL",
            "synchronous = FULL",
            "secure_delete = ON",
            "wal_autocheckpoint = 0",
        ]
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def commit(connection: dbapi2.Connection, rows: list[JournalValues], puts: list[OutboxValues]) -> None:
    """One transaction, on disk when this returns."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(JOURNAL, rows)
    connection.executemany(OUTBOX, puts)
    connection.execute("COMMIT")


def client(name: str, port: int) -> Client:
    """Connected, on a thread of its own."""
    made = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5)
    made.connect(HOST, port, keepalive=KEEPALIVE_S)
    made.loop_start()
    return made


def listen(port: int) -> None:
    """A line a message: when it came, by the clock that every process here shares."""

    def told(_client: Client, _data: object, message: MQTTMessage) -> None:
        at = time.monotonic()
        payload = json.loads(message.payload) if message.payload else {}
        print(json.dumps({"at": at, "topic": message.topic, "payload": payload}), flush=True)

    listener = client("bench-listener", port)
    listener.on_message = told
    listener.on_subscribe = lambda *_: print(json.dumps({"topic": "", "at": 0, "payload": {}}), flush=True)
    listener.subscribe("#", qos=1)
    sys.stdin.read()  # until the bench lets go


def idle(port: int) -> None:
    client("bench-idle", port)
    terminal, _ = os.openpty()

    async def sleep() -> None:
        asyncio.get_running_loop().add_reader(terminal, lambda: None)
        _ready()
        while True:  # noqa: ASYNC110  # waking once a second is what it is here for
            await asyncio.sleep(1.0)

    asyncio.run(sleep())


def imports(store: Path, key: bytes, port: int) -> None:
    _import_daemon()
    connection = connect(store, key)
    connection.execute("SELECT count(*) FROM journal").fetchone()
    client("bench-imports", port)

    async def wait() -> None:
        _ready()
        await asyncio.sleep(3600)

    asyncio.run(wait())


def check(store: Path, key: bytes) -> None:
    _import_daemon()
    connection = connect(store, key)
    for pragma in ("cipher_integrity_check", "integrity_check", "foreign_key_check"):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def rows(store: Path, key: bytes, target: Path, after: int, idle_rows: int) -> None:
    """Those after `after`, and as many small ones. `target` has the tables already. Outbox rows go with the
    journal row they were put beside."""
    source, sink = connect(store, key, readonly=True), connect(target, key)
    puts: dict[int, list[OutboxValues]] = {}
    for put in source.execute("SELECT outbox, key, event_id, sequence, body FROM outbox ORDER BY id"):
        puts.setdefault(put[3], []).append(put)
    for row in source.execute("SELECT * FROM journal ORDER BY sequence").fetchall():
        if row[0] > after:
            commit(sink, [row], puts.get(row[0], []))
    for number in range(idle_rows):
        text = "2026-11-02T03:00:00.000Z"
        hashed = 64 * "0"
        body = f'{{"at":"{text}"}}'
        commit(sink, [(10**6 + number, 1, text, "ProofCommitted", body, hashed, hashed)], [])
    sink.close()


def proofs(path: Path, key: bytes, count: int) -> None:
    from dispenserd.store.store import Store
    from scheduler.events import ProofCommitted

    store = Store.open(path, key)
    for minute in range(count):
        store.append([ProofCommitted(datetime(2026, 11, 2, minute // 60 % 24, minute % 60, tzinfo=UTC))], [])
    store.close()


def _import_daemon() -> None:
    import dispenserd.app
    import dispenserd.cli.roots
    import dispenserd.rehearsal  # noqa: F401


def _ready() -> None:
    print(json.dumps({"topic": "", "at": time.monotonic(), "payload": {}}), flush=True)


def main(arguments: list[str]) -> None:
    what, *rest = arguments
    if what in ("listen", "idle"):
        {"listen": listen, "idle": idle}[what](int(rest[0]))
        return
    store, key = Path(rest[0]), Path(rest[1]).read_bytes()
    match what:
        case "imports":
            imports(store, key, int(rest[2]))
        case "check":
            check(store, key)
        case "rows":
            rows(store, key, Path(rest[2]), int(rest[3]), int(rest[4]))
        case "proofs":
            proofs(store, key, int(rest[2]))
        case _:
            raise SystemExit(f"unknown: {what}")


if __name__ == "__main__":
    main(sys.argv[1:])
