"""Between the camera's arrays and ROS images."""

import numpy as np
from sensor_msgs.msg import CameraInfo, Image

from twincell.errors import SensorError
from twincell.sensing.exposure import depth
from twincell.sensing.optics import CameraInfo as Intrinsics
from twincell.sensing.optics import camera_info as intrinsics
from twincell.sensing.types import SpectralImage
from twincell.world.sensors import Multispectral
from twincell_nodes.conversions import data_of, header, seconds

__all__ = ["band", "camera_info", "image", "spectral_image"]


def image(time: float, frame: str, pixels: np.ndarray) -> Image:
    """An image of 16 bit counts.

    Args:
        time: stamp [s].
        frame: optical frame.
        pixels: shape (height, width) for `mono16`, (height, width, bands) for `16UC<bands>`.
    """
    height, width = pixels.shape[:2]
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    return Image(
        header=header(time, frame),
        height=height,
        width=width,
        encoding="mono16" if pixels.ndim == 2 else f"16UC{bands}",
        is_bigendian=0,
        step=2 * bands * width,
        data=data_of(pixels.astype("<u2", copy=False)),
    )


def band(time: float, frame: str, counts: np.ndarray, bits: int) -> Image:
    """One band as `mono16`, its counts lifted to the full 16 bit, as viewers expect.

    Args:
        time: stamp [s].
        frame: optical frame.
        counts: shape (height, width), uint16.
        bits: depth of the counts.
    """
    return image(time, frame, counts << (16 - bits))


def spectral_image(message: Image, spec: Multispectral) -> SpectralImage:
    """All bands of a camera, as `<sensor>/image_raw` carries them.

    Raises:
        SensorError: another encoding or size than the camera's.
    """
    bands = len(spec.bands)
    planes = bands + (spec.ultraviolet is not None)
    size = (message.height, message.width)
    if message.encoding != f"16UC{planes}" or size != (spec.height, spec.width):
        raise SensorError(
            f"image of {message.width} x {message.height}, encoding '{message.encoding}'; valid: "
            f"{spec.width} x {spec.height}, '16UC{planes}'"
        )
    order = ">u2" if message.is_bigendian else "<u2"
    counts = np.frombuffer(message.data, order)
    if len(counts) != planes * spec.height * spec.width or message.step != 2 * planes * spec.width:
        raise SensorError(
            f"image of {2 * len(counts)} bytes in rows of {message.step}; valid: "
            f"{2 * planes * spec.height * spec.width} in rows of {2 * planes * spec.width}"
        )
    stack = np.moveaxis(counts.reshape(spec.height, spec.width, planes), 2, 0)
    stack = np.ascontiguousarray(stack, np.uint16)
    info = intrinsics(spec)
    return SpectralImage(
        seconds(message.header.stamp),
        np.asarray(spec.bands, float),
        stack[:bands],
        info.k,
        depth(spec),
        info.d,
        stack[bands] if planes > bands else None,
    )


def camera_info(time: float, frame: str, value: Intrinsics) -> CameraInfo:
    """Intrinsics, with the distortion that rays were cast through."""
    return CameraInfo(
        header=header(time, frame),
        width=value.width,
        height=value.height,
        distortion_model="plumb_bob",
        d=value.d.ravel().tolist(),
        k=value.k.ravel().tolist(),
        r=value.r.ravel().tolist(),
        p=value.p.ravel().tolist(),
    )
