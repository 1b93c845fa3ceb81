"""Materials by their spectra: readings of a multispectral LiDAR, classified in cross-validation.

The classifier is a least-squares support vector machine with a Gaussian kernel, one class against
the others (Suykens and Vandewalle, Neural Processing Letters 9 (1999) 293), on standardised
features. Where only some bands may be used they are chosen one after the other, each time the one
that serves a quadratic discriminant (one Gaussian a class) best in a cross-validation within the
training readings: those that are tested never choose.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twincell.errors import InspectionError, did_you_mean

__all__ = ["CHANNELS", "Readings", "Score", "cross_validate", "macro_f1", "read_readings"]

F32 = NDArray[np.float32]
I64 = NDArray[np.int64]

CHANNELS = {"R": "reflectance", "d": "distance", "DoLP": "degree of linear polarisation"}
"""Tables by the names of their files."""
FOLDS = 10
_INNER = 4
_RIDGE = 0.02
"""Regularisation of the machine: share of a kernel's value at no distance."""
_SHRINK = 0.02
"""Regularisation of a discriminant's covariances: share of the standardised features' variance."""
_CLASS, _SPECIMEN = "Material class", "Material specimen"


@dataclass(frozen=True)
class Readings:
    """Readings of several channels.

    Attributes:
        wavelengths: of the bands, shape (b,) [nm].
        channels: by name, each of shape (n, b).
        materials: class of each reading, shape (n,).
        specimens: number of the piece that each was taken from, shape (n,).
    """

    wavelengths: F32
    channels: dict[str, F32]
    materials: I64
    specimens: I64


@dataclass(frozen=True)
class Score:
    """Of one set of channels and number of bands.

    Attributes:
        channels: that were used.
        bands: how many, in each fold chosen anew; all where it is the number of all.
        f1: mean over classes, all folds' predictions together.
        chosen: bands of each fold [nm].
    """

    channels: tuple[str, ...]
    bands: int
    f1: float
    chosen: tuple[tuple[float, ...], ...]


def read_readings(folder: Path) -> Readings:
    """Read a folder of `R.csv` and, where there are any, `d.csv` and `DoLP.csv`.

    Semicolons part the columns; those whose heads are numbers are bands [nm].

    Raises:
        InspectionError: no such folder or file, a cell that is no number, tables that differ.
    """
    names = {p.stem: p for p in sorted(folder.glob("*.csv"))} if folder.is_dir() else {}
    if "R" not in names:
        near = did_you_mean("R.csv", [p.name for p in names.values()]) if names else ""
        raise InspectionError(
            f"{folder}: given: {'no R.csv' if folder.is_dir() else 'no folder'}; valid: a folder "
            f"with R.csv (d.csv and DoLP.csv beside it may be) {near}".rstrip()
        )
    channels: dict[str, F32] = {}
    first: tuple[F32, I64, list[str]] | None = None
    for name in CHANNELS:
        if name not in names:
            continue
        bands, values, materials, specimens = _table(names[name])
        if first is None:
            first = bands, materials, specimens
        elif not (
            np.array_equal(first[0], bands)
            and np.array_equal(first[1], materials)
            and first[2] == specimens
        ):
            raise InspectionError(
                f"{names[name]}: given: other bands, classes or specimens than in "
                f"{names['R'].name}; valid: the same readings in the same order"
            )
        channels[name] = values
    if first is None:  # not reached: R is there
        raise InspectionError(f"{folder}: no table")
    pieces = {s: i for i, s in enumerate(dict.fromkeys(first[2]))}
    return Readings(first[0], channels, first[1], np.array([pieces[s] for s in first[2]]))


