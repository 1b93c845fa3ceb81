"""Steps a second of twincell/Reach-v0, beside panda-gym's PandaReach-v3: same robot, 25 Hz control.

panda-gym is installed for this benchmark only: `pip install --no-deps --target FOLDER panda-gym`,
then `PYTHONPATH=FOLDER make bench-envs`; without it our figures stand alone. Random actions, dense
rewards, all in one process on one thread, in turns in the same run. What the free arms leave out is
contacts; the errors printed are those of joint positions along 25 periods of random Cartesian
actions that saturate the motors, from Bullet at 2,500 Hz with 500 solver iterations.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from figures import figure, report

import twincell.envs  # noqa: F401  (registers)

_ROUNDS = 3
_FINE = {"substeps": 100, "iterations": 500}


def one(name: str, steps: int, **options: Any) -> Callable[[], float]:
    """Steps a second of one environment."""
    env = gym.make(name, **options)
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (steps, *env.action_space.shape)).astype(np.float32)

    def run() -> float:
        env.reset(seed=0)
        start = time.perf_counter()
        for action in actions:
            *_, terminated, truncated, _ = env.step(action)
            if terminated or truncated:
                env.reset()
        return steps / (time.perf_counter() - start)

    return run


def many(count: int, steps: int, **options: Any) -> Callable[[], float]:
    """Steps a second of the vector environment, all arms together."""
    env = gym.make_vec(
        "twincell/Reach-v0", count, vectorization_mode="vector_entry_point", **options
    )
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (steps, count, 3)).astype(np.float32)

    def run() -> float:
        env.reset(seed=0)
        start = time.perf_counter()
        for action in actions:
            env.step(action)
        return count * steps / (time.perf_counter() - start)

    return run


def joints(**options: Any) -> np.ndarray:
    """Joint positions after each of 25 periods, of four seeds, shape (4, 25, 7)."""
    env, rows = gym.make("twincell/Reach-v0", **options), []
    for seed in range(4):
        env.reset(seed=seed)
        actions = np.random.default_rng(seed).uniform(-1, 1, (25, 3)).astype(np.float32)
        rows.append([env.step(a)[0]["observation"][:7] for a in actions])
    env.close()
    return np.array(rows)


def main() -> None:
    """Measure and report."""
    runs = {
        "Bullet, one arm": one("twincell/Reach-v0", 2000),
        "Bullet, 8 arms in one process": many(8, 250),
        "free, one arm": one("twincell/Reach-v0", 4000, physics="free"),
        "free, 256 arms in one process": many(256, 60, physics="free"),
    }
    targets = dict(zip(runs, (3.0, 6.0, 3.0, 30.0), strict=True))
    peer = None
    if importlib.util.find_spec("panda_gym") is not None:
        __import__("panda_gym")
        peer = one("PandaReach-v3", 500, reward_type="dense")
    rates: dict[str, list[float]] = {name: [] for name in runs}
    others: list[float] = []
    for run in [*runs.values(), *([peer] if peer else [])]:
        run()
    for _ in range(_ROUNDS):
        for name, run in runs.items():
            rates[name].append(run())
        if peer:
            others.append(peer())
    base = float(np.median(others)) if others else None
    rows = [
        figure(
            name, float(np.median(values)), "steps/s", "panda-gym PandaReach-v3", base,
            targets[name] * (base or 1400.0), less_is_better=False,
        )
        for name, values in rates.items()
    ]  # fmt: skip
    truth, bullet, free = joints(**_FINE), joints(), joints(physics="free")
    finer = joints(physics="free", substeps=100)
    for what, gap in (
        ("Bullet, from the fine reference", bullet - truth),
        ("free at its rate, from the fine reference", finer - truth),
        ("free, from Bullet", free - bullet),
    ):
        worst = float(abs(gap).max()) * 1e3
        typical = float(np.median(abs(gap))) * 1e3
        print(f"{what}: worst {worst:.3g} mrad, median {typical:.3g} mrad")
    report("envs", rows)


if __name__ == "__main__":
    main()
