"""A multispectral camera: all bands in `<sensor>/image_raw`, each in `<sensor>/<band>/image`."""

import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from twincell.sensing.multispectral import camera_info, image
from twincell.stack.surface import band_names
from twincell_nodes import images
from twincell_nodes.qos import SENSOR
from twincell_nodes.running import run
from twincell_nodes.sensing import SensorNode

__all__ = ["MultispectralNode", "main"]


class MultispectralNode(SensorNode):
    """Publishes raw counts: `16UC<n>` for all, `mono16` for each band, intrinsics with distortion.

    Where the camera has an ultraviolet band it is the last of all, and `<sensor>/uv<nm>/image`.
    """

    def __init__(self) -> None:
        super().__init__("multispectral")
        self._raw = self.create_publisher(Image, f"{self.sensor}/image_raw", SENSOR)
        self._info = self.create_publisher(CameraInfo, f"{self.sensor}/camera_info", SENSOR)
        self._bands = [
            self.create_publisher(Image, f"{self.sensor}/{band}/image", SENSOR)
            for band in band_names(self.spec)
        ]
        self._intrinsics = camera_info(self.spec)

    def measure(self, _start: float, end: float) -> None:
        """One exposure, at `end`."""
        sensors, placed = self.placements(np.array([end]))
        taken = image(self.scene, self.spec, sensors[0], placed[0], end, self.rng)
        frame = self.optical_frame
        self._info.publish(images.camera_info(end, frame, self._intrinsics))
        self._raw.publish(images.image(end, frame, np.moveaxis(taken.planes, 0, -1)))
        for publisher, counts in zip(self._bands, taken.planes, strict=True):
            publisher.publish(images.band(end, frame, counts, taken.bits))


def main(args=None) -> None:
    """Entry point."""
    run(MultispectralNode, args)
