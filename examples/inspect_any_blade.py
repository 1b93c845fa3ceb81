"""Any blade as an STL: cut cracks into it, scan it, and look for them in two ways.

    python examples/inspect_any_blade.py blade.stl --unit m --roll 66 --out out/any_blade

The streaming detector judges profiles as they come from the simulated profiler, with the sensor's
pose known. Then the same scan goes to a file as a bare cloud, in a frame of its own, together with
CAD and truth: what `twincell inspect scan` needs, whose command is printed at the end.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from twincell.geometry.blade import BladeModel, blade_model
from twincell.geometry.bodies import Body
from twincell.geometry.flaws import cut
from twincell.geometry.pose import Pose
from twincell.inspection.cloud import UNITS, write_coloured
from twincell.inspection.cloud_truth import TrueCrack, write_truth
from twincell.inspection.detector import CrackDetector
from twincell.sensing.profiler import lines
from twincell.sensing.scene import Scene
from twincell.world.blades import Crack, Part
from twincell.world.robots import Place
from twincell.world.sensors import Mount, Profiler
from twincell.world.work import Criteria, Inspection

SPEC = Profiler(kind="profiler", mount=Mount(place=Place()))
WORK = Inspection(
    arm="inspector", profiler="profiler",
    criteria=Criteria(report=0.0003, reject=0.004, critical=0.007),
)  # fmt: skip
STEP = 0.0001
"""Distance of lines [m]."""
SIZES = (
    (0.008, 0.00025, 0.0008),
    (0.004, 0.0002, 0.0006),
    (0.002, 0.0002, 0.0005),
    (0.001, 0.0001, 0.0003),
)
"""Length, opening and depth of the cracks that are cut [m]."""


def passes(model: BladeModel) -> list[list[Pose]]:
    """Optical frames in the part frame: up along the span, seen from +y, then from -y."""
    low, high = model.airfoil
    out = []
    for side in (1.0, -1.0):
        view, along = np.array([0.0, -side, 0.0]), np.array([-side, 0.0, 0.0])
        turn = np.stack([along, np.cross(view, along), view], axis=1)
        q = Rotation.from_matrix(turn).as_quat()
        heights = np.arange(low - 0.002, high + 0.002, STEP)
        out.append([Pose(np.array([0.0, side * SPEC.standoff, z]), q) for z in heights])
    return out


def main() -> None:
    """Cut, scan, judge."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("mesh", type=Path, nargs="?", help="our own blade without it")
    parser.add_argument("--unit", choices=UNITS, default="mm")
    parser.add_argument("--roll", type=float, default=0.0, help="turns the span to +z [deg]")
    parser.add_argument("--span", type=float, nargs=2, default=(0.55, 0.85), help="of the cracks")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("out/any_blade"))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(args.seed)
    place = Place(rpy=(float(np.radians(args.roll)), 0.0, 0.0))
    part = Part()
    if args.mesh is not None:
        mesh = str(args.mesh.resolve())
        part = Part(mesh=mesh, mesh_scale=UNITS[args.unit], mesh_place=place)
    model = blade_model(part, Path.cwd())
    wanted = [
        Crack(length=(a, a), opening=(b, b), depth=(c, c), span=tuple(args.span))
        for a, b, c in SIZES
    ]
    blade = cut(model, wanted, rng)
    scene = Scene([Body("part", blade.mesh, "titanium", Pose.identity(), True)])
    detector = CrackDetector(model, WORK, SPEC)
    detector.start("blade", 0.0)
    cloud, told, now = [], [], 0.0
    for sensors in passes(model):
        for i in range(0, len(sensors), 10):
            batch = sensors[i : i + 10]
            stamps = now + np.arange(len(batch)) / SPEC.rate
            now = float(stamps[-1]) + 1 / SPEC.rate
            profiles = lines(scene, SPEC, batch, scene.place(), stamps, rng)
            told += detector.push(profiles, batch, now)
            cloud += [s.apply(p) for s, p in zip(batch, profiles.points, strict=True)]
    verdict = detector.finish(now)
    print(f"streaming: {len({a.id for a in told})} cracks told while scanning")
    print(f"verdict: {verdict.decision}, {100 * verdict.coverage:.0f} % of the surface seen")
    for flaw in blade.flaws:
        near = [a for a in verdict.anomalies
                if np.linalg.norm(flaw.path - a.center, axis=1).min() < 0.001]  # fmt: skip
        word = f"found as {1e3 * near[0].length:.2f} mm {near[0].kind}" if near else "missed"
        print(f"  crack of {1e3 * flaw.length:.2f} mm, {1e6 * flaw.opening:.0f} µm wide: {word}")
    apart = [min(np.linalg.norm(f.path - a.center, axis=1).min() for f in blade.flaws)
             for a in verdict.anomalies]  # fmt: skip
    print(f"  false: {sum(d >= 0.001 for d in apart)}")
    points = np.concatenate(cloud)
    points = points[np.isfinite(points).all(axis=1)]
    own = Pose.of([0.20, -0.10, 0.05], [0.5, 1.1, -2.0])  # the file's frame is not the part's
    write_coloured(args.out / "scan.ply", 1e3 * own.apply(points), np.full(points.shape, 0.6))
    model.mesh.copy().apply_scale(1e3).export(args.out / "cad.stl")
    truth = [TrueCrack(f.path, f.length, f.opening, f.depth) for f in blade.flaws]
    write_truth(args.out / "truth.json", truth)
    print(f"twincell inspect scan --scan {args.out}/scan.ply --cad {args.out}/cad.stl "
          f"--truth {args.out}/truth.json --out {args.out}/found.json")  # fmt: skip


if __name__ == "__main__":
    main()
