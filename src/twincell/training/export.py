"""From a trained policy to one ONNX file that needs neither torch nor stable-baselines3."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import onnx
import torch

from twincell.errors import TrainingError
from twincell.training.layout import layout, told
from twincell.training.policy import OnnxPolicy

__all__ = ["export"]

_CLOSE = 1e-4
"""Largest difference between the file's actions and the trained policy's."""


class _Actor(torch.nn.Module):  # type: ignore[misc]  # torch is untyped here
    """The part of a policy that acts, from one vector to the action without chance."""

    def __init__(self, model: Any, sizes: list[tuple[str, int]], keyed: bool) -> None:
        super().__init__()
        self.policy, self.keyed = model.policy, keyed
        self.keys, self.sizes = [k for k, _ in sizes], [n for _, n in sizes]
        self.on_policy = not hasattr(model.policy, "actor")

    def forward(self, vector: Any) -> Any:
        parts = torch.split(vector, self.sizes, dim=1)
        seen = dict(zip(self.keys, parts, strict=True)) if self.keyed else vector
        if self.on_policy:
            features = self.policy.extract_features(seen)
            return self.policy.action_net(self.policy.mlp_extractor.forward_actor(features)).clamp(
                -1.0, 1.0
            )
        actor = self.policy.actor
        return torch.tanh(actor.mu(actor.latent_pi(actor.features_extractor(seen))))


def export(
    model: Any, env: str, options: Mapping[str, Any], out: Path, about: Mapping[str, Any]
) -> float:
    """Write a policy as ONNX, check it against the trained one, and only then put it in place.

    Args:
        model: of stable-baselines3, its extractor `GoalFeatures`.
        env: registered id that it was trained for.
        options: of the environment.
        out: the file.
        about: more to keep in the file's metadata.

    Returns:
        Largest difference of an action between file and model, over two episodes.

    Raises:
        TrainingError: the file would act otherwise than the model, or is a folder.
    """
    if out.is_dir():
        raise TrainingError(f"{out}: is a folder; valid: a file, as {out / 'policy.onnx'}")
    with gymnasium.make(env, **options) as world:
        sizes = layout(world.observation_space)
        keyed = isinstance(world.observation_space, gymnasium.spaces.Dict)
        seen = _observations(world, model)
        said = told(getattr(world.unwrapped, "task", None))
        low, high = world.action_space.low, world.action_space.high  # type: ignore[attr-defined]
    if not (np.allclose(low, -1) and np.allclose(high, 1)):
        raise TrainingError(f"{env}: actions from {low} to {high}; valid: from -1 to 1")
    meta = {"env_id": env, "options": dict(options), "layout": sizes, **said, **about}
    part = out.with_suffix(".part")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write(_Actor(model, sizes, keyed).eval(), sum(n for _, n in sizes), part, meta)
        loaded = OnnxPolicy.load(part)
        theirs = np.array([model.predict(one, deterministic=True)[0] for one in seen])
        ours = np.array([loaded.act(one) for one in seen])
        gap = float(np.abs(theirs - ours).max())
        if not gap <= _CLOSE:
            raise TrainingError(f"{out}: its actions differ by {gap:.2g}; valid: at most {_CLOSE}")
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    return gap


def _write(actor: _Actor, size: int, file: Path, meta: Mapping[str, Any]) -> None:
    """Write what acts on `size` numbers, and its metadata."""
    axes = {0: "rows"}
    with warnings.catch_warnings():
        # the exporter that follows wants a package more and writes the same few layers
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            actor,
            (torch.zeros(1, size),),
            str(file),
            input_names=["observation"],
            output_names=["action"],
            dynamic_axes={"observation": axes, "action": axes},
            opset_version=17,
            dynamo=False,
        )
    graph = onnx.load(str(file))
    onnx.helper.set_model_props(graph, {k: json.dumps(v) for k, v in meta.items()})
    onnx.save(graph, str(file))


def _observations(world: Any, model: Any) -> list[Any]:
    """What two episodes bring, one led by the policy and one by chance."""
    kept = []
    world.action_space.seed(0)
    for number in range(2):
        seen, _ = world.reset(seed=number)
        over = False
        while not over:
            kept.append({k: v.copy() for k, v in seen.items()} if isinstance(seen, dict) else seen)
            chosen = model.predict(seen, deterministic=True)[0] if number else None
            action = world.action_space.sample() if chosen is None else chosen
            seen, _, terminated, truncated, _ = world.step(action)
            over = terminated or truncated
    return kept
