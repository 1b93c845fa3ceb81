"""The scan task for n arms at once: a profiler over a blade, against the planned pass."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from twincell.envs.arm import ArmTask, Told
from twincell.envs.control import ACTIONS, solve, tips, turned
from twincell.envs.options import ArmOptions
from twincell.envs.shown import Shown, Stage
from twincell.errors import EnvError
from twincell.geometry.bodies import Body
from twincell.geometry.catalogue import nominal
from twincell.geometry.description import describe
from twincell.geometry.lumped import lump
from twincell.geometry.pose import Pose
from twincell.motion.motions import CellMotions
from twincell.physics.bullet_arms import BulletArms
from twincell.physics.bullet_stand import BulletStand
from twincell.sensing.coverage import SurfaceSamples, side_samples
from twincell.sensing.profiler import lines
from twincell.sensing.scene import Placement, Scene
from twincell.world.sensors import Profiler

__all__ = ["ScanOptions", "ScanTask"]

Array = NDArray[np.float64]

PERIODS = 1000
"""Registered length of an episode, which has to hold the planned pass."""
_TURN = 0.02
"""Of a Cartesian action of one about an axis [rad]."""
_SPACING = 0.0015
"""Of the samples of a side [m]."""
_WITHIN = 0.001
"""A point this near to a sample sees it [m]; the crack detector's measure is 0.8 mm."""
_SLACK = 1.05
"""Faster than the inspection's speed by this, lines lie too far apart and count for nothing."""
_LINES = 2
"""A period, evenly spaced in time; the last at its end."""
_SHOWN = 16
"""Points of a line that are seen."""
_BANDS = 8
"""Of the span, whose coverage is seen."""
_TILT = 0.3
"""Of the part's play in yaw, about the other axes."""
_GAIN, _OFF, _ANGLE = 10.0, 0.05, 0.1
"""Rewards of all that the planned pass sees, and prices of standoff and of a radian, a period."""


