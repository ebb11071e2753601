"""The steps that make files: identity, certificate, store key, resident, papers, peers, configuration.

Each may be done again at any time: what is there and ours stays or is replaced whole, keys always stay. Each
returns what may be shown and recorded: fingerprints and names, never a secret or the person's identifier.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dispenserd.config import load
from dispenserd.durable import sync_folder
from dispenserd.peer_choice import broker
from dispenserd.provision import check, papers
from dispenserd.provision.fault import RESUME, ProvisionFault, Sort
from dispenserd.provision.layout import CREDENTIAL_NAME, Layout
from dispenserd.provision.site import Site, occupied
from dispenserd.provision.template import filled, template
from dispenserd.provision.writing import PRIVATE, PUBLIC, SHARED, draft_of
from dispenserd.security import identity
from dispenserd.security.keys import FileKey, KeyProvider, create_file_key
from dispenserd.security.sealed_key import SealedKey, create_sealed_key

RESIDENT_CHARS_SHOWN = 8
"""Of the permanent key: enough to tell two homes apart."""

Plain = dict[str, Any]


def make_identity(site: Site) -> Plain:
    """Signing key, client key, and the request for a certificate. An identity that is there stays."""
    layout = site.layout
    site.folder(layout.configuration)
    private = _private_mode(site)
    made = site.keep_or_make(
        layout.signing_key, lambda: identity.new_signing_key().private_hex.encode() + b"\n", private
    )
    public = identity.public_of(made.decode(errors="replace"))
    site.put(layout.signing_public, public.encode() + b"\n", PUBLIC)
    key = site.keep_or_make(layout.client_key, identity.new_client_key, private)
    box = site.answers["box"]
    site.put(layout.request, identity.request(key, box), PUBLIC)
    return {"box": box, "signing_fingerprint": identity.fingerprint(public), "request": str(layout.request)}


async def install_certificate(site: Site) -> Plain:
    """The municipality's, once it fits; for trying out one of the box's own. A commissioned box keeps the one
    it has until the broker let it in with the new one."""
    layout, box = site.layout, site.answers["box"]
    key, now = layout.client_key.read_bytes(), site.clock.now()
    if site.certificate is not None:
        pem = _read(site.certificate)
    elif layout.certificate.exists() and site.progress.claims(layout.certificate):
        pem = layout.certificate.read_bytes()
    elif site.demo:
        pem = identity.self_signed(key, box, now)
    elif site.signs_in_by_certificate:
        raise _certificate_awaited(layout.request, box)
    else:
        return {"certificate": "none: the box signs in with a password"}
    found = identity.checked(pem, key, box, now)
    ca = site.answers.get("mqtt_ca")
    direct = None if site.demo or not ca else identity.issued_by(pem, ca.encode())
    if site.progress.finished and site.certificate is not None:
        await _must_open_the_broker(site, site.certificate)
    site.put(layout.certificate, pem, PUBLIC)
    return {
        "subject": found.subject,
        "issuer": found.issuer,
        "serial": found.serial,
        "ends": found.ends.isoformat(),
        "sha256": found.sha256,
        "issued_by_the_brokers_ca": direct,
    }


async def _must_open_the_broker(site: Site, certificate: Path) -> None:
    """ProvisionFault while the broker does not take it: the one in use may be the only one that works."""
    config = load(site.layout.toml)
    if config.mqtt.certificate_file is None:
        return  # it signs in with a password
    site.tell(f"asking the broker at {config.mqtt.host}:{config.mqtt.port} whether it takes the new one")
    asked = broker(config.mqtt.model_copy(update={"certificate_file": certificate}))
    (found,) = await check.broker(config.home.box, asked, speaks=False)
    if found.verdict is check.Verdict.BAD:
        raise ProvisionFault(
            Sort.CHECKED_AND_FALSE, found.code, found.said,
            "The new certificate was not installed; the box keeps the one that it has.",
            f"{found.next_step} Then run `{RESUME} --certificate FILE` again.",
        )  # fmt: skip


def make_store_key(site: Site) -> Plain:
    """The key of the encrypted journal. A store that is there already belongs to another key."""
    layout, provider = site.layout, site.answers["store_key"]
    path = layout.key_file if provider == "file" else layout.key_credential
    if layout.store.exists() and not site.progress.claims(path):
        raise occupied(layout.store)
    site.folder(layout.state, 0o700, of_service=True)
    site.folder(path.parent, 0o700)
    if not (site.progress.claims(path) and path.exists()):
        if path.exists():
            raise occupied(path)
        site.progress.claim(path)
        draft = draft_of(path)
        draft.unlink(missing_ok=True)
        _create_key(draft, provider)
        draft.replace(path)
        sync_folder(path.parent)
    store_key(layout, provider).key()
    return {"provider": provider, "path": str(path), "class": "demo (rule 25)"}


def store_key(layout: Layout, provider: str) -> KeyProvider:
    """The key that this provisioning made, as root reads it."""
    if provider == "file":
        return FileKey(layout.key_file)
    return SealedKey(layout.key_credential, CREDENTIAL_NAME)


def _create_key(path: Path, provider: str) -> None:
    if provider == "file":
        create_file_key(path)
    else:
        create_sealed_key(path, CREDENTIAL_NAME)


def bind_resident(site: Site) -> Plain:
    """The person whose home this is, and the folder where the fagsystem puts their plan."""
    key = site.answers["resident_key"]
    site.folder(site.layout.fagsystem / key, 0o750, of_service=True)
    return {"resident": f"{key[:RESIDENT_CHARS_SHOWN]}...", "folder": str(site.layout.fagsystem / key)}


def write_papers(site: Site) -> Plain:
    """For trying out: plan, roll, on-call's desk and a broker's settings. Written once: they hold dates."""
    folder, answers = site.layout.configuration, site.answers
    zone, key = ZoneInfo(answers["zone"]), answers["resident_key"]
    first = papers.first_due(site.clock.now().astimezone(zone))
    card = papers.plan(first, answers["identifier_system"], answers["identifier_value"])
    site.keep_or_make(site.layout.fagsystem / key / "plan.json", lambda: _json(card), SHARED)
    site.keep_or_make(folder / "roll.json", lambda: _json(papers.roll(first, key)), SHARED)
    host, port = answers["mqtt_host"], answers["mqtt_port"]
    site.put(folder / "mosquitto.conf", papers.broker_settings(host, port).encode(), PUBLIC)
    site.put(folder / "homes.toml", papers.homes_toml(answers["box"]).encode())
    site.put(folder / "oncall.toml", papers.oncall_toml(answers["zone"], host, port).encode())
    return {
        "broker": f"mosquitto -c {folder / 'mosquitto.conf'}",
        "oncall": f"dispenserd oncall run --config {folder / 'oncall.toml'}",
        "robot": (
            f"python -m simulator --port {folder / answers['port']} --roll {folder / 'roll.json'} "
            f"--memory {folder / 'robot-memory.json'}"
        ),
        "roll": f"dispenserd roll load {folder / 'roll.json'} --config {site.layout.toml}",
    }


def install_peers(site: Site) -> Plain:
    """The broker's CA and password, and on-call's public key, each in a file of its own."""
    layout, answers = site.layout, site.answers
    if answers.get("mqtt_ca"):
        site.put(layout.broker_ca, answers["mqtt_ca"].encode(), PUBLIC)
    if answers.get("mqtt_password"):
        site.put(layout.broker_password, answers["mqtt_password"].encode() + b"\n", _private_mode(site))
    public = answers.get("oncall_key") or _demo_oncall_key(site)
    site.put(layout.oncall_public, public.encode() + b"\n", PUBLIC)
    return {
        "broker": f"{answers['mqtt_host']}:{answers['mqtt_port']}",
        "encrypted": bool(answers.get("mqtt_ca")),
        "oncall_fingerprint": identity.fingerprint(public),
    }


def write_configuration(site: Site) -> Plain:
    """The annotated configuration, loaded back before it gets its name."""
    layout = site.layout
    head = "For trying out: made by `dispenserd provision --demo`. No real home." if site.demo else ""
    text = filled(template(), _values(site), head)
    site.put(layout.toml, text.encode(), SHARED, accept=load)
    return {"path": str(layout.toml), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def _values(site: Site) -> dict[tuple[str, str], Any]:
    layout, answers, robot = site.layout, site.answers, site.progress.result("robot")
    tls, password = bool(answers.get("mqtt_ca")), bool(answers.get("mqtt_password"))
    mutual = tls and site.signs_in_by_certificate
    in_file = answers["store_key"] == "file"
    values: dict[tuple[str, str], Any] = {
        ("home", "box"): answers["box"],
        ("home", "zone"): answers["zone"],
        ("home", "staff_phone"): answers["staff_phone"],
        ("home", "demo"): site.demo,
        ("home", "signing_key_file"): layout.written(layout.signing_key),
        ("resident", "key"): answers["resident_key"],
        ("resident", "identifier_system"): answers["identifier_system"],
        ("resident", "identifier_value"): answers["identifier_value"],
        ("robot", "port"): layout.written(Path(robot["port"])),
        ("robot", "serial"): robot["serial"],
        ("robot", "accept_unauthenticated"): robot["auth"] == "none",
        ("store", "path"): layout.written(layout.store),
        ("store.key", "provider"): answers["store_key"],
        ("store.key", "name"): None if in_file else CREDENTIAL_NAME,
        ("store.key", "path"): layout.written(layout.key_file) if in_file else None,
        ("mqtt", "host"): answers["mqtt_host"],
        ("mqtt", "port"): answers["mqtt_port"],
        ("mqtt", "username"): answers.get("mqtt_username"),
        ("mqtt", "password_file"): layout.written(layout.broker_password) if password else None,
        ("mqtt", "ca_file"): layout.written(layout.broker_ca) if tls else None,
        ("mqtt", "certificate_file"): layout.written(layout.certificate) if mutual else None,
        ("mqtt", "key_file"): layout.written(layout.client_key) if mutual else None,
        ("mqtt", "oncall_public_key_file"): layout.written(layout.oncall_public),
        ("fagsystem", "folder"): layout.written(layout.fagsystem),
        ("control", "socket"): layout.written(layout.socket),
    }
    return {**values, ("medicine", "known"): papers.KNOWN} if site.demo else values


def _demo_oncall_key(site: Site) -> str:
    """The public half of a new key for the demo's own on-call desk, in the form that `oncall run` reads."""
    path = site.layout.configuration / "oncall.key"
    made = site.keep_or_make(path, lambda: identity.new_signing_key().private_hex.encode() + b"\n", PRIVATE)
    public = identity.public_of(made.decode(errors="replace"))
    site.put(path.with_name(f"{path.name}.pub"), public.encode() + b"\n", PUBLIC)
    return public


def _private_mode(site: Site) -> int:
    """The service's group must read what the daemon uses; in one folder there is one user."""
    return PRIVATE if site.layout.one_folder else SHARED


def _certificate_awaited(request: Path, box: str) -> ProvisionFault:
    return ProvisionFault(
        Sort.CHECKED_AND_FALSE,
        "certificate_awaited",
        f"The box needs a certificate for the broker: its request is {request}.",
        "All that can be done without it is done, and stays done; the home is not configured yet.",
        f"Have the request signed for {box}, bring the answer, and run `{RESUME} --certificate FILE`.",
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise ProvisionFault(
            Sort.USAGE,
            "certificate_unreadable",
            f"The certificate {path} can't be read ({fault.strerror}).",
            "Nothing was installed.",
            "Name the file that the municipality sent, in PEM form.",
        ) from None


def _json(content: Plain) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"
