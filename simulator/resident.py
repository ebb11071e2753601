"""The people around the robot: plays a script of deeds and answers what the display asks for.

Pure: sees the display and the tray, gets the civil time, says what is done now. A resident who is prompted
reacts, presses, waits for the sachet and lifts it; one who persists presses again when asked again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from protocol.wire.messages import Light
from simulator.script import Act, Deed, Lift, Press, PressAndLift, PressWhenPrompted


@dataclass(frozen=True, slots=True)
class Scene:
    """What a person in front of the robot sees."""

    light: Light
    tray: bool

    @property
    def prompting(self) -> bool:
        return self.light in (Light.PULSE, Light.ALERT)


@dataclass(frozen=True, slots=True)
class _Looking:
    """Has come, and waits for a prompt."""


@dataclass(frozen=True, slots=True)
class _Reaching:
    press_ms: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Has pressed."""

    pressed_ms: int


@dataclass(frozen=True, slots=True)
class _Lifting:
    lift_ms: int


@dataclass(frozen=True, slots=True)
class _Gone:
    pass


_Mood = _Looking | _Reaching | _Waiting | _Lifting | _Gone


@dataclass(slots=True)
class _Visit:
    wish: PressWhenPrompted
    mood: _Mood

    @property
    def _leaves_ms(self) -> int:
        return self.wish.at_ms + _ms(self.wish.gives_up_after_s)

    @property
    def due_ms(self) -> int | None:
        match self.mood:
            case _Looking():
                return self._leaves_ms
            case _Reaching(press_ms=due_ms) | _Lifting(lift_ms=due_ms):
                return due_ms
            case _Waiting():
                return self._leaves_ms
            case _Gone():
                return None
            case _:
                assert_never(self.mood)

    def turn(self, scene: Scene, now_ms: int) -> Act | None:
        match self.mood:
            case _Lifting(lift_ms=lift_ms):
                if now_ms >= lift_ms:
                    self.mood = _Gone()
                    return Lift(now_ms)
            case _ if now_ms >= self._leaves_ms:
                self.mood = _Gone()
            case _Looking():
                if scene.tray and not self.wish.tag:  # somebody pressed before: it only needs lifting
                    self.mood = _Lifting(now_ms + _ms(self.wish.lift_after_s))
                elif scene.prompting and not scene.tray:
                    self.mood = _Reaching(now_ms + _ms(self.wish.react_s))
            case _Reaching(press_ms=press_ms):
                if now_ms >= press_ms:
                    self.mood = _Waiting(now_ms)
                    return Press(now_ms, self.wish.tag)
            case _Waiting(pressed_ms=pressed_ms):
                return self._wait(scene, pressed_ms, now_ms)
            case _Gone():
                pass
            case _:
                assert_never(self.mood)
        return None

    def _wait(self, scene: Scene, pressed_ms: int, now_ms: int) -> Act | None:
        if scene.tray:
            self.mood = _Lifting(now_ms + _ms(self.wish.lift_after_s))
        elif self.wish.persist and scene.prompting and now_ms >= pressed_ms + _ms(self.wish.patience_s):
            self.mood = _Waiting(now_ms)
            return Press(now_ms, self.wish.tag)
        return None


class Cast:
    """Everybody in the script; deeds run in the order of their instants."""

    def __init__(self, deeds: Iterable[Deed]) -> None:
        self._deeds = deque(sorted(deeds, key=lambda deed: deed.at_ms))
        self._visits: list[_Visit] = []

    @property
    def due_ms(self) -> int | None:
        """When to ask again at the latest; a change of the scene is a reason to ask earlier."""
        dues = [visit.due_ms for visit in self._visits] + [deed.at_ms for deed in list(self._deeds)[:1]]
        return min((due_ms for due_ms in dues if due_ms is not None), default=None)

    def turn(self, scene: Scene, now_ms: int) -> list[Act]:
        """What is done now."""
        acts: list[Act] = []
        while self._deeds and self._deeds[0].at_ms <= now_ms:
            deed = self._deeds.popleft()
            if isinstance(deed, PressWhenPrompted):
                self._visits.append(_Visit(deed, _Looking()))
            elif isinstance(deed, PressAndLift):
                wish = PressWhenPrompted(
                    deed.at_ms,
                    lift_after_s=deed.lift_after_s,
                    gives_up_after_s=deed.gives_up_after_s,
                    tag=deed.tag,
                )
                self._visits.append(_Visit(wish, _Reaching(deed.at_ms)))
            else:
                acts.append(deed)
        acts += [act for visit in self._visits if (act := visit.turn(scene, now_ms)) is not None]
        self._visits = [visit for visit in self._visits if not isinstance(visit.mood, _Gone)]
        return acts


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
