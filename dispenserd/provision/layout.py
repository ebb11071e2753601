"""Where the files of a home lie: in the system's folders, or all in one folder.

Names only; it opens nothing. With the system's folders the store's key is the service's credential; in one
folder every path in the configuration is relative, so the folder can be carried elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CONFIGURATION_FOLDER = Path("/etc/dispenserd")
STATE_FOLDER = Path("/var/lib/dispenserd")
SOCKET = Path("/run/dispenserd/control.sock")
GROUP = "dispenserd"
"""Of the service: what it must read and nobody else may is 0640 for this group."""

CREDENTIAL_NAME = "store-key"
"""The unit hands it over under this name, and the configuration asks for it."""


@dataclass(frozen=True, slots=True)
class Layout:
    configuration: Path
    state: Path
    socket: Path
    one_folder: bool

    @property
    def toml(self) -> Path:
        return self.configuration / "dispenserd.toml"

    @property
    def progress(self) -> Path:
        """What was answered, made and done: what --resume and --undo go by."""
        return self.configuration / "provisioning.json"

    @property
    def record(self) -> Path:
        return self.configuration / "commissioning.json"

    @property
    def signing_key(self) -> Path:
        return self.configuration / "box-signing.key"

    @property
    def signing_public(self) -> Path:
        return self.configuration / "box-signing.pub"

    @property
    def client_key(self) -> Path:
        return self.configuration / "box.key"

    @property
    def request(self) -> Path:
        return self.configuration / "box.csr"

    @property
    def certificate(self) -> Path:
        return self.configuration / "box.crt"

    @property
    def broker_ca(self) -> Path:
        return self.configuration / "mqtt-ca.pem"

    @property
    def broker_password(self) -> Path:
        return self.configuration / "mqtt.password"

    @property
    def oncall_public(self) -> Path:
        return self.configuration / "oncall.pub"

    @property
    def store(self) -> Path:
        return self.state / "home.db"

    @property
    def key_file(self) -> Path:
        return self.state / "store.key"

    @property
    def key_credential(self) -> Path:
        """What LoadCredentialEncrypted= of the unit names: encrypted for this box, root's."""
        return self.configuration / "credentials" / f"{CREDENTIAL_NAME}.cred"

    @property
    def fagsystem(self) -> Path:
        return self.state / "fagsystem"

    @property
    def read_at_start(self) -> list[Path]:
        """What a home reads once: changed later, it counts from the next start."""
        peers = [self.broker_ca, self.broker_password, self.oncall_public]
        return [self.toml, self.certificate, self.client_key, *peers]

    def written(self, path: Path) -> str:
        """The path as it stands in the configuration."""
        if self.one_folder and path.is_relative_to(self.configuration):
            return str(path.relative_to(self.configuration))
        return str(path)


def system() -> Layout:
    return Layout(CONFIGURATION_FOLDER, STATE_FOLDER, SOCKET, one_folder=False)


def in_folder(folder: Path) -> Layout:
    whole = folder.absolute()
    return Layout(whole, whole, whole / "control.sock", one_folder=True)
