"""The crack detector: profiles in, anomalies while they arrive, a verdict at the end.

It sees profiles, where the sensor was (joint encoders), the nominal CAD and the criteria; nothing
else.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
import open3d as o3d
import trimesh
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from twincell.errors import InspectionError
from twincell.geometry.blade import BladeModel
from twincell.geometry.pose import Pose
from twincell.inspection.advance import Advance
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.inspection.deviation import deviation_map
from twincell.inspection.expectation import Comparison, Expectation
from twincell.inspection.fusion import Looks, fuse
from twincell.inspection.indications import (
    GAP,
    Collector,
    Indications,
    gaps,
    line_spacing,
    threshold,
)
from twincell.inspection.measure import FEWEST, anomaly, measure
from twincell.inspection.neighbourhood import HALF_WIDTH, background
from twincell.inspection.registration import register
from twincell.inspection.spectral import SpectralDetector, SpectralIndication
from twincell.inspection.streaming import CELL, JUMP, Stream
from twincell.sensing.types import Profiles, SpectralImage
from twincell.world.sensors import Multispectral, Profiler
from twincell.world.work import Inspection

__all__ = ["CrackDetector"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

Decision = Literal["accept", "rework", "reject", "rescan"]

LEAST_COVERAGE = 0.70
"""Of the airfoil's area for a verdict; a line of sight from two sides sees about nine tenths."""
_LINES = 10
"""Half height of the neighbourhood in the whole scan, in lines."""
_STRIDE = 8
"""Every so-many-th ray and line serves registration and coverage."""
FAINT = 0.67
"""Share of the threshold, 3 of its 4.5 sigma, from which a ray may confirm what an image shows."""
SMALL = 0.0001
"""Registration that moves no point farther than this leaves comparisons standing: it lies within
the margins kept clear of edges, and the trend of each neighbourhood takes it out again [m]."""
STANDS = 0.1
"""A line nearer to the one before than this share of the usual spacing shows the same place."""
_SEEN_WITHIN = 0.0008
"""A place of the airfoil counts as seen when a point lies this near [m]."""


