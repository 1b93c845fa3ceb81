"""The gate of a line: a plan changes only where rollouts show a gain, by a margin and surely.

Paired differences under common random numbers are looked at after 250, 500, 1,000, ... rollouts.
The error that may be made is spent over these looks by a spending function of O'Brien and Fleming's
kind (Lan and DeMets, Biometrika 70, 1983) and divided by the number of rivals (Bonferroni). Each
look spends its increment by itself, which holds for any dependence between looks. Differences of a
few hundred rollouts have a mean that is near to normal; each bound is Student's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from twincell.errors import ProductionError
from twincell.production.line import Line, LinePlan, LineState
from twincell.twin.line_rollouts import roll_line

__all__ = ["LineGate", "LineRuling", "sequential"]

F64 = NDArray[np.float64]
_FIRST = 250


@dataclass(frozen=True)
class LineRuling:
    """What the gate decided.

    Attributes:
        chosen: index of the accepted rival, -1 to keep course.
        rollouts: that were played of each plan.
        gain: mean of what each rival saves, shape (rivals,) [EUR].
        low: its lower bound at the last look, same shape [EUR].
        needed: gain that is asked for [EUR].
        reason: in words and numbers.
    """

    chosen: int
    rollouts: int
    gain: F64
    low: F64
    needed: float
    reason: str


def _spent(share: float, alpha: float) -> float:
    """Error spent when `share` of all rollouts is there: 2 - 2 Phi(z(1 - alpha/2) / sqrt(t))."""
    return float(2 - 2 * ndtr(ndtri(1 - alpha / 2) / np.sqrt(share)))


def sequential(
    sample: Callable[[int, int], F64],
    margin: float,
    confidence: float,
    most: int,
    names: Sequence[str],
    enough: Callable[[], bool] = lambda: False,
    unit: str = "EUR",
) -> LineRuling:
    """Test rivals against keeping course, and stop as soon as that is decided.

    Args:
        sample: from first rollout and count to costs, shape (1 + rivals, count) [EUR]; the first
            row is keeping course.
        margin: least gain, as a share of the mean cost of keeping course, in amount.
        confidence: that no accepted rival is worse than that.
        most: rollouts.
        names: of the rivals.
        enough: whether the time is over; then course is kept.
        unit: of the costs, for the words.

    Raises:
        ProductionError: an argument out of range.
    """
    if not 0.5 < confidence < 1 or most < 2 or margin < 0 or not names:
        raise ProductionError(
            f"gate: confidence {confidence}, rollouts {most}, margin {margin}, {len(names)} "
            "rivals; valid: in (0.5, 1), >= 2, >= 0, >= 1"
        )
    alpha = (1 - confidence) / len(names)
    done, before, why = 0, 0.0, ""
    costs = np.empty((1 + len(names), 0))
    gain = low = np.zeros(len(names))
    needed = 0.0
    while done < most:
        now = min(most, max(_FIRST, 2 * done))
        costs = np.concatenate([costs, sample(done, now - done)], axis=1)
        done = now
        # the margin is a share of what keeping course costs: part of each difference
        excess = costs[0] - margin * np.abs(costs[0]) - costs[1:]
        spent = _spent(done / most, alpha)
        # below it a bound is infinite for all that Student's t can tell
        level = max(spent - before, 1e-12)
        before = spent
        error = excess.std(axis=1, ddof=1) / np.sqrt(done)
        reach = float(-stdtrit(done - 1, level)) * error
        needed = margin * float(np.abs(costs[0]).mean())
        gain = (costs[0] - costs[1:]).mean(axis=1)
        low = gain - reach
        sure = excess.mean(axis=1) - reach > 0
        best = int(np.argmax(np.where(sure, gain, -np.inf)))
        if sure[best]:
            text = (
                f"change to '{names[best]}' accepted: over {done} rollouts it saves "
                f"{gain[best]:.1f} {unit}, at least {low[best]:.1f} {unit} at {confidence:.0%} for "
                f"all looks and rivals ({needed:.1f} {unit} are asked for), and is better in "
                f"{np.mean(costs[0] > costs[1 + best]):.0%}"
            )
            return LineRuling(best, done, gain, low, needed, text)
        if (excess.mean(axis=1) + reach < 0).all():
            why = "no rival can reach it"
            break
        if done < most and enough():
            why = "the time is over"
            break
    best = int(np.argmax(gain))
    text = (
        f"course kept: over {done} rollouts the best rival '{names[best]}' saves {gain[best]:.1f} "
        f"{unit}, at least {low[best]:.1f} {unit} at {confidence:.0%}; {needed:.1f} {unit} are "
        f"asked for"
        f" ({why or 'all rollouts are played'})"
    )
    return LineRuling(-1, done, gain, low, needed, text)


@dataclass(frozen=True)
class LineGate:
    """Rollouts of a line behind the sequential test.

    Attributes:
        seed: of the shifts.
        rollouts: of each plan at most.
        margin: see `sequential`.
        confidence: see `sequential`.
    """

    seed: int = 0
    rollouts: int = 10_000
    margin: float = 0.02
    confidence: float = 0.95

    def judge(
        self,
        line: Line,
        state: LineState,
        keep: LinePlan,
        rivals: Sequence[LinePlan],
        enough: Callable[[], bool] = lambda: False,
    ) -> LineRuling:
        """Which plan to go on with, and why; the same decision sees the same shifts."""
        plans = [keep, *rivals]
        seed = self.seed * 1_000_003 + round(state.now)

        def sample(first: int, count: int) -> F64:
            return roll_line(line, state, plans, seed, count, first).cost

        names = [p.name for p in rivals]
        return sequential(sample, self.margin, self.confidence, self.rollouts, names, enough)
