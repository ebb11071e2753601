"""`broker-config`: what it writes says why, is written whole or not at all, and is taken by a real broker."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dispenserd.broker import credentials
from dispenserd.broker.credentials import Pair
from dispenserd.broker.sizes import sizes
from dispenserd.broker.template import ACL, CONFIG, SYSTEMD
from dispenserd.cli.entry import carry_out
from tests.support.broker import free_port
from tests.support.made_broker import HOST, MadeBroker, own, password, tls
from tests.support.mqtt_bytes import CONNACK, PING, PINGRESP, PUBACK, Intruder, connect, publish
from tests.support.sources import ROOT

BOX = "box-0001"
WRITES = 12
"""More than a folder has files; with each of them failing nothing may change."""


def command(folder: Path, *more: str, homes: int = 50) -> list[str]:
    fixed = ["--user", getpass.getuser(), "--bind", HOST, "--host", HOST]
    return ["broker-config", "--folder", str(folder), "--homes", str(homes), *fixed, *more]


def demo(folder: Path, *more: str) -> int:
    port = free_port()
    assert carry_out(command(folder, "--make-demo-ca", "--port", str(port), *more)) == 0
    return port


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def speaks(folder: Path, port: int, name: str, files: Path | None = None) -> bool:
    """Whether the broker takes an incident from this box with its credentials."""
    context = tls(folder)
    word = ""
    if (own(folder, name) / "mqtt.password").exists():
        word = password(folder, name)
    else:
        context.load_cert_chain((files or own(folder, name)) / "client.pem", own(folder, name) / "client.key")
    with Intruder(port, context) as box:
        box.send(connect(name, name if word else "", word))
        if not box.read_until(CONNACK) or box.packets[0].reason:
            return False
        box.send(publish(f"dispenserd/1/{name}/incident", b"x", 1) + PING)
        box.read_until(PINGRESP)
        return [packet.body[2:3] for packet in box.packets if packet.kind == PUBACK] == [b"\x10"]


@pytest.mark.parametrize("more", [["--make-demo-ca"], ["--make-demo-ca", "--identity", "password"]])
def test_every_line_says_why(tmp_path: Path, more: list[str]) -> None:
    folder = tmp_path / "broker"
    assert carry_out(command(folder, *more, "--crl", str(tmp_path / "crl.pem"))) == 0
    for name in (CONFIG, ACL, SYSTEMD):
        before = ""
        for line in (folder / name).read_text().splitlines():
            assert "$" not in line.replace("$SYS", "")
            if line and not line.startswith(("#", "[")):
                assert before.startswith("# "), f"{name}: {line}"
            before = line


def test_a_broker_is_sized_by_its_homes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "broker"
    assert carry_out([*command(folder, "--make-demo-ca", homes=3500), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["did"], told["homes"]) == ("dispenserd/broker-config/1", "written", 3500)
    assert (told["identity"], told["demo"], told["asks_a_ca"]) == ("certificate", True, False)
    assert set(told["files"]) == set(content(folder))
    assert told["max_queued_messages"] == 35_000
    assert "max_queued_messages 35000" in (folder / CONFIG).read_text()
    assert f"LimitNOFILE={told['limit_nofile']}" in (folder / SYSTEMD).read_text()
    assert sizes(3500).files > 2 * 3500
    assert "DEMO" in (folder / CONFIG).read_text()
    check = ["broker-config", "--check", str(folder / CONFIG), "--drop-in", str(folder / SYSTEMD)]
    assert carry_out(check) == 0


@pytest.mark.parametrize("identity", ["certificate", "password"])
def test_a_box_that_joins_later_speaks_and_the_others_still_do(tmp_path: Path, identity: str) -> None:
    folder = tmp_path / "broker"
    port = demo(folder, "--identity", identity, "--add-box", BOX)
    with MadeBroker(folder, port) as broker:
        assert speaks(folder, port, BOX)
        assert carry_out(["broker-config", "--folder", str(folder), "--add-box", "box-0002"]) == 0
        if identity == "password":
            assert not speaks(folder, port, "box-0002"), "it says: reload"
            broker.reload()
        assert speaks(folder, port, "box-0002")
        assert speaks(folder, port, BOX)
        assert speaks(folder, port, "box-0002"), "a second connection is let in as well"


def test_what_a_box_is_given_is_private_and_the_broker_can_read_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    demo(folder, "--identity", "password", "--add-box", BOX)
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        private = path.name in ("acl", "passwords", "mqtt.password") or path.suffix == ".key"
        assert mode == (0o700 if path.is_dir() else 0o600 if private else 0o644), path
    assert password(folder, BOX) not in (folder / "passwords").read_text()
    assert list(folder.parent.glob(".broker*")) == []


def test_nothing_is_written_over_without_force_and_credentials_outlive_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "broker"
    port = demo(folder, "--add-box", BOX)
    before = content(folder)
    assert carry_out(command(folder, "--make-demo-ca")) == 3
    assert "already exists" in capsys.readouterr().err
    assert content(folder) == before
    assert carry_out(command(folder, "--make-demo-ca", "--force", "--port", str(port), homes=3000)) == 0
    after = content(folder)
    assert {name for name in before if before[name] != after[name]} == {
        "mosquitto.conf",
        "systemd.conf",
        "server.pem",
        "server.key",
    }
    assert set(after) == set(before)
    with MadeBroker(folder, port):
        assert speaks(folder, port, BOX)


def test_passwords_outlive_force_even_when_they_were_taken_away(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    port = demo(folder, "--identity", "password", "--add-box", BOX)
    taken = tmp_path / "taken"
    shutil.move(folder / "boxes", taken)
    again = ["--make-demo-ca", "--identity", "password", "--force", "--port", str(port), "--add-box", BOX]
    assert carry_out(command(folder, *again)) == 0
    assert not (folder / "boxes").exists(), "the box has its password"
    assert carry_out(["broker-config", "--folder", str(folder), "--add-box", BOX]) == 3
    shutil.move(taken, folder / "boxes")
    with MadeBroker(folder, port):
        assert speaks(folder, port, BOX)


@pytest.mark.parametrize("joins", [False, True])
@pytest.mark.parametrize("failing", range(WRITES))
def test_a_disk_that_refuses_at_any_file_leaves_everything_as_it_was(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failing: int,
    joins: bool,
) -> None:
    folder = tmp_path / "broker"
    port = demo(folder, "--identity", "password", "--add-box", BOX)
    before, left = content(folder), [failing]

    def full(_: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    if joins:
        written = carry_out(["broker-config", "--folder", str(folder), "--add-box", "box-0002"])
    else:
        again = ["--make-demo-ca", "--identity", "password", "--force", "--port", str(port)]
        written = carry_out(command(folder, *again))
    monkeypatch.undo()
    after, told = content(folder), capsys.readouterr().err
    if written == 0 or "did not confirm" in told:
        new = {f"boxes/box-0002/{name}" for name in ("ca.pem", "mqtt.password")}
        changed = {"passwords", *new} if joins else {"server.pem", "server.key"}
        assert {name for name in after if after[name] != before.get(name)} == changed
    else:
        assert (written, after) == (3, before)
    assert list(folder.parent.glob(".broker*")) == []


def test_a_new_folder_appears_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert carry_out(command(tmp_path / "broker", "--make-demo-ca")) == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--make-demo-ca", "--add-box", "oncall"], 3),
        (["--make-demo-ca", "--add-box", "a/b"], 3),
        (["--make-demo-ca", "--add-box", "+"], 3),
        (["--make-demo-ca", "--add-box", "x" * 33], 3),
        (["--make-demo-ca", "--identity", "face"], 2),
        (["--make-demo-ca", "--ca", "x"], 2),
        ([], 2),
        (["--ca", "x", "--cert", "y", "--key", "z"], 3),
        (["--make-demo-ca", "--homes", "0"], 2),
        (["--make-demo-ca", "--port", "0"], 2),
    ],
)
def test_what_can_not_be_a_broker_changes_nothing(tmp_path: Path, more: list[str], code: int) -> None:
    assert carry_out(command(tmp_path / "broker", *more)) == code
    assert list(tmp_path.iterdir()) == []


def test_wrong_use_is_told(tmp_path: Path) -> None:
    assert carry_out(["broker-config"]) == 2
    assert carry_out(["broker-config", "--folder", str(tmp_path / "x")]) == 2
    assert carry_out(["broker-config", "--folder", str(tmp_path / "x"), "--add-box", BOX]) == 3


def test_a_broker_with_certificates_of_a_real_ca_asks_it_to_sign_for_boxes(tmp_path: Path) -> None:
    """The CA here is made by hand, as a municipality's own would be, and its key never lies at the broker."""
    folder, now = tmp_path / "broker", datetime.now(UTC)
    ca, port = credentials.make_ca(now), free_port()
    served = credentials.server(ca, [HOST], now)
    for name, pem in (("ca", ca.certificate), ("cert", served.certificate), ("key", served.key)):
        (tmp_path / name).write_bytes(pem)
    files = [word for name in ("ca", "cert", "key") for word in (f"--{name}", str(tmp_path / name))]
    assert carry_out(command(folder, *files, "--port", str(port), "--add-box", BOX)) == 0
    assert "ca.key" not in content(folder)
    assert sorted(path.name for path in own(folder, BOX).iterdir()) == ["ca.pem", "client.csr", "client.key"]
    (tmp_path / "client.pem").write_bytes(_signed(ca, own(folder, BOX) / "client.csr"))
    with MadeBroker(folder, port):
        assert speaks(folder, port, BOX, tmp_path)
    other = credentials.client(ca, "another", now)
    (tmp_path / "key").write_bytes(other.key)
    assert carry_out(command(tmp_path / "second", *files)) == 3, "the key is of another certificate"


