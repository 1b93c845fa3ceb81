"""What would collide: the cell's movers at any joint positions, in a Bullet world of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pybullet as p
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.transform import Rotation

from twincell.errors import PhysicsError, did_you_mean
from twincell.geometry.blade import BladeModel
from twincell.geometry.description import RobotDescription
from twincell.geometry.pose import Pose
from twincell.geometry.rack import pocket_poses, rack_boxes
from twincell.physics.bullet import BASE, Handle, Unique, add_box, connect, load_mover
from twincell.world.model import World

__all__ = ["CollisionChecker"]

Array = NDArray[np.float64]

_FAR = 20.0
"""Where what is not there is put [m]."""


@dataclass(frozen=True)
class _Obstacle:
    body: int
    half: Array
    pose: Pose
    name: str
    place: str


@dataclass(frozen=True)
class _Links:
    body: int
    index: NDArray[np.int64]
    names: tuple[str, ...]
    moving: NDArray[np.bool_]
    spheres: Array


_Part = tuple[int, int, str]
"""Bullet's body and link, and what to call it."""


class CollisionChecker(Unique):
    """Answers whether a mover may be at given joint positions.

    Racks are boxes, every pocket and the fixture hold a blade-sized box unless told to ignore it,
    links are the convex hulls of their collision meshes, grippers are open.

    Args:
        world: the cell.
        descriptions: of all movers.
        model: the blade.
        margin: smallest distance that counts as free [m].
    """

    def __init__(
        self,
        world: World,
        descriptions: Mapping[str, RobotDescription],
        model: BladeModel,
        margin: float = 0.008,
    ) -> None:
        self._client, _ = connect(self)
        self._margin = margin
        self._world = world
        self._grasp = model.grasp.inverse()
        self._movers = {n: load_mover(self._client, d) for n, d in descriptions.items()}
        self._tips = {n: self._movers[n].links[d.tip] for n, d in descriptions.items()}
        self._at: dict[str, Array] = {}
        for name, arm in world.arms.items():
            self._set(name, np.array(arm.home))
            if arm.gripper is not None:
                for finger in self._movers[name].fingers:
                    p.resetJointState(
                        self._movers[name].body, finger, arm.gripper.open / 2,
                        physicsClientId=self._client,
                    )  # fmt: skip
        self._boxes = self._obstacles(model)
        self._links = {n: self._shaped(h) for n, h in self._movers.items()}
        self._meet = {n: self._pairs(h, self._links[n]) for n, h in self._movers.items()}
        size = model.root
        self._carried_half = np.array([size[0], size[1], model.height]) / 2
        self._carried = add_box(
            self._client, (size[0], size[1], model.height), Pose.of((0, 0, -_FAR))
        )
        self._pack()

    # ---------------------------------------------------------------- building

    def _obstacles(self, model: BladeModel) -> list[_Obstacle]:
        found: list[_Obstacle] = []

        def add(size: tuple[float, float, float], pose: Pose, name: str, place: str = "") -> None:
            body = add_box(self._client, size, pose)
            found.append(_Obstacle(body, np.array(size) / 2, pose, name, place))

        for name, box in self._world.furniture.items():
            add(box.size, Pose.at(box.place), f"furniture/{name}")
        standing = (model.root[0], model.root[1], model.height)
        lift = Pose.of((0.0, 0.0, model.height / 2))
        for name, rack in self._world.racks.items():
            for size, pose in rack_boxes(rack, model.root):
                add(size, pose, f"rack/{name}")
            for i, pocket in enumerate(pocket_poses(rack)):
                add(standing, pocket @ lift, f"the blade in {name}/{i}", f"{name}/{i}")
        fixture = self._world.fixture
        tip = self.link_pose(fixture.arm, self._tips[fixture.arm])
        pose = tip @ Pose.at(fixture.place) @ lift
        add(standing, pose, "the blade in the fixture", "fixture")
        return found

    def _shaped(self, handle: Handle) -> _Links:
        """The links of a mover that have a shape, each with a sphere around it."""
        index, names, spheres = [], [], []
        for name, link in handle.links.items():
            if not p.getCollisionShapeData(handle.body, link, physicsClientId=self._client):
                continue
            low, high = (
                np.array(x) for x in p.getAABB(handle.body, link, physicsClientId=self._client)
            )
            centre = (low + high) / 2
            if link != BASE:
                state = p.getLinkState(handle.body, link, physicsClientId=self._client)
                centre = Pose(np.array(state[4]), np.array(state[5])).inverse().apply(centre)
            index.append(link)
            names.append(name)
            spheres.append([*centre, float(np.linalg.norm(high - low)) / 2])
        moving = np.array([handle.groups[i] > 0 for i in index], bool)
        # a mover may have no shape at all
        covers = np.array(spheres, float).reshape(-1, 4)
        return _Links(handle.body, np.array(index, np.int64), tuple(names), moving, covers)

    def _pairs(self, handle: Handle, links: _Links) -> NDArray[np.bool_]:
        """Which links of one mover can meet: not neighbours, and apart at home; (n, n) bool."""
        count = len(links.index)
        meet = np.zeros((count, count), bool)
        for i in range(count):
            for j in range(i + 1, count):
                a, b = int(links.index[i]), int(links.index[j])
                apart = abs(handle.groups[a] - handle.groups[b])
                meet[i, j] = apart > 1 and not self._near(handle.body, a, handle.body, b)
        return meet

    def _pack(self) -> None:
        """Boxes as arrays, so that most pairs are ruled out at once."""
        self._box_half = np.array([b.half for b in self._boxes])
        self._box_at = np.array([b.pose.p for b in self._boxes])
        self._box_turn = np.array([b.pose.rotation() for b in self._boxes])

    # ---------------------------------------------------------------- asking

    def link_pose(self, mover: str, link: int) -> Pose:
        """World pose of a link (Bullet's index) where the mover was last put."""
        state = p.getLinkState(
            self._movers[mover].body, link, computeForwardKinematics=1,
            physicsClientId=self._client,
        )  # fmt: skip
        return Pose(np.array(state[4]), np.array(state[5]))

    def free(
        self,
        mover: str,
        q: ArrayLike,
        others: Mapping[str, ArrayLike] | None = None,
        carrying: bool = False,
        ignoring: Iterable[str] = (),
    ) -> bool:
        """Whether a mover may be at `q`.

        Args:
            mover: its name.
            q: its joint positions, shape (d,) [rad].
            others: joint positions of other movers; at home where none are given.
            carrying: whether it holds a blade.
            ignoring: places whose standing blade is not there: `<rack>/<pocket>` or `fixture`.

        Raises:
            PhysicsError: no such mover.
        """
        return self.obstacle(mover, q, others, carrying, ignoring) is None

    def obstacle(
        self,
        mover: str,
        q: ArrayLike,
        others: Mapping[str, ArrayLike] | None = None,
        carrying: bool = False,
        ignoring: Iterable[str] = (),
    ) -> str | None:
        """What a mover at `q` would touch, in words; None where it is free. Arguments: `free`."""
        if mover not in self._movers:
            raise PhysicsError(f"no mover '{mover}'; {did_you_mean(mover, self._movers)}")
        given = others or {}
        for name, arm in self._world.arms.items():
            self._set(name, np.asarray(q if name == mover else given.get(name, arm.home), float))
        skip = frozenset(ignoring)
        parts, centres, radii = self._parts(mover, carrying)
        return (
            self._against_boxes(mover, parts, centres, radii, skip)
            or self._against_movers(mover, parts, centres, radii)
            or self._against_itself(mover)
        )

    def _set(self, mover: str, q: Array) -> None:
        if mover in self._at and np.array_equal(self._at[mover], q):
            return
        handle = self._movers[mover]
        for index, value in zip(handle.joints, q, strict=True):
            p.resetJointState(handle.body, index, float(value), physicsClientId=self._client)
        self._at[mover] = q.copy()

    def _centres(self, mover: str) -> Array:
        """World centres of the shaped links' spheres, shape (n, 3)."""
        links = self._links[mover]
        centres = links.spheres[:, :3].copy()
        posed = links.index != BASE
        states = p.getLinkStates(
            links.body, links.index[posed].tolist(), computeForwardKinematics=1,
            physicsClientId=self._client,
        )  # fmt: skip
        if states:
            turn = Rotation.from_quat(np.array([s[5] for s in states]))
            centres[posed] = np.array([s[4] for s in states]) + turn.apply(centres[posed])
        return centres

    def _near(self, a: int, link_a: int, b: int, link_b: int) -> bool:
        return bool(
            p.getClosestPoints(
                a, b, self._margin, linkIndexA=link_a, linkIndexB=link_b,
                physicsClientId=self._client,
            )
        )  # fmt: skip

    def _parts(self, mover: str, carrying: bool) -> tuple[list[_Part], Array, Array]:
        """What moves with a mover, with centres (n, 3) and radii (n,) of spheres around it."""
        links = self._links[mover]
        centres, radii = self._centres(mover)[links.moving], links.spheres[links.moving, 3]
        parts: list[_Part] = [
            (links.body, int(i), n)
            for i, n, moves in zip(links.index, links.names, links.moving, strict=True)
            if moves
        ]
        if carrying:
            blade = self.link_pose(mover, self._tips[mover]) @ self._grasp
            middle = blade @ Pose.of((0.0, 0.0, float(self._carried_half[2])))
            p.resetBasePositionAndOrientation(
                self._carried, middle.p.tolist(), middle.q.tolist(), physicsClientId=self._client
            )
            centres = np.vstack([centres, middle.p])
            radii = np.append(radii, float(np.linalg.norm(self._carried_half)))
            parts.append((self._carried, BASE, "the carried blade"))
        return parts, centres, radii

    def _against_boxes(
        self, mover: str, parts: list[_Part], centres: Array, radii: Array, skip: frozenset[str]
    ) -> str | None:
        local = np.einsum("bji,bkj->bki", self._box_turn, centres[None] - self._box_at[:, None])
        gap = np.linalg.norm(np.maximum(np.abs(local) - self._box_half[:, None], 0.0), axis=2)
        for b, k in np.argwhere(gap <= radii[None] + self._margin):
            box = self._boxes[b]
            own = box.place == "fixture" and mover == self._world.fixture.arm
            if own or (box.place and box.place in skip):
                continue
            body, link, name = parts[k]
            if self._near(body, link, box.body, BASE):
                return f"{mover}: {name} touches {box.name}"
        return None

    def _against_movers(
        self, mover: str, parts: list[_Part], centres: Array, radii: Array
    ) -> str | None:
        for name, other in self._links.items():
            if name == mover:
                continue
            gap = np.linalg.norm(centres[:, None] - self._centres(name)[None], axis=2)
            near = gap <= radii[:, None] + other.spheres[None, :, 3] + self._margin
            for i, j in np.argwhere(near):
                body, link, part = parts[i]
                if self._near(body, link, other.body, int(other.index[j])):
                    return f"{mover}: {part} touches {name}/{other.names[j]}"
        return None

    def _against_itself(self, mover: str) -> str | None:
        links = self._links[mover]
        centres, radii = self._centres(mover), links.spheres[:, 3]
        gap = np.linalg.norm(centres[:, None] - centres[None], axis=2)
        near = (gap <= radii[:, None] + radii[None] + self._margin) & self._meet[mover]
        for i, j in np.argwhere(near):
            if self._near(links.body, int(links.index[i]), links.body, int(links.index[j])):
                return f"{mover}: {links.names[i]} touches {links.names[j]}"
        return None
