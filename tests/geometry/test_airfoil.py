from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twincell.geometry.airfoil import camber_line, half_thickness, section

# NACA TR-460, p. 4: ordinates of the basic 20 % section, in per cent of chord
TABLE = {
    0.0125: 3.16,
    0.025: 4.36,
    0.05: 5.92,
    0.10: 7.80,
    0.20: 9.56,
    0.30: 10.00,
    0.40: 9.67,
    0.60: 7.61,
    0.80: 4.37,
    0.95: 1.34,
}


def test_thickness_is_the_published_table() -> None:
    u = np.array(list(TABLE))
    assert 100 * half_thickness(u, 0.20) == pytest.approx(list(TABLE.values()), abs=0.012)


@given(chord=st.floats(0.01, 0.2), camber=st.floats(0.05, 2.0))
def test_camber_line_is_a_circle_that_turns_by_camber(chord: float, camber: float) -> None:
    points, normals = camber_line(np.linspace(0, 1, 31), chord, camber)
    assert points[0] == pytest.approx([chord / 2, 0], abs=1e-12)
    assert points[-1] == pytest.approx([-chord / 2, 0], abs=1e-12)
    turned = np.arccos(np.clip(normals[0] @ normals[-1], -1, 1))
    assert turned == pytest.approx(camber, rel=1e-6)
    # all points at one distance from where two normals meet
    radius = chord / (2 * np.sin(camber / 2))
    centre = points[0] - radius * normals[0]
    assert np.linalg.norm(points - centre, axis=1) == pytest.approx(radius, rel=1e-9)


def test_without_camber_the_section_is_symmetric() -> None:
    outline = section(0.04, 0.12, 0.0, 40)
    assert outline[:40, 1] == pytest.approx(-outline[:40:-1, 1], abs=1e-15)


def test_area_of_the_section_is_the_integral_of_the_thickness() -> None:
    chord, thickness = 0.05, 0.15
    x, y = section(chord, thickness, 0.0, 400).T
    area = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    # closed form: 2 t/0.2 (0.2969 * 2/3 - 0.126/2 - 0.3516/3 + 0.2843/4 - 0.1015/5) c^2
    terms = 0.2969 * 2 / 3 - 0.126 / 2 - 0.3516 / 3 + 0.2843 / 4 - 0.1015 / 5
    assert area == pytest.approx(2 * thickness / 0.2 * terms * chord**2, rel=1e-4)
