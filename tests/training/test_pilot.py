"""A policy outside of its environment: it sees and does the same, and is refused elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import gymnasium
import numpy as np
import onnx
import pytest
import yaml

import twincell.envs  # noqa: F401  # registers the ids
from twincell.assets import world_path
from twincell.errors import EnvError, TrainingError
from twincell.geometry.description import describe
from twincell.motion.controller import TrajectoryController
from twincell.motion.limits import JointLimits
from twincell.training.pilot import Pilot, pilot_of
from twincell.training.policy import OnnxPolicy, baselines
from twincell.training.reaching import Reaching
from twincell.world.load import load_world

POLICIES = {"reach-5mm": "handler", "reach-inspector": "inspector"}
WORLD = load_world(world_path("blade_cell"))
DT = 1 / 240


def pilot(name: str) -> Pilot:
    return Pilot("blade_cell", POLICIES[name], OnnxPolicy.load(name))


@pytest.mark.parametrize("name", POLICIES)
def test_it_sees_and_does_what_it_does_in_its_environment(name: str) -> None:
    policy, ours = OnnxPolicy.load(name), pilot(name)
    options = policy.about["options"]
    with (
        gymnasium.make(policy.about["env_id"], **options) as one,
        gymnasium.make(policy.about["env_id"], **options) as other,
    ):
        seen, _ = one.reset(seed=5)
        other.reset(seed=5)
        arms, substeps = other.unwrapped.task.arms, other.unwrapped.task.options.substeps
        ours.aim(seen["desired_goal"].astype(float))
        for _ in range(50):
            mine = ours.see(arms.q[0], arms.v[0])
            for key, part in seen.items():
                np.testing.assert_array_equal(mine[key], part)
            arms.drive(ours.speeds(arms.q[0], arms.v[0])[None], substeps)
            seen, *_, info = one.step(policy.act(seen))
        assert info["is_success"]
        np.testing.assert_array_equal(arms.q, one.unwrapped.task.arms.q)
        assert ours.distance(arms.q[0], arms.v[0]) == pytest.approx(info["distance"], abs=1e-9)


class Led:
    """A controller at 240 Hz whose joints are where they are to be, led at 80 Hz."""

    def __init__(self, name: str) -> None:
        arm = WORLD.arms[POLICIES[name]]
        made = describe(POLICIES[name], arm, world_path("blade_cell").parent)
        limits = JointLimits.of(made, arm)
        self.controller = TrajectoryController(made.name, made.joints, limits, arm.home)
        self.now, self.speeds = 0.0, [np.zeros(len(arm.home))]

    def run(self, motion: Reaching, seconds: float) -> None:
        for k in range(round(seconds / DT)):
            if k % 3 == 0:
                target = motion.update(self.now, *self.controller.command)
                if target is not None:
                    self.controller.stream(target, self.now)
            self.speeds.append(self.controller.update(self.now, DT)[1])
            self.now += DT
            if motion.result is not None:
                return


@pytest.mark.parametrize("goal", [(0.70, 0.0, 0.79), (0.67, 0.09, 0.92), (0.88, -0.09, 0.74)])
def test_under_the_limits_of_the_cell_it_comes_to_rest_at_its_goal(goal) -> None:
    ours, led = pilot("reach-inspector"), Led("reach-inspector")
    motion = Reaching(ours, goal)
    led.run(motion, 6.0)
    assert motion.result is not None
    assert motion.result.reached, motion.result
    assert motion.result.distance <= 0.005
    assert not np.any(led.controller.command[1])
    # by the forward kinematics of Bullet: where it rests is where it was sent
    with gymnasium.make("twincell/Reach-v0", arm="inspector", goals=(0.1, 0.1, 0.1)) as env:
        task = env.unwrapped.task
        env.reset(seed=0)
        task.arms.place([0], led.controller.command[0][None])
        tip = task.observation()["achieved_goal"][0]
    assert np.linalg.norm(tip - goal) == pytest.approx(motion.result.distance, abs=1e-6)
    v = np.array(led.speeds)
    limits = led.controller.limits
    assert float((np.abs(v) - limits.velocity).max()) <= 1e-6
    assert float((np.abs(np.diff(v, axis=0)) / DT - limits.acceleration).max()) <= 1e-2


def test_a_goal_that_takes_too_long_is_missed_at_rest() -> None:
    ours, led = pilot("reach-inspector"), Led("reach-inspector")
    motion = Reaching(ours, (0.7, 0.0, 0.83), patience=0.4)
    led.run(motion, 4.0)
    assert motion.result is not None
    assert not motion.result.reached
    assert "within 0.4 s" in motion.result.text
    assert motion.result.distance == pytest.approx(ours.distance(*led.controller.command))
    assert not np.any(led.controller.command[1])


def test_it_does_not_lead_where_something_stands() -> None:
    ours, led = pilot("reach-inspector"), Led("reach-inspector")

    def wall(q: np.ndarray) -> str | None:
        return "a wall is touched" if ours.see(q, np.zeros(6))["achieved_goal"][0] < 0.8 else None

    motion = Reaching(ours, (0.7, 0.0, 0.83), obstacle=wall)
    led.run(motion, 4.0)
    assert motion.result is not None
    assert "too near: a wall" in motion.result.text
    assert ours.see(*led.controller.command)["achieved_goal"][0] > 0.8


def test_a_stop_ends_the_motion_and_says_so() -> None:
    ours, led = pilot("reach-inspector"), Led("reach-inspector")
    motion = Reaching(ours, (0.7, 0.0, 0.83))
    led.run(motion, 0.5)
    led.controller.stop(2, led.now)
    motion.end("a stop is in force")
    led.run(motion, 3.0)
    assert motion.result is not None
    assert not motion.result.reached
    assert motion.result.text.startswith("a stop is in force")


def changed(tmp_path: Path, **about: object) -> OnnxPolicy:
    """The inspector's policy with other metadata."""
    graph = onnx.load(str(baselines()["reach-inspector"]))
    said = OnnxPolicy.load("reach-inspector").about | about
    onnx.helper.set_model_props(graph, {k: json.dumps(v) for k, v in said.items()})
    onnx.save(graph, str(tmp_path / "changed.onnx"))
    return OnnxPolicy.load(tmp_path / "changed.onnx")


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ({"env_id": "twincell/Pick-v0"}, "env_id 'twincell/Pick-v0'.*twincell/Reach-v0"),
        ({"arm": "handler"}, "arm here is 'inspector'; the policy is for 'handler'"),
        ({"rate": 50.0}, r"rate here is 25\.0; the policy is for 50\.0"),
        ({"action": "velocity"}, "action here is 'cartesian'; the policy is for 'velocity'"),
        ({"joints": ["a", "b", "c", "d", "e", "f"]}, "joints here is .*shoulder_pan_joint"),
        (
            {"layout": [["desired_goal", 3], ["achieved_goal", 3], ["observation", 18]]},
            None,
        ),
        (
            {"layout": [["achieved_goal", 4], ["desired_goal", 3], ["observation", 17]]},
            "observation here .*'observation': 18.*the policy's.*'observation': 17",
        ),
    ],
)
def test_a_policy_for_something_else_is_refused(tmp_path, about, message) -> None:
    policy = changed(tmp_path, **about)
    if message is None:  # the file says in which order it takes the parts: any is valid
        Pilot("blade_cell", "inspector", policy)
        return
    with pytest.raises(TrainingError, match=message):
        Pilot("blade_cell", "inspector", policy)


