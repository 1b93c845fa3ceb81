"""Markers for RViz: fixed namespaces, stable ids, finite lifetimes, DELETEALL first."""

from collections.abc import Iterable

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from twincell.inspection.anomaly import Anomaly
from twincell.production.messages import Plan
from twincell.safety.arm_motion import outline
from twincell.safety.separation import SeparationMonitor
from twincell.safety.types import Mode, SafetyState
from twincell.world.model import World
from twincell_nodes.messages import thinned

__all__ = ["REPEAT", "anomaly_markers", "plan_markers", "safety_markers", "separation_markers"]

REPEAT = 1.0
"""Markers are sent again this often [s]; they outlive a few missed repetitions."""
_LIFE = Duration(sec=5)

_SEVERITY = {"minor": (1.0, 0.9, 0.1), "major": (1.0, 0.5, 0.0), "critical": (1.0, 0.0, 0.1)}
_ROLE = {
    "protective": (0.9, 0.1, 0.1),
    "warning": (1.0, 0.75, 0.0),
    "walkway": (0.2, 0.7, 0.3),
}
_MODE = {
    Mode.STARTING: (0.6, 0.6, 0.6),
    Mode.RUNNING: (0.2, 0.8, 0.3),
    Mode.SLOWED: (1.0, 0.75, 0.0),
    Mode.STOPPED: (0.9, 0.1, 0.1),
}


def _colour(rgb: tuple[float, float, float], alpha: float = 1.0) -> ColorRGBA:
    red, green, blue = rgb
    return ColorRGBA(r=red, g=green, b=blue, a=alpha)


def _marker(frame: str, ns: str, number: int, kind: int, size: float, rgb) -> Marker:
    """A marker in the newest known place of its frame (stamp 0)."""
    marker = Marker(header=Header(frame_id=frame), ns=ns, id=number, type=kind, action=Marker.ADD)
    marker.scale = Vector3(x=size, y=size, z=size)
    marker.color = _colour(rgb)
    marker.lifetime = _LIFE
    marker.pose.orientation.w = 1.0
    return marker


def _text(frame: str, ns: str, number: int, xyz, size: float, rgb, text: str) -> Marker:
    marker = _marker(frame, ns, number, Marker.TEXT_VIEW_FACING, size, rgb)
    p = marker.pose.position
    p.x, p.y, p.z = (float(v) for v in xyz)
    marker.text = text
    return marker


def _array(markers: Iterable[Marker]) -> MarkerArray:
    clear = Marker(action=Marker.DELETEALL)
    clear.header.frame_id = "world"
    return MarkerArray(markers=[clear, *markers])


def anomaly_markers(anomalies: Iterable[Anomaly]) -> MarkerArray:
    """Points of each anomaly on its blade, and its length beside it."""
    markers = []
    for i, anomaly in enumerate(anomalies):
        rgb = _SEVERITY[anomaly.severity]
        frame = f"blade/{anomaly.part}"
        points = _marker(frame, "anomalies", i, Marker.SPHERE_LIST, 0.001, rgb)
        points.points = [Point(x=x, y=y, z=z) for x, y, z in thinned(anomaly).tolist()]
        label = f"{anomaly.severity} {anomaly.kind} {anomaly.length * 1e3:.1f} mm"
        x, y, z = anomaly.center
        at = (x, y, z + 0.02)
        markers += [points, _text(frame, "labels", i, at, 0.012, rgb, label)]
    return _array(markers)


def safety_markers(world: World, state: SafetyState) -> MarkerArray:
    """Zones on the floor, and the state in words above the cell."""
    markers = []
    for i, (name, zone) in enumerate(world.zones.items()):
        rgb = _ROLE[zone.role]
        line = _marker("world", "zones", i, Marker.LINE_STRIP, 0.03, rgb)
        corners = [*zone.polygon, zone.polygon[0]]
        line.points = [Point(x=float(x), y=float(y), z=0.02) for x, y in corners]
        x, y = zone.polygon[0]
        markers += [line, _text("world", "zone_names", i, (x, y, 0.15), 0.12, rgb, name)]
    rgb = _MODE[state.mode]
    markers.append(_text("world", "state", 0, (0.6, 0.0, 2.4), 0.12, rgb, state.text))
    return _array(markers)


def separation_markers(monitor: SeparationMonitor) -> MarkerArray:
    """S_p about each arm with its terms, and who is followed, with the way of two seconds."""
    markers = []
    if monitor.separations is not None:
        for i, motion in enumerate(monitor.motions):
            required = monitor.separations.required(motion)
            corners = outline(motion.spheres, required.total)
            rgb = _ROLE["protective"]
            ring = _marker("world", "separation", i, Marker.LINE_STRIP, 0.02, rgb)
            ring.points = [Point(x=x, y=y, z=0.03) for x, y in [*corners.tolist(), *corners[:1]]]
            terms = "\n".join(f"{name} {value:.2f} m" for name, value in required.terms.items())
            text = f"{motion.arm}: S_p {required.total:.2f} m\n{terms}"
            x, y, z = motion.spheres[:, :3].mean(axis=0)
            markers += [ring, _text("world", "terms", i, (x, y, z + 0.7), 0.06, rgb, text)]
    if monitor.hidden:
        spot = _marker("world", "hidden", 0, Marker.CUBE_LIST, 0.22, (0.5, 0.2, 0.6))
        spot.points = [Point(x=x, y=y, z=0.05) for x, y in monitor.floor.hidden.tolist()]
        spot.scale.z = 0.05
        x, y = monitor.floor.hidden.mean(axis=0)
        words = f"{monitor.hidden:.1f} m^2 hidden from every LiDAR"
        markers += [
            spot,
            _text("world", "hidden_text", 0, (x, y, 0.4), 0.1, (0.5, 0.2, 0.6), words),
        ]
    roles = {a.track.id: a.role for a in monitor.approaches}
    for track in monitor.tracks:
        rgb = _ROLE[roles.get(track.id) or "walkway"] if track.person else (0.6, 0.6, 0.6)
        x, y = track.position.tolist()
        body = _marker("world", "tracks", track.id, Marker.CYLINDER, 0.45, rgb)
        body.pose.position = Point(x=x, y=y, z=0.9)
        body.scale.z, body.color.a = 1.8, 0.35
        arrow = _marker("world", "velocities", track.id, Marker.ARROW, 0.05, rgb)
        u, v = (2.0 * track.velocity).tolist()
        arrow.points = [Point(x=x, y=y, z=0.05), Point(x=x + u, y=y + v, z=0.05)]
        arrow.scale = Vector3(x=0.05, y=0.1, z=0.15)
        text = f"{'person' if track.person else 'thing'} {track.id}: {track.speed:.1f} m/s"
        name = _text("world", "track_names", track.id, (x, y, 2.0), 0.1, rgb, text)
        markers += [body, arrow, name] if track.person else [name]
    return _array(markers)


def plan_markers(plan: Plan | None, now: float) -> MarkerArray:
    """The plan as lines of text beside the cell: what is done, running, waiting."""
    if plan is None:
        return _array(())
    signs = {"done": "x", "running": ">", "waiting": " ", "aborted": "-"}
    lines = [f"{plan.id} at {now:.0f} s: {plan.reason}"]
    lines += [
        f"[{signs.get(t.status, '?')}] {t.start:5.0f} to {t.end:5.0f} s  {t.id}  {t.note}"
        for t in plan.tasks
    ]
    text = "\n".join(line.rstrip() for line in lines)
    return _array([_text("world", "plan", 0, (-0.6, 0.0, 2.0), 0.05, (0.9, 0.9, 0.9), text)])
