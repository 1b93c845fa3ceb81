"""Reads what ARIAC 2025 keeps in files: scripted defects of battery cells, and scoring weights.

The competition of 2025 assembles batteries; its cells may be dented, bulged or scratched. A defect
stands on the side of a cylinder, at an angle and a height. Format: the competition's public
repository (`defects.yaml`, `scoring_weights.yaml`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from twincell.errors import ProductionError, did_you_mean
from twincell.world.source import Loc, Source

__all__ = ["Defect", "DefectSet", "Defects", "Scoring", "read_2025"]

_KINDS: dict[int, Literal["dent", "bulge", "scratch"]] = {1: "dent", 2: "bulge", 3: "scratch"}
_SCORING = ("PENALTIES", "WEIGHTS", "SENSOR_BUDGET", "NOMINAL_INSPECTION_TIME",
            "NOMINAL_HIGH_PRIORITY_EXECUTION_DURATION")  # fmt: skip
_SCRAP = ("GOOD_CELL_IN_INSPECTION_BIN", "CELL_IN_CONVEYOR_BIN")
_STOPS = ("AGV_COLLISION", "ROBOT_COLLISION")


@dataclass(frozen=True)
class Defect:
    """One defect of a cell.

    Attributes:
        kind: dent, bulge or scratch.
        angle: around the cell's axis [rad].
        height: above its foot [m].
    """

    kind: Literal["dent", "bulge", "scratch"]
    angle: float
    height: float


@dataclass(frozen=True)
class DefectSet:
    """What a scripted cell has."""

    number: int
    words: str
    defects: tuple[Defect, ...]


@dataclass(frozen=True)
class Defects:
    """A file of defects: each set is a cell that inspection has to reject."""

    path: Path
    sets: tuple[DefectSet, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Scoring:
    """A file of scoring weights.

    Attributes:
        path: of the file.
        scrap: points that a wrongly discarded cell costs, by the competition's name: what `scrap`
            is in ours.
        inspection: nominal time of a look at a cell [s].
        rush: nominal time of an order of high priority [s].
        notes: what has no counterpart.
    """

    path: Path
    scrap: dict[str, float]
    inspection: float
    rush: float
    notes: tuple[str, ...]


def read_2025(path: Path) -> Defects | Scoring | None:
    """Read a file of 2025; None where it is a trial of 2023, or neither.

    Raises:
        ProductionError: line, key, what is given and what would be valid.
        WorldError: the file cannot be read or is no YAML.
    """
    source = Source.read(path, number_keys=True)
    top: Any = source.value
    if not isinstance(top, dict) or not top or "orders" in top:
        return None
    if any(key in _SCORING for key in top):
        return _scoring(path, source, top)
    if all(str(key).isdecimal() for key in top):
        return _defects(path, source, top)
    return None


def _fail(source: Source, loc: Loc, text: str) -> ProductionError:
    return ProductionError(source.fault(loc, text))


def _number(source: Source, loc: Loc, value: Any, low: float = -math.inf) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not math.isfinite(value) or value < low:
        above = "" if low == -math.inf else f" from {low:g} on"
        raise _fail(source, loc, f"given {value!r:.40}; valid: a finite number{above}")
    return float(value)


def _defects(path: Path, source: Source, top: dict[Any, Any]) -> Defects:
    sets: list[DefectSet] = []
    notes: list[str] = []
    for number, given in top.items():
        loc: Loc = (str(number),)
        if not isinstance(given, dict) or not isinstance(given.get("defects"), list):
            raise _fail(source, loc, f"given {given!r:.40}; valid: a mapping with 'defects'")
        found = []
        for i, row in enumerate(given["defects"]):
            here: Loc = (*loc, "defects", i)
            if not isinstance(row, list) or len(row) != 3:
                raise _fail(source, here, f"given {row!r:.40}; valid: [type, angle, height]")
            if not isinstance(row[0], int) or row[0] not in _KINDS:
                raise _fail(source, here, f"type {row[0]!r:.40}; valid: 1 dent, 2 bulge, 3 scratch")
            angle = _number(source, (*here, 1), row[1])
            found.append(Defect(_KINDS[row[0]], angle, _number(source, (*here, 2), row[2], 0.0)))
        notes += [
            f"line {source.line((*loc, str(key)))}: '{key}' is not read"
            for key in given
            if key not in ("desc", "defects")
        ]
        sets.append(DefectSet(int(number), str(given.get("desc", "")), tuple(found)))
    notes.append(
        "cells are cylinders and parts here are blades: a set tells which cell is to be rejected; "
        "dents, bulges and scratches have no depth in the file, so that no flaw is cut"
    )
    return Defects(path, tuple(sets), tuple(notes))


def _scoring(path: Path, source: Source, top: dict[Any, Any]) -> Scoring:
    notes = []
    for key in top:
        if key not in _SCORING:
            line = source.line((key,))
            notes.append(f"line {line}: '{key}' is not read; {did_you_mean(str(key), _SCORING)}")
    for key in _SCORING:
        if key not in top:
            raise _fail(source, (), f"'{key}' is missing")
    for key in ("PENALTIES", "WEIGHTS"):
        if not isinstance(top[key], dict):
            raise _fail(source, (key,), f"given {top[key]!r:.40}; valid: a mapping")
    penalties = {
        str(name): _number(source, ("PENALTIES", name), value, 0.0)
        for name, value in top["PENALTIES"].items()
    }
    for name in penalties:
        if name in _SCRAP:
            continue
        line = source.line(("PENALTIES", name))
        why = "a collision stops our arms" if name in _STOPS else "there is no such fault here"
        notes.append(f"line {line}: penalty {name} has no counterpart: {why}")
    weights = [str(w) for w in top["WEIGHTS"]]
    notes.append(
        f"line {source.line(('WEIGHTS',))}: weights {', '.join(weights)} of the score's terms have "
        "no counterpart: ours counts money"
    )
    notes.append(
        f"line {source.line(('SENSOR_BUDGET',))}: the sensors' budget has no counterpart: the "
        "world file places sensors"
    )
    return Scoring(
        path,
        {name: penalties[name] for name in _SCRAP if name in penalties},
        _number(source, ("NOMINAL_INSPECTION_TIME",), top["NOMINAL_INSPECTION_TIME"], 0.0),
        _number(source, (_SCORING[-1],), top[_SCORING[-1]], 0.0),
        tuple(notes),
    )
