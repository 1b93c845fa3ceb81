"""Who is where and goes whither: constant-velocity Kalman tracks of what the LiDARs see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

__all__ = ["Sighting", "Track", "Tracker", "step"]

F64 = NDArray[np.float64]

_NOISE = 0.12
"""Standard deviation of a group's middle: a LiDAR sees the near side of a body [m]."""
_UNREST = 1.0
"""Spectral density of the acceleration: people turn and stop within a step [m^2/s^3]."""
_HASTE = 1.6
"""Standard deviation of the velocity of somebody who has just appeared [m/s]."""
_GATE = 13.8
"""Largest squared Mahalanobis distance of a track's own sighting: 99.9 % (chi^2, 2 degrees)."""
_BODY = 0.6
"""A sighting this near a track is of the same body, even where another was taken for it [m]."""
_SURE = 5
"""Sightings after which a track's velocity is to be trusted."""


@dataclass(frozen=True)
class Sighting:
    """A group of returns that belong together.

    Attributes:
        position: middle on the floor, shape (2,) [m].
        points: the returns in the world, shape (n, 3) [m].
        person: whether it is as large as a person.
        sensor: LiDAR that saw it.
    """

    position: F64
    points: F64
    person: bool
    sensor: str


@dataclass(frozen=True)
class Track:
    """What is known of somebody or something.

    Attributes:
        id: the same for as long as it is followed.
        person: whether it was ever as large as a person.
        stamp: time of the estimate [s].
        seen: time of the last sighting [s].
        hits: sightings so far.
        state: x, y, v_x, v_y on the floor [m, m/s].
        covariance: of the state, shape (4, 4).
        points: returns of the last sighting, moved along, shape (n, 3) [m].
        sensor: LiDAR of the last sighting.
    """

    id: int
    person: bool
    stamp: float
    seen: float
    hits: int
    state: F64
    covariance: F64
    points: F64
    sensor: str

    @property
    def position(self) -> F64:
        """On the floor, shape (2,) [m]."""
        return self.state[:2]

    @property
    def velocity(self) -> F64:
        """On the floor, shape (2,) [m/s]; zero until it is to be trusted."""
        return self.state[2:] if self.hits >= _SURE else np.zeros(2)

    @property
    def speed(self) -> float:
        """Length of `velocity` [m/s]."""
        return float(np.linalg.norm(self.velocity))


def step(dt: float) -> tuple[F64, F64]:
    """Transition and process noise of white-noise acceleration (Bar-Shalom, Li, Kirubarajan 2001).

    Args:
        dt: time that passes [s].

    Returns:
        F and Q, shape (4, 4) each, for states x, y, v_x, v_y.
    """
    eye = np.eye(2)
    transition = np.block([[eye, dt * eye], [0 * eye, eye]])
    noise = _UNREST * np.block(
        [[dt**3 / 3 * eye, dt**2 / 2 * eye], [dt**2 / 2 * eye, dt * eye]],
    )
    return transition, noise


class Tracker:
    """Follows groups of returns from scan to scan.

    Args:
        forget: a track that was not seen for so long ends [s].
    """

    def __init__(self, forget: float = 1.0) -> None:
        self._forget = forget
        self._tracks: list[Track] = []
        self._count = 0

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Who is followed, oldest first."""
        return tuple(self._tracks)

    def update(self, sightings: Sequence[Sighting], stamp: float) -> tuple[Track, ...]:
        """Take in one scan.

        Args:
            sightings: all of the scan; none is news as well.
            stamp: of the scan [s]; a little before the last one where two LiDARs alternate.

        Returns:
            All tracks, predicted to `stamp`.
        """
        tracks = [_predicted(t, stamp) for t in self._tracks if stamp - t.seen <= self._forget]
        cost = np.array([[_distance(t, s) for s in sightings] for t in tracks])
        pairs: list[tuple[int, int]] = []
        if cost.size:
            pairs = list(zip(*linear_sum_assignment(np.minimum(cost, 1e6)), strict=True))
        known = set()
        for i, k in pairs:
            if cost[i, k] <= _GATE or _apart(tracks[i], sightings[k]) < _BODY:
                tracks[i] = _corrected(tracks[i], sightings[k], stamp)
                known.add(int(k))
        for k, sighting in enumerate(sightings):
            if k in known:
                continue
            near = [i for i, t in enumerate(tracks) if t.person and _apart(t, sighting) < _BODY]
            if near:  # an arm and a leg may be two groups of one body; the nearer one counts
                points = np.concatenate([tracks[near[0]].points, sighting.points])
                tracks[near[0]] = replace(tracks[near[0]], points=points)
                continue
            self._count += 1
            state = np.array([*sighting.position, 0.0, 0.0])
            spread = np.diag([_NOISE**2] * 2 + [_HASTE**2] * 2)
            tracks.append(
                Track(
                    self._count, sighting.person, stamp, stamp, 1, state, spread, sighting.points,
                    sighting.sensor,
                )
            )  # fmt: skip
        self._tracks = tracks
        return self.tracks


def _predicted(track: Track, stamp: float) -> Track:
    dt = max(0.0, stamp - track.stamp)
    transition, noise = step(dt)
    moved = track.points.copy()
    moved[:, :2] += dt * track.velocity
    return Track(
        track.id, track.person, max(stamp, track.stamp), track.seen, track.hits,
        transition @ track.state, transition @ track.covariance @ transition.T + noise, moved,
        track.sensor,
    )  # fmt: skip


def _corrected(track: Track, sighting: Sighting, stamp: float) -> Track:
    """The Kalman update, in Joseph's form, which keeps the covariance positive."""
    seen = np.eye(2, 4)
    spread = track.covariance[:2, :2] + _NOISE**2 * np.eye(2)
    gain = track.covariance[:, :2] @ np.linalg.inv(spread)
    left = np.eye(4) - gain @ seen
    covariance = left @ track.covariance @ left.T + _NOISE**2 * gain @ gain.T
    return Track(
        track.id, track.person or sighting.person, track.stamp, max(stamp, track.seen),
        track.hits + 1, track.state + gain @ (sighting.position - track.position), covariance,
        sighting.points, sighting.sensor,
    )  # fmt: skip


def _distance(track: Track, sighting: Sighting) -> float:
    """Squared Mahalanobis distance."""
    apart = sighting.position - track.position
    spread = track.covariance[:2, :2] + _NOISE**2 * np.eye(2)
    return float(apart @ np.linalg.solve(spread, apart))


def _apart(track: Track, sighting: Sighting) -> float:
    return float(np.linalg.norm(sighting.position - track.position))
