"""The cell's gate: the order of the blades changes only where the twin finds it surely better.

The test is that of the line (`line_gate.sequential`): looks after 250, 500, 1,000, ... rollouts
under common random numbers, an error that holds for all looks and rivals, early stopping.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twincell.errors import ProductionError
from twincell.production.messages import Alternative, TaskKind
from twincell.production.planning import Ruling
from twincell.production.problem import Problem, Weights
from twincell.twin.durations import Calibration, calibration_of
from twincell.twin.line_gate import F64, sequential
from twincell.twin.rollouts import Rollouts, noise, roll
from twincell.world.model import World

__all__ = ["TwinGate"]

_SHOWN = 250
"""Rollouts of a forecast that no rival asks for."""
_BINS = 30


@dataclass(frozen=True)
class TwinGate:
    """Accepts the best change whose gain is above a margin at a confidence.

    Attributes:
        seed: of the noise; the same decision sees the same draws.
        rollouts: of each plan at most.
        spread: standard deviation of the logarithm of a duration, where none was measured.
        measured: durations of this cell's tasks; their distributions replace `spread`.
        margin: least gain, as a share of the cost of keeping course.
        confidence: for all looks and rivals together.
        budget: time after which no further look is begun and course is kept [s].
        clock: tells that time [s]; without one there is no limit.
    """

    seed: int = 0
    rollouts: int = 10_000
    spread: float = 0.10
    margin: float = 0.02
    confidence: float = 0.95
    measured: Calibration | None = None
    budget: float = math.inf
    clock: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        if self.rollouts < 2 or not 0.5 < self.confidence < 1 or self.spread < 0:
            raise ProductionError(
                f"gate: rollouts {self.rollouts}, confidence {self.confidence}, spread "
                f"{self.spread}; valid: at least 2, in (0.5, 1), at least 0"
            )
        if not self.budget > 0:
            raise ProductionError(f"gate: budget {self.budget} s; valid: above 0")

    @classmethod
    def of(cls, world: World, base: Path, seed: int) -> TwinGate:
        """The gate of a world, with the durations that its file names.

        Args:
            world: the cell.
            base: folder of the world file.
            seed: of the noise.

        Raises:
            AssetError, ProductionError: the named durations cannot be read.
        """
        return cls(seed, measured=calibration_of(world, base))

    @property
    def means(self) -> dict[TaskKind, float] | None:
        """Expected duration of each kind of task [s]; None where none was measured."""
        return None if self.measured is None else self.measured.means

    def judge(
        self, problem: Problem, keep: Sequence[str], changes: Mapping[str, Sequence[str]]
    ) -> Ruling:
        """Which change, if any, is better than `keep` by the margin, in words and numbers.

        Without any change the twin only plays what is to come.
        """
        candidates = [tuple(keep), *(tuple(c) for c in changes.values())]
        played: list[Rollouts] = []

        def sample(first: int, count: int) -> F64:
            rng = np.random.default_rng((self.seed, round(problem.now * 1000), first))
            factors = noise(problem, count, self.measured or self.spread, rng)
            played.append(roll(problem, candidates, factors, Weights()))
            return played[-1].cost

        begun = self.clock() if self.clock else 0.0

        def late() -> bool:
            return self.clock is not None and self.clock() - begun > self.budget

        chosen = None
        if changes:
            names = list(changes)
            ruling = sequential(
                sample, self.margin, self.confidence, self.rollouts, names, late, unit="s"
            )
            chosen = names[ruling.chosen] if ruling.chosen >= 0 else None
            text = f"{ruling.reason}; s of weighted lateness"
        else:
            count = min(_SHOWN, self.rollouts)
            sample(0, count)
            text = f"course kept: no other order is at hand; {count} rollouts tell what is to come"
        names = ["keep course", *changes]
        right = chosen or names[0]
        return Ruling(chosen, text, _told(names, candidates, right, played))


def _told(
    names: Sequence[str],
    candidates: Sequence[tuple[str, ...]],
    chosen: str,
    played: Sequence[Rollouts],
) -> tuple[Alternative, ...]:
    """Means and histograms of all rollouts, over common bins."""
    cost, late, energy, ends = (
        np.concatenate([getattr(p, key) for p in played], axis=1)
        for key in ("cost", "tardiness", "energy", "makespan")
    )
    low, high = float(cost.min()), float(cost.max())
    edges = np.linspace(low, max(high, low + 1e-6), _BINS + 1)
    return tuple(
        Alternative(
            name=name,
            sequence=candidates[i],
            chosen=name == chosen,
            cost=float(cost[i].mean()),
            tardiness=float(late[i].mean()),
            energy=float(energy[i].mean()),
            makespan=float(ends[i].mean()),
            edges=tuple(float(e) for e in edges),
            counts=tuple(int(n) for n in np.histogram(cost[i], edges)[0]),
        )
        for i, name in enumerate(names)
    )
