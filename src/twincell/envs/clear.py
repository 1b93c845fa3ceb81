"""`twincell/ReachClear-v0`: a point in space, and nothing touched on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from twincell.envs.control import solve, tips
from twincell.envs.options import Options
from twincell.envs.reach import ReachEnv
from twincell.envs.shown import Shown, Stage
from twincell.envs.spaces import goal_space
from twincell.envs.task import Errors, Observation, ReachTask
from twincell.errors import EnvError
from twincell.geometry.description import describe
from twincell.geometry.figure import ARM, Figure
from twincell.geometry.lumped import LumpedArm, lump
from twincell.geometry.pose import Pose
from twincell.geometry.rack import rack_boxes
from twincell.physics.bullet import Size
from twincell.physics.bullet_arms import BulletArms
from twincell.physics.bullet_guests import BulletGuests
from twincell.physics.chain import constants
from twincell.world.model import World

__all__ = ["ClearOptions", "ClearTask", "ReachClearEnv"]

Array = NDArray[np.float64]

PERIODS = 100
"""Of an episode."""
_LINE = 1.02
"""The visitor walks this far beside the middle of the goals [m]."""
_FROM, _TO = -1.0, 1.2
"""Begin and end of the walk along x, from the middle of the goals [m]."""
_HEIGHT = 1.75
"""Of a visitor where the world file has none [m]."""
_MARGIN = 0.03
"""Distance to all else that a goal leaves in the last second of an episode [m]."""
_TRIES = 200
_PLATFORM = 0.003
"""Thickness of the blade's platform [m]."""


