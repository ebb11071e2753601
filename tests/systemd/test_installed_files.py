"""A box without a checkout: what `make install-files` lays down is what units, rule and docs/install.md name,
systemd's own programs accept it, and the wheel alone serves a home.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import runpy
import shutil
import site
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dispenserd.config import ConfigError, load
from dispenserd.homes_file import load_homes
from dispenserd.roster_file import load_roster
from tests.support.running_home import RunningHome, Wanted
from tests.support.supervised import Supervised

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "/opt/dispenserd/bin/dispenserd"
PAGE = (ROOT / "docs" / "install.md").read_text()
WATCHDOG_S = 4.0
UDEV_KEY = re.compile(r"(ACTION|SUBSYSTEMS?|ATTRS\{\w+\}|ENV\{\w+\}|SYMLINK|GROUP|MODE|TAG|GOTO|LABEL)")
UDEV_PART = re.compile(r'([A-Z]+(?:\{\w+\})?)(==|!=|\+=|=)"([^"]*)"')


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a box, with nothing on it but our files."""
    root = tmp_path_factory.mktemp("box")
    run("make", "-C", str(ROOT), "install-files", f"DESTDIR={root}")
    return root


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def table() -> dict[str, str]:
    """Path -> owner and mode, as the page tells it."""
    return dict(re.findall(r"^\| `(/[^`]+)` \| .*? \| ([^|]*?) \|$", PAGE, re.MULTILINE))


# --- files ---


def is_told(path: str) -> bool:
    return any(path == each or (each.endswith("/") and path.startswith(each)) for each in table())


def test_every_file_lies_where_the_page_says_readable_by_all_and_writable_by_root(box: Path) -> None:
    laid = [path for path in box.rglob("*") if path.is_file() and not path.is_symlink()]
    assert [path for path in laid if not is_told("/" + str(path.relative_to(box)))] == []
    assert {path.stat().st_mode & 0o777 for path in laid} == {0o644}
    told = [each for each in table() if each.startswith("/usr/") and each != "/usr/bin/dispenserd"]
    assert len(told) >= 10
    assert [each for each in told if not (box / each.lstrip("/")).exists()] == []
    assert str((box / "usr/bin/dispenserd").readlink()) == "/opt/dispenserd/bin/dispenserd"


def test_a_second_time_changes_nothing(box: Path) -> None:
    before = {path: path.read_bytes() for path in box.rglob("*") if path.is_file()}
    run("make", "-C", str(ROOT), "install-files", f"DESTDIR={box}")
    assert {path: path.read_bytes() for path in box.rglob("*") if path.is_file()} == before


def test_the_units_name_only_what_the_page_installs(box: Path) -> None:
    for path in (box / "usr/lib/systemd/system").glob("*.service"):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        named = re.findall(r"/(?:opt|etc|usr|run|var)/[\w./-]+", "\n".join(lines))
        assert len(named) >= 3
        assert [name for name in named if not is_told(name) and name != f"{PROGRAM}"] == []


def test_the_templates_are_the_ones_a_person_has_to_fill_in(box: Path) -> None:
    template = box / "usr/share/dispenserd/dispenserd.toml"
    try:
        config = load(template)
    except ConfigError as error:
        raise AssertionError(f"{error.what} {error.next_step}") from None
    assert str(config.robots[0].port) == "/dev/dispenserd-robot"
    assert config.robots[0].serial == "set-me"


def test_the_files_that_on_calls_template_names_have_templates_and_a_line_on_the_page(
    box: Path, tmp_path: Path
) -> None:
    """Laid down by the page's own line, each can be read; what holds secrets not by everybody."""
    templates = box / "usr/share/dispenserd"
    named = tomllib.loads((templates / "oncall.toml").read_text())["oncall"]
    for key in ("roster", "homes"):
        line = re.search(
            rf"^install -m (\d+) -g (\S+) /usr/share/dispenserd/(\S+) {named[key]}$", PAGE, re.MULTILINE
        )
        assert line is not None, key
        mode, group, name = line.groups()
        assert table()[named[key]] == f"root:{group}, {mode}"
        run("install", "-m", mode, str(templates / name), str(tmp_path / name))
    roster = load_roster(tmp_path / "roster.toml", "Europe/Copenhagen")
    assert [person.name for person in roster.people] == ["set-me too"]
    assert (tmp_path / "roster.toml").stat().st_mode & 0o777 == 0o640
    assert load_homes(tmp_path / "homes.toml") == {"box-0001"}


