"""The emergency button: each press is a stop request of its own."""

from __future__ import annotations

from twincell.errors import SafetyError
from twincell.safety.policy import stop_request
from twincell.safety.types import StopRequest
from twincell.world.model import World

__all__ = ["CAUSE", "EmergencyButton"]

CAUSE = "emergency_button"
"""Its rule in the world file."""


class EmergencyButton:
    """Asks for the stop that the world file has for it (ISO 13850).

    Args:
        world: with its rules.
    """

    def __init__(self, world: World) -> None:
        self._rule = world.safety.rules.get(CAUSE)
        self._pressed = 0

    def press(self, now: float, evidence: str) -> StopRequest:
        """The request of one more press.

        Args:
            now: time [s].
            evidence: who pressed it, in words.

        Raises:
            SafetyError: the world file has no rule for it.
        """
        rule = self._rule
        if rule is None:
            raise SafetyError(f"safety.rules: none for '{CAUSE}'; valid: a category for it")
        self._pressed += 1
        return stop_request(rule, CAUSE, str(self._pressed), evidence, now, now)
