"""Make the pictures of docs/sensors.md: python scripts/sensor_pictures.py."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import numpy as np
import trimesh
from matplotlib import pyplot as plt

from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing import lidar, profiler
from twincell.sensing.scene import Scene
from twincell.world.robots import Place
from twincell.world.sensors import Lidar, LidarEffects, Mount, Profiler, ProfilerEffects

OUT = Path(__file__).parents[1] / "docs" / "pictures"
MOUNT = Mount(place=Place())
HERE = Pose.identity()


def hall(subdivisions: int = 0) -> Body:
    """A hall of 8 x 6 x 3 m."""
    mesh = trimesh.creation.box((8.0, 6.0, 3.0))
    for _ in range(subdivisions):
        mesh = mesh.subdivide()
    return Body("hall", mesh, "concrete", HERE, False)


def plate(x: float) -> Body:
    """A plate that stands before the wall."""
    mesh = trimesh.creation.box((0.02, 1.2, 1.2))
    return Body("plate", mesh, "painted_steel", Pose.of([x, 0.0, 0.0]), False)


def mixed() -> None:
    """The cloud from above without and with divergence."""
    scene = Scene([hall(), plate(3.5)])
    rng = np.random.default_rng(1)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    for axis, on in zip(axes, (False, True), strict=True):
        spec = Lidar(
            kind="lidar",
            mount=MOUNT,
            columns=3600,
            beam=0.006,
            noise=0.005,
            effects=LidarEffects(divergence=on),
        )
        scan = lidar.scan(scene, spec, HERE, scene.place(), 0.0, rng)
        low = np.abs(scan.points[:, 2]) < 0.5
        axis.plot(scan.points[low, 0], scan.points[low, 1], ".", ms=3)
        axis.set(xlim=(3.3, 4.2), ylim=(-1.2, 1.2), xlabel="x [m]")
        axis.set_title("beam with divergence: mixed pixels" if on else "one ray a beam")
    axes[0].set_ylabel("y [m]")
    save(figure, "sensors_mixed_pixels.png")


def distortion() -> None:
    """A box that moves during the turn."""
    mesh = trimesh.creation.box((1.0, 1.0, 1.0))
    scene = Scene([hall(), Body("box", mesh, "steel", None, False)])
    figure, axis = plt.subplots(figsize=(6, 4.5))
    spec = Lidar(kind="lidar", mount=MOUNT, columns=1800, noise=0.0)
    for label, speed in (("still", 0.0), ("8 m/s along x, one turn of 0.1 s", 8.0)):
        places = [
            scene.place({"box": Pose.of([-2.0 + speed * (i / 64 - 0.5) / 10, 0, 0])})
            for i in range(64)
        ]
        scan = lidar.scan(scene, spec, HERE, places, 0.0)
        low = (np.abs(scan.points[:, 2]) < 0.3) & (scan.points[:, 0] < -1.0)
        axis.plot(scan.points[low, 0], scan.points[low, 1], ".", ms=3, label=label)
    axis.set(xlim=(-1.8, -1.2), ylim=(-0.6, 0.6), xlabel="x [m]", ylabel="y [m]")
    axis.legend()
    save(figure, "sensors_distortion.png")


def dropout() -> None:
    """Share of echoes kept over range, by material and incidence."""
    figure, axis = plt.subplots(figsize=(6, 3.6))
    effects = LidarEffects(dropout=True, range_noise=True)
    spec = Lidar(
        kind="lidar",
        mount=MOUNT,
        rings=1,
        elevation=(0.0, 0.0),
        columns=2000,
        pattern="raster",
        azimuth=(-0.02, 0.02),
        effects=effects,
    )
    rng = np.random.default_rng(2)
    distances = np.linspace(2, 29, 40)
    wall = trimesh.creation.box((0.1, 8.0, 8.0))
    for name, tilt in (("skin", 0), ("rubber", 0), ("rubber", 45), ("rubber", 60)):
        scene = Scene([Body("wall", wall, name, None, False)])
        share = []
        for d in distances:
            turn = np.radians(tilt)
            depth = 0.05 / np.cos(turn)
            place = scene.place({"wall": Pose.of([d + depth, 0, 0], [0, 0, turn])})
            share.append(np.isfinite(lidar.ranges(scene, spec, HERE, place, rng)[0]).mean())
        axis.plot(distances, share, label=f"{name}, {tilt} deg")
    axis.set(xlabel="range [m]", ylabel="share of echoes kept", ylim=(0, 1.05))
    axis.legend()
    save(figure, "sensors_dropout.png")


def line() -> None:
    """A profiler's line over a polished cylinder, effects off and on."""
    mesh = trimesh.creation.cylinder(0.03, 0.2, sections=720)
    mesh.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [1, 0, 0]))
    scene = Scene([Body("bar", mesh, "titanium", Pose.of([0, 0, 0.17]), True)])
    figure, axes = plt.subplots(2, 1, figsize=(7, 5), sharex=True)
    on = ProfilerEffects(blur=True, speckle=True, polish=True)
    spec = Profiler(kind="profiler", mount=MOUNT)
    for label, effects in (("effects off", ProfilerEffects()), ("all effects on", on)):
        some = dataclasses.replace(spec, effects=effects)
        rng = np.random.default_rng(3)
        points = lidar_line(scene, some, rng)
        x, z = points[:, 0], points[:, 2]
        offset = z - (0.17 - np.sqrt(0.03**2 - x**2))
        axes[0].plot(1e3 * x, 1e3 * z, ".", ms=2, label=label)
        axes[1].plot(1e3 * x, 1e6 * offset, ".", ms=2, label=label)
    axes[0].set(ylabel="z [mm]")
    axes[0].invert_yaxis()
    axes[1].set(xlabel="x [mm]", ylabel="z off the true bar [um]", ylim=(-40, 40))
    axes[0].legend()
    save(figure, "sensors_profiler.png")