@dataclass(frozen=True)
class ClearOptions(Options):
    """What can be chosen beside `Options`; physics `bullet` only.

    Attributes:
        hand: where the visitor's hand ends, from the middle of the goals along y [m].
        swing: largest amplitude of the other arms' joints [rad].
        price: of each period that a contact leaves undone [m].
    """

    tolerance: float = 0.02
    goals: tuple[float, float, float] = (0.12, 0.30, 0.12)
    hand: float = 0.22
    swing: float = 0.25
    price: float = 0.5

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Check options by name.

        Raises:
            EnvError: an unknown option, or a value out of its range.
        """
        made = super().of(given)
        for name in ("hand", "swing", "price"):
            made.positive(name)
        made.touching()
        made.within("hand", 0.0, 0.7, "m")
        return made


@dataclass(frozen=True)
class _Episode:
    """How the guests of one episode move.

    Attributes:
        side: on which the visitor walks, -1 or 1.
        speed: of the visitor [m/s].
        delay: of its first step [s].
        swings: of each other arm: amplitudes (d,) [rad], phases (d,) [rad], rate [rad/s].
    """

    side: float
    speed: float
    delay: float
    swings: tuple[tuple[Array, Array, float], ...]


class ClearTask(ReachTask):
    """n arms that each have a goal, other arms, a fixture and a visitor around them.

    Args:
        count: n.
        options: of the task.

    Raises:
        EnvError: as `ReachTask`.
    """

    def __init__(self, count: int, options: ClearOptions) -> None:
        self._guided = options
        super().__init__(count, options)
        path, world = self.path, self.world
        names = [n for n in world.arms if n != options.arm]
        self._blade: Pose | None = None
        self._others: list[LumpedArm] = []
        for name in names:
            entry = world.arms[name]
            held = {} if entry.gripper is None else dict.fromkeys(entry.gripper.joints, 0.0)
            self._others.append(lump(describe(name, entry, path.parent), held))
        self._homes = [np.asarray(world.arms[n].home, float) for n in names]
        # what has one joint is a table: it stands
        self._swinging = [i for i, q in enumerate(self._homes) if len(q) > 1]
        self._chains = [constants(arm) for arm in self._others]
        height = _HEIGHT if world.visitor is None else world.visitor.height
        assert isinstance(self.arms, BulletArms)  # noqa: S101  (of ClearOptions.of)
        self._bullet = self.arms
        self._bullet.watching = True
        self._figure = Figure(height, _LINE - options.hand)
        self._guests = BulletGuests(
            self._bullet, self._others, self._figure, self._still(world, names)
        )
        self._names = names
        self._age = np.zeros(count, np.int64)
        self._episodes: list[_Episode | None] = [None] * count
        self._beside = np.zeros((count, 6 * (1 + len(self._swinging))))
        self._widen()

    def _still(self, world: World, names: list[str]) -> list[tuple[Size, Pose]]:
        """Racks, and a blade in the fixture."""
        shape = world.part.shape
        boxes = [box for rack in world.racks.values() for box in rack_boxes(rack, shape.root)]
        if world.fixture.arm in names:
            k = names.index(world.fixture.arm)
            tip = np.empty((1, 4, 4))
            tips(self._chains[k], self._homes[k][None], tip)
            height = shape.root[2] + _PLATFORM + shape.span + shape.shroud[2]
            place = Pose.from_matrix(tip[0]) @ Pose.at(world.fixture.place)
            size = (shape.root[0], shape.root[1], height)
            boxes.append((size, place @ Pose.of((0.0, 0.0, height / 2))))
            self._blade = place
        return boxes

    def _widen(self) -> None:
        inner, goal = (self.observations[k] for k in ("observation", "desired_goal"))
        assert isinstance(inner, spaces.Box)  # noqa: S101  (of ReachTask)
        assert isinstance(goal, spaces.Box)  # noqa: S101  (of ReachTask)
        more = np.tile(np.r_[np.full(3, 10.0), np.full(3, 20.0)], 1 + len(self._swinging))
        edge = np.concatenate([inner.high, more, np.full(3, 10.0), [1.0]])
        self.observations = goal_space(edge, goal.high)

    # ---------------------------------------------------------------- the guests' ways

    def _where(self, episode: _Episode, t: float) -> tuple[list[Array], Array]:
        """Joints of the other arms and the visitor's place on the floor at `t` [s]."""
        joints = list(self._homes)
        for i, (width, phase, rate) in zip(self._swinging, episode.swings, strict=True):
            joints[i] = self._homes[i] + width * np.sin(rate * t + phase)
        gone = max(0.0, t - episode.delay) * episode.speed
        x = self.middle[0] + min(_FROM + gone, _TO)
        return joints, np.array([x, self.middle[1] + episode.side * _LINE])

    def _put(self, row: int, episode: _Episode, t: float) -> None:
        joints, at = self._where(episode, t)
        self._guests.put(row, joints, at, -episode.side, float(self.middle[2]))

    def stage(self) -> Stage:
        """All arms and racks, a blade in the fixture, and the visitor."""
        names = (self.options.arm, *self._names)
        blade = self._blade is not None
        return Stage(self._described(*names), tuple(self.world.racks), blade, self._figure)

    def shown(self, row: int) -> Shown:
        """The guests where they are now; nobody before the first start."""
        own, episode = super().shown(row), self._episodes[row]
        joints, person = self._homes, {}
        if episode is not None:
            joints, at = self._where(episode, float(self._age[row]) / self.options.rate)
            person = self._figure.poses(at, -episode.side, float(self.middle[2]))
        all_ = {**own.joints, **dict(zip(self._names, joints, strict=True))}
        return Shown(all_, own.openings, self._blade, person)

    def _see(self, episode: _Episode, t: float) -> Array:
        """Hand and its velocity, tip of each swinging arm and its velocity."""
        dt = 1.0 / self.options.rate
        now, before = (self._points(episode, s) for s in (t, t - dt))
        return np.concatenate([np.r_[a, (a - b) / dt] for a, b in zip(now, before, strict=True)])

    def _points(self, episode: _Episode, t: float) -> list[Array]:
        joints, at = self._where(episode, t)
        reach = _LINE - self._guided.hand
        points = [np.array([at[0], at[1] - episode.side * reach, self.middle[2]])]
        tip = np.empty((1, 4, 4))
        for i in self._swinging:
            tips(self._chains[i], joints[i][None], tip)
            points.append(tip[0, :3, 3].copy())
        return points

    # ---------------------------------------------------------------- episodes

    def start(self, rows: NDArray[np.int64], rngs: list[np.random.Generator]) -> None:
        """Put the arms `rows` at home; draw goals and the guests' ways, from their generators."""
        for row, rng in zip(rows.tolist(), rngs, strict=True):
            self._episodes[row], self.goals[row] = self._chance(row, rng)
            self._age[row] = 0
        self._bullet.place(rows, np.repeat(self.home[None], len(rows), axis=0))
        self._look(rows)

    def _chance(self, row: int, rng: np.random.Generator) -> tuple[_Episode, Array]:
        for _ in range(_TRIES):
            swings = tuple(
                (
                    rng.uniform(0.0, self._guided.swing, len(self._homes[i])),
                    rng.uniform(-np.pi, np.pi, len(self._homes[i])),
                    2.0 * np.pi / rng.uniform(2.0, 4.0),
                )
                for i in self._swinging
            )
            episode = _Episode(
                float(rng.choice([-1.0, 1.0])), rng.uniform(1.0, 1.6), rng.uniform(0.0, 0.6), swings
            )
            goal = self._draw(rng)
            q = self.home.copy()
            left = solve(self._chain, q, goal, self._turn, *self._limits[:2], 60)
            if left > 0.2 * self.options.tolerance:
                continue
            end = PERIODS / self.options.rate
            spans = ((self.home, np.linspace(0.0, end, 17)), (q, np.linspace(0.75, 1.0, 6) * end))
            if all(self._stays(row, episode, at, times) for at, times in spans):
                return episode, goal
        raise EnvError(
            f"goals: arm '{self.options.arm}' found no goal of {_TRIES} that it can keep clear "
            f"at; valid: another box than {self.options.goals}, a hand farther off than "
            f"{self._guided.hand:g} m, or less swing than {self._guided.swing:g} rad"
        )

    def _stays(self, row: int, episode: _Episode, q: Array, times: Array) -> bool:
        self._bullet.place([row], q[None])
        for t in times.tolist():
            self._put(row, episode, t)
            if not self._guests.clear(row, _MARGIN):
                return False
        return True

    def _look(self, rows: NDArray[np.int64]) -> None:
        for row in rows.tolist():
            episode = self._episodes[row]
            assert episode is not None  # noqa: S101  (started)
            t = float(self._age[row]) / self.options.rate
            self._put(row, episode, t)
            self._beside[row] = self._see(episode, t)

    def _aim(self, action: Array) -> None:
        """The guests move first: what they run into counts as touched."""
        super()._aim(action)
        self._age += 1
        self._look(np.arange(len(self._age)))

    def observation(self) -> Observation:
        """As `ReachTask`, the guests appended to `observation`."""
        seen = super().observation()
        rows: list[NDArray[Any]] = [
            seen["observation"],
            self._beside,
            self._near(),
            self._left()[:, None],
        ]
        seen["observation"] = np.concatenate(rows, axis=1).astype(np.float32)
        return seen

    def _near(self) -> Array:
        """Of each arm, from its tip to the nearest point on the axis of the visitor's arm [m]."""
        hand = self._beside[:, :3]
        side = np.array([0.0 if e is None else e.side for e in self._episodes])
        ends = (hand[:, 1] + side * ARM, np.full(self.count, self.middle[1]) + side * _LINE)
        nearest = hand.copy()
        nearest[:, 1] = self._tip[:, 1].clip(np.minimum(*ends), np.maximum(*ends))
        return nearest - self._tip

    def _left(self) -> Array:
        """Share of the episode that is left."""
        return np.maximum(1.0 - self._age / PERIODS, 0.0)

    def state(self) -> Errors:
        """Of each arm: whether it has touched anything in this episode, and what that leaves."""
        left = np.where(self._bullet.hit, np.maximum(PERIODS - self._age, 0), 0)
        return {"contact": self._bullet.hit.copy(), "undone": left}

    def terminated(self) -> NDArray[np.bool_]:
        """Contact ends an episode."""
        return self._bullet.hit.copy()

    def success(self, errors: Errors) -> NDArray[np.bool_]:
        """Which are within the tolerance and have touched nothing."""
        near = super().success(errors)
        return np.asarray(near & ~np.asarray(errors.get("contact", False), bool))

    def reward(self, errors: Errors) -> Array:
        """As `ReachTask`, less `price` for each period that a contact leaves undone."""
        tolerance, price = self.options.tolerance, self._guided.price
        price = np.log1p(price / tolerance) if self.options.reward == "log" else price
        return np.asarray(super().reward(errors) - price * np.asarray(errors.get("undone", 0)))


