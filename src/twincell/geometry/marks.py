"""Where the finish of one blade lies; what light does there is left to sensing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twincell.errors import GeometryError
from twincell.geometry.blade import BladeModel
from twincell.geometry.surface import Side, SideSurface
from twincell.world.finishes import (
    Coating,
    Finish,
    MachiningMarks,
    OilFilm,
    Penetrant,
    Spot,
    Stain,
)

__all__ = ["Groove", "Mark", "draw_marks"]

Array = NDArray[np.float64]

_TRIES = 50
"""Draws of a place before it is said to lie beside the airfoil."""


@dataclass(frozen=True)
class Groove:
    """A crack, as penetrant fills it.

    Attributes:
        path: on the surface, end to end, shape (n, 3), part frame [m].
        opening: width at the surface [m].
        depth: below the surface [m].
    """

    path: Array
    opening: float
    depth: float


@dataclass(frozen=True)
class Mark:
    """One entry of a finish, in its place.

    Attributes:
        finish: what it is.
        seed: of its texture.
        axes: along, across and outward normal as rows, shape (3, 3), part frame.
        centre: shape (3,), part frame [m].
        size: extent along and across, shape (2,) [m]; infinite for the whole airfoil.
        heights: lowest and highest z where it may be [m].
        amount: thickness of a film, pitch of lines [m].
        left: share of light left at 450 and at 940 nm, shape (2,).
        grooves: that penetrant has filled.
    """

    finish: Coating | OilFilm | MachiningMarks | Stain | Penetrant
    seed: int
    axes: Array
    centre: Array
    size: tuple[float, float] = (np.inf, np.inf)
    heights: tuple[float, float] = (-np.inf, np.inf)
    amount: float = 0.0
    left: tuple[float, float] = (1.0, 1.0)
    grooves: tuple[Groove, ...] = ()


def draw_marks(
    model: BladeModel,
    finish: Sequence[Finish],
    grooves: Sequence[Groove],
    rng: np.random.Generator,
) -> tuple[Mark, ...]:
    """Put a finish onto a blade.

    Args:
        model: the nominal blade.
        finish: from the metal outwards.
        grooves: cracks of the blade; only penetrant takes note of them.
        rng: draws within the ranges.

    Raises:
        GeometryError: a place that is not on the airfoil.
    """
    return tuple(_draw(model, entry, grooves, rng) for entry in finish)


def _draw(
    model: BladeModel, entry: Finish, grooves: Sequence[Groove], rng: np.random.Generator
) -> Mark:
    seed = int(rng.integers(2**31))
    if isinstance(entry, Coating):
        return Mark(entry, seed, np.eye(3), np.zeros(3), heights=model.airfoil)
    if isinstance(entry, Penetrant):
        return Mark(entry, seed, np.eye(3), np.zeros(3), grooves=tuple(grooves))
    centre, axes = _place(model, entry.at, rng)
    if isinstance(entry, Stain):
        length, width = _value(rng, entry.length), _value(rng, entry.width)
        left = (_value(rng, entry.blue), _value(rng, entry.infrared))
        return Mark(entry, seed, axes, centre, (length, width), model.airfoil, left=left)
    size = _value(rng, entry.size)
    if isinstance(entry, OilFilm):
        thickness = _value(rng, entry.thickness)
        return Mark(entry, seed, axes, centre, (size, size), model.airfoil, thickness)
    pitch, contrast = _value(rng, entry.pitch), _value(rng, entry.contrast)
    left = (1 - contrast, 1 - contrast)
    return Mark(entry, seed, axes, centre, (size, size), model.airfoil, pitch, left)


def _place(model: BladeModel, spot: Spot, rng: np.random.Generator) -> tuple[Array, Array]:
    """A point of the airfoil and its axes: along, across, normal."""
    low, high = model.airfoil
    for _ in range(_TRIES):
        drawn: Side = "suction" if rng.random() < 0.5 else "pressure"
        side = SideSurface(model.mesh, drawn if spot.side == "any" else spot.side)
        z = low + _value(rng, spot.span) * (high - low)
        trailing, leading = side.extent(z)
        x = leading + _value(rng, spot.chord) * (trailing - leading)
        angle = _value(rng, spot.angle)
        points, normals = side.project(np.array([x]), np.array([z]))
        chordwise = np.cross([0.0, 0.0, 1.0], normals[0])
        if np.linalg.norm(chordwise) > 1e-6:  # False for NaN: beside the mesh
            chordwise /= np.linalg.norm(chordwise)
            along = np.cos(angle) * chordwise + np.sin(angle) * np.cross(normals[0], chordwise)
            return points[0], np.stack([along, np.cross(normals[0], along), normals[0]])
    raise GeometryError(
        f"a finish at span {spot.span} and chord {spot.chord} lies beside the airfoil; "
        "valid: ranges that lie on it"
    )


def _value(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """A value between the bounds, whichever is the lower."""
    return float(rng.uniform(min(bounds), max(bounds)))
