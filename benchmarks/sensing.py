"""Cost of the sensors in the whole cell on one thread, beside pybullet.rayTestBatch.

The peer casts the same central rays from the same poses, on one thread (numThreads=1), and moves
its bodies before each turn as ours are moved; it gives no normals, materials, intensity or noise,
casts no sub-rays and knows one placement a turn where ours has four. It is measured twice: with
all bodies as concave triangle meshes, the very triangles of ours, and with the links of arms and of
the visitor as convex hulls, which is how loadURDF keeps meshes. Hulls are coarser and, in Bullet,
slower to cast at.
"""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import pybullet
import trimesh
from figures import figure, median_time, report

from twincell.assets import world_path
from twincell.geometry.blade import blade_model
from twincell.geometry.bodies import Body, cell_bodies
from twincell.geometry.catalogue import blades_of
from twincell.geometry.description import describe
from twincell.geometry.pose import Pose
from twincell.physics.cell import PhysicsCell
from twincell.sensing import lidar, multispectral, profiler
from twincell.sensing.scene import Placement, Scene
from twincell.world.load import load_world
from twincell.world.sensors import LidarEffects, ProfilerEffects

_PEER = "pybullet.rayTestBatch"
_BATCH = 16_000
"""Rays at a time; rayTestBatch silently gives nothing for 16,384."""


class Bullet:
    """The same bodies in a Bullet world of their own."""

    def __init__(
        self, bodies: tuple[Body, ...], poses: dict[str, Pose], hulls: tuple[str, ...] = ()
    ) -> None:
        self._client = pybullet.connect(pybullet.DIRECT)
        self._moving: list[tuple[int, Pose]] = []
        with tempfile.TemporaryDirectory() as folder:
            for i, body in enumerate(bodies):
                pose = body.fixed or poses.get(body.name)
                if pose is None:
                    continue
                path = Path(folder) / f"{i}.obj"
                body.mesh.export(path)
                convex = body.name.split("/")[0] in hulls
                shape = pybullet.createCollisionShape(
                    pybullet.GEOM_MESH,
                    fileName=str(path),
                    flags=0 if convex else pybullet.GEOM_FORCE_CONCAVE_TRIMESH,
                    physicsClientId=self._client,
                )
                number = pybullet.createMultiBody(
                    0, shape, -1, pose.p.tolist(), pose.q.tolist(), physicsClientId=self._client
                )
                if body.fixed is None:
                    self._moving.append((number, pose))

    def move(self) -> None:
        """Set the moving bodies where they are."""
        for number, pose in self._moving:
            pybullet.resetBasePositionAndOrientation(
                number, pose.p.tolist(), pose.q.tolist(), physicsClientId=self._client
            )

    def cast(self, origins: np.ndarray, ends: np.ndarray) -> int:
        """Cast rays; the number of hits."""
        hits = 0
        for i in range(0, len(ends), _BATCH):
            part = pybullet.rayTestBatch(
                origins[i : i + _BATCH],
                ends[i : i + _BATCH],
                numThreads=1,
                physicsClientId=self._client,
            )
            hits += sum(hit[0] >= 0 for hit in part)
        return hits


def main() -> None:
    """Measure and report."""
    path = world_path("blade_cell")
    world = load_world(path)
    descriptions = {n: describe(n, a, path.parent) for n, a in world.arms.items()}
    bodies = cell_bodies(
        world, descriptions, blades_of(world, world.seed, path.parent), path.parent
    )
    scene = Scene(bodies)
    cell = PhysicsCell(
        world, descriptions, blade_model(world.part, path.parent), world.seed, scene.moving
    )
    poses = {n: Pose.from_array(row) for n, row in zip(cell.body_names, cell.poses(), strict=True)}
    # a blade in the fixture, for the profiler and the camera
    stand = Pose.of([0.55, 0.0, 0.73], [0.0, 0.0, -np.pi / 2])
    poses["blade/blade_4"] = stand
    placement = scene.place(poses)
    bullet = Bullet(bodies, poses)
    rng = np.random.default_rng(0)
    print(f"{len(bodies)} bodies, {sum(len(b.mesh.faces) for b in bodies)} triangles")
    report(
        "sensing",
        [
            _lidar(world.lidars()["lidar_east"], scene, placement, bullet, rng),
            *_furnished(world.lidars()["lidar_east"], world, bodies, poses, rng),
            _rough_profiler(world.profilers()["profiler"], scene, placement, bullet, rng),
            _profiler(world.profilers()["profiler"], scene, placement, bullet, rng),
            _camera(world.cameras()["camera"], scene, placement, bullet, rng),
        ],
    )


