"""What a LiDAR that stands still sees of what stands still: cast once, then remembered.

The rays of a LiDAR that has not moved are the same in each turn, and what never moves is the same
too, so the hits are the same to the bit. Only moving bodies are cast anew. A LiDAR that has moved
has other rays, and its background is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Background", "Cast"]

F32 = NDArray[np.float32]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]

Cast = Callable[[F32], tuple[F32, F32, I32]]
"""Rays in the world, shape (k, 6), to range, cosine and body of each, inf, 0 and -1 for none."""


class Background:
    """Hits of one LiDAR at one pose.

    Args:
        pose: the sensor's, as bytes: what has to be equal for the background to hold.
        cast: casts rays against what never moves.
        rays: central rays of the turn in the world, shape (k, 6).
    """

    def __init__(self, pose: bytes, cast: Cast, rays: F32) -> None:
        self.pose = pose
        self._cast = cast
        self._central = cast(rays)
        self._known = np.zeros(2 * len(rays), bool)
        shape = (2 * len(rays), 2)
        self._around = (
            np.empty(shape, np.float32),
            np.empty(shape, np.float32),
            np.empty(shape, np.int32),
        )

    def central(self) -> tuple[F32, F32, I32]:
        """Range, cosine and body of the central rays, shape (k,) each, as copies."""
        t, cosine, body = self._central
        return t.copy(), cosine.copy(), body.copy()

    def around(self, which: I64, rays: Callable[[I64], F32]) -> tuple[F32, F32, I32]:
        """The same of pairs of sub-rays about some rays, cast where they have not been before.

        Args:
            which: of each pair, as `kernels.edges` gives them, shape (m,).
            rays: gives the sub-rays in the world of some of those, shape (2 * n, 6).

        Returns:
            Shape (m, 2) each, as copies.
        """
        new = which[~self._known[which]]
        if len(new):
            for kept, found in zip(self._around, self._cast(rays(new)), strict=True):
                kept[new] = found.reshape(-1, 2)
            self._known[new] = True
        t, cosine, body = self._around
        return t[which], cosine[which], body[which]
