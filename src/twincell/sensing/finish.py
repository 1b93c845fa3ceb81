"""Light of what lies on a surface: coating, oil, machining marks, stains, penetrant.

From the metal outwards, each entry changes the reflectance rho_b of band b at a point to

    rho_b (1 - c (1 - f_b)) + c a_b

with its cover c there (0 to 1), what is left f_b of the light below, and what it adds, a_b:

- coating: f = 0, a = reflectance of its material, uneven from place to place;
- oil: metal under a liquid is darker since light is reflected back at the film's inner face,
  rho' = (1 - R) rho (1 - p) / (1 - p rho) with p = 1 - (1 - R) / n^2 (A. Angstrom, "The albedo of
  various surfaces of ground", Geografiska Annaler 7 (1925) 323; p as J. Lekner and M. C. Dorf, "Why
  some things are darker when wet", Appl. Opt. 27 (1988) 1278, take it for a rough surface, with the
  normal R for all directions), and absorbs exp(-2 alpha t) (Beer and Lambert);
- machining marks and stains: f of their own;
- penetrant: it takes no light. Under ultraviolet a crack full of it glows as brightly as white
  paper, one that is shallow by 1 - exp(-depth / `THRESHOLD`) of that. Penetrants' brightness is
  only ever compared with one another (ASTM E 1135), so both are judgements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.marks import Mark
from twincell.sensing.finish_kernels import disc, grain, stripes, thread
from twincell.sensing.materials import material
from twincell.world.finishes import Coating, MachiningMarks, OilFilm, Penetrant, Stain

__all__ = ["Surface", "glow", "metal", "reflectance", "wet"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

OIL_INDEX = 1.47
"""Refractive index of mineral oil in the visible."""
PORES = 0.5
"""Share of a developer's layer that penetrant fills: a judgement."""
THRESHOLD = 1e-5
"""Depth of penetrant beyond which it glows fully [m]."""
_TAPER = 0.1
"""Share of a crack over which each end fades."""
_WAVES = 24
"""Plane waves of a coating's unevenness."""
_CLEAR = 1e-5
"""How far from platform and shroud a finish ends, lest rounding speckle them [m]."""
_FADE = {OilFilm: 0.35, Stain: 0.5, MachiningMarks: 0.2}
"""Share of the half width over which each fades."""


@dataclass(frozen=True)
class Surface:
    """Points of one body that rays have met.

    Attributes:
        points: body frame, shape (k, 3) [m].
        normals: body frame, outward, shape (k, 3).
        pixel: footprint of a ray there, shape (k,) [m].
    """

    points: F32
    normals: F32
    pixel: F32


def reflectance(marks: Sequence[Mark], bare: F64, bands: F64, at: Surface) -> F32:
    """Diffuse reflectance under a finish.

    Args:
        marks: from the metal outwards.
        bare: reflectance of the metal in each band, shape (b,).
        bands: [nm], shape (b,).
        at: points.

    Returns:
        Shape (b, k).
    """
    rho = np.repeat(bare.astype(np.float32)[:, None], len(at.points), axis=1)
    below = bare
    for mark in marks:
        if isinstance(mark.finish, Penetrant):
            continue
        cover = _cover(mark, at)
        if not cover.any():
            continue
        if isinstance(mark.finish, Coating):
            own = material(mark.finish.material).at(bands)
            rho *= 1 - cover
            rho += own.astype(np.float32)[:, None] * (cover * _uneven(mark.finish, mark.seed, at))
            below = (1 - mark.finish.cover) * below + mark.finish.cover * own
            continue
        left = _left(mark, bands, below).astype(np.float32)
        rho *= 1 - cover * (1 - left)[:, None]
    return np.clip(rho, 0, 1, out=rho)


def metal(marks: Sequence[Mark], at: Surface) -> F32:
    """Share of the surface that no coating hides, shape (k,)."""
    share = np.ones(len(at.points), np.float32)
    for mark in marks:
        if isinstance(mark.finish, Coating):
            share *= 1 - _cover(mark, at)
    return share


