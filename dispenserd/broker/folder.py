"""The folder of one broker: written whole or not at all, and joined by boxes later.

Knows files, modes and owners; what stands in them comes from `template` and `credentials`. A new folder
appears by one rename; where files are replaced, all of them are ready on the same disk before the first is.

    mosquitto.conf  acl  systemd.conf     what the broker reads, and what systemd shall grant it
    ca.pem                                by which the broker knows its clients and they know it
    passwords                             where homes have passwords
    ca.key server.pem server.key          of a demo CA
    data/                                 sessions and queued messages
    boxes/NAME/  oncall/                  what goes to that box, to on-call: taken there, then deleted here
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dispenserd.broker import credentials
from dispenserd.broker.credentials import Pair
from dispenserd.broker.template import ACL, CA, CONFIG, PASSWORDS, Choices, rendered
from dispenserd.durable import sync_folder
from dispenserd.explained import Explained

CA_KEY, SERVER, SERVER_KEY = "ca.key", "server.pem", "server.key"
CERTIFICATE, CLIENT_KEY, REQUEST, PASSWORD = "client.pem", "client.key", "client.csr", "mqtt.password"
BOXES, ONCALL, DATA = "boxes", "oncall", "data"

PUBLIC, PRIVATE, FOLDER_MODE = 0o644, 0o600, 0o700

FOR_THE_BROKER = (ACL, PASSWORDS, SERVER_KEY, DATA)
"""Private, and opened by the broker's own account; a demo CA's key is not among them."""

BOX_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
"""As in [home] box: it becomes a level of topics, so no wildcard and no slash."""


class BrokerFolderError(Explained):
    """What can't be written; nothing was."""


@dataclass(frozen=True, slots=True)
class Written:
    files: tuple[str, ...]  # relative to the folder, sorted
    boxes: tuple[str, ...]  # that have new credentials
    asks_a_ca: bool  # a CA of your own must sign before they can connect


def create(
    choices: Choices, hosts: Sequence[str], boxes: Sequence[str], now: datetime, *, force: bool
) -> Written:
    """`hosts`: names and addresses for a demo's server certificate. BrokerFolderError or OSError, and then
    nothing was changed. What boxes and on-call already hold stays valid, `force` or not."""
    target = choices.folder
    if target.exists() and not force and (target.is_file() or any(target.iterdir())):
        raise BrokerFolderError(
            f"{target} already exists.",
            "Nothing was written: a broker may be running with it, and boxes have credentials of it.",
            "Name another folder, or --force: it writes the configuration anew and keeps credentials.",
        )
    _check_names(boxes, choices.oncall)
    with _Staging(target, choices.user) as staging:
        staged = staging.path
        for name, text in rendered(choices).items():
            _put(staged / name, text.encode(), PRIVATE if name == ACL else PUBLIC)
        _write_authority(staged, target, choices, hosts, now)
        if choices.data == target / DATA:
            (staged / DATA).mkdir(mode=FOLDER_MODE)
        issue = _Issue(staged, target, choices, now)
        issue.start()
        if not issue.knows(choices.oncall, ONCALL):
            issue.write(choices.oncall, ONCALL)
        new = [name for name in boxes if not issue.knows(name, f"{BOXES}/{name}")]
        for name in new:
            issue.write(name, f"{BOXES}/{name}")
        return Written(staging.arrive(), tuple(new), issue.asks_a_ca)


def add_boxes(folder: Path, names: Sequence[str], now: datetime, *, force: bool) -> Written:
    """Credentials of further boxes. A running broker with passwords must be told to reload."""
    choices = _choices_of(folder)
    _check_names(names, choices.oncall)
    with _Staging(folder, choices.user) as staging:
        issue = _Issue(staging.path, folder, choices, now)
        issue.start()
        for name in names:
            if issue.knows(name, f"{BOXES}/{name}") and not force:
                raise BrokerFolderError(
                    f"{folder} already has credentials of {name}.",
                    "Nothing was written: the box may be using them.",
                    "Take them to the box as they are, or name --force to make new ones.",
                )
            issue.write(name, f"{BOXES}/{name}")
        return Written(staging.arrive(), tuple(names), issue.asks_a_ca)


# --- who signs, and what each is given --------------------------------------------------------------


def _write_authority(
    staged: Path, target: Path, choices: Choices, hosts: Sequence[str], now: datetime
) -> None:
    """A demo's CA stays what it is when its folder is written anew: boxes have certificates of it."""
    if not choices.demo:
        _put(staged / CA, choices.ca.read_bytes(), PUBLIC)
        return
    ca = _demo_ca(target) or credentials.make_ca(now)
    served = credentials.server(ca, hosts, now)
    _put(staged / CA, ca.certificate, PUBLIC)
    _put(staged / CA_KEY, ca.key, PRIVATE)
    _put(staged / SERVER, served.certificate, PUBLIC)
    _put(staged / SERVER_KEY, served.key, PRIVATE)


def _demo_ca(folder: Path) -> Pair | None:
    if not (folder / CA_KEY).is_file():
        return None
    return Pair((folder / CA).read_bytes(), (folder / CA_KEY).read_bytes())


