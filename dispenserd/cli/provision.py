"""`provision`: from a bare box to a commissioned home, step by step, each of which can be taken up or undone.

Asks what is missing where a person sits at a terminal, and never with --json. What a step does is
`dispenserd.provision`'s; here it is told.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dispenserd.cli import provision_options as o
from dispenserd.cli.failure import Exit, Failure, usage
from dispenserd.cli.options import PERSON_CHARS_MAX, JsonOption
from dispenserd.cli.output import emit, note, text
from dispenserd.cli.person import user_name
from dispenserd.cli.place import CONFIG_DEFAULT

if TYPE_CHECKING:
    from dispenserd.provision.answers import Question
    from dispenserd.provision.course import Told
    from dispenserd.provision.fault import ProvisionFault
    from dispenserd.provision.layout import Layout
    from dispenserd.provision.undo import Undone

DEMO_FOLDER = Path("dispenserd-demo")
FILE_BYTES_MAX = 4096
LINE_CHARS = 90
"""What a step came to stands in one line up to here, then each part in its own."""


def provision(
    ctx: typer.Context,
    folder: o.FolderOption = None,
    demo: o.DemoOption = False,
    resume: o.ResumeOption = False,
    undo: o.UndoOption = False,
    show: o.ShowOption = False,
    yes: o.YesOption = False,
    by: o.ByOption = "",
    box: o.BoxOption = None,
    zone: o.ZoneOption = None,
    staff_phone: o.StaffPhoneOption = None,
    resident_key: o.ResidentKeyOption = None,
    identifier_system: o.IdentifierSystemOption = None,
    identifier_file: o.IdentifierFileOption = None,
    port: o.PortOption = None,
    robot: o.RobotOption = None,
    accept_unauthenticated: o.AcceptUnauthenticatedOption = None,
    mqtt_host: o.MqttHostOption = None,
    mqtt_port: o.MqttPortOption = None,
    mqtt_username: o.MqttUsernameOption = None,
    mqtt_password_file: o.MqttPasswordFileOption = None,
    mqtt_ca: o.MqttCaOption = None,
    oncall_key: o.OncallKeyOption = None,
    store_key: o.StoreKeyOption = None,
    certificate: o.CertificateOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make this box a commissioned home: identity, keys, robot, resident, broker, checks, test alarm.

    Every step is recorded: a run that stopped goes on with --resume, and --undo takes back what it made.
    With --json: one line a step, then the record; nothing is asked.
    """
    if [resume, undo, show].count(True) > 1:
        raise usage("--resume, --undo and --show can't go together.", "Choose one of them.")
    from dispenserd.provision.fault import ProvisionFault
    from dispenserd.provision.layout import in_folder, system

    whole = folder or (DEMO_FOLDER if demo else None)
    layout = system() if whole is None else in_folder(whole)
    try:
        if show:
            _show(layout, as_json)
        elif undo:
            _undo(layout, yes, as_json)
        else:
            _provision(layout, _given(ctx.params), demo, resume, _person(by), certificate, as_json)
    except ProvisionFault as fault:
        raise _failure(fault, whole) from None
    except (KeyboardInterrupt, typer.Abort):
        if not show:
            _say_where_it_stopped(layout, whole)
        raise


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The answers on the command line, by the names of the questions; None: not given."""
    from dispenserd.provision.answers import BY_NAME

    ca = options["mqtt_ca"]
    secrets = {
        "identifier_value": _line(options["identifier_file"], "--identifier-file"),
        "mqtt_password": _line(options["mqtt_password_file"], "--mqtt-password-file"),
        "mqtt_ca": None if ca is None else str(ca),
        "accept_unauthenticated": options["accept_unauthenticated"],
    }
    return {**{name: options[name] for name in BY_NAME if name not in secrets}, **secrets}


def _provision(
    layout: Layout,
    given: dict[str, Any],
    demo: bool,
    resume: bool,
    by: str,
    certificate: Path | None,
    as_json: bool,
) -> None:
    import asyncio

    from dispenserd.clock import from_environment
    from dispenserd.logs import configure
    from dispenserd.provision.beginning import Wish, alone, begun
    from dispenserd.provision.course import carry_out

    clock = from_environment()
    configure("text", "error", clock)  # on stderr; what the steps say is not said twice
    asks = _ask if sys.stdin.isatty() and not as_json else None
    wish = Wish(given, demo, resume, by, certificate)
    with alone(layout.configuration):
        site = begun(layout, wish, clock, asks, _tell)
        record = asyncio.run(carry_out(site, _JsonSteps() if as_json else _Steps()))
    if as_json:
        emit("provision", _summary(layout, record))
        return
    _print_record(record, layout)
    for line in _next(record, layout):
        note(line)


def _next(record: Mapping[str, Any], layout: Layout) -> list[str]:
    """What only people can do now."""
    config = "" if layout.toml == CONFIG_DEFAULT else f" --config {layout.toml}"
    loads = (
        f"`dispenserd roll load {'ROLL.json' if not record['demo'] else layout.toml.with_name('roll.json')}"
    )
    serves = [] if layout.toml == CONFIG_DEFAULT else [f"serve the home: `dispenserd run{config}`"]
    phones = (
        "telephone on-call: `dispenserd oncall key` shows them their fingerprint, compare it group by group"
    )
    steps = [
        *([] if record["demo"] else [phones]),
        *serves,
        f"say which roll was put in: {loads}{config}`",
        f"look at everything: `dispenserd doctor{config}`",
    ]
    return ["Do next:", *(f"  {number}. {step}" for number, step in enumerate(steps, start=1))]


class _Steps:
    """For people: each step before it begins, and what came of it."""

    def begins(self, step: str, number: int, of: int, says: str) -> None:
        note(f"[{number}/{of}] {says} ...")

    def ended(self, told: Told) -> None:
        shown = [f"{name} {text(value)}" for name, value in told.result.items() if _shows(value)]
        words = {"done": "done", "kept": "done before", "failed": "not done"}[told.state]
        if sum(map(len, shown)) < LINE_CHARS:
            note(f"      {words}{': ' if shown else ''}{', '.join(shown)}")
            return
        for line in (words, *(f"  {each}" for each in shown)):
            note(f"      {line}")


class _JsonSteps(_Steps):
    def begins(self, step: str, number: int, of: int, says: str) -> None:
        pass

    def ended(self, told: Told) -> None:
        body = {"step": told.step, "number": told.number, "of": told.of, "state": told.state}
        emit("provision-step", {**body, "result": told.result})


def _undo(layout: Layout, yes: bool, as_json: bool) -> None:
    from dispenserd.provision import undo
    from dispenserd.provision.beginning import alone
    from dispenserd.provision.course import unwritten
    from dispenserd.provision.progress import Progress

    with alone(layout.configuration):
        progress = Progress.load(layout.progress)
        going = [] if progress is None else undo.what_would_go(layout, progress)
        for path in going:
            note(f"would delete {path}")
        if going and not yes:
            _must_agree(len(going), as_json)
        try:
            undone = undo.sweep(layout) if progress is None else undo.take_back(layout, progress)
        except OSError as fault:
            raise unwritten(fault) from None
    if as_json:
        emit("provision-undo", undo.plain(undone))
    else:
        _say_what_is_left(undone)


def _say_what_is_left(undone: Undone) -> None:
    taken = f"Taken back: {len(undone.removed)} files and folders."
    if not undone.kept:
        typer.echo(f"{taken} This box is as bare as before.")
        return
    for kept in undone.kept:
        typer.echo(f"{kept} stays: it holds files that provisioning did not make.")
    typer.echo(f"{taken} What stays may be of the resident: look through it, then keep it or delete it.")


def _say_where_it_stopped(layout: Layout, folder: Path | None) -> None:
    """After a Ctrl-C: what stands, and how it goes on."""
    if not layout.progress.exists():
        note("Stopped. Nothing was made.")
        return
    note("Stopped. Every file is whole; what was done stays done.")
    note(f"Do next: `{_with_folder('dispenserd provision --resume', folder)}` goes on, --undo takes it back.")


def _must_agree(count: int, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise usage("--undo deletes keys for good, and nobody is asked here.", "Add --yes if that is meant.")
    if not typer.confirm(
        f"Delete these {count} files and folders? Keys among them can't be had back", err=True
    ):
        raise typer.Abort


def _show(layout: Layout, as_json: bool) -> None:
    from dispenserd.provision.course import shown_record

    record = shown_record(layout)
    if as_json:
        emit("provision", _summary(layout, record))
    else:
        _print_record(record, layout)


def _summary(layout: Layout, record: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": "commissioned",
        "config": str(layout.toml),
        "record_file": str(layout.record),
        "record": record,
    }


def _print_record(record: dict[str, Any], layout: Layout) -> None:
    robot, live = record["robot"], record["live"]
    warnings = [check for check in record["checks"] if check["verdict"] == "warning"]
    lines = [
        f"Commissioned: {record['box']}{' (demo, no real home)' if record['demo'] else ''}",
        f"  on {record['commissioned'][:16]}Z by {record['by']}, dispenserd {record['dispenserd']}",
        f"  robot {robot['serial']}, firmware {robot['firmware']}, at {robot['port']}",
        f"  resident {record['resident']}",
        f"  the box's fingerprint     {record['signing_fingerprint']}",
        f"  on-call's fingerprint     {record['oncall_fingerprint']}  (compare it by telephone)",
        f"  broker {record['broker']['broker']}, {'' if record['broker']['encrypted'] else 'NOT '}encrypted",
        f"  test alarm: {live['test_alarm']['said']}",
        *(f"  note: {check['said']} {check['next_step']}" for check in warnings),
        f"  configuration {layout.toml}, record {layout.record}",
    ]
    for line in lines:
        typer.echo(text(line))


def _ask(question: Question, default: str, fault: str) -> str:
    """On stderr: stdout holds the result alone."""
    if fault:
        note(f"  That can't be: {fault}.")
    else:
        note(f"{question.asks}. {question.why}")
    asked: str = typer.prompt(
        "  type it, nothing will be shown" if question.secret else f"  {question.flag}",
        default=default,
        hide_input=question.secret,
        err=True,
        show_default=bool(default),
    )
    return asked


def _tell(said: str) -> None:
    note(f"      {said}")


def _line(path: Path | None, flag: str) -> str | None:
    """A secret's one line, out of a file: on a command line everybody on the box could read it."""
    if path is None:
        return None
    try:
        raw = sys.stdin.buffer.readline() if str(path) == "-" else path.read_bytes()
        line = raw.decode().strip()
    except (OSError, UnicodeDecodeError) as fault:
        why = getattr(fault, "strerror", None) or "no UTF-8 text"
        raise usage(f"The file of {flag} can't be read ({why}).", "Name a file with one line.") from None
    if not line or len(line) > FILE_BYTES_MAX or not line.isprintable():
        raise usage(f"The file of {flag} does not hold one line.", "Name a file with one line.")
    return line


