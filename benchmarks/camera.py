"""Images of the multispectral camera a second, beside pybullet.getCameraImage (TinyRenderer).

Both draw the running cell with a blade in the fixture, at the same resolution from the same place,
on one core, in the same run, in turns. The peer rasterises the same triangles to three colours of
8 bit with a shadow map; it has no bands, no noise and no units. Time is the thread's processor
time, so that other work on the machine counts little; the wall's is printed beside it.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pybullet
from figures import figure, report

from twincell.assets import world_path
from twincell.geometry.blade import blade_model
from twincell.geometry.bodies import Body, cell_bodies
from twincell.geometry.catalogue import blades_of
from twincell.geometry.description import describe
from twincell.geometry.pose import Pose
from twincell.physics.cell import PhysicsCell
from twincell.sensing import multispectral
from twincell.sensing.scene import Scene
from twincell.world.cameras import CameraEffects, Ultraviolet
from twincell.world.finishes import Coating, MachiningMarks, OilFilm, Penetrant, Stain
from twincell.world.load import load_world
from twincell.world.model import World
from twincell.world.sensors import Multispectral

_TARGET = 15.0
"""Images a second of one core."""


class Tiny:
    """The same bodies in a Bullet world, to be drawn by its software renderer."""

    def __init__(self, bodies: tuple[Body, ...], poses: dict[str, Pose]) -> None:
        self._client = pybullet.connect(pybullet.DIRECT)
        with tempfile.TemporaryDirectory() as folder:
            for i, body in enumerate(bodies):
                pose = body.fixed or poses.get(body.name)
                if pose is None:
                    continue
                path = Path(folder) / f"{i}.obj"
                body.mesh.export(path)
                shape = pybullet.createVisualShape(
                    pybullet.GEOM_MESH, fileName=str(path), physicsClientId=self._client
                )
                pybullet.createMultiBody(
                    0, -1, shape, pose.p.tolist(), pose.q.tolist(), physicsClientId=self._client
                )

    def draw(self, spec: Multispectral, sensor: Pose) -> np.ndarray:
        """One picture, shape (height, width, 4)."""
        view = pybullet.computeViewMatrix(
            sensor.p.tolist(), sensor.apply([0, 0, 1]).tolist(), sensor.rotate([0, -1, 0]).tolist()
        )
        ratio = spec.width / spec.height
        upright = 2 * np.degrees(np.arctan(np.tan(spec.field_of_view / 2) / ratio))
        lens = pybullet.computeProjectionMatrixFOV(upright, ratio, 0.02, 10.0)
        drawn = pybullet.getCameraImage(
            spec.width,
            spec.height,
            view,
            lens,
            shadow=1,
            renderer=pybullet.ER_TINY_RENDERER,
            physicsClientId=self._client,
        )
        return np.asarray(drawn[2])


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Processor time and wall time of a call [s]."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def _treated(bodies: tuple[Body, ...], world: World, base: Path) -> list[Body]:
    """The same bodies, with every kind of finish on the blades."""
    kinds = (Coating, OilFilm, MachiningMarks, Stain, Penetrant)
    names = ("coating", "oil_film", "machining_marks", "stain", "penetrant")
    finish = tuple(make(kind=name) for make, name in zip(kinds, names, strict=True))
    part = dataclasses.replace(world.part, finish=finish)
    blades = blades_of(dataclasses.replace(world, part=part), world.seed, base)
    marks = {f"blade/{name}": blade.finish for name, blade in blades.items()}
    return [dataclasses.replace(b, finish=marks.get(b.name, ())) for b in bodies]


def main() -> None:
    """Measure and report."""
    cv2.setNumThreads(1)
    # the ray caster's idle workers spin: on a second core they would count as ours
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    path = world_path("blade_cell")
    world = load_world(path)
    descriptions = {n: describe(n, a, path.parent) for n, a in world.arms.items()}
    blades = blades_of(world, world.seed, path.parent)
    bodies = cell_bodies(world, descriptions, blades, path.parent)
    scene = Scene(bodies)
    cell = PhysicsCell(
        world, descriptions, blade_model(world.part, path.parent), world.seed, scene.moving
    )
    poses = {n: Pose.from_array(row) for n, row in zip(cell.body_names, cell.poses(), strict=True)}
    poses["blade/blade_4"] = Pose.of([0.55, 0.0, 0.73], [0.0, 0.0, -np.pi / 2])
    placement = scene.place(poses)
    turn = np.eye(4)
    turn[:3, :3] = np.array([[0, 0, -1], [1, 0, 0], [0, -1, 0]])
    turn[:3, 3] = [0.80, 0.0, 0.82]
    sensor = Pose.from_matrix(turn)
    tiny = Tiny(bodies, poses)
    rng = np.random.default_rng(0)
    spec = dataclasses.replace(world.cameras()["camera"], effects=CameraEffects())
    every = CameraEffects(**{f.name: True for f in dataclasses.fields(CameraEffects)})
    treated = Scene(_treated(bodies, world, path.parent))
    rows = []
    for label, seen, change in (
        ("default effects", scene, {}),
        ("all effects", scene, {"effects": every}),
        ("all, five finishes, UV", treated, {"effects": every, "ultraviolet": Ultraviolet()}),
    ):
        some = dataclasses.replace(spec, **change)
        size = f"{some.width} x {some.height} x {len(some.bands)}"

        def work(seen: Scene = seen, some: Multispectral = some) -> object:
            return multispectral.image(seen, some, sensor, placement, 0.0, rng)

        work()
        ours, peer = [], []
        for _ in range(5):
            ours += [timed(work) for _ in range(5)]
            peer += [timed(lambda: tiny.draw(spec, sensor)) for _ in range(2)]
        (rate, wall), (other, other_wall) = 1 / np.median(ours, axis=0), 1 / np.median(peer, axis=0)
        print(f"{label}: by the wall's clock {wall:.1f} images/s, the peer {other_wall:.1f}")
        rows.append(
            figure(
                f"image {size}, {label}",
                float(rate),
                "1/s",
                "pybullet TinyRenderer, RGB",
                float(other),
                _TARGET,
                less_is_better=False,
            )
        )
    report("camera", rows)


if __name__ == "__main__":
    main()
