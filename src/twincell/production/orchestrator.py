"""The orchestrator: hears what happens, decides what is done next, and says why."""

from __future__ import annotations

from twincell.errors import ProductionError
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.production.disruptions import apply, resolved
from twincell.production.messages import (
    AnomalyFound,
    Command,
    Done,
    Event,
    Inject,
    SafetyHeard,
    SafetySilent,
    Tick,
    Verdicts,
)
from twincell.production.progress import Progress
from twincell.production.state import AGAIN
from twincell.safety.types import Mode, SafetyState

__all__ = ["Orchestrator"]


class Orchestrator(Progress):
    """Executes the shift; deterministic: the same events give the same commands.

    One blade is in process at a time: loaded, inspected, unloaded; the plan says which is next.

    Args:
        world: the cell and its work.
        motions: plans trajectories.
        seed: of the scheduler's search.
        durations: expected of each kind of task [s].
        grasp: of the blade, in the part frame; of the parametric blade where not given.
        gate: judges optional changes of the plan (see `twin.gate`).

    Raises:
        ProductionError: orders contradict the blades.
    """

    def handle(self, event: Event, now: float) -> list[Command]:
        """Take an event.

        Args:
            event: what happened.
            now: time [s].

        Returns:
            What is to be done about it, in order.

        Raises:
            ProductionError: a disruption that makes no sense; nothing was changed.
        """
        self._out, self._unsaid = self._unsaid, []
        self._lapse(now)
        if isinstance(event, Tick):
            self.executor.hear(event.positions)
            self.state.use_energy(now, event.energy)
        elif isinstance(event, SafetyHeard):
            self._heard(event.state, now)
        elif isinstance(event, SafetySilent):
            self._unheard(now)
        elif isinstance(event, Done):
            self._answered(event, now)
        elif isinstance(event, Verdicts):
            self._judged(event.tag, event.verdict, now)
        elif isinstance(event, AnomalyFound):
            self._anomaly(event.anomaly, now)
        else:
            self._inject(event, now)
        if not self.halted:
            self._go_on(now)
        return self._out

    def _unheard(self, now: float) -> None:
        """The drives stop by themselves: what they refuse now is no failure of a step."""
        if self._permission is not None:
            self._permission = None
            self._keep(now, "mode", "silent", {"text": "the safety state is silent"})

    def _heard(self, state: SafetyState, now: float) -> None:
        before, permitted = self._safety, self._permission
        self._safety = self._permission = state
        stopped = state.mode is Mode.STOPPED
        if stopped and self._stopped_since is None:
            self._stopped_since, self._disturbed = now, True
            causes = [r.cause for r in state.active]
            self.stops.append({"at": now, "causes": causes, "text": state.text, "until": None})
            self._keep(now, "stop", ",".join(causes), {"text": state.text})
        elif not stopped and self._stopped_since is not None:
            lasted = now - self._stopped_since
            self._stopped_since, self._delay = None, self._delay + lasted
            self.stops[-1]["until"] = now
            self._keep(now, "released", "", {"lasted": lasted})
            if self.planner.plans:
                self._replan(now, f"work goes on after a stop of {lasted:.1f} s")
        if before is None or permitted is None or before.mode is not state.mode:
            self._keep(now, "mode", state.mode.name.lower(), {"text": state.text})

    def _answered(self, done: Done, now: float) -> None:
        allowed = self.executor.allowed(done.tag, self._permission)
        if not self.executor.answered(done.tag, done.ok, done.message, allowed):
            self._keep(now, "unknown_answer", done.tag, {"ok": done.ok, "message": done.message})

    def _judged(self, tag: str, verdict: Verdict, now: float) -> None:
        blade = self._inside
        known = self.executor.answered(tag, True, "")
        if blade is None or not known or blade.part != verdict.part or blade.decision is not None:
            self._keep(now, "unknown_answer", tag, {"part": verdict.part})
            return
        decision = verdict.decision
        longest = max((a.length for a in verdict.anomalies), default=0.0)
        detail = {
            "decision": decision,
            "anomalies": len(verdict.anomalies),
            "longest": longest,
            "coverage": verdict.coverage,
        }
        self._keep(now, "verdict", blade.part, detail)
        found = f"{len(verdict.anomalies)} indications, the longest {longest * 1e3:.1f} mm"
        if decision == "rescan" and blade.inspections - blade.spent < 2:
            self._left.insert(1, "inspect")
            self._end_task(now, "done", AGAIN)
            self._replan(now, f"{blade.part} has to be scanned again")
            return
        blade.decision = "rework" if decision == "rescan" else decision
        blade.reason = found if decision != "rescan" else "two scans did not suffice"
        self._end_task(now, "done", blade.reason)
        if blade.decision != "accept":
            self._replan(now, f"{blade.part} goes to {blade.decision}: {blade.reason}", asked=True)

    def _anomaly(self, anomaly: Anomaly, now: float) -> None:
        blade = self._inside
        detail = {"id": anomaly.id, "severity": anomaly.severity, "length": anomaly.length}
        self._keep(now, "anomaly", anomaly.part, detail)
        scanning = self._running is not None and self._running[0] == "inspect"
        if anomaly.severity != "critical" or blade is None or blade.part != anomaly.part:
            return
        if not scanning or blade.decision is not None:
            return
        text = f"crack of {anomaly.length * 1e3:.1f} mm in {anomaly.part}"
        # the stop is not asked for here: safety heard of the anomaly itself, and did not wait
        blade.decision, blade.reason = "reject", f"critical {text}"
        self.executor.abort(self._task_id("inspect"))
        self._end_task(now, "aborted", blade.reason)
        self._replan(now, f"{blade.part} is rejected: critical {text}", asked=True)

    def _inject(self, inject: Inject, now: float) -> None:
        try:
            known = resolved(inject, now)
            text = apply(known, self.state, self.world, now)
        except ProductionError as error:
            self._keep(now, "refused", inject.subject, {"kind": inject.kind, "why": str(error)})
            # the caller gets the error now, and the journal its line with the next commands
            self._unsaid = self._out
            raise
        detail = {"kind": known.kind, "parameters": dict(known.parameters), "text": text}
        self._keep(now, "disruption", known.subject, detail)
        self._obey_outages(now)
        if known.kind in ("arm_failed", "tool_lost"):
            self._stop("mover_fault", f"{known.subject}-{now:.3f}", text, now, now)
        if known.kind == "sensor_blackout" and known.subject == self.world.inspection.profiler:
            self._blinded(now)
        if self.planner.plans:
            self._replan(now, text, asked=True)

    def _obey_outages(self, now: float) -> None:
        """What is out of order or slow now holds for what is executed from now on."""
        outages, world = self.state.outages, self.world
        shares = {mover: outages.share(world, mover) for mover in world.arms}
        executor = self.executor
        before = (executor.slow, executor.failed, executor.bare)
        executor.slow = {mover: share for mover, share in shares.items() if share < 1.0}
        executor.failed = frozenset(outages.failed)
        executor.bare = frozenset(outages.tools)
        if before != (executor.slow, executor.failed, executor.bare):
            # what runs now tells nothing about how long such a task takes
            self._disturbed = True
        if self._running is None:
            return
        if outages.free_from(world, self._running[0]) > now:
            self._blocked = self._blocked or (now, self._delay)
        elif self._blocked is not None:
            self._delay, self._blocked = self._held_up(now), None

    def _blinded(self, now: float) -> None:
        """A scan that goes blind is broken off, and done again."""
        blade = self._inside
        if blade is None or self._running is None or self._running[0] != "inspect":
            return
        self._left.insert(1, "inspect")
        blade.spent += 1
        self.executor.abort(self._task_id("inspect"))
        self._end_task(now, "aborted", f"{AGAIN}: the profiler went blind")

    def _lapse(self, now: float) -> None:
        """Outages end by themselves; the plan learns of it."""
        ended = self.state.outages.lapse(now)
        if not ended:
            return
        for subject, text in ended:
            self._keep(now, "recovered", subject, {"text": text})
        self._obey_outages(now)
        if self.planner.plans and not self.halted:
            self._replan(now, "; ".join(text for _, text in ended), asked=True)
