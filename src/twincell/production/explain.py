"""A plan against the one before, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from twincell.production.messages import PlannedTask

__all__ = ["changes"]


def _when(seconds: float) -> str:
    return f"{abs(seconds):.1f} s {'later' if seconds > 0 else 'earlier'}"


def changes(
    before: Sequence[PlannedTask],
    after: Sequence[PlannedTask],
    late_before: float,
    late_after: float,
) -> str:
    """What moved between two plans.

    Args:
        before: tasks of the plan that was in force; empty at the shift's start.
        after: tasks of the new plan.
        late_before: weighted tardiness of the plan before [s].
        late_after: weighted tardiness now [s].

    Returns:
        One sentence a change: order of the blades, shift of those that wait, blades that left the
        plan, new notes, and tardiness.
    """
    loads = [t for t in after if t.kind == "load" and t.status == "waiting"]
    order = [t.part for t in loads]
    if not before:
        sequence = ", ".join(order) or "nothing"
        return f"first plan: {sequence}; weighted tardiness {late_after:.1f} s"
    said: list[str] = []
    old = {t.id: t for t in before}
    course = [t.part for t in before if t.kind == "load" and t.part in order]
    if course != order:
        said.append(f"order of the blades is now {', '.join(order)} (was {', '.join(course)})")
    else:
        shifts = [(t.part, t.start - old[t.id].start) for t in loads if t.id in old]
        moved = [(p, s) for p, s in shifts if abs(s) >= 0.5]
        if moved:
            first, shift = moved[0]
            who = f"{first} and {len(moved) - 1} more start" if moved[1:] else f"{first} starts"
            said.append(f"{who} {_when(shift)}, in the same order")
    came = [t.part for t in loads if t.id not in old]
    if came:
        said.append(f"{', '.join(came)} joined the plan")
    gone = [t.part for t in before if t.kind == "load" and t.id not in {a.id for a in after}]
    if gone:
        said.append(f"{', '.join(gone)} left the plan")
    said += [
        f"{task.part}: {task.note}"
        for task in after
        if task.note and task.status == "waiting" and task.id in old
        if task.note != old[task.id].note
    ]
    if abs(late_after - late_before) >= 0.05:
        said.append(f"weighted tardiness {late_after:.1f} s (was {late_before:.1f} s)")
    return "; ".join(said) or "nothing moved"
