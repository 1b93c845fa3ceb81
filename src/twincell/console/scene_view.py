"""The cell's bodies in space, moved by the poses that are told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import viser
from numpy.typing import NDArray

from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly, Severity
from twincell.sensing.materials import material

__all__ = ["SceneView", "shade"]

_RED, _GREEN, _BLUE = 620.0, 550.0, 465.0
"""Wavelengths of a screen's colours [nm]."""
_GAMMA = 1 / 2.2
_STILL = 1e-5
"""A pose that differs by less is not sent again [m, and numbers of the quaternion]."""
_MARKS: dict[Severity, tuple[int, int, int]] = {
    "minor": (238, 119, 51),
    "major": (204, 51, 17),
    "critical": (179, 38, 30),
}
_MARK = 0.0012
"""Thickness of what marks a finding [m]."""

RGB = tuple[int, int, int]


def shade(name: str) -> RGB:
    """What an optical material looks like under white light, 0 to 255 each.

    Raises:
        SensorError: no such material.
    """
    given = material(name).at(np.array([_RED, _GREEN, _BLUE]))
    red, green, blue = np.rint(255 * np.asarray(given) ** _GAMMA).astype(int).tolist()
    return red, green, blue


class SceneView:
    """Draws bodies once, and moves them.

    Args:
        server: that shows it.
        bodies: of the cell.
    """

    def __init__(self, server: viser.ViserServer, bodies: Iterable[Body]) -> None:
        self._server = server
        server.scene.set_up_direction("+z")
        server.scene.configure_environment_map("studio", environment_intensity=0.5)
        server.scene.add_grid("/floor", 12.0, 12.0, cell_size=0.5, position=(0.0, 0.0, -0.002))
        self._moving: dict[str, viser.MeshHandle] = {}
        self._at: dict[str, NDArray[np.float64]] = {}
        self._found: dict[str, dict[str, viser.LineSegmentsHandle]] = {}
        for body in bodies:
            pose = body.fixed or Pose.identity()
            handle = server.scene.add_mesh_simple(
                f"/{body.name}",
                np.asarray(body.mesh.vertices, np.float32),
                np.asarray(body.mesh.faces, np.uint32),
                color=shade(body.material),
                flat_shading=True,
                position=pose.p,
                wxyz=np.roll(pose.q, 1),
                visible=body.fixed is not None,  # until it is known where it is
            )
            if body.fixed is None:
                self._moving[body.name] = handle

    def move(self, poses: Mapping[str, NDArray[np.float64]]) -> None:
        """Where bodies are: x, y, z [m] and quaternion x, y, z, w each; unknown names are left."""
        with self._server.atomic():
            for name, handle in self._moving.items():
                # a visitor's links move as one
                pose = poses.get("visitor" if name.startswith("visitor/") else name)
                if pose is None:
                    continue
                before = self._at.get(name)
                if before is not None and np.abs(pose - before).max() < _STILL:
                    continue
                self._at[name] = np.array(pose, float)
                handle.position, handle.wxyz = pose[:3], np.roll(pose[3:], 1)
                handle.visible = True

    def findings(self, part: str, anomalies: Iterable[Anomaly]) -> None:
        """Draw what was found on a blade in place of what was."""
        before = self._found.pop(part, {})
        drawn = {a.id: self._mark(a) for a in anomalies}
        for key, mark in before.items():
            if key not in drawn:
                mark.remove()
        self._found[part] = drawn

    def _mark(self, anomaly: Anomaly) -> viser.LineSegmentsHandle:
        """On its blade; one of the same id takes its place."""
        half = 0.5 * max(anomaly.length, _MARK) * anomaly.direction
        ends = np.stack([anomaly.center - half, anomaly.center + half])[None]
        name = f"/blade/{anomaly.part}/{anomaly.id.replace('/', '_')}"
        return self._server.scene.add_line_segments(
            name, ends.astype(np.float32), _MARKS[anomaly.severity], thickness=_MARK
        )
