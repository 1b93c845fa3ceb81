"""Sensors with the figures of published data sheets (`world.devices`), mounted."""

from __future__ import annotations

from typing import Any

from twincell.errors import SensorError, did_you_mean
from twincell.world.devices import LIDARS, PROFILERS
from twincell.world.sensors import Lidar, LidarEffects, Mount, Profiler, ProfilerEffects

__all__ = ["LIDARS", "PROFILERS", "lidar_preset", "profiler_preset"]


def lidar_preset(name: str, mount: Mount, *, effects: bool = True) -> Lidar:
    """A LiDAR of a data sheet.

    Args:
        name: key of `LIDARS`.
        mount: where it sits.
        effects: whether all imperfections of a single, unmoving LiDAR are on.

    Raises:
        SensorError: there is no such preset; the message lists them.
    """
    _check(name, LIDARS, "LiDAR")
    on = LidarEffects(
        range_noise=effects, divergence=effects, dropout=effects, quantisation=effects
    )
    return Lidar(kind="lidar", mount=mount, effects=on, **LIDARS[name])


def profiler_preset(name: str, mount: Mount, *, effects: bool = True) -> Profiler:
    """A profiler of a data sheet.

    Args:
        name: key of `PROFILERS`.
        mount: where it sits.
        effects: whether all imperfections are on.

    Raises:
        SensorError: there is no such preset; the message lists them.
    """
    _check(name, PROFILERS, "profiler")
    on = ProfilerEffects(blur=effects, speckle=effects, polish=effects)
    return Profiler(kind="profiler", mount=mount, effects=on, **PROFILERS[name])


def _check(name: str, devices: dict[str, dict[str, Any]], kind: str) -> None:
    if name not in devices:
        raise SensorError(f"no {kind} preset '{name}'; {did_you_mean(name, devices)}")
