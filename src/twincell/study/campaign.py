"""A study's blades on all cores, resumable: each is a line of a file as soon as it is judged."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from twincell.errors import StudyError
from twincell.geometry.catalogue import part_digest
from twincell.study.design import Case, Design
from twincell.study.trial import FlawRow, Trial, try_blade
from twincell.world.load import load_world

__all__ = ["TRIALS", "carry_out"]

TRIALS = "trials.jsonl"
"""Name of the file: the design on the first line, then one blade a line."""

Progress = Callable[[int, int], None]


def _silent(_done: int, _all: int) -> None:
    """Nobody looks."""


def carry_out(
    design: Design,
    path: Path,
    out: Path,
    workers: int | None = None,
    progress: Progress = _silent,
) -> tuple[Trial, ...]:
    """Judge all blades of a study that `out` does not hold yet.

    Args:
        design: of the study.
        path: the world file.
        out: folder for `TRIALS`.
        workers: processes; one a core without it.
        progress: told of blades done and blades in all.

    Returns:
        All trials, in the order of cases and blades, however they came.

    Raises:
        StudyError: the folder holds another study, or a file that is none.
    """
    out.mkdir(parents=True, exist_ok=True)
    file = out / TRIALS
    known = {(t.case, t.blade): t for t in _resume(file, design, path)}
    blades = range(design.blades + design.free)
    wanted = [(case, blade) for blade in blades for case in design.cases]
    left = [(case, blade) for case, blade in wanted if (case.name, blade) not in known]
    progress(len(known), len(wanted))
    if left:
        with file.open("a", encoding="utf-8") as log:
            for trial in _judged(design, path, left, workers or os.cpu_count() or 1):
                log.write(json.dumps(asdict(trial)) + "\n")
                log.flush()
                known[trial.case, trial.blade] = trial
                progress(len(known), len(wanted))
    return tuple(known[case.name, blade] for case in design.cases for blade in blades)


def _judged(
    design: Design, path: Path, left: list[tuple[Case, int]], workers: int
) -> Iterator[Trial]:
    """Trials as they come."""
    if workers == 1:
        for case, blade in left:
            yield try_blade(design, path.parent, path, case, blade)
        return
    # spawned: forked children of a process with threads may hang
    context = multiprocessing.get_context("spawn")
    with _one_thread(), ProcessPoolExecutor(workers, context) as pool:
        pending = [pool.submit(try_blade, design, path.parent, path, c, b) for c, b in left]
        try:
            for future in as_completed(pending):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _one_thread() -> Iterator[None]:
    """Processes started within use one thread each: a process a core leaves no room for more."""
    names = [f"{library}_NUM_THREADS" for library in ("OMP", "OPENBLAS", "MKL")]
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _resume(file: Path, design: Design, path: Path) -> Iterable[Trial]:
    """Trials of an earlier run of the same study; a line that was cut off is dropped."""
    header: dict[str, Any] = {
        "design": design.to_dict(),
        "world_file": path.read_text(encoding="utf-8"),
        "part": part_digest(load_world(path).part, path.parent),
    }
    if not file.exists():
        part = file.with_suffix(".part")
        part.write_text(json.dumps(header) + "\n", encoding="utf-8")
        part.replace(file)
        return []
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
        given = json.loads(lines[0])
        known = {key: given[key] for key in header}
    except (ValueError, KeyError, TypeError):
        raise StudyError(
            f"{file}: line 1: given: no design; valid: a file of this command"
        ) from None
    if known != header:
        other = [
            f"{key}: given: {value}, there: {known['design'].get(key)}"
            for key, value in header["design"].items()
            if known["design"].get(key) != value
        ]
        for key, what in (("world_file", "world file"), ("part", "mesh of its part")):
            other += [f"{what}: has changed"] if known[key] != header[key] else []
        raise StudyError(
            f"{file}: holds another study ({'; '.join(other)}); valid: the same design to go on, "
            "or another --out"
        )
    trials = []
    for number, line in enumerate(lines[1:-1], 2):
        try:
            data = json.loads(line)
            flaws = tuple(FlawRow(**row) for row in data.pop("flaws"))
            trials.append(Trial(**data, flaws=flaws))
        except (ValueError, KeyError, TypeError):
            raise StudyError(
                f"{file}: line {number}: given: no trial; valid: what this command wrote; remove "
                "the line to have the blade judged again"
            ) from None
    if lines[-1]:
        with file.open("r+b") as whole:
            whole.truncate(len("\n".join(lines[:-1]).encode()) + 1)
    return trials
