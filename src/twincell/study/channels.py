"""What each sensor finds alone and what both find together, on blades that try to deceive them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twincell.errors import StudyError
from twincell.geometry.bodies import Body
from twincell.geometry.catalogue import blade_of, nominal
from twincell.geometry.flaws import CutBlade
from twincell.inspection.anomaly import Anomaly
from twincell.inspection.detector import CrackDetector
from twincell.inspection.fusion import fuse
from twincell.inspection.spectral import SpectralIndication
from twincell.sensing.multispectral import image
from twincell.sensing.profiler import lines
from twincell.sensing.scene import Scene
from twincell.study.passes import camera_mount, passes
from twincell.study.trial import match
from twincell.world.blades import Blade, Crack
from twincell.world.finishes import Finish, MachiningMarks, OilFilm, Stain
from twincell.world.model import World

__all__ = ["CHANNELS", "CONFOUNDERS", "Tally", "try_channels"]

F64 = NDArray[np.float64]

CHANNELS = ("profiler", "camera", "both")

CONFOUNDERS: dict[str, tuple[Finish, ...]] = {
    "bare": (),
    "stained": (
        Stain(kind="stain"),
        Stain(kind="stain", length=(0.004, 0.008), width=(1e-4, 3e-4)),
        Stain(kind="stain", length=(0.002, 0.005), width=(1e-4, 3e-4)),
    ),
    "oily": (OilFilm(kind="oil_film"), OilFilm(kind="oil_film", size=(0.004, 0.01))),
    "machined": (MachiningMarks(kind="machining_marks"),),
    "all": (
        Stain(kind="stain"),
        Stain(kind="stain", length=(0.003, 0.008), width=(1e-4, 3e-4)),
        OilFilm(kind="oil_film"),
        MachiningMarks(kind="machining_marks"),
    ),
}
"""Finishes by name."""
OVERLAP = 0.5
"""Images overlap by this share of what one shows along the span."""
_BATCH = 50


@dataclass(frozen=True)
class Tally:
    """Cracks and calls of one channel on one blade.

    Attributes:
        found: cracks with a call.
        missed: cracks without.
        false: calls that mean no crack.
    """

    found: int
    missed: int
    false: int

    @classmethod
    def of(cls, calls: Sequence[Anomaly], blade: CutBlade) -> Tally:
        """Calls against the truth."""
        meant = match(calls, blade.flaws)
        found = len({j for j in meant if j is not None})
        return cls(found, len(blade.flaws) - found, meant.count(None))


def try_channels(
    world: World, base: Path, seed: int, number: int, finish: str, cracks: Sequence[Crack]
) -> dict[str, Tally]:
    """One blade, scanned and photographed as the cell does, judged three times.

    Args:
        world: the cell.
        base: folder of the world file.
        seed: root of all chance.
        number: of the blade.
        finish: a key of `CONFOUNDERS`.
        cracks: to cut.

    Returns:
        By channel. A channel's calls are what it takes for a crack: the profiler its anomalies, the
        camera its lines that `classify` without the profiler calls cracks, both what they agree on.
    """
    cameras = [s for s in world.sensors.values() if s.kind == "multispectral"]
    if not cameras:
        raise StudyError(f"{world.name}: no multispectral camera; valid: a world with one")
    camera, spec = cameras[0], world.profilers()[world.inspection.profiler]
    model = nominal(world.part, base)
    name = f"blade_{number}"
    blade = blade_of(
        replace(world.part, finish=()),
        name,
        Blade(cracks=tuple(cracks), finish=CONFOUNDERS[finish]),
        seed,
        base,
    )
    body = Body("part", blade.mesh, world.part.material, None, True, blade.finish)
    scene = Scene([body])
    rng = np.random.default_rng([seed, number])
    mount = camera_mount(world, base)
    alone = CrackDetector(model, world.inspection, spec)
    both = CrackDetector(model, world.inspection, spec, camera)
    shown = camera.height / camera.width * 2 * np.tan(camera.field_of_view / 2) * spec.standoff
    seen: list[SpectralIndication] = []
    now = 0.0
    for detector in (alone, both):
        detector.start(name, now)
    for view in passes(world, model, float(rng.random())):
        placement = scene.place({"part": view.part})
        n = len(view.sensors)
        images = max(int(np.ceil(n * world.inspection.speed / spec.rate / (shown * OVERLAP))), 2)
        where = np.linspace(0, n - 1, images + 2).astype(int)[1:-1]
        for first in range(0, n, _BATCH):
            some = slice(first, first + _BATCH)
            stamps = now + np.arange(1, len(view.sensors[some]) + 1) / spec.rate
            now = float(stamps[-1])
            profiles = lines(scene, spec, view.sensors[some], placement, stamps, rng)
            for detector in (alone, both):
                detector.push(profiles, view.in_part[some], now)
            for i in where[(where >= first) & (where < first + _BATCH)]:
                taken = image(scene, camera, view.sensors[i] @ mount, placement, now, rng)
                seen += both.look(taken, view.in_part[i] @ mount)
    sight = [f.anomaly for f in fuse(name, [], seen, world.inspection.criteria, now)]
    calls = {
        "profiler": alone.finish(now).anomalies,
        "camera": [a for a in sight if a.kind == "crack"],
        "both": both.finish(now).anomalies,
    }
    report = world.inspection.criteria.report
    return {
        channel: Tally.of([a for a in found if a.kind == "crack" and a.length >= report], blade)
        for channel, found in calls.items()
    }
