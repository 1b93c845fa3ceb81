"""The same policy and the same goals in its environment and in the ROS cell."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twincell.stack.alone import run_alone
from twincell.stack.specs import NodeSpec, ParameterValue
from twincell.training.pilot import pilot_of
from twincell.training.trials import CONDITIONS, Tally, Trial, in_environment, tally

__all__ = ["Loop", "Side", "run_transfer", "transfer"]


@dataclass(frozen=True)
class Loop:
    """The policy's loop in the cell, of all motions.

    Attributes:
        steps: how many.
        period: median time between steps [s of wall time].
        jitter: 99th percentile of how far that was from the wanted period [s of wall time].
        inference: median time from the joints that were heard to the answer [s of wall time].
        latency: 99th percentile of the time from a joint state until its answer was followed [s of
            simulation].
    """

    steps: int
    period: float
    jitter: float
    inference: float
    latency: float


@dataclass(frozen=True)
class Side:
    """One condition, side by side.

    Attributes:
        condition: of `training.trials.CONDITIONS`.
        environment: what came of it there.
        cell: and here.
        only_environment: goals that were reached there alone.
        only_cell: and here alone.
        loop: of the policy here.
    """

    condition: str
    environment: Tally
    cell: Tally
    only_environment: int
    only_cell: int
    loop: Loop


def run_transfer(
    path: Path,
    arm: str,
    goals: Mapping[str, list[Trial]],
    seed: int,
    out: Path,
    echo: Callable[[NodeSpec, str], None],
    rate: float = 100.0,
) -> dict[str, dict[str, Any]]:
    """Have the cell's policy lead an arm to goals, from home each time.

    Args:
        path: of the world file.
        arm: with a policy there.
        goals: trials whose goals are wanted, by condition.
        seed: root of all chance.
        out: folder of the run.
        echo: called with each line.
        rate: of the policy's loop [Hz of wall time].

    Returns:
        By condition: `trials`, `intervals`, `inferences`, `latencies`.

    Raises:
        TwincellError: it did not get to its end.
    """
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    wanted = {name: [t.goal for t in trials] for name, trials in goals.items()}
    (out / "goals.json").write_text(json.dumps(wanted), encoding="utf-8")
    file = out / "cell.json"
    file.unlink(missing_ok=True)
    given: dict[str, ParameterValue] = {
        "world": str(path),
        "seed": seed,
        "arm": arm,
        "out": str(out),
        "rate": rate,
    }
    found: dict[str, dict[str, Any]] = json.loads(run_alone("transfer", given, out, file, echo))
    for row in found.values():
        row["trials"] = [Trial(**{**t, "goal": tuple(t["goal"])}) for t in row["trials"]]
    return found


def transfer(
    path: Path,
    arm: str,
    episodes: int,
    seed: int,
    out: Path,
    echo: Callable[[NodeSpec, str], None],
    rate: float = 100.0,
) -> list[Side]:
    """Judge a policy in its environment and in the ROS cell.

    Args:
        path: of the world file.
        arm: with a policy there.
        episodes: goals under each condition.
        seed: of the first episode, and of the cell.
        out: folder of the run; gets `transfer.json`.
        echo: called with each line.
        rate: of the policy's loop in the cell [Hz of wall time].

    Raises:
        TrainingError: an arm without a policy, or with one for something else.
        TwincellError: the cell did not get to its end.
    """
    policy = pilot_of(path, arm).policy
    there = {
        name: in_environment(policy, episodes, seed, name, world=str(path), arm=arm)
        for name in CONDITIONS
    }
    here = run_transfer(path, arm, there, seed, out, echo, rate)
    sides = []
    for name, trials in there.items():
        both = list(zip(trials, here[name]["trials"], strict=True))
        sides.append(
            Side(
                name,
                tally(trials),
                tally(here[name]["trials"]),
                sum(a.reached and not b.reached for a, b in both),
                sum(b.reached and not a.reached for a, b in both),
                _loop(here[name], rate),
            )
        )
    (out / "transfer.json").write_text(
        json.dumps([asdict(s) for s in sides], indent=1), encoding="utf-8"
    )
    return sides


def _loop(row: Mapping[str, Any], rate: float) -> Loop:
    intervals = np.array(row["intervals"])
    return Loop(
        len(row["inferences"]),
        float(np.median(intervals)),
        float(np.percentile(np.abs(intervals - 1.0 / rate), 99)),
        float(np.median(row["inferences"])),
        float(np.percentile(row["latencies"], 99)),
    )
