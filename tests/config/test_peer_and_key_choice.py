"""What the configuration chooses beyond the file itself: store key, broker, on-call's public key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from dispenserd import config as cfg
from dispenserd.broker import credentials
from dispenserd.config_file import ConfigError
from dispenserd.config_forms import FOLDER
from dispenserd.key_choice import key_provider
from dispenserd.peer_choice import broker, public_key
from dispenserd.security import keys


def mqtt(**values: object) -> cfg.MqttSection:
    return cfg.MqttSection.model_validate({"host": "127.0.0.1", **values}, context={FOLDER: Path("/")})


def test_the_store_key_comes_from_the_chosen_provider(tmp_path: Path) -> None:
    def section(**key: str) -> cfg.StoreSection:
        return cfg.StoreSection.model_validate({"path": "x.db", "key": key}, context={FOLDER: tmp_path})

    assert key_provider(section(provider="file", path="k")) == keys.FileKey(tmp_path / "k")
    named = section(provider="credential", name="store-key")
    assert key_provider(named, {"CREDENTIALS_DIRECTORY": "/run/c"}) == keys.CredentialKey(
        "store-key", "/run/c"
    )
    assert key_provider(named, {}) == keys.CredentialKey("store-key", None)


def test_the_brokers_password_is_one_line_and_not_everybodys(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    file.chmod(0o640)
    chosen = mqtt(username="box", password_file=str(file))
    assert broker(chosen).password == "s3cret"
    assert "s3cret" not in repr(broker(chosen))
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="may be used by everybody") as raised:
        broker(chosen)
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"a\nb\n", b"\xff\xfe", b"x" * 5000])
def test_a_password_file_that_is_none_is_a_configuration_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(ConfigError):
        broker(mqtt(username="box", password_file=str(file)))


def test_a_missing_password_or_ca_file_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="password_file can't be read"):
        broker(mqtt(username="box", password_file=str(tmp_path / "none")))
    with pytest.raises(ConfigError, match="ca_file is no file"):
        broker(mqtt(ca_file=str(tmp_path / "none")))


def test_on_calls_public_key_is_64_hex_characters(tmp_path: Path) -> None:
    file = tmp_path / "oncall.pub"
    file.write_text("ab" * 32 + "\n")
    assert public_key(file) == b"\xab" * 32
    for wrong in ("ab" * 31, "ab" * 33, "xy" * 32):
        file.write_text(wrong)
        with pytest.raises(ConfigError, match="64 hexadecimal"):
            public_key(file)


def pair_of(folder: Path, name: str) -> dict[str, str]:
    made = credentials.client(credentials.make_ca(datetime.now(UTC)), name, datetime.now(UTC))
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(made.certificate)
    key.write_bytes(made.key)
    key.chmod(0o640)
    return {"ca_file": str(certificate), "certificate_file": str(certificate), "key_file": str(key)}


def test_a_certificate_goes_to_the_broker_with_its_key(tmp_path: Path) -> None:
    files = pair_of(tmp_path, "box")
    chosen = broker(mqtt(**files))
    assert (chosen.certificate_file, chosen.key_file) == (tmp_path / "box.pem", tmp_path / "box.key")
    (tmp_path / "box.key").chmod(0o644)
    with pytest.raises(ConfigError, match="key_file may be used by everybody"):
        broker(mqtt(**files))


def test_a_certificate_that_does_not_fit_its_key_is_a_configuration_error(tmp_path: Path) -> None:
    one, two = pair_of(tmp_path, "one"), pair_of(tmp_path, "two")
    with pytest.raises(ConfigError, match="key_file does not belong to certificate_file"):
        broker(mqtt(**{**one, "key_file": two["key_file"]}))
    (tmp_path / "one.pem").write_text("no PEM")
    with pytest.raises(ConfigError, match="can't be read as PEM"):
        broker(mqtt(**one))
    (tmp_path / "one.pem").unlink()
    with pytest.raises(ConfigError, match="certificate_file is no file"):
        broker(mqtt(**{**one, "ca_file": two["ca_file"]}))


@pytest.mark.parametrize("missing", ["certificate_file", "key_file", "ca_file"])
def test_certificate_key_and_ca_are_configured_together_or_not_at_all(tmp_path: Path, missing: str) -> None:
    files = pair_of(tmp_path, "box")
    del files[missing]
    with pytest.raises(ValidationError, match=r"both or none|needs a ca_file"):
        mqtt(**files)
