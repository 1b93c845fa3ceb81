from __future__ import annotations

import numpy as np

from twincell.assets import world_path
from twincell.cell.assembly import assemble
from twincell.cell.eyes import Eyes
from twincell.geometry.pose import Pose
from twincell.sensing.multispectral import camera_info
from twincell.sensing.optics import project
from twincell.world.load import load_world


def test_a_picture_is_taken_from_the_link_that_carries_the_camera():
    path = world_path("blade_cell")
    world = load_world(path)
    assembly = assemble(world, path, 7)
    eyes = Eyes(assembly)
    away = Pose.of([0, 0, -50.0]).as_array()  # all that moves is far below the floor
    rows = np.tile(away, (len(eyes.names), 1))
    optical = Pose.of([0.5, 0.4, 1.5], [1.9, 0.2, 0.3])
    rows[eyes.names.index("inspector/camera_optical")] = optical.as_array()
    empty = eyes.picture("camera", rows, 1.0)
    # a blade across the view, its middle on the axis
    blade = optical @ Pose.of([0, 0, 0.19], [0, np.pi / 2, 0]) @ Pose.of([0, 0, -0.065])
    rows[eyes.names.index("blade/blade_1")] = blade.as_array()
    out = eyes.picture("camera", rows, 2.0)
    assert (out.stamp, out.data.shape) == (2.0, (6, 480, 640))
    brighter = out.data[1].astype(int) - empty.data[1] > 200
    # its outline is that of its projected corners; the root reaches beyond the left border
    corners = optical.inverse().apply(blade.apply(assembly.model.mesh.vertices))
    seen = project(camera_info(world.cameras()["camera"]), corners)
    low, high = np.maximum(seen.min(axis=0), 0), seen.max(axis=0)
    v, u = np.nonzero(brighter)
    np.testing.assert_allclose([u.min(), v.min(), u.max(), v.max()], [*low, *high], atol=1.6)
