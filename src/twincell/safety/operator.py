"""The person who looks, waits, and presses reset once every cause has ended.

Not after an emergency button: who pressed it knows why, and resets it (ISO 13850, 4.1.4).
"""

from __future__ import annotations

from twincell.safety.button import CAUSE
from twincell.safety.types import Mode, SafetyState
from twincell.world.model import World

__all__ = ["Operator"]


class Operator:
    """Presses reset `reset_delay` after the last cause ended, and again where it had no effect.

    Args:
        world: a world without `operator` has nobody: `update` never presses.
    """

    def __init__(self, world: World) -> None:
        self._delay = None if world.operator is None else world.operator.reset_delay
        self._since: float | None = None
        self._seen = 0

    def update(self, state: SafetyState, now: float) -> bool:
        """Look at the state.

        Args:
            state: the supervisor's latest.
            now: time [s].

        Returns:
            True to press reset now.
        """
        pressed = any(request.cause == CAUSE for request in state.active)
        quiet = state.mode is Mode.STOPPED and not state.persisting and not pressed
        if self._delay is None or not quiet:
            self._since, self._seen = None, 0
            return False
        if self._since is None or len(state.active) != self._seen:
            # each new stop is looked at anew
            self._since, self._seen = now, len(state.active)
        if now - self._since < self._delay:
            return False
        self._since = now
        return True
