"""What each sensor finds alone and what both find together, on blades that try to deceive them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from twincell.errors import StudyError
from twincell.geometry.bodies import Body
from twincell.geometry.catalogue import blade_of, nominal
from twincell.geometry.flaws import CutBlade
from twincell.inspection.anomaly import Anomaly
from twincell.inspection.detector import CrackDetector
from twincell.inspection.fusion import fuse
from twincell.study.scan import camera_of, scan_blade
from twincell.study.trial import match
from twincell.world.blades import Blade, Crack
from twincell.world.finishes import Finish, MachiningMarks, OilFilm, Stain
from twincell.world.model import World

__all__ = ["CHANNELS", "CONFOUNDERS", "Tally", "try_channels"]

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
    camera, spec = camera_of(world), world.profilers()[world.inspection.profiler]
    if camera is None:
        raise StudyError(f"{world.name}: no multispectral camera; valid: a world with one")
    model = nominal(world.part, base)
    name = f"blade_{number}"
    part = replace(world.part, finish=())
    entry = Blade(cracks=tuple(cracks), finish=CONFOUNDERS[finish])
    blade = blade_of(part, name, entry, seed, base)
    body = Body(name, blade.mesh, world.part.material, None, True, blade.finish)
    alone = CrackDetector(model, world.inspection, spec)
    both = CrackDetector(model, world.inspection, spec, camera)
    rng = np.random.default_rng([seed, number])
    scan = scan_blade(world, base, model, body, [alone, both], rng, pictures=1)
    now, seen = scan.end, scan.seen
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
