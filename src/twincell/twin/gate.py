"""The gate: a plan is changed only where the twin finds the change better, by enough and surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from twincell.errors import ProductionError
from twincell.production.planning import Ruling
from twincell.production.problem import Problem, Weights
from twincell.twin.rollouts import noise, roll

__all__ = ["TwinGate"]


@dataclass(frozen=True)
class TwinGate:
    """Accepts a change where the lower bound of its mean gain exceeds a margin.

    The bound is Student's t on paired differences: both plans meet the same noise.

    Attributes:
        seed: of the noise; the same decision sees the same draws.
        rollouts: of each plan.
        spread: standard deviation of the logarithm of a duration.
        margin: least gain, as a share of the cost of keeping course.
        confidence: one-sided, of the bound.
    """

    seed: int = 0
    rollouts: int = 2000
    spread: float = 0.10
    margin: float = 0.02
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if self.rollouts < 2 or not 0.5 <= self.confidence < 1 or self.spread < 0:
            raise ProductionError(
                f"gate: rollouts {self.rollouts}, confidence {self.confidence}, spread "
                f"{self.spread}; valid: at least 2, in [0.5, 1), at least 0"
            )

    def judge(self, problem: Problem, keep: Sequence[str], change: Sequence[str]) -> Ruling:
        """Whether `change` is better than `keep` by the margin, in words and numbers."""
        rng = np.random.default_rng((self.seed, round(problem.now * 1000)))
        factors = noise(problem, self.rollouts, self.spread, rng)
        played = roll(problem, [keep, change], factors, Weights())
        gain = played.cost[0] - played.cost[1]
        mean = float(gain.mean())
        error = float(gain.std(ddof=1)) / np.sqrt(len(gain))
        low = mean - float(stdtrit(len(gain) - 1, self.confidence)) * error
        needed = self.margin * abs(float(played.cost[0].mean()))
        accepted = bool(low > needed)
        late = played.tardiness.mean(axis=1)
        better = float(np.mean(gain > 0))
        verdict = "change accepted" if accepted else "course kept"
        text = (
            f"{verdict}: over {self.rollouts} rollouts the change gains {mean:.1f} s of weighted "
            f"lateness (at least {low:.1f} s at {self.confidence:.0%}; {needed:.1f} s are asked "
            f"for) and is better in {better:.0%}; mean tardiness {late[1]:.1f} s against "
            f"{late[0]:.1f} s"
        )
        return Ruling(accepted, text)
