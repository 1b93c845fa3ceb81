"""Faults in what a cell consists of: movers, sensors, racks, zones, rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from twincell.errors import did_you_mean
from twincell.world.model import World
from twincell.world.pockets import close
from twincell.world.sensors import Multispectral, Profiler
from twincell.world.solids import area, crossing
from twincell.world.source import Loc
from twincell.world.vocabulary import CELL
from twincell.world.work import CAUSES

__all__ = ["Fault", "findings", "unknown"]

Fault = tuple[Loc, str]

_LEAST_AREA = 1e-4
"""Of a zone: less than a hand is no place for a person [m^2]."""


def findings(world: World) -> Iterator[Fault]:
    """Each fault with its place."""
    for part in (_movers, _sensors, _racks, _bins, _slots, _zones, _rules, _rates):
        yield from part(world)


def unknown(
    loc: Loc, what: str, name: str, valid: Iterable[str], whole: str = "world"
) -> Iterator[Fault]:
    """The fault of a name that nothing in the whole has, if it is one."""
    names = list(valid)
    if name not in names:
        yield loc, f"given '{name}', no {what} of this {whole}; {did_you_mean(name, names)}"


def _movers(world: World) -> Iterator[Fault]:
    yield from unknown(["handler"], "arm", world.handler, world.arms)
    yield from unknown(["fixture", "arm"], "arm", world.fixture.arm, world.arms)
    arm = world.arms.get(world.handler)
    if arm is not None and arm.gripper is None:
        equipped = [name for name, a in world.arms.items() if a.gripper is not None]
        yield (
            ["handler"],
            (
                f"given '{world.handler}', which has no gripper; "
                f"valid: an arm with a `gripper` ({', '.join(equipped) or 'none has one'})"
            ),
        )
    if world.fixture.arm == world.handler:
        yield ["fixture", "arm"], f"given '{world.handler}', the handler itself; valid: another arm"
    for name, mover in world.arms.items():
        gripper = mover.gripper
        if gripper is not None and name == world.handler:
            width = min(world.part.shape.shroud[1], world.part.shape.root[1])
            if gripper.open <= width:
                yield (
                    ["arms", name, "gripper", "open"],
                    (
                        f"given {1e3 * gripper.open:g} mm; "
                        f"valid: more than the blade's {1e3 * width:g} mm"
                    ),
                )


def _sensors(world: World) -> Iterator[Fault]:
    arms, inspection = world.arms, world.inspection
    for name, sensor in world.sensors.items():
        if sensor.mount.arm is not None:
            yield from unknown(["sensors", name, "mount", "arm"], "arm", sensor.mount.arm, arms)
        elif sensor.mount.link is not None:
            where = ["sensors", name, "mount", "link"]
            yield where, f"given '{sensor.mount.link}' without `arm`; valid: name the arm as well"
    for name, lidar in world.lidars().items():
        if lidar.reach[0] >= lidar.reach[1]:
            near, far = lidar.reach
            where = ["sensors", name, "reach"]
            yield where, f"given [{near:g}, {far:g}] m; valid: nearest below farthest"
    for name, profiler in world.profilers().items():
        if profiler.depth >= 2 * profiler.standoff:
            yield (
                ["sensors", name, "depth"],
                (
                    f"given {1e3 * profiler.depth:g} mm about a standoff of "
                    f"{1e3 * profiler.standoff:g} mm; valid: less than twice the standoff"
                ),
            )
    yield from unknown(["inspection", "arm"], "arm", inspection.arm, arms)
    yield from _carried("profiler", inspection.profiler, world.profilers(), inspection.arm, arms)
    if inspection.camera is not None:
        yield from _carried("camera", inspection.camera, world.cameras(), inspection.arm, arms)
    if not inspection.views:
        yield ["inspection", "views"], "given an empty list; valid: at least one angle"


def _carried(
    kind: str,
    name: str,
    known: Mapping[str, Profiler | Multispectral],
    arm: str,
    arms: Collection[str],
) -> Iterator[Fault]:
    """The inspection's sensor is there, and on the arm that inspects."""
    yield from unknown(["inspection", kind], kind, name, known)
    sensor = known.get(name)
    if sensor is not None and arm in arms and sensor.mount.arm != arm:
        yield (
            ["inspection", kind],
            (
                f"given '{name}', which is mounted on '{sensor.mount.arm or 'the world'}'; "
                f"valid: a {kind} on '{arm}'"
            ),
        )


