"""Geometry that light meets: ray-casting scenes that move with their bodies.

What never moves is one scene. Each moving body is a scene of its own, in its own frame; rays are
moved into that frame, so nothing is rebuilt when a body moves. A body is asked only about rays
that pass through its bounding sphere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import open3d as o3d
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from twincell.errors import SensorError, did_you_mean
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.background import Background
from twincell.sensing.fans import enter
from twincell.sensing.kernels import gather, merge
from twincell.sensing.materials import material
from twincell.sensing.sweep import take
from twincell.world.sensors import Lidar

__all__ = ["Hits", "Placement", "Scene"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]


_LEAVES = 5
"""Halvings of a mesh into boxes that tell whether a short ray can reach it."""


@dataclass(frozen=True)
class Placement:
    """Where the moving bodies of a scene are.

    Attributes:
        rotations: body to world, shape (n, 3, 3); n in the order of `Scene.moving`.
        positions: of the bodies' frames in the world, shape (n, 3) [m].
        present: which bodies are there at all, shape (n,).
    """

    rotations: F64
    positions: F64
    present: NDArray[np.bool_]


@dataclass(frozen=True)
class Hits:
    """What rays met first.

    Attributes:
        range: in units of the direction's length, shape (k,); inf where nothing was met.
        cosine: |normal · direction| / |direction|, shape (k,); 0 where nothing was met.
        body: index into `Scene.names`, shape (k,); -1 where nothing was met.
        normal: unit normal in the world frame, towards the ray's origin, shape (k, 3).
    """

    range: F32
    cosine: F32
    body: I32
    normal: F32


class _Mesh:
    """One Open3D scene, with the ball, the box of each part and the smaller boxes around it."""

    def __init__(self, parts: Sequence[tuple[F64, NDArray[np.int64]]]) -> None:
        self.scene = o3d.t.geometry.RaycastingScene(nthreads=1)
        for vertices, faces in parts:
            self.scene.add_triangles(
                o3d.core.Tensor.from_numpy(np.ascontiguousarray(vertices, np.float32)),
                o3d.core.Tensor.from_numpy(np.ascontiguousarray(faces, np.uint32)),
            )
        boxes = np.array([_box(v[np.unique(f)]) for v, f in parts])
        self.low, self.high = boxes[:, 0].copy(), boxes[:, 1].copy()
        leaves = np.array([_box(t) for v, f in parts for t in _leaves(v[f])])
        self.leaves = leaves[:, 0].copy(), leaves[:, 1].copy()
        every = np.concatenate([vertices for vertices, _ in parts])
        self.centre = 0.5 * (every.min(axis=0) + every.max(axis=0))
        self.radius = float(np.linalg.norm(every - self.centre, axis=1).max())

    def cast(self, rays: F32) -> tuple[F32, F32, NDArray[np.uint32]]:
        """Range, normal and part of the first hit of rays in this frame, shape (k, 6)."""
        hit = self.scene.cast_rays(o3d.core.Tensor.from_numpy(rays), nthreads=1)
        return (
            hit["t_hit"].numpy(),
            hit["primitive_normals"].numpy(),
            hit["geometry_ids"].numpy(),
        )

    def blocks(self, rays: F32, far: float) -> NDArray[np.bool_]:
        """Whether anything is met before `far`, in units of the direction's length, shape (k,)."""
        tensor = o3d.core.Tensor.from_numpy(rays)
        return np.asarray(self.scene.test_occlusions(tensor, 0.0, far, nthreads=1).numpy())


