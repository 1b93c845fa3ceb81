"""From actions to joint speeds or efforts, and from joints to observations, for n arms at once."""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from twincell.physics.chain import efforts, forward, jacobian, transforms

__all__ = ["ACTIONS", "command", "observe", "solve", "tips", "turned"]

Array = NDArray[np.float64]

ACTIONS = ("cartesian", "position", "velocity", "torque")
"""What an action may mean; its index is `mode` of `command`."""

_ROUNDS = 4
"""Of damped least squares from the joints that are to those that are wanted."""


@nb.njit(cache=True)
def _approach(chain, q, goal, turn, damping, frames, J, A, e):  # type: ignore[no-untyped-def]
    """One step of damped least squares: q += J^T (J J^T + m 1)^-1 e; returns |position error|."""
    n = q.shape[0]
    forward(chain, q, frames)
    jacobian(chain, frames, J)
    tip = frames[n]
    for r in range(3):
        e[r] = goal[r] - tip[r, 3]
        e[3 + r] = 0.0
    for c in range(3):  # half the sum of cross products of the axes: sine of the turn that is left
        x, y, z = tip[0, c], tip[1, c], tip[2, c]
        e[3] += 0.5 * (y * turn[2, c] - z * turn[1, c])
        e[4] += 0.5 * (z * turn[0, c] - x * turn[2, c])
        e[5] += 0.5 * (x * turn[1, c] - y * turn[0, c])
    size = np.sqrt(e[0] * e[0] + e[1] * e[1] + e[2] * e[2])
    for a in range(6):
        for b in range(a + 1):
            total = damping if a == b else 0.0
            for i in range(n):
                total += J[a, i] * J[b, i]
            for c in range(b):
                total -= A[a, c] * A[b, c]
            A[a, b] = np.sqrt(total) if a == b else total / A[b, b]
    for a in range(6):
        for c in range(a):
            e[a] -= A[a, c] * e[c]
        e[a] /= A[a, a]
    for a in range(5, -1, -1):
        for c in range(a + 1, 6):
            e[a] -= A[c, a] * e[c]
        e[a] /= A[a, a]
    for i in range(n):
        for a in range(6):
            q[i] += J[a, i] * e[a]
    return size


@nb.njit(cache=True)
def solve(chain, q, goal, turn, lower, upper, rounds):  # type: ignore[no-untyped-def]
    """Bring the tip to position `goal` (3,) and axes `turn` (3, 3) by moving `q` (d,) in place.

    Returns:
        Distance that was left before the last round [m].
    """
    n = q.shape[0]
    frames, J = np.empty((n + 1, 4, 4)), np.empty((6, n))
    A, e = np.empty((6, 6)), np.empty(6)
    left = np.inf
    for _ in range(rounds):
        left = _approach(chain, q, goal, turn, 1e-5, frames, J, A, e)
        for i in range(n):
            q[i] = min(max(q[i], lower[i]), upper[i])
    return left


@nb.njit(cache=True)
def command(chain, q, action, mode, scale, turn, limits, period, out):  # type: ignore[no-untyped-def]
    """Fill `out` (n, d) with joint speeds [rad/s] for one period, or with efforts [N m].

    Args:
        chain: of `physics.chain.constants`.
        q: joint positions, shape (n, d).
        action: in [-1, 1], shape (n, 3) or more (the first three count) or (n, d).
        mode: index in `ACTIONS`.
        scale: of an action of one: metres, or per joint rad, rad/s, N m, shape (d,).
        turn: axes of the tip that Cartesian actions want, shape (n, 3, 3).
        limits: lower, upper, speed, each shape (d,).
        period: of control [s].
        out: is filled.
    """
    lower, upper, fastest = limits
    count, n = q.shape
    frames, J = np.empty((n + 1, 4, 4)), np.empty((6, n))
    A, e, x, goal = np.empty((6, 6)), np.empty(6), np.empty(n), np.empty(3)
    R, p, work = np.empty((n, 3, 3)), np.empty((n, 3)), np.empty((n, 12))
    still, tau = np.zeros(n), np.empty(n)
    for k in range(count):
        if mode == 3:
            transforms(chain, q[k], R, p)
            efforts(chain, R, p, still, still, tau, work)
            for i in range(n):
                out[k, i] = tau[i] + action[k, i] * scale[i]
            continue
        x[:] = q[k]
        if mode == 0:
            forward(chain, x, frames)
            for r in range(3):
                goal[r] = frames[n, r, 3] + action[k, r] * scale[0]
            for _ in range(_ROUNDS):
                _approach(chain, x, goal, turn[k], 1e-4, frames, J, A, e)
        else:
            for i in range(n):
                step = action[k, i] * scale[i]
                x[i] += step * period if mode == 2 else step
        share = 1.0
        for i in range(n):
            x[i] = min(max(x[i], lower[i]), upper[i])
            out[k, i] = (x[i] - q[k, i]) / period
            share = max(share, abs(out[k, i]) / fastest[i])
        for i in range(n):
            out[k, i] /= share  # slower along the same way


@nb.njit(cache=True)
def observe(chain, q, v, bound, out, tip):  # type: ignore[no-untyped-def]
    """Fill `out` (n, 2 d + 6): joints, speeds, tip position and tip velocity; `tip` (n, 3)."""
    count, n = q.shape
    frames, J = np.empty((n + 1, 4, 4)), np.empty((6, n))
    for k in range(count):
        forward(chain, q[k], frames)
        jacobian(chain, frames, J)
        for i in range(n):
            out[k, i] = q[k, i]
            out[k, n + i] = v[k, i]
        for r in range(3):
            speed = 0.0
            for i in range(n):
                speed += J[r, i] * v[k, i]
            out[k, 2 * n + r] = tip[k, r] = frames[n, r, 3]
            out[k, 2 * n + 3 + r] = speed
        for j in range(2 * n + 6):
            out[k, j] = min(max(out[k, j], -bound[j]), bound[j])


@nb.njit(cache=True)
def tips(chain, q, out):  # type: ignore[no-untyped-def]
    """Fill `out` (n, 4, 4) with the pose of each arm's tip in the world."""
    count, n = q.shape
    frames = np.empty((n + 1, 4, 4))
    for k in range(count):
        forward(chain, q[k], frames)
        out[k] = frames[n]


@nb.njit(cache=True)
def turned(axes, by, out):  # type: ignore[no-untyped-def]
    """Fill `out` (n, 3, 3) with `axes` turned by rotation vectors `by` (n, 3), world axes.

    Rodrigues' formula.
    """
    K = np.empty((3, 3))
    for k in range(axes.shape[0]):
        angle = np.sqrt(by[k, 0] ** 2 + by[k, 1] ** 2 + by[k, 2] ** 2)
        x, y, z = by[k] / max(angle, 1e-12)
        s, v = np.sin(angle), 1.0 - np.cos(angle)
        K[0, 0], K[0, 1], K[0, 2] = 1 - v * (y * y + z * z), x * y * v - z * s, x * z * v + y * s
        K[1, 0], K[1, 1], K[1, 2] = x * y * v + z * s, 1 - v * (x * x + z * z), y * z * v - x * s
        K[2, 0], K[2, 1], K[2, 2] = x * z * v - y * s, y * z * v + x * s, 1 - v * (x * x + y * y)
        for r in range(3):
            for c in range(3):
                out[k, r, c] = 0.0
                for j in range(3):
                    out[k, r, c] += K[r, j] * axes[k, j, c]
