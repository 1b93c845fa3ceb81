"""The fast path: a critical anomaly becomes a stop request without waiting for anybody's plan."""

from __future__ import annotations

from twincell.safety.policy import stop_request
from twincell.safety.types import StopRequest
from twincell.world.model import World

__all__ = ["CRITICAL", "Reaction"]

CRITICAL = "critical_anomaly"
"""Cause of the stop for a crack that the acceptance criteria call critical."""
_SAME = 1.0
"""Two tellings of one id whose light lies closer together are about one crack in one scan [s]."""


class Reaction:
    """Asks for one stop a critical anomaly, in the process that decides about stops.

    Planning, twin, console and recorder hear of the anomaly by themselves and later. An anomaly
    that grows is told again under its id: it stops once, so that a reset after it holds.

    Args:
        world: its `safety.rules` say which stop a critical anomaly leads to; none without a rule.
    """

    def __init__(self, world: World) -> None:
        self._rule = world.safety.rules.get(CRITICAL)
        self._newest: dict[str, float] = {}

    def request(
        self, key: str, part: str, severity: str, length: float, light: float, now: float
    ) -> StopRequest | None:
        """What to ask the supervisor for.

        Args:
            key: the anomaly's id, unique within an inspection of its part.
            part: the blade.
            severity: minor, major or critical.
            length: of the crack [m].
            light: time at which light hit its newest point [s].
            now: time [s].

        Returns:
            The request, None where the anomaly is not critical or has stopped the cell before.
        """
        if severity != "critical" or self._rule is None:
            return None
        newest = self._newest.get(f"{part}/{key}")
        self._newest[f"{part}/{key}"] = light
        # a growing crack is told several times within a second; ids begin anew with a new scan
        if newest is not None and abs(light - newest) < _SAME:
            return None
        told = f"crack of {length * 1e3:.1f} mm in {part}"
        return stop_request(self._rule, CRITICAL, f"{part}-{key}-{light:.3f}", told, light, now)
