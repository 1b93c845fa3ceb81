"""Cracks found, missed and imagined on the blades of blade_cell, and what that costs.

Every blade is cut anew for each seed, scanned over both views, and judged; truth is used here
only, to count. The peer of the streaming detector is the nearest-point deviation of a profile to
the CAD (Open3D signed distance), of the verdict Open3D's cloud-to-cloud distance.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import open3d as o3d
from figures import figure, report

from twincell.assets import world_path
from twincell.geometry.blade import blade_model
from twincell.geometry.bodies import Body
from twincell.geometry.catalogue import blades_of
from twincell.inspection.detector import CrackDetector
from twincell.sensing.profiler import lines
from twincell.sensing.scene import Scene
from twincell.study.passes import passes
from twincell.world.load import load_world

_BATCH = 10
"""Lines a message."""
_NEAR = 0.001
"""An indication this near to a crack's path is of that crack [m]."""


def main(seeds: list[int]) -> None:
    """Measure and report."""
    path = world_path("blade_cell")
    world = load_world(path)
    model = blade_model(world.part, path.parent)
    spec = world.profilers()[world.inspection.profiler]
    detector = CrackDetector(model, world.inspection, spec)
    views = [(v.part, v.sensors, v.in_part) for v in passes(world, model)]
    pushes: list[float] = []
    finishes: list[float] = []
    cracks = found = alarms = streamed = false_stream = parts = right = 0
    length_errors: list[float] = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for name, blade in blades_of(world, seed, path.parent).items():
            scene = Scene([Body("part", blade.mesh, world.part.material, None, True)])
            detector.start(name, 0.0)
            told, now = [], 0.0
            for part, sensors, in_part in views:
                placement = scene.place({"part": part})
                for i in range(0, len(sensors), _BATCH):
                    batch = slice(i, i + _BATCH)
                    stamps = now + np.arange(len(sensors[batch])) / spec.rate
                    now = float(stamps[-1]) + 1 / spec.rate
                    profiles = lines(scene, spec, sensors[batch], placement, stamps, rng)
                    start = time.perf_counter()
                    told += detector.push(profiles, in_part[batch], now)
                    pushes.append((time.perf_counter() - start) / len(stamps))
                    if len(pushes) == 50:
                        sample = profiles, in_part[batch]
            start = time.perf_counter()
            verdict = detector.finish(now)
            finishes.append(time.perf_counter() - start)
            parts += 1
            near = [
                [min(np.linalg.norm(f.path - a.center, axis=1)) < _NEAR for a in verdict.anomalies]
                for f in blade.flaws
            ]
            cracks += len(blade.flaws)
            found += sum(any(row) for row in near)
            alarms += sum(not any(column) for column in zip(*near, strict=True))
            alarms += 0 if near else len(verdict.anomalies)
            for flaw, row in zip(blade.flaws, near, strict=True):
                length_errors += [
                    a.length - flaw.length for a, n in zip(verdict.anomalies, row, strict=True) if n
                ]
            ids = {a.id: a for a in told}
            of = [
                any(min(np.linalg.norm(f.path - a.center, axis=1)) < 0.003 for f in blade.flaws)
                for a in ids.values()
            ]
            streamed += sum(of)
            false_stream += len(of) - sum(of)
            longest = max((f.length for f in blade.flaws), default=0.0)
            reject = world.inspection.criteria.reject
            truth = "accept" if not longest else "rework" if longest < reject else "reject"
            right += verdict.decision == truth
    errors = 1e3 * np.array(length_errors)
    print(
        f"{parts} blades, {cracks} cracks of {len(seeds)} seeds: found {found}, missed "
        f"{cracks - found}, false {alarms}; streamed {streamed}, false {false_stream}; "
        f"verdicts right {right}"
    )
    print(f"length: mean error {errors.mean():+.2f} mm, largest {np.abs(errors).max():.2f} mm")
    near_peer, cloud_peer = _peers(model, sample)
    report(
        "inspection",
        [
            figure("streaming, a profile, median", 1e3 * float(np.median(pushes)), "ms",
                   "open3d compute_signed_distance", 1e3 * near_peer, 1.5),
            figure("streaming, a profile, 99 %", 1e3 * float(np.quantile(pushes, 0.99)), "ms",
                   "", None, 4.0),
            figure("verdict of a scan", float(np.median(finishes)), "s",
                   "open3d cloud distance, 500,000 points", cloud_peer, 0.5),
            figure("cracks found", found / max(cracks, 1), "share", "", None, 1.0,
                   less_is_better=False),
            figure("false indications", float(alarms + false_stream), "count", "", None, 0.0),
            figure("verdicts right", right / parts, "share", "", None, 1.0, less_is_better=False),
        ],
    )  # fmt: skip


def _peers(model, sample) -> tuple[float, float]:
    """Time of nearest-point deviation a profile, and of cloud to cloud distance [s]."""
    scene = o3d.t.geometry.RaycastingScene(nthreads=1)
    scene.add_triangles(
        o3d.core.Tensor.from_numpy(model.mesh.vertices.astype(np.float32)),
        o3d.core.Tensor.from_numpy(model.mesh.faces.astype(np.uint32)),
    )
    profiles, sensors = sample
    points = np.concatenate([s.apply(p) for s, p in zip(sensors, profiles.points, strict=True)])
    points = points[np.isfinite(points).all(axis=1)].astype(np.float32)
    start = time.perf_counter()
    scene.compute_signed_distance(o3d.core.Tensor.from_numpy(points), nthreads=1)
    near = (time.perf_counter() - start) / len(sensors)
    cad = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(model.mesh.sample(200_000)))
    scan = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(model.mesh.sample(500_000)))
    start = time.perf_counter()
    scan.compute_point_cloud_distance(cad)
    return near, time.perf_counter() - start


if __name__ == "__main__":
    main([int(a) for a in sys.argv[1:]] or [7, 8])
