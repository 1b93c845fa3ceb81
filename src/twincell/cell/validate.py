"""All that is wrong with a world, from the file's text to what its arms can reach."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from twincell.assets import world_path
from twincell.errors import AssetError, TwincellError, WorldError, did_you_mean
from twincell.geometry.description import RobotDescription, describe
from twincell.geometry.urdf import read_urdf
from twincell.twin.durations import calibration_of
from twincell.world.check import faults as text_faults
from twincell.world.load import load_world
from twincell.world.model import World
from twincell.world.source import Source, in_order

__all__ = ["located", "motion_faults", "robot_faults", "world_faults"]


def world_faults(name: str | Path, *, motion: bool = True) -> list[str]:
    """Every fault of a world file, one line each; later checks run when earlier ones pass.

    Args:
        name: path or bare name of the world.
        motion: also try whether every pose of the work can be reached; takes seconds.

    Raises:
        AssetError: there is no such file.
    """
    path = Path(name) if Path(name).is_file() else world_path(name)
    try:
        world = load_world(path)
    except WorldError as error:
        return str(error).splitlines()
    found = text_faults(world, path)
    if found:
        return found
    try:
        calibration_of(world, path.parent)
    except TwincellError as error:
        found = [f"production.durations: {error}"]
        return located(path, found)
    descriptions, found = robot_faults(world, path.parent)
    if world.visitor is not None:
        try:
            read_urdf(world.visitor.urdf, path.parent, "visitor.urdf")
        except AssetError as error:
            found += str(error).splitlines()
    if not found and motion:
        found = motion_faults(world, descriptions, path.parent)
    return located(path, found)


def robot_faults(world: World, base: Path) -> tuple[dict[str, RobotDescription], list[str]]:
    """The robots' descriptions by name, and what stands in the way of those that are absent."""
    descriptions: dict[str, RobotDescription] = {}
    found: list[str] = []
    for name, arm in world.arms.items():
        try:
            descriptions[name] = describe(name, arm, base)
        except (WorldError, AssetError) as error:
            found += str(error).splitlines()
    for name, sensor in world.sensors.items():
        mount = sensor.mount
        if mount.arm in descriptions and mount.link is not None:
            links = descriptions[mount.arm].links
            if mount.link not in links:
                hint = did_you_mean(mount.link, links)
                found.append(
                    f"sensors.{name}.mount.link: given '{mount.link}', no link of "
                    f"'{mount.arm}'; {hint}"
                )
    return descriptions, found


def motion_faults(world: World, descriptions: dict[str, RobotDescription], base: Path) -> list[str]:
    """What the movers cannot reach: the fixture, a pocket, a pass of the profiler."""
    # heavy: kinematics and a collision world, not needed where the text is wrong already
    from twincell.geometry.catalogue import nominal
    from twincell.motion.motions import CellMotions
    from twincell.physics.collision import CollisionChecker

    try:
        model = nominal(world.part, base)
        checker = CollisionChecker(world, descriptions, model)
        motions = CellMotions(world, descriptions, checker.free, model.airfoil, model.grasp)
        motions.check_reach()
    except TwincellError as error:
        return str(error).splitlines()
    return []


def located(path: Path, found: Iterable[str]) -> list[str]:
    """Put `file:line:` before lines of the form `key: what is wrong`, where it is not there."""
    source = Source.read(path)
    lines = []
    for line in found:
        key, separator, rest = line.partition(": ")
        loc = _loc(key)
        if line.startswith(f"{path}:"):
            lines.append(line)
        elif separator and loc and loc[0] in source.value:
            lines.append(source.fault(loc, rest))
        else:
            lines.append(f"{path}:1: {line}")
    return in_order(lines)


def _loc(key: str) -> list[str | int]:
    """`arms.handler.home[2]` -> ["arms", "handler", "home", 2]; empty where it is no key."""
    loc: list[str | int] = []
    for part in key.replace("[", ".").replace("]", "").split("."):
        if not part or not part.replace("_", "").isalnum():
            return []
        loc.append(int(part) if part.isdigit() else part)
    return loc
