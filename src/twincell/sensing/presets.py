"""LiDARs with the figures of published data sheets.

What a data sheet does not say keeps the default of the world type. A preset carries no place;
`lidar_preset` mounts it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from twincell.errors import SensorError, did_you_mean
from twincell.world.sensors import Lidar, LidarEffects, Mount

__all__ = ["LIDARS", "lidar_preset"]

LIDARS: dict[str, dict[str, Any]] = {
    # Ouster, "OS1 High Resolution Imaging LIDAR" data sheet: 16 beams over 33.2 deg, 1024 columns,
    # 10 Hz, 850 nm, 0.8 to 40 m on 10 %, 0.13 deg, steps of 1.2 cm, 3 cm (1 sigma) at SNR 100
    "ouster_os1_16": {
        "rings": 16,
        "columns": 1024,
        "rate": 10.0,
        "elevation": (-np.radians(16.6), np.radians(16.6)),
        "reach": (0.8, 40.0),
        "noise": 0.03,
        "wavelength": 850.0,
        "beam": float(np.radians(0.13)),
        "resolution": 0.012,
    },
}
"""Figures by name."""
LIDARS["ouster_os1_64"] = {**LIDARS["ouster_os1_16"], "rings": 64}
LIDARS["ouster_os1_128"] = {  # the same data sheet: 45 deg, 0.18 deg
    **LIDARS["ouster_os1_16"],
    "rings": 128,
    "elevation": (-np.radians(22.5), np.radians(22.5)),
    "beam": float(np.radians(0.18)),
}

LIDARS["livox_hap"] = {
    # "Livox HAP User Manual" (2022), table 1.2.1: 120 x 25 deg, 452,000 points/s at 10 Hz, 905 nm,
    # 0.5 to 150 m on 10 %, 2 cm (1 sigma) at 20 m on 80 %, 0.03 x 0.28 deg (here their geometric
    # mean). The raster's rows and columns are ours: the device's own pattern does not repeat.
    # Noise at an SNR of 100 such that 20 m on 80 % gives the 2 cm.
    "pattern": "raster",
    "rings": 100,
    "columns": 452,
    "rate": 10.0,
    "elevation": (-np.radians(12.5), np.radians(12.5)),
    "azimuth": (-np.radians(60.0), np.radians(60.0)),
    "reach": (0.5, 150.0),
    "noise": 0.04,
    "wavelength": 905.0,
    "beam": float(np.radians(0.092)),
}


def lidar_preset(name: str, mount: Mount, *, effects: bool = True) -> Lidar:
    """A LiDAR of a data sheet.

    Args:
        name: key of `LIDARS`.
        mount: where it sits.
        effects: whether all imperfections of a single LiDAR are on.

    Raises:
        SensorError: there is no such preset; the message lists them.
    """
    if name not in LIDARS:
        raise SensorError(f"no LiDAR preset '{name}'; {did_you_mean(name, LIDARS)}")
    on = LidarEffects(
        range_noise=effects, divergence=effects, dropout=effects, quantisation=effects
    )
    return Lidar(kind="lidar", mount=mount, effects=on, **LIDARS[name])
