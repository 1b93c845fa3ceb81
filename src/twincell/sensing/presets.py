"""LiDARs and profilers with the figures of published data sheets.

What a data sheet does not say keeps the default of the world type. A preset carries no place;
`lidar_preset` and `profiler_preset` mount it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from twincell.errors import SensorError, did_you_mean
from twincell.world.sensors import Lidar, LidarEffects, Mount, Profiler, ProfilerEffects

__all__ = ["LIDARS", "PROFILERS", "lidar_preset", "profiler_preset"]

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

PROFILERS: dict[str, dict[str, Any]] = {}
"""Figures by name."""


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


def profiler_preset(name: str, mount: Mount, *, effects: bool = True) -> Profiler:
    """A profiler of a data sheet; arguments and errors as `lidar_preset`."""
    if name not in PROFILERS:
        raise SensorError(f"no profiler preset '{name}'; {did_you_mean(name, PROFILERS)}")
    on = ProfilerEffects(blur=effects, speckle=effects, polish=effects)
    return Profiler(kind="profiler", mount=mount, effects=on, **PROFILERS[name])
