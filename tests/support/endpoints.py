"""Where notices go in tests: a real HTTP endpoint and a real mail server on loopback, in every mood.

The moods of the HTTP one: takes it, refuses it, never answers, dies in the middle, answers a byte at a time.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

Mood = Literal["takes", "refuses", "hangs", "dies", "dribbles"]


@dataclass
class Endpoint:
    """`heard`: (unix time, what was posted) of everything it took."""

    port: int
    mood: Mood = "takes"
    heard: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    tries: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "x") -> str:
        return f"json://user:s3cret@127.0.0.1:{self.port}/{path}"

    def messages(self) -> list[str]:
        return [str(body["message"]) for _, body in self.heard]


@contextmanager
def http_endpoint(mood: Mood = "takes") -> Iterator[Endpoint]:
    endpoint = Endpoint(0, mood)

    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            endpoint.tries += 1
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            match endpoint.mood:
                case "takes":
                    endpoint.heard.append((time.time(), {**body, "path": self.path}))
                    self.send_response(200)
                    self.end_headers()
                case "refuses":
                    self.send_response(503)
                    self.end_headers()
                case "hangs":
                    endpoint.closing.wait(60)
                case "dies":
                    self.wfile.write(b"HTTP/1.")
                    self.wfile.flush()
                    self.connection.shutdown(socket.SHUT_RDWR)
                case "dribbles":
                    while not endpoint.closing.wait(0.2):
                        self.wfile.write(b"H")
                        self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            return

    server = Quiet(("127.0.0.1", 0), Asked)
    endpoint.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mailbox:
    port: int = 0
    refuses: bool = False
    letters: list[tuple[str, str]] = field(default_factory=list)  # subject, text

    def url(self) -> str:
        return f"mailto://127.0.0.1:{self.port}?mode=insecure&from=oncall@example.org&to=anna@example.org"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuses:
            return "554 not today"
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=default)
        body = letter.get_body(("plain", "html"))
        self.letters.append((str(letter["subject"]), body.get_content() if body else ""))
        return "250 taken"


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    mailbox.port = controller.port
    try:
        yield mailbox
    finally:
        controller.stop()


def free_port() -> int:
    """Nobody listens there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
