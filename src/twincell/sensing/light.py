"""Light of a small lamp on what rays met (Horn, Robot Vision, MIT Press 1986, ch. 10)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.sensing.scene import Hits, Placement
from twincell.sensing.sightlines import Sightlines
from twincell.world.sensors import Multispectral

__all__ = ["SKIN", "irradiance"]

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

SKIN = 2e-4
"""The usual `skin` of `irradiance`."""


def irradiance(
    scene: Sightlines,
    spec: Multispectral,
    sensor: Pose,
    rays: F32,
    hits: Hits,
    poses: Placement,
    known: NDArray[np.int8] | None = None,
    skin: float = SKIN,
) -> F32:
    """The lamp's light on seen points, as a share of that at its `distance` facing it, shape (k,).

        lit cos(theta) d0^2 / d^2,  lit = 1 where nothing stands before the lamp

    Args:
        scene: what there is.
        spec: the camera.
        sensor: pose of its optical frame in the world.
        rays: directions from the camera, world frame, shape (k, 3).
        hits: what they met.
        poses: of the bodies.
        known: whether what has no detail lets the light through: 1 yes, 0 no, -1 not known, (k,).
        skin: share of its way to a point at which a ray from the lamp counts as blocked no more.
    """
    lamp = sensor.apply(spec.lamp.place)
    # from the lamp, so that all shadow rays have one origin
    offset = (sensor.p - lamp).astype(np.float32)
    light = np.zeros(len(rays), np.float32)
    ways = np.empty_like(rays)
    front = np.empty(len(rays), np.int64)
    d02 = np.float32(spec.lamp.distance**2)
    shading = spec.effects.shading
    count = _direct(
        rays, hits.range, hits.normal, hits.body, offset, d02, shading, light, ways, front
    )
    if spec.effects.shadow and count:
        facing, to = front[:count], ways[:count]
        if known is None:
            light[facing[scene.blocked(lamp, to, 1 - skin, poses)]] = 0
            return light
        light[facing[known[facing] == 0]] = 0
        _, fine = scene.split(poses)
        clear = known[facing] > 0
        for ask, who, fixed in ((clear, fine, False), (known[facing] < 0, poses, True)):
            k = np.flatnonzero(ask)
            if len(k):
                light[facing[k[scene.blocked(lamp, to[k], 1 - skin, who, fixed=fixed)]]] = 0
    return light


@njit(cache=True)
def _direct(
    rays: F32,
    depth: F32,
    normal: F32,
    body: NDArray[np.int32],
    offset: F32,
    d02: np.float32,
    shading: bool,
    light: F32,
    ways: F32,
    front: I64,
) -> int:
    """Light without shadow; ways from the lamp to what faces it, and these rays' numbers."""
    count = 0
    for i in range(len(rays)):
        if body[i] < 0:
            continue
        x = rays[i, 0] * depth[i] + offset[0]
        y = rays[i, 1] * depth[i] + offset[1]
        z = rays[i, 2] * depth[i] + offset[2]
        along = -(normal[i, 0] * x + normal[i, 1] * y + normal[i, 2] * z)
        if along <= 0:
            continue
        d2 = x * x + y * y + z * z
        light[i] = along / np.sqrt(d2) * d02 / d2 if shading else np.float32(1)
        ways[count, 0], ways[count, 1], ways[count, 2] = x, y, z
        front[count] = i
        count += 1
    return count
