"""Encodings of sensor_msgs/Image and the bytes that a pixel takes in each."""

from __future__ import annotations

import re

from twincell.errors import InspectionError, did_you_mean

__all__ = ["pixel_bytes"]

_NAMED = {
    "mono8": 1, "mono16": 2, "rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "rgb16": 6, "bgr16": 6,
    "rgba16": 8, "bgra16": 8, "uyvy": 2, "yuyv": 2, "yuv422": 2, "yuv422_yuy2": 2, "nv21": 1,
    "nv24": 1,
    **{f"bayer_{p}{d}": d // 8 for p in ("rggb", "bggr", "gbrg", "grbg") for d in (8, 16)},
}  # fmt: skip
"""sensor_msgs/image_encodings.hpp; of nv21 and nv24 the full plane."""
_PLAIN = re.compile(r"(8[US]|16[US]|32[SF]|64F)C([1-9]\d*)")


def pixel_bytes(encoding: str) -> int:
    """Bytes a pixel of one row.

    Raises:
        InspectionError: no encoding of ROS.
    """
    if encoding in _NAMED:
        return _NAMED[encoding]
    plain = _PLAIN.fullmatch(encoding)
    if plain is None:
        raise InspectionError(
            f"encoding '{encoding}'; {did_you_mean(encoding, [*_NAMED, '8UC1', '16UC6', '32FC1'])}"
        )
    return int(plain[1][:-1]) // 8 * int(plain[2])