def _signed(ca: Pair, request: Path) -> bytes:
    asked = x509.load_pem_x509_csr(request.read_bytes())
    key = serialization.load_pem_private_key(ca.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    issuer = x509.load_pem_x509_certificate(ca.certificate)
    builder = x509.CertificateBuilder(issuer.subject, asked.subject, asked.public_key())
    builder = builder.serial_number(1).not_valid_before(issuer.not_valid_before_utc)
    signed = builder.not_valid_after(issuer.not_valid_after_utc).sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


def test_a_withdrawn_certificate_is_not_let_in(tmp_path: Path) -> None:
    folder, crl = tmp_path / "broker", tmp_path / "crl.pem"
    port = demo(folder, "--crl", str(crl), "--add-box", BOX, "--add-box", "box-0002")
    key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    issuer = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    lost = x509.load_pem_x509_certificate((own(folder, BOX) / "client.pem").read_bytes())
    entry = x509.RevokedCertificateBuilder(lost.serial_number, issuer.not_valid_before_utc).build()
    builder = x509.CertificateRevocationListBuilder(
        issuer.subject, issuer.not_valid_before_utc, issuer.not_valid_after_utc, revoked_certificates=[entry]
    )
    crl.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    with MadeBroker(folder, port):
        assert not speaks(folder, port, BOX)
        assert speaks(folder, port, "box-0002")


def test_the_log_holds_no_payload_and_no_topic(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    port = demo(folder, "--add-box", BOX)
    with MadeBroker(folder, port) as broker:
        assert speaks(folder, port, BOX)
        assert BOX in broker.log(), "who came is logged"
        assert "incident" not in broker.log()


def test_systemd_accepts_the_drop_in_over_debians_unit(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    demo(folder)
    unit = tmp_path / "mosquitto.service"
    unit.write_text("[Service]\nExecStart=/bin/true -c /etc/mosquitto/mosquitto.conf\n")
    drop_in = tmp_path / "mosquitto.service.d" / "dispenserd.conf"
    drop_in.parent.mkdir()
    drop_in.write_text((folder / SYSTEMD).read_text().replace("/usr/sbin/mosquitto", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    drop_in.write_text(drop_in.read_text().replace("ExecStart=\n", ""))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert "more than one ExecStart" in done.stderr, "systemd reads the drop-in"


def test_the_installed_package_brings_the_template(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    done = subprocess.run(
        [sys.executable, "-m", "dispenserd", *command(tmp_path / "broker", "--make-demo-ca")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "broker" / CONFIG).is_file()


def test_every_command_of_the_guide_does_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With folders of this test instead of the machine's own."""
    ssl_folder, now = tmp_path / "ssl", datetime.now(UTC)
    ca = credentials.make_ca(now)
    served = credentials.server(ca, ["broker.example"], now)
    ssl_folder.mkdir()
    for name, pem in (("ca", ca.certificate), ("cert", served.certificate), ("key", served.key)):
        (ssl_folder / f"{name}.pem").write_bytes(pem)
    (tmp_path / "mosquitto.conf").write_text("# as installed\npersistence true\n")
    places = {
        "/etc/mosquitto/dispenserd": str(tmp_path / "broker"),
        "/etc/mosquitto/mosquitto.conf": str(tmp_path / "mosquitto.conf"),
        "/etc/ssl/broker": str(ssl_folder),
        "/var/lib/mosquitto": str(tmp_path / "data"),
    }
    done = []
    for line in (ROOT / "docs" / "broker.md").read_text().splitlines():
        if line.startswith("    dispenserd broker-config "):
            for place, here in places.items():
                line = line.replace(place, here)
            done.append((line.split()[2], carry_out([*line.split()[1:], *_user(line)])))
    assert done == [("--homes", 0), ("--check", 0), ("--folder", 0), ("--check", 1)]
    assert sorted(path.name for path in own(tmp_path / "broker", BOX).iterdir())[1] == "client.csr"
    assert "listener" in capsys.readouterr().out


def _user(line: str) -> list[str]:
    return ["--user", getpass.getuser()] if "--cert" in line else []
