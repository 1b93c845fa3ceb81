"""Observations of a LiDAR or a multispectral camera: a wrapper for any of this room's tasks."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from twincell.cell.assembly import mount_body, mount_pose
from twincell.envs.arm import ArmTask
from twincell.envs.options import numbers
from twincell.envs.shown import Shown, Stage
from twincell.errors import EnvError, did_you_mean
from twincell.geometry.bodies import VISITOR_MATERIAL, Body, cell_bodies
from twincell.geometry.catalogue import nominal
from twincell.motion.links import LinkPoses
from twincell.sensing.exposure import depth
from twincell.sensing.lidar import scan
from twincell.sensing.multispectral import image
from twincell.sensing.scene import Scene
from twincell.world.sensors import Lidar, Multispectral, Profiler

__all__ = ["Sight"]

_BLADE = "blade"


class Sight(gymnasium.Wrapper[Any, Any, Any, Any], gymnasium.utils.RecordConstructorArgs):
    """Adds what a sensor of the world file sees, by the cell's own sensor models.

    It sees what there is in the environment to be hit: the arms, furniture, and what the task has
    beside them, at each observation as they stand (nothing moves during a turn or an exposure).

    The new key is the sensor's name. A LiDAR's is `Box(float32, (points, 3))`: points in its frame
    [m], drawn from those of one turn; where fewer returned, some come twice, and where none did,
    all are zero. A multispectral camera's is `Box(0, 255, (bands, height, width), uint8)`: counts
    over the full scale, ultraviolet last where it has some.

    Imperfections are those of the world file; their chance is drawn from `reset(seed=...)`. An
    observation that is no dictionary becomes one, with what was there as `observation`. Wrap again
    for another sensor.

    Args:
        env: one of this room's environments, not a vector of them.
        sensor: of the world file: a LiDAR or a multispectral camera.
        points: of a cloud.
        size: width and height of an image [pixel].

    Raises:
        EnvError: no such sensor or another kind, one that an arm carries that is not there, a
            number out of range, or another kind of environment.
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        sensor: str,
        points: int = 1024,
        size: tuple[int, int] = (64, 48),
    ) -> None:
        gymnasium.utils.RecordConstructorArgs.__init__(
            self, sensor=sensor, points=points, size=size
        )
        super().__init__(env)
        task = getattr(env.unwrapped, "task", None)
        if not isinstance(task, ArmTask):
            raise EnvError(f"Sight: {env} is no environment of twincell.envs")
        self._task = task
        if type(points) is not int or not 1 <= points <= 1_000_000:
            raise EnvError(f"points {points!r}; valid: a whole number from 1 to 1000000")
        known = {n: s for n, s in task.world.sensors.items() if not isinstance(s, Profiler)}
        if sensor not in known:
            hint = did_you_mean(str(sensor), known)
            raise EnvError(f"sensor '{sensor}': no LiDAR or camera; {hint}")
        stage = task.stage()
        self._spec = _sized(known[sensor], size)
        self._offset, self._carrier = mount_pose(self._spec), mount_body(task.world, self._spec)
        self._links = {name: LinkPoses(made) for name, made in stage.movers.items()}
        self._scene = Scene(list(_bodies(task, stage)))
        self._there(sensor, stage)
        self._rng = np.random.default_rng()
        self._points = points
        space: spaces.Space[Any]
        if isinstance(self._spec, Lidar):
            far = self._spec.reach[1] + 1.0
            space = spaces.Box(-far, far, (points, 3), np.float32)
        else:
            bands = len(self._spec.bands) + (self._spec.ultraviolet is not None)
            space = spaces.Box(0, 255, (bands, self._spec.height, self._spec.width), np.uint8)
            self._drop = depth(self._spec) - 8
        before = env.observation_space
        keyed = dict(before) if isinstance(before, spaces.Dict) else {"observation": before}
        if sensor in keyed:
            raise EnvError(f"sensor '{sensor}' is seen already; valid: another one")
        self._key = sensor
        self.observation_space = spaces.Dict({**keyed, sensor: space})

    def _there(self, sensor: str, stage: Stage) -> None:
        """Raise where nothing in the environment carries the sensor."""
        if self._carrier is None:
            return
        arm, _, link = self._carrier.partition("/")
        if arm not in stage.movers or link not in stage.movers[arm].links:
            raise EnvError(
                f"sensor '{sensor}': sits on '{self._carrier}', which is not there; valid: a "
                f"sensor of the cell or on {', '.join(stage.movers)}"
            )

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start an episode, and look."""
        if seed is not None:
            self._rng = np.random.default_rng([seed, *f"sight/{self._key}".encode()])
        seen, info = self.env.reset(seed=seed, options=options)
        return self._with(seen), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """One control period, and a look at its end."""
        seen, reward, terminated, truncated, info = self.env.step(action)
        return self._with(seen), reward, terminated, truncated, info

    def _with(self, seen: Any) -> dict[str, Any]:
        keyed = dict(seen) if isinstance(seen, dict) else {"observation": seen}
        return {**keyed, self._key: self._look(self._task.shown(0))}

    def _look(self, shown: Shown) -> NDArray[Any]:
        links = {
            f"{name}/{link}": pose
            for name, poses in self._links.items()
            for link, pose in poses(shown.joints[name], shown.openings.get(name, 0.0)).items()
        }
        where = {**links, **{f"visitor/{name}": pose for name, pose in shown.visitor.items()}}
        if shown.blade is not None:
            where[_BLADE] = shown.blade
        placed = self._scene.place({n: p for n, p in where.items() if n in self._scene.moving})
        at = self._offset if self._carrier is None else links[self._carrier] @ self._offset
        if isinstance(self._spec, Lidar):
            turn = scan(self._scene, self._spec, at, placed, 0.0, self._rng)
            return self._drawn(turn.points)
        taken = image(self._scene, self._spec, at, placed, 0.0, self._rng)
        counts: NDArray[np.uint8] = (taken.planes >> self._drop).astype(np.uint8)
        return counts

    def _drawn(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """As many points as the space has."""
        count, wanted = len(points), self._points
        if not count:
            return np.zeros((wanted, 3), np.float32)
        order = self._rng.permutation(count)
        if count < wanted:
            order = np.concatenate([order, self._rng.integers(count, size=wanted - count)])
        return np.ascontiguousarray(points[order[:wanted]])


def _sized(spec: Lidar | Multispectral, size: tuple[int, int]) -> Lidar | Multispectral:
    if isinstance(spec, Lidar):
        return spec
    wanted = numbers("size", size, "width and height [pixel]")
    if (
        wanted.shape != (2,)
        or (wanted % 1 != 0).any()
        or not ((wanted >= 16) & (wanted <= 4096)).all()
    ):
        raise EnvError(f"size {size!r}; valid: width and height from 16 to 4096 pixels")
    width, height = (int(n) for n in wanted)
    # a pixel is larger now, and so the blur is less of it
    blur = spec.psf * width / spec.width
    return dataclasses.replace(spec, width=width, height=height, psf=blur)


def _bodies(task: ArmTask, stage: Stage) -> Iterator[Body]:
    """All that a sensor may see."""
    world, base = task.world, task.path.parent
    if stage.blade:
        yield Body(_BLADE, nominal(world.part, base).mesh, world.part.material, None, True)
    if stage.figure is not None:
        for name, mesh in stage.figure.meshes().items():
            yield Body(f"visitor/{name}", mesh, VISITOR_MATERIAL, None, False)
    racks = {name: world.racks[name] for name in stage.racks}
    seen = dataclasses.replace(world, racks=racks, visitor=None)
    yield from cell_bodies(seen, stage.movers, {}, base)
