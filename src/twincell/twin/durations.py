"""How long tasks take and how much that varies: fitted, checked, kept in a file, drawn from.

A sample is fitted by a lognormal and by a normal distribution. The check of fit is the
Anderson-Darling statistic; as the parameters come from the same sample its tables do not hold, so
the p-value comes from a parametric bootstrap (Stute, Manteiga, Quindimil, Metrika 40, 1993;
`scipy.stats.goodness_of_fit`). Where neither is tenable the sample itself is drawn from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import ndtr

from twincell.assets import resolve
from twincell.errors import ProductionError, did_you_mean
from twincell.production.messages import TaskKind
from twincell.production.problem import KINDS
from twincell.world.model import World

__all__ = ["ALPHA", "LEAST", "Calibration", "Measured"]
__all__ += ["calibration_of", "measured", "read_calibration"]

F64 = NDArray[np.float64]

ALPHA = 0.05
"""A fit with a p-value below this is not used."""
LEAST = 12
"""So many durations are needed of each kind of task."""
FAMILIES = ("lognormal", "normal", "sample")
_BOOTSTRAP = 999


@dataclass(frozen=True)
class Measured:
    """Durations of one kind of work.

    Attributes:
        values: as measured, rising [s], shape (n,).
        fits: p-value of each family that was tried.
        family: what is drawn from: the better fit, or `sample` where neither is tenable.
    """

    values: tuple[float, ...]
    fits: Mapping[str, float]
    family: str

    @property
    def mean(self) -> float:
        """Of the sample [s]."""
        return float(np.mean(self.values))

    @property
    def deviation(self) -> float:
        """Standard deviation of the sample [s]."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else 0.0

    def factors(self, z: F64) -> F64:
        """Durations over their mean for standard normal draws, same shape; their mean is 1."""
        if self.family == "sample":
            at = (np.arange(len(self.values)) + 0.5) / len(self.values)
            return np.asarray(np.interp(ndtr(z), at, self.values) / self.mean)
        if self.family == "normal":
            return np.maximum(1.0 + self.deviation / self.mean * z, 0.0)
        spread = float(np.std(np.log(self.values), ddof=1))
        return np.asarray(np.exp(spread * z - spread**2 / 2))


def measured(values: Sequence[float], seed: int = 0) -> Measured:
    """Fit a sample and check the fits.

    Args:
        values: durations [s], in any order.
        seed: of the bootstrap.

    Raises:
        ProductionError: fewer than two values, or one that is not above zero.
    """
    kept = np.sort(np.asarray(values, float))
    if len(kept) < 2 or not np.isfinite(kept).all() or kept[0] <= 0:
        raise ProductionError(
            f"durations {', '.join(f'{v:g}' for v in kept[:5]) or '(none)'}; valid: two or more "
            "above 0 s"
        )
    fits = {"lognormal": _p(np.log(kept), seed), "normal": _p(kept, seed)}
    best = max(fits, key=lambda name: fits[name])
    return Measured(tuple(kept.tolist()), fits, best if fits[best] >= ALPHA else "sample")


