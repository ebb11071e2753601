"""A mosquitto configuration as mosquitto 2 reads it: which value holds for the broker, which for a listener.

Knows mosquitto's order and scopes, not what is good: that is `check`. Reads the named file and the `*.conf`
files of its include_dir.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dispenserd.config_file import ConfigError

FILE_BYTES_MAX = 1024 * 1024
"""A broker of a municipality has under 10 KiB."""
DEPTH_MAX = 10
"""Files that include each other; mosquitto gives up there too."""

OF_A_LISTENER = frozenset(
    {
        *("cafile", "capath", "certfile", "keyfile", "crlfile", "dhparamfile", "psk_hint"),
        *("ciphers", "ciphers_tls1.3", "tls_version", "tls_engine", "tls_engine_kpass_sha1", "tls_keyform"),
        *("require_certificate", "use_identity_as_username", "use_subject_as_username"),
        *("use_username_as_clientid", "max_connections", "max_qos", "max_topic_alias"),
        *("bind_interface", "http_dir", "mount_point", "protocol", "socket_domain"),
    }
)
OF_A_LISTENER_IF_TOLD = frozenset(
    {
        *("acl_file", "allow_anonymous", "allow_zero_length_clientid", "auto_id_prefix"),
        *("auth_plugin", "password_file", "plugin", "psk_file"),
    }
)
"""With per_listener_settings true these hold for the listener above them alone."""

OPENS_NOTHING = frozenset(
    {"tls_version", "max_topic_alias", "http_dir", "acl_file", "allow_anonymous", "auto_id_prefix"}
)
"""Any other of both above that stands above every listener makes mosquitto open one more, on port 1883."""
WITHOUT_EFFECT = {
    "max_connections": "-1",
    "max_qos": "2",
    "protocol": "mqtt",
    "allow_zero_length_clientid": "true",
}
"""What holds anyway opens nothing."""

PER_LISTENER = "per_listener_settings"
Version = tuple[int, ...]
"""Of mosquitto, as it counts: (2, 0, 21)."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(slots=True)
class Listener:
    port: int
    address: str = ""  # "" = every interface; with port 0, a Unix socket
    own: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"listener {self.port}{' ' + self.address if self.address else ''}"

    @property
    def is_local(self) -> bool:
        return self.port == 0 or self.address in LOOPBACK


@dataclass(slots=True)
class BrokerSettings:
    whole: dict[str, str] = field(default_factory=dict)
    listeners: list[Listener] = field(default_factory=list)
    default: Listener = field(default_factory=lambda: Listener(1883))  # settings above every listener
    bridges: int = 0
    late_scope: bool = False  # per_listener_settings came after what it governs
    files: list[Path] = field(default_factory=list)

    @property
    def default_is_named(self) -> bool:
        """Somebody wants a listener without a line of its own, and not one by mistake."""
        return "port" in self.whole or "bind_address" in self.whole

    @property
    def opens_default(self) -> list[str]:
        """The settings above every listener that make mosquitto open one on its default port."""
        return [key for key, value in self.default.own.items() if _opens(key, value)]

    @property
    def per_listener(self) -> bool:
        return truth(self.whole, PER_LISTENER)

    def of(self, listener: Listener, key: str) -> str | None:
        """What holds for this listener; None = mosquitto's default."""
        scoped = key in OF_A_LISTENER or (self.per_listener and key in OF_A_LISTENER_IF_TOLD)
        return (listener.own if scoped else self.whole).get(key)


def truth(settings: Mapping[str, str], key: str, default: bool = False) -> bool:
    value = settings.get(key)
    return default if value is None else value.lower() in ("true", "1")


def dotted(version: Version) -> str:
    return ".".join(map(str, version))


def read_settings(path: Path) -> BrokerSettings:
    """ConfigError where a file can't be read."""
    found = BrokerSettings()
    _read(path.absolute(), found, 0)
    if found.default_is_named or found.opens_default:
        found.default.port = int(found.whole.get("port", "1883"))
        found.default.address = found.whole.get("bind_address", "")
        found.listeners.insert(0, found.default)
    return found


def _opens(key: str, value: str) -> bool:
    if key.startswith(("use_", "require_")):
        return truth({key: value}, key)
    return key not in OPENS_NOTHING and WITHOUT_EFFECT.get(key) != value.lower()


def _read(path: Path, found: BrokerSettings, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise _unreadable(path, "is included by itself")
    found.files.append(path)
    here = found.default  # a file starts anew: what an included one says is for no listener of the outer one
    for key, value in _lines(path):
        if key == "include_dir":
            for included in _included(Path(value)):
                _read(included, found, depth + 1)
        elif key == "listener":
            here = _listener(path, value)
            found.listeners.append(here)
        elif key == "connection":
            found.bridges += 1
        else:
            _take(found, here, path, key, value)


def _take(found: BrokerSettings, here: Listener, path: Path, key: str, value: str) -> None:
    if key == PER_LISTENER:
        found.late_scope |= any(each in found.whole for each in OF_A_LISTENER_IF_TOLD)
    if key in ("port", "max_queued_messages") and not value.split(" ")[0].isdigit():
        raise _unreadable(path, f"has no number in {key}")
    if key in OF_A_LISTENER or (key in OF_A_LISTENER_IF_TOLD and found.per_listener):
        here.own[key] = value
    else:
        found.whole[key] = value


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
        if len(raw) > FILE_BYTES_MAX:
            raise _unreadable(path, f"is larger than {FILE_BYTES_MAX} bytes")
        text = raw.decode()
    except FileNotFoundError:
        raise _unreadable(path, "does not exist") from None
    except OSError as fault:
        raise _unreadable(path, f"can't be read ({fault.strerror})") from None
    except UnicodeDecodeError:
        raise _unreadable(path, "is no UTF-8 text") from None
    for line in text.splitlines():
        if not line.startswith("#") and line.strip():
            key, _, value = line.strip().partition(" ")
            yield key, value.strip()


def _included(folder: Path) -> list[Path]:
    """As mosquitto takes them: `*.conf`, by name."""
    try:
        return sorted(each for each in folder.iterdir() if each.name.endswith(".conf"))
    except OSError as fault:
        raise _unreadable(folder, f"can't be read ({fault.strerror})") from None


def _listener(path: Path, value: str) -> Listener:
    port, _, address = value.partition(" ")
    if not port.isdigit():
        raise _unreadable(path, "has a listener without a port")
    return Listener(int(port), address.strip())


def _unreadable(path: Path, why: str) -> ConfigError:
    return ConfigError(
        f"The broker's configuration {path} {why}.",
        "Nothing can be said about the broker, and it may not start.",
        "Name the file that mosquitto is started with, and run this as a user who may read all of it.",
    )
