"""A scene as a camera asks it: rays from one point, and whether something stands in their way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from twincell.errors import SensorError
from twincell.geometry.bodies import Body
from twincell.sensing.folds import fold_points
from twincell.sensing.kernels import merge
from twincell.sensing.materials import material
from twincell.sensing.scene import Hits, Placement, Scene
from twincell.sensing.sight_kernels import bounds, cone, enter, face
from twincell.world.finishes import Coating

__all__ = ["Sightlines", "sightlines"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

_MARGIN = 1e-4
"""By how much boxes are larger than their bodies [m]."""


class Sightlines:
    """Casts rays that start in one point.

    Args:
        scene: what there is.

    Raises:
        SensorError: a coating of a material that is not known.
    """

    def __init__(self, scene: Scene) -> None:
        for body in scene.bodies:
            _check(body)
        # not the scene itself, which is the key that this is kept under
        self.bodies = scene.bodies
        self._fixed_mesh, self._meshes = scene.meshes
        self._count = len(scene.bodies) - len(self._meshes)
        moving = scene.bodies[self._count :]
        boxes = np.array([b.mesh.bounds for b in moving]).reshape(-1, 2, 3)
        self._boxes = (boxes + np.array([[-_MARGIN], [_MARGIN]])).astype(np.float32)
        self._fine = np.array([b.detail for b in moving], bool)
        self._centres = self._boxes.mean(axis=1)
        self._radii = np.linalg.norm(self._boxes[:, 1] - self._boxes[:, 0], axis=1) / 2
        fixed = [b.fixed.apply(b.mesh.vertices) for b in scene.bodies if b.fixed is not None]
        self._extents = np.array([[v.min(axis=0), v.max(axis=0)] for v in fixed]).reshape(-1, 2, 3)

    @property
    def fixed_detail(self) -> bool:
        """Whether anything fixed has detail."""
        return any(b.detail for b in self.bodies[: self._count])

    @cached_property
    def folds(self) -> tuple[F64, ...]:
        """Points on narrow grooves of each body with detail, body frame, shape (n, 3) [m]."""
        found = {id(b.mesh): fold_points(b.mesh) for b in self.bodies if b.detail}
        return tuple(found[id(b.mesh)] if b.detail else np.zeros((0, 3)) for b in self.bodies)

    def split(self, poses: Placement) -> tuple[Placement, Placement]:
        """The placement of moving bodies without detail, and that of those with it."""
        return (
            replace(poses, present=poses.present & ~self._fine),
            replace(poses, present=poses.present & self._fine),
        )

    def frame(self, body: int, poses: Placement) -> tuple[F64, F64] | None:
        """A body's rotation to the world and its place; None where it is absent.

        Args:
            body: index into the scene's names.
            poses: of the moving bodies.
        """
        pose = self.bodies[body].fixed
        if pose is not None:
            return pose.rotation(), pose.p
        i = body - self._count
        return (poses.rotations[i], poses.positions[i]) if poses.present[i] else None

    def cast(
        self, origin: F64, directions: F32, poses: Placement, behind: Hits | None = None
    ) -> Hits:
        """Cast rays from one point.

        Args:
            origin: world frame, shape (3,) [m].
            directions: shape (k, 3), world frame, of any length.
            poses: of the moving bodies.
            behind: hits that these rays have anyhow; the fixed bodies are then not asked.
        """
        count = len(directions)
        rays = _six(origin, directions)
        best = np.full(count, np.inf, np.float32)
        normal = np.zeros((count, 3), np.float32)
        body = np.full(count, -1, np.int32)
        if behind is not None:
            best, normal, body = behind.range.copy(), behind.normal.copy(), behind.body.copy()
        elif self._fixed_mesh is not None and count:
            t, across, part = self._fixed_mesh.cast(rays)
            best, normal = t.copy(), across.copy()
            body = part.astype(np.int32)  # what was not hit wraps to -1
        chosen = np.empty(count, np.int64)
        local = np.empty((count, 6), np.float32)
        for i, rotation, position in self._near(origin, directions, poses):
            n = enter(rays, best, self._boxes[i], rotation, position, chosen, local)
            if n:
                t, across, _ = self._meshes[i].cast(local[:n])
                merge(chosen[:n], t, across, rotation, self._count + i, best, normal, body)
        cosine = np.empty(count, np.float32)
        face(directions, normal, cosine)
        return Hits(best, cosine, body, normal)

    def blocked(
        self, origin: F64, ways: F32, far: float, poses: Placement, *, fixed: bool = True
    ) -> Mask:
        """Whether anything stands on ways from one point, shape (k,).

        Args:
            origin: world frame, shape (3,) [m].
            ways: from the origin, world frame, shape (k, 3) [m].
            far: share of a way up to which it must be free.
            poses: of the moving bodies.
            fixed: whether fixed bodies are asked as well.
        """
        count = len(ways)
        rays = _six(origin, ways)
        best = np.full(count, far, np.float32)
        if fixed and self._fixed_mesh is not None and self._touches(origin, ways):
            best[self._fixed_mesh.blocks(rays, far)] = -1  # no body can be nearer than that
        chosen = np.empty(count, np.int64)
        local = np.empty((count, 6), np.float32)
        for i, rotation, position in self._near(origin, ways, poses):
            n = enter(rays, best, self._boxes[i], rotation, position, chosen, local)
            if n:
                best[chosen[:n][self._meshes[i].blocks(local[:n], far)]] = -1
        return np.asarray(best < 0)

    def hidden(self, body: int, origins: F32, ways: F32, poses: Placement) -> Mask:
        """Whether a body stands on ways from points, shape (k,).

        Args:
            body: index into the scene's names; a fixed one stands for all fixed ones.
            origins: world frame, shape (k, 3) [m].
            ways: world frame, shape (k, 3) [m].
            poses: of the moving bodies.
        """
        i = body - self._count
        if i < 0:
            mesh, rotation, position = self._fixed_mesh, np.eye(3), np.zeros(3)
        else:
            mesh, rotation, position = self._meshes[i], poses.rotations[i], poses.positions[i]
        if mesh is None:
            return np.zeros(len(origins), bool)
        rays = np.empty((len(origins), 6), np.float32)
        rays[:, :3] = (origins - position) @ rotation
        rays[:, 3:] = ways @ rotation
        return mesh.blocks(rays, 1.0)

    def _touches(self, origin: F64, ways: F32) -> bool:
        """Whether the box about ways from one point touches that of any fixed body."""
        low, high = origin + bounds(ways)
        near = (low <= self._extents[:, 1]) & (high >= self._extents[:, 0])
        return len(ways) > 0 and bool(near.all(axis=1).any())

    def _near(
        self, origin: F64, directions: F32, poses: Placement
    ) -> Iterator[tuple[int, F32, F32]]:
        """The moving bodies that rays can meet, with rotation and place."""
        if len(directions) == 0 or not poses.present.any():
            return
        # the cone about all rays against the cone of each ball, seen from the origin
        centres = np.einsum("nij,nj->ni", poses.rotations, self._centres) + poses.positions
        axis, least = cone(directions)
        opening = np.arccos(np.clip(least, -1, 1))
        apart = np.maximum(np.linalg.norm(centres - origin, axis=1), 1e-9)
        wide = np.arcsin(np.clip(self._radii / apart, 0, 1))
        angle = np.arccos(np.clip((centres - origin) @ axis / apart, -1, 1))
        near = poses.present & ((angle < opening + wide + 0.01) | (apart < self._radii))
        for i in np.flatnonzero(near).tolist():
            rotation = poses.rotations[i].astype(np.float32)
            yield i, rotation, poses.positions[i].astype(np.float32)


_KEPT: WeakKeyDictionary[Scene, Sightlines] = WeakKeyDictionary()
"""One for each scene, as long as it lives."""


def sightlines(scene: Scene) -> Sightlines:
    """The sight lines of a scene, made at the first call."""
    if scene not in _KEPT:
        _KEPT[scene] = Sightlines(scene)
    return _KEPT[scene]


def _check(body: Body) -> None:
    for mark in body.finish:
        if isinstance(mark.finish, Coating):
            try:
                material(mark.finish.material)
            except SensorError as error:
                raise SensorError(f"finish of '{body.name}': {error}") from None


def _six(origin: F64, ways: F32) -> F32:
    """Rays from one origin, shape (k, 6)."""
    rays = np.empty((len(ways), 6), np.float32)
    rays[:, :3] = origin
    rays[:, 3:] = ways
    return rays