class Scene:
    """Bodies that rays can meet.

    Args:
        bodies: meshes in their own frames; those with a `fixed` pose never move.

    Raises:
        SensorError: two bodies of one name, a mesh without triangles or with numbers that are not
            finite, an unknown optical material.
    """

    def __init__(self, bodies: Sequence[Body]) -> None:
        fixed = [b for b in bodies if b.fixed is not None]
        moving = [b for b in bodies if b.fixed is None]
        self.names = tuple(b.name for b in (*fixed, *moving))
        if len(set(self.names)) != len(self.names):
            twice = sorted({n for n in self.names if self.names.count(n) > 1})
            raise SensorError(f"two bodies of one name in the scene: {', '.join(twice)}")
        self.moving = tuple(b.name for b in moving)
        self.bodies = (*fixed, *moving)
        self.materials = tuple(material(b.material) for b in (*fixed, *moving))
        self._reflectances: dict[float, F32] = {}
        self._first = len(fixed)
        self._still = _Mesh([_arrays(b) for b in fixed]) if fixed else None
        self._bodies = tuple(_Mesh([_arrays(b)]) for b in moving)
        self.backgrounds: dict[Lidar, Background] = {}
        """What LiDARs that stand still remember of what never moves."""
        self._index = {name: i for i, name in enumerate(self.moving)}
        self._centres = np.array([m.centre for m in self._bodies]).reshape(-1, 3)
        self.boxes: tuple[F64, F64] = (
            np.array([m.low[0] for m in self._bodies]).reshape(-1, 3),
            np.array([m.high[0] for m in self._bodies]).reshape(-1, 3),
        )
        """Least and greatest corners of the moving bodies in their frames, shape (n, 3) each."""
        self._radii = np.array([m.radius for m in self._bodies])

    def reflectance(self, wavelength: float) -> F32:
        """Diffuse reflectance of each body at a wavelength [nm], shape (len(names),)."""
        if wavelength not in self._reflectances:
            values = [float(m.at(wavelength)) for m in self.materials]
            self._reflectances[wavelength] = np.array(values, np.float32)
        return self._reflectances[wavelength]

    @property
    def meshes(self) -> tuple[_Mesh | None, tuple[_Mesh, ...]]:
        """Of what never moves, all in one, and of each moving body."""
        return self._still, self._bodies

    def place(
        self, poses: Mapping[str, Pose] | F64 | None = None, names: Sequence[str] | None = None
    ) -> Placement:
        """Turn poses into a placement that many casts can use.

        Args:
            poses: by body name; or x, y, z, qx, qy, qz, qw as rows, shape (n, 7). Bodies that are
                not named are absent: no ray meets them.
            names: body of each row; `moving` where not given. Rows of bodies that this scene
                does not hold or holds fixed are passed over.

        Raises:
            SensorError: an unknown name, or an array of another shape or with a NaN.
        """
        count = len(self.moving)
        index = self._index
        if poses is None or isinstance(poses, Mapping):
            given = poses or {}
            for name in given:
                if name not in self.names:
                    raise SensorError(f"no body '{name}'; {did_you_mean(name, self.names)}")
            names = list(given)
            rows = np.array([p.as_array() for p in given.values()]).reshape(-1, 7)
        else:
            rows = np.asarray(poses, float)
            names = self.moving if names is None else names
        if rows.shape != (len(names), 7) or not np.isfinite(rows).all():
            raise SensorError(
                f"body poses of shape {rows.shape}; valid: ({len(names)}, 7), all finite"
            )
        rotations = np.tile(np.eye(3), (count, 1, 1))
        positions = np.zeros((count, 3))
        present = np.zeros(count, bool)
        chosen = [(index[n], row) for row, n in enumerate(names) if n in index]
        if chosen:
            to, row = np.array(chosen).T
            rotations[to] = Rotation.from_quat(rows[row, 3:]).as_matrix()
            positions[to] = rows[row, :3]
            present[to] = True
        return Placement(rotations, positions, present)

    def cast(self, origins: F64, directions: F32 | F64, poses: Placement) -> Hits:
        """Cast rays.

        Args:
            origins: shape (k, 3), or (3,) for a common one, which is faster; world frame [m].
            directions: shape (k, 3), world frame, of any length.
            poses: of the moving bodies.
        """
        directions = np.ascontiguousarray(directions, np.float32)
        count = len(directions)
        rays = np.empty((count, 6), np.float32)
        rays[:, :3] = origins
        rays[:, 3:] = directions
        best = np.full(count, np.inf, np.float32)
        normal = np.zeros((count, 3), np.float32)
        body = np.full(count, -1, np.int32)
        if self._still is not None and count:
            best, normal, part = self._still.cast(rays)
            best, normal = best.copy(), normal.copy()
            body = part.astype(np.int32)  # what was not hit wraps to -1
        chosen = np.empty(count, np.int64)
        local = np.empty((count, 6), np.float32)
        for i, centre, radius in self._near(np.asarray(origins, float), directions, poses):
            rotation = poses.rotations[i].astype(np.float32)
            position = poses.positions[i].astype(np.float32)
            n = gather(rays, best, centre, radius, rotation, position, chosen, local)
            if n:
                t, across, _ = self._bodies[i].cast(local[:n])
                merge(chosen[:n], t, across, rotation, self._first + i, best, normal, body)
        along = _dot(normal, directions)
        normal *= np.where(along > 0, np.float32(-1), np.float32(1))[:, None]
        lengths = np.sqrt(_dot(directions, directions))
        cosine = np.asarray(np.abs(along) / lengths, np.float32)
        return Hits(best, cosine, body, normal)

    def cast_still(self, rays: F32) -> tuple[F32, F32, I32]:
        """Cast rays of unit direction, shape (k, 6), against what never moves.

        Returns:
            Range, cosine and body as in `Hits`, shape (k,) each.
        """
        if self._still is None or len(rays) == 0:
            shape = len(rays)
            return (
                np.full(shape, np.inf, np.float32),
                np.zeros(shape, np.float32),
                np.full(shape, -1, np.int32),
            )
        t, normal, part = self._still.cast(rays)
        cosine = np.asarray(np.abs(_dot(normal, rays[:, 3:])), np.float32)
        return t.copy(), cosine, part.astype(np.int32)

    def cast_mover(self, number: int, rays: F32) -> tuple[F32, F32]:
        """Range and normal of rays, shape (k, 6), at one moving body, all in the body's frame."""
        t, normal, _ = self._bodies[number].cast(rays)
        return t, normal

    def cast_fan(
        self, sensors: Sequence[Pose], fan: F32, far: float, poses: Sequence[Placement]
    ) -> tuple[F32, F32, I32]:
        """Cast the same flat fan from many sensor poses, with body poses of their own each.

        Args:
            sensors: poses in the world, m of them.
            fan: directions in the sensor frame with z = 1, shape (k, 3); origin is the sensor's.
            far: what lies deeper than this along z may be missed [m].
            poses: one, or m of them.

        Returns:
            Range, cosine and body as in `Hits`, shape (m, k) each.
        """
        lines, k = len(sensors), len(fan)
        turn = Rotation.from_quat(np.array([s.q for s in sensors])).as_matrix()
        where = np.array([s.p for s in sensors])
        best = np.full(lines * k, np.inf, np.float32)
        cosine = np.zeros(lines * k, np.float32)
        body = np.full(lines * k, -1, np.int32)
        depth = best.reshape(lines, k)
        chosen = np.empty(lines * k, np.int64)
        local = np.empty((lines * k, 6), np.float32)

        def meet(
            mesh: _Mesh, turns: F64, origins: F64, there: NDArray[np.bool_], first: int
        ) -> None:
            n = enter(fan, far, turns, origins, there, *mesh.leaves, depth, chosen, local)
            if n:
                t, normal, part = mesh.cast(local[:n])
                number = part.astype(np.int32) + np.int32(first)
                take(chosen[:n], t, normal, local, number, best, cosine, body)

        if self._still is not None:
            meet(self._still, turn, where, np.ones(lines, bool), 0)
        if self.moving:
            # shape (bodies, 1 or m, ...)
            rotation = np.stack([p.rotations for p in poses], axis=1)
            position = np.stack([p.positions for p in poses], axis=1)
            present = np.stack([p.present for p in poses], axis=1)
            back = rotation.transpose(0, 1, 3, 2)
            turns = np.ascontiguousarray(back @ turn)
            origins = np.ascontiguousarray((back @ (where - position)[..., None])[..., 0])
            there = np.broadcast_to(present, origins.shape[:2]).copy()
            # balls that no line of the fan can reach
            reach = far * float(np.linalg.norm(fan[[0, -1]], axis=1).max())
            apart = np.linalg.norm(origins - self._centres[:, None], axis=2)
            there &= apart <= reach + self._radii[:, None] * 1.001 + 1e-4
            for i in np.flatnonzero(there.any(axis=1)).tolist():
                meet(self._bodies[i], turns[i], origins[i], there[i], self._first + i)
        cosine.reshape(lines, k)[:] /= np.linalg.norm(fan, axis=1).astype(np.float32)
        return depth, cosine.reshape(lines, k), body.reshape(lines, k)

    def _near(
        self, origins: F64, directions: F32, poses: Placement
    ) -> Iterator[tuple[int, F64, float]]:
        """The moving bodies that rays can meet, with their balls in the world."""
        if len(directions) == 0 or not poses.present.any():
            return
        centres = np.einsum("nij,nj->ni", poses.rotations, self._centres) + poses.positions
        radii = self._radii * 1.001 + 1e-4
        near = poses.present.copy()
        if origins.ndim == 1:
            # the cone about all rays against the cone of each sphere, seen from the origin
            axis = directions.mean(axis=0)
            axis /= max(float(np.linalg.norm(axis)), 1e-9)
            lengths = np.sqrt(_dot(directions, directions))
            opening = np.arccos(np.clip((directions @ axis / lengths).min(), -1, 1))
            apart = np.linalg.norm(centres - origins, axis=1)
            wide = np.arcsin(np.clip(radii / np.maximum(apart, 1e-9), 0, 1))
            angle = np.arccos(np.clip((centres - origins) @ axis / np.maximum(apart, 1e-9), -1, 1))
            near &= (angle < opening + wide + 0.01) | (apart < radii)
        for i in np.flatnonzero(near):
            yield int(i), centres[i], float(radii[i])


