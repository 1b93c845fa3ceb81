"""Blades as rigid bodies: convex pieces, true mass, centre of mass and moments of inertia."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pybullet as p
from numpy.typing import NDArray

from twincell.assets import cache_dir
from twincell.geometry.blade import BladeModel
from twincell.geometry.pose import Pose

__all__ = ["BladeBodies"]

Array = NDArray[np.float64]

FRICTION = 0.7
"""Of metal on metal or polymer; Bullet multiplies the coefficients of both bodies."""


class BladeBodies:
    """Adds blades to a Bullet client and knows where their part frames are.

    Args:
        client: of Bullet.
        model: the nominal blade; a crack's missing metal is below a milligram.
        density: [kg/m^3].
    """

    def __init__(self, client: int, model: BladeModel, density: float) -> None:
        self.client = client
        self.mass = float(model.mesh.volume) * density
        self.centre = np.asarray(model.mesh.center_mass, float)
        self._inertia = np.diag(np.asarray(model.mesh.moment_inertia, float)) * density
        self._shape = self._compound(model)
        self._to_centre = Pose.of(self.centre)
        self._from_centre = self._to_centre.inverse()

    def _compound(self, model: BladeModel) -> int:
        """Boxes for root and shroud, whose faces are held and gripped; hulls for the airfoil."""
        last = len(model.collision) - 1
        types, halves, files, places = [], [], [], []
        for i, piece in enumerate(model.collision):
            low, high = np.asarray(piece.bounds, float)
            box = i in (0, last)
            types.append(p.GEOM_BOX if box else p.GEOM_MESH)
            halves.append(((high - low) / 2).tolist() if box else [0.0, 0.0, 0.0])
            files.append("" if box else str(_saved(np.asarray(piece.vertices), piece.faces)))
            middle = (low + high) / 2 if box else np.zeros(3)
            places.append((middle - self.centre).tolist())
        count = len(types)
        return int(
            p.createCollisionShapeArray(
                shapeTypes=types,
                halfExtents=halves,
                radii=[0.0] * count,
                lengths=[0.0] * count,
                fileNames=files,
                meshScales=[[1.0, 1.0, 1.0]] * count,
                collisionFramePositions=places,
                collisionFrameOrientations=[[0.0, 0.0, 0.0, 1.0]] * count,
                physicsClientId=self.client,
            )
        )

    def add(self, pose: Pose) -> int:
        """A blade whose part frame is at `pose`; returns Bullet's id.

        Bullet's frame of the body is its centre of mass. It sleeps until something touches it.
        """
        at = pose @ self._to_centre
        body = int(
            p.createMultiBody(
                baseMass=self.mass,
                baseCollisionShapeIndex=self._shape,
                basePosition=at.p.tolist(),
                baseOrientation=at.q.tolist(),
                physicsClientId=self.client,
            )
        )
        p.changeDynamics(
            body,
            -1,
            localInertiaDiagonal=self._inertia.tolist(),
            lateralFriction=FRICTION,
            spinningFriction=0.001,
            rollingFriction=0.0001,
            restitution=0.0,
            linearDamping=0.02,
            angularDamping=0.02,
            activationState=p.ACTIVATION_STATE_ENABLE_SLEEPING,
            physicsClientId=self.client,
        )
        p.changeVisualShape(body, -1, rgbaColor=[0.72, 0.72, 0.76, 1], physicsClientId=self.client)
        return body

    def centre_pose(self, body: int) -> Pose:
        """World pose of the centre of mass frame."""
        at, turn = p.getBasePositionAndOrientation(body, physicsClientId=self.client)
        return Pose(np.array(at), np.array(turn))

    def pose(self, body: int) -> Pose:
        """World pose of the part frame."""
        return self.centre_pose(body) @ self._from_centre

    def centred(self, pose: Pose) -> Pose:
        """The centre of mass frame of a blade whose part frame is at `pose`."""
        return pose @ self._to_centre


_SAVED: dict[bytes, Path] = {}
"""Files of this process by the digest of vertices and faces."""


def _saved(vertices: Array, faces: NDArray[np.int64]) -> Path:
    """Write an OBJ under the name of its content: Bullet keeps meshes by file name."""
    digest = hashlib.sha256(vertices.tobytes() + faces.tobytes()).digest()
    if digest in _SAVED and _SAVED[digest].is_file():
        return _SAVED[digest]
    lines = [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in vertices.tolist()]
    lines += [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in faces.tolist()]
    text = "\n".join(lines) + "\n"
    folder = cache_dir() / "hulls"
    folder.mkdir(exist_ok=True)
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.obj"
    if not path.is_file():
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(text, encoding="ascii")
        part.replace(path)
    _SAVED[digest] = path
    return path
