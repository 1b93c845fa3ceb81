"""The orchestrator: hears what happens, decides what is done next, and says why."""

from __future__ import annotations

from twincell.errors import ProductionError
from twincell.production.disruptions import apply, resolved
from twincell.production.messages import (
    AnomalyFound,
    Command,
    Done,
    Event,
    Inject,
    Rehearsed,
    SafetyHeard,
    SafetySilent,
    Sighted,
    Tick,
    Verdicts,
)
from twincell.production.resume import Resuming
from twincell.safety.types import Mode, SafetyState

__all__ = ["Orchestrator"]


class Orchestrator(Resuming):
    """Executes the shift; deterministic: the same events give the same commands.

    One blade is in process at a time: loaded, inspected, unloaded; the plan says which is next.

    Args:
        world: the cell and its work.
        motions: plans trajectories.
        seed: of the scheduler's search.
        durations: expected of each kind of task [s].
        grasp: of the blade, in the part frame; of the parametric blade where not given.
        gate: judges optional changes of the plan (see `twin.gate`).
        rehearse: ask for `Rehearse` before a change takes ways that no hand has done.

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
        elif isinstance(event, Sighted):
            self._settle(event, now)
        elif isinstance(event, Rehearsed):
            self._rehearsed(event, now)
        else:
            self._inject(event, now)
        if not self.halted and not self.awaits_sight:
            self._go_on(now)
        return self._out

    def _rehearsed(self, event: Rehearsed, now: float) -> None:
        """What the physics cell found decides about the change that waited for it."""
        if self.planner.known is None:
            return
        self.planner.known.asked = False
        self.planner.known.learn(event.tried)
        text = f"the physics cell tried the hand's way {'; '.join(map(str, event.tried))}"
        rows = [
            {"from": t.leg.start, "to": t.leg.end, "ok": t.ok, "took": t.seconds, "why": t.text}
            for t in event.tried
        ]
        self._keep(now, "rehearsed", "physics_cell", {"text": text, "ways": rows})
        if self.planner.plans and not self.halted:
            self._replan(now, text, asked=True)

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

    def _inject(self, inject: Inject, now: float) -> None:
        try:
            known = resolved(inject, now)
            text = apply(known, self.state, self.world, now)
        except ProductionError as error:
            why = {"kind": inject.kind, "why": str(error)}
            why |= {"trigger": inject.trigger} if inject.trigger else {}
            self._keep(now, "refused", inject.subject, why)
            # the caller gets the error now, and the journal its line with the next commands
            self._unsaid = self._out
            raise
        detail = {"kind": known.kind, "parameters": dict(known.parameters), "text": text}
        detail |= {"trigger": known.trigger} if known.trigger else {}
        self._keep(now, "disruption", known.subject, detail)
        self._obey_outages(now)
        if known.kind in ("arm_failed", "tool_lost"):
            self._stop("mover_fault", f"{known.subject}-{now:.3f}", text, now, now)
        if known.kind == "sensor_blackout" and known.subject == self.world.inspection.profiler:
            self._blinded(now)
        if self.planner.plans:
            self._replan(now, text, asked=True)

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
