"""Pixels on narrow grooves, which one ray each would see or miss by chance.

A groove is what `folds` finds in a mesh: the bottom of a crack. Its pixels are cast with `RAYS`
rays over their area, so that light falls as the groove's share of the pixel rises, whatever the
pixel's size. Rays lie as the first points of Roberts' R2 sequence (M. Roberts, "The unreasonable
effectiveness of quasirandom sequences", 2018), moved by a fixed amount from pixel to pixel.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.sensing.optics import camera_info, project
from twincell.sensing.scene import Hits, Placement
from twincell.sensing.sightlines import Sightlines
from twincell.world.sensors import Multispectral

__all__ = ["RAYS", "groove_pixels", "offsets", "openness"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

RAYS = 24
"""Rays over a pixel's area."""
_REACH = 0.004
"""How far away a groove's other wall takes ambient light [m]."""
_WAYS = 4
"""Directions in which one ray's hit looks for ambient light."""
_LIFT = 2e-6
"""How far from the surface those start [m]."""
_PLASTIC = 1.324717957244746
"""Root of x^3 = x + 1, of which R2 is made."""


def groove_pixels(
    scene: Sightlines, spec: Multispectral, sensor: Pose, poses: Placement
) -> tuple[I64, I64]:
    """Rows and columns of pixels that a groove may touch, hidden ones among them."""
    info = camera_info(spec)
    mask = np.zeros((spec.height, spec.width), np.uint8)
    turn = sensor.rotation()
    for body, points in enumerate(scene.folds):
        frame = scene.frame(body, poses) if len(points) else None
        if frame is None:
            continue
        rotation, position = frame
        at = project(info, (points @ rotation.T + position - sensor.p) @ turn)
        near = (at > -1).all(axis=1) & (at < [spec.width, spec.height]).all(axis=1)
        u, v = np.rint(at[near]).astype(int).T
        mask[np.clip(v, 0, spec.height - 1), np.clip(u, 0, spec.width - 1)] = 1
    v, u = np.nonzero(cv2.dilate(mask, np.ones((3, 3), np.uint8)))
    return v, u


def offsets(v: I64, u: I64) -> F32:
    """Where in its pixel each ray goes, -0.5 to 0.5, shape (m, RAYS, 2) for u and v."""
    step = np.array([1 / _PLASTIC, 1 / _PLASTIC**2])
    # each pixel starts elsewhere, by numbers that share no multiple with the steps, so that
    # neighbours along a straight crack do not ask for the same places
    start = np.stack([2**0.5 * u + 3**0.5 * v, 5**0.5 * u + 7**0.5 * v], axis=-1)
    share = (start[:, None] + step * np.arange(RAYS)[:, None]) % 1.0
    return np.asarray(share - 0.5, np.float32)


def openness(scene: Sightlines, at: F32, hits: Hits, poses: Placement) -> F32:
    """Share of ambient light that reaches what rays met, shape (k,).

    Directions about the normal by Lambert's cosine law (Malley's method: M. Pharr, W. Jakob and
    G. Humphreys, Physically Based Rendering, sec. 13.6.3), against the body itself within `_REACH`.

    Args:
        scene: what there is.
        at: points, world frame, shape (k, 3) [m].
        hits: the rays' hits there.
        poses: of the bodies.
    """
    out = np.ones(len(at), np.float32)
    for body in np.unique(hits.body[hits.body >= 0]):
        if not scene.bodies[body].detail:
            continue
        k = np.flatnonzero(hits.body == body)
        normal = hits.normal[k]
        side = np.cross(normal, np.where(np.abs(normal[:, :1]) < 0.6, [[1.0, 0, 0]], [[0, 1.0, 0]]))
        side /= np.linalg.norm(side, axis=1, keepdims=True)
        other = np.cross(normal, side)
        number = (k[:, None] * _WAYS + np.arange(_WAYS)).ravel()
        radius = np.sqrt((0.5 + number / _PLASTIC) % 1.0)
        turn = 2 * np.pi * ((0.5 + number / _PLASTIC**2) % 1.0)
        local = np.stack([radius * np.cos(turn), radius * np.sin(turn), np.sqrt(1 - radius**2)])
        x, y, z = (a[:, None].astype(np.float32) for a in local)
        of = np.repeat(np.arange(len(k)), _WAYS)
        ways = (_REACH * (x * side[of] + y * other[of] + z * normal[of])).astype(np.float32)
        starts = at[k][of] + np.float32(_LIFT) * normal[of]
        dark = scene.hidden(int(body), starts, ways, poses)
        out[k] = 1 - dark.reshape(-1, _WAYS).mean(axis=1, dtype=np.float32)
    return out
