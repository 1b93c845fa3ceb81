"""Photographs and truths as files: what is read, what goes with what, what is refused."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from glob import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from twincell.errors import InspectionError

__all__ = ["Truth", "find_photographs", "find_truth", "read_photograph", "read_truth"]

_PHOTOGRAPHS = (".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".png")
_TRUTHS = (".png", ".mat", ".bmp", ".tif", ".tiff")
_SMALLEST = 16
"""Least edge of a photograph [px]."""
_EDGE = 204
"""Grey value by which labelled masks mark an edge that is no crack."""

Truth = tuple[NDArray[np.bool_], NDArray[np.bool_]]
"""True on cracks (h, w), true on edges that are no cracks (h, w)."""


def find_photographs(folder: Path, apart: Collection[Path] = ()) -> list[Path]:
    """All photographs beneath `folder`, sorted.

    A PNG beside a JPEG of the same name is that photograph's mask, and left out.

    Args:
        folder: searched deeply.
        apart: folders within it that hold no photographs: of truths, of what is written.

    Raises:
        InspectionError: no such folder, or no photograph in it.
    """
    if not folder.is_dir():
        raise InspectionError(f"{folder}: given: no folder; valid: a folder of photographs")
    inside = [a.resolve() for a in apart if a.resolve() != folder.resolve()]
    found = sorted(
        p
        for p in folder.rglob("*")
        if p.suffix.lower() in _PHOTOGRAPHS
        and p.is_file()
        and not any(a in p.resolve().parents for a in inside)
    )
    taken = {p.with_suffix("") for p in found if p.suffix.lower() in (".jpg", ".jpeg")}
    found = [p for p in found if p.suffix.lower() != ".png" or p.with_suffix("") not in taken]
    if not found:
        valid = ", ".join(_PHOTOGRAPHS)
        raise InspectionError(f"{folder}: given: no photograph; valid: files ending in {valid}")
    return found


def find_truth(photograph: Path, folder: Path, truths: Path) -> Path | None:
    """The mask of one photograph: same path below `truths`, or the same name at its top."""
    inner = photograph.relative_to(folder)
    for base in (truths / inner, truths / inner.name):
        if not base.parent.is_dir():
            continue
        alike = base.parent.glob(f"{escape(base.stem)}.*")
        known = {p.suffix.lower(): p for p in alike if p.stem == base.stem}
        for suffix in _TRUTHS:
            path = known.get(suffix)
            if path is not None and path.is_file() and path.resolve() != photograph.resolve():
                return path
    return None


def read_photograph(path: Path) -> NDArray[np.float32]:
    """Grey values (h, w), 0 to 255, of a grey, colour or 16-bit picture.

    Raises:
        InspectionError: the file is no picture, is truncated, is smaller than 16 px, or has values
            that are not finite.
    """
    picture = _open(path)
    if min(picture.size) < _SMALLEST:
        size, least = "×".join(map(str, picture.size)), f"{_SMALLEST}×{_SMALLEST}"
        raise InspectionError(f"{path}: given: {size} px; valid: at least {least} px")
    if not picture.mode.startswith(("I", "F")):
        return np.asarray(picture.convert("RGB").convert("L"), np.float32)
    deep = np.asarray(picture, np.float32)
    wrong = int((~np.isfinite(deep)).sum())
    if wrong:
        raise InspectionError(
            f"{path}: given: {wrong} of {deep.size} pixels NaN or infinite; valid: finite ones"
        )
    # 16 bits fill their range by definition; floats and 12 bits say by their largest value.
    return deep * np.float32(255.0 / max(float(deep.max()), 1.0))


def read_truth(path: Path, shape: tuple[int, ...]) -> Truth:
    """The truth of one photograph, of `shape` (h, w).

    Masks are white on cracks; where a picture knows the level 204, that is an edge and 255 a crack.
    MATLAB files hold `groundTruth.Segmentation`; its labels 2 and 4 are cracks.

    Raises:
        InspectionError: unreadable, or of another size than the photograph.
    """
    if path.suffix.lower() == ".mat":
        from scipy.io import loadmat

        try:
            labels = np.asarray(loadmat(str(path))["groundTruth"]["Segmentation"][0, 0])
        except Exception as error:  # scipy raises whatever the broken bytes lead it to
            told = " ".join(f"{error}".split()) or type(error).__name__
            raise InspectionError(
                f"{path}: given: no groundTruth.Segmentation ({told}); valid: a MATLAB 5 file "
                "with it"
            ) from None
        crack, edge = np.isin(labels, (2, 4)), np.zeros(labels.shape, bool)
    else:
        grey = np.asarray(_open(path).convert("RGB").convert("L"))
        levels = np.unique(grey)
        labelled = len(levels) <= 4 and _EDGE in levels
        crack = grey == 255 if labelled else grey > 127
        edge = (grey == _EDGE) & labelled
    if crack.shape != tuple(shape):
        raise InspectionError(
            f"{path}: given: mask of {'×'.join(map(str, crack.shape[::-1]))} px; valid: "
            f"{shape[1]}×{shape[0]} px as its photograph"
        )
    return crack, edge


def _open(path: Path) -> Image.Image:
    try:
        with warnings.catch_warnings(action="error", category=UserWarning):
            # Odd metadata hurts no pixel; all else that Pillow warns users of does.
            for harmless in ("Corrupt EXIF", "Metadata Warning", "Tag data larger"):
                warnings.filterwarnings("ignore", harmless)
            with Image.open(path) as picture:
                picture.load()
                return picture.copy()
    except UnidentifiedImageError:
        raise InspectionError(f"{path}: given: no picture; valid: JPEG, PNG, BMP or TIFF") from None
    except Exception as error:  # Pillow raises whatever the broken bytes lead it to
        given = " ".join(f"{error}".split()) or type(error).__name__
        raise InspectionError(f"{path}: given: {given}; valid: a whole, readable picture") from None
