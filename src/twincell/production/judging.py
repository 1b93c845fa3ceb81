"""What inspections end with: a verdict, a critical crack, or a profiler that went blind."""

from __future__ import annotations

from typing import cast

from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.production.progress import Progress
from twincell.production.state import AGAIN, Judgement

__all__ = ["Judging"]


class Judging(Progress):
    """Ends the inspection of the blade in process."""

    def _judged(self, tag: str, verdict: Verdict, now: float) -> None:
        blade = self._inside
        known = self.executor.answered(tag, True, "") and self._inspects(tag)
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
        self._conclude(decision, len(verdict.anomalies), longest, now)

    def _inspects(self, tag: str) -> bool:
        """Whether a tag is of the running inspection: one that was aborted is still answered."""
        running = self._running is not None and self._running[0] == "inspect"
        return running and tag.startswith(self._task_id("inspect") + "/")

    def _conclude(self, decision: str, count: int, longest: float, now: float) -> None:
        """An inspection ends with its verdict."""
        blade = self._inside
        assert blade is not None  # noqa: S101 - only called while one is inspected
        found = f"{count} indications, the longest {longest * 1e3:.1f} mm"
        if decision == "rescan" and blade.inspections - blade.spent < 2:
            self._left.insert(1, "inspect")
            self._end_task(now, "done", AGAIN)
            self._replan(now, f"{blade.part} has to be scanned again")
            return
        blade.decision = cast(Judgement, "rework" if decision == "rescan" else decision)
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
        self._reject(anomaly.length, now)

    def _reject(self, length: float, now: float) -> None:
        """A critical crack: nobody needs the rest of the scan."""
        blade = self._inside
        assert blade is not None  # noqa: S101 - only called while one is inspected
        text = f"crack of {length * 1e3:.1f} mm in {blade.part}"
        # the stop is not asked for here: safety heard of the anomaly itself, and did not wait
        blade.decision, blade.reason = "reject", f"critical {text}"
        self.executor.abort(self._task_id("inspect"))
        self._end_task(now, "aborted", blade.reason)
        self._replan(now, f"{blade.part} is rejected: critical {text}", asked=True)

    def _blinded(self, now: float) -> None:
        """A scan that goes blind is broken off, and done again."""
        blade = self._inside
        if blade is None or self._running is None or self._running[0] != "inspect":
            return
        self._left.insert(1, "inspect")
        blade.spent += 1
        self.executor.abort(self._task_id("inspect"))
        self._end_task(now, "aborted", f"{AGAIN}: the profiler went blind")
