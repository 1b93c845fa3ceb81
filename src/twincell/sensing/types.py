"""What sensors give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Profiles", "Scan", "SpectralImage"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Scan:
    """One turn of a LiDAR, in the sensor frame at the stamp.

    Attributes:
        stamp: time of the first firing [s].
        points: shape (n, 3) [m]; a beam without return is absent.
        intensity: shape (n,), 0 to 255.
        time: after the stamp, shape (n,) [s].
        ring: beam number, 0 lowest, shape (n,), uint16.
    """

    stamp: float
    points: F32
    intensity: F32
    time: F32
    ring: NDArray[np.uint16]


@dataclass(frozen=True)
class Profiles:
    """Lines of a laser profiler, in its optical frame (x along the line, z along the view).

    Attributes:
        stamps: time of each line, shape (m,) [s].
        points: shape (m, k, 3) [m]; NaN where no light returned. y is 0.
        intensity: shape (m, k), 0 to 255.
    """

    stamps: F64
    points: F32
    intensity: F32

    @classmethod
    def joined(cls, parts: Sequence[Profiles]) -> Profiles:
        """Lines of several messages as one, in their order; at least one message."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            stamps=np.concatenate([p.stamps for p in parts]),
            points=np.concatenate([p.points for p in parts]),
            intensity=np.concatenate([p.intensity for p in parts]),
        )


@dataclass(frozen=True)
class SpectralImage:
    """An image with several bands.

    Attributes:
        stamp: time of exposure [s].
        bands: centre wavelengths [nm], shape (b,).
        data: counts, shape (b, height, width), uint16.
        camera_matrix: pinhole intrinsics, shape (3, 3) [pixel].
        bits: depth of quantisation.
        distortion: plumb_bob k1, k2, t1, t2, k3, shape (5,); zeros for an ideal lens.
        glow: counts of the ultraviolet image, shape (height, width), uint16; None without one.
    """

    stamp: float
    bands: F64
    data: NDArray[np.uint16]
    camera_matrix: F64
    bits: int
    distortion: F64 = field(default_factory=lambda: np.zeros(5))
    glow: NDArray[np.uint16] | None = None

    @property
    def planes(self) -> NDArray[np.uint16]:
        """Counts of all bands, then of ultraviolet where there is one, shape (n, height, width)."""
        return self.data if self.glow is None else np.concatenate([self.data, self.glow[None]])