# --- read by systemd's own programs ---


def test_users_are_made_and_the_units_run_as_them(box: Path, tmp_path: Path) -> None:
    users = tmp_path / "root"
    (users / "etc").mkdir(parents=True)
    run("systemd-sysusers", f"--root={users}", str(box / "usr/lib/sysusers.d/dispenserd.conf"))
    made = {line.split(":")[0]: line.split(":") for line in (users / "etc/passwd").read_text().splitlines()}
    for path in (box / "usr/lib/systemd/system").glob("*.service"):
        (user,) = re.findall(r"^User=(.*)$", path.read_text(), re.MULTILINE)
        (state,) = re.findall(r"^StateDirectory=(\S+)", path.read_text(), re.MULTILINE)
        assert made[user][5] == f"/var/lib/{state}"
        assert made[user][6].endswith("nologin")
    groups = {line.split(":")[0] for line in (users / "etc/group").read_text().splitlines()}
    assert set(re.findall(r'GROUP="(\w+)"', rules(box))) <= groups


def test_folders_for_configuration_are_made_and_the_keys_is_roots_alone(box: Path, tmp_path: Path) -> None:
    name = str(box / "usr/lib/tmpfiles.d/dispenserd.conf")
    made = subprocess.run(
        ["systemd-tmpfiles", f"--root={tmp_path}", "--create", name],
        capture_output=True,
        text=True,
        check=False,
    )
    # Only root may give a folder to root; anything else it has to say is a fault.
    faults = [line for line in made.stderr.splitlines() if os.geteuid() == 0 or "fchownat" not in line]
    assert faults == []
    folder = tmp_path / "etc/dispenserd"
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "credentials").stat().st_mode & 0o777 == 0o700


def test_nothing_starts_by_being_installed(box: Path) -> None:
    preset = (box / "usr/lib/systemd/system-preset/90-dispenserd.preset").read_text()
    told = [line for line in preset.splitlines() if line and not line.startswith("#")]
    assert told == ["disable dispenserd.service", "disable dispenserd-oncall.service"]


# --- the robot's line ---


def rules(box: Path) -> str:
    return (box / "usr/lib/udev/rules.d/60-dispenserd.rules").read_text()


def rule_faults(text: str) -> list[str]:
    """What udev would ignore or trip over: a key, an operator or a label that is none."""
    faults = []
    labels = set(re.findall(r'^LABEL="(\w+)"$', text, re.MULTILINE))
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        for part in line.split(", "):
            found = UDEV_PART.fullmatch(part)
            if found is None or not UDEV_KEY.fullmatch(found[1]):
                faults.append(f"{number}: {part}")
            elif found[1] == "GOTO" and found[3] not in labels:
                faults.append(f"{number}: no label {found[3]}")
    return faults


