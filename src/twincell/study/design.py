"""What a POD study varies: sizes and places of cracks, blades, materials, sensors."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from twincell.errors import StudyError, did_you_mean
from twincell.sensing.materials import MATERIALS
from twincell.world.blades import Crack
from twincell.world.model import World
from twincell.world.sensors import Profiler

__all__ = ["SENSORS", "SURFACES", "WITH_CAMERA", "Case", "Design", "Surface", "apply", "cracks_of"]

SENSORS = {
    "world": "as the world has it",
    "imperfect": "with lateral blur and speckle",
    "camera": "as imperfect, and the camera's images",
    "dense": "with twice the lines",
    "sparse": "with half the lines",
}
"""Variants of the world's profiler."""
WITH_CAMERA = ("camera",)
"""Those in which the camera takes images too."""


@dataclass(frozen=True)
class Surface:
    """What light meets before or in place of bare, matt metal.

    Attributes:
        about: in words.
        gloss: share of the light that is mirrored in a lobe; 0 for a matt surface.
        roughness: RMS slope of the facets.
        film: thickness of what lies on the metal and on a crack's walls; it narrows the opening
            by twice that, and closes a crack that is narrower [m].
        reflectance: material whose reflectance the film has; the part's own without one.
    """

    about: str
    gloss: float = 0.0
    roughness: float = 0.25
    film: float = 0.0
    reflectance: str | None = None


SURFACES = {
    "matt": Surface("blasted or etched metal"),
    "ground": Surface("ground or milled metal", gloss=0.5, roughness=0.30),
    "polished": Surface("polished metal", gloss=0.9, roughness=0.12),
    "thin_coat": Surface("a coat of 8 micrometres", film=8e-6, reflectance="painted_steel"),
    "thick_coat": Surface("a coat of 20 micrometres", film=2e-5, reflectance="painted_steel"),
    "oily": Surface("an oil film of 5 micrometres", gloss=0.8, roughness=0.15, film=5e-6),
}
"""Surfaces of the part: figures of judgement, to show in which order they matter."""


@dataclass(frozen=True)
class Case:
    """One curve of a study.

    Attributes:
        material: of the part.
        surface: a key of `SURFACES`.
        sensor: a key of `SENSORS`.
    """

    material: str
    surface: str
    sensor: str

    @classmethod
    def of(cls, text: str) -> Case:
        """From `material/surface/sensor`.

        Raises:
            StudyError: not three words, or an unknown one.
        """
        words = text.split("/")
        if len(words) != 3:
            raise StudyError(f"case '{text}'; valid: MATERIAL/SURFACE/SENSOR")
        for kind, given, known in (
            ("material", words[0], tuple(MATERIALS)),
            ("surface", words[1], tuple(SURFACES)),
            ("sensor", words[2], tuple(SENSORS)),
        ):
            if given not in known:
                raise StudyError(f"{kind} '{given}' is unknown; {did_you_mean(given, known)}")
        return cls(*words)

    @property
    def name(self) -> str:
        """As tables and files name it."""
        return f"{self.material}/{self.surface}/{self.sensor}"


@dataclass(frozen=True)
class Design:
    """A study; two studies of one design give the same rows.

    Attributes:
        world: name of the world.
        seed: root of all chance.
        flaws: cracks a case.
        per_blade: of them on one blade.
        free: blades without a crack, a case.
        lengths: shortest and longest crack, drawn evenly in the logarithm [m].
        opening: width at the surface [m].
        aspect: depth over length.
        deepest: largest depth [m].
        span: share of the airfoil's height in which cracks lie.
        chord: share of its chord.
        seating: standard deviation of the part's place in the clamp along each axis [m].
        tilt: of its direction about each axis [rad].
        cases: materials and sensors.
    """

    world: str
    seed: int
    cases: tuple[Case, ...]
    flaws: int = 400
    per_blade: int = 4
    free: int = 300
    lengths: tuple[float, float] = (0.0002, 0.003)
    opening: float = 5e-5
    aspect: float = 0.5
    deepest: float = 0.001
    span: tuple[float, float] = (0.1, 0.9)
    chord: tuple[float, float] = (0.1, 0.9)
    seating: float = 2e-5
    tilt: float = 3e-4

    def __post_init__(self) -> None:
        checks = {
            "flaws": (self.flaws, self.flaws >= 1, "at least 1"),
            "per_blade": (self.per_blade, 1 <= self.per_blade <= 12, "1 to 12"),
            "free": (self.free, self.free >= 0, "at least 0"),
            "lengths": (
                self.lengths,
                0 < self.lengths[0] < self.lengths[1] <= 0.03,
                "shortest above 0, below the longest, at most 30 mm",
            ),
            "opening": (self.opening, 1e-6 <= self.opening <= 1e-3, "1 um to 1 mm"),
            "cases": (self.cases, len(set(self.cases)) == len(self.cases) > 0, "each once"),
        }
        for key, (given, right, valid) in checks.items():
            if not right:
                raise StudyError(f"{key}: given: {given}; valid: {valid}")

    @property
    def blades(self) -> int:
        """With cracks, a case."""
        return -(-self.flaws // self.per_blade)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        data: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return data

    def key(self) -> str:
        """Tells designs apart."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()[:16]


def apply(world: World, case: Case) -> World:
    """The world with a case's material, surface and profiler."""
    name = world.inspection.profiler
    spec = _variant(world.profilers()[name], case.sensor)
    surface = SURFACES[case.surface]
    if surface.gloss:
        spec = dataclasses.replace(
            spec,
            gloss=surface.gloss,
            roughness=surface.roughness,
            effects=dataclasses.replace(spec.effects, polish=True),
        )
    part = dataclasses.replace(world.part, material=surface.reflectance or case.material)
    return dataclasses.replace(world, part=part, sensors={**world.sensors, name: spec})


def _variant(spec: Profiler, sensor: str) -> Profiler:
    """A variant of the world's profiler."""
    if sensor in ("imperfect", *WITH_CAMERA):
        effects = dataclasses.replace(spec.effects, blur=True, speckle=True)
        return dataclasses.replace(spec, effects=effects)
    factor = {"dense": 2.0, "sparse": 0.5}.get(sensor, 1.0)
    return dataclasses.replace(spec, rate=factor * spec.rate)


def cracks_of(design: Design, blade: int) -> tuple[Crack, ...]:
    """The cracks of a blade by number; the same for every case, so that cases compare in pairs.

    Without the film, which the case adds (see `Surface`).
    """
    rng = np.random.default_rng([design.seed, 1, blade])
    number = min(design.per_blade, design.flaws - blade * design.per_blade)
    low, high = np.log(design.lengths)
    out = []
    for _ in range(max(number, 0)):
        length = float(np.exp(rng.uniform(low, high)))
        depth = min(design.aspect * length, design.deepest)
        out.append(
            Crack(
                length=(length, length),
                opening=(design.opening, design.opening),
                depth=(depth, depth),
                span=design.span,
                chord=design.chord,
            )
        )
    return tuple(out)