def test_another_arm_goal_or_joint_state_is_refused() -> None:
    with pytest.raises(TrainingError, match="arm here is 'inspector'; the policy is for 'handler'"):
        Pilot("blade_cell", "inspector", OnnxPolicy.load("reach-5mm"))
    ours = pilot("reach-inspector")
    with pytest.raises(EnvError, match=r"goal \[2\.0, 0\.0, 0\.8\]; valid: from"):
        ours.aim((2.0, 0.0, 0.8))
    for q in (np.zeros(7), np.full(6, np.nan)):
        with pytest.raises(EnvError, match=r"joint positions .*; valid: 6 finite numbers"):
            ours.see(q, np.zeros(6))
    with pytest.raises(TrainingError, match="patience -1"):
        Reaching(ours, (0.7, 0.0, 0.83), patience=-1)


def test_an_arm_that_stands_elsewhere_is_refused(tmp_path: Path) -> None:
    world = yaml.safe_load(world_path("blade_cell").read_text(encoding="utf-8"))
    world["arms"]["inspector"]["place"]["xyz"][1] += 0.1
    moved = tmp_path / "moved.yaml"
    moved.write_text(yaml.safe_dump(world), encoding="utf-8")
    with pytest.raises(
        TrainingError, match=r"tip is at \[0\.9001, 0\.1009, .*is for \[0\.9001, 0\.0009"
    ):
        Pilot(moved, "inspector", OnnxPolicy.load("reach-inspector"))


def test_the_world_file_says_which_policy_leads_an_arm(tmp_path: Path) -> None:
    led = world_path("led_cell")
    assert pilot_of(led, "inspector").policy.name.endswith("reach-inspector.onnx")
    with pytest.raises(TrainingError, match=r"arm 'table' of .*: handler, inspector"):
        pilot_of(led, "table")
    with pytest.raises(TrainingError, match=r"\(none\)"):
        pilot_of(world_path("blade_cell"), "inspector")
    # a file beside the world file goes before a shipped name
    world = tmp_path / "led.yaml"
    world.write_text(led.read_text().replace("policy: reach-inspector", "policy: mine.onnx"))
    with pytest.raises(TrainingError, match=r"policy 'mine\.onnx': neither a file nor shipped"):
        pilot_of(world, "inspector")
    (tmp_path / "mine.onnx").write_bytes(baselines()["reach-inspector"].read_bytes())
    assert pilot_of(world, "inspector").policy.name == str(tmp_path / "mine.onnx")