def udevadm_verifies() -> bool:
    """Debian 12's can't yet (254)."""
    udevadm = shutil.which("udevadm", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    asked = [udevadm or "", "verify", "--help"]
    return udevadm is not None and subprocess.run(asked, capture_output=True, check=False).returncode == 0


def test_udev_gives_the_robots_line_to_the_services_group_under_the_configured_name(box: Path) -> None:
    text = rules(box)
    assert rule_faults(text) == []
    (line,) = [line for line in text.splitlines() if "SYMLINK" in line]
    assert 'SYMLINK+="dispenserd-robot"' in line and 'MODE="0660"' in line and 'GROUP="dispenserd"' in line
    assert 'TAG+="systemd"' in line
    if udevadm_verifies():
        # The group comes with the box's accounts, and this machine may be none.
        run(
            "udevadm",
            "verify",
            "--resolve-names=never",
            str(box / "usr/lib/udev/rules.d/60-dispenserd.rules"),
        )


@pytest.mark.parametrize(
    ("line", "seeded"),
    [
        ('SYMLINK+="dispenserd-robot"', 'SIMLINK+="dispenserd-robot"'),
        ('MODE="0660"', "MODE=0660"),
        ('GOTO="dispenserd_end"', 'GOTO="dispenser_end"'),
        ('GROUP="dispenserd"', 'GROUP:"dispenserd"'),
    ],
)
def test_it_catches_a_rule_that_udev_would_ignore(box: Path, line: str, seeded: str) -> None:
    assert line in rules(box)
    assert rule_faults(rules(box).replace(line, seeded))


# --- the program ---


PROJECT = (ROOT / "pyproject.toml").read_text()


def box_requirements() -> Callable[[str, str], str]:
    found: Callable[[str, str], str] = runpy.run_path(str(ROOT / ".ci/box_requirements.py"))[
        "box_requirements"
    ]
    return found


def test_the_box_gets_what_the_program_needs_with_hashes_and_no_tools() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    kept = box_requirements()(lock, PROJECT)
    names = set(re.findall(r"^([a-z0-9._-]+)==", kept, re.MULTILINE))
    assert needed("dispenserd") <= names, "what this very environment says the program needs"
    tools = {"pytest", "mypy", "ruff", "hypothesis", "hatchling", "import-linter", "types-pyserial"}
    assert not names & tools
    assert "iotcore" not in names, "a broker that proves nothing has no business on a box"
    option, *entries = re.split(r"\n(?=[a-z0-9])", kept.rstrip("\n"))
    assert option == "--only-binary :all:", "nothing is built on a box"
    for entry in entries:
        assert "--hash=sha256:" in entry and entry.rstrip("\n") in lock


def test_a_lock_that_does_not_say_who_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="cobs"):
        box_requirements()("cobs==1.2.2 \\\n    --hash=sha256:00\n", PROJECT)


def test_a_lock_older_than_the_project_is_refused() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    with pytest.raises(ValueError, match="not in the lock: newly-needed"):
        box_requirements()(lock, PROJECT.replace('    "cobs>=', '    "Newly_needed[all]>=1",\n    "cobs>='))


def needed(name: str) -> set[str]:
    """Names of all that is installed because of it, by the packages' own words."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for asked in importlib.metadata.requires(waiting.pop()) or []:
            match = re.match(r"([A-Za-z0-9._-]+)(.*)$", asked)
            assert match is not None
            other = re.sub(r"[-_.]+", "-", match[1]).lower()
            if ";" not in match[2] and other not in found:
                found.add(other)
                waiting.append(other)
    return found


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it and, of this checkout, only the locked packages."""
    place = tmp_path_factory.mktemp("opt")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps"]
    run(*pip, "wheel", "--quiet", *offline, "--no-build-isolation", "--wheel-dir", str(place), str(ROOT))
    (wheel,) = place.glob("dispenserd-*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", str(place / "dispenserd"))
    python = place / "dispenserd/bin/python"
    own = Path(run(str(python), "-c", "import site; print(site.getsitepackages()[0])").strip())
    (own / "locked.pth").write_text(site.getsitepackages()[0] + "\n")
    run(*pip, "--python", str(python), "install", "--quiet", *offline, str(wheel))
    return place / "dispenserd/bin/dispenserd"


def test_without_a_repository_a_play_says_where_scenarios_are(program: Path, tmp_path: Path) -> None:
    asked = subprocess.run(
        [str(program), "simulate", "one_day"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 2
    said = " ".join(asked.stderr.split())
    assert "an installed program brings none" in said
    assert "Name the path of a scenario file" in said


@pytest.fixture
def home(tmp_path: Path) -> Iterator[RunningHome]:
    home = RunningHome(tmp_path, Wanted(robot=None))
    with home.broker:
        home.write_configuration()
        yield home


def test_the_wheel_alone_serves_a_home(program: Path, home: RunningHome) -> None:
    python = str(program.with_name("python"))
    where = "import dispenserd, scheduler; print(dispenserd.__file__, scheduler.__file__)"
    told = subprocess.run(
        [python, "-c", where], cwd=home.folder, capture_output=True, text=True, check=True
    ).stdout
    assert str(ROOT) not in told
    command = [str(program), "run", "--config", str(home.folder / "home.toml")]
    with Supervised(command, home.folder / "log", WATCHDOG_S, str(home.folder / "notify")) as service:
        service.until_ready()
        service.until(lambda: service.life.fed_s, "fed")
        assert service.stop() == 0