def _table(path: Path) -> tuple[F32, F32, I64, list[str]]:
    """Bands, values, classes and specimens of one file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, delimiter=";"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InspectionError(
            f"{path}: given: not readable ({error}); valid: a CSV table"
        ) from None
    head = rows[0] if rows else []
    columns = [i for i, word in enumerate(head) if _number(word) is not None]
    if not columns or _CLASS not in head or len(rows) < 2:
        raise InspectionError(
            f"{path}: line 1: given: {len(columns)} bands, "
            f"{'a' if _CLASS in head else 'no'} column '{_CLASS}', {max(len(rows) - 1, 0)} "
            "readings; valid: bands in nm as heads, that column, readings below"
        )
    values, materials, specimens = [], [], []
    for number, row in enumerate(rows[1:], 2):
        if not row:
            continue
        if len(row) != len(head):
            raise InspectionError(
                f"{path}: line {number}: given: {len(row)} columns; valid: {len(head)}, as above"
            )
        for i in [*columns, head.index(_CLASS)]:
            if _number(row[i]) is None:
                raise InspectionError(
                    f"{path}: line {number}, column '{head[i]}': given: '{row[i]}'; valid: a number"
                )
        values.append([float(row[i]) for i in columns])
        materials.append(int(float(row[head.index(_CLASS)])))
        specimens.append(row[head.index(_SPECIMEN)] if _SPECIMEN in head else str(number))
    bands = np.array([float(head[i]) for i in columns], np.float32)
    return bands, np.array(values, np.float32), np.array(materials), specimens


def _number(word: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(word)
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def cross_validate(
    readings: Readings, channels: Sequence[str], bands: int, seed: int, apart: bool = False
) -> Score:
    """Classify every reading by a classifier that has not seen it.

    Args:
        readings: at least one of each fold and class.
        channels: names of those to use.
        bands: how many may be used; all where it is not below their number.
        seed: of the folds.
        apart: keep all readings of a specimen in one fold.

    Raises:
        InspectionError: unknown channels, no band, or too few readings.
    """
    for name in channels:
        if name not in readings.channels:
            raise InspectionError(f"channel '{name}'; {did_you_mean(name, readings.channels)}")
    n, total = len(readings.materials), len(readings.wavelengths)
    if bands < 1 or n < 2 * FOLDS or len(np.unique(readings.materials)) < 2:
        raise InspectionError(
            f"{n} readings of {len(np.unique(readings.materials))} materials, {bands} bands; "
            f"valid: at least {2 * FOLDS} of 2 materials, 1 band"
        )
    rng = np.random.default_rng(seed)
    groups = readings.specimens if apart else np.arange(n)
    folds = _folds(readings.materials, groups, FOLDS, rng)
    predicted = np.zeros(n, np.int64)
    chosen = []
    for fold in range(FOLDS):
        test = folds == fold
        if not test.any():
            continue
        used = list(range(total))
        if bands < total:
            used = _choose(readings, channels, bands, ~test, groups, rng)
        x = _features(readings, channels, used)
        predicted[test] = _predict(x[~test], readings.materials[~test], x[test])
        chosen.append(tuple(float(readings.wavelengths[b]) for b in used))
    f1 = macro_f1(readings.materials, predicted)
    return Score(tuple(channels), min(bands, total), f1, tuple(chosen))


def _choose(
    readings: Readings,
    channels: Sequence[str],
    bands: int,
    training: NDArray[np.bool_],
    groups: I64,
    rng: np.random.Generator,
) -> list[int]:
    """Bands, one after the other, by an inner cross-validation."""
    y = readings.materials[training]
    inner = _folds(y, groups[training], _INNER, rng)
    used: list[int] = []
    for _ in range(bands):
        scores = {}
        for band in range(len(readings.wavelengths)):
            if band in used:
                continue
            x = _features(readings, channels, [*used, band])[training]
            guess = np.zeros(len(y), np.int64)
            for fold in range(_INNER):
                test = inner == fold
                if test.any() and not test.all():
                    guess[test] = _discriminate(x[~test], y[~test], x[test])
            scores[band] = macro_f1(y, guess)
        used.append(max(scores, key=lambda b: scores[b]))
    return used


def _features(readings: Readings, channels: Sequence[str], bands: Sequence[int]) -> F32:
    """Values of channels at bands, shape (n, channels x bands)."""
    return np.concatenate([readings.channels[c][:, list(bands)] for c in channels], axis=1)


def _predict(x: F32, y: I64, new: F32) -> I64:
    """Train the machine on (x, y), shapes (n, k) and (n,), and classify others."""
    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    a, b = (x - mean) / spread, (new - mean) / spread
    classes, which = np.unique(y, return_inverse=True)
    targets = np.where(which[:, None] == np.arange(len(classes)), 1.0, -1.0)
    kernel = _gauss(a, a) + _RIDGE * np.eye(len(a))
    # the bias b and the weights w of [0 1'; 1 K] [b; w] = [0; y], by elimination
    solved = np.linalg.solve(kernel, np.column_stack([np.ones(len(a)), targets]))
    ones, fitted = solved[:, :1], solved[:, 1:]
    bias = fitted.sum(axis=0) / ones.sum()
    weights = fitted - ones * bias
    return np.asarray(classes[np.argmax(_gauss(b, a) @ weights + bias, axis=1)], np.int64)


def _gauss(a: F32, b: F32) -> NDArray[np.float64]:
    """Kernel exp(-|a - b|^2 / k) of features, shape (len(a), len(b)); k is their number."""
    distance = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.exp(-np.maximum(distance, 0) / a.shape[1]), float)


def _discriminate(x: F32, y: I64, new: F32) -> I64:
    """Classify by one Gaussian a class (Fisher's quadratic discriminant)."""
    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    a, b = (x - mean) / spread, (new - mean) / spread
    classes = np.unique(y)
    scores = []
    for material in classes:
        own = a[y == material]
        # one reading has no spread of its own
        cov = np.cov(own.T) if len(own) > 1 else np.zeros((a.shape[1],) * 2)
        cov = np.atleast_2d(cov) + _SHRINK * np.eye(a.shape[1])
        off = b - own.mean(axis=0)
        distance = (off @ np.linalg.inv(cov) * off).sum(axis=1)
        scores.append(np.log(len(own)) - distance / 2 - np.linalg.slogdet(cov)[1] / 2)
    return np.asarray(classes[np.argmax(scores, axis=0)], np.int64)


def _folds(y: I64, groups: I64, number: int, rng: np.random.Generator) -> I64:
    """Number of the fold of each reading; classes are spread evenly, groups stay together."""
    folds = np.zeros(len(y), np.int64)
    offset = 0
    for material in np.unique(y):
        members = rng.permutation(np.unique(groups[y == material]))
        for i, group in enumerate(members):
            folds[(groups == group) & (y == material)] = (i + offset) % number
        offset += len(members)
    return folds


def macro_f1(truth: I64, predicted: I64) -> float:
    """Mean over classes of 2 TP / (2 TP + FP + FN)."""
    scores = []
    for material in np.unique(truth):
        is_, said = truth == material, predicted == material
        hits = int((is_ & said).sum())
        scores.append(2 * hits / max(int(is_.sum() + said.sum()), 1))
    return float(np.mean(scores))
