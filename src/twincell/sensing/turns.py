"""A LiDAR's turn against moving bodies: each is cast at once, whatever moved between its parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twincell.sensing.scene import Placement, Scene
from twincell.sensing.sweep import Grid, collect_all, take

__all__ = ["Turn", "cast_moving"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]


@dataclass(frozen=True)
class Turn:
    """Where a LiDAR and the bodies are in the parts of one turn.

    Attributes:
        grid: azimuths and elevations of the rays.
        bounds: first column of each part, shape (parts + 1,).
        rotations: sensor to world, shape (parts, 3, 3).
        positions: of the sensor in the world, shape (parts, 3) [m].
        bodies: placement in each part.
    """

    grid: Grid
    bounds: I64
    rotations: F64
    positions: F64
    bodies: tuple[Placement, ...]


def cast_moving(
    scene: Scene,
    rays: F32,
    rings: I32,
    columns: I64,
    turn: Turn,
    hits: tuple[F32, F32, I32],
) -> None:
    """Cast a LiDAR's rays against the moving bodies, each in one go for the whole turn.

    Args:
        scene: the bodies.
        rays: unit directions in the sensor frame, column by column, shape (k, s, 3).
        rings: ring of each, shape (k,).
        columns: first ray of each column, shape (columns + 1,).
        turn: where all is.
        hits: range, cosine and body of what was met before, flat, shape (k * s,); changed where a
            body is nearer.
    """
    if not scene.moving or len(rays) == 0:
        return
    best, cosine, body = hits
    rotation = np.stack([p.rotations for p in turn.bodies], axis=1)
    position = np.stack([p.positions for p in turn.bodies], axis=1)
    present = np.stack([p.present for p in turn.bodies], axis=1)
    back = rotation.transpose(0, 1, 3, 2)
    turns = np.ascontiguousarray(back @ turn.rotations)
    origins = np.ascontiguousarray((back @ (turn.positions - position)[..., None])[..., 0])
    low, high = scene.boxes
    starts, chosen, local = collect_all(
        rays,
        rings,
        columns,
        turn.bounds,
        turn.grid,
        turns,
        origins,
        present,
        low,
        high,
        best.reshape(rays.shape[:2]),
    )
    first = len(scene.names) - len(scene.moving)
    for i in np.flatnonzero(np.diff(starts)).tolist():
        part = slice(starts[i], starts[i + 1])
        t, normal = scene.cast_mover(i, local[part])
        number = np.full(len(t), first + i, np.int32)
        take(chosen[part], t, normal, local[part], number, best, cosine, body)
