"""Takes back what a provisioning made, and only that: newest first, the account of it last.

A store whose journal holds events is the record of what happened in a home. It is never deleted here, nor is
the key or the configuration that it needs to be read: then nothing is taken back at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dispenserd.durable import sync_folder
from dispenserd.provision import live
from dispenserd.provision.beginning import nothing_begun
from dispenserd.provision.fault import ProvisionFault, Sort
from dispenserd.provision.layout import CREDENTIAL_NAME, Layout
from dispenserd.provision.making import store_key
from dispenserd.provision.progress import Progress
from dispenserd.provision.writing import draft_of
from dispenserd.store.errors import StoreError
from dispenserd.store.store import Store

STORE_COMPANIONS = ("", "-wal", "-shm", ".lock", ".emergency")
"""What a store that never held an event leaves beside itself."""


@dataclass(frozen=True, slots=True)
class Undone:
    removed: tuple[str, ...]
    kept: tuple[str, ...]  # folders of ours in which somebody else's files lie


def what_would_go(layout: Layout, progress: Progress) -> list[Path]:
    """Files and folders that provisioning made and that are still there. ProvisionFault where nothing may be
    taken back: the home runs, or its journal holds events."""
    if live.answers(layout.socket) is not None:
        raise ProvisionFault(
            Sort.REFUSED, "home_runs", "The home is running.",
            "What it lives on can't be taken from under it; nothing was taken back.",
            "Stop it first: `systemctl disable --now dispenserd`, or end `dispenserd run`.",
        )  # fmt: skip
    _must_hold_no_events(layout, progress)
    ours = [path for claimed in progress.claimed for path in (Path(claimed), draft_of(Path(claimed)))]
    if _keys(layout, progress):
        ours += _store_files(layout)
    return [path for path in reversed(ours) if path.exists() or path.is_symlink()]


def take_back(layout: Layout, progress: Progress) -> Undone:
    """May be repeated after a kill: the account of what was made goes last."""
    removed, kept = [], []
    for path in what_would_go(layout, progress):
        if not path.is_dir():
            path.unlink()
            removed.append(str(path))
        elif path != progress.path.parent and not _remove_folder(path, removed):
            kept.append(str(path))
    draft_of(progress.path).unlink(missing_ok=True)
    progress.path.unlink(missing_ok=True)
    sync_folder(progress.path.parent)
    removed.append(str(progress.path))
    own = progress.path.parent
    if progress.claims(own) and not _remove_folder(own, removed):
        kept.append(str(own))
    return Undone(tuple(removed), tuple(kept))


def _remove_folder(path: Path, removed: list[str]) -> bool:
    """False: it holds what is not ours."""
    if any(path.iterdir()):
        return False
    path.rmdir()
    sync_folder(path.parent)
    removed.append(str(path))
    return True


def _store_files(layout: Layout) -> list[Path]:
    return [layout.store.with_name(layout.store.name + end) for end in STORE_COMPANIONS]


def _must_hold_no_events(layout: Layout, progress: Progress) -> None:
    keys = _keys(layout, progress)
    if not layout.store.exists() or not keys:
        return  # none, or one that was there before us
    found: list[StoreError] = []
    for key in keys:
        try:
            events = _events(layout, key)
        except StoreError as error:
            found.append(error)
            continue
        if events:
            raise _keeps(layout, key, f"holds a journal with {events} events")
        return
    raise _keeps(layout, keys[-1], f"can't be opened to see whether it is empty ({found[-1].what})")


def _events(layout: Layout, key: Path) -> int:
    provider = store_key(layout, "file" if key == layout.key_file else "credential")
    store = Store.open(layout.store, provider.key(), readonly=True)
    try:
        return store.sequence
    finally:
        store.close()


def _keys(layout: Layout, progress: Progress) -> list[Path]:
    """Those that were made here, whatever was answered since: the store belongs to one of them."""
    return [key for key in (layout.key_file, layout.key_credential) if progress.claims(key)]


def _keeps(layout: Layout, key: Path, why: str) -> ProvisionFault:
    return ProvisionFault(
        Sort.REFUSED,
        "journal_holds_events",
        f"The store {layout.store} {why}.",
        "It is the record of what happened in this home and is never deleted here; without its key nobody "
        "could read it. Nothing was taken back.",
        f"To retire the home: stop it, move the store and its key together to where records are kept "
        f"({_taken_out(layout, key)}`mv {layout.store}* {key} ARCHIVE/`), then run --undo again.",
    )


def _taken_out(layout: Layout, key: Path) -> str:
    """A credential opens on this box alone: the key itself is what is kept."""
    if key != layout.key_credential:
        return ""
    return f"`systemd-creds decrypt --name={CREDENTIAL_NAME} {key} ARCHIVE/store.key`, "


def sweep(layout: Layout) -> Undone:
    """After a kill in the very first write: its draft, which may hold answers, is all there is."""
    draft = draft_of(layout.progress)
    if not draft.exists():
        raise nothing_begun(layout)
    draft.unlink()
    sync_folder(draft.parent)
    return Undone((str(draft),), ())


def plain(undone: Undone) -> dict[str, Any]:
    return {"removed": list(undone.removed), "kept": list(undone.kept)}