def _racks(world: World) -> Iterator[Fault]:
    roles = Counter(rack.role for rack in world.racks.values())
    blades = len(world.blades)
    if not blades:
        yield ["blades"], "given none; valid: at least one blade"
    for role in ("in_tray", "accept", "rework", "reject"):
        if not roles[role]:
            yield ["racks"], f"no rack has the role '{role}'; valid: one rack for each role"
        elif roles[role] > 1 and role == "in_tray":
            yield ["racks"], f"{roles[role]} racks have the role 'in_tray'; valid: one"
    for name, rack in world.racks.items():
        pockets = rack.rows * rack.columns
        if rack.role == "in_tray" and pockets < blades:
            yield (
                ["racks", name],
                f"given {pockets} pockets; valid: one for each of {blades} blades",
            )
        for axis, least in close(rack, world.part.shape.root):
            yield (
                ["racks", name, "pitch"],
                (
                    f"given {1e3 * rack.pitch[axis]:g} mm along {'xy'[axis]}; valid: at least "
                    f"{1e3 * least:g} mm (blade's root, clearance and walls)"
                ),
            )


def _bins(world: World) -> Iterator[Fault]:
    """What the world itself knows of each blade's way must have a pocket there."""
    due: Counter[str] = Counter()
    for blade in world.blades.values():
        longest = max((crack.length[1] for crack in blade.cracks), default=0.0)
        due[
            "reject"
            if longest >= world.inspection.criteria.reject
            else "rework"
            if longest >= world.inspection.criteria.report
            else "accept"
        ] += 1
    for role, needed in due.items():
        bins = {n: r.rows * r.columns for n, r in world.racks.items() if r.role == role}
        if bins and sum(bins.values()) < needed:
            yield (
                ["racks", next(iter(bins))],
                (
                    f"given {sum(bins.values())} pockets to {role}; "
                    f"valid: at least {needed}, so many blades will go there"
                ),
            )


def _slots(world: World) -> Iterator[Fault]:
    trays = [r for r in world.racks.values() if r.role == "in_tray"]
    pockets = trays[0].rows * trays[0].columns if trays else 0
    taken: dict[int, str] = {}
    for name, blade in world.blades.items():
        if blade.slot is None:
            continue
        where = ["blades", name, "slot"]
        if trays and blade.slot >= pockets:
            yield where, f"given {blade.slot}; valid: a pocket of the in-tray, 0 to {pockets - 1}"
        if blade.slot in taken:
            yield where, f"given {blade.slot}, taken by '{taken[blade.slot]}'; valid: a free pocket"
        taken.setdefault(blade.slot, name)


def _zones(world: World) -> Iterator[Fault]:
    for name, zone in world.zones.items():
        where = ["zones", name, "polygon"]
        if len(zone.polygon) < 3:
            yield where, f"given {len(zone.polygon)} corners; valid: at least 3"
        elif (edges := crossing(zone.polygon)) is not None:
            yield where, f"edges {edges[0]} and {edges[1]} cross; valid: corners in order around it"
        elif (size := area(zone.polygon)) < _LEAST_AREA:
            yield (
                where,
                f"given corners around {size:g} m^2; valid: around at least {_LEAST_AREA:g} m^2",
            )
    visitor = world.visitor
    if visitor is not None and len(visitor.path) < 2:
        yield ["visitor", "path"], f"given {len(visitor.path)} points; valid: at least 2"
    guarded = any(zone.role == "protective" for zone in world.zones.values())
    if visitor is not None and guarded and not world.lidars():
        yield ["sensors"], "a visitor, but no lidar to see one; valid: at least one lidar"


def _rules(world: World) -> Iterator[Fault]:
    rules = world.safety.rules
    for cause in CAUSES:
        if cause not in rules:
            yield ["safety", "rules"], f"no rule for '{cause}'; valid: one for each cause of stops"
    for cause, rule in rules.items():
        yield from unknown(["safety", "rules", cause], "cause", cause, CAUSES)
        valid = [CELL, *world.arms]
        yield from unknown(["safety", "rules", cause, "scope"], "scope", rule.scope, valid)
        if rule.function == "emergency" and rule.category == 2:
            yield (
                ["safety", "rules", cause, "category"],
                "given 2; valid: 0 or 1 for an emergency stop (IEC 60204-1, 9.2.3.4.2)",
            )


def _rates(world: World) -> Iterator[Fault]:
    """What is told more often than it happens, or too seldom to go on by."""
    safety = world.safety
    for where, rate in (
        (["state_rate"], world.state_rate),
        (["safety", "heartbeat"], safety.heartbeat),
    ):
        if rate > world.physics_rate:
            yield (
                where,
                f"given {rate:g} Hz; valid: at most `physics_rate`, {world.physics_rate:g} Hz",
            )
    beat = 1.0 / safety.heartbeat
    for key in ("lease", "patience"):
        given = getattr(safety, key)
        if given <= beat:
            yield (
                ["safety", key],
                f"given {given:g} s; valid: more than one beat of `heartbeat`, {beat:g} s",
            )
