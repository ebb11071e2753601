"""The box's and on-call's configuration: the annotated defaults load, and every fault is said in words."""

from __future__ import annotations

import re
import tomllib
from datetime import time, timedelta
from pathlib import Path

import pytest

from dispenserd.config import ConfigError, CredentialKey, FileKey, limits, load, load_oncall
from dispenserd.config_file import FILE_BYTES_MAX
from scheduler.limits import Limits

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = (ROOT / "config" / "dispenserd.toml").read_text()
ONCALL_DEFAULTS = (ROOT / "config" / "oncall.toml").read_text()
IDENTITY = "131313-9999"


def written(folder: Path, text: str) -> Path:
    path = folder / "dispenserd.toml"
    path.write_text(text)
    return path


def changed(folder: Path, old: str, new: str) -> Path:
    assert old in DEFAULTS, old
    return written(folder, DEFAULTS.replace(old, new, 1))


def fault(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        load(path)
    return raised.value


def test_the_annotated_defaults_are_valid() -> None:
    config = load(ROOT / "config" / "dispenserd.toml")
    assert config.home.zone == "Europe/Copenhagen"
    assert config.clock_times.morning == time(8)
    assert isinstance(config.store.key, CredentialKey)
    assert limits(config) == Limits()


def test_the_annotated_defaults_of_on_call_are_valid() -> None:
    config = load_oncall(ROOT / "config" / "oncall.toml")
    assert config.oncall.database == Path("/var/lib/dispenserd-oncall/oncall.db")


def test_the_limits_shown_in_the_annotated_defaults_are_the_real_ones(tmp_path: Path) -> None:
    shown = DEFAULTS.partition("[limits]")[2]
    uncommented = re.sub(r"^# (?=[a-z_]+ = )", "", shown, flags=re.MULTILINE)
    path = written(tmp_path, DEFAULTS.partition("[limits]")[0] + "[limits]" + uncommented)
    assert len(tomllib.loads(path.read_text())["limits"]) == 18
    assert limits(load(path)) == Limits()


def test_every_key_of_the_configuration_is_in_the_annotated_defaults() -> None:
    from dispenserd import config as cfg

    for model, text in ((cfg.Config, DEFAULTS), (cfg.OncallConfig, ONCALL_DEFAULTS)):
        for name, section in model.model_fields.items():
            for key in getattr(section.annotation, "model_fields", {}):
                assert re.search(rf"^(# )?{key} = |^\[{name}\.{key}\]", text, re.MULTILINE), f"{name}.{key}"


def test_relative_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    text = DEFAULTS.replace('path = "/var/lib/dispenserd/home.db"', 'path = "home.db"')
    text = text.replace(
        'provider = "credential"\nname = "store-key"', 'provider = "file"\npath = "keys/store.key"'
    )
    config = load(written(tmp_path, text))
    assert config.store.path == tmp_path / "home.db"
    assert config.store.key == FileKey(provider="file", path=tmp_path / "keys" / "store.key")
    assert config.control.socket == Path("/run/dispenserd/control.sock")


def test_a_homes_own_limits_replace_the_defaults(tmp_path: Path) -> None:
    text = DEFAULTS + "\nwindow_min = 90\nreceipt_s = 0.5\n"
    assert limits(load(written(tmp_path, text))) == Limits(
        window=timedelta(minutes=90), receipt=timedelta(seconds=0.5)
    )


@pytest.mark.parametrize(
    "line",
    [
        "order_life_s = 121",
        "press_age_s = 61",
        "command_life_s = 601",
        "idle_proof_min = 61",
        "receipt_s = 31",
        "alarm_test_s = 121",
    ],
)
def test_a_limit_that_a_rule_fixes_can_not_be_loosened(tmp_path: Path, line: str) -> None:
    error = fault(written(tmp_path, f"{DEFAULTS}\n{line}\n"))
    assert line.partition(" ")[0] in error.what


def test_a_reminder_interval_must_fit_into_the_window(tmp_path: Path) -> None:
    error = fault(written(tmp_path, f"{DEFAULTS}\nwindow_min = 30\nreminder_every_min = 30\n"))
    assert "limits reminder_every_min must be shorter than the window" in error.what


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'zone = "Europe/Copenhagen"',
            'zoen = "Europe/Copenhagen"',
            'home.zoen is no known key (did you mean "zone"?)',
        ),
        ("[robot]", "[robott]", 'robott is no known key (did you mean "robot"?)'),
        ("demo = false", 'socket = "s"', "home.socket is no known key (it belongs in [control])"),
        ("[store.key]", "[store.key]\npaht = 1", 'store.key.paht is no known key (did you mean "path"?)'),
        ("demo = false", "demo = false\nxyzzyx = 1", "home.xyzzyx is no known key"),
        (
            'zone = "Europe/Copenhagen"',
            'zone = "Europe/Kobenhavn"',
            "home.zone must be a time zone of the IANA list",
        ),
        (
            'zone = "Europe/Copenhagen"',
            'zone = "../etc/passwd"',
            "home.zone must be a time zone of the IANA list",
        ),
        ('morning = "08:00"', 'morning = "8"', "clock_times.morning must be a clock time"),
        ('morning = "08:00"', 'morning = "24:00"', "clock_times.morning must be a clock time"),
        ('morning = "08:00"', 'morning = "08:00:30"', "clock_times.morning must be a clock time"),
        (
            'morning = "08:00"',
            'morning = "12:30"',
            "clock_times morning, noon, evening and night must follow",
        ),
        ('night = "22:00"', 'night = "00:30"', "clock_times morning, noon, evening and night must follow"),
        ("known = []", 'known = ["N02BE"]', "medicine.known.0 must be whole ATC codes"),
        ("known = []", 'known = "N02BE01"', "medicine.known must be a list"),
        ("baud = 115200", 'baud = "115200"', "robot.baud"),
        ("baud = 115200", "baud = 115201", "robot.baud"),
        ("accept_unauthenticated = false", "accept_unauthenticated = 0", "must be true or false"),
        ("port = 8883", "port = 8883.5", "mqtt.port must be a whole number"),
        ("port = 8883", "port = 65536", "mqtt.port"),
        ("poll_s = 5.0", "poll_s = 0.0", "fagsystem.poll_s"),
        ("poll_s = 5.0", "poll_s = nan", "fagsystem.poll_s"),
        ('box = "box-0001"', 'box = "home/+/#"', "home.box must be 1-32 letters"),
        ('provider = "credential"', 'provider = "tpm"', 'store.key.provider must be "file" or "credential"'),
        ('provider = "credential"', "", "store.key.provider is missing"),
        ('name = "store-key"', "", "store.key.name is missing"),
        ('name = "store-key"', 'name = "../key"', "store.key.name must be"),
        ('socket = "/run/dispenserd/control.sock"', "", "control.socket is missing"),
        ('socket = "/run/dispenserd/control.sock"', "socket = 7", "control.socket must be a path in quotes"),
        ('socket = "/run/dispenserd/control.sock"', 'socket = ""', "control.socket must be a path in quotes"),
        ('username = "box-0001"', "", "mqtt password_file needs a username"),
    ],
)
def test_a_fault_is_named_by_its_place_and_what_belongs_there(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    error = fault(changed(tmp_path, old, new))
    assert said in error.what
    assert error.meaning == "Nothing was started or changed: a configuration is used whole or not at all."
    assert error.next_step.startswith("Correct ")


def test_several_faults_are_told_at_once_and_many_are_counted(tmp_path: Path) -> None:
    text = DEFAULTS.replace("demo = false", "demo = 0").replace("baud = 115200", "baud = 1")
    assert "has 2 faults: home.demo" in fault(written(tmp_path, text)).what
    many = "".join(f"unknown{n} = 1\n" for n in range(9))
    assert "has 9 faults" in fault(written(tmp_path, many + DEFAULTS)).what
    assert "and 4 more" in fault(written(tmp_path, many + DEFAULTS)).what


def test_no_error_quotes_a_value(tmp_path: Path) -> None:
    lines = [
        f'identifier_value = ["{IDENTITY}"]',
        f'identifier_value = "{IDENTITY}"\nidentifier_valeu = "{IDENTITY}"',
        f"identifier_value = {IDENTITY}",
        f'identifier_value = "{IDENTITY}',
        f'identifier_value = "{IDENTITY * 20}"',
        f'identifier_value = "{IDENTITY}"\nidentifier_value = "{IDENTITY}"',
        f'identifier_value = "x"\nkey = "{IDENTITY}"',
    ]
    for line in lines:
        error = fault(changed(tmp_path, 'identifier_value = "set-me"', line))
        assert IDENTITY not in f"{error} {error.what} {error.meaning} {error.next_step}"
        assert error.__cause__ is None


def test_a_peculiar_key_is_not_repeated_on_the_terminal(tmp_path: Path) -> None:
    error = fault(written(tmp_path, '"\\u001b[2J" = 1\n' + DEFAULTS))
    assert "\x1b" not in error.what
    assert "? is no known key" in error.what


def test_a_missing_file_a_folder_no_utf8_and_no_toml_are_told_apart(tmp_path: Path) -> None:
    assert "does not exist" in fault(tmp_path / "none.toml").what
    assert "can't be read" in fault(tmp_path).what
    latin = tmp_path / "latin.toml"
    latin.write_bytes("box = 'å'".encode("latin-1"))
    assert "is no UTF-8 text" in fault(latin).what
    assert "is no valid TOML at line 2, column" in fault(written(tmp_path, "[home]\nbox box\n")).what
    assert (
        f"is larger than {FILE_BYTES_MAX} bytes" in fault(written(tmp_path, "#" * (FILE_BYTES_MAX + 1))).what
    )


def test_a_deeply_nested_file_is_an_error_and_no_crash(tmp_path: Path) -> None:
    assert "is no valid TOML" in fault(written(tmp_path, "a = " + "[" * 5000)).what


def test_a_loaded_configuration_can_not_be_changed() -> None:
    config = load(ROOT / "config" / "dispenserd.toml")
    with pytest.raises(ValueError, match="frozen"):
        config.robots[0].accept_unauthenticated = True


def test_a_native_toml_time_is_a_clock_time_too(tmp_path: Path) -> None:
    assert load(changed(tmp_path, 'morning = "08:00"', "morning = 07:30:00")).clock_times.morning == time(
        7, 30
    )
