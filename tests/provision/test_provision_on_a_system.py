"""The system's folders: who owns what, and who may read it. In a mount namespace with an /etc of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from dispenserd.provision.layout import CREDENTIAL_NAME
from dispenserd.security.keys import KEY_BYTES
from tests.storage.small_disk import ROOT, namespace
from tests.support.authority import Authority
from tests.support.provision_parts import real_answers, robot

CREDENTIAL = "/etc/dispenserd/credentials/store-key.cred"

IN_A_SYSTEM = """
set -e
mount -t tmpfs none "$0"
mkdir "$0/etc"
cp -r /etc/. "$0/etc/" 2>/dev/null || test -s "$0/etc/passwd" # not everything is for everybody
echo "dispenserd:x:991:" >> "$0/etc/group"
echo "dispenserd:x:991:991::/:/bin/false" >> "$0/etc/passwd"
mount --bind "$0/etc" /etc
mount -t tmpfs none /var/lib
"""

OWNERS = """
import json, subprocess, sys
from pathlib import Path
ran = subprocess.run([sys.executable, "-m", "dispenserd", "provision", "--json", *sys.argv[1:]],
                     capture_output=True, text=True)
found = {}
for path in [*Path("/etc/dispenserd").rglob("*"), *Path("/var/lib/dispenserd").rglob("*"),
             Path("/etc/dispenserd"), Path("/var/lib/dispenserd")]:
    status = path.stat()
    found[str(path)] = f"{status.st_mode & 0o777:04o} {status.st_uid}:{status.st_gid}"
toml = Path("/etc/dispenserd/dispenserd.toml")
from dispenserd.config import load
config = load(toml)
text = toml.read_text()
from dispenserd.security.sealed_key import SealedKey
opened = SealedKey(Path("/etc/dispenserd/credentials/store-key.cred"), "store-key").key()
undo = subprocess.run([sys.executable, "-m", "dispenserd", "provision", "--undo", "--yes", "--json"],
                      capture_output=True, text=True)
left = [str(path) for path in (Path("/etc/dispenserd"), Path("/var/lib/dispenserd")) if path.exists()]
print(json.dumps({"lines": [json.loads(line) for line in ran.stdout.splitlines()], "owners": found,
                  "key": config.store.key.provider, "password": "tulip" in text, "undo": undo.returncode,
                  "left": left, "opened_bytes": len(opened)}))
"""


def test_what_the_service_needs_is_its_groups_and_the_rest_is_roots(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (tmp_path / "system").mkdir()
    (tmp_path / "password").write_text("tulip\n")
    with robot(tmp_path / "robot"):
        flags = real_answers(
            port, Authority(tmp_path).path, "ab" * 32, tmp_path / "robot", tmp_path / "identifier"
        )
        account = ["--mqtt-username", "box-7", "--mqtt-password-file", str(tmp_path / "password")]
        system = [
            *namespace(accounts=True),
            "sh",
            "-c",
            f'{IN_A_SYSTEM}\nexec "$@"',
            str(tmp_path / "system"),
        ]
        ran = subprocess.run(
            [*system, sys.executable, "-c", OWNERS, *flags, *account],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "SYSTEMD_CREDENTIAL_SECRET": str(tmp_path / "host.secret")},
        )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    assert found["lines"][-1]["code"] == "nobody_there"  # everything is made by then
    owners = found["owners"]
    key = next(path for path in owners if path.startswith("/var/lib/dispenserd/fagsystem/"))
    assert owners == {
        "/etc/dispenserd": "0750 0:991",
        "/etc/dispenserd/box-signing.key": "0640 0:991",
        "/etc/dispenserd/box-signing.pub": "0644 0:991",
        "/etc/dispenserd/box.csr": "0644 0:991",
        "/etc/dispenserd/box.key": "0640 0:991",
        "/etc/dispenserd/credentials": "0700 0:0",
        CREDENTIAL: "0600 0:0",
        "/etc/dispenserd/dispenserd.toml": "0640 0:991",
        "/etc/dispenserd/mqtt-ca.pem": "0644 0:991",
        "/etc/dispenserd/mqtt.password": "0640 0:991",
        "/etc/dispenserd/oncall.pub": "0644 0:991",
        "/etc/dispenserd/provisioning.json": "0600 0:0",
        "/var/lib/dispenserd": "0700 991:991",
        "/var/lib/dispenserd/fagsystem": "0750 991:991",
        key: "0750 991:991",
    }
    assert (found["key"], found["password"]) == ("credential", False)
    unit = (ROOT / "systemd" / "dispenserd.service").read_text()
    assert f"\nLoadCredentialEncrypted={CREDENTIAL_NAME}:{CREDENTIAL}\n" in unit, (
        "the service would get no key"
    )
    assert found["opened_bytes"] == KEY_BYTES
    assert (found["undo"], found["left"]) == (0, [])
