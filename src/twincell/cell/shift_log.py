"""What a shift said while it ran, and the result that is made of it: in lockstep and over ROS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from twincell.cell.result import BladeResult, OrderResult, RunResult, Stop
from twincell.cell.score import blade_result, truth_of
from twincell.geometry.flaws import CutBlade
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.production.messages import Journalled, Plan
from twincell.production.orchestrator import Orchestrator
from twincell.safety.types import StopReport, StopRequest
from twincell.world.model import World

__all__ = ["ShiftLog", "result_of", "with_truth"]


@dataclass
class ShiftLog:
    """Filled by whoever carries messages to and from the orchestrator.

    Attributes:
        plans: published, by revision.
        events: lines of the journal.
        verdicts: the last of each blade.
        anomalies: reported while scanning, by blade.
        requests: stop requests that were latched, by id.
        reports: how movers came to rest.
    """

    plans: list[Plan] = field(default_factory=list)
    events: list[Journalled] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    anomalies: dict[str, list[Anomaly]] = field(default_factory=dict)
    requests: dict[str, StopRequest] = field(default_factory=dict)
    reports: list[StopReport] = field(default_factory=list)

    def found(self, part: str) -> tuple[Anomaly, ...]:
        """The anomalies of a blade: its verdict's, else the newest of each reported early."""
        verdict = self.verdicts.get(part)
        if verdict is not None:
            return verdict.anomalies
        newest = {a.id: a for a in self.anomalies.get(part, [])}
        return tuple(sorted(newest.values(), key=lambda a: -a.length))

    def stops(self) -> tuple[Stop, ...]:
        """Reports joined with what asked for them."""
        known = [r for r in self.reports if r.request in self.requests]
        return tuple(Stop(self.requests[r.request], r) for r in known)


def result_of(
    world: World, seed: int, orchestrator: Orchestrator, log: ShiftLog, duration: float, wall: float
) -> RunResult:
    """The result of a shift, without the truth about its blades.

    Args:
        world: the cell.
        seed: root of all chance.
        orchestrator: at the shift's end.
        log: of the shift.
        duration: of the shift [s].
        wall: time that it took [s].
    """
    state = orchestrator.state
    late = state.lateness()
    orders = []
    for name, order in state.orders.items():
        ends = [state.blades[p].finished for p in order.parts]
        known = [e for e in ends if e is not None]
        finished = max(known) if known and len(known) == len(ends) else None
        orders.append(OrderResult(name, order.due, finished, late[name], tuple(order.parts)))
    blades = []
    for name in world.blades:
        verdict, blade = log.verdicts.get(name), state.blades[name]
        blades.append(
            BladeResult(
                name=name,
                decision=blade.decision or "none",
                expected="none",
                coverage=0.0 if verdict is None else verdict.coverage,
                residual=float("nan") if verdict is None else verdict.residual,
                anomalies=log.found(name),
                truth=(),
                found=0,
                missed=0,
                false=0,
            )
        )
    return RunResult(
        world=world.name,
        seed=seed,
        hash="",
        duration=duration,
        wall=wall,
        blades=tuple(blades),
        stops=log.stops(),
        plans=tuple(log.plans),
        tasks=tuple(state.tasks.values()),
        energy=state.energy,
        energy_cost=state.energy_cost,
        orders=tuple(orders),
        events=tuple(log.events),
    )


def with_truth(result: RunResult, world: World, blades: Mapping[str, CutBlade]) -> RunResult:
    """The same result, judged by the flaws that were cut."""
    criteria = world.inspection.criteria
    judged = []
    for blade in result.blades:
        truth = truth_of(blades[blade.name].flaws)
        # only what was found is scored here; the decision stays the one that was carried out
        seen = Verdict(blade.name, "rescan", blade.anomalies, blade.coverage, blade.residual)
        scored = blade_result(blade.name, seen, truth, criteria)
        judged.append(replace(scored, decision=blade.decision))
    return replace(result, blades=tuple(judged))
