"""Collision-free joint paths: straight where that is free, else RRT-Connect (OMPL), shortened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from ompl import base, geometric, util
from scipy.interpolate import BSpline

from twincell.errors import MotionError
from twincell.motion.limits import JointLimits
from twincell.motion.path import Law, time_law, timed
from twincell.motion.point_to_point import point_to_point
from twincell.motion.trajectory import JointTrajectory

__all__ = ["free_motion", "plan", "segment_free", "smooth", "trajectory_free"]

Array = NDArray[np.float64]
Free = Callable[[Array], bool]

_STEP = 0.04
"""Largest joint movement between two collision checks [rad]."""
_CHECKS = 20_000
"""Collision checks after which a search is given up: counted, not timed, so that runs repeat."""


def segment_free(free: Free, start: ArrayLike, goal: ArrayLike, step: float = _STEP) -> bool:
    """Whether the straight joint motion between two positions is free, ends included."""
    a, b = np.asarray(start, float), np.asarray(goal, float)
    count = max(2, int(np.ceil(float(np.max(np.abs(b - a))) / step)) + 1)
    # halves first: a collision is mostly in the middle
    order = sorted(range(count), key=lambda i: (-(i & -i) if i else 0, i))
    return all(free(a + (b - a) * (i / (count - 1))) for i in order)


def trajectory_free(free: Free, trajectory: JointTrajectory, step: float = _STEP) -> bool:
    """Whether every position of a trajectory is free, checked each `step` [rad]."""
    rows = trajectory.positions
    return all(segment_free(free, a, b, step) for a, b in pairwise(rows))


def plan(free: Free, start: ArrayLike, goal: ArrayLike, limits: JointLimits, seed: int) -> Array:
    """Way-points of a free path, shape (n, d), n >= 2, whose straight pieces are all free.

    RRT-Connect (Kuffner and LaValle, ICRA 2000), then random shortcuts.

    Args:
        free: whether joint positions, shape (d,), are free of collision.
        start: shape (d,).
        goal: shape (d,).
        limits: of the joints.
        seed: of the search; the same seed gives the same path.

    Raises:
        MotionError: start or goal in collision, or no path found.
    """
    a, b = np.asarray(start, float), np.asarray(goal, float)
    for what, q in (("start", a), ("goal", b)):
        if not free(q):
            raise MotionError(f"the {what} {np.round(q, 3).tolist()} is in collision")
    if segment_free(free, a, b):
        return np.stack([a, b])
    rows = _rrt_connect(free, a, b, limits, seed)
    return _shorten(free, rows, np.random.default_rng(seed))


def _rrt_connect(free: Free, a: Array, b: Array, limits: JointLimits, seed: int) -> Array:
    util.setLogLevel(util.LogLevel.LOG_NONE)
    util.RNG.setSeed(seed + 1)
    size = len(a)
    space = base.RealVectorStateSpace(size)
    bounds = base.RealVectorBounds(size)
    for i in range(size):
        # a full turn of each joint is room enough; UR joints allow two
        bounds.setLow(i, float(max(limits.lower[i], min(a[i], b[i]) - np.pi)))
        bounds.setHigh(i, float(min(limits.upper[i], max(a[i], b[i]) + np.pi)))
    space.setBounds(bounds)
    checks = 0

    def valid(state: base.State) -> bool:
        nonlocal checks
        checks += 1
        return free(np.array([state[i] for i in range(size)]))

    setup = geometric.SimpleSetup(space)
    information = setup.getSpaceInformation()
    information.setStateValidityChecker(valid)
    information.setStateValidityCheckingResolution(_STEP / space.getMaximumExtent())
    first, last = space.allocState(), space.allocState()
    for i in range(size):
        first[i], last[i] = float(a[i]), float(b[i])
    setup.setStartAndGoalStates(first, last)
    planner = geometric.RRTConnect(information)
    planner.setRange(0.6)
    setup.setPlanner(planner)
    setup.solve(base.PlannerTerminationCondition(lambda: checks > _CHECKS))
    if not setup.haveExactSolutionPath():
        raise MotionError(
            f"no free path from {np.round(a, 2).tolist()} to {np.round(b, 2).tolist()} "
            f"after {checks} collision checks"
        )
    states = setup.getSolutionPath().getStates()
    rows = np.array([[s[i] for i in range(size)] for s in states])
    rows[0], rows[-1] = a, b
    return rows


def _shorten(free: Free, rows: Array, rng: np.random.Generator, tries: int = 60) -> Array:
    """Replace random stretches by straight lines where these are free and shorter."""
    for _ in range(tries):
        if len(rows) < 3:
            break
        i, j = sorted(int(k) for k in rng.choice(len(rows), 2, replace=False))
        if rng.random() < 0.5 and j - i >= 1:
            # cut between points on the pieces, not only at way-points
            i0, j0 = min(i, len(rows) - 2), min(j, len(rows) - 2)
            if i0 == j0:
                continue
            p = rows[i0] + rng.random() * (rows[i0 + 1] - rows[i0])
            r = rows[j0] + rng.random() * (rows[j0 + 1] - rows[j0])
            if segment_free(free, p, r):
                rows = np.concatenate([rows[: i0 + 1], [p, r], rows[j0 + 1 :]])
        elif j - i > 1 and segment_free(free, rows[i], rows[j]):
            rows = np.concatenate([rows[: i + 1], rows[j:]])
    return rows


def smooth(joints: Sequence[str], rows: Array, free: Free, limits: JointLimits) -> JointTrajectory:
    """Run along way-points without stopping where the rounded path is free, else corner by corner.

    The path is a cubic B-spline whose control points divide the polyline: twice continuously
    differentiable and within the hull of four neighbouring control points, so that finer division
    comes as near to the (free) polyline as wanted.
    """
    if len(rows) == 2:
        return point_to_point(joints, rows[0], rows[1], limits)
    for spacing in (0.6, 0.3, 0.15):
        made = _spline_motion(joints, rows, limits, spacing)
        if trajectory_free(free, made):
            return made
    pieces = [point_to_point(joints, a, b, limits) for a, b in pairwise(rows)]
    return JointTrajectory.joined(pieces)


def _spline_motion(
    joints: Sequence[str], rows: Array, limits: JointLimits, spacing: float
) -> JointTrajectory:
    parts = [rows[:1]]
    for a, b in pairwise(rows):
        count = max(1, round(float(np.max(np.abs(b - a))) / spacing))
        parts.append(a + (b - a) * (np.arange(1, count + 1) / count)[:, None])
    control = np.concatenate(parts)
    while len(control) < 4:
        control = np.insert(control, 1, 0.5 * (control[0] + control[1]), axis=0)
    inner = np.arange(1, len(control) - 3)
    length = float(len(control) - 3)
    grid = np.concatenate([np.zeros(4), inner, np.full(4, length)])
    spline = BSpline(grid, control, 3, axis=0)

    def curve(s: Array, order: int) -> Array:
        values: Array = spline(s, nu=order)
        return values

    law = time_law(curve, length, limits, Law(1e3, 1e4, 1e5))
    return timed(joints, curve, length, law)


def free_motion(
    joints: Sequence[str],
    start: ArrayLike,
    goal: ArrayLike,
    limits: JointLimits,
    free: Free,
    seed: int,
) -> JointTrajectory:
    """A collision-free motion from rest to rest.

    Raises:
        MotionError: see `plan`.
    """
    return smooth(joints, plan(free, start, goal, limits, seed), free, limits)
