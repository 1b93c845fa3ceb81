"""The Bullet world of a cell: movers, blades, racks, the clamp, the visitor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pybullet as p
from numpy.typing import ArrayLike, NDArray

from twincell.errors import PhysicsError, did_you_mean
from twincell.geometry.blade import BladeModel
from twincell.geometry.description import RobotDescription
from twincell.geometry.figure import BODY
from twincell.geometry.pose import Pose
from twincell.geometry.rack import pocket_poses, rack_boxes
from twincell.physics.blades import BladeBodies
from twincell.physics.bullet import Unique, add_box, add_boxes, connect
from twincell.physics.holding import Clamp, Hold
from twincell.physics.mover import MoverBody
from twincell.physics.poses import PoseTable
from twincell.physics.view import COLOURS, Rgb, picture
from twincell.physics.visitor import Walks
from twincell.world.model import World

__all__ = ["PhysicsCell"]

Array = NDArray[np.float64]

_ITERATIONS = 40
"""Solver iterations a step, always the same number: the same commands give the same bits."""


class PhysicsCell(Unique):
    """A cell that moves in steps of `1 / world.physics_rate`.

    Args:
        world: the cell.
        descriptions: of its movers.
        model: the nominal blade.
        seed: decides which of the visitor's walks happen.
        names: the moving bodies whose poses are wanted, `<arm>/<link>`, `blade/<name>`,
            `visitor/<link>`; all moving links and blades where not given.

    Attributes:
        time: of the simulation [s].
        body_names: the bodies of `poses()`, in its order.
    """

    def __init__(
        self,
        world: World,
        descriptions: Mapping[str, RobotDescription],
        model: BladeModel,
        seed: int = 0,
        names: Iterable[str] | None = None,
    ) -> None:
        self._world = world
        self._client, _ = connect(self)
        self._dt = 1.0 / world.physics_rate
        self._steps = 0
        p.setGravity(0.0, 0.0, -9.81, physicsClientId=self._client)
        p.setPhysicsEngineParameter(
            fixedTimeStep=self._dt,
            numSolverIterations=_ITERATIONS,
            numSubSteps=0,
            deterministicOverlappingPairs=1,
            physicsClientId=self._client,
        )
        self._bodies: dict[int, str] = {}
        self._add_still(model)
        self._movers = {
            name: MoverBody(self._client, d, world.arms[name], self._dt)
            for name, d in descriptions.items()
        }
        self._detach_bases()
        self._bodies |= {m.body: name for name, m in self._movers.items()}
        self._shapes = BladeBodies(self._client, model, world.part.density)
        self._blades = self._add_blades()
        self._holds = {n: Hold(m, self._shapes) for n, m in self._movers.items()}
        fixture = world.fixture
        self._clamp = Clamp(fixture, self._movers[fixture.arm], self._shapes)
        self._walks: Walks | None = None
        self._person = -1
        if world.visitor is not None:
            self._walks = Walks(world.visitor, np.random.default_rng([seed, *b"visitor"]))
            self._person = self._add_person(world.visitor.height)
        with_person = self._walks is not None
        self._table = PoseTable(self._movers, self._blades, self._shapes, with_person, names)
        self.body_names = self._table.names

    # ---------------------------------------------------------------- building

    def _add_still(self, model: BladeModel) -> None:
        for name, box in self._world.furniture.items():
            colour = COLOURS.get(box.material, COLOURS["painted_steel"])
            body = add_box(self._client, box.size, Pose.at(box.place), colour)
            self._bodies[body] = f"furniture/{name}"
        for name, rack in self._world.racks.items():
            boxes = rack_boxes(rack, model.root)
            for body in add_boxes(self._client, boxes, COLOURS[rack.role]):
                p.changeDynamics(
                    body, -1, lateralFriction=0.5, restitution=0.0, physicsClientId=self._client
                )
                self._bodies[body] = f"rack/{name}"

    def _detach_bases(self) -> None:
        """What a mover is bolted to is no collision."""
        for mover in self._movers.values():
            bolted = [i for i, group in mover.handle.groups.items() if group == 0]
            for still in self._bodies:
                for link in bolted:
                    p.setCollisionFilterPair(
                        mover.body, still, link, -1, 0, physicsClientId=self._client
                    )

    def _add_blades(self) -> dict[str, int]:
        tray = pocket_poses(self._world.racks[self._world.rack_of("in_tray")])
        blades = {}
        for i, (name, blade) in enumerate(self._world.blades.items()):
            slot = i if blade.slot is None else blade.slot
            if not 0 <= slot < len(tray):
                raise PhysicsError(
                    f"blades.{name}: pocket {slot}; valid: 0 to {len(tray) - 1} of the in-tray"
                )
            blades[name] = self._shapes.add(tray[slot])
            self._bodies[blades[name]] = f"blade/{name}"
        return blades

    def _add_person(self, height: float) -> int:
        shape = p.createCollisionShape(
            p.GEOM_CYLINDER, radius=BODY, height=height,
            collisionFramePosition=[0, 0, height / 2], physicsClientId=self._client,
        )  # fmt: skip
        body = int(p.createMultiBody(0.0, shape, physicsClientId=self._client))
        p.changeVisualShape(body, -1, rgbaColor=[0.9, 0.5, 0.1, 1], physicsClientId=self._client)
        self._bodies[body] = "visitor"
        self._place_person(body)
        return body

    def _place_person(self, body: int) -> None:
        assert self._walks is not None  # noqa: S101  (only called with a visitor)
        pose = self._walks.pose(self.time)
        p.resetBasePositionAndOrientation(
            body, pose.p.tolist(), pose.q.tolist(), physicsClientId=self._client
        )

    # ---------------------------------------------------------------- time

    @property
    def time(self) -> float:
        """Simulation time [s]."""
        return self._steps * self._dt

    @property
    def dt(self) -> float:
        """Length of a step [s]."""
        return self._dt

    def step(self) -> None:
        """One step."""
        p.stepSimulation(physicsClientId=self._client)
        self._steps += 1
        for mover in self._movers.values():
            mover.read()
        blades = self._blades
        for hold in self._holds.values():
            hold.update(blades)
        self._clamp.update(self.time, blades)
        if self._walks is not None and (
            self._walks.walking(self.time) or self._walks.walking(self.time - self._dt)
        ):
            self._place_person(self._person)

    def intrude(self, until: float) -> None:
        """The visitor walks in now and turns round at a time [s]; see `Walks.intrude`.

        Raises:
            PhysicsError: the world has no visitor.
        """
        if self._walks is None:
            raise PhysicsError("nobody to walk in; valid: in a world with a `visitor`")
        self._walks.intrude(self.time, until)

    # ---------------------------------------------------------------- movers

    def _mover(self, name: str) -> MoverBody:
        if name not in self._movers:
            raise PhysicsError(f"no mover '{name}'; {did_you_mean(name, self._movers)}")
        return self._movers[name]

    def command(self, mover: str, q: ArrayLike, v: ArrayLike) -> None:
        """Joint set-points for the end of the next step, each shape (d,); ignored without power."""
        self._mover(mover).command(q, v)

    def joints(self, mover: str) -> tuple[Array, Array, Array]:
        """Joint positions, velocities and efforts after the last step, each shape (d,)."""
        body = self._mover(mover)
        return body.q, body.v, body.effort

    def power_off(self, mover: str) -> None:
        """Cut the motors' power; the brakes fall in (stop category 0)."""
        if self._mover(mover).powered:
            self._mover(mover).power_off()

    def power_on(self, mover: str) -> None:
        """Motors hold where the joints are."""
        if not self._mover(mover).powered:
            self._mover(mover).power_on()

    def power(self) -> dict[str, float]:
        """Electrical power of each mover in the last step [W]."""
        return {name: m.power for name, m in self._movers.items()}

    def energy(self) -> dict[str, float]:
        """Electrical work of each mover since the start [J]."""
        return {name: m.energy for name, m in self._movers.items()}

    # ---------------------------------------------------------------- gripper and clamp

    def grip(self, mover: str, close: bool) -> None:
        """Close the gripper with its force, or open it."""
        self._mover(mover)
        self._holds[mover].command(close)

    def gripped(self, mover: str) -> str | None:
        """The blade that the gripper holds."""
        self._mover(mover)
        return self._holds[mover].blade

    def opening(self, mover: str) -> float:
        """Distance between the fingers [m]."""
        return self._mover(mover).fingers()[0]

    def grip_settled(self, mover: str) -> bool:
        """Whether the last gripper command has ended: open, holding, or closed on nothing."""
        self._mover(mover)
        return self._holds[mover].settled

    def clamp(self, close: bool) -> None:
        """Close or open the fixture's clamp; it takes the fixture's clamp time."""
        self._clamp.command(close, self.time)

    @property
    def clamped(self) -> str | None:
        """The blade that the clamp holds."""
        return self._clamp.blade

    @property
    def clamp_settled(self) -> bool:
        """Whether the last clamp command has ended, with or without a blade."""
        return self._clamp.settled

    # ---------------------------------------------------------------- what is where

    def poses(self) -> Array:
        """World poses of `body_names`, shape (n, 7): x, y, z, qx, qy, qz, qw."""
        person = None if self._walks is None else self._walks.pose(self.time)
        return self._table.poses(person)

    def blade_pose(self, blade: str) -> Pose:
        """World pose of a blade's part frame.

        Raises:
            PhysicsError: no such blade.
        """
        if blade not in self._blades:
            raise PhysicsError(f"no blade '{blade}'; {did_you_mean(blade, self._blades)}")
        return self._shapes.pose(self._blades[blade])

    def contacts(self, depth: float = 0.001) -> list[tuple[str, str, float]]:
        """What touches and must not, deeper than `depth`: two names and the depth [m].

        Blades may touch racks, the fixture, and the gripper's hand and fingers.
        """
        found = []
        for c in p.getContactPoints(physicsClientId=self._client):
            if c[8] > -depth:
                continue
            a, b = (self._bodies.get(i, "?") for i in (c[1], c[2]))
            if not self._may_touch(a, b) and not self._may_touch(b, a):
                found.append((a, b, -float(c[8])))
        return sorted(set(found))

    def _may_touch(self, a: str, b: str) -> bool:
        if not a.startswith("blade/"):
            return False
        return b.startswith("rack/") or b in (self._world.fixture.arm, self._world.handler)

    def put(self, blade: str, pose: Pose) -> None:
        """Stand a blade somewhere else, at rest.

        Raises:
            PhysicsError: no such blade.
        """
        if blade not in self._blades:
            raise PhysicsError(f"no blade '{blade}'; {did_you_mean(blade, self._blades)}")
        at = self._shapes.centred(pose)
        p.resetBasePositionAndOrientation(
            self._blades[blade], at.p.tolist(), at.q.tolist(), physicsClientId=self._client
        )

    def picture(
        self, width: int, height: int, eye: ArrayLike, target: ArrayLike, field: float = 0.8
    ) -> Rgb:
        """What a camera at `eye` looking at `target` sees, shape (height, width, 3), uint8.

        Args:
            width: columns.
            height: rows.
            eye: position [m].
            target: point in the picture's middle [m].
            field: vertical field of view [rad].
        """
        return picture(self._client, width, height, eye, target, field)
