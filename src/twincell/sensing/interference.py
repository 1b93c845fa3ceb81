"""Pulses of the cell's other LiDARs.

A LiDAR hears another's pulse where the footprint of its own beam and the other's meet on a surface,
or where both look into each other, and only while it listens (Popko, Gaylord and Valenta,
"Geometric approximation model of inter-lidar interference", Opt. Eng. 59 (2020) 033104; Kim, Eom
and Park, IEEE IV 2015). With the other's pulse sent `lag` after the own one, and ranges r and R
from both to the common spot, it seems to come from (r + R + c lag) / 2; face to face at a distance
L from (L + c lag) / 2. It counts where this is nearer than the own echo: the first pulse is taken.

Nothing locks the devices: in each turn the other's turn begins at any time alike, and its rate is
off by up to `DRIFT`. Both devices send alike, so that a spot is as bright as in the own echo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.sensing.echoes import LIGHT
from twincell.sensing.scene import Scene
from twincell.sensing.turns import Turn
from twincell.world.sensors import Lidar

__all__ = ["DRIFT", "Other", "foreign"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_Heard = tuple[I64, F64, NDArray[np.bool_]]
"""Flat numbers of rays, apparent ranges, whether face to face."""

DRIFT = 5e-5
"""Largest relative error of a quartz clock's rate."""


@dataclass(frozen=True)
class Other:
    """Another LiDAR of the cell.

    Attributes:
        spec: its configuration.
        pose: of its sensor frame in the world.
        rays: unit directions in its frame, shape (columns, rings, 3).
        clock: begin of its turn after the own one [s] and relative error of its rate; by chance
            where None.
    """

    spec: Lidar
    pose: Pose
    rays: F32
    clock: tuple[float, float] | None = None


def foreign(
    scene: Scene,
    spec: Lidar,
    rays: F32,
    turn: Turn,
    ranges: F32,
    others: Sequence[Other],
    rng: np.random.Generator,
) -> _Heard:
    """Foreign pulses of one turn.

    Args:
        scene: what there is.
        spec: the LiDAR that hears.
        rays: its unit directions, shape (columns, rings, 3).
        turn: where it and the bodies are.
        ranges: to what its beams meet, shape (columns, rings) [m].
        others: the LiDARs that it may hear.
        rng: of the clocks.

    Returns:
        Flat numbers of the rays, apparent ranges [m], and whether the pulse came straight from
        the other; shape (k,) each, ordered from far to near.
    """
    found: list[_Heard] = []
    for other in others:
        firings, lags = _meetings(spec, other, rng)
        part = np.searchsorted(turn.bounds, firings[0], "right") - 1
        for p in np.unique(part):
            for some in _few(np.flatnonzero(part == p)):
                pairs = firings[:, some], lags[some]
                found.append(_heard(scene, spec, rays, turn, int(p), ranges, other, *pairs))
    if not found:
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool)
    which, apparent, straight = (np.concatenate(f) for f in zip(*found, strict=True))
    order = np.argsort(-apparent, kind="stable")
    near, far = spec.reach
    order = order[(apparent[order] >= near) & (apparent[order] <= far)]
    return which[order], apparent[order], straight[order]


def _few(rows: I64) -> list[I64]:
    """Rows in lots of at most 64, so that pairs of their rays fit into memory."""
    return np.array_split(rows, -(-len(rows) // 64))


def _meetings(spec: Lidar, other: Other, rng: np.random.Generator) -> tuple[I64, F64]:
    """Firings of both that can be heard: columns, shape (2, k), and lags, shape (k,) [s]."""
    own = 1.0 / (spec.rate * spec.columns)
    theirs = 1.0 / (other.spec.rate * other.spec.columns)
    if other.clock is None:
        phase, drift = rng.uniform(0, 1.0 / other.spec.rate), rng.uniform(-DRIFT, DRIFT)
    else:
        phase, drift = other.clock
    theirs *= 1 + drift
    time = np.arange(spec.columns) * own
    number = np.rint((time - phase) / theirs)
    lag = phase + number * theirs - time
    far, beyond = spec.reach[1], other.spec.reach[1]
    heard = (lag < 2 * far / LIGHT) & (lag > -(far + beyond) / LIGHT)
    column = np.flatnonzero(heard)
    return np.stack([column, number[column].astype(np.int64) % other.spec.columns]), lag[column]


def _heard(
    scene: Scene,
    spec: Lidar,
    rays: F32,
    turn: Turn,
    part: int,
    ranges: F32,
    other: Other,
    firings: I64,
    lags: F64,
) -> _Heard:
    """What n firings of one part of the turn hear of those of another LiDAR."""
    column, theirs = firings
    eye = turn.positions[part]
    own = rays[column] @ turn.rotations[part].T
    sent = other.pose.rotate(other.rays[theirs].reshape(-1, 3))
    away = scene.cast(other.pose.p, sent, turn.bodies[part]).range.astype(float)
    sent, away = sent.reshape(len(column), -1, 3), away.reshape(len(column), -1)
    r = ranges[column].astype(float)
    with np.errstate(invalid="ignore"):  # rays that met nothing
        spots = other.pose.p + away[..., None] * sent
        seen = eye + r[..., None] * own
        apart = np.linalg.norm(seen[:, :, None] - spots[:, None], axis=3)
        wide = 0.5 * (spec.beam * r[:, :, None] + other.spec.beam * away[:, None])
        n, i, j = np.nonzero(apart <= wide)
    which = [column[n] * spec.rings + i]
    apparent = [0.5 * (r[n, i] + away[n, j] + LIGHT * lags[n])]
    across = other.pose.p - eye
    length = float(np.linalg.norm(across))
    looks = (own @ across > length * np.cos(spec.beam / 2)) & (r >= length)
    shines = (sent @ -across > length * np.cos(other.spec.beam / 2)) & (away >= length)
    m, k = np.nonzero(looks & shines.any(axis=1, keepdims=True))
    which.append(column[m] * spec.rings + k)
    apparent.append(0.5 * (length + LIGHT * lags[m]))
    straight = np.repeat([False, True], [len(n), len(m)])
    return np.concatenate(which), np.concatenate(apparent), straight