def _looking_at_the_blade(away: float, height: float) -> Pose:
    turn = np.eye(4)
    turn[:3, :3] = np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]])
    turn[:3, 3] = [0.55 + away, 0.0, height]
    return Pose.from_matrix(turn)


def _lidar(spec, scene: Scene, placement: Placement, bullet: Bullet, rng) -> dict:
    pose = Pose.at(spec.mount.place)
    ours = median_time(lambda: lidar.scan(scene, spec, pose, placement, 0.0, rng), 40)
    rays = pose.rotate(lidar.beams(spec).reshape(-1, 3))
    origins = np.tile(pose.p, (len(rays), 1))
    peer = median_time(lambda: bullet.cast(origins, pose.p + spec.reach[1] * rays), 3)
    what = f"LiDAR scan {spec.rings} x {spec.columns}"
    return figure(what, 1e3 * ours, "ms", "pybullet.rayTestBatch", 1e3 * peer, 4.0)


_ALL = LidarEffects(
    range_noise=True, divergence=True, dropout=True, quantisation=True, crosstalk=0.001
)
_PARTS = 4
"""Placements of the bodies in one turn: how finely motion distorts a scan."""


def furniture(triangles: int) -> Body:
    """A hall as a scanner would have meshed it, with pillars: about so many triangles in all."""
    pieces = [trimesh.creation.box((9.0, 9.0, 4.0))]
    pieces[0].apply_translation((0.8, 0.0, 1.99))
    pieces[0].invert()
    for i in range(12):
        angle = 2 * np.pi * i / 12
        pillar = trimesh.creation.box((0.4, 0.4, 2.0))
        pillar.apply_translation((0.8 + 3.6 * np.cos(angle), 3.6 * np.sin(angle), 1.0))
        pieces.append(pillar)
    mesh = trimesh.util.concatenate(pieces)
    while len(mesh.faces) < 0.6 * triangles:
        mesh = mesh.subdivide()
    bumps = np.random.default_rng(1).normal(0, 0.003, mesh.vertices.shape)
    mesh.vertices = mesh.vertices + bumps
    return Body("hall", mesh, "concrete", Pose.identity(), False)


def _furnished(spec, world, bodies, poses, rng) -> list[dict]:
    everything = (*bodies, furniture(100_000))
    scene = Scene(everything)
    count = sum(len(b.mesh.faces) for b in everything)
    print(f"furnished: {len(everything)} bodies, {count} triangles, {_PARTS} placements a turn")
    spec = dataclasses.replace(spec, columns=1800, effects=_ALL)
    pose = Pose.at(spec.mount.place)

    names = [n for n in poses if n in scene.moving]
    rows = np.array([poses[n].as_array() for n in names])
    shift = np.array([0.01, 0.005, 0, 0, 0, 0, 0])  # every link further in each part of a turn

    def work(remember: bool) -> None:
        # placing the bodies is part of a scan: they move
        places = [scene.place(rows + i * shift, names) for i in range(_PARTS)]
        lidar.scan(scene, spec, pose, places, 0.0, rng, remember=remember)

    rays = pose.rotate(lidar.beams(spec).reshape(-1, 3))
    origins = np.tile(pose.p, (len(rays), 1))
    ends = pose.p + spec.reach[1] * rays
    peers = {
        "same triangles": Bullet(everything, poses),
        "links as hulls": Bullet(everything, poses, (*world.arms, "visitor")),
    }

    def turn(bullet: Bullet) -> None:
        bullet.move()
        bullet.cast(origins, ends)

    # in turn, so that whatever else the machine does falls on all alike
    rounds = [
        [median_time(lambda: work(True), 15), median_time(lambda: work(False), 7)]
        + [median_time(lambda b=b: turn(b), 2) for b in peers.values()]
        for _ in range(5)
    ]
    known, anew, *theirs = np.median(rounds, axis=0).tolist()
    what = f"LiDAR {spec.rings} x {spec.columns}, all effects, furnished"
    slow = theirs[0]
    figures = [
        figure(what, 1 / known, "1/s", _PEER, 1 / slow, 100.0, less_is_better=False),
        figure(
            "  background cast anew", 1 / anew, "1/s", _PEER, 1 / slow, 100.0, less_is_better=False
        ),
    ]
    for name, peer in zip(peers, theirs, strict=True):
        for label, ours in (("", known), (", anew", anew)):
            said = f"  times the peer, {name}{label}"
            figures.append(figure(said, peer / ours, "x", "", None, 50.0, less_is_better=False))
    return figures + _growth(scene, bodies, spec, pose, names, rows, rng)


