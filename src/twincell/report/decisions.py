"""Decisions for the page: what the twin expected, and the plan before and after."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from twincell.cell.result import RunResult
from twincell.production.messages import Decision, Plan
from twincell.report.style import INK, MUTED, PLAN, colours, figure, look, png, tidy

__all__ = ["decided", "decision_picture", "told"]


def decided(result: RunResult) -> tuple[tuple[Plan, Plan], ...]:
    """Plans that the twin was asked about, each with the one before it."""
    pairs = zip(result.plans, result.plans[1:], strict=False)
    return tuple((old, new) for old, new in pairs if new.decision is not None)


def told(plan: Plan) -> tuple[tuple[str, str], ...]:
    """A decision in words: (what, sentence)."""
    decision = _of(plan)
    rows = [("What happened", plan.reason), ("What moved", decision.moved)]
    rows.append(("Why", decision.ruling))
    for a in decision.alternatives:
        name = f"{a.name} (chosen)" if a.chosen else a.name
        order = ", ".join(a.sequence) or "nothing waits"
        ends = f"expected weighted lateness {a.tardiness:.1f} s, end {a.makespan:.1f} s"
        rows.append((name, f"{order}: {ends}, energy of the tasks {100 * a.energy:.3f} ct"))
    return tuple(rows)


def _of(plan: Plan) -> Decision:
    return plan.decision or Decision("", "", ())


def decision_picture(before: Plan, after: Plan) -> bytes:
    """Histograms of the alternatives beside the plan before and after.

    Args:
        before: in force until the decision.
        after: made by it.

    Returns:
        A PNG picture.
    """
    with look():
        drawing = figure(11.0, 3.9)
        left, right = drawing.subplots(1, 2, width_ratios=(2, 3))
        _histograms(left, _of(after))
        _plans(right, before, after)
        return png(drawing, dpi=110)


def _histograms(axes: Axes, decision: Decision) -> None:
    tidy(axes)
    names = [a.name for a in decision.alternatives]
    shade = colours(names)
    for a in decision.alternatives:
        share = np.array(a.counts) / max(sum(a.counts), 1)
        width = 2.4 if a.chosen else 1.3
        label = f"{a.name}{' (chosen)' if a.chosen else ''}"
        axes.stairs(share, a.edges, color=shade[a.name], linewidth=width, label=label)
        axes.axvline(a.cost, color=shade[a.name], linestyle=":", linewidth=1.2)
    axes.set(xlabel="cost [s of weighted lateness]", ylabel="share of rollouts")
    axes.set_title("what the twin expects (dotted: means)", loc="left", color=INK)
    axes.set_ylim(top=1.25 * axes.get_ylim()[1])  # room for the names above all curves
    axes.legend(frameon=False, fontsize=7.5, loc="upper center")


def _plans(axes: Axes, before: Plan, after: Plan) -> None:
    """Two rows a mover: above the plan before, below the plan after."""
    tidy(axes)
    movers = list(dict.fromkeys(t.resource for p in (before, after) for t in p.tasks))
    shade = colours(sorted({t.part for p in (before, after) for t in p.tasks}))
    labels = []
    for i, mover in enumerate(movers):
        for k, (plan, word) in enumerate(((before, "before"), (after, "after"))):
            y = i * 2.6 + k
            labels.append((y, f"{mover}, {word}"))
            for task in plan.tasks:
                if task.resource != mover:
                    continue
                width = max(task.end - task.start, 0.1)
                past = task.status in ("done", "aborted")
                fill = {"color": shade[task.part], "alpha": 0.35 if past else 1.0}
                axes.barh(y, width, 0.8, task.start, edgecolor="white", **fill)  # type: ignore[arg-type]
                number = task.part.rpartition("_")[2]
                axes.text(task.start + width / 2, y, number, ha="center", va="center", fontsize=7)
    axes.axvline(after.stamp, color=PLAN, linestyle=":", linewidth=1.5)
    axes.set_yticks([y for y, _ in labels], [name for _, name in labels], color=MUTED)
    axes.invert_yaxis()
    axes.set_xlabel("time [s]; numbers are blades, pale is done, the dotted line is now")
    axes.set_title(f"plan before (P{before.revision}) and after (P{after.revision})", loc="left")
