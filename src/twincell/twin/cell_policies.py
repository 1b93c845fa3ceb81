"""How the order of the cell's blades may be decided: ours, and what it is measured against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from twincell.production.planning import Gate, Ruling
from twincell.production.problem import Problem
from twincell.twin.gate import TwinGate

__all__ = ["CELL_POLICIES", "CellPolicy", "Fifo", "RightShift"]

CellPolicy = Callable[[TwinGate], Gate | None]
"""Makes of the cell's own gate the one that is asked; None lets the schedule decide."""


def _named(changes: Mapping[str, Sequence[str]], sequence: Sequence[str]) -> str | None:
    return next((name for name, other in changes.items() if tuple(other) == tuple(sequence)), None)


@dataclass(frozen=True)
class Fifo:
    """First in, first out: the blade that has been there longest is next."""

    def judge(
        self, problem: Problem, keep: Sequence[str], changes: Mapping[str, Sequence[str]]
    ) -> Ruling:
        """The sequence by release; what is there keeps its places."""
        release = {job.part: job.release for job in problem.waiting}
        late = {part: release[part] if release[part] > problem.now else 0.0 for part in keep}
        chosen = _named(changes, sorted(keep, key=late.__getitem__))
        return Ruling(chosen, "first in, first out")


@dataclass(frozen=True)
class RightShift:
    """The schedule of the shift's start is kept, and what comes late shifts the rest."""

    def judge(
        self,
        problem: Problem,
        keep: Sequence[str],  # noqa: ARG002 - what every gate is given
        changes: Mapping[str, Sequence[str]],
    ) -> Ruling:
        """The scheduler's sequence where there is no running plan, else that plan's."""
        if problem.previous:
            return Ruling(None, "right shift")
        name = "the scheduler's order"
        return Ruling(name if name in changes else None, "the plan of the shift's start")


CELL_POLICIES: dict[str, CellPolicy] = {
    "ours": lambda twin: twin,
    "fifo": lambda _twin: Fifo(),
    "right_shift": lambda _twin: RightShift(),
    "rescheduling": lambda _twin: None,
}
"""Ours first."""
