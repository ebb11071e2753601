"""How a step of provisioning ends when it can't be done: three sentences and a code for scripts.

Knows no exit codes: `kind` says of what sort the fault is, and the terminal chooses.
"""

from __future__ import annotations

from enum import StrEnum

from dispenserd.explained import ExplainedWithCode


class Sort(StrEnum):
    CHECKED_AND_FALSE = "checked_and_false"  # looked, and it is not so: no robot, no broker
    USAGE = "usage"  # an answer is missing or can't be used
    CONFIGURATION = "configuration"
    NOT_REACHABLE = "not_reachable"  # the home did not answer
    STORE = "store"
    REFUSED = "refused"  # it could be done and must not be


class ProvisionFault(ExplainedWithCode):
    """Never quotes a secret or an identifier."""

    def __init__(self, sort: Sort, code: str, what: str, meaning: str, next_step: str) -> None:
        super().__init__(code, what, meaning, next_step)
        self.sort = sort


RESUME = "dispenserd provision --resume"

GO_ON = f"Then go on with `{RESUME}`."
"""The end of many next steps: what was done stays done. Whoever shows it adds the folder."""
