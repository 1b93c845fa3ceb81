"""Cracks cut into a blade as geometry: the ground truth of an inspection.

A crack is a V-shaped groove. Its path is a wavy line in the tangent plane of a point of the
surface, projected onto the surface and cut to its length; both ends taper linearly to nothing. The
volume of metal it removes is close to the integral of opening x depth / 2 along the path:

    V = opening depth (L - 2 t + 2 t / 3) / 2,   t = TAPER L: length of each tapering end
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray

from twincell.errors import GeometryError
from twincell.geometry.blade import BladeModel
from twincell.geometry.marks import Mark
from twincell.geometry.solids import from_manifold, to_manifold
from twincell.geometry.surface import Side, SideSurface
from twincell.world.blades import Crack

__all__ = ["TAPER", "CutBlade", "Flaw", "cut", "wedge"]

Array = NDArray[np.float64]

TAPER = 0.10
"""Share of a crack's length over which each end tapers."""
_STEP = 0.00015
"""Distance of samples along a path [m]."""
_OVER = 0.00015
"""How far the cutting wedge stands out of the surface [m]."""
_TRIES = 200
"""Draws of place and direction before a crack is said not to fit."""
_FACING = 0.35
"""Least part of the normal along +-y: less belongs to the leading or trailing edge."""
_WALL = 0.8
"""Greatest share of the local wall that a crack may go deep."""


@dataclass(frozen=True)
class Flaw:
    """One crack as it was cut.

    Attributes:
        length: arc length of the path on the surface [m].
        opening: width at the surface away from the ends [m].
        depth: below the surface away from the ends [m].
        side: of the airfoil.
        center: middle of the path, shape (3,), part frame [m].
        path: on the surface, end to end, shape (n, 3), part frame [m].
        normals: outward unit normals along the path, shape (n, 3).
    """

    length: float
    opening: float
    depth: float
    side: Side
    center: Array
    path: Array
    normals: Array


@dataclass(frozen=True)
class CutBlade:
    """A blade as it really is.

    Attributes:
        name: of the blade; empty until it has one.
        mesh: closed surface with the flaws in it, part frame [m].
        flaws: the ground truth.
        finish: what lies on the surface, from the metal outwards.
    """

    name: str
    mesh: trimesh.Trimesh
    flaws: tuple[Flaw, ...]
    finish: tuple[Mark, ...] = ()


def cut(
    model: BladeModel, cracks: Sequence[Crack], rng: np.random.Generator, name: str = ""
) -> CutBlade:
    """Cut cracks into the nominal blade.

    Args:
        model: the nominal blade.
        cracks: their sizes and places, as values or ranges.
        rng: draws within the ranges.
        name: of the blade.

    Raises:
        GeometryError: a crack does not fit onto the surface or into the wall.
    """
    if not cracks:
        return CutBlade(name, model.mesh, ())
    solid = to_manifold(model.mesh, "the blade")
    sides: dict[Side, SideSurface] = {
        "suction": SideSurface(model.mesh, "suction"),
        "pressure": SideSurface(model.mesh, "pressure"),
    }
    flaws: list[Flaw] = []
    for number, crack in enumerate(cracks):
        try:
            flaw = _place(model, crack, sides, flaws, rng)
        except GeometryError as error:
            where = f"blades.{name}.cracks[{number}]" if name else f"cracks[{number}]"
            raise GeometryError(f"{where}: {error}") from None
        solid = solid - to_manifold(wedge(flaw), "the crack's wedge")
        flaws.append(flaw)
    return CutBlade(name, from_manifold(solid), tuple(flaws))


def wedge(flaw: Flaw) -> trimesh.Trimesh:
    """The tool that cuts a flaw: a V swept along its path, standing a little out of the surface."""
    path, normals = flaw.path, flaw.normals
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))])
    taper = TAPER * along[-1]
    share = np.clip(np.minimum(along, along[-1] - along) / taper, 0.0, 1.0)[:, None]
    tangents = np.gradient(path, along, axis=0)
    across = np.cross(normals, tangents)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    slope = flaw.opening / (2 * flaw.depth)
    # the flanks go on straight above the surface, so that the opening at the surface is exact
    half_width = slope * (share * flaw.depth + _OVER)
    top = path + _OVER * normals
    apex = path - share * flaw.depth * normals
    n = len(path)
    vertices = np.stack([top - half_width * across, top + half_width * across, apex], axis=1)
    base = 3 * np.arange(n - 1)[:, None]
    faces = [[0, 1, 2], [3 * n - 3, 3 * n - 1, 3 * n - 2]]
    ring = [(0, 1), (1, 2), (2, 0)]
    strips = [base + np.array([i, i + 3, j + 3]) for i, j in ring]
    strips += [base + np.array([i, j + 3, j]) for i, j in ring]
    mesh = trimesh.Trimesh(
        vertices.reshape(-1, 3), np.concatenate([np.array(faces), *strips]), process=False
    )
    if mesh.volume < 0:
        mesh.invert()
    return mesh


