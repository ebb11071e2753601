"""One provisioning from its beginning, or from where it stopped, to the commissioning record.

Knows the order and what was done; the steps know how. A fault ends it where it is: everything done stays
done, and --resume goes on from there.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from typing import Any, Protocol

from dispenserd import __version__
from dispenserd.config_file import ConfigError
from dispenserd.provision.answers import SECRET, Answers
from dispenserd.provision.fault import GO_ON, ProvisionFault, Sort
from dispenserd.provision.layout import Layout
from dispenserd.provision.site import Site
from dispenserd.provision.steps import Step, steps
from dispenserd.provision.writing import SHARED, write_whole
from dispenserd.security.identity import IdentityFault
from dispenserd.store.errors import StoreKeyError

RECORD_SCHEMA = "dispenserd/commissioning/1"

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One step's end. `state`: "done", "kept" (done before), "failed"."""

    step: str
    number: int
    of: int
    state: str
    result: Plain


class Listener(Protocol):
    def begins(self, step: str, number: int, of: int, says: str) -> None: ...

    def ended(self, told: Told) -> None: ...


async def carry_out(site: Site, listener: Listener) -> Plain:
    """All steps that are still to do; the commissioning record."""
    if site.progress.finished and site.certificate is None:
        return shown_record(site.layout)
    wanted = steps(site.demo, bool(site.progress.finished))
    for number, step in enumerate(wanted, start=1):
        listener.begins(step.name, number, len(wanted), step.says)
        used: Answers = {name: site.answers.get(name) for name in step.uses}
        if site.progress.is_done(step.name, used) and not step.always:
            listener.ended(Told(step.name, number, len(wanted), "kept", site.progress.result(step.name)))
            continue
        try:
            result = await _one(step, site, used)
        except ProvisionFault:
            listener.ended(Told(step.name, number, len(wanted), "failed", {}))
            raise
        listener.ended(Told(step.name, number, len(wanted), "done", result))
    return _record(site)


async def _one(step: Step, site: Site, used: Answers) -> Plain:
    try:
        result = await step.carry_out(site)
        site.progress.done(step.name, used, site.clock.now(), result)
        return result
    except IdentityFault as fault:
        raise ProvisionFault(
            Sort.CHECKED_AND_FALSE, fault.code, fault.what, fault.meaning, fault.next_step
        ) from None
    except StoreKeyError as fault:
        raise ProvisionFault(Sort.STORE, "store_key", fault.what, fault.meaning, fault.next_step) from None
    except ConfigError as fault:
        raise ProvisionFault(
            Sort.CONFIGURATION, "configuration", fault.what, fault.meaning, fault.next_step
        ) from None
    except OSError as fault:
        raise unwritten(fault) from None


def unwritten(fault: OSError) -> ProvisionFault:
    """A disk that would not: full, read-only, or somebody else's."""
    number = fault.errno or 0
    named = f" at {fault.filename}" if fault.filename else ""
    what = os.strerror(number) if number else str(fault)
    advice = {
        errno.ENOSPC: "Make room on the disk.",
        errno.EDQUOT: "Make room on the disk.",
        errno.EROFS: "Mount the file system writable, or name another --folder.",
        errno.EACCES: "Run it as root, or name a --folder of your own.",
        errno.EPERM: "Run it as root, or name a --folder of your own.",
    }.get(number, "Look at the disk and the folder.")
    return ProvisionFault(
        Sort.STORE,
        {errno.ENOSPC: "disk_full", errno.EDQUOT: "disk_full", errno.EROFS: "read_only"}.get(
            number, "not_written"
        ),
        f"A file can't be written{named}: {what}.",
        "That file is as it was before, or not there; what was done before stays done.",
        f"{advice} {GO_ON}",
    )


def _record(site: Site) -> Plain:
    """What was commissioned, when, by whom: no secret, no identifier of the person."""
    progress, layout = site.progress, site.layout
    results = {name: done["result"] for name, done in progress.steps.items()}
    record = {
        "schema": RECORD_SCHEMA,
        "box": site.answers["box"],
        "demo": site.demo,
        "commissioned": site.clock.now().isoformat(),
        "begun": progress.started,
        "by": progress.by,
        "dispenserd": __version__,
        "signing_fingerprint": results["identity"]["signing_fingerprint"],
        "oncall_fingerprint": results["peers"]["oncall_fingerprint"],
        "certificate": results["certificate"],
        "robot": results["robot"],
        "resident": results["resident"]["resident"],
        "store_key": results["store_key"],
        "broker": {key: results["peers"][key] for key in ("broker", "encrypted")},
        "configuration": results["configuration"],
        "checks": results["checks"]["checks"],
        "live": results["live"],
        "steps": {name: done["at"] for name, done in progress.steps.items()},
    }
    try:
        progress.claim(layout.record)
        content = json.dumps(record, ensure_ascii=False, indent=1).encode() + b"\n"
        write_whole(layout.record, content, SHARED, site.group)
        progress.finish(site.clock.now(), SECRET)
    except OSError as fault:
        raise unwritten(fault) from None
    return record


def shown_record(layout: Layout) -> Plain:
    """The commissioning record; ProvisionFault where there is none."""
    try:
        record: Plain = json.loads(layout.record.read_bytes())
    except FileNotFoundError:
        raise ProvisionFault(
            Sort.CHECKED_AND_FALSE,
            "not_commissioned",
            f"There is no commissioning record at {layout.record}.",
            "This box was not provisioned to the end, or not in this folder.",
            "Provision it, go on with --resume, or name its --folder.",
        ) from None
    except (OSError, ValueError) as fault:
        raise ProvisionFault(
            Sort.CHECKED_AND_FALSE,
            "record_unreadable",
            f"The commissioning record {layout.record} can't be read ({type(fault).__name__}).",
            "It is damaged, or this user may not see it.",
            "Run it as root or as a member of the group dispenserd.",
        ) from None
    return record