class ReachClearEnv(ReachEnv):
    """Bring the tip of an arm of a world file to a point and touch nothing on the way.

    As `twincell/Reach-v0`, whose page tells actions and the other options, but for:

    **What is in the way**: the world's furniture, its racks, the other arms, a blade in the
    fixture, and a visitor who walks past beside the arm with a hand stretched out at the height
    of the goals. The other arms swing about their homes, each joint by a sine of its own. Neither
    gives way.

    **Observations**: `observation` (2 d + 6 + 6 + 6 k + 4,) appends the end of the visitor's hand
    [m] and its velocity [m/s], of each of the k other arms (of two joints and more) the tip and
    its velocity, the way from the own tip to the nearest point on the axis of the visitor's arm
    (a capsule of 60 mm radius) [m], and the share of the episode that is left.

    **Reward**: that of Reach, less `price` for each period that a contact leaves undone (with
    `log` ln(1 + price / tolerance)): `compute_reward` takes `info["undone"]` for it.

    **Start**: the arm at the world file's `home`; the visitor on one of two sides, 1.0 to 1.6 m/s
    after up to 0.6 s; swings of 2 to 4 s. A goal and the guests' ways are drawn until home is clear
    by 30 mm throughout, and the goal in the last quarter of the episode.

    **End**: terminated by a contact of any part but the base; truncated after 100 periods.
    `info["contact"]`: whether anything was touched; `info["is_success"]`: within the tolerance
    now, with nothing touched.

    **Options** beside those of Reach: `hand` (where the visitor's hand ends, 0.22 m from the
    middle of the goals along y), `swing` (0.25 rad), `price` (0.5 m); `tolerance` is 20 mm,
    `goals` (0.12, 0.30, 0.12) m, `physics` only `bullet`.

    Every episode can be solved: who waits at home until the visitor has passed and goes straight
    then succeeds in 200 of 200 (`tests/envs/test_clear.py` holds some of them against it).

    **Versions**: v0, the first.

    Args:
        render_mode: None or `rgb_array` (Bullet's TinyRenderer).
        **options: see above.

    Raises:
        EnvError: an unknown option, a value out of range, goals out of reach.
    """

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ReachTask:
        return ClearTask(count, ClearOptions.of(options))
