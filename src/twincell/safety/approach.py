"""Speed and separation monitoring: how near people may come to arms that move as they do now."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from twincell.errors import SafetyError
from twincell.safety.arm_motion import ArmMotion, stopping_time
from twincell.safety.distance import ProtectiveDistance
from twincell.safety.tracking import Track
from twincell.safety.types import StopReport
from twincell.world.model import World

__all__ = ["Approach", "Separations"]

_BESIDE = 0.25
"""A stop is compared with the fastest motion of the arm so long before it [s]."""
_REMEMBERED = 200
"""Latencies that are remembered: ten seconds of two LiDARs."""
_MOVED = 0.1
"""Stops from a slower motion tell nothing of braking [rad/s]."""
_WORST = 1.5
"""Braking that took longer than this many times the closed form began from a speed that nobody
saw."""


@dataclass(frozen=True)
class Approach:
    """One person and the arm that needs the most of the distance between them.

    Attributes:
        track: the person.
        arm: name of the arm.
        distance: from the person's nearest return to the arm [m].
        required: the terms of S_p.
        role: `protective` below S_p, `warning` within `slow_margin` of it, else empty.
    """

    track: Track
    arm: str
    distance: float
    required: ProtectiveDistance
    role: str

    @property
    def text(self) -> str:
        """In words."""
        terms = " + ".join(f"{k} {v:.2f}" for k, v in self.required.terms.items())
        x, y = self.track.position
        return (
            f"person {self.track.id} at ({x:.2f}, {y:.2f}) m is {self.distance:.2f} m from "
            f"{self.arm}, S_p {self.required.total:.2f} m = {terms}"
        )


class Separations:
    """Knows every term of S_p: what the world file says, and what was measured since the start.

    Args:
        world: `safety.separation`, its arms' limits, its LiDARs' rate.

    Raises:
        SafetyError: the world has no `safety.separation`.
    """

    def __init__(self, world: World) -> None:
        if world.safety.separation is None:
            raise SafetyError(f"{world.name}: safety.separation is none; valid: its terms")
        self._policy = world.safety.separation
        self._arms = world.arms
        # a person may step in just behind the beam; the word travels at the heartbeat at worst
        self._turn = max((1.0 / s.rate for s in world.lidars().values()), default=0.0)
        self._beat = 1.0 / world.safety.heartbeat
        # data that is later is no sign of life, and a state that is later is none either: then the
        # watchdog and the drives' lease stop the arms, and S_p has nothing to bridge
        self._latest_seen = 2 * self._turn
        self._latest_acted = world.safety.lease + self._beat
        self._seen: deque[float] = deque(maxlen=_REMEMBERED)
        self._acted: deque[float] = deque(maxlen=_REMEMBERED)
        self._ratio = dict.fromkeys(world.arms, 1.0)
        self._speeds: deque[tuple[float, dict[str, float]]] = deque(maxlen=64)

    @property
    def latency(self) -> float:
        """From the end of a turn to the first deceleration: measured, or what is assumed [s]."""
        measured = max(self._seen, default=0.0) + max(self._acted, default=0.0)
        return max(self._policy.reaction, measured + self._beat if measured else 0.0)

    @property
    def reaction_time(self) -> float:
        """T_r [s]."""
        return self._turn + self._beat + self.latency

    def saw(self, latency: float) -> None:
        """A turn was judged so long after its last light [s]; the longest of the newest counts."""
        if np.isfinite(latency):
            self._seen.append(min(float(latency), self._latest_seen))

    def moved(self, motions: Iterable[ArmMotion], now: float) -> None:
        """Keep the arms' speeds, to compare stops with."""
        self._speeds.append((now, {m.arm: m.joint_speed for m in motions}))

    def stopped(self, report: StopReport) -> None:
        """An arm has stopped: its latency and its braking count where they are the worst."""
        if report.mover not in self._ratio:
            return
        acting = report.first_deceleration - report.requested
        taken = report.standstill - report.first_deceleration
        if not (np.isfinite(acting) and np.isfinite(taken)) or acting < 0 or taken < 0:
            return
        until = report.first_deceleration
        fastest = max(
            (s.get(report.mover, 0.0) for t, s in self._speeds if until - _BESIDE <= t <= until),
            default=0.0,
        )
        if fastest < _MOVED:
            return
        self._acted.append(min(acting, self._latest_acted))
        ratio = taken / self._closed_form(report.mover, fastest)
        worst = max(self._ratio[report.mover], min(ratio, _WORST))
        self._ratio[report.mover] = worst

    def required(self, motion: ArmMotion, human_speed: float | None = None) -> ProtectiveDistance:
        """S_p about an arm.

        Args:
            motion: of the arm now.
            human_speed: v_h [m/s]; that of the world where none is given.
        """
        policy = self._policy
        v = max(motion.speed, policy.least_speed)
        # the joint speed that goes with the least speed, at a metre's reach
        w = max(motion.joint_speed, policy.least_speed)
        brake = self._ratio[motion.arm] * self._closed_form(motion.arm, w)
        return ProtectiveDistance(
            robot_speed=v,
            reaction_time=self.reaction_time,
            stopping_time=brake,
            human_speed=policy.human_speed if human_speed is None else human_speed,
            intrusion=policy.intrusion,
            person_uncertainty=policy.person_uncertainty,
            robot_uncertainty=policy.robot_uncertainty,
        )

    def judge(self, tracks: Iterable[Track], motions: Iterable[ArmMotion]) -> tuple[Approach, ...]:
        """Compare each person with the arm that is the least far beyond its S_p.

        Args:
            tracks: people and things; things are left out.
            motions: of the arms now.
        """
        motions = tuple(motions)
        found = []
        for track in tracks:
            if not track.person or not motions:
                continue
            speed = self._policy.human_speed
            if self._policy.tracked_speed:
                speed = max(speed, track.speed)
            rows = [(m.distance(track.points), self.required(m, speed), m.arm) for m in motions]
            distance, required, arm = min(rows, key=lambda r: r[0] - r[1].total)
            spare = distance - required.total
            role = "protective" if spare < 0 else ""
            if 0 <= spare < self._policy.slow_margin:
                role = "warning"
            found.append(Approach(track, arm, distance, required, role))
        return tuple(found)

    def _closed_form(self, arm: str, speed: float) -> float:
        return stopping_time(speed, self._arms[arm].acceleration, self._arms[arm].jerk)
