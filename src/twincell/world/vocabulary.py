"""Words that have a meaning of their own in other rooms: names that are taken, materials."""

from __future__ import annotations

__all__ = ["BODIES", "CELL", "MATERIALS", "NODES"]

CELL = "cell"
"""The scope of a stop that means all movers."""

BODIES = ("blade", "furniture", "rack", "visitor")
"""What names of bodies begin with where they are none of a mover's (`geometry.bodies`)."""

NODES = (
    "console",
    "crack_detector",
    "latency_ledger",
    "operator",
    "orchestrator",
    "recorder",
    "safety_supervisor",
    "separation_monitor",
    "simulator",
)
"""The ROS nodes that are no sensor's (`stack.specs`); an arm's policy is `policy_<arm>` beside."""

MATERIALS = (
    "aluminide",
    "aluminium",
    "cloth",
    "concrete",
    "painted_steel",
    "polymer",
    "rubber",
    "skin",
    "steel",
    "thermal_barrier",
    "titanium",
)
"""The optical materials that are known (`sensing.materials`)."""
