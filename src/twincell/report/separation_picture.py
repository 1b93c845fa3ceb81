"""The cell from above: S_p about each arm, who is tracked, and what the zones say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon, Rectangle

from twincell.report.style import INK, LINE, MUTED, figure, look, png
from twincell.safety.approach import Approach
from twincell.safety.arm_motion import ArmMotion, outline
from twincell.safety.distance import ProtectiveDistance
from twincell.safety.tracking import Track
from twincell.world.model import World

__all__ = ["SeparationScene", "separation_picture"]

_ROLE = {"protective": "#b3261e", "warning": "#e08a00", "walkway": "#228833", "": "#228833"}
_ARMS = ("#4477aa", "#aa3377", "#66ccee", "#997755")


@dataclass(frozen=True)
class SeparationScene:
    """What a monitor knew at a moment.

    Attributes:
        title: of its panel.
        motions: of the arms.
        required: S_p of each arm, in the order of `motions`.
        tracks: who and what was followed.
        approaches: of people to arms.
    """

    title: str
    motions: tuple[ArmMotion, ...]
    required: tuple[ProtectiveDistance, ...]
    tracks: tuple[Track, ...]
    approaches: tuple[Approach, ...]


def separation_picture(world: World, scenes: Sequence[SeparationScene]) -> bytes:
    """Draw scenes side by side, as RViz shows them from above.

    Args:
        world: the cell.
        scenes: at least one.

    Returns:
        A PNG file.
    """
    with look():
        drawing = figure(5.9 * len(scenes), 5.4)
        for axes, scene in zip(
            drawing.subplots(1, len(scenes), squeeze=False)[0], scenes, strict=True
        ):
            _floor(axes, world)
            _scene(axes, scene)
            axes.set(xlim=(-1.4, 5.1), ylim=(-2.8, 2.8), aspect="equal", xlabel="x [m]")
            axes.set_title(scene.title)
        return png(drawing, dpi=110)


def _floor(axes: Axes, world: World) -> None:
    for name, box in world.furniture.items():
        if name == "floor":
            continue
        (x, y, _), (w, d, _) = box.place.xyz, box.size
        axes.add_patch(Rectangle((x - w / 2, y - d / 2), w, d, facecolor="0.9", edgecolor=LINE))
    for name, zone in world.zones.items():
        colour = _ROLE[zone.role]
        axes.add_patch(Polygon(zone.polygon, fill=False, edgecolor=colour, linestyle=":"))
        top = max(zone.polygon, key=lambda c: (c[1], -c[0]))
        axes.text(top[0] + 0.05, top[1] - 0.05, name, color=colour, fontsize=7.5, va="top")
    for name in world.lidars():
        x, y, _ = world.sensors[name].mount.place.xyz
        axes.plot(x, y, marker="^", color=MUTED, markersize=6)
        axes.text(x, y + 0.1, name, color=MUTED, fontsize=7, ha="center")


def _scene(axes: Axes, scene: SeparationScene) -> None:
    rows = zip(scene.motions, scene.required, _ARMS, strict=False)
    for i, (motion, required, colour) in enumerate(rows):
        for x, y, _, radius in motion.spheres:
            axes.add_patch(Circle((x, y), radius, facecolor=colour, alpha=0.25, linewidth=0))
        corners = outline(motion.spheres, required.total)
        axes.add_patch(Polygon(corners, fill=False, edgecolor=colour, linewidth=1.4))
        terms = "  ".join(f"{k} {v:.2f}" for k, v in required.terms.items())
        text = f"{motion.arm}: {motion.speed:.2f} m/s, S_p {required.total:.2f} m\n   {terms}"
        axes.text(
            0.01, 0.99 - 0.075 * i, text, transform=axes.transAxes, va="top", fontsize=7.5,
            color=colour, bbox={"facecolor": "white", "alpha": 0.75, "pad": 1, "linewidth": 0},
        )  # fmt: skip
    roles = {a.track.id: a for a in scene.approaches}
    for track in scene.tracks:
        near = roles.get(track.id)
        colour = _ROLE[near.role] if near else MUTED
        x, y = track.position
        axes.plot(track.points[:, 0], track.points[:, 1], ".", color=colour, markersize=1.5)
        spread = 3 * float(np.sqrt(np.linalg.eigvalsh(track.covariance[:2, :2])[-1]))
        axes.add_patch(Circle((x, y), spread, fill=False, edgecolor=colour, linewidth=0.8))
        u, v = track.velocity
        axes.annotate(
            "", (x + u, y + v), (x, y), arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.6}
        )
        text = f"person {track.id}, {track.speed:.1f} m/s" if track.person else "thing"
        if near is not None:
            text += f"\n{near.distance:.2f} m from {near.arm}"
        axes.text(x + 0.1, y - 0.3, text, color=INK, fontsize=7.5, va="top")
