"""Kernels over a serial chain: where its links are, what moves them, what a step does to them.

All take the arm as the tuple that `constants` packs; quantities are in link frames unless told.
Recursive Newton-Euler and composite rigid bodies as in Featherstone, Rigid Body Dynamics
Algorithms (2008), chapters 5 and 6, with 3-vectors in place of spatial ones.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

from twincell.geometry.lumped import LumpedArm

__all__ = ["constants", "efforts", "forward", "jacobian", "mass_matrix", "transforms"]

Array = NDArray[np.float64]

GRAVITY = 9.81
"""[m/s^2]"""


def constants(arm: LumpedArm) -> tuple[Array, ...]:
    """The arm as the kernels take it: a tuple of contiguous arrays.

    Returns:
        Origins (d, 4, 4), axes (d, 3), kinds (d,; 1 slides), masses (d,), centres (d, 3),
        inertias (d, 3, 3), damping (d,), tip (4, 4), base (4, 4).
    """
    rows = (
        arm.origins, arm.axes, arm.prismatic, arm.masses, arm.centres, arm.inertias,
        arm.damping, arm.tip, arm.place.matrix(),
    )  # fmt: skip
    return tuple(np.ascontiguousarray(r, np.float64) for r in rows)


@nb.njit(cache=True, inline="always")
def _turned(R, v, out):  # type: ignore[no-untyped-def]
    """Out = R v."""
    x, y, z = v[0], v[1], v[2]
    for i in range(3):
        out[i] = R[i, 0] * x + R[i, 1] * y + R[i, 2] * z


@nb.njit(cache=True, inline="always")
def _back(R, v, out):  # type: ignore[no-untyped-def]
    """Out = R^T v."""
    x, y, z = v[0], v[1], v[2]
    for i in range(3):
        out[i] = R[0, i] * x + R[1, i] * y + R[2, i] * z


@nb.njit(cache=True, inline="always")
def _joint(origins, axes, kinds, q, i, R, p):  # type: ignore[no-untyped-def]
    """Rotation and position of link i in the link before it (Rodrigues' formula)."""
    a = axes[i]
    if kinds[i] > 0.5:
        for r in range(3):
            p[r] = origins[i, r, 3]
            for c in range(3):
                R[r, c] = origins[i, r, c]
                p[r] += origins[i, r, c] * a[c] * q[i]
        return
    s, co = np.sin(q[i]), np.cos(q[i])
    v = 1.0 - co
    x, y, z = a[0], a[1], a[2]
    t00, t01, t02 = x * x * v + co, x * y * v - z * s, x * z * v + y * s
    t10, t11, t12 = x * y * v + z * s, y * y * v + co, y * z * v - x * s
    t20, t21, t22 = x * z * v - y * s, y * z * v + x * s, z * z * v + co
    for r in range(3):
        o0, o1, o2 = origins[i, r, 0], origins[i, r, 1], origins[i, r, 2]
        p[r] = origins[i, r, 3]
        R[r, 0] = o0 * t00 + o1 * t10 + o2 * t20
        R[r, 1] = o0 * t01 + o1 * t11 + o2 * t21
        R[r, 2] = o0 * t02 + o1 * t12 + o2 * t22


@nb.njit(cache=True)
def transforms(chain, q, R, p):  # type: ignore[no-untyped-def]
    """Fill R (d, 3, 3) and p (d, 3): each link in the link before it."""
    for i in range(q.shape[0]):
        _joint(chain[0], chain[1], chain[2], q, i, R[i], p[i])


@nb.njit(cache=True)
def forward(chain, q, frames):  # type: ignore[no-untyped-def]
    """Fill frames (d + 1, 4, 4): links and then the tip, in the world."""
    origins, axes, kinds = chain[0], chain[1], chain[2]
    n = q.shape[0]
    R, p = np.empty((3, 3)), np.empty(3)
    before = chain[8]
    for i in range(n + 1):
        if i < n:
            _joint(origins, axes, kinds, q, i, R, p)
        else:
            for r in range(3):
                p[r] = chain[7][r, 3]
                for c in range(3):
                    R[r, c] = chain[7][r, c]
        for r in range(3):
            b0, b1, b2 = before[r, 0], before[r, 1], before[r, 2]
            for c in range(3):
                frames[i, r, c] = b0 * R[0, c] + b1 * R[1, c] + b2 * R[2, c]
            frames[i, r, 3] = b0 * p[0] + b1 * p[1] + b2 * p[2] + before[r, 3]
        frames[i, 3, 0] = frames[i, 3, 1] = frames[i, 3, 2] = 0.0
        frames[i, 3, 3] = 1.0
        before = frames[i]


@nb.njit(cache=True)
def jacobian(chain, frames, J):  # type: ignore[no-untyped-def]
    """Fill J (6, d): velocity, then angular velocity of the tip per joint speed, world axes."""
    axes, kinds = chain[1], chain[2]
    n = axes.shape[0]
    tip = frames[n]
    w = np.empty(3)
    for i in range(n):
        f = frames[i]
        for r in range(3):
            w[r] = f[r, 0] * axes[i, 0] + f[r, 1] * axes[i, 1] + f[r, 2] * axes[i, 2]
        if kinds[i] > 0.5:
            for r in range(3):
                J[r, i] = w[r]
                J[3 + r, i] = 0.0
            continue
        x, y, z = tip[0, 3] - f[0, 3], tip[1, 3] - f[1, 3], tip[2, 3] - f[2, 3]
        J[0, i] = w[1] * z - w[2] * y
        J[1, i] = w[2] * x - w[0] * z
        J[2, i] = w[0] * y - w[1] * x
        for r in range(3):
            J[3 + r, i] = w[r]


@nb.njit(cache=True)
def efforts(chain, R, p, v, a, tau, work):  # type: ignore[no-untyped-def]
    """Fill tau (d,): joint efforts that give accelerations `a` at speeds `v` against gravity.

    Args:
        chain: of `constants`.
        R: of `transforms`.
        p: of `transforms`.
        v: joint speeds, shape (d,).
        a: joint accelerations, shape (d,).
        tau: is filled; the joints' damping is not in it.
        work: scratch, shape (d, 12).
    """
    axes, kinds, masses, centres, inertias = chain[1], chain[2], chain[3], chain[4], chain[5]
    base = chain[8]
    n = v.shape[0]
    w, dw, acc = np.zeros(3), np.zeros(3), np.empty(3)
    for r in range(3):  # gravity as an upward acceleration of the root
        acc[r] = GRAVITY * base[2, r]
    w1, d1, a1, t = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for i in range(n):
        # acceleration of this frame's origin, in the link before: a + dw x p + w x (w x p)
        x, y, z = p[i, 0], p[i, 1], p[i, 2]
        cx = w[1] * z - w[2] * y
        cy = w[2] * x - w[0] * z
        cz = w[0] * y - w[1] * x
        t[0] = acc[0] + dw[1] * z - dw[2] * y + w[1] * cz - w[2] * cy
        t[1] = acc[1] + dw[2] * x - dw[0] * z + w[2] * cx - w[0] * cz
        t[2] = acc[2] + dw[0] * y - dw[1] * x + w[0] * cy - w[1] * cx
        _back(R[i], t, a1)
        _back(R[i], w, w1)
        _back(R[i], dw, d1)
        ax, ay, az = axes[i, 0], axes[i, 1], axes[i, 2]
        s, u = v[i], a[i]
        kx, ky, kz = w1[1] * az - w1[2] * ay, w1[2] * ax - w1[0] * az, w1[0] * ay - w1[1] * ax
        if kinds[i] > 0.5:
            acc[0] = a1[0] + ax * u + 2.0 * kx * s
            acc[1] = a1[1] + ay * u + 2.0 * ky * s
            acc[2] = a1[2] + az * u + 2.0 * kz * s
            for r in range(3):
                w[r], dw[r] = w1[r], d1[r]
        else:
            w[0], w[1], w[2] = w1[0] + ax * s, w1[1] + ay * s, w1[2] + az * s
            dw[0] = d1[0] + ax * u + kx * s
            dw[1] = d1[1] + ay * u + ky * s
            dw[2] = d1[2] + az * u + kz * s
            for r in range(3):
                acc[r] = a1[r]
        # force and moment that the link needs, about its frame's origin
        c, m, inertia = centres[i], masses[i], inertias[i]
        x, y, z = c[0], c[1], c[2]
        cx = w[1] * z - w[2] * y
        cy = w[2] * x - w[0] * z
        cz = w[0] * y - w[1] * x
        fx = m * (acc[0] + dw[1] * z - dw[2] * y + w[1] * cz - w[2] * cy)
        fy = m * (acc[1] + dw[2] * x - dw[0] * z + w[2] * cx - w[0] * cz)
        fz = m * (acc[2] + dw[0] * y - dw[1] * x + w[0] * cy - w[1] * cx)
        _turned(inertia, w, t)
        work[i, 0], work[i, 1], work[i, 2] = fx, fy, fz
        h0, h1, h2 = t[0], t[1], t[2]
        _turned(inertia, dw, t)
        work[i, 3] = t[0] + w[1] * h2 - w[2] * h1 + y * fz - z * fy
        work[i, 4] = t[1] + w[2] * h0 - w[0] * h2 + z * fx - x * fz
        work[i, 5] = t[2] + w[0] * h1 - w[1] * h0 + x * fy - y * fx
    for i in range(n - 1, -1, -1):
        k = 0 if kinds[i] > 0.5 else 3
        tau[i] = axes[i, 0] * work[i, k] + axes[i, 1] * work[i, k + 1] + axes[i, 2] * work[i, k + 2]
        if i == 0:
            break
        _turned(R[i], work[i, 0:3], t)
        work[i - 1, 0] += t[0]
        work[i - 1, 1] += t[1]
        work[i - 1, 2] += t[2]
        x, y, z = p[i, 0], p[i, 1], p[i, 2]
        mx, my, mz = y * t[2] - z * t[1], z * t[0] - x * t[2], x * t[1] - y * t[0]
        _turned(R[i], work[i, 3:6], t)
        work[i - 1, 3] += t[0] + mx
        work[i - 1, 4] += t[1] + my
        work[i - 1, 5] += t[2] + mz


@nb.njit(cache=True)
def mass_matrix(chain, R, p, M):  # type: ignore[no-untyped-def]
    """Fill M (d, d) by composite rigid bodies: column j is what unit acceleration of joint j takes.

    Args:
        chain: of `constants`.
        R: of `transforms`.
        p: of `transforms`.
        M: is filled.
    """
    axes, kinds, masses, centres, inertias = chain[1], chain[2], chain[3], chain[4], chain[5]
    n = kinds.shape[0]
    second = np.empty((n, 3, 3))  # about the link frame's origin
    first = np.empty((n, 3))
    mass = np.empty(n)
    t, f, m, h = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    turned = np.empty((3, 3))
    for i in range(n - 1, -1, -1):
        c = centres[i]
        square = c[0] * c[0] + c[1] * c[1] + c[2] * c[2]
        mass[i] = masses[i]
        for r in range(3):
            first[i, r] = masses[i] * c[r]
            for s in range(3):
                second[i, r, s] = inertias[i, r, s] - masses[i] * c[r] * c[s]
            second[i, r, r] += masses[i] * square
        if i + 1 < n:
            k = i + 1
            T = R[k]
            _turned(T, first[k], h)
            x = p[k]
            for r in range(3):
                for s in range(3):
                    turned[r, s] = (
                        T[r, 0] * second[k, 0, s] + T[r, 1] * second[k, 1, s]
                        + T[r, 2] * second[k, 2, s]
                    )  # fmt: skip
            # moved by p: I + (2 h.p + m p.p) 1 - h p^T - p h^T - m p p^T
            along = 2.0 * (h[0] * x[0] + h[1] * x[1] + h[2] * x[2])
            along += mass[k] * (x[0] * x[0] + x[1] * x[1] + x[2] * x[2])
            for r in range(3):
                for s in range(3):
                    second[i, r, s] += (
                        turned[r, 0] * T[s, 0] + turned[r, 1] * T[s, 1] + turned[r, 2] * T[s, 2]
                        - h[r] * x[s] - x[r] * h[s] - mass[k] * x[r] * x[s]
                    )  # fmt: skip
                second[i, r, r] += along
                first[i, r] += h[r] + mass[k] * x[r]
            mass[i] += mass[k]
    for j in range(n):
        a = axes[j]
        if kinds[j] > 0.5:  # force m a, moment h x a
            for r in range(3):
                f[r] = mass[j] * a[r]
            g = first[j]
            m[0] = g[1] * a[2] - g[2] * a[1]
            m[1] = g[2] * a[0] - g[0] * a[2]
            m[2] = g[0] * a[1] - g[1] * a[0]
        else:  # force a x h, moment I a
            g = first[j]
            f[0] = a[1] * g[2] - a[2] * g[1]
            f[1] = a[2] * g[0] - a[0] * g[2]
            f[2] = a[0] * g[1] - a[1] * g[0]
            _turned(second[j], a, m)
        i = j
        while True:
            b = axes[i]
            if kinds[i] > 0.5:
                M[i, j] = b[0] * f[0] + b[1] * f[1] + b[2] * f[2]
            else:
                M[i, j] = b[0] * m[0] + b[1] * m[1] + b[2] * m[2]
            M[j, i] = M[i, j]
            if i == 0:
                break
            _turned(R[i], f, t)
            _turned(R[i], m, h)
            x = p[i]
            m[0] = h[0] + x[1] * t[2] - x[2] * t[1]
            m[1] = h[1] + x[2] * t[0] - x[0] * t[2]
            m[2] = h[2] + x[0] * t[1] - x[1] * t[0]
            for r in range(3):
                f[r] = t[r]
            i -= 1