def _growth(scene, bodies, spec, pose, names, rows, rng) -> list[dict]:
    """Exponents of the time over rays and over triangles, background cast anew."""

    def spent(some: Scene, of) -> float:
        place = some.place(rows, names)
        work = lambda: lidar.scan(some, of, pose, place, 0.0, rng, remember=False)  # noqa: E731
        work()
        return min(median_time(work, 3) for _ in range(5))

    columns = (450, 7200)
    few, many = (spent(scene, dataclasses.replace(spec, columns=n)) for n in columns)
    over_rays = float(np.log(many / few) / np.log(columns[1] / columns[0]))
    halls = furniture(2_000), furniture(600_000)
    sizes = [len(h.mesh.faces) for h in halls]
    small, large = (spent(Scene((*bodies, h)), spec) for h in halls)
    over_triangles = float(np.log(large / small) / np.log(sizes[1] / sizes[0]))
    print(f"hall of {sizes[0]} triangles {1e3 * small:.1f} ms, of {sizes[1]} {1e3 * large:.1f} ms")
    return [
        figure("  exponent of its time over rays", over_rays, "", "", None, 1.0),
        figure("  exponent of its time over triangles", over_triangles, "", "", None, 1.0),
    ]


def _rough_profiler(spec, scene: Scene, placement: Placement, bullet: Bullet, rng) -> dict:
    effects = ProfilerEffects(blur=True, speckle=True, polish=True)
    rough = dataclasses.replace(spec, effects=effects)
    made = _profiler(rough, scene, placement, bullet, rng)
    lines, peer = 1e6 / made["value"], 1e6 / made["peer_value"]
    what = f"profiler lines of {spec.points} points, all effects"
    return figure(what, lines, "1/s", _PEER, peer, 5000.0, less_is_better=False)


def _profiler(spec, scene: Scene, placement: Placement, bullet: Bullet, rng) -> dict:
    m = 50
    poses = [_looking_at_the_blade(spec.standoff, 0.79 + 1e-4 * i) for i in range(m)]
    stamps = np.arange(m) / spec.rate
    ours = median_time(lambda: profiler.lines(scene, spec, poses, placement, stamps, rng), 10) / m
    far = (spec.standoff + spec.depth / 2) * profiler.fan(spec).astype(float)
    origins = np.repeat([s.p for s in poses[:5]], spec.points, axis=0)
    ends = np.concatenate([s.apply(far) for s in poses[:5]])
    peer = median_time(lambda: bullet.cast(origins, ends), 3) / 5
    what = f"profiler line of {spec.points} points"
    return figure(what, 1e6 * ours, "us", "pybullet.rayTestBatch", 1e6 * peer, 200.0)


def _camera(spec, scene: Scene, placement: Placement, bullet: Bullet, rng) -> dict:
    pose = _looking_at_the_blade(0.25, 0.82)
    ours = median_time(lambda: multispectral.image(scene, spec, pose, placement, 0.0, rng), 3)
    info = multispectral.camera_info(spec)
    v, u = np.mgrid[: spec.height, : spec.width]
    rays = pose.rotate(
        np.stack([u, v, np.ones_like(u)], -1).reshape(-1, 3) @ np.linalg.inv(info.k).T
    )
    peer = median_time(lambda: bullet.cast(np.tile(pose.p, (len(rays), 1)), pose.p + 5 * rays), 1)
    what = f"image {spec.width} x {spec.height} x {len(spec.bands)}, with shadow"
    return figure(what, 1e3 * ours, "ms", "pybullet.rayTestBatch, no shadow", 1e3 * peer, 80.0)


if __name__ == "__main__":
    main()
