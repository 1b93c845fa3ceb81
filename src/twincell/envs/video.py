"""Films of episodes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from PIL import Image

from twincell.errors import EnvError

__all__ = ["RecordVideo"]

_QUALITY = 80
"""Of WebP, 100 is best."""


def _cubes(episode: int) -> bool:
    """Gymnasium's own choice: cubes up to 1000, then each thousandth episode."""
    return round(episode ** (1 / 3)) ** 3 == episode if episode < 1000 else episode % 1000 == 0


class RecordVideo(gymnasium.wrappers.RecordVideo):
    """Gymnasium's `RecordVideo`, which writes animated WebP files that every browser plays.

    Gymnasium's own writes by MoviePy, whose present release wants an older Pillow than this project
    locks. Arguments and names of files are Gymnasium's: `NAME-episode-0.webp`. Without a trigger
    episodes 0, 1, 8, 27 and so on are filmed, from 1000 on each thousandth.

    Args:
        env: of render mode `rgb_array`.
        video_folder: gets the files.
        **more: of Gymnasium's wrapper: `episode_trigger`, `step_trigger`, `video_length`,
            `name_prefix`, `fps`.

    Raises:
        EnvError: another render mode.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], video_folder: str | Path, **more: Any) -> None:
        if env.render_mode != "rgb_array":
            raise EnvError(f"render_mode {env.render_mode!r}; valid: 'rgb_array'")
        if more.get("episode_trigger") is None and more.get("step_trigger") is None:
            more["episode_trigger"] = _cubes  # Gymnasium's own is in a file that needs MoviePy
        # that MoviePy is missing is the last that Gymnasium's wrapper says, when all is set up
        with contextlib.suppress(gymnasium.error.DependencyNotInstalled):
            super().__init__(env, str(video_folder), **more)

    def stop_recording(self) -> None:
        """End the film and write it."""
        frames = [Image.fromarray(np.asarray(frame)) for frame in self.recorded_frames]
        if frames:
            frames[0].save(
                Path(self.video_folder) / f"{self._video_name}.webp",
                save_all=True,
                append_images=frames[1:],
                duration=round(1000 / self.frames_per_sec),
                loop=0,
                quality=_QUALITY,
            )
        self.recorded_frames = []
        self.recording, self._video_name = False, None
