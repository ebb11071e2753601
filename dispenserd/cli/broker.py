"""`broker-config`: writes a broker's configuration, adds boxes to it, and looks at one that exists.

What stands in the files and what endangers alarms is `dispenserd.broker`'s; here it is asked for and told.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dispenserd.cli.failure import Exit, Failure, failed, usage
from dispenserd.cli.options import JsonOption
from dispenserd.cli.output import emit, note

if TYPE_CHECKING:
    from dispenserd.broker.check import Finding
    from dispenserd.broker.folder import Written
    from dispenserd.broker.template import Choices

COMMAND = "broker-config"
HOMES_UNSAID = 3500
"""A municipality of the size of Copenhagen: what `--check` measures a broker by if nobody says --homes."""

Homes = Annotated[int | None, typer.Option("--homes", min=1, max=20_000, help="How many homes it serves.")]
Folder = Annotated[
    Path | None, typer.Option("--folder", help="Where to write; or, with --add-box, where it is.")
]
Check = Annotated[
    Path | None, typer.Option("--check", help="Look at this mosquitto.conf instead of writing one.")
]
AddBox = Annotated[
    list[str] | None, typer.Option("--add-box", help="Credentials for this box; may be repeated.")
]
Force = Annotated[bool, typer.Option("--force", help="Write over what is there; credentials are kept.")]
Demo = Annotated[
    bool, typer.Option("--make-demo-ca", help="Make a CA and all certificates. For demos and tests only.")
]
Ca = Annotated[
    Path | None, typer.Option("--ca", help="Certificate of the CA that signs for homes and on-call.")
]
Cert = Annotated[Path | None, typer.Option("--cert", help="The broker's certificate; with its chain.")]
Key = Annotated[Path | None, typer.Option("--key", help="The private key of --cert.")]
Crl = Annotated[Path | None, typer.Option("--crl", help="List of revoked certificates, of lost boxes.")]
Host = Annotated[
    list[str] | None,
    typer.Option("--host", help="Name or address in a demo's server certificate; may be repeated."),
]
Identity = Annotated[
    str, typer.Option("--identity", help="How homes show who they are: certificate or password.")
]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="Where the broker keeps sessions and messages. Default: in --folder."),
]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="The broker's port.")]
Bind = Annotated[str, typer.Option("--bind", help="Listen on this address only.", show_default=False)]
User = Annotated[str, typer.Option("--user", help="The account that runs the broker.")]
OncallName = Annotated[str, typer.Option("--oncall", help="The name of on-call's account.")]
DropIn = Annotated[
    list[Path] | None,
    typer.Option(
        "--drop-in", help="With --check: systemd's file with LimitNOFILE, where it isn't installed."
    ),
]


def broker_config(
    homes: Homes = None,
    folder: Folder = None,
    check: Check = None,
    add_box: AddBox = None,
    make_demo_ca: Demo = False,
    ca: Ca = None,
    cert: Cert = None,
    key: Key = None,
    crl: Crl = None,
    host: Host = None,
    identity: Identity = "certificate",
    data: Data = None,
    port: Port = 8883,
    bind: Bind = "",
    user: User = "mosquitto",
    oncall: OncallName = "oncall",
    drop_in: DropIn = None,
    force: Force = False,
    as_json: JsonOption = False,
) -> None:
    """Write a mosquitto configuration for --homes homes, add boxes to it, or --check one; exit 1 if that
    found something that endangers alarms."""
    boxes = add_box or []
    if check is not None:
        _check(check, homes or HOMES_UNSAID, oncall, drop_in, as_json)
        return
    if folder is None:
        raise usage("It was not said where.", "Name a folder with --folder, or a configuration with --check.")
    folder = folder.absolute()
    if homes is None:
        if not boxes:
            raise usage("It was not said for how many homes.", "Name the number with --homes.")
        _add(folder, boxes, force, as_json)
        return
    if identity not in ("certificate", "password"):
        raise usage("--identity is certificate or password.", "Name one of them.")
    from dispenserd.broker.template import Choices

    files = _signed_files(folder, make_demo_ca, ca, cert, key)
    choices = Choices(
        homes,
        folder,
        data.absolute() if data else folder / "data",
        *files,
        identity="password" if identity == "password" else "certificate",
        revoked=crl.absolute() if crl else None,
        oncall=oncall,
        user=user,
        port=port,
        bind=bind,
        demo=make_demo_ca,
    )
    _create(choices, host or ["localhost", "127.0.0.1", "::1"], boxes, force, as_json)


def _signed_files(
    folder: Path, demo: bool, ca: Path | None, cert: Path | None, key: Path | None
) -> tuple[Path, Path, Path]:
    """The CA's certificate, the server's and its key."""
    from dispenserd.broker.folder import SERVER, SERVER_KEY
    from dispenserd.broker.template import CA

    given = (ca, cert, key)
    if demo:
        if any(given):
            raise usage("--make-demo-ca makes its own certificates.", "Leave out --ca, --cert and --key.")
        return folder / CA, folder / SERVER, folder / SERVER_KEY
    if ca is None or cert is None or key is None:
        raise usage(
            "A broker without certificates would send health data in clear.",
            "Name --ca, --cert and --key, or --make-demo-ca for a demo.",
        )
    _must_fit(ca, cert, key)
    return ca.absolute(), cert.absolute(), key.absolute()


def _must_fit(ca: Path, cert: Path, key: Path) -> None:
    from dispenserd.broker.certificates import fault_of

    fault = fault_of(ca, cert, key)
    if fault:
        raise Failure(
            Exit.CONFIGURATION,
            "certificates",
            fault,
            "Nothing was written: no home could connect to a broker with these files.",
            "Correct --ca, --cert or --key.",
        )


def _create(choices: Choices, hosts: list[str], boxes: list[str], force: bool, as_json: bool) -> None:
    from dispenserd.broker.folder import BrokerFolderError, create
    from dispenserd.broker.sizes import sizes
    from dispenserd.clock import SystemClock

    try:
        written = create(choices, hosts, boxes, SystemClock().now(), force=force)
    except BrokerFolderError as error:
        raise failed(Exit.CONFIGURATION, "broker_folder", error) from None
    except OSError as fault:
        raise _unwritable(choices.folder, fault) from None
    size = sizes(choices.homes)
    _tell(
        "written",
        choices.folder,
        written,
        as_json,
        homes=choices.homes,
        identity=choices.identity,
        demo=choices.demo,
        max_queued_messages=size.queued_messages,
        limit_nofile=size.files,
    )
    if choices.demo:
        note("Demo: the CA's key lies in this folder; whoever has it can be any home. Never for a real one.")
    note(f"Do next: copy {choices.folder / 'systemd.conf'} as its first lines say, and restart mosquitto.")


def _add(folder: Path, boxes: list[str], force: bool, as_json: bool) -> None:
    from dispenserd.broker.folder import BrokerFolderError, add_boxes
    from dispenserd.clock import SystemClock

    try:
        written = add_boxes(folder, boxes, SystemClock().now(), force=force)
    except BrokerFolderError as error:
        raise failed(Exit.CONFIGURATION, "broker_folder", error) from None
    except OSError as fault:
        raise _unwritable(folder, fault) from None
    _tell("added", folder, written, as_json)
    if (folder / "passwords").exists():
        note("Do next: `systemctl reload mosquitto`, so that the broker knows the new passwords.")


def _tell(did: str, folder: Path, written: Written, as_json: bool, **more: object) -> None:
    if as_json:
        emit(
            COMMAND,
            {
                "did": did,
                "folder": str(folder),
                "files": written.files,
                "boxes": written.boxes,
                "asks_a_ca": written.asks_a_ca,
                **more,
            },
        )
    else:
        for name in written.files:
            print(folder / name)
    if written.asks_a_ca:
        note("Do next: let your CA sign each client.csr; its common name must stay as it is.")


def _check(path: Path, homes: int, oncall: str, drop_ins: list[Path] | None, as_json: bool) -> None:
    from dispenserd.broker.inspection import inspected

    found = inspected(path, homes, oncall, drop_ins or [])
    wrong = sum(finding.result == "wrong" for finding in found)
    if as_json:
        rows = [
            {name: getattr(finding, name) for name in ("setting", "result", "found", "meaning", "fix")}
            for finding in found
        ]
        emit(COMMAND, {"did": "checked", "file": str(path), "homes": homes, "wrong": wrong, "findings": rows})
    else:
        _show(found)
        note(f"{path}: {wrong} wrong, measured by {homes} homes." if wrong else f"{path}: nothing is wrong.")
    if wrong:
        raise typer.Exit(Exit.CHECKED_AND_FALSE)


def _show(found: list[Finding]) -> None:
    from dispenserd.cli.output import console, filled

    styles = {"wrong": "bold red", "unknown": "yellow", "right": ""}
    lines = [
        (
            (each.result, each.setting, each.found, each.meaning, each.fix),
            styles[each.result],
        )
        for each in sorted(found, key=lambda each: each.result == "right")
    ]
    console().print(filled(("result", "setting", "found", "it means", "do"), lines, {"result"}))


def _unwritable(folder: Path, fault: OSError) -> Failure:
    return Failure(
        Exit.CONFIGURATION,
        "broker_folder",
        f"{folder} can't be written: {fault.strerror or type(fault).__name__}.",
        "Nothing was changed: a broker's folder is written whole or not at all.",
        "Check the path, its owner and the space on its disk.",
    )
