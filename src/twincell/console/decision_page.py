"""What the twin expected of each way to go on, as a chart in HTML, and why one was taken."""

from __future__ import annotations

from html import escape

from twincell.production.messages import Alternative, Decision, Plan
from twincell.report.style import INK, LINE, MUTED, colours

__all__ = ["decision_html"]

_WIDTH, _HEIGHT = 400, 120
"""Of the chart, in units of its own: it takes the width that there is."""
_ROOM = 14
"""Under the chart, for the axis."""


def decision_html(plan: Plan) -> str:
    """A decision for people; empty where the twin was not asked.

    Args:
        plan: that came of it.
    """
    decision = plan.decision
    if decision is None:
        return ""
    shade = colours([a.name for a in decision.alternatives])
    rows = "".join(_row(a, shade[a.name]) for a in decision.alternatives)
    head = "<tr><th></th><th>cost [s]</th><th>late [s]</th><th>end [s]</th><th>energy [ct]</th>"
    style = f"color:{INK};font:12px sans-serif;padding:0 8px"
    return (
        f'<div style="{style}"><b>Plan {plan.revision}</b>, {plan.stamp:.1f} s: '
        f"{escape(plan.reason)}{_chart(decision, shade)}"
        f'<table style="width:100%;text-align:right;font-size:11px;border-top:1px solid {LINE}">'
        f"{head}</tr>{rows}</table><p>{escape(decision.ruling)}</p>"
        f"<p>{escape(decision.moved)}</p></div>"
    )


def _chart(decision: Decision, shade: dict[str, str]) -> str:
    """Shares of the rollouts over the cost, a line an alternative, dashed its mean."""
    drawn = [a for a in decision.alternatives if sum(a.counts) and a.edges[-1] > a.edges[0]]
    if not drawn:
        return ""
    low, high = drawn[0].edges[0], drawn[0].edges[-1]
    top = max(max(a.counts) / sum(a.counts) for a in drawn)
    lines = "".join(_lines(a, shade[a.name], low, high, top) for a in drawn)
    text = f'font-size="10" fill="{MUTED}"'
    base = _HEIGHT + _ROOM - 3
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT + _ROOM}" style="width:100%;margin-top:6px">'
        f'<line x1="0" y1="{_HEIGHT}" x2="{_WIDTH}" y2="{_HEIGHT}" stroke="{LINE}"/>{lines}'
        f'<text x="0" y="{base}" {text}>{low:.0f}</text>'
        f'<text x="{_WIDTH / 2}" y="{base}" {text} text-anchor="middle">'
        f"cost [s of weighted lateness]</text>"
        f'<text x="{_WIDTH}" y="{base}" {text} text-anchor="end">{high:.0f}</text></svg>'
    )


def _lines(a: Alternative, colour: str, low: float, high: float, top: float) -> str:
    def across(cost: float) -> float:
        return _WIDTH * (cost - low) / (high - low)

    scale = (_HEIGHT - 4) / (top * sum(a.counts))
    points = []
    for left, right, count in zip(a.edges, a.edges[1:], a.counts, strict=False):
        y = _HEIGHT - scale * count
        points += [f"{across(left):.1f},{y:.1f}", f"{across(right):.1f},{y:.1f}"]
    width = 2.4 if a.chosen else 1.2
    mean = across(a.cost)
    return (
        f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" '
        f'stroke-width="{width}"/>'
        f'<line x1="{mean:.1f}" y1="4" x2="{mean:.1f}" y2="{_HEIGHT}" stroke="{colour}" '
        f'stroke-dasharray="3 3"/>'
    )


def _row(a: Alternative, colour: str) -> str:
    name = f"<b>{escape(a.name)} (chosen)</b>" if a.chosen else escape(a.name)
    order = escape(", ".join(a.sequence) or "nothing waits")
    return (
        f'<tr title="{order}"><td style="text-align:left"><span style="color:{colour}">&#9632;'
        f"</span> {name}</td><td>{a.cost:.1f}</td><td>{a.tardiness:.1f}</td>"
        f"<td>{a.makespan:.1f}</td><td>{100 * a.energy:.3f}</td></tr>"
    )
