"""Faults that need no physics: names that lead nowhere, impossible layouts, missing files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from twincell.assets import mesh_path, resolve
from twincell.errors import AssetError
from twincell.world import check_cell, check_names, check_work
from twincell.world.check_cell import Fault
from twincell.world.model import World
from twincell.world.solids import overlaps, solids
from twincell.world.source import Loc, Source, in_order, key_text

__all__ = ["faults", "findings"]


def faults(world: World, path: Path | None) -> list[str]:
    """All faults of a world, one line each, by line number.

    Args:
        world: what was loaded.
        path: the file it came from; None for a world that was built in code.

    Returns:
        `file:line: key: given ...; valid ...`, empty where all is well.
    """
    found = list(findings(world, path.parent if path is not None else None))
    if path is None:
        return [f"{key_text(loc)}: {text}" for loc, text in found]
    source = Source.read(path)
    return in_order(source.fault(loc, text) for loc, text in found)


def findings(world: World, folder: Path | None) -> Iterator[Fault]:
    """The faults with their places; `folder` is the world file's, where relative names start."""
    yield from check_cell.findings(world)
    yield from check_names.findings(world)
    yield from check_work.findings(world)
    yield from _files(world, folder)
    for a, b, depth in overlaps(solids(world)):
        both = f"{key_text(a.key)} and {key_text(b.key)}"
        yield (
            [*b.key, "place"],
            f"{both} overlap by {1e3 * depth:.0f} mm; valid: places that keep them apart",
        )


def _files(world: World, folder: Path | None) -> Iterator[Fault]:
    for name, arm in world.arms.items():
        yield from _urdf(["arms", name, "urdf"], arm.urdf, folder)
        if arm.tool is not None:
            yield from _urdf(["arms", name, "tool", "urdf"], arm.tool.urdf, folder)
    if world.visitor is not None:
        yield from _urdf(["visitor", "urdf"], world.visitor.urdf, folder)
    if world.part.mesh is not None:
        try:
            resolve(world.part.mesh, folder)
        except AssetError as error:
            yield ["part", "mesh"], str(error)


def _urdf(loc: Loc, name: str, folder: Path | None) -> Iterator[Fault]:
    """Faults of a URDF that is missing or no XML, and of the meshes that it names."""
    try:
        path = resolve(name, folder)
        meshes = {
            mesh.get("filename", "")
            for mesh in ElementTree.parse(path).iter("mesh")  # noqa: S314 (the user's own file)
        }
    except AssetError as error:
        yield loc, str(error)
        return
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        yield loc, f"given '{name}', which is not XML ({error}); valid: a URDF"
        return
    for mesh in sorted(meshes):
        try:
            mesh_path(mesh, path)
        except AssetError as error:
            yield loc, f"in '{name}': {error}"