def glow(marks: Sequence[Mark], at: Surface) -> F32:
    """Fluorescence in units of a full crack's, shape (k,)."""
    out = np.zeros(len(at.points), np.float32)
    for mark in marks:
        if isinstance(mark.finish, OilFilm):
            out += np.float32(mark.finish.glow) * _cover(mark, at)
        elif isinstance(mark.finish, Penetrant):
            out += np.float32(mark.finish.residue)
            for groove in mark.grooves:
                width = groove.opening
                if mark.finish.developer > 0:
                    seeped = groove.opening * groove.depth / 2
                    width = max(width, seeped / (PORES * mark.finish.developer))
                full = np.float32(1 - np.exp(-groove.depth / THRESHOLD))
                path = groove.path.astype(np.float32)
                f32 = np.float32
                out += full * thread(at.points, path, f32(width), f32(_TAPER), at.pixel)
    return np.minimum(out, 1, out=out)


def wet(rho: F64) -> F64:
    """Reflectance of a rough surface under a clear film of oil."""
    n = OIL_INDEX
    mirrored = ((n - 1) / (n + 1)) ** 2
    back = 1 - (1 - mirrored) / n**2
    return np.asarray((1 - mirrored) * rho * (1 - back) / (1 - back * rho))


def _left(mark: Mark, bands: F64, below: F64) -> F64:
    """Share of light that is left in each band where cover is full, shape (b,)."""
    if isinstance(mark.finish, OilFilm):
        alpha = mark.finish.absorption * (450.0 / bands) ** 4
        return np.asarray(wet(below) / below * np.exp(-2 * alpha * mark.amount))
    blue, infrared = mark.left
    return np.clip(blue + (infrared - blue) * (bands - 450.0) / (940.0 - 450.0), 0, 1)


def _cover(mark: Mark, at: Surface) -> F32:
    """How far an entry covers points, 0 to 1, shape (k,)."""
    f32 = np.float32
    z = at.points[:, 2]
    there = ((z > mark.heights[0] + _CLEAR) & (z < mark.heights[1] - _CLEAR)).astype(f32)
    if isinstance(mark.finish, Coating):
        return there * f32(mark.finish.cover)
    rng = np.random.default_rng(mark.seed)
    rim = rng.uniform(0, 2 * np.pi, 5).astype(f32)
    # what is thinner than a pixel is seen as wide as one, and weaker by as much
    thin, pixel = min(mark.size), float(np.median(at.pixel))
    half = (np.maximum(mark.size, pixel) / 2).astype(f32)
    centre, axes = mark.centre.astype(f32), mark.axes.astype(f32)
    fade = f32(_FADE[type(mark.finish)])
    there *= disc(at.points, at.normals, centre, axes, half, rim, fade)
    if isinstance(mark.finish, MachiningMarks) and there.any():
        depths = rng.random(256, f32)
        inside = np.flatnonzero(there)
        lines = stripes(
            at.points[inside], centre, axes[1], f32(mark.amount), depths, at.pixel[inside]
        )
        there[inside] *= lines
    return np.asarray(there * f32(min(thin / pixel, 1)), f32)


def _uneven(coating: Coating, seed: int, at: Surface) -> F32:
    """Factor of a coating's reflectance from place to place, shape (k,)."""
    if coating.unevenness == 0:
        return np.ones(len(at.points), np.float32)
    rng = np.random.default_rng(seed)
    way = rng.normal(size=(_WAVES, 3))
    way *= (
        np.pi
        / coating.grain
        * rng.uniform(0.2, 1.0, (_WAVES, 1))
        / np.linalg.norm(way, axis=1, keepdims=True)
    )
    phases = rng.uniform(0, 2 * np.pi, _WAVES)
    waves = grain(at.points, way.astype(np.float32), phases.astype(np.float32))
    return 1 + np.float32(coating.unevenness) * waves
