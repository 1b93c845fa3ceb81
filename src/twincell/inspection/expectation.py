"""What a profiler should see of a flawless part, ray by ray, and how far a measured line is off.

The nominal CAD is cast with the very rays of the profiler. Where it predicts a clear view of the
airfoil, two things speak of a flaw: a surface deeper than its neighbourhood, and a place that
stays dark although the CAD there returns light (the walls of a crack are too steep to).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from twincell.geometry.blade import BladeModel
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.inspection.expectation_kernel import compare_lines
from twincell.sensing.glints import GLARE
from twincell.sensing.profiler import fan
from twincell.sensing.scene import Scene
from twincell.world.sensors import Profiler

__all__ = ["Comparison", "Expectation"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

END_MARGIN = 0.001
"""Kept clear of platform and shroud [m]."""
EDGE_MARGIN = 0.0006
"""Kept clear of outlines and steep places [m]."""
INCIDENCE_MARGIN = 0.10
"""Kept clear of the profiler's incidence limit [rad]."""
STEP = 0.0003
"""A jump of the CAD's depth between neighbouring rays that counts as an outline [m]."""
BLIND_MARGIN = 0.001
"""Kept clear of light so weak or so strong that it is nearly lost [m]."""
BLIND_LINES = 10
"""Lines on both sides that are kept clear of it too, as far as they came at once."""
WEAK = 1.5
"""Light below this many times the profiler's threshold is nearly lost."""
STRONG = 170.0
"""Intensity, of 255, from which the profiler's camera nearly saturates."""
LEAST_SEEN = 0.5
"""Share of the expected points that a line must hold; else the sensor did not see."""


@dataclass(frozen=True)
class Comparison:
    """Measured lines against the CAD, m lines of k rays.

    Attributes:
        expected: depth of the CAD along the optical z, inf where it is not met, (m, k) [m].
        cosine: of the CAD's incidence, (m, k).
        clear: where the CAD promises a good view of the airfoil in a line that was seen, (m, k).
        off: measured less expected depth, 0 where nothing was measured, (m, k) [m].
        measured: where light returned, (m, k).
        seen: lines in which the sensor saw the part, (m,).
    """

    expected: F32
    cosine: F32
    clear: Mask
    off: F32
    measured: Mask
    seen: Mask

    @classmethod
    def join(cls, parts: Sequence[Comparison]) -> Comparison:
        """Lines of several, at least one, after one another."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def columns(self, part: slice) -> Comparison:
        """Some rays of every line."""
        return Comparison(
            self.expected[:, part],
            self.cosine[:, part],
            self.clear[:, part],
            self.off[:, part],
            self.measured[:, part],
            self.seen,
        )

    def lines(self, part: slice) -> Comparison:
        """Some of the lines."""
        return Comparison(*(getattr(self, f.name)[part] for f in fields(self)))


class Expectation:
    """The nominal part as a profiler would see it.

    Args:
        model: the CAD.
        spec: the profiler.
    """

    def __init__(self, model: BladeModel, spec: Profiler) -> None:
        body = Body("cad", model.mesh, "titanium", Pose.identity(), True)
        self.fan = fan(spec)
        self._scene = Scene([body])
        self._placement = self._scene.place()
        self._spec = spec
        self._range = (model.airfoil[0] + END_MARGIN, model.airfoil[1] - END_MARGIN)
        self.pitch = float(self.fan[1, 0] - self.fan[0, 0])
        self._edge = int(np.ceil(EDGE_MARGIN / (self.pitch * spec.standoff)))
        blind = int(np.ceil(BLIND_MARGIN / (self.pitch * spec.standoff)))
        self._blind = np.ones((2 * BLIND_LINES + 1, 2 * blind + 1), np.uint8)

    def uncertain(self, intensity: F32, depth: F32) -> Mask:
        """Rays near to which polish may have taken the light, shape (m, k).

        Polished metal turns dark where it mirrors light past the camera, or into it; light fades
        or swells towards such places. A crack's darkness has full light beside it.

        Args:
            intensity: 0 to 255, shape (m, k).
            depth: measured z, NaN where dark, shape (m, k) [m].
        """
        weak = intensity < 255.0 * WEAK * self._spec.threshold / GLARE
        faint = (weak | (intensity > STRONG)) & np.isfinite(depth)
        if not faint.any():
            return np.asarray(faint)
        return cv2.dilate(faint.astype(np.uint8), self._blind).astype(bool)

    def compare(
        self, depth: F32, sensors: Sequence[Pose], uncertain: Mask | None = None
    ) -> Comparison:
        """Compare lines with the CAD.

        Args:
            depth: measured z in the optical frame, NaN where dark, shape (m, k) [m].
            sensors: pose of the optical frame in the part frame at each line.
            uncertain: rays that say nothing (see `uncertain`), shape (m, k).
        """
        spec = self._spec
        far = spec.standoff + spec.depth / 2
        z, cosine, _ = self._scene.cast_fan(sensors, self.fan, far, [self._placement])
        clear, measured, off, seen = compare_lines(
            z,
            cosine,
            depth,
            np.array([s.rotation()[2] for s in sensors]),
            np.array([s.p[2] for s in sensors]),
            self.fan,
            (spec.standoff - spec.depth / 2, far),
            self._range,
            float(np.cos(max(spec.incidence - INCIDENCE_MARGIN, 0.0))),
            STEP,
            self._edge,
            LEAST_SEEN,
        )
        if uncertain is not None:
            clear &= ~uncertain
        return Comparison(z, cosine, clear, off, measured, seen)

    def points(
        self,
        depth: F32,
        line: NDArray[np.int64],
        column: NDArray[np.int64],
        sensors: Sequence[Pose],
    ) -> F64:
        """Points of rays at a depth, in the part frame.

        Args:
            depth: along the optical z, shape (n,) [m].
            line: of each ray.
            column: of each ray.
            sensors: pose of the optical frame in the part frame, one a line.

        Returns:
            Shape (n, 3) [m].
        """
        turn = Rotation.from_quat(np.array([s.q for s in sensors])).as_matrix()
        where = np.array([s.p for s in sensors])
        local = self.fan[column] * depth[:, None]
        return np.asarray(np.einsum("nij,nj->ni", turn[line], local) + where[line])
