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

from twincell.assets import world_path
from twincell.geometry.blade import blade_model
from twincell.geometry.bodies import Body, cell_bodies
from twincell.geometry.catalogue import blades_of
from twincell.geometry.description import describe
from twincell.geometry.pose import Pose
from twincell.physics.cell import PhysicsCell
from twincell.sensing import lidar, profiler
from twincell.sensing.presets import lidar_preset
from twincell.sensing.scene import Scene
from twincell.world.load import load_world
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
    axis.legend(loc="lower left")
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


def speckle() -> None:
    """Heights of a flat matt plate: each noise alone, and its correlation along the line."""
    mesh = trimesh.creation.box((0.2, 0.2, 0.02))
    scene = Scene([Body("plate", mesh, "polymer", Pose.of([0, 0, 0.16]), True)])
    spec = Profiler(kind="profiler", mount=MOUNT)
    rows = {
        "white noise": spec,
        "speckle": dataclasses.replace(spec, noise=0.0, effects=ProfilerEffects(speckle=True)),
        "speckle of a lens twice as wide": dataclasses.replace(
            spec, noise=0.0, aperture=0.1, effects=ProfilerEffects(speckle=True)
        ),
    }
    figure, axes = plt.subplots(1, 2, figsize=(10, 3.6), width_ratios=(2, 1))
    for i, (label, some) in enumerate(rows.items()):
        points = lidar_line(scene, some, np.random.default_rng(5))
        x, z = points[:, 0], 1e6 * (points[:, 2] - 0.15)
        axes[0].plot(1e3 * x, z - 15 * i, lw=0.8, label=f"{label}: {z.std():.1f} um rms")
        z = z - z.mean()
        along = np.correlate(z, z, "full")[len(z) - 1 :][:12] / (z @ z)
        shape = ("o-", "s-", "x--")[i]
        axes[1].plot(1e3 * np.arange(12) * (x[1] - x[0]), along, shape, ms=4)
    axes[0].set(
        xlabel="x [mm]", ylabel="z off the plate [um], shifted", xlim=(-5, 5), ylim=(-38, 26)
    )
    axes[0].legend(loc="upper right", fontsize=8)
    axes[1].set(xlabel="distance along the line [mm]", ylabel="correlation")
    save(figure, "sensors_speckle.png")


def polish() -> None:
    """A polished dome scanned line by line: which points return, and with how much light."""
    mesh = trimesh.creation.icosphere(6, 0.06)
    scene = Scene([Body("dome", mesh, "titanium", Pose.of([0, 0, 0.20]), True)])
    spec = Profiler(kind="profiler", mount=MOUNT, points=640)
    steps = np.linspace(-0.03, 0.03, 320)
    sensors = [Pose.of([0, y, 0]) for y in steps]
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.6), sharey=True)
    for axis, gloss in zip(axes, (None, 0.6, 0.95), strict=True):
        effects = ProfilerEffects(polish=gloss is not None)
        some = dataclasses.replace(spec, effects=effects, gloss=gloss or 0.0)
        out = profiler.lines(scene, some, sensors, scene.place(), np.arange(320.0))
        light = np.where(np.isfinite(out.points[:, :, 2]), out.intensity, np.nan)
        axis.set_facecolor("black")
        shown = axis.pcolormesh(
            np.linspace(-30, 30, 640), 1e3 * steps, light, vmin=0, vmax=255, cmap="viridis"
        )
        title = "matt" if gloss is None else f"gloss {gloss:g}"
        axis.set(title=f"{title}: {np.isfinite(light).mean():.0%} return", xlabel="x [mm]")
        axis.set_aspect("equal")
    axes[0].set_ylabel("y [mm]")
    figure.colorbar(shown, ax=axes, label="intensity")
    figure.savefig(OUT / "sensors_polish.png", dpi=110, bbox_inches="tight")
    plt.close(figure)


def cloud() -> None:
    """One turn in the default cell, all effects on, by intensity and by what was met."""
    path = world_path("blade_cell")
    world = load_world(path)
    arms = {n: describe(n, a, path.parent) for n, a in world.arms.items()}
    blades = blades_of(world, world.seed, path.parent)
    bodies = cell_bodies(world, arms, blades, path.parent)
    scene = Scene(bodies)
    part = blade_model(world.part, path.parent)
    cell = PhysicsCell(world, arms, part, world.seed, scene.moving)
    place = scene.place(cell.poses(), cell.body_names)
    spec = lidar_preset("ouster_os1_128", world.lidars()["lidar_east"].mount)
    spec = dataclasses.replace(spec, reach=(0.3, 40.0))
    pose = Pose.at(spec.mount.place)
    scan = lidar.scan(scene, spec, pose, place, 0.0, np.random.default_rng(1))
    exact = lidar.scan(scene, dataclasses.replace(spec, effects=LidarEffects()), pose, place, 0.0)
    figure, axes = plt.subplots(1, 2, figsize=(12, 5.2), sharex=True, sharey=True)
    for axis, one, title in (
        (axes[0], exact, "exact ranges"),
        (axes[1], scan, "Ouster OS1-128, all effects"),
    ):
        points = pose.apply(one.points)
        inside = (np.abs(points[:, 1]) < 1.4) & (points[:, 0] < 1.9) & (points[:, 0] > -0.7)
        inside &= points[:, 2] > 0.12
        p = points[inside]
        u = -(p[:, 0] - 0.6) * 0.87 + p[:, 1] * 0.5
        v = p[:, 2] - 0.35 * (0.5 * p[:, 0] + 0.87 * p[:, 1])
        shown = axis.scatter(u, v, c=one.intensity[inside], s=1.5, cmap="viridis", vmin=0, vmax=130)
        axis.set(title=f"{title}: {len(p)} points inside the fence", aspect="equal")
        axis.set_axis_off()
    figure.colorbar(shown, ax=axes, label="intensity", fraction=0.02)
    figure.savefig(OUT / "sensors_cloud.png", dpi=110, bbox_inches="tight")
    plt.close(figure)


