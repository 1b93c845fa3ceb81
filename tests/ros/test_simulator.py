"""The simulator's wiring: goals, refusals, silence; the logic is proved in tests/motion."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twincell.assets import world_path
from twincell.world.load import load_world

pytestmark = pytest.mark.ros

ARM = "handler"


class Client:
    """Talks to the simulator as supervisor and orchestrator would."""

    def __init__(self, node: Any, world: Path, arm: str = ARM) -> None:
        from control_msgs.action import FollowJointTrajectory
        from sensor_msgs.msg import JointState
        from trajectory_msgs.msg import JointTrajectory
        from twincell_msgs.msg import SafetyState, StopReport, StopRequest, TargetReport

        from tests.ros.actions import SharedActionClient
        from twincell_nodes import qos

        self.world = load_world(world)
        self.node = node
        self.states = self.node.create_publisher(
            SafetyState, "safety/state", qos.safety_state(self.world.safety.patience)
        )
        self.client = SharedActionClient(
            self.node, FollowJointTrajectory, f"{arm}/arm_controller/follow_joint_trajectory"
        )
        self.joints: JointState | None = None
        self.speed = 0.0
        self.reports: list[Any] = []
        self.node.create_subscription(JointState, f"{arm}/joint_states", self._joints, 10)
        self.node.create_subscription(
            StopReport, "safety/stop_report", self.reports.append, qos.RELIABLE
        )
        self.asked: list[Any] = []
        self.latched: Any = None
        self.node.create_subscription(
            StopRequest, "safety/stop_request", self.asked.append, qos.RELIABLE
        )
        self.targets = self.node.create_publisher(
            JointTrajectory, f"{arm}/arm_controller/joint_target", qos.NEWEST
        )
        self.target: Any = None
        self.told: list[Any] = []
        self.node.create_subscription(
            TargetReport,
            f"{arm}/arm_controller/joint_target_report",
            self.told.append,
            qos.RELIABLE,
        )
        self.speaking = False
        self.stopped = False
        self.sequence = 0
        self.node.create_timer(0.02, self._speak)

    def _joints(self, message: Any) -> None:
        self.joints = message
        self.speed = float(np.max(np.abs(message.velocity)))

    def _speak(self) -> None:
        from twincell.safety.types import Function, Mode, MoverStop, SafetyState, StopRequest
        from twincell_nodes.messages import safety_state

        if self.target is not None:
            self.targets.publish(self.target)
        if not self.speaking:
            return
        self.sequence += 1
        request = StopRequest("test-1", Function.PROCESS, 2, "critical_anomaly", "cell", "", 0, 0)
        state = SafetyState(
            stamp=0.0,
            sequence=self.sequence,
            mode=Mode.STOPPED if self.stopped else Mode.RUNNING,
            movers=tuple(
                MoverStop(name, 2 if self.stopped else None, 0.0 if self.stopped else 1.0)
                for name in self.world.arms
            ),
            active=(request,) if self.stopped else (),
            text="",
        )
        message = safety_state(state)
        if self.latched is not None:
            message.active = [self.latched]
        self.states.publish(message)

    def ask(self, joints: list[str], step: float, seconds: float = 2.0) -> Any:
        """Send a goal that moves the first joint; the future of its result."""
        from twincell.motion.trajectory import JointTrajectory
        from twincell_nodes.messages import follow_goal

        assert self.joints is not None
        start = np.array(self.joints.position[: len(joints)])
        goal = start + np.eye(len(joints))[0] * step
        rest = np.zeros((2, len(joints)))
        trajectory = JointTrajectory(
            tuple(joints), np.array([0.0, seconds]), np.stack([start, goal]), rest
        )
        return self.client.send_goal_async(follow_goal(trajectory))

    def lead(self, joints: list[str], goal: np.ndarray) -> None:
        """Stream a target at 50 Hz from now on."""
        from twincell.motion.stream import JointTarget
        from twincell_nodes.messages import target

        self.told.clear()
        self.target = target(JointTarget(tuple(joints), goal, hold=0.25))

    def result(self, sent: Any, until: Callable[..., None], seconds: float = 20.0) -> Any:
        until(sent.done, "the goal's acceptance")
        future = sent.result().get_result_async()
        until(future.done, "the goal's result", seconds)
        return future.result().result


@pytest.fixture
def client(
    start: Callable[..., Any], until: Callable[..., None], outside: Any, tmp_path: Path
) -> Iterator[Client]:
    # on a busy machine the test itself may be silent for longer than a real supervisor may
    text = world_path("blade_cell").read_text(encoding="utf-8")
    text, count = re.subn(r"^safety:\n", "safety:\n  patience: 1.5 s\n", text, flags=re.MULTILINE)
    assert count == 1
    world = tmp_path / "patient.yaml"
    world.write_text(text, encoding="utf-8")
    simulator = start("simulator", world=str(world))
    client = Client(outside, world)
    until(lambda: client.joints is not None, "the first joint state", 60)
    until(client.client.server_is_ready, "the action server")
    yield client
    assert simulator.poll() is None, "the simulator died"
    simulator.send_signal(signal.SIGINT)
    assert simulator.wait(10) == 0


def test_goals_stops_and_silence(client: Client, until: Callable[..., None]) -> None:
    """One simulator for all, as starting it takes longer than the rest."""
    from control_msgs.action import FollowJointTrajectory

    codes = FollowJointTrajectory.Result
    arm = [name for name in client.joints.name if "finger" not in name]
    home = client.joints.position[0]

    # without a safety state nothing moves
    refused = client.result(client.ask(arm, 0.2), until)
    assert refused.error_code == codes.INVALID_GOAL
    assert "safety state is silent" in refused.error_string

    client.speaking = True
    until(lambda: client.states.get_subscription_count() > 0, "the simulator listening")
    until(
        lambda: client.result(client.ask(arm, 0.0, 0.1), until).error_code == codes.SUCCESSFUL,
        "the permission to move",
    )

    # a goal is executed
    done = client.result(client.ask(arm, 0.2), until)
    assert (done.error_code, done.error_string) == (codes.SUCCESSFUL, "goal reached")
    until(lambda: abs(client.joints.position[0] - home - 0.2) < 0.01, "the goal position")

    # wrong joints, and more than the joint can do, are refused with their codes
    wrong = client.result(client.ask([*arm[:-1], "panda_joint77"], 0.1), until)
    assert wrong.error_code == codes.INVALID_JOINTS
    assert "panda_joint77" in wrong.error_string
    assert "panda_joint7" in wrong.error_string
    beyond = client.result(client.ask(arm, 9.0), until)
    assert beyond.error_code == codes.INVALID_GOAL
    assert "valid" in beyond.error_string

    # streamed targets are followed within the limits, and what is followed is told
    there = np.array(client.joints.position[: len(arm)])
    client.lead(arm, np.r_[home, there[1:-1], 99.0])
    until(lambda: abs(client.joints.position[0] - home) < 0.01, "the target's position")
    told = client.told[-1]
    assert told.followed
    assert list(told.joint_names) == arm
    np.testing.assert_allclose(told.positions[:-1], np.r_[home, there[1:-1]], atol=1e-9)
    assert told.positions[-1] == pytest.approx(2.8973)  # the joint's end, of panda.urdf
    busy = client.result(client.ask(arm, 0.1), until)
    assert busy.error_code != codes.SUCCESSFUL
    client.lead(arm, there)
    until(lambda: abs(client.joints.position[0] - home) > 0.05, "the way back")
    client.target = None
    until(lambda: client.speed < 1e-3, "standstill in silence", 10)
    stood = np.array(client.joints.position[: len(arm)])
    client.lead([*arm[:-1], "panda_joint77"], stood)
    until(lambda: client.told, "the refusal")
    assert not client.told[-1].followed
    assert "panda_joint77" in client.told[-1].text
    client.target = None

    # a stop ends a stream, which moves nothing as long as it goes on, though reset
    client.lead(arm, stood + np.eye(len(arm))[0] * 0.5)
    until(lambda: client.speed > 0.05, "motion")
    client.stopped = True
    until(lambda: client.reports, "the stop report")
    client.stopped = False
    until(lambda: "pause" in client.told[-1].text, "the stream's refusal after the reset")
    stood = np.array(client.joints.position[: len(arm)])
    threading.Event().wait(0.5)
    assert np.abs(np.array(client.joints.position[: len(arm)]) - stood).max() < 1e-3
    client.target = None
    client.reports.clear()
    threading.Event().wait(0.5)

    # a stop ends the goal; its reset starts no motion
    running = client.ask(arm, 0.6, 6.0)
    until(lambda: client.speed > 0.05, "motion")
    client.stopped = True
    ended = client.result(running, until)
    assert ended.error_code != codes.SUCCESSFUL
    until(lambda: any(r.request_id == "test-1" for r in client.reports), "the stop report")
    client.stopped = False
    stood = client.joints.position[0]
    threading.Event().wait(1.0)
    assert abs(client.joints.position[0] - stood) < 1e-3

    # when the safety state goes silent the simulator stops by itself
    running = client.ask(arm, 0.6, 6.0)
    until(lambda: client.speed > 0.05, "motion")
    client.speaking = False
    ended = client.result(running, until)
    assert ended.error_code != codes.SUCCESSFUL
    until(lambda: client.speed < 1e-3, "standstill", 10)
    until(lambda: any(r.cause == "heartbeat_lost" for r in client.reports), "the report")

    # hearing it again starts no motion either
    stood = client.joints.position[0]
    client.speaking = True
    until(lambda: client.asked, "the simulator's own request")
    assert {r.cause for r in client.asked} == {"heartbeat_lost"}
    threading.Event().wait(0.5)
    assert abs(client.joints.position[0] - stood) < 1e-3

    # and a permission that knows nothing of the stop permits nothing, until it is taken up
    refused = client.result(client.ask(arm, 0.2), until)
    assert refused.error_code == codes.INVALID_GOAL
    assert "reset" in refused.error_string
    client.latched = client.asked[-1]
    threading.Event().wait(0.3)
    client.latched = None
    until(
        lambda: client.result(client.ask(arm, 0.0, 0.1), until).error_code == codes.SUCCESSFUL,
        "the permission to move after the reset",
    )
