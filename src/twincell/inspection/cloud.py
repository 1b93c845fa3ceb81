"""Scans and CAD from files, in metres, and what is refused of them."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

import numpy as np
import open3d as o3d
import trimesh
from numpy.typing import NDArray

from twincell.errors import InspectionError

__all__ = [
    "CADS",
    "SCANS",
    "UNITS",
    "check_unit",
    "finite",
    "read_cad",
    "read_scan",
    "write_coloured",
]

F64 = NDArray[np.float64]

UNITS = {"m": 1.0, "mm": 0.001}
"""Metres a unit of a file."""
SCANS = (".ply", ".pcd", ".xyz", ".stl")
CADS = (".stl", ".obj", ".ply")
AUTO = "auto"
_LARGEST_IN_M = 2.0
"""A file whose extent is a larger number is taken to be in mm: parts are 2 mm to 2 m across."""
_EXTENT = (0.005, 5.0)
"""Smallest and largest diagonal of a part; beyond lies a mistaken unit [m]."""
_ON_STL = 500_000
"""Points laid on a scan that comes as triangles."""
_PLY_BYTES = {"char": 1, "uchar": 1, "int8": 1, "uint8": 1, "short": 2, "ushort": 2,
    "int16": 2, "uint16": 2, "double": 8, "float64": 8}  # fmt: skip
"""Of a property; four for all others."""
_HEADER = 65_536
"""Bytes in which a header must end."""
_TOLD = 200
"""Characters of a library's own words in a message."""


def read_scan(path: Path, unit: str = AUTO) -> F64:
    """Points of a scan as they stand in the file, not finite ones included.

    Args:
        path: PLY, PCD or XYZ (text, x y z first); an STL is a scan that was meshed.
        unit: of the file, `mm` or `m`; `auto` takes what makes its extent that of a part.

    Returns:
        Shape (n, 3) [m].

    Raises:
        InspectionError: a format that is not known, a file that is missing, truncated or empty.
    """
    kind = _check(path, SCANS, "scan")
    check_unit(unit)
    if kind == ".stl":
        mesh = _mesh(path)
        points = np.asarray(trimesh.sample.sample_surface(mesh, _ON_STL, seed=0)[0], float)
        return points * _scale(unit, float(np.linalg.norm(mesh.extents)))
    if kind == ".xyz":
        points = _text(path)
    else:
        promised = _promised(path, "vertex" if kind == ".ply" else "point")
        _whole(path, kind, promised)
        with o3d.utility.VerbosityContextManager(o3d.utility.VerbosityLevel.Error):
            cloud = o3d.io.read_point_cloud(path, format=kind[1:])
        points = np.asarray(cloud.points, float)
        if len(points) != promised:
            raise InspectionError(
                f"{path}: its header promises {promised} points, {len(points)} could be read; "
                "valid: a whole file. Was it truncated?"
            )
    if len(points) == 0:
        raise InspectionError(f"{path}: an empty cloud; valid: a scan of the part")
    return points * _scale(unit, _extent(points))


def read_cad(path: Path, unit: str = AUTO) -> trimesh.Trimesh:
    """The nominal surface [m].

    Args:
        path: STL, OBJ or PLY with triangles.
        unit: of the file, `mm` or `m`; `auto` takes what makes its extent that of a part.

    Raises:
        InspectionError: as `read_scan`, or an extent that no part has.
    """
    kind = _check(path, CADS, "CAD")
    check_unit(unit)
    mesh = _mesh(path, _promised(path, "face") if kind == ".ply" else 0)
    if mesh.is_watertight and mesh.volume < 0:
        mesh.invert()  # its faces look inwards: grooves would be ridges
    scale = _scale(unit, float(np.linalg.norm(mesh.extents)))
    mesh.apply_transform(np.diag([scale, scale, scale, 1.0]))
    extent = float(np.linalg.norm(mesh.extents))
    if not _EXTENT[0] <= extent <= _EXTENT[1]:
        raise InspectionError(
            f"{path}: {extent:g} m across ({unit} units); valid: {_EXTENT[0]:g} to "
            f"{_EXTENT[1]:g} m. Is the unit another (--cad-unit {' or '.join(UNITS)})?"
        )
    return mesh


def finite(points: F64, name: str) -> tuple[F64, int]:
    """The points that are finite, and how many were not.

    Raises:
        InspectionError: fewer than 100 remain, which no surface can be told from.
    """
    good = np.isfinite(points).all(axis=1)
    if good.sum() < 100:
        raise InspectionError(
            f"{name}: {int(good.sum())} of {len(points)} points are finite; valid: at least 100"
        )
    return points[good], int((~good).sum())


def write_coloured(path: Path, points: F64, colours: F64) -> None:
    """Write a binary PLY, all of it or nothing.

    Args:
        path: of the file.
        points: shape (n, 3) [m].
        colours: red, green, blue, 0 to 1, shape (n, 3).
    """
    cloud = o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points))
    cloud.colors = o3d.utility.Vector3dVector(colours)
    part = path.with_name(f".{path.stem}.{os.getpid()}.ply")
    if not o3d.io.write_point_cloud(part, cloud):
        part.unlink(missing_ok=True)
        raise InspectionError(f"{path}: could not be written; valid: a folder that can be written")
    part.replace(path)


