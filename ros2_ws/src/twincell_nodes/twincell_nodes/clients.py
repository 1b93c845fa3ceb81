"""Sends what the orchestrator commands to arms, grippers, clamp and sensors, and hears its end."""

from collections.abc import Callable
from functools import partial

from control_msgs.action import FollowJointTrajectory, GripperCommand
from geometry_msgs.msg import Point
from rclpy.action import ActionClient
from std_srvs.srv import SetBool
from twincell_msgs.action import Reach
from twincell_msgs.srv import FinishScan, StartScan

from twincell.inspection.anomaly import Verdict
from twincell.production.messages import (
    Clamp,
    Done,
    Event,
    Grip,
    Move,
    Steer,
    Verdicts,
)
from twincell.production.messages import FinishScan as FinishScanCommand
from twincell.production.messages import StartScan as StartScanCommand
from twincell_nodes.anomalies import anomalies_of
from twincell_nodes.messages import follow_goal
from twincell_nodes.running import CellNode

__all__ = ["CellClients", "ServerCommand"]

ServerCommand = Move | Steer | Grip | Clamp | StartScanCommand | FinishScanCommand
"""A command that goes to a server, and comes to an end there."""

_REJECTED = "the goal was rejected"


class CellClients:
    """Clients of all that works in the cell.

    Args:
        node: sends and hears for it.
        hear: told how each command ended.
    """

    def __init__(self, node: CellNode, hear: Callable[[Event], None]) -> None:
        self._hear = hear
        self._world = world = node.world
        self._arms, self._grippers, self._policies = {}, {}, {}
        for name, arm in world.arms.items():
            self._arms[name] = ActionClient(
                node, FollowJointTrajectory, f"{name}/arm_controller/follow_joint_trajectory"
            )
            if arm.gripper is not None:
                self._grippers[name] = ActionClient(
                    node, GripperCommand, f"{name}/gripper_controller/gripper_cmd"
                )
        if world.inspection.approach == "policy":
            arm = world.inspection.arm
            self._policies[arm] = ActionClient(node, Reach, f"{arm}/policy/reach")
        self._clamp = node.create_client(SetBool, "fixture/clamp")
        self._start_scan = node.create_client(StartScan, "inspection/start_scan")
        self._finish_scan = node.create_client(FinishScan, "inspection/finish_scan")

    @property
    def ready(self) -> bool:
        """Whether everything that commands go to is there."""
        servers = [*self._arms.values(), *self._grippers.values(), *self._policies.values()]
        services = [self._clamp, self._start_scan, self._finish_scan]
        return all(c.server_is_ready() for c in servers) and all(
            c.service_is_ready() for c in services
        )

    def send(self, command: ServerCommand) -> None:
        """Send a command; `hear` gets its `Done` or `Verdicts`."""
        if isinstance(command, Move):
            goal = follow_goal(command.trajectory)
            self._ask(self._arms[command.mover], goal, partial(self._arrived, command.tag))
        elif isinstance(command, Steer):
            x, y, z = command.goal.tolist()
            goal = Reach.Goal(goal=Point(x=x, y=y, z=z))
            self._ask(self._policies[command.mover], goal, partial(self._led, command.tag))
        elif isinstance(command, Grip):
            gripper = self._world.arms[command.mover].gripper
            goal = GripperCommand.Goal()
            goal.command.position = 0.0 if command.close else float(gripper.open)
            goal.command.max_effort = float(gripper.force)
            answer = partial(self._gripped, command.tag, command.close)
            self._ask(self._grippers[command.mover], goal, answer)
        elif isinstance(command, Clamp):
            future = self._clamp.call_async(SetBool.Request(data=command.close))
            future.add_done_callback(partial(self._served, command.tag))
        elif isinstance(command, StartScanCommand):
            future = self._start_scan.call_async(StartScan.Request(part_id=command.part))
            future.add_done_callback(partial(self._served, command.tag))
        else:
            future = self._finish_scan.call_async(FinishScan.Request(part_id=command.part))
            future.add_done_callback(partial(self._judged, command))

    @staticmethod
    def _ask(client: ActionClient, goal, answer) -> None:
        """Send a goal; `answer` gets its result, or None where it was not even accepted."""

        def accepted(future) -> None:
            handle = future.result()
            if not handle.accepted:
                answer(None)
                return
            handle.get_result_async().add_done_callback(lambda f: answer(f.result().result))

        client.send_goal_async(goal).add_done_callback(accepted)

    def _arrived(self, tag: str, result: FollowJointTrajectory.Result | None) -> None:
        if result is None:
            self._hear(Done(tag, False, _REJECTED))
            return
        ok = result.error_code == FollowJointTrajectory.Result.SUCCESSFUL
        # a canceled goal has the code 0 as well, but this node cancels none
        self._hear(Done(tag, ok, result.error_string))

    def _led(self, tag: str, result: Reach.Result | None) -> None:
        if result is None:
            self._hear(Done(tag, False, _REJECTED))
            return
        text = f"{1e3 * result.distance:.1f} mm left after {result.duration:.2f} s"
        self._hear(Done(tag, result.reached, text if result.reached else result.text))

    def _gripped(self, tag: str, close: bool, result: GripperCommand.Result | None) -> None:
        if result is None:
            self._hear(Done(tag, False, _REJECTED))
            return
        ok = result.stalled == close
        text = f"opening {result.position * 1e3:.1f} mm, {'holds' if result.stalled else 'empty'}"
        self._hear(Done(tag, ok, "" if ok else text))

    def _served(self, tag: str, future) -> None:
        answer = future.result()
        self._hear(Done(tag, answer.success, answer.message))

    def _judged(self, command: FinishScanCommand, future) -> None:
        answer = future.result()
        if not answer.success:
            self._hear(Done(command.tag, False, answer.message))
            return
        found = anomalies_of(answer.anomalies)
        verdict = Verdict(command.part, answer.verdict, found, answer.coverage, answer.residual)
        self._hear(Verdicts(command.tag, verdict))
