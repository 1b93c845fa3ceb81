"""A warm start: a new policy first imitates a scripted way, then learns by itself.

DAgger (Ross, Gordon and Bagnell, 2011): the scripted way acts in the first of eight rounds, then
the policy does and the scripted way tells what it would have done there; after each round the
policy is fitted to all that was told so far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from twincell.training.teachers import Teacher

__all__ = ["imitate"]

_ROUNDS = 8
"""Times that the policy is fitted."""
_EPOCHS = 12
"""Over all that was told, each time but the last."""
_BATCH = 512
_RATE, _FINE = 1e-3, 0.03
"""Of learning: at the first epoch of a fit, and the share of it that is left at the last."""


def imitate(
    model: Any, teacher: Teacher, steps: int, last: int, seed: int, after: Callable[[int], None]
) -> None:
    """Fit a policy's mean to a scripted way, and its value to the returns that it gets.

    Args:
        model: stable-baselines3's PPO, with an environment of many arms in one process.
        teacher: is asked.
        steps: of the environment, over all copies; the first round is acted by the teacher, with
            the policy's first spread.
        last: epochs over all that was told, the last time that it is fitted.
        seed: of the order of what is fitted.
        after: told the steps that were seen so far, after each fit.
    """
    venv, policy = model.get_env(), model.policy
    task = venv.get_attr("task")[0]
    rng = np.random.default_rng([seed, *b"imitation"])
    spread = torch.exp(policy.log_std).detach().cpu().numpy()
    count = max(1, steps // (_ROUNDS * venv.num_envs))
    optimiser = torch.optim.Adam(policy.parameters())
    seen = venv.reset()
    told: list[tuple[Any, NDArray[Any]]] = []
    for number in range(_ROUNDS):
        gains, ends = [], []
        for _ in range(count):
            wanted = teacher(task, seen).astype(np.float32)
            told.append((seen, wanted))
            if number == 0:
                action = wanted + spread * rng.standard_normal(wanted.shape)
            else:
                action = model.predict(seen, deterministic=False)[0]
            seen, reward, done, _ = venv.step(action.clip(-1.0, 1.0).astype(np.float32))
            gains.append(reward)
            ends.append(done)
        final = number == _ROUNDS - 1
        _fit(policy, optimiser, told, None, last if final else _EPOCHS, rng)
        after(steps if final else min(steps, (number + 1) * count * venv.num_envs))
    returns = _returns(policy, seen, np.array(gains), np.array(ends), model.gamma)
    _fit(policy, optimiser, told[-count:], returns, 4 * _EPOCHS, rng)


def _returns(
    policy: Any, seen: Any, gains: NDArray[Any], ends: NDArray[Any], gamma: float
) -> NDArray[Any]:
    """Discounted sums of rewards to each episode's end, shape (periods, n); the last are cut off
    and go on with what the policy expects there.
    """
    with torch.no_grad():
        ahead = policy.predict_values(policy.obs_to_tensor(seen)[0]).cpu().numpy()[:, 0]
    out = np.empty_like(gains, np.float32)
    for k in range(len(gains) - 1, -1, -1):
        ahead = gains[k] + gamma * np.where(ends[k], 0.0, ahead)
        out[k] = ahead
    return out


def _fit(
    policy: Any,
    optimiser: Any,
    told: list[tuple[Any, NDArray[Any]]],
    returns: NDArray[Any] | None,
    epochs: int,
    rng: np.random.Generator,
) -> None:
    """Least squares of the mean against what was told or, where given, of the value.

    What was told to be an action's bound is met by any mean beyond it, as actions are clipped: a
    mean that only comes near is slower than what was shown.
    """
    keyed = isinstance(told[0][0], dict)
    if keyed:
        seen = {k: torch.as_tensor(np.concatenate([s[k] for s, _ in told])) for k in told[0][0]}
    else:
        seen = torch.as_tensor(np.concatenate([s for s, _ in told]))
    goal = np.concatenate([a for _, a in told]) if returns is None else returns.reshape(-1, 1)
    wanted = torch.as_tensor(goal)
    policy.set_training_mode(True)
    for number in range(epochs):
        for group in optimiser.param_groups:  # the rate falls, so that a fit ends fine
            group["lr"] = _RATE * _FINE ** (number / epochs)
        order = rng.permutation(len(wanted))
        for start in range(0, len(order), _BATCH):
            rows = torch.as_tensor(order[start : start + _BATCH])
            batch = {k: v[rows] for k, v in seen.items()} if keyed else seen[rows]
            aim = wanted[rows]
            if returns is None:
                off = policy.get_distribution(batch).distribution.mean - aim
                beyond = ((aim >= 1.0) & (off > 0.0)) | ((aim <= -1.0) & (off < 0.0))
                off = off.masked_fill(beyond, 0.0)
            else:
                off = policy.predict_values(batch) - aim
            loss = (off**2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    policy.set_training_mode(False)
