"""Highlights of the camera's lamp on metal.

A metal mirrors the share g of its light at facets whose slopes have the RMS m (K. E. Torrance and
E. M. Sparrow, J. Opt. Soc. Am. 57 (1967) 1105, with the slopes of P. Beckmann and A. Spizzichino,
1963). In units of what a matt surface of the same reflectance sends back when it faces the lamp at
its `distance` d0, that is

    g d0^2 / d^2  exp(-(tan(delta) / m)^2) G / (4 m^2 cos(delta)^4 cos(theta_view))
    G = min(1, 2 cos(delta) cos(theta_view) / cos(alpha), 2 cos(delta) cos(theta_lamp) / cos(alpha))

delta is the angle from the normal to the bisector of lamp and camera, alpha that from the bisector
to either. The rest, 1 - g, is scattered as by a matt surface.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["highlight"]

F32 = NDArray[np.float32]


@njit(cache=True)
def highlight(
    rays: F32, depth: F32, normal: F32, offset: F32, d02: np.float32, roughness: np.float32
) -> F32:
    """Mirrored light, for g = 1, on points that face lamp and camera, shape (k,).

    Args:
        rays: directions from the camera, world frame, shape (k, 3).
        depth: of the points, in units of the directions' length, shape (k,).
        normal: unit normals towards the camera, shape (k, 3).
        offset: from the lamp to the camera, shape (3,) [m].
        d02: square of the lamp's `distance` [m^2].
        roughness: RMS slope of the facets.
    """
    out = np.zeros(len(rays), np.float32)
    m2 = roughness * roughness
    for i in range(len(rays)):
        near, far = np.float32(0), np.float32(0)
        for j in range(3):
            near += rays[i, j] * rays[i, j]
            far += (rays[i, j] * depth[i] + offset[j]) ** 2
        to_eye, to_lamp = 1 / np.sqrt(near), 1 / np.sqrt(far)
        view, lamp, both, tilt = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
        for j in range(3):
            v = -rays[i, j] * to_eye
            w = -(rays[i, j] * depth[i] + offset[j]) * to_lamp
            view += normal[i, j] * v
            lamp += normal[i, j] * w
            both += (v + w) ** 2
            tilt += normal[i, j] * (v + w)
        if view <= 0 or lamp <= 0:
            continue
        length = np.sqrt(both)
        delta = tilt / length  # cosines from here on
        alpha = length / 2
        square = delta * delta
        shade = min(np.float32(1), min(view, lamp) * 2 * delta / alpha)
        slope = (1 - square) / (square * m2)
        out[i] = d02 / far * np.exp(-slope) * shade / (4 * m2 * square * square * view)
    return out