def _place(
    model: BladeModel,
    crack: Crack,
    sides: dict[Side, SideSurface],
    others: Sequence[Flaw],
    rng: np.random.Generator,
) -> Flaw:
    """Draw sizes once, then places until one fits."""
    length, opening, depth = (_draw(rng, r) for r in (crack.length, crack.opening, crack.depth))
    low, high = model.airfoil
    longest = 2 * float(np.hypot(high - low, np.ptp(model.mesh.vertices[:, 0])))
    if length > longest:
        raise GeometryError(f"a crack {1e3 * length:.0f} mm long would run over any airfoil here")
    reason = ""
    for _ in range(_TRIES):
        side: Side = "suction" if rng.random() < 0.5 else "pressure"
        side = side if crack.side == "any" else crack.side
        z = low + _draw(rng, crack.span) * (high - low)
        trailing, leading = sides[side].extent(z)
        x = leading + _draw(rng, crack.chord) * (trailing - leading)
        angle, phases = _draw(rng, crack.angle), rng.uniform(-1.0, 1.0, 2)
        path, normals = _path(sides[side], x, z, length, angle, crack.waviness, phases)
        reason = _misfit(model, sides, side, path, normals, depth, others)
        if not reason:
            arc = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
            return Flaw(arc, opening, depth, side, path[len(path) // 2].copy(), path, normals)
    raise GeometryError(
        f"a crack {1e3 * length:.2f} mm long and {1e3 * depth:.2f} mm deep fits nowhere within "
        f"span {crack.span} and chord {crack.chord}: {reason}"
    )


def _draw(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """A value between the bounds, whichever is the lower."""
    return float(rng.uniform(min(bounds), max(bounds)))


def _path(
    surface: SideSurface,
    x: float,
    z: float,
    length: float,
    angle: float,
    waviness: float,
    phases: Array,
) -> tuple[Array, Array]:
    """A wavy line on the surface, `length` long along it and centred over (x, z).

    Returns:
        Points and normals, shape (n, 3); NaN where it leaves the surface.
    """
    nothing = np.full((2, 3), np.nan)
    centre, normal = (a[0] for a in surface.project(np.array([x]), np.array([z])))
    if not np.isfinite(normal).all():
        return nothing, nothing
    chordwise = np.cross([0.0, 0.0, 1.0], normal)
    norm = np.linalg.norm(chordwise)
    if norm < 1e-6:
        return nothing, nothing
    chordwise /= norm
    spanwise = np.cross(normal, chordwise)
    ahead = np.cos(angle) * chordwise + np.sin(angle) * spanwise
    aside = np.cross(normal, ahead)
    # somewhat too long: the surface curves away from the tangent plane by less than this
    steps = int(np.ceil(0.75 * length / _STEP))
    s = np.linspace(-0.75, 0.75, 2 * steps + 1)
    wave = phases[0] * np.sin(2 * np.pi * s) + phases[1] * np.sin(4 * np.pi * s) / 2
    wave *= waviness / max(1.5, float(np.abs(phases).sum()))
    plane = centre + length * (s[:, None] * ahead + wave[:, None] * aside)
    points, normals = surface.project(plane[:, 0], plane[:, 2])
    good: NDArray[np.bool_] = np.asarray(np.isfinite(points).all(axis=1))
    if not good[steps]:
        return nothing, nothing
    # the run of good samples about the middle
    first = steps - int(np.argmin(np.append(good[steps::-1], False))) + 1
    last = steps + int(np.argmin(np.append(good[steps:], False)))
    points, normals = points[first:last], normals[first:last]
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    arc -= arc[steps - first]
    if arc[0] > -length / 2 or arc[-1] < length / 2:
        return nothing, nothing
    count = max(9, int(np.ceil(length / _STEP)) + 1)
    target = np.linspace(-length / 2, length / 2, count)
    points = np.stack([np.interp(target, arc, points[:, k]) for k in range(3)], axis=1)
    # interpolation cuts corners by less than a micrometre: put the samples back onto the surface
    return surface.project(points[:, 0], points[:, 2])


def _misfit(
    model: BladeModel,
    sides: dict[Side, SideSurface],
    side: Side,
    path: Array,
    normals: Array,
    depth: float,
    others: Sequence[Flaw],
) -> str:
    """Why a crack cannot be here; empty where it can."""
    if not np.isfinite(path).all():
        return "it would run over the edge of the surface"
    if np.abs(normals[:, 1]).min() < _FACING:
        return "it would run over the leading or trailing edge"
    margin = depth + _OVER
    if path[:, 2].min() < model.airfoil[0] + margin or path[:, 2].max() > model.airfoil[1] - margin:
        return "it would run into the platform or the shroud"
    opposite: Side = "pressure" if side == "suction" else "suction"
    other, _ = sides[opposite].project(path[:, 0], path[:, 2])
    # what is left along the normal is about the thickness along y times the normal's part on it
    wall = np.abs(path[:, 1] - other[:, 1]) * np.abs(normals[:, 1])
    if np.nanmin(wall, initial=np.inf) * _WALL < depth:
        return f"the wall is {1e3 * np.nanmin(wall):.2f} mm thick there"
    for flaw in others:
        gap = np.linalg.norm(path[:, None] - flaw.path[None], axis=2).min()
        if flaw.side == side and gap < 0.001:
            return "it would touch another crack"
    return ""
