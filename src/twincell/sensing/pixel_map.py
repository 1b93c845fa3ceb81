"""Where on a part each pixel looks: the camera registered to the profiler, in the part's frame.

It rests on poses and a mesh alone, so that who knows the nominal CAD and the camera's pose in the
part's frame can have it: `pixel_map` of a scene that holds the CAD. A point that the profiler
measured is then found in the image by `pixels_of`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twincell.errors import SensorError, did_you_mean
from twincell.geometry.pose import Pose
from twincell.sensing.optics import camera_info, pixel_rays, project
from twincell.sensing.scene import Placement, Scene
from twincell.sensing.sightlines import sightlines
from twincell.world.sensors import Multispectral

__all__ = ["PixelMap", "pixel_map", "pixels_of"]

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]


@dataclass(frozen=True)
class PixelMap:
    """What part of a body each pixel sees.

    Attributes:
        points: body frame, shape (height, width, 3) [m]; NaN where the body is not seen.
        normals: towards the camera, body frame, shape (height, width, 3); NaN alike.
        cosine: of the view's incidence, shape (height, width); 0 where the body is not seen.
        footprint: side of a pixel on a surface that faces it, shape (height, width) [m]; NaN alike.
        camera: pose of the optical frame in the body's frame.
    """

    points: F32
    normals: F32
    cosine: F32
    footprint: F32
    camera: Pose


def pixel_map(
    scene: Scene, spec: Multispectral, sensor: Pose, poses: Placement, body: str
) -> PixelMap:
    """Where on a body each pixel of a camera looks.

    Args:
        scene: what there is.
        spec: the camera.
        sensor: pose of its optical frame in the world.
        poses: of the bodies.
        body: name of the part.

    Raises:
        SensorError: no such body, or it is absent.
    """
    if body not in scene.names:
        raise SensorError(f"no body '{body}'; {did_you_mean(body, scene.names)}")
    index = scene.names.index(body)
    sight = sightlines(scene)
    frame = sight.frame(index, poses)
    if frame is None:
        raise SensorError(f"body '{body}' is absent; valid: a body that has a pose")
    at = np.eye(4)
    at[:3, :3], at[:3, 3] = frame
    camera = Pose.from_matrix(at).inverse() @ sensor
    shape = (spec.height, spec.width)
    rays = pixel_rays(spec).reshape(-1, 3)
    hits = sight.cast(sensor.p, rays @ sensor.rotation().astype(np.float32).T, poses)
    seen = hits.body == index
    depth = np.where(seen, hits.range, np.float32(np.nan))
    # in the body's frame from the start: its numbers are small, the world's are not
    points = camera.p + (rays @ camera.rotation().T) * depth[:, None]
    normals = np.where(seen[:, None], hits.normal @ frame[0], np.nan)
    cosine = np.where(seen, hits.cosine, np.float32(0)).astype(np.float32)
    footprint = (depth / camera_info(spec).k[0, 0]).astype(np.float32)
    return PixelMap(
        points.astype(np.float32).reshape(*shape, 3),
        normals.astype(np.float32).reshape(*shape, 3),
        cosine.reshape(shape),
        footprint.reshape(shape),
        camera,
    )


def pixels_of(seen: PixelMap, spec: Multispectral, points: F64, near: float = 5e-4) -> F64:
    """Where points of the part are in the image.

    Args:
        seen: map of the image.
        spec: the camera.
        points: body frame, shape (n, 3) [m].
        near: how far from the surface that a pixel sees a point may be [m].

    Returns:
        u and v, shape (n, 2) [pixel]; NaN where a point is hidden or outside of the image.
    """
    at = project(camera_info(spec), seen.camera.inverse().apply(points))
    whole = np.rint(np.nan_to_num(at, nan=-1)).astype(int)
    inside = (whole >= 0).all(axis=1) & (whole < [spec.width, spec.height]).all(axis=1)
    out = np.full((len(points), 2), np.nan)
    k = np.flatnonzero(inside)
    there = seen.points[whole[k, 1], whole[k, 0]]
    slant = seen.footprint[whole[k, 1], whole[k, 0]]
    off = np.linalg.norm(there - np.asarray(points)[k], axis=1)
    cosine = np.maximum(seen.cosine[whole[k, 1], whole[k, 0]], 0.1)
    visible = off < near + slant / cosine  # False for NaN: nothing is seen there
    out[k[visible]] = at[k[visible]]
    return out
