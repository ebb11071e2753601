"""The one door to Apprise: is this an address, and send this text there.

Each address is tried in a thread of its own, which ends with the process: an endpoint that answers a byte a
minute can't be interrupted, so the caller stops waiting for it, and a bounded number of such threads is left
behind. One address that hangs never costs another one its try. An address holds secrets and never leaves this
module; errors are codes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import apprise

SEND_TIMEOUT_S = 10.0
"""A gateway that takes longer is down, and somebody else is told: a quarter of a minute was lost already."""
STRAGGLERS_MAX = 8
"""Threads of one address that nobody waits for any more; with so many, it is not tried at all."""
STRAGGLERS_IN_ALL_MAX = 64
"""Of all addresses, as when the gateway hangs that all of them use; an address that left none behind is tried
still, for it may be another gateway's."""

Result = Literal["ok", "timeout", "refused", "no_address", "busy"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of each address, in order; a person is told if one of them took it."""

    results: tuple[Result, ...]

    @property
    def reached(self) -> bool:
        return "ok" in self.results

    @property
    def result(self) -> str:
        """One code for all: `ok`, `ok_1_of_2`, or the first failure."""
        if not self.results:
            return "no_address"
        if not self.reached:
            return self.results[0]
        taken = self.results.count("ok")
        return "ok" if taken == len(self.results) else f"ok_{taken}_of_{len(self.results)}"


def is_address(url: str) -> bool:
    """Whether Apprise knows how to tell somebody there."""
    import apprise

    return apprise.Apprise.instantiate(url, asset=_asset(), suppress_exceptions=True) is not None


async def send(urls: Sequence[str], title: str, body: str, timeout_s: float = SEND_TIMEOUT_S) -> Sent:
    """Tries all addresses at once. Never raises for what an endpoint does, and never takes longer."""
    results = await asyncio.gather(*(_one(url, title, body, timeout_s) for url in urls))
    return Sent(tuple(results))


async def _one(url: str, title: str, body: str, timeout_s: float) -> Result:
    if _is_busy(url):
        return "busy"
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Result] = loop.create_future()

    def work() -> None:
        result = _notify(url, title, body)
        try:
            loop.call_soon_threadsafe(_settle, ended, result)
        except RuntimeError:
            return  # the loop ended first; nobody waits

    tried = _Try(url, work)
    try:
        tried.start()
    except RuntimeError:  # the machine or the service's TasksMax allows no more threads
        return "busy"
    try:
        async with asyncio.timeout(timeout_s):
            return await ended
    except TimeoutError:
        tried.left_behind = True
        return "timeout"


class _Try(threading.Thread):
    def __init__(self, url: str, work: Callable[[], None]) -> None:
        super().__init__(target=work, name="notice", daemon=True)
        self.url = url
        self.left_behind = False


def _is_busy(url: str) -> bool:
    left = [each.url for each in threading.enumerate() if isinstance(each, _Try) and each.left_behind]
    of_this = left.count(url)
    return of_this >= STRAGGLERS_MAX or (of_this > 0 and len(left) >= STRAGGLERS_IN_ALL_MAX)


def _notify(url: str, title: str, body: str) -> Result:
    import apprise

    notify = apprise.Apprise(asset=_asset())
    if not notify.add(url):
        return "no_address"
    return "ok" if notify.notify(body=body, title=title) else "refused"


def _settle(ended: asyncio.Future[Result], result: Result) -> None:
    if not ended.done():
        ended.set_result(result)


@lru_cache(maxsize=1)
def _asset() -> apprise.AppriseAsset:
    """Nothing is written to disk, no plugin is read from there, no text is changed. A `service_timeout` would
    make Apprise hand each try to the few threads of a pool that everybody shares, where half a dozen tries of
    one address that hangs hold up all others; we stop waiting ourselves."""
    import apprise

    return apprise.AppriseAsset(
        app_id="dispenserd",
        app_desc="dispenserd on-call",
        async_mode=False,
        service_timeout=0,
        secure_logging=True,
        interpret_emojis=False,
        storage_mode="memory",
        storage_path=None,
        plugin_paths=[],
    )
