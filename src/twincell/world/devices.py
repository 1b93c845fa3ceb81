"""Figures of sensors that can be bought, from their published data sheets.

A sensor of a world file that names one of them (`model: ouster_os1_16`) takes its figures where it
does not give its own. What a sheet does not say keeps the default of the world type.
"""

from __future__ import annotations

import math
from typing import Any

__all__ = ["LIDARS", "PROFILERS"]

Figures = dict[str, Any]

_OS1: Figures = {
    # Ouster, "OS1 High Resolution Imaging LIDAR" data sheet: 33.2 deg, 1024 columns, 10 Hz,
    # 850 nm, 0.8 to 40 m on 10 %, 0.13 deg, steps of 1.2 cm, 3 cm (1 sigma) at SNR 100
    "rings": 16,
    "columns": 1024,
    "rate": 10.0,
    "elevation": (-math.radians(16.6), math.radians(16.6)),
    "reach": (0.8, 40.0),
    "noise": 0.03,
    "wavelength": 850.0,
    "beam": math.radians(0.13),
    "resolution": 0.012,
}

LIDARS: dict[str, Figures] = {
    "ouster_os1_16": _OS1,
    "ouster_os1_64": {**_OS1, "rings": 64},
    "ouster_os1_128": {  # the same data sheet: 45 deg, 0.18 deg
        **_OS1,
        "rings": 128,
        "elevation": (-math.radians(22.5), math.radians(22.5)),
        "beam": math.radians(0.18),
    },
    "velodyne_vlp_16": {
        # Velodyne, "VLP-16 User Manual" 63-9243 and "Puck" data sheet 63-9229: 16 channels over
        # +-15 deg, 1 to 100 m, 3 cm typical, 0.2 deg at 10 Hz, 903 nm, ranges in steps of 2 mm.
        # The sheet does not say on which target the 100 m hold; here it is the 10 % one, which
        # flatters the device.
        "rings": 16,
        "columns": 1800,
        "rate": 10.0,
        "elevation": (-math.radians(15.0), math.radians(15.0)),
        "reach": (1.0, 100.0),
        "noise": 0.03,
        "wavelength": 903.0,
        "resolution": 0.002,
    },
    "livox_hap": {
        # "Livox HAP User Manual" (2022), table 1.2.1: 120 x 25 deg, 452,000 points/s at 10 Hz,
        # 905 nm, 0.5 to 150 m on 10 %, 2 cm (1 sigma) at 20 m on 80 %, 0.03 x 0.28 deg (here
        # their geometric mean). The raster's rows and columns are ours: the device's own pattern
        # does not repeat. Noise at an SNR of 100 such that 20 m on 80 % gives the 2 cm.
        "pattern": "raster",
        "rings": 100,
        "columns": 452,
        "rate": 10.0,
        "elevation": (-math.radians(12.5), math.radians(12.5)),
        "azimuth": (-math.radians(60.0), math.radians(60.0)),
        "reach": (0.5, 150.0),
        "noise": 0.04,
        "wavelength": 905.0,
        "beam": math.radians(0.092),
    },
}
"""LiDARs by name."""


def _lj_x(standoff: float, depth: float, width: float) -> Figures:
    """A head of the LJ-X8000 series.

    Keyence, "LJ-X8000 Series User's Manual", head specifications (p. 10-5): reference distance,
    height of the range and width of the line at the reference distance [m]; 3,200 points a
    profile, 405 nm. Repeatability (0.4, 0.5 and 1 um) is that of the mean height of an area, not
    of a point: the noise of a point is not published and keeps the default. The least width that
    is told apart is not published either; two points' distance stands for it. The line widens less
    over the range than from a point at the sensor's origin, as rays are cast here.
    """
    return {
        "points": 3200,
        "standoff": standoff,
        "depth": depth,
        "width": width,
        "wavelength": 405.0,
        "resolution": 2 * width / 3199,
    }


PROFILERS: dict[str, Figures] = {
    "keyence_lj_x8060": _lj_x(0.064, 0.0146, 0.016),
    "keyence_lj_x8080": _lj_x(0.073, 0.041, 0.035),
    "keyence_lj_x8200": _lj_x(0.245, 0.068, 0.072),
}
"""Profilers by name."""
