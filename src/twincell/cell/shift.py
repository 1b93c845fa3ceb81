"""What the orchestrating process remembers of a shift, and the result that it makes of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from twincell.cell.assembly import Assembly
from twincell.cell.plain import decode, encode
from twincell.cell.result import OrderResult, RunResult, Stop
from twincell.cell.score import blade_result, truth_of
from twincell.errors import ProductionError
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.production.identity import SHIFT
from twincell.production.journal import Entry
from twincell.production.journal_replay import MEMORY
from twincell.production.messages import Journalled, Plan, scan_begun
from twincell.production.state import LineState
from twincell.safety.types import SafetyState, StopReport, StopRequest

__all__ = ["Remembered", "ShiftLog", "memory"]

_REMEMBERED = (Plan, Verdict, Anomaly, StopRequest, StopReport)
Remembered = Plan | Verdict | Anomaly | StopRequest | StopReport


def memory(value: Remembered, now: float) -> Journalled:
    """A line of the journal that lets a later process remember a plan, verdict or stop."""
    return Journalled(now, MEMORY, type(value).__name__, encode(value))


@dataclass
class ShiftLog:
    """Collects what is not part of the orchestrator's own state.

    Attributes:
        plans: published, by revision.
        events: the journal's lines.
        verdicts: of the last scan of each blade.
        early: anomalies that came during it.
        requests: stop requests that were in force, by id.
        reports: how movers came to rest.
    """

    plans: list[Plan] = field(default_factory=list)
    events: list[Journalled] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    early: dict[str, dict[str, Anomaly]] = field(default_factory=dict)
    requests: dict[str, StopRequest] = field(default_factory=dict)
    reports: list[StopReport] = field(default_factory=list)

    def take_up(self, entries: Iterable[Entry]) -> None:
        """Remember what another process has kept in the journal.

        Args:
            entries: in order.

        Raises:
            ProductionError: one cannot be read.
        """
        kinds: dict[str, type[Remembered]] = {kind.__name__: kind for kind in _REMEMBERED}
        for entry in entries:
            line = entry.line
            if line.kind != MEMORY:
                if line.kind != SHIFT:
                    self.line(line)
                continue
            try:
                self._remember(decode(kinds[line.subject], line.detail))
            except (KeyError, ValueError) as error:
                raise ProductionError(
                    f"entry {entry.number}: no {line.subject or 'memory'} of this version: {error}"
                ) from None

    def line(self, line: Journalled) -> None:
        """Keep a line of the journal; with a new scan of a blade the earlier one counts no more."""
        self.events.append(line)
        part = scan_begun(line)
        if part is not None:
            self.verdicts.pop(part, None)
            self.early.pop(part, None)

    def findings(self) -> dict[str, tuple[Anomaly, ...]]:
        """What was found on each blade: by the verdict on it, else what came early."""
        early = {part: tuple(found.values()) for part, found in self.early.items()}
        return early | {part: verdict.anomalies for part, verdict in self.verdicts.items()}

    def _remember(self, value: Remembered) -> None:
        if isinstance(value, Plan):
            self.plans.append(value)
        elif isinstance(value, Verdict):
            self.verdicts[value.part] = value
        elif isinstance(value, Anomaly):
            self.anomaly(value)
        elif isinstance(value, StopRequest):
            self.requests[value.id] = value
        else:
            self.reports.append(value)

    def hear(self, state: SafetyState) -> list[StopRequest]:
        """Keep the requests that a safety state names.

        Returns:
            Those that are new.
        """
        new = [request for request in state.active if request.id not in self.requests]
        self.requests |= {request.id: request for request in new}
        return new

    def report(self, report: StopReport) -> bool:
        """Keep how a mover came to rest; False where it is known."""
        known = {(r.request, r.mover, r.accepted) for r in self.reports}
        if (report.request, report.mover, report.accepted) in known:
            return False
        self.reports.append(report)
        return True

    def anomaly(self, anomaly: Anomaly) -> None:
        """Keep an early anomaly; a graver one of the same id replaces it."""
        self.early.setdefault(anomaly.part, {})[anomaly.id] = anomaly

    def result(
        self, assembly: Assembly, state: LineState, duration: float, wall: float
    ) -> RunResult:
        """The shift's result, scored against the truth.

        Args:
            assembly: the cell with its true flaws.
            state: of the line at the end.
            duration: simulation time [s].
            wall: wall time [s].
        """
        world = assembly.world
        late = state.lateness()
        orders = []
        for name, order in state.orders.items():
            ends = [state.blades[part].finished for part in order.parts]
            known = [end for end in ends if end is not None]
            finished = max(known) if known and len(known) == len(ends) else None
            orders.append(OrderResult(name, order.due, finished, late[name], tuple(order.parts)))
        flaws = {name: truth_of(blade.flaws) for name, blade in assembly.blades.items()}
        criteria = world.inspection.criteria
        blades = tuple(
            blade_result(name, self._verdict(name, state), flaws[name], criteria)
            for name in world.blades
        )
        stops = tuple(
            Stop(self.requests[report.request], report)
            for report in sorted(self.reports, key=lambda r: (r.requested, r.mover))
            if report.request in self.requests
        )
        result = RunResult(
            world=world.name,
            seed=assembly.seed,
            hash="",
            duration=duration,
            wall=wall,
            blades=blades,
            stops=stops,
            plans=tuple(self.plans),
            tasks=tuple(state.tasks.values()),
            energy=state.energy,
            energy_cost=state.energy_cost,
            orders=tuple(orders),
            events=tuple(self.events),
        )
        told = json.dumps(encode(result.to_dict()), sort_keys=True)
        return RunResult(**{**vars(result), "hash": hashlib.sha256(told.encode()).hexdigest()})

    def _verdict(self, name: str, state: LineState) -> Verdict | None:
        """As it was carried out: a scan that a critical crack cut short has no other."""
        blade = state.blades[name]
        verdict = self.verdicts.get(name)
        seen = tuple(self.early.get(name, {}).values())
        if verdict is not None or not (seen and blade.decision == "reject"):
            return verdict
        return Verdict(name, "reject", seen, math.nan, math.nan)
