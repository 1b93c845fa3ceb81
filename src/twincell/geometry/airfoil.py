"""Airfoil sections: NACA four-digit thickness on a circular-arc camber line.

The thickness is that of E. N. Jacobs, K. E. Ward, R. M. Pinkerton: "The characteristics of 78
related airfoil sections from tests in the variable-density wind tunnel", NACA Technical Report
460, 1933, p. 4:

    y_t / c = (t / 0.20) (0.29690 sqrt(u) - 0.12600 u - 0.35160 u^2 + 0.28430 u^3 - 0.10150 u^4)

laid off perpendicular to the camber line. Compressor and turbine sections take a circular arc for
camber, described by its turning angle (S. L. Dixon, C. A. Hall: "Fluid Mechanics and
Thermodynamics of Turbomachinery", ch. 3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["camber_line", "half_thickness", "section"]

Array = NDArray[np.float64]

_TR460 = (0.29690, -0.12600, -0.35160, 0.28430, -0.10150)


def half_thickness(u: Array, thickness: float) -> Array:
    """Half of the section's thickness over the chord.

    Args:
        u: place along the chord, 0 leading edge, 1 trailing edge, shape (n,).
        thickness: largest thickness over chord, reached at u = 0.3.

    Returns:
        Shape (n,); 0.0105 of `thickness` remains at the trailing edge.
    """
    a, b, c, d, e = _TR460
    y: Array = thickness / 0.20 * (a * np.sqrt(u) + u * (b + u * (c + u * (d + u * e))))
    return y


def camber_line(u: Array, chord: float, camber: float) -> tuple[Array, Array]:
    """The circular arc and its normals.

    Args:
        u: place along the arc, 0 leading edge, 1 trailing edge, shape (n,).
        chord: straight distance of the arc's ends [m].
        camber: turning of the arc's tangent from end to end [rad].

    Returns:
        Points (x, y), shape (n, 2) [m]: leading edge at (+chord / 2, 0), trailing edge at
        (-chord / 2, 0), bulging towards +y; unit normals on the side of +y, shape (n, 2).
    """
    angle = camber * (0.5 - u)
    normals = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    if abs(camber) < 1e-6:
        return np.stack([chord * (0.5 - u), np.zeros_like(u)], axis=1), normals
    radius = chord / (2 * np.sin(camber / 2))
    points = radius * normals
    points[:, 1] -= radius * np.cos(camber / 2)
    return points, normals


def section(chord: float, thickness: float, camber: float, n: int) -> Array:
    """The closed outline of a section.

    Args:
        chord: [m].
        thickness: largest thickness over chord.
        camber: turning of the camber line [rad].
        n: intervals a side, cosine-spaced so that the leading edge comes out round.

    Returns:
        Points (x, y) in counter-clockwise order, shape (2 n + 1, 2) [m]: trailing edge of the
        pressure side, leading edge at index n, trailing edge of the suction side (+y). The outline
        is laid about the middle of the camber line's bow.
    """
    u = (1 - np.cos(np.pi * np.arange(n + 1) / n)) / 2
    line, normals = camber_line(u, chord, camber)
    offset = chord * half_thickness(u, thickness)[:, None] * normals
    # two thirds of the sagitta is the mean height of a flat arc
    line[:, 1] -= line[:, 1].max() * 2 / 3
    return np.concatenate([(line - offset)[::-1], (line + offset)[1:]])