class _Issue:
    """Makes credentials in `staged`, which joins `target`."""

    def __init__(self, staged: Path, target: Path, choices: Choices, now: datetime) -> None:
        self._staged = staged
        self._target = target
        self._choices = choices
        self._now = now
        self._ca = (_demo_ca(staged) or _demo_ca(target)) if choices.demo else None
        self._has_passwords = choices.identity == "password"
        self.asks_a_ca = not self._has_passwords and self._ca is None
        self._accounts: dict[str, str] = {}  # name -> line of the password file

    def start(self) -> None:
        known = self._target / PASSWORDS
        if self._has_passwords:
            text = known.read_text(encoding="utf-8") if known.is_file() else ""
            self._accounts = {line.partition(":")[0]: line for line in text.splitlines() if line}
            self._write_accounts()

    def knows(self, name: str, own: str) -> bool:
        """Somebody holds what was made for this name, or will fetch it."""
        if self._has_passwords:
            return name in self._accounts
        return (self._target / own / (REQUEST if self.asks_a_ca else CERTIFICATE)).exists()

    def write(self, name: str, own: str) -> None:
        folder = self._staged / own
        folder.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        folder.mkdir(mode=FOLDER_MODE)
        ca_file = self._staged / CA if (self._staged / CA).exists() else self._target / CA
        _put(folder / CA, ca_file.read_bytes(), PUBLIC)
        if self._has_passwords:
            password = credentials.new_password()
            _put(folder / PASSWORD, f"{password}\n".encode(), PRIVATE)
            self._accounts[name] = credentials.password_line(name, password)
            self._write_accounts()
            return
        made = (
            credentials.request(name) if self._ca is None else credentials.client(self._ca, name, self._now)
        )
        _put(folder / (REQUEST if self._ca is None else CERTIFICATE), made.certificate, PUBLIC)
        _put(folder / CLIENT_KEY, made.key, PRIVATE)

    def _write_accounts(self) -> None:
        _put(self._staged / PASSWORDS, "".join(f"{a}\n" for a in self._accounts.values()).encode(), PRIVATE)


def _choices_of(folder: Path) -> Choices:
    """What an existing folder was made with, as far as credentials need it."""
    try:
        acl = (folder / ACL).read_text(encoding="utf-8")
        config = (folder / CONFIG).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BrokerFolderError(
            f"{folder} holds no configuration of a broker that can be read.",
            "Nothing was written: a box's credentials belong to one broker.",
            "Name with --folder what `dispenserd broker-config` wrote, and run it as the same user.",
        ) from None
    lines = [line.partition(" ") for line in config.splitlines() if not line.startswith("#")]
    settings = {key: value for key, _, value in lines}
    oncall = re.search(r"^user (\S+)$", acl, re.MULTILINE)
    return Choices(
        homes=1,
        folder=folder,
        data=Path(settings.get("persistence_location", DATA)),
        ca=folder / CA,
        certificate=Path(settings.get("certfile", SERVER)),
        key=Path(settings.get("keyfile", SERVER_KEY)),
        identity="password" if "password_file" in settings else "certificate",
        oncall=oncall[1] if oncall else ONCALL,
        user=settings.get("user", ""),
        demo=(folder / CA_KEY).is_file(),
    )


def _check_names(names: Sequence[str], oncall: str) -> None:
    for name in names:
        if name == oncall:
            raise BrokerFolderError(
                f"{name} is the name of on-call's account.",
                "Nothing was written: a box of that name could hear every home.",
                "Give the box another name.",
            )
        if BOX_NAME.fullmatch(name) is None:
            raise BrokerFolderError(
                "A box's name is 1-32 letters, digits, - or _, and does not begin with - or _.",
                "Nothing was written: the name becomes a part of topics.",
                "Name it as in [home] box of its configuration.",
            )


# --- files ------------------------------------------------------------------------------------------


class _Staging:
    """A folder beside `target` in which everything is made ready; it leaves nothing behind."""

    def __init__(self, target: Path, user: str) -> None:
        self._target = target
        self._owner = _owner(user)
        self.path = target.parent / f".{target.name}.{secrets.token_hex(4)}"

    def __enter__(self) -> _Staging:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self.path.mkdir(mode=FOLDER_MODE)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def arrive(self) -> tuple[str, ...]:
        """Everything takes its place; the names of the files."""
        files = tuple(sorted(str(p.relative_to(self.path)) for p in self.path.rglob("*") if p.is_file()))
        if self._owner is not None:
            for path in (self.path, *(self.path / name for name in FOR_THE_BROKER)):
                if path.exists():
                    os.chown(path, *self._owner)
        if self._target.is_dir():
            changed = _merge(self.path, self._target)
        else:
            self.path.rename(self._target)
            changed = [self._target]
        try:
            for folder in (*changed, self._target.parent):
                sync_folder(folder)
        except OSError:
            raise BrokerFolderError(
                f"{self._target} is written whole, but the disk did not confirm it.",
                "A power cut may bring back what was there before.",
                "Look after the disk, and run the same command again with --force.",
            ) from None
        return files


def _merge(source: Path, target: Path) -> list[Path]:
    """The folders that changed. The configuration comes last: it speaks of the others."""
    changed = [target]
    for path in sorted(source.iterdir(), key=lambda path: path.name == CONFIG):
        there = target / path.name
        if path.is_dir() and there.is_dir():
            changed += _merge(path, there)
        else:
            path.replace(there)
    return changed


def _owner(user: str) -> tuple[int, int] | None:
    """To whom root gives the broker's files; None = they stay with whoever runs this."""
    if os.geteuid() != 0:
        return None
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise BrokerFolderError(
            f"There is no account {user} on this machine.",
            "Nothing was written: the broker's own account could not read its files.",
            "Install mosquitto first, or name the account that runs the broker with --user.",
        ) from None
    return account.pw_uid, account.pw_gid


def _put(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)  # whatever the umask says
        file.write(content)
        file.flush()
        os.fsync(descriptor)
