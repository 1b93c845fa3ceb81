"""The one front of motion planning: collision-free motions, lines, scan passes, by mover."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from twincell.errors import MotionError, did_you_mean
from twincell.geometry.description import RobotDescription
from twincell.geometry.pose import Pose
from twincell.geometry.rack import pocket_poses
from twincell.motion.kinematics import ArmModel
from twincell.motion.linear import line
from twincell.motion.path import Law
from twincell.motion.planner import free_motion
from twincell.motion.reach import reach_faults
from twincell.motion.trajectory import JointTrajectory
from twincell.world.model import World

__all__ = ["CellMotions"]

Array = NDArray[np.float64]
Others = Mapping[str, Array]
Free = Callable[..., bool]

_LINE = Law(speed=0.25, acceleration=2.0, jerk=20.0)
"""The tip on its way in and out: speed where none is asked for, its acceleration and jerk."""
_SCAN = Law(speed=0.0, acceleration=0.5, jerk=5.0)
"""A scan pass is up to speed within its margin."""
_NEAR = 0.05
"""A place this near to the tip, seen from above, is the one that it works at [m]."""


class CellMotions:
    """Plans for all movers of a cell; what was planned once is given again.

    Args:
        world: the cell.
        descriptions: of its movers.
        free: `CollisionChecker.free`.
        airfoil: lower and upper end of the airfoil in the part frame [m]; of the parametric blade
            where not given.
        grasp: the gripper's tip in the part frame; of the parametric blade where not given.

    Attributes:
        arms: kinematics of each mover.
    """

    def __init__(
        self,
        world: World,
        descriptions: Mapping[str, RobotDescription],
        free: Free,
        airfoil: tuple[float, float] | None = None,
        grasp: Pose | None = None,
    ) -> None:
        shape = world.part.shape
        self.world = world
        self.arms = {n: ArmModel(d, world.arms[n]) for n, d in descriptions.items()}
        self._free = free
        self._airfoil = airfoil or (shape.root[2], shape.root[2] + shape.span)
        top = shape.root[2] + shape.span + shape.shroud[2] / 2
        self.grasp = grasp or Pose.of((0.0, 0.0, top), (np.pi, 0.0, 0.0))
        self._cache: dict[Any, Any] = {}
        table = world.fixture.arm
        self.places = {
            f"{name}/{i}": pose
            for name, rack in world.racks.items()
            for i, pose in enumerate(pocket_poses(rack))
        }
        clamp = Pose.at(world.fixture.place)
        self.places["fixture"] = self.arms[table].forward(world.arms[table].home) @ clamp
        self._over = np.array([p.p[:2] for p in self.places.values()])

    # ---------------------------------------------------------------- what an orchestrator asks

    def forward(self, mover: str, q: ArrayLike) -> Pose:
        """Pose of the mover's tip in the world at joint positions `q`, shape (d,)."""
        return self._arm(mover).forward(q)

    def to_joints(
        self,
        mover: str,
        q_from: ArrayLike,
        q_to: ArrayLike,
        others: Others | None = None,
        carrying: bool = False,
    ) -> JointTrajectory:
        """A collision-free motion from rest to rest.

        Args:
            mover: that moves.
            q_from: shape (d,) [rad].
            q_to: shape (d,) [rad].
            others: where the other movers stand; at home where not given.
            carrying: whether it holds a blade.

        Raises:
            MotionError: beyond limits, start or goal in collision, no path.
        """
        start, goal = np.asarray(q_from, float), np.asarray(q_to, float)
        stand = {n: np.asarray(q, float) for n, q in (others or {}).items()}
        key = ("joints", mover, _key(start), _key(goal), carrying, _others_key(stand))

        def make() -> JointTrajectory:
            arm = self._arm(mover)
            ignoring = self._at(arm, start) | self._at(arm, goal)

            def free(q: Array) -> bool:
                return self._free(mover, q, stand, carrying, ignoring)

            return free_motion(arm.description.joints, start, goal, arm.limits, free, 0)

        made: JointTrajectory = self._cached(key, make)
        return made

    def to_pose(
        self,
        mover: str,
        q_from: ArrayLike,
        pose: Pose,
        others: Others | None = None,
        carrying: bool = False,
    ) -> JointTrajectory:
        """A collision-free motion until the tip has a pose in the world; see `to_joints`."""
        return self.to_joints(mover, q_from, self.reach(mover, pose, q_from), others, carrying)

    def line(
        self, mover: str, q_from: ArrayLike, pose: Pose, speed: float | None = None
    ) -> JointTrajectory:
        """The tip on a straight line to a pose, at most at `speed` [m/s].

        Raises:
            MotionError: a pose of the line is out of reach.
        """
        start = np.asarray(q_from, float)
        law = Law(speed or _LINE.speed, _LINE.acceleration, _LINE.jerk)
        key = ("line", mover, _key(start), _key(pose.as_array()), law.speed)
        made: JointTrajectory = self._cached(key, lambda: line(self._arm(mover), start, pose, law))
        return made

    def scan_pass(self, view: int) -> JointTrajectory:
        """The inspector's pass over a view, from standstill to standstill.

        The table brings the view's face before the profiler, so that every pass is the same line;
        even views go up, odd ones down, which saves the way back.

        Raises:
            MotionError: the pass is out of reach.
        """
        return self._sweep(down=view % 2 == 1)

    def scan_poses(self) -> tuple[Pose, Pose]:
        """The tip's poses at the lower and upper end of a scan pass."""
        world = self.world
        mover = world.inspection.arm
        profiler = world.profilers()[world.inspection.profiler]
        fixture = self.places["fixture"]
        home = np.asarray(world.arms[mover].home, float)
        arm = self._arm(mover)
        view = Pose.at(world.arms[mover].place).p - fixture.p
        view = np.array([view[0], view[1], 0.0]) / np.linalg.norm(view[:2])
        down = np.array([0.0, 0.0, -1.0])
        turn = Rotation.from_matrix(np.column_stack([np.cross(down, -view), down, -view])).as_quat()
        link = profiler.mount.link or world.arms[mover].tip
        sensor = arm.link_pose(home, link) @ Pose.at(profiler.mount.place)
        tip_in_sensor = sensor.inverse() @ arm.forward(home)
        low, high = self._airfoil
        margin = world.inspection.margin
        ends = []
        for z in (low - margin, high + margin):
            p = fixture.p + profiler.standoff * view + np.array([0.0, 0.0, z])
            ends.append(Pose(p, turn) @ tip_in_sensor)
        return ends[0], ends[1]

    # ---------------------------------------------------------------- reach

    def reach(self, mover: str, pose: Pose, near: ArrayLike | None = None) -> Array:
        """Joint positions, shape (d,), for a pose of the tip.

        A start from home, turned towards the pose, keeps the arm's posture the same whatever it
        did before; `near` is tried where that does not converge.

        Raises:
            MotionError: out of reach.
        """
        arm = self._arm(mover)

        def make() -> Array:
            home = np.asarray(self.world.arms[mover].home, float)
            for seed in (self._turned(mover, home, pose), home):
                q, error = arm.refine(pose, seed, 120)
                if error < 1e-6:
                    return q
            return arm.inverse(pose, home if near is None else near)

        found: Array = self._cached(("reach", mover, _key(pose.as_array())), make)
        return found

    def free(
        self, mover: str, q: ArrayLike, others: Others | None = None, carrying: bool = False
    ) -> bool:
        """Whether a mover may be at `q`, working at the place that its tip is over."""
        arm = self._arm(mover)
        return self._free(mover, q, others or {}, carrying, self._at(arm, np.asarray(q, float)))

    def check_reach(self) -> None:
        """Try every pose of the work: pockets, fixture, scan passes, homes, views.

        Raises:
            MotionError: one line for each fault, beginning with its key in the world file.
        """
        faults = reach_faults(self)
        if faults:
            raise MotionError("\n".join(faults))

    # ---------------------------------------------------------------- inside

    def _turned(self, mover: str, home: Array, pose: Pose) -> Array:
        """Home with the first joint turned by the angle about the base from its tip to a pose."""
        base = Pose.at(self.world.arms[mover].place).inverse()
        ends = [base.apply(p) for p in (self._arm(mover).forward(home).p, pose.p)]
        angle = np.diff([np.arctan2(e[1], e[0]) for e in ends])[0]
        seed = home.copy()
        seed[0] += float((angle + np.pi) % (2.0 * np.pi) - np.pi)
        return seed

    def _sweep(self, down: bool) -> JointTrajectory:
        def make() -> JointTrajectory:
            world = self.world
            mover = world.inspection.arm
            ends = self.scan_poses()
            first, last = ends[::-1] if down else ends
            start = self.reach(mover, first)
            law = Law(world.inspection.speed, _SCAN.acceleration, _SCAN.jerk)
            return line(self._arm(mover), start, last, law)

        made: JointTrajectory = self._cached(("scan", down), make)
        return made

    def _arm(self, mover: str) -> ArmModel:
        if mover not in self.arms:
            raise MotionError(f"no mover '{mover}'; {did_you_mean(mover, self.arms)}")
        return self.arms[mover]

    def _at(self, arm: ArmModel, q: Array) -> frozenset[str]:
        """Names of the places right below the tip of the handler."""
        if arm.description.name != self.world.handler:
            return frozenset()
        apart = np.linalg.norm(self._over - arm.forward(q).p[:2], axis=1)
        names = list(self.places)
        return frozenset(names[i] for i in np.flatnonzero(apart < _NEAR))

    def _cached(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._cache:
            self._cache[key] = make()
        return self._cache[key]


def _key(values: ArrayLike) -> tuple[float, ...]:
    return tuple(np.round(np.asarray(values, float), 4).tolist())


def _others_key(others: Others) -> tuple[tuple[str, tuple[float, ...]], ...]:
    return tuple((n, tuple(np.round(q, 2).tolist())) for n, q in sorted(others.items()))
