"""Poses of the moving bodies, gathered by as few calls to Bullet as there are movers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pybullet as p
from numpy.typing import NDArray

from twincell.errors import PhysicsError, did_you_mean
from twincell.geometry.pose import Pose
from twincell.physics.blades import BladeBodies
from twincell.physics.mover import MoverBody

__all__ = ["PoseTable"]

Array = NDArray[np.float64]


class PoseTable:
    """Knows where each wanted pose comes from.

    Args:
        movers: by name.
        blades: Bullet's ids by name.
        shapes: the blades' bodies.
        person: whether there is a visitor; all its links share one frame.
        names: `<arm>/<link>`, `blade/<name>`, `visitor/<link>`; all moving links that have a shape
            and all blades where not given.

    Attributes:
        names: of the rows.

    Raises:
        PhysicsError: no such moving body.
    """

    def __init__(
        self,
        movers: Mapping[str, MoverBody],
        blades: Mapping[str, int],
        shapes: BladeBodies,
        person: bool,
        names: Iterable[str] | None,
    ) -> None:
        known = [f"{n}/{link}" for n, m in movers.items() for link in m.shaped()]
        known += [f"blade/{name}" for name in blades]
        self.names = tuple(known if names is None else names)
        self._shapes = shapes
        self._links: dict[int, tuple[list[int], list[int]]] = {}
        self._blades: list[tuple[int, int]] = []
        self._person: list[int] = []
        for row, full in enumerate(self.names):
            kind, _, rest = full.partition("/")
            if kind in movers and rest in movers[kind].handle.moving:
                rows, links = self._links.setdefault(movers[kind].body, ([], []))
                rows.append(row)
                links.append(movers[kind].handle.links[rest])
            elif kind == "blade" and rest in blades:
                self._blades.append((row, blades[rest]))
            elif kind == "visitor" and person:
                self._person.append(row)
            else:
                raise PhysicsError(f"no moving body '{full}'; {did_you_mean(full, known)}")

    def poses(self, person: Pose | None) -> Array:
        """World poses of `names`, shape (n, 7): x, y, z, qx, qy, qz, qw.

        Args:
            person: the visitor's frame.
        """
        client = self._shapes.client
        out = np.empty((len(self.names), 7))
        for body, (rows, links) in self._links.items():
            states = p.getLinkStates(
                body, links, computeForwardKinematics=1, physicsClientId=client
            )
            out[rows] = [s[4] + s[5] for s in states]
        self._fill_blades(out)
        if person is not None and self._person:
            out[self._person] = person.as_array()
        return out

    def _fill_blades(self, out: Array) -> None:
        """Part frames of the blades: their centre of mass less its offset, turned."""
        cx, cy, cz = self._shapes.centre.tolist()
        for row, body in self._blades:
            (px, py, pz), q = p.getBasePositionAndOrientation(
                body, physicsClientId=self._shapes.client
            )
            x, y, z, w = q
            # R(q) c = c + 2 u x (u x c + w c), for q = (u, w); written out, as numpy is slower
            tx = y * cz - z * cy + w * cx
            ty = z * cx - x * cz + w * cy
            tz = x * cy - y * cx + w * cz
            out[row] = (
                px - cx - 2.0 * (y * tz - z * ty),
                py - cy - 2.0 * (z * tx - x * tz),
                pz - cz - 2.0 * (x * ty - y * tx),
                *q,
            )
