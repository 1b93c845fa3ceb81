"""Many free arms at once without Bullet: rigid-body dynamics, motors and joint stops, no contacts.

A step is the one that Bullet's multi-body solver takes: the
speeds after the step are found first, then positions move by them. A motor is a constraint on the
speed after the step, met with at most the joint's effort; a joint stop is one as well. Where no
motor is saturated the constraints are met exactly and only the efforts need to be known (inverse
dynamics); else the boxed problem is solved exactly by pivoting, where Bullet iterates towards the
same answer (projected Gauss-Seidel).
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from twincell.geometry.lumped import LumpedArm
from twincell.physics.chain import constants, efforts, mass_matrix, transforms

__all__ = ["FreeArms"]

Array = NDArray[np.float64]

_PIVOTS = 60
_TOGETHER = 12
"""Rounds in which all joints may change state, of all rounds."""
_SLACK = 1e-9
"""Of efforts [N m] and speeds [rad/s]."""


class FreeArms:
    """The same arm n times, each moving on its own.

    Args:
        arm: of all.
        count: how many, n.
        rate: steps a second.

    Attributes:
        q: joint positions, shape (n, d) [rad or m]; may be written.
        v: joint speeds, shape (n, d) [rad/s or m/s]; may be written.
        effort: of the motors in the last step, shape (n, d) [N m or N].
    """

    def __init__(self, arm: LumpedArm, count: int, rate: float) -> None:
        self.arm = arm
        self.dt = 1.0 / rate
        size = (count, len(arm.joints))
        self.q, self.v, self.effort = np.zeros(size), np.zeros(size), np.zeros(size)
        self._chain = constants(arm)
        self._box = (
            np.ascontiguousarray(arm.lower),
            np.ascontiguousarray(arm.upper),
            np.ascontiguousarray(arm.effort),
            np.ascontiguousarray(arm.velocity),
        )

    def drive(self, speed: Array, steps: int) -> None:
        """Move by `steps` steps, motors at `speed`, shape (n, d), within their effort."""
        _advance(self._chain, self._box, self.q, self.v, self.effort, speed, True, steps, self.dt)

    def push(self, torque: Array, steps: int) -> None:
        """Move by `steps` steps under joint efforts, shape (n, d), without motors.

        Speeds are cut off at the arm's limits after each step, as `BulletArms.push` does.
        """
        _advance(self._chain, self._box, self.q, self.v, self.effort, torque, False, steps, self.dt)


@nb.njit(cache=True, nogil=True)
def _advance(chain, box, q, v, effort, command, driven, steps, dt):  # type: ignore[no-untyped-def]
    lower, upper, most, fastest = box
    count, n = q.shape
    damping = chain[6]
    R, p, work = np.empty((n, 3, 3)), np.empty((n, 3)), np.empty((n, 12))
    goal, acc, tau = np.empty(n), np.empty(n), np.empty(n)
    low, high, M = np.empty(n), np.empty(n), np.empty((n, n))
    for k in range(count):
        x, s = q[k], v[k]
        for _ in range(steps):
            transforms(chain, x, R, p)
            for i in range(n):
                # a stop lets the joint come as near as it is, no nearer
                low[i], high[i] = (lower[i] - x[i]) / dt, (upper[i] - x[i]) / dt
                goal[i] = min(max(command[k, i], low[i]), high[i]) if driven else s[i]
                acc[i] = (goal[i] - s[i]) / dt
            efforts(chain, R, p, s, acc, tau, work)
            free = driven
            for i in range(n):
                tau[i] += damping[i] * s[i]
                free = free and abs(tau[i]) <= most[i]
            if not free:
                mass_matrix(chain, R, p, M)
                _boxed(M, tau, goal, command[k], most, low, high, driven, dt)
            for i in range(n):
                s[i] = goal[i]
                x[i] += dt * s[i]
                if not driven:
                    s[i] = min(max(s[i], -fastest[i]), fastest[i])
                effort[k, i] = min(max(tau[i], -most[i]), most[i]) if driven else command[k, i]


@nb.njit(cache=True)
def _boxed(M, tau, v, command, most, low, high, driven, dt):  # type: ignore[no-untyped-def]
    """Find the speeds after the step with bounded motors and one-sided stops.

    Each joint is in one of five states: 0 at its motor's goal, +1 and -1 pushed with all that its
    motor has, +2 and -2 at its lower and upper stop. Where efforts are given, +1 is the only state
    beside the stops. All that contradict themselves change state at once; if that goes on, one
    by one (Murty's rule, which ends as M is positive definite).

    Args:
        M: mass matrix.
        tau: efforts that give the speeds `v`; becomes the efforts of the answer.
        v: speeds after the step that the motors want; becomes the answer.
        command: the efforts where they are given.
        most: efforts of the motors.
        low: speeds that lead to the lower stops.
        high: speeds that lead to the upper stops.
        driven: whether motors drive, or efforts are given.
        dt: length of the step [s].
    """
    n = v.shape[0]
    state = np.zeros(n, np.int64)
    want, base = v.copy(), tau.copy()
    index = np.empty(n, np.int64)
    L, y = np.empty((n, n)), np.empty(n)
    top, bottom = np.empty(n), np.empty(n)
    for i in range(n):
        top[i] = most[i] if driven else command[i]
        bottom[i] = -most[i] if driven else command[i]
        if not driven or tau[i] > top[i]:
            state[i] = 1
        elif tau[i] < bottom[i]:
            state[i] = -1
    for turn in range(_PIVOTS):
        # the speeds of joints whose effort is known: M_cc a_c = tau_c - base_c - M_cf a_f
        m = 0
        for i in range(n):
            if abs(state[i]) == 1:
                index[m] = i
                m += 1
            else:
                v[i] = want[i] if state[i] == 0 else (low[i] if state[i] == 2 else high[i])
        for a in range(m):
            i = index[a]
            y[a] = (top[i] if state[i] == 1 else bottom[i]) - base[i]
            for j in range(n):
                if abs(state[j]) != 1:
                    y[a] -= M[i, j] * (v[j] - want[j]) / dt
            for b in range(a + 1):
                total = M[i, index[b]]
                for c in range(b):
                    total -= L[a, c] * L[b, c]
                L[a, b] = np.sqrt(max(total, 1e-12)) if a == b else total / L[b, b]
        for a in range(m):
            for c in range(a):
                y[a] -= L[a, c] * y[c]
            y[a] /= L[a, a]
        for a in range(m - 1, -1, -1):
            for c in range(a + 1, m):
                y[a] -= L[c, a] * y[c]
            y[a] /= L[a, a]
            v[index[a]] = want[index[a]] + dt * y[a]
        changed = False
        for i in range(n):
            tau[i] = base[i]
            for j in range(n):
                tau[i] += M[i, j] * (v[j] - want[j]) / dt
            new = state[i]
            if state[i] == 0:
                if tau[i] > top[i] + _SLACK and want[i] > low[i]:
                    new = 1
                elif tau[i] < bottom[i] - _SLACK and want[i] < high[i]:
                    new = -1
            elif state[i] == 2:
                new = 1 if tau[i] < top[i] - _SLACK else 2
            elif state[i] == -2:
                new = -1 if tau[i] > bottom[i] + _SLACK else -2
            elif v[i] < low[i] - _SLACK:
                new = 2
            elif v[i] > high[i] + _SLACK:
                new = -2
            elif driven and (v[i] - want[i]) * state[i] > _SLACK:
                new = 0
            if new != state[i]:
                state[i] = new if driven or abs(new) == 2 else 1
                changed = True
                if turn > _TOGETHER:
                    break
        if not changed:
            return
