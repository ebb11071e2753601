"""Which key provider the configuration chose for the store; the daemon and `journal` choose alike."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import assert_never

from dispenserd import config as cfg
from dispenserd.security import keys

CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"
"""Set by systemd for a service with LoadCredential= or LoadCredentialEncrypted=."""


def key_provider(chosen: cfg.StoreSection, environment: Mapping[str, str] | None = None) -> keys.KeyProvider:
    """`environment` is the process's own unless a test says otherwise."""
    match chosen.key:
        case cfg.FileKey(path=path):
            return keys.FileKey(path)
        case cfg.CredentialKey(name=name):
            variables = os.environ if environment is None else environment
            return keys.CredentialKey(name, variables.get(CREDENTIALS_VARIABLE))
        case _:
            assert_never(chosen.key)
