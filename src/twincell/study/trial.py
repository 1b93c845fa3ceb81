"""One blade of a study: cut, seated, scanned, judged; truth only counts what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twincell.errors import GeometryError, StudyError
from twincell.geometry.blade import BladeModel
from twincell.geometry.bodies import Body
from twincell.geometry.catalogue import nominal
from twincell.geometry.flaws import CutBlade, Flaw, cut, wedge
from twincell.geometry.pose import Pose
from twincell.geometry.solids import from_manifold, to_manifold
from twincell.inspection.anomaly import Anomaly
from twincell.inspection.detector import CrackDetector
from twincell.study.design import SURFACES, WITH_CAMERA, Case, Design, apply, cracks_of
from twincell.study.passes import Pass
from twincell.study.scan import camera_of, scan_blade
from twincell.world.load import load_world
from twincell.world.model import World

__all__ = ["NEAR", "FlawRow", "Trial", "try_blade"]

Array = NDArray[np.float64]

NEAR = 0.0006
"""A crack counts as found when the middle of an indication lies within half the crack's length, at
least this, of its path [m]."""


@dataclass(frozen=True)
class FlawRow:
    """What became of one crack.

    Attributes:
        length: [m].
        opening: [m].
        depth: [m].
        side: of the airfoil.
        angle: between the crack and the laser line on the surface, 0 to pi/2 [rad].
        incidence: between view and surface normal, from the view that sees it best [rad].
        span: share of the airfoil's height.
        found: whether the verdict has an indication there.
        measured: its length [m]; 0 where not found.
        streamed: whether it was told while lines were arriving.
    """

    length: float
    opening: float
    depth: float
    side: str
    angle: float
    incidence: float
    span: float
    found: bool
    measured: float
    streamed: bool


@dataclass(frozen=True)
class Trial:
    """One blade judged.

    Attributes:
        case: name of the case.
        blade: number; from `Design.blades` on without a crack.
        flaws: what became of its cracks.
        false: indications of the verdict that mean no crack.
        alarms: of those told while lines were arriving, the ones that mean no crack.
        decision: of the verdict.
    """

    case: str
    blade: int
    flaws: tuple[FlawRow, ...]
    false: int
    alarms: int
    decision: str


def try_blade(design: Design, base: Path, path: Path, case: Case, blade: int) -> Trial:
    """Cut, scan and judge one blade.

    Args:
        design: of the study.
        base: folder of the world file.
        path: the world file.
        case: material and sensor.
        blade: its number.

    Raises:
        TwincellError: what the world, the blade or the sensor cannot be.
    """
    world, model, detector = _bench(path, base, case)
    specimen = _specimen(design, path, base, blade, SURFACES[case.surface].film)
    rng = np.random.default_rng([design.seed, 2, blade])
    seat = Pose.of(rng.normal(0, design.seating, 3), rng.normal(0, design.tilt, 3))
    body = Body(f"blade_{blade}", specimen.mesh, world.part.material, None, True, specimen.finish)
    pictures = 0 if case.sensor in WITH_CAMERA else None
    scan = scan_blade(world, base, model, body, [detector], rng, seat, pictures)
    told, views = scan.told[0], scan.views
    verdict = detector.finish(scan.end)
    meant = match(verdict.anomalies, specimen.flaws)
    early = match(told, specimen.flaws)
    rows = tuple(
        _row(
            flaw,
            model,
            views,
            [verdict.anomalies[i] for i, j in enumerate(meant) if j == number],
            number in early,
        )
        for number, flaw in enumerate(specimen.flaws)
    )
    return Trial(case.name, blade, rows, meant.count(None), early.count(None), verdict.decision)


def match(anomalies: Sequence[Anomaly], flaws: Sequence[Flaw]) -> list[int | None]:
    """Which flaw each anomaly means: the nearest within max(length / 2, `NEAR`)."""
    out: list[int | None] = []
    for anomaly in anomalies:
        far = [float(np.linalg.norm(f.path - anomaly.center, axis=1).min()) for f in flaws]
        near = [(d, j) for j, d in enumerate(far) if d <= max(flaws[j].length / 2, NEAR)]
        out.append(min(near)[1] if near else None)
    return out


def _row(
    flaw: Flaw,
    model: BladeModel,
    views: Sequence[Pass],
    anomalies: Sequence[Anomaly],
    streamed: bool,
) -> FlawRow:
    """A crack with where it lay and what was said of it."""
    found = [a.length for a in anomalies if a.kind == "crack"]
    normal = flaw.normals[len(flaw.path) // 2]
    looks = [view.in_part[0].rotate(np.array([0.0, 0.0, -1.0])) for view in views]
    best = int(np.argmax([look @ normal for look in looks]))
    run = flaw.path[-1] - flaw.path[0]
    along = views[best].in_part[0].rotate(np.array([1.0, 0.0, 0.0]))
    along -= (along @ normal) * normal
    cosine = abs(run @ along) / max(float(np.linalg.norm(run) * np.linalg.norm(along)), 1e-12)
    low, high = model.airfoil
    return FlawRow(
        length=flaw.length,
        opening=flaw.opening,
        depth=flaw.depth,
        side=flaw.side,
        angle=float(np.arccos(min(cosine, 1.0))),
        incidence=float(np.arccos(np.clip(looks[best] @ normal, -1.0, 1.0))),
        span=float((flaw.center[2] - low) / (high - low)),
        found=bool(found),
        measured=max(found, default=0.0),
        streamed=streamed,
    )


@lru_cache(maxsize=8)
def _bench(path: Path, base: Path, case: Case) -> tuple[World, BladeModel, CrackDetector]:
    """What serves all blades of a case, built once a process."""
    world = apply(load_world(path), case)
    model = nominal(world.part, base)
    spec = world.profilers()[world.inspection.profiler]
    camera = camera_of(world) if case.sensor in WITH_CAMERA else None
    return world, model, CrackDetector(model, world.inspection, spec, camera)


@lru_cache(maxsize=4)
def _specimen(design: Design, path: Path, base: Path, blade: int, film: float) -> CutBlade:
    """The blade as the sensor meets it; the flaws are told as they are under the film."""
    model = nominal(load_world(path).part, base)
    cracks = cracks_of(design, blade)
    rng = np.random.default_rng([design.seed, 3, blade])
    try:
        bare = cut(model, cracks, rng, f"blade_{blade}")
    except GeometryError as error:
        raise StudyError(f"blade {blade} of the study: {error}") from None
    return bare if film == 0 else covered(bare, model, film)


def covered(bare: CutBlade, model: BladeModel, film: float) -> CutBlade:
    """The blade under a film that lines the cracks; one narrower than twice the film is closed.

    Opening and depth of a V shrink in proportion.

    Args:
        bare: the blade as it was cut.
        model: the nominal blade.
        film: thickness [m].
    """
    solid = to_manifold(model.mesh, "the blade")
    for flaw in bare.flaws:
        share = 1.0 - 2.0 * film / flaw.opening
        if share > 0:
            left = replace(flaw, opening=share * flaw.opening, depth=share * flaw.depth)
            solid = solid - to_manifold(wedge(left), "the crack's wedge")
    return replace(bare, mesh=from_manifold(solid))
