"""A policy moves the inspector of a real simulator, a stop ends that; a wrong file does nothing."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twincell.assets import world_path

pytestmark = pytest.mark.ros

ARM = "inspector"


def world_with(tmp_path: Path, policy: str) -> Path:
    """The shipped cell with a policy."""
    text = world_path("blade_cell").read_text(encoding="utf-8")
    old = r"^    tip: profiler_optical$"
    text, count = re.subn(old, f"    tip: profiler_optical\n    policy: {policy}", text, flags=re.M)
    assert count == 1
    path = tmp_path / "led.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_policy_leads_within_its_goals_and_a_stop_or_silence_ends_it(
    start: Callable[..., Any], until: Callable[..., None], outside: Any, tmp_path: Path
) -> None:
    """The policy's wiring; what it does is proved in tests/training."""
    from action_msgs.msg import GoalStatus
    from geometry_msgs.msg import Point
    from sensor_msgs.msg import JointState
    from twincell_msgs.action import Reach

    from tests.ros.actions import SharedActionClient
    from tests.ros.test_simulator import Client

    # on a busy machine the test itself may be silent for longer than a real supervisor may
    text = world_with(tmp_path, "reach-inspector").read_text(encoding="utf-8")
    text, count = re.subn(r"^safety:\n", "safety:\n  patience: 1.5 s\n", text, flags=re.MULTILINE)
    assert count == 1
    path = tmp_path / "patient.yaml"
    path.write_text(text, encoding="utf-8")
    simulator = start("simulator", world=str(path))
    policy = start("policy", world=str(path), arm=ARM)
    client = Client(outside, path, ARM)
    action = SharedActionClient(client.node, Reach, f"{ARM}/policy/reach")
    told: list[Any] = []

    def ask(x: float, y: float, z: float) -> Any:
        sent = action.send_goal_async(
            Reach.Goal(goal=Point(x=x, y=y, z=z)), lambda m: told.append(m.feedback)
        )
        until(sent.done, "the policy's acceptance")
        return sent.result()

    def ended(handle: Any) -> Any:
        future = handle.get_result_async()
        until(future.done, "the end of a motion")
        return future.result()

    until(lambda: client.joints is not None, "the first joint state", 60)
    until(action.server_is_ready, "the policy", 60)
    # without a safety state nothing moves, and the answer says why
    assert "safety state is silent" in ended(ask(0.70, 0.0, 0.83)).result.text
    client.speaking = True
    until(lambda: ended(ask(0.70, 0.0, 0.83)).result.reached, "the permission to move")

    # there and back, told on the way
    result = ended(ask(0.86, 0.05, 0.80)).result
    assert result.reached, result.text
    assert result.distance <= result.tolerance == pytest.approx(5e-3)
    assert len(result.intervals) > 20
    assert min(result.latencies) >= 0.0
    assert told[-1].distance < 0.2
    assert len(told[-1].followed) == len(told[-1].joint_names) == 6

    # a goal outside of its training, and a second one at a time
    far = ended(ask(2.0, 0.0, 0.8))
    assert far.status == GoalStatus.STATUS_ABORTED
    assert "valid: from" in far.result.text
    goals = [Reach.Goal(goal=Point(x=x, y=0.0, z=0.79)) for x in (0.70, 0.86)]
    both = [action.send_goal_async(goal) for goal in goals]
    for sent in both:
        until(sent.done, "the policy's acceptance")
    first, second = (sent.result() for sent in both)
    assert first.accepted
    assert not second.accepted
    assert not ask(0.86, 0.0, 0.80).accepted
    first.cancel_goal_async()
    off = ended(first)
    assert off.status == GoalStatus.STATUS_CANCELED
    assert "called off" in off.result.text

    # a stop ends the motion, and its reset starts none
    running = ask(0.86, 0.05, 0.80)
    until(lambda: client.speed > 0.1, "motion")
    client.stopped = True
    assert "stop is in force" in ended(running).result.text
    until(lambda: client.reports, "the stop report")
    client.stopped = False
    stood = np.array(client.joints.position)
    threading.Event().wait(0.7)
    assert np.abs(np.array(client.joints.position) - stood).max() < 1e-3
    until(lambda: ended(ask(0.86, 0.05, 0.80)).result.reached, "the new goal")

    # without joint states nobody is led
    simulator.send_signal(signal.SIGINT)
    assert simulator.wait(10) == 0
    assert "no joint state" in ended(ask(0.70, 0.0, 0.83)).result.text
    # nor by joint states that lack something
    lame = JointState(name=list(client.joints.name), velocity=client.joints.velocity)
    states = client.node.create_publisher(JointState, f"{ARM}/joint_states", 10)
    timer = client.node.create_timer(0.02, lambda: states.publish(lame))
    assert "0 positions" in ended(ask(0.70, 0.0, 0.83)).result.text
    timer.cancel()
    policy.send_signal(signal.SIGINT)
    assert policy.wait(10) == 0


def test_a_policy_for_another_arm_ends_before_anything_moves(
    start: Callable[..., Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    node = start("policy", world=str(world_with(tmp_path, "reach-5mm")), arm=ARM)
    assert node.wait(60) == 1
    assert "arm here is 'inspector'; the policy is for 'handler'" in capfd.readouterr().err
