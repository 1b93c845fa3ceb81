"""Who comes how near to which arm, as markers for RViz."""

from geometry_msgs.msg import Point, Vector3
from visualization_msgs.msg import Marker, MarkerArray

from twincell.safety.arm_motion import outline
from twincell.safety.separation import SeparationMonitor
from twincell_nodes.marker_parts import ROLE, marker_array, new_marker, text_marker

__all__ = ["separation_markers"]


def separation_markers(monitor: SeparationMonitor) -> MarkerArray:
    """S_p about each arm with its terms, and who is followed, with the way of two seconds."""
    markers = []
    if monitor.separations is not None:
        for i, motion in enumerate(monitor.motions):
            required = monitor.separations.required(motion)
            corners = outline(motion.spheres, required.total)
            rgb = ROLE["protective"]
            ring = new_marker("world", "separation", i, Marker.LINE_STRIP, 0.02, rgb)
            ring.points = [Point(x=x, y=y, z=0.03) for x, y in [*corners.tolist(), *corners[:1]]]
            terms = "\n".join(f"{name} {value:.2f} m" for name, value in required.terms.items())
            text = f"{motion.arm}: S_p {required.total:.2f} m\n{terms}"
            x, y, z = motion.spheres[:, :3].mean(axis=0)
            markers += [ring, text_marker("world", "terms", i, (x, y, z + 0.7), 0.06, rgb, text)]
    if monitor.hidden:
        spot = new_marker("world", "hidden", 0, Marker.CUBE_LIST, 0.22, (0.5, 0.2, 0.6))
        spot.points = [Point(x=x, y=y, z=0.05) for x, y in monitor.floor.hidden.tolist()]
        spot.scale.z = 0.05
        x, y = monitor.floor.hidden.mean(axis=0)
        words = f"{monitor.hidden:.1f} m^2 hidden from every LiDAR"
        markers += [
            spot,
            text_marker("world", "hidden_text", 0, (x, y, 0.4), 0.1, (0.5, 0.2, 0.6), words),
        ]
    roles = {a.track.id: a.role for a in monitor.approaches}
    for track in monitor.tracks:
        rgb = ROLE[roles.get(track.id) or "walkway"] if track.person else (0.6, 0.6, 0.6)
        x, y = track.position.tolist()
        body = new_marker("world", "tracks", track.id, Marker.CYLINDER, 0.45, rgb)
        body.pose.position = Point(x=x, y=y, z=0.9)
        body.scale.z, body.color.a = 1.8, 0.35
        arrow = new_marker("world", "velocities", track.id, Marker.ARROW, 0.05, rgb)
        u, v = (2.0 * track.velocity).tolist()
        arrow.points = [Point(x=x, y=y, z=0.05), Point(x=x + u, y=y + v, z=0.05)]
        arrow.scale = Vector3(x=0.05, y=0.1, z=0.15)
        text = f"{'person' if track.person else 'thing'} {track.id}: {track.speed:.1f} m/s"
        name = text_marker("world", "track_names", track.id, (x, y, 2.0), 0.1, rgb, text)
        markers += [body, arrow, name] if track.person else [name]
    return marker_array(markers)
