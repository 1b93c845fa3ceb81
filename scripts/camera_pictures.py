"""Make the pictures of docs/camera.md: python scripts/camera_pictures.py."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import numpy as np
import trimesh
from matplotlib import pyplot as plt

from twincell.geometry.blade import blade_model
from twincell.geometry.bodies import Body
from twincell.geometry.catalogue import blade_of
from twincell.geometry.pose import Pose
from twincell.sensing.multispectral import camera_info, image
from twincell.sensing.scene import Scene
from twincell.sensing.types import SpectralImage
from twincell.world.blades import Blade, Crack, Part
from twincell.world.cameras import CameraEffects, Lamp, Ultraviolet
from twincell.world.finishes import (
    Coating,
    Finish,
    MachiningMarks,
    OilFilm,
    Penetrant,
    Spot,
    Stain,
)
from twincell.world.robots import Place
from twincell.world.sensors import Mount, Multispectral

OUT = Path(__file__).parents[1] / "docs" / "pictures"
ALL = CameraEffects(footprint=True, blur=True, vignetting=True, distortion=True)
SPEC = Multispectral(
    kind="multispectral",
    mount=Mount(place=Place()),
    effects=ALL,
    lamp=Lamp(distance=0.20),
    ultraviolet=Ultraviolet(),
)
AWAY = 0.19
"""From the blade's middle to the camera [m]: what the sensor head of the cell holds."""
CRACK = Crack(
    length=(0.007, 0.007),
    opening=(1e-4, 1e-4),
    depth=(4e-4, 4e-4),
    side="suction",
    span=(0.55, 0.55),
    chord=(0.45, 0.45),
    angle=(0.9, 0.9),
)
MIDDLE = Spot(side="suction", span=(0.5, 0.5), chord=(0.5, 0.5), angle=(1.2, 1.2))
BESIDE = Spot(side="suction", span=(0.3, 0.3), chord=(0.5, 0.5), angle=(1.9, 1.9))
HIGH = Spot(side="suction", span=(0.78, 0.78), chord=(0.55, 0.55), angle=(0.4, 0.4))
THIN = Stain(
    kind="stain", at=HIGH, length=(0.008, 0.008), width=(2e-4, 2e-4), blue=(0.4, 0.4),
    infrared=(0.9, 0.9),
)  # fmt: skip
FINISHES: dict[str, tuple[Finish, ...]] = {
    "bare": (),
    "coated": (Coating(kind="coating"),),
    "oiled": (
        OilFilm(kind="oil_film", at=MIDDLE, size=(0.028, 0.028), thickness=(2e-5, 2e-5)),
        OilFilm(kind="oil_film", at=BESIDE, size=(0.009, 0.009), thickness=(4e-5, 4e-5)),
    ),
    "stained": (Stain(kind="stain", at=BESIDE), THIN),
    "machined": (
        MachiningMarks(
            kind="machining_marks", at=MIDDLE, size=(0.06, 0.06), pitch=(5e-4, 5e-4),
            contrast=(0.3, 0.3),
        ),
    ),
}  # fmt: skip


def taken(finish: Sequence[Finish], cracks: Sequence[Crack], spec: Multispectral) -> SpectralImage:
    """One image of a blade that stands before the camera, suction side towards it."""
    with tempfile.TemporaryDirectory() as folder:
        part = Part()
        blade = blade_of(
            part, "blade", Blade(cracks=tuple(cracks), finish=tuple(finish)), 4, Path(folder)
        )
        model = blade_model(part, Path(folder))
    body = Body("blade", blade.mesh, part.material, Pose.identity(), True, blade.finish)
    turn = np.eye(4)
    turn[:3, :3] = np.array([[-1.0, 0, 0], [0, 0, -1.0], [0, -1.0, 0]])
    turn[:3, 3] = [0.0, AWAY, sum(model.airfoil) / 2]
    scene = Scene([body])
    rng = np.random.default_rng(1)
    return image(scene, spec, Pose.from_matrix(turn), scene.place(), 0.0, rng)


CROP = (slice(50, 430), slice(195, 445))


def finishes() -> None:
    """Three bands of five finishes."""
    figure, axes = plt.subplots(3, 5, figsize=(11, 10.2))
    for column, (name, finish) in zip(axes.T, FINISHES.items(), strict=True):
        out = taken(finish, [CRACK], SPEC)
        for axis, band in zip(column, (0, 2, 5), strict=True):
            axis.imshow(out.data[band][CROP], cmap="gray", vmin=0, vmax=3600)
            axis.set(xticks=[], yticks=[])
            axis.set_ylabel(f"{out.bands[band]:.0f} nm" if name == "bare" else "")
        column[0].set_title(name)
    save(figure, "camera_finishes.png")


def ultraviolet() -> None:
    """The same blade in a visible band and under ultraviolet."""
    fine = dataclasses.replace(CRACK, opening=(2e-5, 2e-5), depth=(3e-4, 3e-4))
    short = dataclasses.replace(
        fine, length=(0.002, 0.002), span=(0.25, 0.25), chord=(0.6, 0.6), angle=(0.2, 0.2)
    )
    oil = OilFilm(kind="oil_film", at=HIGH, size=(0.010, 0.010), glow=0.15)
    out = taken([oil, Penetrant(kind="penetrant", residue=0.02)], [fine, short], SPEC)
    figure, axes = plt.subplots(1, 2, figsize=(8.2, 5.8))
    first = axes[0].imshow(out.data[1][CROP], cmap="gray", vmin=0, vmax=3600)
    axes[0].set_title("550 nm")
    shown = axes[1].imshow(out.glow[CROP], cmap="gray", vmin=0)
    axes[1].set_title("365 nm, seen at 520 nm")
    for axis, drawn in zip(axes, (first, shown), strict=True):
        figure.colorbar(drawn, ax=axis, label="counts", shrink=0.85)
    for axis in axes:
        axis.set(xticks=[], yticks=[])
    save(figure, "camera_ultraviolet.png")


