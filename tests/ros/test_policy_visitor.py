"""A policy moves the inspector in the ROS cell, and a visitor stops it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twincell.assets import world_path
from twincell.geometry.description import describe
from twincell.motion.kinematics import ArmModel
from twincell.world.load import load_world

pytestmark = pytest.mark.ros

ARM = "inspector"


def world_with(tmp_path: Path, policy: str) -> Path:
    """The shipped cell with a policy, and a visitor every twelve seconds."""
    text = world_path("blade_cell").read_text(encoding="utf-8")
    changes = [
        (r"^    tip: profiler_optical$", rf"    tip: profiler_optical\n    policy: {policy}"),
        (r"^  times: \[42 s\]$", f"  times: [{', '.join(f'{12 * k} s' for k in range(1, 30))}]"),
    ]
    for old, new in changes:
        text, count = re.subn(old, new, text, flags=re.MULTILINE)
        assert count == 1, old
    path = tmp_path / "led.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_policy_moves_the_inspector_and_a_visitor_stops_it(
    workspace: Any, domain: int, tmp_path: Path
) -> None:
    import rclpy

    from twincell_nodes.conversions import seconds
    from twincell_nodes.driving import MOVING
    from twincell_nodes.leading import Leader

    path = world_with(tmp_path, "reach-inspector")
    world = load_world(path)
    model = ArmModel(describe(ARM, world.arms[ARM], path.parent), world.arms[ARM])
    ends = (np.array([0.70, 0.0, 0.83]), np.array([0.86, 0.05, 0.80]))
    rclpy.init(args=["--ros-args", "-p", f"world:={path}", "-p", "seed:=7"])
    leader = Leader("tester", tmp_path / "run")

    def left(k: int) -> float:
        return float(np.linalg.norm(model.forward(leader.where(ARM)).p - ends[k % 2]))

    def stands(since: float) -> np.ndarray:
        """Where the joints are, as told no earlier than `since`: on a busy machine they lag."""
        leader.wait(lambda: leader.joints[ARM][-1][1] >= since, "newer joint states", 30)
        return leader.where(ARM)

    def now() -> float:
        return leader.get_clock().now().nanoseconds * 1e-9

    try:
        leader.begin(120.0)
        results = []
        for k in range(60):
            before = leader.where(ARM)
            results.append(leader.lead(ARM, ends[k % 2]))
            if not results[-1].reached and len(results) == 1:
                results.clear()  # a visitor was there from the start: wait until it has gone
                leader.recover(60.0)
                continue
            if not results[-1].reached:
                break
            # by the kinematics of another library, from the joints that were published, which may
            # come after the result
            assert leader.until(lambda k=k: abs(left(k) - results[-1].distance) < 1e-3, 5.0)
            assert left(k) <= 5e-3 + 1e-4
            assert np.abs(leader.where(ARM) - before).max() > 0.05
        stopped = results.pop()
        assert len(results) >= 1, stopped.text
        assert not stopped.reached
        assert "stop" in stopped.text
        # what is told to be followed is within the joints' limits
        joints = describe(ARM, world.arms[ARM], path.parent)
        followed = np.array([f.followed for f in leader.feedback if len(f.followed)])
        assert len(followed)
        assert (followed >= joints.lower).all()
        assert (followed <= joints.upper).all()
        leader.wait(lambda: any(r.mover == ARM for r in leader.reports), "the stop report", 10)
        told = [r for r in leader.reports if r.mover == ARM]
        assert {r.cause for r in told} == {"person_in_zone"}

        # as long as the visitor is there, asking again moves nothing
        stood = stands(seconds(told[-1].standstill))
        again = leader.lead(ARM, ends[0])
        assert not again.reached
        assert "stop" in again.text
        assert np.abs(stands(now()) - stood).max() < 1e-3
        assert leader.speed(ARM) < MOVING

        # neither does the reset, once the visitor is gone; a new goal does
        leader.recover(60.0)
        assert np.abs(stands(now()) - stood).max() < 1e-3
        leader.go_home(ARM)
        assert leader.lead(ARM, ends[0]).reached
    finally:
        leader.finish()
        leader.destroy_node()
        rclpy.try_shutdown()
