"""A real file system of a few hundred KB for one process: it is full when it is full.

A tmpfs in a mount namespace of the process's own, so that nothing is left behind however it ends and other
processes see nothing of it. Root has the right; a normal user takes it in a user namespace.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def on_small_disk(folder: Path, size_kb: int, command: Sequence[str], within_s: float = 60) -> str:
    """Runs `command` with a fresh disk of `size_kb` at `folder`; its stdout. It must succeed."""
    mounted = f'mount -t tmpfs -o size={size_kb}k,mode=0700 small "$0" && exec "$@"'
    ended = subprocess.run(
        [*namespace(), "sh", "-c", mounted, str(folder), *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=within_s,
        env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
    )
    assert ended.returncode == 0, f"exit {ended.returncode}: {ended.stdout[-3000:]}{ended.stderr[-3000:]}"
    return ended.stdout


def namespace(accounts: bool = False) -> list[str]:
    """How a process gets mounts of its own here, and with `accounts` may give files to any account."""
    as_user = ["unshare", "--map-root-user", *(["--map-auto"] if accounts else []), "--mount"]
    said = []
    for way in [["unshare", "--mount"], as_user] if os.geteuid() == 0 else [as_user]:
        probe = [*way, "mount", "-t", "tmpfs", "none", "/mnt"]
        tried = subprocess.run(probe, capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return way
        said.append(f"{' '.join(way)}: {tried.stderr.strip()}")
    raise AssertionError(
        "no small disk can be mounted here, so a full one can't be shown to the real store. It takes root "
        "with CAP_SYS_ADMIN, or user namespaces (sysctl kernel.unprivileged_userns_clone=1; to give files "
        "to other accounts there, Debian's uidmap and a line for this user in /etc/subuid and /etc/subgid). "
        + "; ".join(said)
    )


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]
