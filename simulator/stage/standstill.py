"""Whether this machine kept up with a play. A part of a second without a processor is minutes of it, within
which its people miss what they wait for: what is wrong then may be the machine's doing."""

from __future__ import annotations

from dataclasses import dataclass

STOOD_STILL_S = 0.4
"""Real: four civil minutes at the usual speed."""

TOO_SLOW = "this machine stood still"
"""How the violation begins that makes the others doubtful."""


@dataclass(slots=True)
class StandStill:
    """The longest so far, in real seconds."""

    worst_s: float = 0.0

    def slept(self, wanted_s: float, from_s: float, to_s: float) -> None:
        """A nap of `wanted_s` began and ended at these seconds of the monotonic clock."""
        self.worst_s = max(self.worst_s, to_s - from_s - wanted_s)

    def explains(self, violations: list[str], speed: float) -> list[str]:
        """The violations, behind the word that they may be the machine's. A play that held needs none."""
        if not violations or self.worst_s <= STOOD_STILL_S:
            return violations
        civil_min = self.worst_s * speed / 60
        doubt = (
            f"{TOO_SLOW} for {self.worst_s:.1f} s, {civil_min:.0f} min of this play: "
            f"what follows may be its doing. Play with a --speed below {speed:g}"
        )
        return [doubt, *violations]
