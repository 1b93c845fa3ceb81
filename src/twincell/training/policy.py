"""A policy from an ONNX file: onnxruntime and numpy alone, for the cell as for the evaluation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twincell.errors import TrainingError, did_you_mean

__all__ = ["OnnxPolicy", "baselines", "compare", "flatten", "policy_file"]

Here = tuple[Mapping[str, int], Mapping[str, Any]]
"""Sizes of the parts of an observation by key, and `env_id` and `layout.FITS`, as far as known."""


_NEAR = 5e-4
"""Places of a tip, in metres, and its axes are the same within this."""


def compare(name: str, trained: Here, here: Here) -> None:
    """Whether a policy may act here, before anything moves.

    Args:
        name: of the policy.
        trained: what it was trained for.
        here: what is there.

    Raises:
        TrainingError: another environment, arm, place, action or observation.
    """
    sizes, about = trained
    for key, value in here[1].items():
        if key != "home" and key in about and about[key] != value:
            raise TrainingError(
                f"{name}: {key} here is {value!r}; the policy is for {about[key]!r}"
            )
    home, there = here[1].get("home"), about.get("home")
    if home and there and not np.allclose(home, there, atol=_NEAR):
        raise TrainingError(
            f"{name}: with the arm at home the tip is at {home[:3]} m here, axes x and z along "
            f"{home[3:6]} and {home[6:]}; the policy is for {there[:3]} m, {there[3:6]} and "
            f"{there[6:]}"
        )
    if dict(here[0]) != dict(sizes):
        raise TrainingError(
            f"{name}: observation here {dict(here[0])}; the policy's: {dict(sizes)}"
        )


def flatten(seen: Any, keys: list[str] | None = None) -> NDArray[np.float32]:
    """An observation as one vector: the parts of a dictionary in the order of `keys`."""
    if isinstance(seen, Mapping):
        parts = [np.asarray(seen[k], np.float32).ravel() for k in (keys or list(seen))]
        return np.concatenate(parts)
    return np.asarray(seen, np.float32).ravel()


def baselines() -> dict[str, Path]:
    """The shipped policies: file by name."""
    folder = Path(str(files("twincell.training") / "baselines"))
    return {file.stem: file for file in sorted(folder.glob("*.onnx"))}


def policy_file(given: str, base: Path) -> Path | str:
    """The file beside a world file that its key `policy` names, else the shipped name as given."""
    beside = base / given
    return beside if beside.is_file() else given


class OnnxPolicy:
    """Acts on observations of the environment that its file names.

    Attributes:
        about: the file's metadata: `env_id`, `options`, `layout` (key and size of each part of the
            observation), and where the environment has them `world`, `arm`, `joints`, `action`,
            `rate` [Hz], `tolerance`, `home`.
        keys: parts of the observation, in order.
        size: numbers of an observation.
    """

    def __init__(self, session: Any, about: Mapping[str, Any], name: str) -> None:
        self.about, self.name, self._session = dict(about), name, session
        self.keys = [str(key) for key, _ in about["layout"]]
        self._sizes = {str(key): int(size) for key, size in about["layout"]}
        self.size = sum(self._sizes.values())

    @classmethod
    def load(cls, file: Path | str) -> OnnxPolicy:
        """A file, or the name of a shipped policy.

        Raises:
            TrainingError: there is none such, or it is no policy of `twincell export`.
        """
        import onnxruntime

        known = baselines()
        path = Path(file)
        if not path.is_file() and str(file) in known:
            path = known[str(file)]
        if not path.is_file():
            hint = did_you_mean(str(file), known)
            raise TrainingError(f"policy '{file}': neither a file nor shipped; {hint}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(
                path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
            meta = session.get_modelmeta().custom_metadata_map
            about = {key: json.loads(value) for key, value in meta.items()}
            size = sum(int(n) for _, n in about["layout"])
            fits = session.get_inputs()[0].shape[1] == size
        except Exception as fault:  # onnxruntime raises whatever broken bytes lead it to
            raise TrainingError(
                f"{path}: given: {fault}; valid: an ONNX file of 'twincell export'"
            ) from None
        if not fits:
            raise TrainingError(f"{path}: its layout does not fit its input; valid: as exported")
        for key, kind, valid in (("env_id", str, "text"), ("options", dict, "a table")):
            if not isinstance(about.get(key), kind):
                raise TrainingError(
                    f"{path}: {key} {about.get(key)!r}; valid: {valid}, as 'twincell export' writes"
                )
        return cls(session, about, str(path))

    def check(self, env: str, sizes: Mapping[str, int], options: Mapping[str, Any]) -> None:
        """Whether it may act here, before anything moves.

        Args:
            env: registered id.
            sizes: of the parts of the observation, by key.
            options: what `layout.FITS` are here, as far as known.

        Raises:
            TrainingError: another environment, arm, action or observation.
        """
        compare(self.name, (self._sizes, self.about), (sizes, {"env_id": env, **options}))

    def act(self, seen: Any) -> NDArray[np.float32]:
        """The action for one observation, shape (a,), within [-1, 1].

        Raises:
            TrainingError: an observation of another size, or not finite.
        """
        vector = flatten(seen, self.keys)
        if vector.size != self.size or not np.isfinite(vector).all():
            raise TrainingError(
                f"{self.name}: observation of {vector.size} numbers, finite: "
                f"{bool(np.isfinite(vector).all())}; valid: {self.size} finite ones"
            )
        (action,) = self._session.run(None, {"observation": vector[None]})
        return np.asarray(action[0], np.float32)

    def predict(self, observation: Any, *, deterministic: bool = True) -> tuple[Any, None]:  # noqa: ARG002
        """As stable-baselines3's models answer; chance is not in the file."""
        return self.act(observation), None
