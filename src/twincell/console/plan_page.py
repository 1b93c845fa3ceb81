"""The plan as a chart in HTML: a row a mover, a bar a task, a line for now."""

from __future__ import annotations

from html import escape

from twincell.production.messages import Plan, PlannedTask
from twincell.report.style import INK, LINE, MUTED, STOP, colours

__all__ = ["plan_html"]

_FADED = {"done": 0.45, "aborted": 0.25}
"""How much of its colour a task has that is over."""
_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
"""Spacings of the time axis [s]."""


def plan_html(plan: Plan, now: float) -> str:
    """A plan for people.

    Args:
        plan: in force.
        now: time of the shift [s].
    """
    rows = list(dict.fromkeys(t.resource for t in plan.tasks))
    shade = colours(sorted({t.part for t in plan.tasks}))
    end = max([plan.makespan, now, *(t.end for t in plan.tasks)]) or 1.0
    lanes = "".join(
        f'<div style="color:{MUTED};font-size:11px;margin-top:4px">{escape(row)}</div>'
        f'<div style="position:relative;height:18px;background:#f2f4f7">'
        f"{''.join(_bar(t, end, shade[t.part]) for t in plan.tasks if t.resource == row)}</div>"
        for row in rows
    )
    line = (
        f'<div style="position:absolute;top:0;bottom:0;left:{100 * now / end:.2f}%;'
        f'border-left:2px solid {STOP}"></div>'
    )
    legend = " ".join(
        f'<span style="color:{colour}">&#9632;</span> {escape(part)}'
        for part, colour in shade.items()
    )
    words = f"<p>{escape(plan.text)}</p>" if plan.text else ""
    return (
        f'<div style="color:{INK};font:12px sans-serif;padding:0 8px">'
        f"<b>Plan {plan.revision}</b>: {escape(plan.reason)}"
        f'<div style="position:relative;margin:4px 0">{lanes}{line}</div>'
        f'<div style="position:relative;height:14px;color:{MUTED};font-size:10px">'
        f"{_axis(end)}</div>"
        f'<div style="font-size:11px;border-top:1px solid {LINE};padding-top:3px">{legend}</div>'
        f"<p>ends at {plan.makespan:.0f} s, lateness {plan.tardiness:.0f} s (weighted), energy "
        f"{plan.energy_cost:.4f} EUR</p>{words}</div>"
    )


def _bar(task: PlannedTask, end: float, colour: str) -> str:
    left, width = 100 * task.start / end, 100 * max(task.end - task.start, 0.0) / end
    told = f"{task.id}, {task.start:.0f} to {task.end:.0f} s, {task.status}"
    told += f": {task.note}" if task.note else ""
    return (
        f'<div title="{escape(told)}" style="position:absolute;top:1px;height:16px;'
        f"left:{left:.2f}%;width:{width:.2f}%;background:{colour};"
        f'opacity:{_FADED.get(task.status, 1.0)};border-right:1px solid white"></div>'
    )


def _axis(end: float) -> str:
    step = next((s for s in _STEPS if end / s <= 6), _STEPS[-1])
    return "".join(
        f'<span style="position:absolute;left:{100 * t / end:.2f}%">{t}</span>'
        for t in range(0, int(end) + 1, step)
    )
