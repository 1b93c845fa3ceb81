"""What markers are made of: fixed namespaces, stable ids, finite lifetimes, DELETEALL first."""

from collections.abc import Iterable

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Vector3
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

__all__ = ["ROLE", "colour", "marker_array", "new_marker", "text_marker"]

_LIFE = Duration(sec=5)
ROLE = {
    "protective": (0.9, 0.1, 0.1),
    "warning": (1.0, 0.75, 0.0),
    "walkway": (0.2, 0.7, 0.3),
}
"""Colours of zones by role."""


def colour(rgb: tuple[float, float, float], alpha: float = 1.0) -> ColorRGBA:
    """A colour as a message, each part 0 to 1."""
    red, green, blue = rgb
    return ColorRGBA(r=red, g=green, b=blue, a=alpha)


def new_marker(frame: str, ns: str, number: int, kind: int, size: float, rgb) -> Marker:
    """A marker in the newest known place of its frame (stamp 0)."""
    marker = Marker(header=Header(frame_id=frame), ns=ns, id=number, type=kind, action=Marker.ADD)
    marker.scale = Vector3(x=size, y=size, z=size)
    marker.color = colour(rgb)
    marker.lifetime = _LIFE
    marker.pose.orientation.w = 1.0
    return marker


def text_marker(frame: str, ns: str, number: int, xyz, size: float, rgb, text: str) -> Marker:
    """Words that face whoever looks."""
    marker = new_marker(frame, ns, number, Marker.TEXT_VIEW_FACING, size, rgb)
    p = marker.pose.position
    p.x, p.y, p.z = (float(v) for v in xyz)
    marker.text = text
    return marker


def marker_array(markers: Iterable[Marker]) -> MarkerArray:
    """Markers in place of all that the topic had before."""
    clear = Marker(action=Marker.DELETEALL)
    clear.header.frame_id = "world"
    return MarkerArray(markers=[clear, *markers])
