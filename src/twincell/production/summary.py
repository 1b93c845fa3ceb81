"""The shift in figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from twincell.production.messages import Plan
from twincell.production.state import LineState

__all__ = ["summarise"]


def summarise(
    state: LineState, plans: Sequence[Plan], stops: Sequence[dict[str, Any]], halted: str
) -> dict[str, Any]:
    """Plain data for the report and for `--json`.

    Keys: `tasks`, `plans` (revision, stamp, reason, text, makespan, tardiness, energy_cost),
    `stops` (at, until, causes, text), `blades` (where, decision, reason, rack, pocket, finished),
    `orders` (due, priority, finished, tardiness, margin, cancelled), `tardiness` weighted [s],
    `margin` [EUR], `energy` [J], `energy_cost` [EUR], `halted` (empty or why).
    """
    late = state.lateness()
    blades = {
        name: {
            "where": b.where,
            "decision": b.decision,
            "reason": b.reason,
            "rack": b.target[0] if b.target else None,
            "pocket": b.target[1] if b.target else None,
            "finished": b.finished,
        }
        for name, b in state.blades.items()
    }
    orders = {}
    for name, order in state.orders.items():
        ends = [state.blades[p].finished for p in order.parts]
        accepted = sum(
            state.blades[p].decision == "accept" and state.blades[p].where == "bin"
            for p in order.parts
        )
        complete = all(e is not None for e in ends)
        orders[name] = {
            "due": order.due,
            "priority": order.priority,
            "finished": max((e for e in ends if e is not None), default=0.0) if complete else None,
            "tardiness": late[name],
            "margin": 0.0 if order.cancelled else accepted * order.margin,
            "cancelled": order.cancelled,
        }
    keys = ("revision", "stamp", "reason", "text", "makespan", "tardiness", "energy_cost")
    return {
        "tasks": [asdict(t) for t in state.tasks.values()],
        "plans": [{k: getattr(p, k) for k in keys} for p in plans],
        "stops": list(stops),
        "blades": blades,
        "orders": orders,
        "tardiness": sum(
            state.orders[n].priority * s for n, s in late.items() if not state.orders[n].cancelled
        ),
        "margin": sum(o["margin"] for o in orders.values()),
        "energy": state.energy,
        "energy_cost": state.energy_cost,
        "halted": halted,
    }
