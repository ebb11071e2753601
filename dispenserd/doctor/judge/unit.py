"""What is to be thought of the installed systemd unit beside the shipped one. Pure: it gets texts.

The shipped one's words stand here, because the installed one may be another; a test holds both together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from dispenserd.doctor.finding import Finding, ok, unknown, warning, wrong

EXPOSURE_MAX = 2.0
"""By `systemd-analyze security`, of 10; the shipped unit has less."""

HARDENED: Mapping[str, str] = {
    "NoNewPrivileges": "true",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "ProtectSystem": "strict",
    "ProtectHome": "true",
    "PrivateTmp": "true",
    "ProtectClock": "true",
    "ProtectControlGroups": "true",
    "ProtectHostname": "true",
    "ProtectKernelLogs": "true",
    "ProtectKernelModules": "true",
    "ProtectKernelTunables": "true",
    "ProtectProc": "invisible",
    "ProcSubset": "pid",
    "DevicePolicy": "closed",
    "LockPersonality": "true",
    "MemoryDenyWriteExecute": "true",
    "RemoveIPC": "true",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "RestrictNamespaces": "true",
    "RestrictRealtime": "true",
    "RestrictSUIDSGID": "true",
    "SystemCallArchitectures": "native",
    "SystemCallFilter": "@system-service ~@privileged @resources",
    "UMask": "0077",
    "User": "dispenserd",
    "Restart": "always",
}
"""What keeps the home in its room and running, as systemd/dispenserd.service says it."""

TRUE = frozenset({"true", "yes", "on", "1"})


@dataclass(frozen=True, slots=True)
class UnitSeen:
    """`texts`: path -> content of the unit and then of its drop-ins, in systemd's order."""

    there: bool  # systemd runs this machine
    load: str = ""  # "loaded", "not-found", ...
    active: str = ""
    restarts: int = 0
    stale: bool = False  # files changed since systemd read them
    texts: Mapping[str, str] = field(default_factory=dict)
    exposure: float | None = None


def unit(seen: UnitSeen, demo: bool) -> Finding:
    if not seen.there:
        return unknown(
            "Not checked: no systemd here.", "Whatever starts the home here must restart it and confine it."
        )
    facts = {
        "load": seen.load,
        "active": seen.active,
        "restarts": seen.restarts,
        "files": list(seen.texts),
        "exposure": seen.exposure,
    }
    if seen.load != "loaded":
        return (warning if demo else wrong)(
            f"The unit dispenserd.service is not installed ({seen.load or 'unknown'}).",
            "Nobody starts the home after a power cut.",
            "Install the unit that is shipped, and enable it.",
            **facts,
        )
    if seen.active == "failed":
        return wrong(
            "The service dispenserd has failed and is not started again.",
            "The resident is not served.",
            "Look with `journalctl -u dispenserd`, mend that and start it.",
            **facts,
        )
    loosened = list(loosenings(list(seen.texts.values())))
    facts["loosened"] = loosened
    if loosened:
        return wrong(
            f"The installed unit is looser than the shipped one: {', '.join(loosened)}.",
            "A fault in the home, or in what it reads, reaches further than it may.",
            f"Remove that from {' or '.join(seen.texts)}, then systemctl daemon-reload.",
            **facts,
        )
    if seen.exposure is not None and seen.exposure > EXPOSURE_MAX:
        return warning(
            f"systemd rates the unit's exposure {seen.exposure:.1f}; the shipped one is below "
            f"{EXPOSURE_MAX:.1f}.",
            "Something beside the shipped settings opens it.",
            "Look with `systemd-analyze security dispenserd.service`.",
            **facts,
        )
    if seen.stale:
        return warning(
            "The unit's files changed since systemd read them.",
            "The home runs by the old ones.",
            "Run: systemctl daemon-reload, and restart at a quiet hour.",
            **facts,
        )
    return ok(
        f"The unit is {seen.active or 'loaded'} and as shipped, {seen.restarts} restarts.",
        "The home is confined, and started again whenever it ends.",
        **facts,
    )


def loosenings(texts: Sequence[str]) -> Iterator[str]:
    """`Key=what it is instead`, for every shipped setting that is not in force."""
    installed = settings(texts)
    for key, shipped in HARDENED.items():
        now = installed.get(key)
        if now is None or _plain(now) != _plain(shipped):
            yield f"{key}={'(not set)' if now is None else now}"


def settings(texts: Sequence[str]) -> dict[str, str]:
    """[Service] of these files, the later over the earlier: what is set again and again is joined, an empty
    value begins anew."""
    found: dict[str, str] = {}
    for key, value in _lines(texts):
        before = found.get(key, "")
        found[key] = f"{before} {value}".strip() if value and key in JOINED else value
    return found


JOINED = frozenset(
    {
        "CapabilityBoundingSet",
        "AmbientCapabilities",
        "RestrictAddressFamilies",
        "SystemCallFilter",
        "SystemCallArchitectures",
    }
)
"""Settings that systemd adds up."""


def _lines(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        section = ""
        for line in text.replace("\\\n", " ").splitlines():
            stripped = line.strip()
            if stripped.startswith("["):
                section = stripped
            elif section == "[Service]" and "=" in stripped and stripped[0] not in "#;":
                key, _, value = stripped.partition("=")
                yield key.strip(), " ".join(value.split())


def _plain(value: str) -> str:
    return "true" if value.lower() in TRUE else value
