"""The simulator: owns physics, all movers, `/clock` and the transforms."""

import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial

from control_msgs.action import FollowJointTrajectory, GripperCommand
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64, String
from std_srvs.srv import SetBool
from tf2_msgs.msg import TFMessage
from twincell_msgs.msg import BodyStates, ProductionEvent, SafetyState, StopReport, StopRequest

from twincell.cell.active_goals import GRIP_TIME
from twincell.cell.assembly import mount_body, mount_pose
from twincell.cell.drives import Drives
from twincell.errors import GoalError
from twincell.geometry.catalogue import nominal
from twincell.geometry.description import describe, package_uris
from twincell.geometry.pose import Pose
from twincell.geometry.urdf import link_poses
from twincell.physics.cell import PhysicsCell
from twincell.production.physical import intruded
from twincell.stack.surface import strides
from twincell_nodes import qos
from twincell_nodes.conversions import header, seconds, transform
from twincell_nodes.diagnostics import status
from twincell_nodes.messages import (
    event_of,
    state_of,
    stop_report,
    stop_request,
    trajectory_of,
    wall_ns,
)
from twincell_nodes.running import URGENT, CellNode, run
from twincell_nodes.target_port import TargetPort
from twincell_nodes.timekeeper import Timekeeper

__all__ = ["SimulatorNode", "main"]

WATCH = 0.008
"""Longest period at which the age of the safety state is looked at [s of wall time]."""
FREE_RUNNING = 0.001
"""Period of the ticks where simulated time runs as fast as it can [s of wall time]."""


