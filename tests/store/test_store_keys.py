"""Where the key comes from, and what is refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dispenserd.security.keys import CredentialKey, FileKey, KeyProvider, create_file_key
from dispenserd.store.errors import StoreKeyError

KEY = bytes(range(32))


def written(path: Path, key: bytes = KEY, mode: int = 0o600) -> Path:
    path.write_bytes(key)
    path.chmod(mode)
    return path


def refusal(provider: KeyProvider) -> str:
    """The whole text of the error, which has all three parts."""
    with pytest.raises(StoreKeyError) as refused:
        provider.key()
    parts = (refused.value.what, refused.value.meaning, refused.value.next_step)
    assert all(parts)
    return " ".join(parts)


def test_a_private_file_of_32_bytes_is_the_key(tmp_path: Path) -> None:
    assert FileKey(written(tmp_path / "key")).key() == KEY
    assert FileKey(written(tmp_path / "key", mode=0o400)).key() == KEY


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o604, 0o601, 0o666])
def test_a_key_file_that_others_may_touch_is_refused_with_its_mode(tmp_path: Path, mode: int) -> None:
    assert f"{mode:04o}" in refusal(FileKey(written(tmp_path / "key", mode=mode)))


@pytest.mark.parametrize("key", [b"", KEY[:31], KEY + b"\n", KEY.hex().encode()])
def test_a_key_of_another_size_is_refused_and_not_shown(tmp_path: Path, key: bytes) -> None:
    text = refusal(FileKey(written(tmp_path / "key", key)))
    assert "32 bytes" in text
    assert KEY.hex()[:16] not in text


def test_a_missing_key_file_is_refused_with_its_path(tmp_path: Path) -> None:
    assert str(tmp_path / "key") in refusal(FileKey(tmp_path / "key"))


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_refused_without_waiting_for_it(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "key")
    assert "is no file" in refusal(FileKey(tmp_path / "key"))


def test_a_new_key_file_is_private_and_random_and_never_replaced(tmp_path: Path) -> None:
    create_file_key(tmp_path / "one")
    create_file_key(tmp_path / "two")
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600
    first = FileKey(tmp_path / "one").key()
    assert first != FileKey(tmp_path / "two").key()
    with pytest.raises(FileExistsError):
        create_file_key(tmp_path / "one")
    assert FileKey(tmp_path / "one").key() == first


def test_a_systemd_credential_is_the_key(tmp_path: Path) -> None:
    written(tmp_path / "store-key", mode=0o440)  # as systemd mounts it
    assert CredentialKey("store-key", str(tmp_path)).key() == KEY


@pytest.mark.parametrize("directory", [None, ""])
def test_without_a_credentials_directory_the_error_names_the_variable(directory: str | None) -> None:
    assert "CREDENTIALS_DIRECTORY" in refusal(CredentialKey("store-key", directory))


def test_a_missing_or_short_credential_and_a_name_with_a_folder_are_refused(tmp_path: Path) -> None:
    inside = tmp_path / "credentials"
    inside.mkdir()
    written(tmp_path / "elsewhere")
    written(inside / "short", KEY[:16])
    assert "can't be read" in refusal(CredentialKey("absent", str(inside)))
    assert "32 bytes" in refusal(CredentialKey("short", str(inside)))
    assert "is a path" in refusal(CredentialKey("../elsewhere", str(inside)))


def test_a_provider_never_shows_its_key(tmp_path: Path) -> None:
    provider = FileKey(written(tmp_path / "key"))
    provider.key()
    assert KEY.hex() not in repr(provider)
    assert repr(KEY) not in repr(provider)
