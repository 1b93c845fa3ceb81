"""Anomalies, stops and plans as markers for RViz."""

from collections.abc import Iterable

from geometry_msgs.msg import Point
from visualization_msgs.msg import Marker, MarkerArray

from twincell.inspection.anomaly import Anomaly
from twincell.production.messages import Plan
from twincell.safety.types import Mode, SafetyState
from twincell.world.model import World
from twincell_nodes.anomalies import thinned
from twincell_nodes.marker_parts import ROLE, marker_array, new_marker, text_marker

__all__ = ["REPEAT", "anomaly_markers", "plan_markers", "safety_markers"]

REPEAT = 1.0
"""Markers are sent again this often [s]; they outlive a few missed repetitions."""

_SEVERITY = {"minor": (1.0, 0.9, 0.1), "major": (1.0, 0.5, 0.0), "critical": (1.0, 0.0, 0.1)}
_MODE = {
    Mode.STARTING: (0.6, 0.6, 0.6),
    Mode.RUNNING: (0.2, 0.8, 0.3),
    Mode.SLOWED: (1.0, 0.75, 0.0),
    Mode.STOPPED: (0.9, 0.1, 0.1),
}


def anomaly_markers(anomalies: Iterable[Anomaly]) -> MarkerArray:
    """Points of each anomaly on its blade, and its length beside it."""
    markers = []
    for i, anomaly in enumerate(anomalies):
        rgb = _SEVERITY[anomaly.severity]
        frame = f"blade/{anomaly.part}"
        points = new_marker(frame, "anomalies", i, Marker.SPHERE_LIST, 0.001, rgb)
        points.points = [Point(x=x, y=y, z=z) for x, y, z in thinned(anomaly).tolist()]
        label = f"{anomaly.severity} {anomaly.kind} {anomaly.length * 1e3:.1f} mm"
        x, y, z = anomaly.center
        at = (x, y, z + 0.02)
        markers += [points, text_marker(frame, "labels", i, at, 0.012, rgb, label)]
    return marker_array(markers)


def safety_markers(world: World, state: SafetyState) -> MarkerArray:
    """Zones on the floor, and the state in words above the cell."""
    markers = []
    for i, (name, zone) in enumerate(world.zones.items()):
        rgb = ROLE[zone.role]
        line = new_marker("world", "zones", i, Marker.LINE_STRIP, 0.03, rgb)
        corners = [*zone.polygon, zone.polygon[0]]
        line.points = [Point(x=float(x), y=float(y), z=0.02) for x, y in corners]
        x, y = zone.polygon[0]
        markers += [line, text_marker("world", "zone_names", i, (x, y, 0.15), 0.12, rgb, name)]
    rgb = _MODE[state.mode]
    markers.append(text_marker("world", "state", 0, (0.6, 0.0, 2.4), 0.12, rgb, state.text))
    return marker_array(markers)


def plan_markers(plan: Plan | None, now: float) -> MarkerArray:
    """The plan as lines of text beside the cell, and what the twin expected of the alternatives."""
    if plan is None:
        return marker_array(())
    signs = {"done": "x", "running": ">", "waiting": " ", "aborted": "-"}
    lines = [f"{plan.id} at {now:.0f} s: {plan.reason}"]
    lines += [
        f"[{signs.get(t.status, '?')}] {t.start:5.0f} to {t.end:5.0f} s  {t.id}  {t.note}"
        for t in plan.tasks
    ]
    if plan.decision is not None:
        lines += [
            f"twin: {a.name}{' (chosen)' if a.chosen else ''}, cost {a.cost:.1f} s"
            for a in plan.decision.alternatives
        ]
    text = "\n".join(line.rstrip() for line in lines)
    return marker_array(
        [text_marker("world", "plan", 0, (-0.6, 0.0, 2.0), 0.05, (0.9, 0.9, 0.9), text)]
    )
