"""Disrupted shifts of the physics cell in lockstep, each under several policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twincell.cell.assembly import assemble
from twincell.cell.lockstep import LockstepCell
from twincell.cell.result import RunResult
from twincell.cell.run import run_cell
from twincell.cell.timing import quiet
from twincell.production.messages import Plan
from twincell.production.problem import inversions
from twincell.production.state import DURATIONS, LineState
from twincell.twin.cell_policies import CELL_POLICIES
from twincell.twin.scenarios import play_scenarios
from twincell.world.disruptions import Disruption
from twincell.world.model import World
from twincell.world.work import Order

__all__ = ["CELL_FIGURES", "campaign", "disrupted", "figures_of", "play"]

CELL_FIGURES = (
    "throughput", "tardiness", "turnaround", "energy_cost", "energy", "correct", "nervousness",
)  # fmt: skip
"""Of a shift, in the order of `figures_of`."""

_MORE = 1.5
"""Disruptions beside the first, in the mean."""
_SOON, _LATE = 0.25, 1.0
"""When orders are due, as shares of the work there is."""
_FIRST, _LAST = 0.05, 0.70
"""When they happen, as shares of the work there is."""


def disrupted(world: World, seed: int, number: int) -> World:
    """The world on a day of its own: orders, pockets, and one disruption or more by chance.

    Orders are of two blades, any of the tray's, and of their own due time and priority. Nobody
    walks in, and neither LiDARs nor camera are there (see `timing.quiet`). The kinds of disruption
    are equally likely; an order or a blade that is gone when one happens refuses it.

    Args:
        world: the cell.
        seed: root of all chance.
        number: of the scenario.
    """
    rng = np.random.default_rng([seed, number, *b"cell"])
    work = sum(DURATIONS.values()) * len(world.blades)
    arms = sorted({world.handler, world.inspection.arm})
    orders = _orders(world, work, rng)

    def one(kind: str, at: float) -> Disruption:
        subject, values = "", {}
        if kind in ("arm_slow", "arm_failed"):
            subject = str(rng.choice(arms))
            values = {"lasts": float(rng.uniform(10.0, 40.0))}
        if kind == "arm_slow":
            values["factor"] = float(rng.uniform(0.4, 0.8))
        elif kind == "late_material":
            subject = str(rng.choice(list(world.blades)))
            values = {"lasts": float(rng.uniform(20.0, 80.0))}
        elif kind == "sensor_blackout":
            subject, values = world.inspection.profiler, {"lasts": float(rng.uniform(5.0, 25.0))}
        elif kind == "tariff_spike":
            subject = "market"
            values = {"price": float(rng.uniform(200, 600)), "lasts": float(rng.uniform(20, 80))}
        elif kind in ("rush_order", "cancel_order"):
            subject = str(rng.choice(list(orders)))
        if kind == "rush_order":
            values = {
                "due": at + float(rng.uniform(0.2, 0.6)) * work,
                "priority": float(rng.uniform(2.0, 6.0)),
            }
        return Disruption(kind=kind, at=at, subject=subject, parameters=values)  # type: ignore[arg-type]

    kinds = (
        "late_material", "arm_slow", "arm_failed", "sensor_blackout", "rush_order",
        "cancel_order", "tariff_spike",
    )  # fmt: skip
    times = np.sort(rng.uniform(_FIRST * work, _LAST * work, 1 + rng.poisson(_MORE)))
    drawn = tuple(one(str(rng.choice(kinds)), float(at)) for at in times)
    calm = quiet(world, int(rng.integers(2**31)))
    return replace(calm, production=replace(calm.production, orders=orders, disruptions=drawn))


def _orders(world: World, work: float, rng: np.random.Generator) -> dict[str, Order]:
    """Every blade in one order of two; the last has what is left.

    Due between a quarter of the work that there is and all of it [s].
    """
    parts = [str(name) for name in rng.permutation(list(world.blades))]
    pairs = [tuple(sorted(parts[i : i + 2])) for i in range(0, len(parts), 2)]
    return {
        f"order_{i + 1}": Order(
            parts=pair,
            due=float(rng.uniform(_SOON, _LATE) * work),
            priority=float(rng.choice([1.0, 2.0, 5.0])),
        )
        for i, pair in enumerate(pairs)
    }


def figures_of(result: RunResult, state: LineState) -> NDArray[np.float64]:
    """Figures of a shift, shape (7,), in the order of `CELL_FIGURES`.

    Throughput [blades put away an hour], lateness by the orders' priority at the end [s],
    turnaround [s] from the shift's start to a blade's end, cost of energy [EUR], energy [J], share
    of the judged blades whose verdict is correct, share of the pairs of waiting blades that a
    decision turns round. What was not done when a shift was cut off is late by then.

    Args:
        result: of the shift.
        state: of the line at its end.
    """
    left = {p for o in state.orders.values() if o.cancelled for p in o.parts}
    known = {n: b.finished for n, b in state.blades.items() if b.finished or n not in left}
    ends = [result.duration if end is None else end for end in known.values()]
    done = sum(end is not None for end in known.values())
    late = 0.0
    for order in state.orders.values():
        last = [state.blades[p].finished for p in order.parts]
        end = max((result.duration if e is None else e for e in last), default=0.0)
        late += 0.0 if order.cancelled else order.priority * max(0.0, end - order.due)
    judged = [b for b in result.blades if b.decision != "none"]
    correct = sum(b.decision == b.expected for b in judged) / max(len(judged), 1)
    return np.array([
        3600.0 * done / result.duration, late, float(np.mean(ends or [result.duration])),
        result.energy_cost,
        result.energy, correct, _nervousness(result.plans),
    ])  # fmt: skip


def _nervousness(plans: Iterable[Plan]) -> float:
    """Share of the pairs of waiting blades that change places, in the mean over decisions."""
    orders = [
        tuple(t.part for t in plan.tasks if t.kind == "load" and t.status == "waiting")
        for plan in plans
    ]
    shares = []
    for before, after in pairwise(orders):
        both = [p for p in after if p in before]
        if len(both) > 1:
            course = [p for p in before if p in both]
            shares.append(2 * inversions(course, both) / (len(both) * (len(both) - 1)))
    return float(np.mean(shares)) if shares else 0.0


def play(world: World, path: Path, seed: int, policy: str) -> tuple[RunResult, LineState]:
    """One shift under a policy.

    Args:
        world: with its disruptions.
        path: of the file that it was made from.
        seed: of flaws, noise, and the twin.
        policy: a name of `CELL_POLICIES`.
    """
    cell = LockstepCell(assemble(world, path, seed), policy=CELL_POLICIES[policy])
    return run_cell(cell), cell.orchestrator.state


def _one(
    world: World, path: Path, seed: int, names: tuple[str, ...], number: int
) -> NDArray[np.float64]:
    """Figures of one scenario under each policy, shape (policies, 7)."""
    day = disrupted(world, seed, number)
    root = int(np.random.default_rng([seed, number]).integers(2**31))
    return np.stack([figures_of(*play(day, path, root, name)) for name in names])


def campaign(
    world: World, path: Path, seed: int, scenarios: int, workers: int = 1,
    names: Iterable[str] = tuple(CELL_POLICIES),
    tell: Callable[[int, int], None] = lambda _done, _all: None,
    *,
    known: Mapping[int, NDArray[np.float64]] | None = None,
    keep: Callable[[int, NDArray[np.float64]], None] = lambda _number, _figures: None,
) -> NDArray[np.float64]:  # fmt: skip
    """Play scenarios under each policy; the same figures on any number of workers.

    Args:
        world: the cell.
        path: its file.
        seed: root of all chance.
        scenarios: how many.
        workers: processes.
        names: of the policies.
        tell: takes how many scenarios are done, and of how many.
        known: figures of scenarios that an earlier run has played, by number.
        keep: takes number and figures of each scenario as soon as it is played.

    Returns:
        Figures, shape (scenarios, policies, 7).
    """
    play = partial(_one, world, path, seed, tuple(names))
    return play_scenarios(play, scenarios, workers, tell, known, keep)
