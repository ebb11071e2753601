"""Where things live: root folders, package names, test files, the lock, the two commands.

Every check is a function over plain data; beside each stands a test that it notices a violation.
"""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping

import pytest

from tests.support.sources import ROOMS, ROOT, files, texts

FOLDERS = {".ci", "config", "docs", "systemd", "tests", *ROOMS}
ROOT_FILES = {".gitignore", "LICENSE", "Makefile", "README.md", "pyproject.toml", "requirements.lock"}

REGISTRY = re.compile(
    r"https?://\S*(?:/simple\b|/packages/|registry\.|pypi\.org|pythonhosted\.org)|file:/{2}"
)
MACHINE = re.compile(
    "|".join((r"(?<![\w.])/" + "root/", r"(?<![\w.])/" + "work/", r"(?<![\w.])/" + r"home/(?!%)\w"))
)


def strange_roots(paths: Iterable[str]) -> set[str]:
    allowed = FOLDERS | ROOT_FILES
    return {first for path in paths if (first := path.split("/", 1)[0]) not in allowed}


def missing_roots(paths: Iterable[str]) -> set[str]:
    present = {path.split("/", 1)[0] for path in paths}
    return (FOLDERS | ROOT_FILES) - {"systemd"} - present


def shadowing(paths: Iterable[str]) -> list[str]:
    """An __init__.py under tests would make `tests/protocol` the package `protocol`."""
    return [path for path in paths if path.startswith("tests/") and path.endswith("__init__.py")]


def repeated_test_names(paths: Iterable[str]) -> list[str]:
    counts = Counter(path.rsplit("/", 1)[-1] for path in paths if re.search(r"^tests/.*/test_\w+\.py$", path))
    return [name for name, count in counts.items() if count > 1]


def rival_distributions(providers: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Other installed distributions that bring one of our import names with them."""
    return {
        name: others
        for name in (*ROOMS, "tests")
        if (others := [owner for owner in providers.get(name, []) if owner != "dispenserd"])
    }


def lock_faults(lock: str) -> list[str]:
    """Packages without a hash, pins that are no pins, addresses."""
    faults = REGISTRY.findall(lock)
    for entry in re.split(r"\n(?=[a-zA-Z0-9])", lock):
        head = entry.split("\n", 1)[0]
        if head.startswith("#"):
            continue
        if "==" not in head:
            faults.append(f"not pinned: {head}")
        if "--hash=sha256:" not in entry:
            faults.append(f"no hash: {head}")
    return faults


def unlocked(pyproject: str, lock: str) -> set[str]:
    """Packages that pyproject.toml asks for and the lock does not hold."""
    data = tomllib.loads(pyproject)
    asked = [*data["project"]["dependencies"], *data["dependency-groups"]["dev"]]
    names = {match[0].lower() for text in asked if (match := re.match(r"[A-Za-z0-9_.-]+", text))}
    return names - set(re.findall(r"^([a-z0-9_.-]+)==", lock, re.MULTILINE))


def machine_traces(contents: Mapping[str, str]) -> list[str]:
    return [
        f"{path}:{number}"
        for path, text in contents.items()
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE.search(line) or REGISTRY.search(line)
    ]


def missing_commands(makefile: str, readme: str) -> list[str]:
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    return [name for name in ("demo", "test") if name not in targets or f"make {name}" not in readme]


def test_the_root_holds_the_rooms_and_nothing_else() -> None:
    assert strange_roots(files()) == set()
    assert missing_roots(files()) == set()


@pytest.mark.parametrize("path", ["utils/time.py", "uv.lock", "setup.py", "src/dispenserd/app.py"])
def test_it_catches_a_stranger_in_the_root(path: str) -> None:
    assert strange_roots([*files(), path])


def test_it_catches_a_room_that_is_gone() -> None:
    assert missing_roots([path for path in files() if not path.startswith("drivers/")]) == {"drivers"}


def test_no_package_under_tests_shadows_a_room() -> None:
    assert shadowing(files()) == []
    assert shadowing(["tests/protocol/__init__.py"])


def test_test_files_have_names_of_their_own() -> None:
    assert repeated_test_names(files()) == []
    assert repeated_test_names(["tests/drivers/test_a.py", "tests/store/deep/test_a.py"]) == ["test_a.py"]


def test_no_other_installed_distribution_has_our_import_names() -> None:
    assert rival_distributions(importlib.metadata.packages_distributions()) == {}


def test_it_catches_a_rival_distribution() -> None:
    assert rival_distributions({"protocol": ["dispenserd", "other"]}) == {"protocol": ["other"]}


def test_the_console_script_leads_to_a_function() -> None:
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="dispenserd")
    assert callable(script.load())


def test_the_lock_pins_everything_by_hash_and_names_no_address() -> None:
    lock = texts()["requirements.lock"]
    assert lock_faults(lock) == []
    assert unlocked(texts()["pyproject.toml"], lock) == set()


@pytest.mark.parametrize(
    "line",
    [
        "somepackage==1.0",
        "somepackage>=1.0 \\\n    --hash=sha256:00",
        "--index-url https://" + "pypi.org/simple",
        "--find-links file:" + "///srv/wheels",
    ],
)
def test_it_catches_a_loose_lock(line: str) -> None:
    assert lock_faults(f"{texts()['requirements.lock']}{line}\n")


def test_it_catches_a_dependency_that_nobody_locked() -> None:
    changed = texts()["pyproject.toml"].replace(
        "dependencies = [", 'dependencies = [\n    "unheard-of>=1",', 1
    )
    assert unlocked(changed, texts()["requirements.lock"]) == {"unheard-of"}


def test_no_file_speaks_of_one_machine_or_of_a_registry() -> None:
    assert machine_traces(texts()) == []


@pytest.mark.parametrize(
    "line", ["cd /" + "work/main", "see /" + "root/.cache", "/" + "home/anna/x", "https://" + "pypi.org/x"]
)
def test_it_catches_traces_of_a_machine(line: str) -> None:
    assert machine_traces({"docs/guide.md": f"first\n{line}\n"}) == ["docs/guide.md:2"]


def test_the_two_commands_exist_and_the_readme_names_them() -> None:
    makefile, readme = (ROOT / "Makefile").read_text(), texts()["README.md"]
    assert missing_commands(makefile, readme) == []
    assert missing_commands(makefile.replace("\ndemo:", "\nplay:"), readme) == ["demo"]
    assert missing_commands(makefile, readme.replace("make test", "pytest")) == ["test"]


def test_continuous_integration_runs_make_test() -> None:
    assert re.search(r"^make test\b", texts()[".ci/run"], re.MULTILINE)
