"""The signing key's files: made once, private, and never replaced by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispenserd.oncall import keys


def test_the_first_run_makes_a_private_key_and_its_public_half(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    key = keys.load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.public_path(path).read_text() == key.public.hex() + "\n"
    assert keys.load_or_create(path) == key
    assert sorted(each.name for each in tmp_path.iterdir()) == ["signing.key", "signing.key.pub"]
    assert key.private.hex() not in repr(key)


def test_a_missing_public_half_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    key = keys.load_or_create(path)
    keys.public_path(path).unlink()
    assert keys.load_or_create(path) == key
    assert keys.public_path(path).exists()


@pytest.mark.parametrize("text", ["", "zz" * 32, "ab" * 31, "ab" * 33])
def test_a_damaged_key_is_said_and_not_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "signing.key"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(keys.KeyFault, match="64 hex") as fault:
        keys.load_or_create(path)
    assert path.read_text() == text
    assert text not in str(fault.value) or not text


def test_a_key_open_to_others_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "signing.key"
    keys.load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(keys.KeyFault, match="other users"):
        keys.load(path)