@dataclass(frozen=True)
class ScanOptions(ArmOptions):
    """What can be chosen beside `ArmOptions`.

    Attributes:
        rays: of a line, in place of the profiler's points.
        play: largest displacement of the part in the fixture along x and y [m].
        yaw: largest turn of the part in the fixture [rad].
        start: largest displacement of the profiler at the begin, along each axis [m].
        askew: largest turn of the profiler at the begin, about each axis [rad].
        slack: share of the side's samples by which a success may stay behind the planned pass.
    """

    arm: str = "inspector"
    rays: int = 48
    play: float = 0.003
    yaw: float = 0.10
    start: float = 0.004
    askew: float = 0.08
    slack: float = 0.003

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Check options by name.

        Raises:
            EnvError: an unknown option, or a value out of its range.
        """
        made = super().of(given)
        made.whole("rays")
        made.within("rays", _SHOWN, 4096)
        made.within("play", 0.0, 0.01, "m")
        made.within("yaw", 0.0, 0.3, "rad")
        made.within("start", 0.0, 0.02, "m")
        made.within("askew", 0.0, 0.3, "rad")
        made.within("slack", 0.0, 1.0)
        return made


class ScanTask(ArmTask):
    """n arms that each carry a profiler past a blade of their own.

    Args:
        count: n.
        options: of the task.

    Attributes:
        periods: that the planned pass takes, standstill to standstill.
        planned: the profiler's pose on it at each line.
        begin: the tip's pose at its first line.
        parts: pose of the part frame in each view, the part as it should stand.

    Raises:
        EnvError: an arm that does not carry the inspection's profiler, or a rate at which the
            planned pass is longer than an episode.
        MotionError: the planned pass is out of reach.
    """

    _width = 6
    options: ScanOptions

    def __init__(self, count: int, options: ScanOptions) -> None:
        super().__init__(count, options)
        world, base = self.world, self.path.parent
        plan = world.inspection
        if options.arm != plan.arm:
            raise EnvError(
                f"arm '{options.arm}' carries no profiler of the inspection; valid: '{plan.arm}'"
            )
        spec = world.profilers()[plan.profiler]
        self._spec: Profiler = dataclasses.replace(spec, points=options.rays)
        self._ahead = np.array([0.0, 0.0, spec.standoff])
        self._fastest = _SLACK * plan.speed / (_LINES * options.rate)
        model = nominal(world.part, base)
        described = {n: describe(n, a, base) for n, a in world.arms.items()}
        motions = CellMotions(world, described, _anywhere, model.airfoil, model.grasp)
        self._plan(motions, spec)
        fixture = motions.places["fixture"]
        table = world.arms[world.fixture.arm].place
        axis = Pose(Pose.at(table).p, np.array([0.0, 0.0, 0.0, 1.0]))
        turns = [
            axis @ Pose.of((0.0, 0.0, 0.0), (0.0, 0.0, a)) @ axis.inverse() for a in plan.views
        ]
        self.parts = [turn @ fixture for turn in turns]
        towards = -self.planned[len(self.planned) // 2].rotate(np.array([0.0, 0.0, 1.0]))
        self._normals = [p.inverse().rotate(towards) for p in self.parts]
        self._samples = [
            SurfaceSamples(side_samples(model.mesh, model.airfoil, v, _SPACING), _WITHIN)
            for v in self._normals
        ]
        low, high = model.airfoil
        self._bands = [
            np.minimum(((s.points[:, 2] - low) / (high - low) * _BANDS).astype(int), _BANDS - 1)
            for s in self._samples
        ]
        self._scene = Scene([Body("part", model.mesh, world.part.material, None, True)])
        self._views = np.array([(np.cos(a), np.sin(a)) for a in plan.views])
        self._stand: BulletStand | None = None
        if isinstance(self.arms, BulletArms):
            others = [lump(described[k]) for k in described if k != options.arm]
            self._stand = BulletStand(self.arms, others, model)
        self._view = np.zeros(count, np.int64)
        self._part = [self.parts[0]] * count
        self._seen_of: list[NDArray[np.bool_]] = [np.zeros(0, bool)] * count
        self._least, self._found = np.ones(count, np.int64), np.zeros(count, np.int64)
        self._new, self._age = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._poses, self._before = np.empty((count, 4, 4)), np.zeros((count, 3))
        self._q = np.repeat(self.home[None], count, axis=0)
        self._last = np.empty((count, options.rays, 3), np.float32)
        self._line = np.zeros((count, 2 * _SHOWN))
        self._off, self._angle = np.ones(count), np.zeros(count)
        self._show = np.linspace(0, options.rays - 1, _SHOWN).round().astype(int)
        self._spaces()

    def _plan(self, motions: CellMotions, spec: Profiler) -> None:
        """The planned pass: its joints at the begin, and the profiler's pose at each period."""
        name = self.options.arm
        model = motions.arms[name]
        link = spec.mount.link or self.world.arms[name].tip
        sensor = model.link_pose(self.home, link) @ Pose.at(spec.mount.place)
        self._mount = model.forward(self.home).inverse() @ sensor
        line = motions.scan_pass(0)
        self.periods = int(np.ceil(line.duration * self.options.rate))
        if self.periods > PERIODS:
            raise EnvError(
                f"rate {self.options.rate:g}: the planned pass takes {self.periods} periods, an "
                f"episode has {PERIODS}; valid: a lower rate, up to "
                f"{int(PERIODS / line.duration)} Hz"
            )
        times = np.arange(1, _LINES * self.periods + 1) / (_LINES * self.options.rate)
        self.planned = [model.forward(line.sample(t)[0]) @ self._mount for t in times]
        self.begin = self.planned[0] @ self._mount.inverse()
        self._first = line.positions[0].copy()

    @property
    def _stride(self) -> float:  # type: ignore[override]
        return self.world.inspection.speed / self.options.rate

    def _spaces(self) -> None:
        ones = np.ones(6 + 2 * _SHOWN + _BANDS + 2 + 2)
        edge = np.concatenate([self._bound, ones]).astype(np.float32)
        self.observations = spaces.Box(-edge, edge, dtype=np.float32)

    def stage(self) -> Stage:
        """All movers, and the blade."""
        return Stage(self._described(*self.world.arms), blade=True)

    def shown(self, row: int) -> Shown:
        """The others at zero, with closed hands; the blade as it stands."""
        own, arms = super().shown(row), self.world.arms
        others = {n: np.zeros(len(a.home)) for n, a in arms.items() if n != self.options.arm}
        return Shown({**own.joints, **others}, own.openings, self._part[row])

    # ---------------------------------------------------------------- episodes

    def start(self, rows: NDArray[np.int64], rngs: list[np.random.Generator]) -> None:
        """Draw view, part and begin of each of `rows`; let the planned pass set what is wanted."""
        options, q = self.options, np.empty((len(rows), self.size))
        start, axes = np.empty((1, 4, 4)), np.empty((1, 3, 3))
        tips(self._chain, self._first[None], start)
        for i, (row, rng) in enumerate(zip(rows.tolist(), rngs, strict=True)):
            view = int(rng.integers(len(self.parts)))
            x, y = rng.uniform(-options.play, options.play, 2)
            tilt = rng.uniform(-_TILT * options.yaw, _TILT * options.yaw, 2)
            yaw = rng.uniform(-options.yaw, options.yaw)
            self._view[row] = view
            self._part[row] = self.parts[view] @ Pose.of((x, y, 0.0), (*tilt, yaw))
            at = start[0, :3, 3] + rng.uniform(-options.start, options.start, 3)
            by = rng.uniform(-options.askew, options.askew, 3)
            turned(np.ascontiguousarray(start[:, :3, :3]), by[None], axes)
            q[i] = self._first
            solve(self._chain, q[i], at, axes[0], *self._limits[:2], 60)
            if self._stand is not None:
                self._stand.put(row, self._part[row])
            passed = self._look(self.planned, [row] * len(self.planned))
            seen = np.zeros(len(self._samples[view]), bool)
            for found, _ in passed:
                seen[found] = True
            self._least[row] = max(1, int(seen.sum()))
            self._seen_of[row] = np.zeros_like(seen)
            self._found[row] = self._new[row] = self._age[row] = 0
        self._place(rows, q)
        self._measure(rows, begin=True)

    def _look(self, sensors: list[Pose], rows: list[int]) -> list[tuple[NDArray[Any], Array]]:
        """Of each line: the samples that it sees, and its points in the optical frame."""
        parts = [self._part[row] for row in rows]
        there = np.ones(1, bool)
        placed = [Placement(p.rotation()[None], p.p[None], there) for p in parts]
        taken = lines(self._scene, self._spec, sensors, placed, np.zeros(len(sensors)))
        out = []
        for points, sensor, part, row in zip(taken.points, sensors, parts, rows, strict=True):
            lit = points[np.isfinite(points[:, 2])]
            local = part.inverse().apply(sensor.apply(lit)) if len(lit) else lit
            out.append((self._samples[self._view[row]].seen(local), points))
        return out

    def _measure(self, rows: NDArray[np.int64], begin: bool = False) -> None:
        """Take the lines of a period with each of `rows`, whose joints were at `_q` before."""
        steps = [1.0] if begin else [(k + 1) / _LINES for k in range(_LINES)]
        sensors, which = [], []
        for share in steps:
            tips(self._chain, self._q + share * (self.arms.q - self._q), self._poses)
            # all at once: scipy's Rotation costs much for one
            turns = Rotation.from_matrix(self._poses[:, :3, :3]).as_quat()
            sensors += [
                Pose(self._poses[row, :3, 3].copy(), turns[row]) @ self._mount
                for row in rows.tolist()
            ]
            which += rows.tolist()
        looked = self._look(sensors, which)
        before = self._found.copy()
        for row, sensor, (found, points) in zip(which, sensors, looked, strict=True):
            # where the light falls, not the sensor: a turn sweeps the line as well
            light = sensor.apply(self._ahead)
            moved = float(np.linalg.norm(light - self._before[row]))
            if begin or moved <= self._fastest:
                self._seen_of[row][found] = True
            self._before[row], self._last[row] = light, points
        for row, sensor in zip(rows.tolist(), sensors[-len(rows) :], strict=True):
            self._found[row] = int(self._seen_of[row].sum())
            self._new[row] = self._found[row] - before[row]
            depth = (self._last[row][:, 2] - self._spec.standoff) / (0.5 * self._spec.depth)
            lit = np.isfinite(depth)
            shown = np.where(lit, depth, 0.0)[self._show]
            self._line[row] = np.concatenate([shown, lit[self._show]])
            self._off[row] = float(np.abs(depth[lit]).mean()) if lit.any() else 1.0
            normal = self._part[row].rotate(self._normals[self._view[row]])
            cosine = -float(normal @ sensor.rotate(np.array([0.0, 0.0, 1.0])))
            self._angle[row] = float(np.arccos(np.clip(cosine, -1.0, 1.0)))
        self._q[rows] = self.arms.q[rows]

    def _aim(self, action: Array) -> None:
        if self._mode == ACTIONS.index("cartesian"):
            length = np.linalg.norm(action[:, :3], axis=1, keepdims=True)
            action[:, :3] /= np.maximum(length, 1.0)
            tips(self._chain, self.arms.q, self._poses)
            axes = np.ascontiguousarray(self._poses[:, :3, :3])
            turned(axes, action[:, 3:] * _TURN, self._turns)

    def act(self, action: NDArray[Any]) -> None:
        """Move for one control period and take its lines.

        Raises:
            EnvError: of a wrong shape, or not finite.
        """
        super().act(action)
        self._age += 1
        self._measure(np.arange(self.count))

    def observation(self) -> Any:
        """What all arms see, shape (n, ...), float32, a new array."""
        bands = np.empty((self.count, _BANDS))
        for row, view in enumerate(self._view.tolist()):
            which = self._bands[view]
            every = np.maximum(np.bincount(which, minlength=_BANDS), 1)
            bands[row] = np.bincount(which[self._seen_of[row]], minlength=_BANDS) / every
        left = 1.0 - self._age / self.periods
        share = np.minimum(self._found / self._least, 1.0)
        tips(self._chain, self.arms.q, self._poses)
        axes = self._poses[:, :3, [0, 2]].transpose(0, 2, 1).reshape(self.count, 6)
        rows = [self._observe(), axes, self._line, bands, self._views[self._view]]
        rows += [np.stack([left, share], axis=1)]
        seen = np.concatenate(rows, axis=1).astype(np.float32)
        return seen.clip(self.observations.low, self.observations.high)  # type: ignore[attr-defined]

    def outcome(self, seen: Any) -> Told:  # noqa: ARG002
        """Of each arm, see `ScanBladeEnv`."""
        size = np.array([len(self._samples[v]) for v in self._view.tolist()])
        return {
            "coverage": self._found / size,
            "planned": self._least / size,
            "gain": self._new / self._least,
            "standoff": self._off * 0.5 * self._spec.depth,
            "incidence": self._angle.copy(),
        }

    def success(self, told: Told) -> NDArray[np.bool_]:
        """Which have seen what the planned pass sees, but for `slack`."""
        return np.asarray(told["coverage"] >= told["planned"] - self.options.slack)

    def reward(self, told: Told) -> Array:
        """10 gain - 0.05 (standoff error / half the depth) - 0.1 incidence."""
        off = told["standoff"] / (0.5 * self._spec.depth)
        return np.asarray(_GAIN * told["gain"] - _OFF * off - _ANGLE * told["incidence"])

    def terminated(self) -> NDArray[np.bool_]:
        """Which have seen all that the planned pass sees, or have taken the planned pass's time."""
        return np.asarray((self._found >= self._least) | (self._age >= self.periods))


def _anywhere(*_: Any, **__: Any) -> bool:
    """The pass alone is planned here, a straight line that asks nobody."""
    return True
