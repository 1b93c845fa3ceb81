"""Where files are: urdf/ and worlds/ in a checkout and in a wheel alike, and robots' meshes.

A world names a file in one of four ways: an absolute path, a path relative to the world file,
a path below the project (`urdf/index_table.urdf`), or `package://<package>/<path>` where the
package is `pybullet_data`, `twincell_description`, or one that an installed wheel holds.
"""

from __future__ import annotations

import importlib.util
import os
import sysconfig
from functools import cache
from pathlib import Path

from twincell.errors import AssetError, did_you_mean

__all__ = [
    "cache_dir",
    "line_path",
    "mesh_path",
    "package_root",
    "project_root",
    "resolve",
    "world_path",
]

_PACKAGED = Path(__file__).parent / "_assets"
_CHECKOUT = Path(__file__).resolve().parents[2]


@cache
def project_root() -> Path:
    """The folder that holds `urdf/` and `worlds/`: the checkout, else the wheel's packaged copy.

    Raises:
        AssetError: neither exists.
    """
    for root in (_CHECKOUT, _PACKAGED):
        if (root / "worlds").is_dir() and (root / "urdf").is_dir():
            return root
    raise AssetError(f"no urdf/ and worlds/ beside the package: looked in {_CHECKOUT}, {_PACKAGED}")


@cache
def package_root(package: str) -> Path:
    """The folder that `package://<package>/` stands for.

    Raises:
        AssetError: no wheel, prefix or checkout holds the package.
    """
    if package == "twincell_description":
        return project_root()
    if package == "pybullet_data":
        spec = importlib.util.find_spec("pybullet_data")
        if spec is not None and spec.origin is not None:
            return Path(spec.origin).parent
    site = Path(sysconfig.get_paths()["purelib"])
    shares = [site / "cmeel.prefix" / "share"]
    shares += [Path(p) / "share" for p in os.environ.get("AMENT_PREFIX_PATH", "").split(":") if p]
    for share in shares:
        if (share / package).is_dir():
            return share / package
    known = {"pybullet_data", "twincell_description"}
    known |= {p.name for share in shares if share.is_dir() for p in share.iterdir() if p.is_dir()}
    raise AssetError(f"package '{package}' is not installed; {did_you_mean(package, known)}")


def resolve(name: str, relative_to: Path | None = None) -> Path:
    """Find the file that a world or a URDF names.

    Args:
        name: absolute path, relative path, or `package://` or `file://` URI.
        relative_to: the folder of the naming file, tried first for relative paths.

    Returns:
        An absolute path to a file that exists.

    Raises:
        AssetError: there is no such file; the message lists where it was looked for.
    """
    if name.startswith("package://"):
        package, _, rest = name.removeprefix("package://").partition("/")
        tried = [package_root(package) / rest]
    else:
        try:
            path = Path(name.removeprefix("file://")).expanduser()
        except RuntimeError as error:  # a home folder of nobody
            raise AssetError(f"no file '{name}': {error}; valid: a path to a file") from None
        roots = [relative_to] if relative_to is not None else []
        tried = [path] if path.is_absolute() else [r / path for r in [*roots, project_root()]]
    try:
        for candidate in tried:
            if candidate.is_file():
                return candidate.resolve()
        folder = next((c for c in tried if c.is_dir()), None)
        near = {p.name for c in tried if c.parent.is_dir() for p in c.parent.iterdir()}
    except (OSError, ValueError) as error:  # a name too long, a folder that nobody may read
        reason = getattr(error, "strerror", None) or error
        raise AssetError(f"no file '{name:.60}': {reason}; valid: a path to a file") from None
    if folder is not None:
        raise AssetError(f"no file '{name}': '{folder}' is a folder; valid: a path to a file")
    hint = did_you_mean(tried[0].name, near) if len(near) < 40 else ""
    raise AssetError(f"no file '{name}'; looked for {', '.join(map(str, tried))}. {hint}".rstrip())


def mesh_path(name: str, urdf: Path) -> Path:
    """The file that a mesh of a URDF names; a package's own folder above the URDF goes first.

    Raises:
        AssetError: there is no such file.
    """
    if name.startswith("package://"):
        package, _, rest = name.removeprefix("package://").partition("/")
        for folder in urdf.parents:
            if folder.name == package and (folder / rest).is_file():
                return (folder / rest).resolve()
    return resolve(name, urdf.parent)


def world_path(name: str | Path) -> Path:
    """A world file by path, or by bare name (`blade_cell`) from the shipped worlds.

    Raises:
        AssetError: no such file.
    """
    return _shipped(name, project_root() / "worlds", "world")


def line_path(name: str | Path) -> Path:
    """A line file by path, or by bare name (`blade_line`) from the shipped ones.

    Raises:
        AssetError: no such file.
    """
    return _shipped(name, project_root() / "worlds" / "lines", "line")


def _shipped(name: str | Path, folder: Path, what: str) -> Path:
    path, root = Path(name), project_root()
    # a bare name, or a path below the project: another folder's file is not ours of the same name
    bare = path.parent == Path() or root / path.parent == folder
    try:
        if path.is_file():
            return path.resolve()
        for candidate in (folder / path.name, folder / f"{path.name}.yaml") if bare else ():
            if candidate.is_file():
                return candidate.resolve()
        if path.is_dir():
            raise AssetError(f"{name} is a folder; valid: a {what} file")
    except OSError as error:
        raise AssetError(f"{name!s:.60}...: {error.strerror}; valid: a {what} file") from None
    valid = [p.name for p in folder.glob("*.yaml")]
    raise AssetError(f"no {what} file '{name}'; {did_you_mean(path.name, valid)}")


def cache_dir() -> Path:
    """Folder for what can be made again: `$TWINCELL_CACHE`, else `~/.cache/twincell`."""
    root = os.environ.get("TWINCELL_CACHE")
    path = Path(root) if root else Path.home() / ".cache" / "twincell"
    path.mkdir(parents=True, exist_ok=True)
    return path
