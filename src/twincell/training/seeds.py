"""All seeds of a training: on this machine's cores, or over a Ray cluster."""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from twincell.errors import TrainingError
from twincell.training.records import DESIGN, RESULT, read_design
from twincell.training.settings import EPOCHS, Settings
from twincell.training.trainer import STATES, largest_seed, prove, train_seed

__all__ = ["train_seeds"]

Progress = Callable[[int, int], None]


def train_seeds(
    settings: Settings,
    seeds: list[int],
    out: Path,
    episodes: int,
    workers: int | None = None,
    ray: str | None = None,
    progress: Progress = lambda _done, _all: None,
) -> list[dict[str, Any]]:
    """Train each seed that `out` does not hold yet; a training that was cut off goes on.

    Args:
        settings: of the training.
        seeds: roots of chance.
        out: folder; gets `DESIGN` and `seed_N` for each.
        episodes: by which each policy is judged.
        workers: processes; one a core without it, at most one a seed.
        ray: address of a cluster, or `local`; seeds go there, and their files come back once they
            are trained to their ends: a seed that was cut off there begins anew.
        progress: told of steps done and steps in all.

    Returns:
        The results of `train_seed`, in the order of `seeds`.

    Raises:
        TrainingError: `out` holds another training, settings that the algorithm refuses, a seed
            that is too large, or no cluster answers.
        EnvError: options that the environment refuses.
    """
    most = largest_seed(episodes)
    if max(seeds) > most:
        raise TrainingError(
            f"seed {max(seeds)} with {episodes} episodes; valid: 0 to {most}, so that no episode "
            "that judges is trained on"
        )
    _claim(settings, episodes, out)
    total = settings.steps * len(seeds)
    done = dict.fromkeys(seeds, 0)

    def tell(seed: int, steps: int) -> None:
        done[seed] = steps
        progress(sum(done.values()), total)

    if ray is not None:
        return _over_ray(settings, seeds, out, episodes, ray, tell)
    count = min(workers or os.cpu_count() or 1, len(seeds))
    if count == 1:
        return [
            train_seed(settings, s, out / f"seed_{s}", episodes, lambda n, s=s: tell(s, n))  # type: ignore[misc]
            for s in seeds
        ]
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    with ProcessPoolExecutor(count, context) as pool:
        futures = [pool.submit(train_seed, settings, s, out / f"seed_{s}", episodes) for s in seeds]
        try:
            left = set(futures)
            while left:
                ended, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
                for seed in seeds:
                    tell(seed, _steps_of(out / f"seed_{seed}"))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return [future.result() for future in futures]


def _claim(settings: Settings, episodes: int, out: Path) -> None:
    """Write what this training is, or see that the folder holds the same.

    A folder in which no seed has come to a checkpoint is claimed anew.
    """
    design = json.loads(json.dumps({**settings.to_dict(), "episodes": episodes}))
    file = out / DESIGN
    begun = any(any(out.glob(f"seed_*/{name}")) for name in (RESULT, *STATES))
    if begun and file.is_file():
        before = {"warm_epochs": EPOCHS, **read_design(out)}
        for key, value in design.items():
            if before.get(key) != value:
                raise TrainingError(
                    f"{file}: {key} there is {before.get(key)!r}, given: {value!r}; "
                    "valid: the same to go on, or another --out"
                )
        return
    prove(settings)
    out.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(design, indent=1) + "\n", encoding="utf-8")
    part.replace(file)


def _steps_of(folder: Path) -> int:
    """Steps that a seed has behind it, by its last checkpoint or its result."""
    for file in (folder / RESULT, folder / "checkpoint" / "state.json"):
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # between two checkpoints
        return int(found["steps"] if "steps" in found else found["curve"][-1][0])
    return 0


def _elsewhere(settings: Settings, seed: int, episodes: int) -> dict[str, bytes]:
    """One seed on a machine that shares no disk: its files, whole."""
    with tempfile.TemporaryDirectory() as folder:
        train_seed(settings, seed, Path(folder), episodes)
        kept = [p for p in Path(folder).rglob("*") if p.is_file()]
        return {str(p.relative_to(folder)): p.read_bytes() for p in kept}


def _bring(files: dict[str, bytes], folder: Path) -> None:
    """Write a seed's files, each whole or not at all; where `RESULT` is, all others are."""
    for name in sorted(files, key=lambda name: name == RESULT):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.part")
        part.write_bytes(files[name])
        part.replace(file)


def _over_ray(
    settings: Settings,
    seeds: list[int],
    out: Path,
    episodes: int,
    address: str,
    tell: Callable[[int, int], None],
) -> list[dict[str, Any]]:
    import ray

    given: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error", **given)
    except (ConnectionError, RuntimeError, ValueError) as fault:
        raise TrainingError(
            f"--ray '{address}': {fault}; valid: the address of a running cluster, or 'local'"
        ) from None
    try:
        task = ray.remote(num_cpus=1)(_elsewhere)
        pending = {
            task.remote(settings, seed, episodes): seed
            for seed in seeds
            if not (out / f"seed_{seed}" / RESULT).is_file()
        }
        while pending:
            ended, _ = ray.wait(list(pending), num_returns=1)
            seed = pending.pop(ended[0])
            _bring(ray.get(ended[0]), out / f"seed_{seed}")
            tell(seed, settings.steps)
    finally:
        ray.shutdown()
    return [train_seed(settings, s, out / f"seed_{s}", episodes) for s in seeds]