def grooved(opening: float, depth: float = 6e-4) -> Scene:
    """A plate with a straight V groove along y, a little askew to the columns."""
    plate = trimesh.creation.box((0.06, 0.06, 0.006))
    ends = [
        [x, y, z]
        for y in (-0.012, 0.012)
        for x, z in [(-opening, depth), (opening, depth), (0, -depth)]
    ]
    wedge = trimesh.convex.convex_hull(np.add(ends, [0, 0, 0.003])) if opening else plate
    mesh = trimesh.boolean.difference([plate, wedge], engine="manifold") if opening else plate
    return Scene([Body("plate", mesh, "titanium", Pose.of([0, 0, 0.003], [np.pi, 0, 0.1]), True)])


def footprint() -> None:
    """How much light a groove takes, over its opening."""
    spec = dataclasses.replace(
        SPEC, width=96, height=72, field_of_view=0.117, ultraviolet=None,
        effects=CameraEffects(footprint=True, quantisation=False),
    )  # fmt: skip
    pixel = AWAY / camera_info(spec).k[0, 0]
    point = dataclasses.replace(spec, effects=CameraEffects(quantisation=False))
    figure, axes = plt.subplots(1, 3, figsize=(10.5, 3.4), width_ratios=(1, 1, 1.5))
    sensor = Pose.of([0, 0, -AWAY])
    for axis, some, title in (
        (axes[0], point, "50 um groove, one ray a pixel"),
        (axes[1], spec, "over each pixel's area"),
    ):
        scene = grooved(5e-5)
        axis.imshow(image(scene, some, sensor, scene.place(), 0.0).data[0], cmap="gray", vmin=0)
        axis.set(xticks=[], yticks=[], title=title)
    openings = np.array([5, 10, 20, 50, 100, 150, 200, 250]) * 1e-6
    sound = grooved(0.0)
    whole = {
        s: image(sound, s, sensor, sound.place(), 0.0).data[0].astype(float) for s in (point, spec)
    }
    for some, style, label in ((point, "o", "one ray a pixel"), (spec, "s", "over the area")):
        lost = []
        for opening in openings:
            scene = grooved(float(opening))
            out = image(scene, some, sensor, scene.place(), 0.0).data[0].astype(float)
            lost.append((1 - out / whole[some])[8:64].sum(axis=1).mean())
        axes[2].plot(openings / pixel, lost, style, label=label)
    axes[2].plot(openings / pixel, openings / pixel / np.cos(0.1), label="black groove")
    axes[2].set(xlabel="opening / footprint", ylabel="light lost a row [pixel]")
    axes[2].legend()
    save(figure, "camera_footprint.png")


def effects() -> None:
    """The same view without and with what makes an image imperfect."""
    none = CameraEffects(shot_noise=False, read_noise=False, quantisation=False)
    marks = (*FINISHES["stained"],)
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.6))
    plain = taken(marks, [CRACK], dataclasses.replace(SPEC, effects=none, ultraviolet=None))
    real = taken(marks, [CRACK], dataclasses.replace(SPEC, ultraviolet=None))
    a = plain.data[2] / (2**plain.bits - 1)
    b = real.data[2] / (2**real.bits - 1)
    for axis, shown, title in ((axes[0], a, "no imperfection"), (axes[1], b, "all effects")):
        axis.imshow(shown, cmap="gray", vmin=0, vmax=0.9)
        axis.set_title(f"650 nm, {title}")
    last = axes[2].imshow(100 * (b - a), cmap="RdBu", vmin=-15, vmax=15)
    axes[2].set_title("difference")
    figure.colorbar(last, ax=axes[2], label="% of the range", shrink=0.75)
    for axis in axes:
        axis.set(xticks=[], yticks=[])
    save(figure, "camera_effects.png")


def gloss() -> None:
    """The bare blade matt, ground and polished."""
    shiny = dataclasses.replace(ALL, gloss=True)
    figure, axes = plt.subplots(1, 4, figsize=(9.6, 4.2))
    for axis, title, finish, change in (
        (axes[0], "matt", (), {}),
        (axes[1], "ground", (), {"effects": shiny, "gloss": 0.3, "roughness": 0.25}),
        (axes[2], "polished", (), {"effects": shiny, "gloss": 0.7, "roughness": 0.1}),
        (axes[3], "polished, coated", FINISHES["coated"], {"effects": shiny, "gloss": 0.7}),
    ):
        out = taken(finish, [CRACK], dataclasses.replace(SPEC, ultraviolet=None, **change))
        axis.imshow(out.data[2][CROP], cmap="gray", vmin=0, vmax=4095)
        axis.set(xticks=[], yticks=[], title=title)
    save(figure, "camera_gloss.png")


def save(figure: plt.Figure, name: str) -> None:
    """Write a picture."""
    OUT.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(OUT / name, dpi=100)
    plt.close(figure)


if __name__ == "__main__":
    for make in (finishes, ultraviolet, footprint, effects, gloss):
        make()