def _arrays(body: Body) -> tuple[F64, NDArray[np.int64]]:
    vertices = np.asarray(body.mesh.vertices, float)
    faces = np.asarray(body.mesh.faces)
    if len(faces) == 0 or not np.isfinite(vertices).all():
        raise SensorError(
            f"body '{body.name}': {len(faces)} triangles, {len(vertices)} vertices; "
            "valid: at least one triangle, all coordinates finite"
        )
    if body.fixed is not None:
        vertices = body.fixed.apply(vertices)
    return vertices, faces


def _box(points: F64) -> F64:
    """Least and greatest corner of points of shape (..., 3)."""
    flat = points.reshape(-1, 3)
    return np.stack([flat.min(axis=0), flat.max(axis=0)])


def _leaves(corners: F64, depth: int = _LEAVES) -> list[F64]:
    """Triangles, shape (n, 3, 3), parted by halves into at most 2^depth groups side by side."""
    if depth == 0 or len(corners) < 2:
        return [corners]
    middles = corners.mean(axis=1)
    axis = int(np.argmax(np.ptp(middles, axis=0)))
    order = np.argsort(middles[:, axis], kind="stable")
    half = len(order) // 2
    near, far = order[:half], order[half:]
    return [*_leaves(corners[near], depth - 1), *_leaves(corners[far], depth - 1)]


def _dot(a: F32, b: F32) -> F32:
    """Row-wise dot product; for rows of three quicker than einsum."""
    return np.asarray(a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2])