class CrackDetector:
    """Finds cracks on the airfoil of one part after the other.

    Args:
        model: the CAD.
        inspection: how parts are scanned and judged.
        profiler: what scans them.
        camera: what takes images beside it, where there is one.

    Attributes:
        images: that were looked at since the part was started.
    """

    def __init__(
        self,
        model: BladeModel,
        inspection: Inspection,
        profiler: Profiler,
        camera: Multispectral | None = None,
    ) -> None:
        self._model = model
        self._criteria = inspection.criteria
        self._profiler = profiler
        self._usual = inspection.speed / profiler.rate
        self._expectation = Expectation(model, profiler)
        self._spectral = (
            None if camera is None else SpectralDetector(model.mesh, camera.lamp, model.airfoil)
        )
        self._seen: list[SpectralIndication] | None = None
        self.images = 0
        places, faces = trimesh.sample.sample_surface(model.mesh, 20_000, seed=0)[:2]
        low, high = model.airfoil
        self._airfoil: F64 = places[
            (places[:, 2] > low)
            & (places[:, 2] < high)
            & (np.abs(model.mesh.face_normals[faces, 2]) < 0.9)
        ]
        self._part: str | None = None
        self._stream: Stream | None = None
        self._advance = Advance(profiler.standoff, STANDS * self._usual)
        self._depth: list[F32] = []
        self._uncertain: list[NDArray[np.bool_]] = []
        self._compared: list[Comparison] = []
        self._stamps: list[F64] = []
        self._sensors: list[Pose] = []

    def start(self, part: str, now: float) -> None:
        """Begin with a part; what was gathered of an earlier one is dropped.

        Args:
            part: its name.
            now: [s].

        Raises:
            InspectionError: a time that is not finite.
        """
        if not np.isfinite(now):
            raise InspectionError(f"part '{part}': started at {now}; valid: a finite time in s")
        self._part = part
        self._stream = Stream(part, self._expectation, self._profiler, self._criteria, self._usual)
        self._advance = Advance(self._profiler.standoff, STANDS * self._usual)
        self._depth, self._stamps, self._sensors, self._compared = [], [], [], []
        self._uncertain = []
        self._seen, self.images = None, 0

    def push(
        self, profiles: Profiles, sensor_in_part: Sequence[Pose], now: float
    ) -> tuple[Anomaly, ...]:
        """Take lines as they arrive; those of a sensor that stands are passed over.

        Args:
            profiles: the lines.
            sensor_in_part: pose of the optical frame in the part frame, one a line.
            now: [s].

        Returns:
            Cracks that became certain with these lines, and known ones that became graver.

        Raises:
            InspectionError: no part was started, another number of points or poses than
                expected, infinite depths or poses.
        """
        if self._stream is None:
            raise InspectionError("profiles without a part; call start(part, now) first")
        depth = np.asarray(profiles.points[:, :, 2], np.float32)
        m, k = depth.shape
        if k != self._profiler.points or m != len(sensor_in_part) or m != len(profiles.stamps):
            raise InspectionError(
                f"part '{self._part}': {m} lines of {k} points, {len(sensor_in_part)} poses, "
                f"{len(profiles.stamps)} stamps; valid: {self._profiler.points} points, a pose "
                "and a stamp a line"
            )
        if m == 0:
            return ()
        poses = np.array([s.as_array() for s in sensor_in_part])
        if np.isinf(depth).any() or not np.isfinite(poses).all():
            raise InspectionError(
                f"part '{self._part}': infinite depths, or sensor poses that are not finite; "
                "valid: NaN where no light returned, finite poses"
            )
        fresh = self._advance.fresh(sensor_in_part)
        if len(fresh) == 0:
            return ()
        depth, stamps = depth[fresh], profiles.stamps[fresh]
        sensors = [sensor_in_part[i] for i in fresh]
        self._depth.append(depth)
        self._stamps.append(stamps)
        self._sensors += sensors
        uncertain = self._expectation.uncertain(profiles.intensity[fresh], depth)
        self._uncertain.append(uncertain)
        comparison = self._expectation.compare(depth, sensors, uncertain)
        self._compared.append(comparison)
        return self._stream.push(comparison, sensors, stamps, now)

    def look(self, image: SpectralImage, camera_in_part: Pose) -> tuple[SpectralIndication, ...]:
        """Take an image; what it shows counts in `finish`.

        Args:
            image: of the part.
            camera_in_part: pose of the optical frame in the part frame.

        Returns:
            Dark lines in it.

        Raises:
            InspectionError: no part was started, no camera was named, an image of other bands than
                it says, or a pose that is not finite.
        """
        if self._part is None or self._spectral is None:
            missing = "part; call start(part, now) first" if self._part is None else "camera"
            raise InspectionError(f"an image without a {missing}")
        if not np.isfinite(camera_in_part.as_array()).all():
            raise InspectionError(
                f"part '{self._part}': a camera pose that is not finite; valid: finite poses"
            )
        found = self._spectral.detect(image, camera_in_part)
        self._seen = [*(self._seen or []), *found]
        self.images += 1
        return found

    def finish(self, now: float) -> Verdict:
        """Judge the part by all its lines, and by its images where there are any.

        Args:
            now: [s].

        Raises:
            InspectionError: no points, or a scan that does not fit the CAD.
        """
        if self._part is None or not self._depth:
            raise InspectionError("nothing to judge: no line was taken since start()")
        depth = np.concatenate(self._depth)
        stamps = np.concatenate(self._stamps)
        cloud = self._cloud(depth)
        if len(cloud) == 0:
            raise InspectionError(
                f"part '{self._part}': none of {len(depth)} lines holds a point of the part"
            )
        fit = register(cloud[:: max(len(cloud) // 8000, 1)], self._model.mesh, self._part)
        sensors = [fit.pose @ s for s in self._sensors]
        moved = float(np.linalg.norm(fit.pose.apply(self._airfoil) - self._airfoil, axis=1).max())
        compared = Comparison.join(self._compared) if moved < SMALL else None
        candidates, faint, rays = self._candidates(depth, stamps, sensors, compared)
        residual = self._residual(depth, sensors)
        anomalies, dark = self._judge(candidates, now)
        anomalies, harmless = self._fused(anomalies, dark, cloud, faint, rays, now)
        reach, _ = cKDTree(fit.pose.apply(cloud)).query(
            self._airfoil, distance_upper_bound=_SEEN_WITHIN
        )
        coverage = float(np.isfinite(reach).mean())
        self._stream = None
        decision = self._decide(anomalies, coverage)
        return Verdict(self._part, decision, anomalies, coverage, residual, harmless)

    def deviation(self, lines: int = 2, points: int = 3) -> tuple[F64, F64, NDArray[np.bool_]]:
        """The last scan's deviation from the CAD, thinned, for pictures (see `deviation`).

        Args:
            lines: take every so-many-th line.
            points: take every so-many-th point of a line.

        Returns:
            Points in the part frame, shape (n, 3) [m], deviations, shape (n,) [m], and which of
            them were seen from the suction side, shape (n,).

        Raises:
            InspectionError: nothing was scanned, or no line met anything.
        """
        if not self._depth:
            raise InspectionError("no line was scanned; valid: after lines were pushed")
        depth = np.concatenate(self._depth)
        chosen = np.flatnonzero(np.isfinite(depth).any(axis=1))[::lines]
        if len(chosen) == 0:
            raise InspectionError(f"none of {len(depth)} lines met anything; valid: a part in view")
        sensors = [self._sensors[i] for i in chosen]
        return deviation_map(self._expectation, depth[chosen], sensors, points)

    def _fused(
        self,
        anomalies: tuple[Anomaly, ...],
        dark: frozenset[str],
        cloud: F64,
        faint: Indications,
        rays: int,
        now: float,
    ) -> tuple[tuple[Anomaly, ...], tuple[Anomaly, ...]]:
        """What counts and what does not, by profiler and camera."""
        if self._part is None or self._seen is None:
            return anomalies, ()
        turned = {tuple(np.round(s.q, 3).tolist()): s for s in self._sensors}
        along = np.array([s.rotate(np.array([1.0, 0.0, 0.0])) for s in turned.values()])
        pitch = self._expectation.pitch * self._profiler.standoff
        density = len(faint.points) / max(rays * pitch * self._usual, 1e-12)
        looks = Looks(cloud, along, self._usual, faint.points, density, dark)
        found = [
            f.anomaly for f in fuse(self._part, anomalies, self._seen, self._criteria, now, looks)
        ]
        found = [a for a in found if a.length >= self._criteria.report]
        grave = tuple(a for a in found if a.kind in ("crack", "dent"))
        return grave, tuple(a for a in found if a.kind not in ("crack", "dent"))

    def _decide(self, anomalies: Sequence[Anomaly], coverage: float) -> Decision:
        """Where the part goes."""
        longest = max((a.length for a in anomalies if a.kind == "crack"), default=0.0)
        if longest >= self._criteria.reject:
            return "reject"  # seeing more could only make it worse
        if coverage < LEAST_COVERAGE:
            return "rescan"
        return "rework" if anomalies else "accept"

    def _cloud(self, depth: F32) -> F64:
        """A thinned cloud of the scan in the part frame, airfoil and a little more."""
        line, column = np.nonzero(np.isfinite(depth[::_STRIDE, ::_STRIDE]))
        line, column = line * _STRIDE, column * _STRIDE
        points = self._expectation.points(depth[line, column], line, column, self._sensors)
        low, high = self._model.airfoil
        return points[(points[:, 2] > low - 0.005) & (points[:, 2] < high + 0.005)]

    def _candidates(
        self, depth: F32, stamps: F64, sensors: Sequence[Pose], compared: Comparison | None
    ) -> tuple[Indications, Indications, int]:
        """Indications of the whole scan, faint ones and the number of rays that could show some.

        Pass by pass; compared anew where it must be.
        """
        positions = np.array([s.p for s in sensors])
        steps = np.linalg.norm(np.diff(positions, axis=0), axis=1)
        uncertain = np.concatenate(self._uncertain)
        bounds = [0, *(np.flatnonzero(steps > JUMP) + 1).tolist(), len(depth)]
        found = []
        for first, last in pairwise(bounds):
            part = slice(first, last)
            if compared is None:
                comparison = self._expectation.compare(depth[part], sensors[part], uncertain[part])
            else:
                comparison = compared.lines(part)
            spacing = line_spacing(positions[part], None, self._usual)
            found.append(self._pass(comparison, sensors[part], stamps[part], spacing))
        clear, faint, rays = zip(*found, strict=True)
        return Indications.join(list(clear)), Indications.join(list(faint)), sum(rays)

    def _residual(self, depth: F32, sensors: Sequence[Pose]) -> float:
        """Root mean square distance of the registered scan to the CAD [m]."""
        comparison = self._expectation.compare(depth[::_STRIDE], sensors[::_STRIDE])
        lit = comparison.clear & comparison.measured
        if not lit.any():
            raise InspectionError(f"part '{self._part}': the scan shows nothing of the airfoil")
        off = (comparison.off[lit] * comparison.cosine[lit]).astype(float)
        return float(np.sqrt(off @ off / len(off)))

    def _pass(
        self, comparison: Comparison, sensors: Sequence[Pose], stamps: F64, spacing: F64
    ) -> tuple[Indications, Indications, int]:
        """As `_candidates`, of one pass; faint ones only where images were taken."""
        pitch = self._expectation.pitch * self._profiler.standoff
        mean, enough = background(comparison, int(HALF_WIDTH / pitch), _LINES)
        clear = comparison.clear & enough
        limit = threshold(self._profiler.noise)
        below = comparison.off - mean
        lower = clear & comparison.measured
        marked = lower & (below > limit)
        dark = clear & ~comparison.measured
        across = gaps(comparison.measured, int(GAP / pitch))
        lit = comparison.measured & comparison.seen[:, None]
        widest = max(int(GAP / max(float(np.median(spacing)), 1e-6)), 1)
        dark &= across | gaps(lit.T, widest).T
        collect = Collector(self._expectation, comparison, mean, sensors, stamps, spacing)
        faint = Indications.join([])
        if self._seen is not None:
            faint = collect((lower & (below > FAINT * limit)) | dark)
        return collect(marked | dark), faint, int(clear.sum())

    def _judge(
        self, candidates: Indications, now: float
    ) -> tuple[tuple[Anomaly, ...], frozenset[str]]:
        """Cluster, measure and classify, longest first; and which of them stayed dark, by id."""
        if len(candidates.points) == 0 or self._part is None:
            return (), frozenset()
        cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(candidates.points))
        labels = np.asarray(cloud.cluster_dbscan(eps=1.2 * CELL, min_points=4))
        sizes = []
        for label in range(labels.max() + 1):
            cluster = candidates[labels == label]
            size = measure(cluster, self._profiler.incidence)
            if len(cluster.points) >= FEWEST and size.length >= self._criteria.report:
                sizes.append((size, cluster))
        sizes.sort(key=lambda pair: -pair[0].length)
        made = tuple(
            anomaly(i + 1, self._part, cluster, size, self._criteria, now)
            for i, (size, cluster) in enumerate(sizes)
        )
        return made, frozenset(a.id for a, (size, _) in zip(made, sizes, strict=True) if size.dark)
