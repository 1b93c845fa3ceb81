from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.spatial.transform import Rotation

from twincell.world.robots import Place
from twincell.world.solids import _box, _depth, crossing

near = st.floats(-0.6, 0.6)
size = st.tuples(*[st.floats(0.1, 0.8)] * 3)
turn = st.tuples(*[st.floats(-math.pi, math.pi)] * 3)


def share_a_point(a, b):
    """A second opinion: is there a point within all twelve planes (a linear programme)?"""
    rows, limits = [], []
    for box in (a, b):
        for axis, half in zip(box.axes, box.half, strict=True):
            middle = sum(x * c for x, c in zip(axis, box.center, strict=True))
            rows += [axis, [-x for x in axis]]
            limits += [middle + half, half - middle]
    return linprog([0, 0, 0], A_ub=rows, b_ub=limits, bounds=(None, None)).success


@settings(max_examples=80, deadline=None)
@given(size, turn, st.tuples(near, near, near), size, turn)
def test_boxes_overlap_as_a_linear_programme_finds(size_a, turn_a, offset, size_b, turn_b):
    a = _box(("furniture", "a"), Place(xyz=(0, 0, 0), rpy=turn_a), size_a, (0, 0, 0))
    b = _box(("furniture", "b"), Place(xyz=offset, rpy=turn_b), size_b, (0, 0, 0))
    depth = _depth(a, b)
    if abs(depth) > 1e-6:
        assert (depth > 0) == share_a_point(a, b)
    assert depth == pytest.approx(_depth(b, a))


@given(turn)
def test_axes_are_those_of_rep_103(rpy):
    box = _box(("furniture", "a"), Place(rpy=rpy), (1, 1, 1), (0, 0, 0))
    matrix = Rotation.from_euler("xyz", rpy).as_matrix()
    assert all(
        axis == pytest.approx(tuple(column))
        for axis, column in zip(box.axes, matrix.T, strict=True)
    )


@given(st.integers(3, 12), st.floats(0.1, 5))
def test_convex_polygons_do_not_cross(corners, radius):
    angles = [2 * math.pi * i / corners for i in range(corners)]
    assert crossing(tuple((radius * math.cos(a), radius * math.sin(a)) for a in angles)) is None


def test_a_bow_tie_crosses():
    assert crossing(((0, 0), (1, 1), (1, 0), (0, 1))) == (0, 2)
