"""What the orchestrator measures in the cell: joints, the hand, what stands where."""

import threading

import numpy as np
from sensor_msgs.msg import JointState
from twincell_msgs.msg import BodyStates

from twincell.cell.assembly import Assembly
from twincell.geometry.pose import Pose
from twincell.production.messages import Done, Look, Sighted
from twincell.production.whereabouts import Standstill, amiss
from twincell_nodes import qos
from twincell_nodes.conversions import seconds
from twincell_nodes.running import CellNode

__all__ = ["StateMonitor"]

_OLD = 0.5
"""Poses of blades that are older tell nothing [s]."""


class StateMonitor:
    """Keeps the newest joint state of each mover, and looks at blades when it is asked to.

    Args:
        node: hears for it.
        assembly: the world made concrete.
        still: tells when what an earlier orchestrator had sent has come to its end.
    """

    def __init__(self, node: CellNode, assembly: Assembly, still: Standstill) -> None:
        self._node = node
        self._world = assembly.world
        self._orders = {name: d.joints for name, d in assembly.descriptions.items()}
        self._still = still
        self._seen = False
        self._newest: dict[str, JointState] = {}
        self._lock = threading.Lock()  # the orchestrator's worker asks, too
        self._blades: dict[str, Pose] = {}
        self._looked = 0.0
        self._bodies = node.mailbox(BodyStates, "cell/body_states", qos.NEWEST)
        self._states = {
            name: node.mailbox(JointState, f"{name}/joint_states", qos.NEWEST)
            for name in self._orders
        }

    @property
    def ready(self) -> bool:
        """Whether each mover has told its state."""
        return len(self._look()) == len(self._orders)

    def positions(self) -> dict[str, np.ndarray]:
        """Joint positions by mover, in the order of its description [rad or m]."""
        return self._ordered(self._look())

    def _ordered(self, newest: dict[str, JointState]) -> dict[str, np.ndarray]:
        found = {}
        for name, joints in self._orders.items():
            message = newest[name]
            at = dict(zip(message.name, message.position, strict=True))
            found[name] = np.array([at[joint] for joint in joints])
        return found

    def sight(self, now: float) -> Sighted | None:
        """What stands where, once, as soon as nothing moves; None before and after."""
        if self._seen:
            return None
        newest = self._look()
        joints, hand = self._ordered(newest), newest[self._world.handler]
        fingers = set(hand.name) - set(self._orders[self._world.handler])
        opening = sum(p for n, p in zip(hand.name, hand.position, strict=True) if n in fingers)
        rested = self._still.update(now, joints, opening)
        if not rested or not self._see_blades():
            return None
        self._seen = True
        return Sighted(joints, opening, dict(self._blades))

    def stands(self, command: Look) -> Done:
        """Whether a blade stands where it was set down, by the newest state of the bodies."""
        self._see_blades()
        blade = self._blades.get(command.part)
        if blade is None or self._node.now - self._looked > _OLD:
            wrong = f"for {_OLD:g} s and more nobody has told where it is"
        else:
            wrong = amiss(blade, command.pose)
        return Done(command.tag, not wrong, wrong)

    def _see_blades(self) -> bool:
        """Whether there was news of the bodies."""
        bodies = next(self._node.waiting(self._bodies), None)
        if bodies is None:
            return False
        rows = zip(bodies.names, np.reshape(bodies.poses, (-1, 7)), strict=True)
        poses = {name: Pose.from_array(row) for name, row in rows}
        self._blades = {name: poses[f"blade/{name}"] for name in self._world.blades}
        self._looked = seconds(bodies.header.stamp)
        return True

    def _look(self) -> dict[str, JointState]:
        with self._lock:
            for name, states in self._states.items():
                for message in self._node.waiting(states):
                    self._newest[name] = message
            return dict(self._newest)