def _check(path: Path, valid: tuple[str, ...], what: str) -> str:
    """The suffix, where it is known and the file can be read."""
    kind = path.suffix.lower()
    if kind not in valid:
        raise InspectionError(
            f"{path}: a {what} of format '{path.suffix}'; valid: {', '.join(valid)}"
        )
    if not path.is_file():
        raise InspectionError(f"{path}: no such file; valid: a {what} ({', '.join(valid)})")
    if path.stat().st_size == 0:
        raise InspectionError(f"{path}: an empty file; valid: a {what}")
    return kind


def check_unit(unit: str, what: str = "unit") -> None:
    """Refuse a unit that is none; `what` it is of.

    Raises:
        InspectionError: it is neither `mm`, `m` nor `auto`.
    """
    if unit not in (AUTO, *UNITS):
        raise InspectionError(f"{what} '{unit}'; valid: {', '.join((AUTO, *UNITS))}")


def _scale(unit: str, extent: float) -> float:
    """Metres a unit of the file, told from its extent where that is asked for."""
    if unit != AUTO:
        return UNITS[unit]
    return UNITS["mm" if extent > _LARGEST_IN_M else "m"]


def _extent(points: F64) -> float:
    """Across all but the outermost hundredth along each axis: a few strays tell nothing of it."""
    good = points[np.isfinite(points).all(axis=1)]
    if len(good) == 0:
        return 0.0
    with np.errstate(over="ignore"):  # as far off as numbers go
        return float(np.linalg.norm(np.ptp(np.quantile(good, [0.005, 0.995], axis=0), axis=0)))


def _mesh(path: Path, promised: int = 0) -> trimesh.Trimesh:
    """Triangles of a file whose header promises at least so many faces."""
    log = logging.getLogger("trimesh.util")
    quiet, log.disabled = log.disabled, True  # it logs tracebacks of what is told below
    try:
        mesh = trimesh.load(path, force="mesh")
    except Exception as error:  # every format fails in its own way
        told = " ".join(str(error).split())[:_TOLD]
        raise InspectionError(f"{path}: cannot be read: {told}; valid: a whole mesh") from None
    finally:
        log.disabled = quiet
    if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
        raise InspectionError(f"{path}: holds no triangles; valid: a mesh")
    if len(mesh.faces) < promised:
        raise InspectionError(
            f"{path}: its header promises {promised} faces, {len(mesh.faces)} could be read; "
            "valid: a whole file. Was it truncated?"
        )
    if not np.isfinite(mesh.vertices).all():
        raise InspectionError(f"{path}: vertices that are not finite; valid: finite ones")
    mesh.merge_vertices()
    mesh.update_faces(mesh.nondegenerate_faces())
    return mesh


def _text(path: Path) -> F64:
    try:
        points = np.loadtxt(path, usecols=(0, 1, 2), ndmin=2, comments=("#", "//"))
    except (ValueError, UnicodeDecodeError) as error:
        told = " ".join(str(error).split())[:_TOLD]
        raise InspectionError(f"{path}: {told}; valid: x y z as text, a point a line") from None
    return np.asarray(points, float)


def _whole(path: Path, kind: str, promised: int) -> None:
    """Open3D fills what is missing of text and of any PLY with zeros: lines and size tell."""
    data = path.read_bytes()
    mark = b"end_header" if kind == ".ply" else b"\nDATA "
    end = data.find(mark, 0, _HEADER)
    start = data.find(b"\n", end + len(mark)) + 1
    if end < 0 or start == 0:
        raise InspectionError(f"{path}: its header has no end; valid: a whole file")
    if b"format ascii" in data[:end] or data[end:start].split()[-1:] == [b"ascii"]:
        rows = [line for line in data[start:].splitlines() if line.strip()]
        if len(rows) < promised:
            raise InspectionError(
                f"{path}: {len(rows)} lines after its header, which promises {promised} points; "
                "valid: a whole file. Was it truncated?"
            )
        if 0 < promised == len(rows) and len(rows[-1].split()) < len(rows[0].split()):
            raise InspectionError(
                f"{path}: {len(rows[-1].split())} values in its last line, {len(rows[0].split())} "
                "in its first; valid: a whole file. Was it truncated?"
            )
    elif kind == ".pcd":
        sizes = re.search(rb"(?m)^SIZE\s+(.+)$", data[:end])
        if sizes is not None and sizes[1].split()[:3] != [b"4"] * 3:
            given = b" ".join(sizes[1].split()[:3]).decode("ascii", "replace")
            raise InspectionError(
                f"{path}: binary coordinates of {given} bytes, which Open3D reads as zeros; "
                "valid: 4 bytes each, or a PCD in ASCII"
            )
    elif kind == ".ply":
        vertex = data[:end].split(b"element vertex", 1)[-1].split(b"element ", 1)[0]
        types = re.findall(rb"property\s+(?!list)(\w+)\s+\w+", vertex)
        least = promised * sum(_PLY_BYTES.get(t.decode(), 4) for t in types)
        if len(data) - start < least:
            raise InspectionError(
                f"{path}: {len(data) - start} bytes after its header, {promised} points need at "
                f"least {least}; valid: a whole file. Was it truncated?"
            )


def _promised(path: Path, what: str) -> int:
    """The number of points, vertices or faces that a header tells."""
    with path.open("rb") as file:
        head = file.read(_HEADER)
    pattern = rb"(?m)^POINTS\s+(\d+)" if what == "point" else f"element {what} (\\d+)".encode()
    found = re.search(pattern, head)
    if found is None:
        kind = path.suffix[1:].upper()
        raise InspectionError(
            f"{path}: no header of a {kind} with its number of {what}s; valid: one"
        )
    return int(found[1])
