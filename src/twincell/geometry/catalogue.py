"""The blades of a world with their flaws, drawn from the seed and kept on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import zipfile
import zlib
from functools import cache
from pathlib import Path

import numpy as np
import trimesh

from twincell.assets import cache_dir, resolve
from twincell.errors import AssetError, GeometryError
from twincell.geometry.blade import BladeModel, blade_model
from twincell.geometry.flaws import CutBlade, Flaw, cut
from twincell.geometry.marks import Groove, draw_marks
from twincell.geometry.surface import Side
from twincell.world.blades import Blade, Part
from twincell.world.model import World

__all__ = ["blade_of", "blades_of", "nominal"]

_FORMAT = 1
"""Raised whenever the same world would give other meshes: old files are then not read."""


def blades_of(world: World, seed: int, base: Path) -> dict[str, CutBlade]:
    """All blades of a world, each drawn from (seed, its name).

    Args:
        world: the cell.
        seed: root of all chance.
        base: folder of the world file, for `part.mesh`.

    Returns:
        By name, in the order of the world file.

    Raises:
        AssetError: the part's mesh is missing or unreadable.
        GeometryError: the part is no solid, or a crack does not fit.
    """
    return {n: blade_of(world.part, n, blade, seed, base) for n, blade in world.blades.items()}


def blade_of(part: Part, name: str, blade: Blade, seed: int, base: Path) -> CutBlade:
    """One blade with its finish; its mesh from disk where the same was made before."""
    made = _cut(part, name, blade, seed, base)
    finish = (*part.finish, *blade.finish)
    if not finish:
        return made
    grooves = [Groove(f.path, f.opening, f.depth) for f in made.flaws]
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), zlib.crc32(b"finish")])
    try:
        marks = draw_marks(nominal(part, base), finish, grooves, rng)
    except GeometryError as error:
        raise GeometryError(f"blades.{name}.finish or part.finish: {error}") from None
    return dataclasses.replace(made, finish=marks)


def _cut(part: Part, name: str, blade: Blade, seed: int, base: Path) -> CutBlade:
    """One blade without a finish."""
    if not blade.cracks:
        return CutBlade(name, nominal(part, base).mesh, ())
    text = f"{_FORMAT}|{part_digest(part, base)}|{name}|{seed}|{blade.cracks!r}"
    folder = cache_dir() / "blades"
    folder.mkdir(exist_ok=True)
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.npz"
    try:
        return _read(path, name)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        made = cut(nominal(part, base), blade.cracks, _generator(seed, name), name)
        _write(path, made)
        return made


@cache
def nominal(part: Part, base: Path) -> BladeModel:
    """The nominal blade, built once a process (see `blade_model`)."""
    return blade_model(part, base)


def part_digest(part: Part, base: Path) -> str:
    """What the nominal blade depends on, as text: the part, and a digest of its mesh file.

    Raises:
        AssetError: no such mesh.
    """
    mesh = ""
    if part.mesh is not None:
        try:
            mesh = hashlib.sha256(resolve(part.mesh, base).read_bytes()).hexdigest()
        except AssetError as error:
            raise AssetError(f"part.mesh: {error}") from None
    return f"{dataclasses.replace(part, finish=())!r}|{mesh}"


def _generator(seed: int, name: str) -> np.random.Generator:
    """Chance of one blade: another blade's cracks leave it as it is."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _write(path: Path, blade: CutBlade) -> None:
    """Write under a name of this process, then rename: readers see all or nothing."""
    arrays: dict[str, np.ndarray] = {
        "vertices": np.asarray(blade.mesh.vertices),
        "faces": np.asarray(blade.mesh.faces),
        "count": np.asarray(len(blade.flaws)),
    }
    for i, flaw in enumerate(blade.flaws):
        arrays |= {f"{i}_{k}": np.asarray(v) for k, v in dataclasses.asdict(flaw).items()}
    part = path.with_suffix(f".{os.getpid()}.tmp")
    with part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    part.replace(path)


def _read(path: Path, name: str) -> CutBlade:
    """The blade that `_write` wrote."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
        mesh = trimesh.Trimesh(data["vertices"], data["faces"], process=False)
        flaws = tuple(_flaw(data, i) for i in range(int(data["count"])))
    return CutBlade(name, mesh, flaws)


def _flaw(data: np.lib.npyio.NpzFile, i: int) -> Flaw:
    """The i-th flaw of a file."""
    side: Side = "suction" if str(data[f"{i}_side"]) == "suction" else "pressure"
    return Flaw(
        length=float(data[f"{i}_length"]),
        opening=float(data[f"{i}_opening"]),
        depth=float(data[f"{i}_depth"]),
        side=side,
        center=data[f"{i}_center"],
        path=data[f"{i}_path"],
        normals=data[f"{i}_normals"],
    )
