"""`python -m tests.crash --kills N --seed K`: kill a real home N times and let the witnesses speak.

Exit code 1 when a witness found something, or a named point was never hit.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from secrets import randbelow
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

from dispenserd.clock import RATE_MAX
from dispenserd.probe import Point
from tests.crash.campaign import Campaign, Tally
from tests.crash.evidence import Evidence
from tests.support.results import keep, stamped

SEEDS = 1_000_000


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    seed = randbelow(SEEDS) if options.seed is None else options.seed
    print(f"crash campaign: {options.kills} kills, seed {seed}", flush=True)
    began_s = time.monotonic()
    with _folder(options.keep) as folder:
        campaign = Campaign(Path(folder), seed, options.rate, _teller(options.kills, options.quiet))
        try:
            tally = asyncio.run(_until_asked(campaign, options.kills))
        except (KeyboardInterrupt, asyncio.CancelledError):
            print("ended by hand", flush=True)
            return 130
        seconds = time.monotonic() - began_s
        result = report(tally, campaign.evidence, seed, options.kills, seconds)
        if options.json is not None:
            again = f"make crash KILLS={options.kills} SEED={seed}"
            keep(options.json, stamped(result["schema"], again, {**result, "rate": options.rate}))
        if options.keep and campaign.evidence is not None:
            campaign.evidence.write(Path(folder) / "evidence.json")
            print(f"kept in {folder}")
    _print(result)
    if result["never_hit"] and not result["violations"]:
        print("Ends with 1 although nothing was violated: a point that was never hit proves nothing about it.")
        print("More kills reach it: two for each named point are seldom enough, KILLS=100 usually is.")
    return 1 if result["violations"] or result["never_hit"] else 0


async def _until_asked(campaign: Campaign, kills: int) -> Tally:
    """Ctrl-C and SIGTERM end every process before this one."""
    running = asyncio.ensure_future(campaign.run(kills))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, running.cancel)
    return await running


def report(tally: Tally, evidence: Evidence | None, seed: int, kills: int, seconds: float) -> dict[str, Any]:
    """What a report is made from."""
    outcomes = evidence.rows("OutcomeRecorded") if evidence is not None else []
    last = {body["dose_id"]: body["outcome"] for body in outcomes}
    killed = sum(tally.kills.values())
    return {
        "schema": "crash/1",
        "seed": seed,
        "kills": killed,
        "asked": kills,
        "seconds": round(seconds, 1),
        "kills_per_minute": round(killed * 60 / seconds, 1),
        "kills_by_point": dict(sorted(tally.kills.items())),
        "ended_by_time_instead": tally.waits,
        "other_kills": dict(sorted(tally.others.items())),
        "never_hit": [point for point in Point if not tally.kills[point]],
        "restarts": len(evidence.rows("DaemonStarted")) if evidence is not None else 0,
        "rests": tally.rests,
        "doses": dict(sorted(Counter(last.values()).items())),
        "corrections": len(outcomes) - len(last),
        "moves": len(evidence.trace) if evidence is not None else 0,
        "given_by_hand": len(evidence.given_by_hand) if evidence is not None else 0,
        "incident_revisions": len(evidence.oncall["revisions"]) if evidence is not None else 0,
        "decisions": len(evidence.oncall["decisions"]) if evidence is not None else 0,
        "administrations": len(evidence.administrations) if evidence is not None else 0,
        "journal_rows": len(evidence.journal) if evidence is not None else 0,
        "violations": tally.violations,
    }


def _print(result: dict[str, Any]) -> None:
    for key, value in result.items():
        if isinstance(value, dict):
            print(f"{key}:")
            for name, count in value.items():
                print(f"    {count:5}  {name}")
        elif isinstance(value, list):
            print(f"{key}: {'none' if not value else ''}")
            for each in value:
                print(f"    {each}")
        else:
            print(f"{key}: {value}")


def _teller(kills: int, quiet: bool) -> Any:
    def tell(text: str) -> None:
        if not quiet:
            print(f"    [{kills}] {text}", flush=True)

    return tell


def _folder(keep: bool) -> AbstractContextManager[str]:
    return nullcontext(mkdtemp(prefix="crash-")) if keep else TemporaryDirectory(prefix="crash-")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--rate", type=float, default=RATE_MAX, help="civil seconds in a real one")
    parser.add_argument("--json", type=Path, help="write the result here")
    parser.add_argument("--keep", action="store_true", help="keep every file, and the evidence as JSON")
    parser.add_argument("--quiet", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
