"""A blade scanned and photographed as the cell does it, for one detector or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twincell.geometry.blade import BladeModel
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly
from twincell.inspection.detector import CrackDetector
from twincell.inspection.spectral import SpectralIndication
from twincell.sensing.multispectral import image
from twincell.sensing.profiler import lines
from twincell.sensing.scene import Scene
from twincell.study.passes import Pass, camera_mount, passes
from twincell.world.model import World
from twincell.world.sensors import Multispectral

__all__ = ["Scanned", "camera_of", "scan_blade"]

OVERLAP = 0.5
"""Share of what an image shows along the span that the next one shows too."""
_BATCH = 50
"""Lines a push."""


@dataclass(frozen=True)
class Scanned:
    """What a scan gave beyond what the detectors keep.

    Attributes:
        views: the passes.
        told: anomalies that each detector told while lines were arriving.
        seen: dark lines of all images.
        end: time after the last line [s].
    """

    views: tuple[Pass, ...]
    told: tuple[tuple[Anomaly, ...], ...]
    seen: tuple[SpectralIndication, ...]
    end: float


def camera_of(world: World) -> Multispectral | None:
    """The world's first multispectral camera."""
    return next((s for s in world.sensors.values() if s.kind == "multispectral"), None)


def scan_blade(
    world: World,
    base: Path,
    model: BladeModel,
    body: Body,
    detectors: Sequence[CrackDetector],
    rng: np.random.Generator,
    seat: Pose | None = None,
    pictures: int | None = None,
) -> Scanned:
    """Pass over all views.

    Args:
        world: its profiler, camera, fixture and views.
        base: folder of the world file.
        model: the CAD.
        body: the blade, named `part`.
        detectors: that take the lines.
        rng: of noise and of where the first line lies.
        seat: how the part really lies in the clamp.
        pictures: which of the detectors takes images too; none are taken without it.
    """
    spec = world.profilers()[world.inspection.profiler]
    camera = None if pictures is None else camera_of(world)
    mount = Pose.identity() if camera is None else camera_mount(world, base)
    scene = Scene([body])
    views = passes(world, model, float(rng.random()))
    told: list[list[Anomaly]] = [[] for _ in detectors]
    seen: list[SpectralIndication] = []
    now = 0.0
    for detector in detectors:
        detector.start(body.name, now)
    for view in views:
        placement = scene.place({body.name: view.part @ (seat or Pose.identity())})
        n = len(view.sensors)
        where = np.empty(0, int)
        if camera is not None:
            shown = camera.height / camera.width * 2 * np.tan(camera.field_of_view / 2)
            run = n * world.inspection.speed / spec.rate
            images = max(int(np.ceil(run / (shown * spec.standoff * OVERLAP))), 2)
            where = np.linspace(0, n - 1, images + 2).astype(int)[1:-1]
        for first in range(0, n, _BATCH):
            some = slice(first, first + _BATCH)
            stamps = now + np.arange(1, len(view.sensors[some]) + 1) / spec.rate
            now = float(stamps[-1])
            profiles = lines(scene, spec, view.sensors[some], placement, stamps, rng)
            for detector, early in zip(detectors, told, strict=True):
                early += detector.push(profiles, view.in_part[some], now)
            for i in where[(where >= first) & (where < first + _BATCH)]:
                if camera is not None and pictures is not None:
                    taken = image(scene, camera, view.sensors[i] @ mount, placement, now, rng)
                    seen += detectors[pictures].look(taken, view.in_part[i] @ mount)
    return Scanned(views, tuple(tuple(e) for e in told), tuple(seen), now)
