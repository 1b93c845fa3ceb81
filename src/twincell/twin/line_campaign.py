"""Scenarios in closed loop: the truth is played to the next event, then the policy answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numba import set_num_threads
from numpy.typing import NDArray

from twincell.production.line import Line, LinePlan, LineState
from twincell.production.line_shift import SHIFT
from twincell.production.tariff import Tariff
from twincell.twin.line_policies import EVERY, POLICIES, Policy, with_new_jobs
from twincell.twin.line_ray import Cluster
from twincell.twin.line_rollouts import measure, project, roll_line
from twincell.twin.line_scenario import Scenario, apply, draw_scenario, final
from twincell.twin.scenarios import play_scenarios

__all__ = ["FIGURES", "Run", "campaign", "play_scenario"]

FIGURES = (
    "throughput", "tardiness", "turnaround", "energy_cost", "energy", "margin", "nervousness",
    "decision_time",
)  # fmt: skip
"""Of a run, in the order of `Run.figures`."""

_MOVED = 60.0
"""A start that shifts by more counts as moved [s]."""


@dataclass(frozen=True)
class Run:
    """One scenario under one policy.

    Attributes:
        figures: throughput [accepted in the shift], weighted tardiness [EUR], turnaround [s],
            energy cost [EUR], energy [J], margin [EUR], nervousness [share of open operations
            that a decision moves], decision time [s]; shape (8,), in the order of `FIGURES`.
        state: at the end, as it was played.
        reasons: of the decisions.
    """

    figures: NDArray[np.float64]
    state: LineState
    reasons: tuple[str, ...]


def play_scenario(scenario: Scenario, policy: Policy, clock: Callable[[], float]) -> Run:
    """Play a scenario to its end.

    Args:
        scenario: what happens.
        policy: what answers; it sees the believed line only.
        clock: for the decision time, which is reported and decides nothing [s].
    """
    truth = scenario.true_line()
    state = LineState.initial(truth)
    times, moves, reasons = [], [], []

    def decide(keep: LinePlan | None) -> LinePlan:
        line = scenario.believed(truth, state.now)
        kept = None if keep is None else with_new_jobs(line, keep)
        begun = clock()
        choice = policy(line, state, kept, scenario.seed)
        times.append(clock() - begun)
        reasons.append(choice.reason)
        if kept is not None:
            moves.append(_moved(line, state, kept, choice.plan))
        return choice.plan

    plan = decide(None)
    for event in scenario.events:
        state = project(truth, state, plan, event.time, scenario.key).state
        if (state.status >= 2).all() and event.kind != "rush_order":
            continue
        truth, state = apply(truth, state, event)
        plan = decide(plan)
    state = project(truth, state, plan, np.inf, scenario.key).state
    end = final(state, scenario.events)
    got = measure(truth, end, [LinePlan.fifo(truth)])
    names = ("in_shift", "lateness", "turnaround", "energy_cost", "energy", "margin")
    figures = [float(getattr(got, name)[0, 0]) for name in names]
    nervous = float(np.mean(moves)) if moves else 0.0
    return Run(np.array([*figures, nervous, float(np.mean(times))]), state, tuple(reasons))


def _moved(line: Line, state: LineState, before: LinePlan, after: LinePlan) -> float:
    """Share of the open operations whose station or start differs from keeping course."""
    if after is before:
        return 0.0
    open_ = state.open_steps
    if not open_.any():
        return 0.0
    a, b = (project(line, state, plan).state for plan in (before, after))
    shift = np.abs(a.starts - b.starts)[open_] > _MOVED
    return float(np.mean(shift | (a.where != b.where)[open_]))


@cache
def _warm(tariff: Tariff) -> None:
    """Have the twin compiled, or read from its cache, before a decision is timed."""
    line = draw_scenario(0, 0, tariff, 1).line
    start, plan = LineState.initial(line), LinePlan.fifo(line)
    roll_line(line, start, [plan], 0, 1)
    project(line, start, plan, key=1)


def _one(
    seed: int, tariffs: Sequence[Tariff], jobs: int, intake: float, names: Sequence[str],
    clock: Callable[[], float], number: int,
) -> NDArray[np.float64]:  # fmt: skip
    """Figures of one scenario under each policy, shape (policies, 8)."""
    set_num_threads(1)
    _warm(tariffs[number])
    scenario = draw_scenario(seed, number, tariffs[number], jobs, intake)
    runs = [play_scenario(scenario, EVERY[name], clock).figures for name in names]
    return np.stack(runs)


def campaign(
    seed: int,
    tariffs: Sequence[Tariff],
    clock: Callable[[], float],
    workers: int = 1,
    jobs: int = 20,
    names: Iterable[str] = tuple(POLICIES),
    tell: Callable[[int, int], None] = lambda _done, _all: None,
    *,
    intake: float = SHIFT / 2,
    known: Mapping[int, NDArray[np.float64]] | None = None,
    keep: Callable[[int, NDArray[np.float64]], None] = lambda _number, _figures: None,
    cluster: Cluster | None = None,
) -> NDArray[np.float64]:
    """Play a scenario a tariff under each policy.

    Args:
        seed: of the scenarios; the same on any number of workers, but for the decision time.
        tariffs: of each scenario, from its shift's start.
        clock: see `play_scenario`; picklable.
        workers: processes.
        jobs: of a shift.
        names: of the policies.
        tell: takes how many scenarios are done, and of how many.
        intake: see `example_shift` [s].
        known: figures of scenarios that an earlier run has played, by number.
        keep: takes number and figures of each scenario as soon as it is played.
        cluster: plays in place of the workers.

    Returns:
        Figures, shape (scenarios, policies, 8).
    """
    play = partial(_one, seed, tuple(tariffs), jobs, intake, tuple(names), clock)
    return play_scenarios(play, len(tariffs), workers, tell, known, keep, cluster)