class SimulatorNode(CellNode):
    """Steps physics at the pace of the wall clock; stands still without a safety state.

    Parameters: `real_time_factor`, simulated seconds a wall second, 0 as fast as it can; `awaited`,
    names of nodes, with commas, that must be there before time begins.
    """

    def __init__(self) -> None:
        super().__init__("simulator", real_time_factor=1.0, awaited="")
        base = self.path.parent
        arms = {name: describe(name, arm, base) for name, arm in self.world.arms.items()}
        model = nominal(self.world.part, base)
        still = {n: link_poses(ET.fromstring(d.urdf), only_fixed=True) for n, d in arms.items()}  # noqa: S314 - our own text
        names = [f"{n}/{link}" for n, d in arms.items() for link in d.links if link not in still[n]]
        names += [f"blade/{name}" for name in self.world.blades]
        names += ["visitor"] if self.world.visitor is not None else []
        self.physics = PhysicsCell(self.world, arms, model, self.seed, names)
        self.drives = Drives(self.world, arms, self.physics)
        factor = float(self.parameter("real_time_factor"))
        awaited = {name for name in self.parameter("awaited").split(",") if name}
        self._keeper = Timekeeper(self, self.physics.dt, factor, awaited)
        self._early: tuple[SafetyState, float] | None = None
        self._waiting: list[tuple[Callable[[], object], float | None, Future]] = []
        self._steps = 0
        self._requested: dict[str, tuple[float, int, int]] = {}
        self._last_state = self._longest = 0.0

        rate = self.world.physics_rate
        self._body_steps, self._tf_steps = strides(self.world)
        self._energy_steps = max(1, round(rate / 10.0))
        self._tf = self.create_publisher(TFMessage, "/tf", qos.RELIABLE)
        self._tf_static = self.create_publisher(TFMessage, "/tf_static", qos.LATCHED)
        self._bodies = self.create_publisher(BodyStates, "cell/body_states", qos.NEWEST)
        self._energy = self.create_publisher(Float64, "cell/energy", qos.RELIABLE)
        self._reports = self.create_publisher(StopReport, "safety/stop_report", qos.KEPT)
        self._pleas = self.create_publisher(StopRequest, "safety/stop_request", qos.RELIABLE)
        self._health = self.create_publisher(DiagnosticArray, "/diagnostics", qos.RELIABLE)
        self._joints = {}
        self._joint_names = {}
        self._running: dict[str, object] = {}
        self._servers, self._ports = [], []
        self._latched = []
        for name, description in arms.items():
            self._offer(name, description)
        self._publish_static(arms, still)
        # while it waits for the clamp, the default group would let nothing else happen
        apart = ReentrantCallbackGroup()
        self.create_service(SetBool, "fixture/clamp", self._clamp, callback_group=apart)
        patience = self.world.safety.patience
        self._safety = self.create_subscription(
            SafetyState, "safety/state", self._hear, qos.safety_state(patience)
        )
        self.create_subscription(ProductionEvent, "production/events", self._told, qos.RELIABLE)
        period = self._body_steps * self.physics.dt
        self.wall_timer(min(WATCH, period / factor) if factor > 0 else FREE_RUNNING, self._tick)
        self.wall_timer(1.0, self._diagnose)
        self.get_logger().info(f"{self.world.name}: {len(names)} moving bodies, {rate:g} steps/s")

    def _offer(self, name: str, description) -> None:
        """Topics and actions of one mover."""
        self._joints[name] = self.create_publisher(JointState, f"{name}/joint_states", qos.JOINTS)
        self._joint_names[name] = [*description.joints, *description.gripper_joints]
        latched = self.create_publisher(String, f"{name}/robot_description", qos.LATCHED)
        latched.publish(String(data=package_uris(description.urdf)))
        self._latched.append(latched)
        self._servers.append(
            ActionServer(
                self,
                FollowJointTrajectory,
                f"{name}/arm_controller/follow_joint_trajectory",
                execute_callback=partial(self._follow, name),
                cancel_callback=partial(self._cancel, name),
            )
        )
        self._ports.append(TargetPort(self, name, self.drives, lambda: self.physics.time))
        if self.world.arms[name].gripper is not None:
            self._servers.append(
                ActionServer(
                    self,
                    GripperCommand,
                    f"{name}/gripper_controller/gripper_cmd",
                    execute_callback=partial(self._grip, name),
                )
            )

    def _publish_static(self, arms, still) -> None:
        """What never moves against its parent: fixed links, sensors in their mounts."""
        fixed = [
            transform(0.0, "world", f"{name}/{link}", arms[name].place @ local)
            for name, links in still.items()
            for link, local in links.items()
        ]
        for name, sensor in self.world.sensors.items():
            parent = mount_body(self.world, sensor) or "world"
            fixed.append(transform(0.0, parent, name, mount_pose(sensor)))
        self._tf_static.publish(TFMessage(transforms=fixed))

    # ---------------------------------------------------------------- time

    def _tick(self) -> None:
        # nothing moves before time begins
        if not self._keeper.begun:
            if not self._keeper.begin(self.physics.time):
                return
            if self._early is not None:
                self._hear(*self._early)
        # also where nothing steps, so that silence is noticed in time
        self.drives.watch(self.physics.time, time.monotonic())
        for _ in range(self._keeper.due()):
            now = self.physics.time
            if not self._keeper.goes_on(now, self.drives.leased(now)):
                return
            self._step()

    def _step(self) -> None:
        now, dt = self.physics.time, self.physics.dt
        for message in self.waiting(self._safety):
            self._hear(message)  # a stop does not wait for the end of several steps
        self.drives.watch(now, time.monotonic())
        self.drives.step(now, dt)
        self.physics.step()
        self._steps += 1
        self._publish()
        self._wake()

    def _publish(self) -> None:
        now = self.physics.time
        for report in self.drives.take_reports():
            message = stop_report(report, now)
            _, *walls = self._requested.get(report.request, (0.0, 0, 0))
            message.requested_wall_ns, message.accepted_wall_ns = walls
            self._reports.publish(message)
        if self._steps % self._body_steps == 0:
            poses = self.physics.poses()
            bodies = BodyStates(header=header(now, "world"), names=self.physics.body_names)
            bodies.poses.frombytes(poses.tobytes())
            self._bodies.publish(bodies)
            for name in self._joints:
                self._publish_joints(name, now)
            self._keeper.publish(now)
            if self._steps % self._tf_steps == 0:
                self._publish_transforms(now, poses)
        if self._steps % self._energy_steps == 0:
            self._energy.publish(Float64(data=float(sum(self.physics.energy().values()))))
            self._feed_back()

    def _publish_joints(self, name: str, now: float) -> None:
        q, v, effort = (values.tolist() for values in self.physics.joints(name))
        fingers = len(self._joint_names[name]) - len(q)
        if fingers:
            q += [self.physics.opening(name) / fingers] * fingers
            v += [0.0] * fingers
            effort += [0.0] * fingers
        self._joints[name].publish(
            JointState(
                header=header(now, ""),
                name=self._joint_names[name],
                position=q,
                velocity=v,
                effort=effort,
            )
        )

    def _publish_transforms(self, now: float, poses) -> None:
        moved = [
            transform(now, "world", name, Pose(row[:3], row[3:]))
            for name, row in zip(self.physics.body_names, poses, strict=True)
        ]
        self._tf.publish(TFMessage(transforms=moved))

    def _diagnose(self) -> None:
        values = {
            "time [s]": f"{self.physics.time:.3f}",
            "dropped [s]": f"{self._keeper.dropped:.3f}",
            "longest silence [ms]": f"{1e3 * self._longest:.1f}",
            "safety state": "silent" if self.drives.silent else "heard",
            "pace": self._keeper.pace,
        }
        level = 1 if self.drives.silent else 0
        text = "stopped: the safety state is silent" if level else "running"
        self._health.publish(status(self.physics.time, self.get_name(), level, text, values))

    # ---------------------------------------------------------------- waiting

    async def _until(self, ready: Callable[[], object], seconds_more: float | None = None):
        """The first true answer of `ready` after a step; None when the time is over."""
        future = Future()
        deadline = None if seconds_more is None else self.physics.time + seconds_more
        self._waiting.append((ready, deadline, future))
        return await future

    def _wake(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for entry in waiting:
            ready, deadline, future = entry
            answer = ready()
            if answer:
                future.set_result(answer)
            elif deadline is not None and self.physics.time > deadline:
                future.set_result(None)
            else:
                self._waiting.append(entry)

    # ---------------------------------------------------------------- what others ask

    def _hear(self, message: SafetyState, came: float | None = None) -> None:
        """Obey the safety state that came at a wall time [s], now where none is given."""
        wall = time.monotonic() if came is None else came
        if not self._keeper.begun:  # who starts up is silent now and then: the newest will count
            self._early = message, wall
            return
        if self._last_state:
            self._longest = max(self._longest, wall - self._last_state)
        self._last_state = wall
        try:
            self.drives.hear(state_of(message), self.physics.time, wall)
        except (ValueError, KeyError) as error:
            # not understood is not heard: it goes silent, and everything stops
            self.get_logger().error(f"safety state {message.sequence}: {error}")
        for request in message.active:
            # a supervisor that has started anew counts its requests anew
            made = seconds(request.header.stamp)
            if self._requested.get(request.id, (-1.0,))[0] != made:
                self._requested[request.id] = (made, request.wall_ns, wall_ns())
        plea = self.drives.ask(self.physics.time, wall)
        if plea is not None:
            self._pleas.publish(stop_request(plea))

    def _told(self, message: ProductionEvent) -> None:
        """A disruption may let a person walk in."""
        until = intruded(event_of(message))
        if until is not None and until > self.physics.time:
            self.physics.intrude(until)

    async def _follow(self, mover: str, handle):
        result = FollowJointTrajectory.Result()
        asked = handle.request.trajectory
        try:
            begin = seconds(asked.header.stamp)
            goal = trajectory_of(asked)
            self.drives.accept(mover, goal, self.physics.time, begin if begin > 0 else None)
        except GoalError as error:
            self.get_logger().warning(f"goal refused: {error}")
            result.error_code, result.error_string = error.code, str(error)
            handle.abort()
            return result
        self._running[mover] = handle
        outcome = await self._until(lambda: self.drives.outcome(mover))
        self._running.pop(mover, None)
        result.error_code, result.error_string = outcome.code, outcome.text
        if outcome.ok:
            handle.succeed()
        elif outcome.state == "canceled" and handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return result

    def _cancel(self, mover: str, _handle) -> CancelResponse:
        self.drives.cancel(mover, self.physics.time)
        return CancelResponse.ACCEPT

    def _feed_back(self) -> None:
        """Progress of the running goals."""
        for mover, handle in self._running.items():
            message = FollowJointTrajectory.Feedback(header=header(self.physics.time, ""))
            q, v, _ = self.physics.joints(mover)
            wanted, speed = self.drives.set_point(mover)
            message.joint_names = self._joint_names[mover][: len(q)]
            message.desired.positions, message.desired.velocities = wanted.tolist(), speed.tolist()
            message.actual.positions, message.actual.velocities = q.tolist(), v.tolist()
            message.error.positions = (wanted - q).tolist()
            handle.publish_feedback(message)

    async def _grip(self, mover: str, handle):
        asked = handle.request.command
        gripper = self.world.arms[mover].gripper
        close = asked.position < 0.5 * gripper.open
        self.physics.grip(mover, close)
        await self._until(lambda: self.physics.grip_settled(mover), GRIP_TIME)
        opening = self.physics.opening(mover)
        held = self.physics.gripped(mover)
        # as control_msgs has it: stalled means that fingers met something and press
        result = GripperCommand.Result(position=float(opening), stalled=held is not None)
        result.reached_goal = held is None and abs(opening - asked.position) < 0.07 * gripper.open
        result.effort = float(gripper.force) if held is not None else 0.0
        handle.succeed()
        return result

    async def _clamp(self, request: SetBool.Request, response: SetBool.Response):
        self.physics.clamp(request.data)
        await self._until(lambda: self.physics.clamp_settled, GRIP_TIME)
        held = self.physics.clamped
        response.success = (held is not None) == request.data
        response.message = held or ("" if response.success else "no blade stands at the datum")
        return response


def main(args=None) -> None:
    """Entry point."""
    run(SimulatorNode, args, urgent=URGENT)