def interference() -> None:
    """Ghosts of 40,000 turns beside another LiDAR, seen from above."""
    scene = Scene([hall(), plate(3.0)])
    spec = Lidar(
        kind="lidar",
        mount=MOUNT,
        columns=900,
        beam=0.009,
        reach=(0.3, 30.0),
        effects=LidarEffects(interference=True),
    )
    other = Pose.of([2.2, -2.0, 0.0], [0, 0, 2.4])
    others = [lidar.other_lidar(spec, other)]
    rng = np.random.default_rng(4)
    ghosts = []
    for _ in range(40000):
        both = lidar.scan(scene, spec, HERE, scene.place(), 0.0, rng, others=others)
        points = both.points.astype(float)
        x, y, z = np.abs(points).T
        walls = (np.abs(x - 4) < 0.1) | (np.abs(y - 3) < 0.1) | (np.abs(z - 1.5) < 0.1)
        ghosts.append(points[~walls & ~((np.abs(points[:, 0] - 3) < 0.1) & (y < 0.65))])
    found = np.concatenate(ghosts)
    figure, axis = plt.subplots(figsize=(6.4, 4.6))
    axis.plot(both.points[:, 0], both.points[:, 1], ".", ms=1, color="0.7", label="one turn")
    label = f"ghosts of 40,000 turns: {len(found)}"
    axis.plot(found[:, 0], found[:, 1], ".", ms=5, color="tab:red", label=label)
    axis.plot(0, 0, "^", color="tab:blue", ms=9, label="this LiDAR")
    axis.plot(*other.p[:2], "v", color="tab:orange", ms=9, label="the other")
    axis.set(xlabel="x [m]", ylabel="y [m]", aspect="equal")
    axis.legend(fontsize=8, loc="lower left")
    save(figure, "sensors_interference.png")


def cost() -> None:
    """Time of a scan over rays and over triangles, all effects on."""
    effects = LidarEffects(
        range_noise=True, divergence=True, dropout=True, quantisation=True, crosstalk=0.001
    )
    spec = Lidar(kind="lidar", mount=MOUNT, columns=1800, effects=effects)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    scene = Scene([hall(6), plate(3.5)])
    wider = [dataclasses.replace(spec, columns=n) for n in (225, 450, 900, 1800, 3600, 7200)]
    rays = [(16 * s.columns, *timed(scene, s)) for s in wider]
    halls = [hall(n) for n in range(3, 9)]
    triangles = [(len(h.mesh.faces), *timed(Scene([h, plate(3.5)]), spec)) for h in halls]
    for axis, rows, label in ((axes[0], rays, "rays"), (axes[1], triangles, "triangles")):
        x, anew, known = np.array(rows).T
        axis.loglog(x, 1e3 * anew, "o-", label="all cast anew")
        axis.loglog(x, 1e3 * known, "s-", label="background remembered")
        axis.loglog(x, 1e3 * anew[0] * x / x[0], "--", color="0.6", label="linear")
        axis.set(xlabel=label, ylabel="time of a scan [ms]", ylim=(0.1, 100))
        axis.legend(fontsize=8)
    save(figure, "sensors_cost.png")


def timed(scene: Scene, spec: Lidar) -> tuple[float, float]:
    """Least of twelve times of a scan [s], anew and remembered: other work only adds."""
    rng = np.random.default_rng(0)
    least = []
    for remember in (False, True):
        spent = []
        for _ in range(13):
            start = time.perf_counter()
            lidar.scan(scene, spec, HERE, scene.place(), 0.0, rng, remember=remember)
            spent.append(time.perf_counter() - start)
        least.append(min(spent[1:]))
    return least[0], least[1]


def save(figure: plt.Figure, name: str) -> None:
    """Write a picture."""
    OUT.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(OUT / name, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    for make in (cloud, mixed, distortion, dropout, interference, line, speckle, polish, cost):
        make()
