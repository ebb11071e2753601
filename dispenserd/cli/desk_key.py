"""`oncall key`: the fingerprint of the desk's public key, for whoever commissions a box and telephones.

Reads the public half alone; the private one is `oncall run`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from dispenserd.cli.failure import Exit, Failure
from dispenserd.cli.options import ConfigOption, JsonOption
from dispenserd.cli.output import emit
from dispenserd.cli.place import oncall_config_path

if TYPE_CHECKING:
    from dispenserd.shapes.oncall import OncallKey


def key(ctx: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the fingerprint of on-call's public key, to compare by telephone, and the file for a new box."""
    from dispenserd.config import load_oncall
    from dispenserd.oncall.keys import public_path
    from dispenserd.peer_choice import public_key
    from dispenserd.security.identity import fingerprint

    path = public_path(load_oncall(oncall_config_path(ctx, config)).oncall.signing_key_file)
    if not path.exists():
        raise Failure(
            Exit.CHECKED_AND_FALSE,
            "no_key_yet",
            f"There is no public key at {path}.",
            "The desk has never run with this configuration, so no home can know it.",
            "Start it once: `systemctl start dispenserd-oncall`, or `dispenserd oncall run`.",
        )
    public = public_key(path).hex()
    shown: OncallKey = {"fingerprint": fingerprint(public), "public_key": public}
    if as_json:
        emit("oncall-key", shown)
    else:
        typer.echo(f"On-call's fingerprint  {shown['fingerprint']}\nPublic key, for boxes  {path}")
