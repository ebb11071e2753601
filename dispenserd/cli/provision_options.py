"""The options of `provision`, one for each answer that a technician can give, and the four ways to run it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def _option(flag: str, told: str) -> Any:
    return typer.Option(flag, help=told, show_default=False)


FolderOption = Annotated[
    Path | None, _option("--folder", "Everything in this folder, not in /etc and /var/lib.")
]
DemoOption = Annotated[bool, _option("--demo", "For trying out, in one folder: an invented resident.")]
ResumeOption = Annotated[bool, _option("--resume", "Go on with what was begun; the answers are kept.")]
UndoOption = Annotated[bool, _option("--undo", "Take back what provisioning made.")]
ShowOption = Annotated[bool, _option("--show", "Print the commissioning record.")]
YesOption = Annotated[bool, _option("--yes", "Do not ask before --undo.")]
ByOption = Annotated[str, _option("--by", "Who provisions, by name. Default: your user name.")]
BoxOption = Annotated[str | None, _option("--box", "This box's name. Default: the host's.")]
ZoneOption = Annotated[str | None, _option("--zone", "Time zone. Default: Europe/Copenhagen.")]
StaffPhoneOption = Annotated[str | None, _option("--staff-phone", "Shown on the robot.")]
ResidentKeyOption = Annotated[
    str | None, _option("--resident-key", "Of a person who has one. Default: a new one.")
]
IdentifierSystemOption = Annotated[
    str | None, _option("--identifier-system", "The fagsystem's register of persons.")
]
IdentifierFileOption = Annotated[
    Path | None, _option("--identifier-file", "File with the person's identifier; - is stdin.")
]
PortOption = Annotated[str | None, _option("--port", "The robot's port. Default: asks every USB port.")]
RobotOption = Annotated[str | None, _option("--robot", "The robot's serial number.")]
AcceptUnauthenticatedOption = Annotated[
    bool | None, _option("--accept-unauthenticated", "Accept a robot whose line is not authenticated.")
]
MqttHostOption = Annotated[str | None, _option("--mqtt-host", "The broker.")]
MqttPortOption = Annotated[int | None, _option("--mqtt-port", "Default: 8883.")]
MqttUsernameOption = Annotated[
    str | None, _option("--mqtt-username", "Default: none, the box signs in by its certificate.")
]
MqttPasswordFileOption = Annotated[
    Path | None, _option("--mqtt-password-file", "File with the broker's password; - is stdin.")
]
MqttCaOption = Annotated[Path | None, _option("--mqtt-ca", "CA certificate of the broker, PEM.")]
OncallKeyOption = Annotated[
    str | None, _option("--oncall-key", "On-call's public key, 64 hex characters, or its .pub file.")
]
StoreKeyOption = Annotated[
    str | None, _option("--store-key", '"credential" (systemd) or "file" (beside the store).')
]
CertificateOption = Annotated[
    Path | None, _option("--certificate", "The box's certificate as issued, PEM; with --resume.")
]