def _person(by: str) -> str:
    name = by.strip() or user_name()
    if len(name) > PERSON_CHARS_MAX or not name.isprintable():
        raise usage(f"--by must be 1 to {PERSON_CHARS_MAX} printable characters.", "Say who provisions.")
    return name


def _with_folder(command: str, folder: Path | None) -> str:
    return command if folder is None else f"{command} --folder {folder}"


def _shows(value: object) -> bool:
    return value not in (None, "") and not isinstance(value, list | tuple | dict)


def _failure(fault: ProvisionFault, folder: Path | None) -> Failure:
    """What to do next names the folder, so that the command can be taken as it stands."""
    from dispenserd.provision.fault import RESUME, Sort

    resume = _with_folder(RESUME, folder)
    exits = {
        Sort.CHECKED_AND_FALSE: Exit.CHECKED_AND_FALSE,
        Sort.USAGE: Exit.USAGE,
        Sort.CONFIGURATION: Exit.CONFIGURATION,
        Sort.NOT_REACHABLE: Exit.NOT_REACHABLE,
        Sort.STORE: Exit.STORE,
        Sort.REFUSED: Exit.REFUSED,
    }
    return Failure(
        exits[fault.sort], fault.code, fault.what, fault.meaning, fault.next_step.replace(RESUME, resume)
    )