def _p(values: F64, seed: int) -> float:
    """How often a normal sample of this size lies farther from its own fit."""
    if np.ptp(values) < 1e-9:
        return 0.0
    found = stats.goodness_of_fit(
        stats.norm, values, statistic="ad", n_mc_samples=_BOOTSTRAP,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    return float(found.pvalue)


@dataclass(frozen=True)
class Calibration:
    """What the physics cell took.

    Attributes:
        world: name of the world that was measured.
        seeds: of the shifts.
        tasks: of the three kinds of task, undisturbed ones only.
        steps: of their steps, by `<kind>/<step>`; for people to read.
    """

    world: str
    seeds: tuple[int, ...]
    tasks: Mapping[TaskKind, Measured]
    steps: Mapping[str, Measured]

    @property
    def means(self) -> dict[TaskKind, float]:
        """Expected duration of each kind of task [s]."""
        return {kind: task.mean for kind, task in self.tasks.items()}

    def factors(self, z: F64) -> F64:
        """Durations over their means for standard normal draws, shape (..., 3)."""
        return np.stack([self.tasks[k].factors(z[..., i]) for i, k in enumerate(KINDS)], axis=-1)

    def text(self) -> str:
        """As JSON, for `read_calibration`."""
        told = {
            "world": self.world,
            "seeds": list(self.seeds),
            "tasks": {k: _told(m) for k, m in self.tasks.items()},
            "steps": {k: _told(m) for k, m in self.steps.items()},
        }
        return json.dumps(told, indent=1) + "\n"


def _told(found: Measured) -> dict[str, Any]:
    return {
        "family": found.family,
        "count": len(found.values),
        "mean": round(found.mean, 4),
        "deviation": round(found.deviation, 4),
        "fits": {name: round(p, 4) for name, p in found.fits.items()},
        "values": [round(v, 4) for v in found.values],
    }


def read_calibration(path: Path) -> Calibration:
    """Read what `twincell calibrate` wrote.

    Means and deviations are those of the values in the file.

    Raises:
        ProductionError: file, key, given and valid.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ProductionError(f"{path}: {reason}; valid: a file of `twincell calibrate`") from None
    if not isinstance(data, dict):
        raise ProductionError(f"{path}: given {type(data).__name__}; valid: an object")
    tasks = _group(path, data, "tasks")
    for kind in KINDS:
        if kind not in tasks:
            raise ProductionError(f"{path}: tasks.{kind}: missing; valid: measured durations")
    for name in tasks:
        if name not in KINDS:
            raise ProductionError(f"{path}: tasks.{name}: {did_you_mean(name, KINDS)}")
    steps = _group(path, data, "steps") if "steps" in data else {}
    seeds = data.get("seeds", [])
    if not isinstance(seeds, list) or not all(isinstance(s, int) for s in seeds):
        raise ProductionError(f"{path}: seeds: given {seeds!r}; valid: a list of numbers")
    named: dict[TaskKind, Measured] = {kind: tasks[kind] for kind in KINDS}
    return Calibration(str(data.get("world", "")), tuple(seeds), named, steps)


def calibration_of(world: World, base: Path) -> Calibration | None:
    """The calibration that a world names; None where it names none.

    Args:
        world: the cell.
        base: folder of the world file.

    Raises:
        AssetError: no such file.
        ProductionError: the file is wrong.
    """
    name = world.production.durations
    return None if name is None else read_calibration(resolve(name, base))


def _group(path: Path, data: dict[str, Any], key: str) -> dict[str, Measured]:
    given = data.get(key)
    if not isinstance(given, dict):
        shown = "nothing" if given is None else type(given).__name__
        raise ProductionError(f"{path}: {key}: given {shown}; valid: an object by name")
    return {name: _one(path, f"{key}.{name}", entry) for name, entry in given.items()}


def _one(path: Path, key: str, entry: Any) -> Measured:
    if not isinstance(entry, dict):
        raise ProductionError(f"{path}: {key}: given {entry!r}; valid: an object")
    family, values, fits = (entry.get(k) for k in ("family", "values", "fits"))
    if family not in FAMILIES:
        hint = did_you_mean(str(family), FAMILIES)
        raise ProductionError(f"{path}: {key}.family: given {family!r}; {hint}")
    if (
        not isinstance(values, list)
        or len(values) < 2
        or not all(_positive(v) for v in values)
        or values != sorted(values)
    ):
        raise ProductionError(
            f"{path}: {key}.values: valid: two or more durations above 0 s, rising"
        )
    if not isinstance(fits, dict) or not all(_share(p) for p in fits.values()):
        raise ProductionError(f"{path}: {key}.fits: given {fits!r}; valid: p-values in [0, 1]")
    return Measured(tuple(map(float, values)), {k: float(p) for k, p in fits.items()}, family)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _positive(value: Any) -> bool:
    return _number(value) and 0 < value < float("inf")


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1