def lidar_line(scene: Scene, spec: Profiler, rng: np.random.Generator) -> np.ndarray:
    """Points of one line, shape (k, 3)."""
    out = profiler.lines(scene, spec, [HERE], scene.place(), [0.0], rng)
    return out.points[0].astype(float)


def cost() -> None:
    """Time of a scan over rays and over triangles, all effects on."""
    effects = LidarEffects(
        range_noise=True, divergence=True, dropout=True, quantisation=True, crosstalk=0.001
    )
    spec = Lidar(kind="lidar", mount=MOUNT, columns=1800, effects=effects)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    scene = Scene([hall(6), plate(3.5)])
    rays = [
        (16 * n, timed(scene, dataclasses.replace(spec, columns=n)))
        for n in (225, 450, 900, 1800, 3600)
    ]
    triangles = []
    for n in range(3, 9):
        body = hall(n)
        triangles.append((len(body.mesh.faces), timed(Scene([body, plate(3.5)]), spec)))
    for axis, rows, label in ((axes[0], rays, "rays"), (axes[1], triangles, "triangles")):
        x, y = np.array(rows).T
        axis.loglog(x, 1e3 * y, "o-", label="measured")
        axis.loglog(x, 1e3 * y[0] * x / x[0], "--", label="linear")
        axis.set(xlabel=label, ylabel="time of a scan [ms]", ylim=(0.5, 100))
        axis.legend()
    save(figure, "sensors_cost.png")


def timed(scene: Scene, spec: Lidar) -> float:
    """Least of twelve times of a scan [s]: the machine's other work only adds."""
    rng = np.random.default_rng(0)
    spent = []
    for _ in range(13):
        start = time.perf_counter()
        lidar.scan(scene, spec, HERE, scene.place(), 0.0, rng)
        spent.append(time.perf_counter() - start)
    return min(spent[1:])


def save(figure: plt.Figure, name: str) -> None:
    """Write a picture."""
    OUT.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(OUT / name, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    for make in (mixed, distortion, dropout, line, cost):
        make()
