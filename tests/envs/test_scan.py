"""twincell/ScanBlade-v0: what is seen, against all pairs; the planned pass can be met."""

from __future__ import annotations

import re

import gymnasium as gym
import numpy as np
import open3d as o3d
import pybullet as p
import pytest
from scipy.spatial.transform import Rotation

import twincell.envs  # noqa: F401
from tests.envs.contract import episodes_do_not_depend_on_those_before
from twincell.envs.randomise import Randomise
from twincell.errors import EnvError, SensorError
from twincell.geometry.catalogue import nominal
from twincell.sensing.coverage import SurfaceSamples, side_samples

NAME = "twincell/ScanBlade-v0"
UP = np.array([0, 0, 1, 0, 0, 0], np.float32)


@pytest.fixture(scope="module")
def env():
    with gym.make(NAME, physics="free") as made:
        yield made


@pytest.fixture(scope="module")
def exact():
    with gym.make(NAME, physics="free", play=0.0, yaw=0.0, start=0.0, askew=0.0) as made:
        yield made


def run(env, seed, policy):
    """All steps of an episode: observation, reward, info."""
    seen, _ = env.reset(seed=seed)
    steps = []
    while True:
        seen, reward, terminated, truncated, info = env.step(
            policy(seen) if callable(policy) else policy
        )
        steps.append((seen, reward, info))
        if terminated or truncated:
            assert not truncated
            return steps


def straight(task):
    """A policy that goes up along the planned pass, wherever it begins."""
    d, wanted = task.size, task.planned[0] @ task._mount.inverse()

    def policy(seen):
        x, z = seen[2 * d + 6 : 2 * d + 12].astype(float).reshape(2, 3)
        turn = Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=1))
        action = UP.copy()
        action[:2] = np.clip((wanted.p - seen[2 * d : 2 * d + 3])[:2] / 0.001, -0.3, 0.3)
        action[:3] /= np.linalg.norm(action[:3])
        action[3:] = (Rotation.from_quat(wanted.q) * turn.inv()).as_rotvec() / 0.02
        return np.clip(action, -1, 1)

    return policy


def test_who_goes_straight_up_sees_about_what_the_planned_pass_sees(exact):
    task = exact.unwrapped.task
    for seed in range(4):
        steps = run(exact, seed, straight(task))
        info = steps[-1][2]
        assert info["is_success"]
        assert info["coverage"] == pytest.approx(info["planned"], abs=0.003)
        assert info["planned"] > 0.95
        assert len(steps) <= task.periods
        assert steps[40][2]["standoff"] < 0.01
        assert max(info["incidence"] for *_, info in steps) < 0.02


def test_standing_still_sees_next_to_nothing_and_time_is_over(env):
    task = env.unwrapped.task
    steps = run(env, 1, 0 * UP)
    assert len(steps) == task.periods
    assert not steps[-1][2]["is_success"]
    assert steps[-1][2]["coverage"] < 0.1
    assert steps[-1][0][-2] == pytest.approx(0.0, abs=1e-6)


def test_faster_than_the_inspection_counts_for_nothing(exact):
    slow, fast = run(exact, 3, 0.4 * UP), []
    with gym.make(
        NAME, physics="free", play=0.0, yaw=0.0, start=0.0, askew=0.0, action="velocity"
    ) as other:
        other.reset(seed=3)
        lift = np.array([0, 0.1, 0, 0, 0, 0], np.float32)
        for _ in range(20):
            fast += [other.step(lift)[-1]["coverage"]]
    assert slow[-1][2]["coverage"] > 0.3
    assert max(fast) < 0.05


def test_who_turns_the_line_over_the_blade_faster_than_the_inspection_sees_nothing_new(exact):
    """0.02 rad over a standoff of some 150 mm are 3 mm a period, three times the inspection's."""
    found = {}
    for turn in (-1.0, -0.3, 0.3, 1.0):
        _, info = exact.reset(seed=3)
        first = info["coverage"]
        for _ in range(20):
            *_, info = exact.step(np.array([0, 0, 0, 0, turn, 0], np.float32))
        found[turn] = info["coverage"] - first
    assert max(found[-1.0], found[1.0]) < 0.03
    assert max(found[-0.3], found[0.3]) > 0.1


def test_rewards_follow_the_formula_and_gains_add_up(env):
    steps = run(env, 5, UP)
    half = 0.5 * env.unwrapped.task._spec.depth
    for _, reward, info in steps:
        told = 10 * info["gain"] - 0.05 * info["standoff"] / half - 0.1 * info["incidence"]
        assert reward == pytest.approx(told, abs=1e-9)
    gained = sum(info["gain"] for _, _, info in steps)
    _, info = env.reset(seed=5)
    first = info["coverage"] / info["planned"]
    assert gained + first == pytest.approx(steps[-1][2]["coverage"] / steps[-1][2]["planned"])


def test_an_arm_of_many_does_what_one_with_its_seed_does(env):
    many = gym.make_vec(NAME, 2, vectorization_mode="vector_entry_point", physics="free")
    first, _ = many.reset(seed=5)
    alone, _ = env.reset(seed=6)
    assert np.array_equal(first[1], alone)
    for _ in range(5):
        seen, rewards, *_ = many.step(np.stack([0 * UP, UP]))
        alone, reward, *_ = env.step(UP)
        assert np.array_equal(seen[1], alone)
        assert rewards[1] == reward
    many.close()


def test_randomisation_works_over_it(env):
    with Randomise(gym.make(NAME, physics="free"), noise=(0.01, 0.01), latency=(0, 0)) as noisy:
        seen, _ = noisy.reset(seed=2)
        clean, _ = env.reset(seed=2)
        assert 0.001 < np.std(seen[:12] - clean[:12]) < 0.03
        assert np.array_equal(seen[12:], clean[12:])


def standing(client, arm):
    """Bodies and joints of all that has joints in a world but the arm."""
    bodies = set(range(p.getNumBodies(physicsClientId=client))) - {arm}
    return [(b, j) for b in bodies for j in range(p.getNumJoints(b, physicsClientId=client))]


def test_movers_stand_still_and_begin_each_episode_anew():
    with gym.make(NAME, action="velocity") as env:
        env.reset(seed=0)
        client, arm = env.unwrapped.task.arms.worlds[0]
        others = standing(client, arm)
        assert len(others) == 8

        def moved():
            states = (p.getJointState(*one, physicsClientId=client) for one in others)
            return max(abs(s[0]) for s in states)

        for _ in range(60):
            env.step(0 * UP)
        assert moved() < 1e-4
        p.resetJointState(*others[1], 0.2, 0.5, physicsClientId=client)  # as if it had been hit
        env.reset(seed=0)
        assert moved() == 0.0


def test_an_episode_does_not_depend_on_those_before_it():
    into = np.array([0, 0, 0.6, 0, 0, 0])  # touches what stands there
    episodes_do_not_depend_on_those_before(
        NAME,
        lambda rng: (into + rng.uniform(-0.4, 0.4, 6)).astype(np.float32),
        40,
        action="velocity",
    )


def test_samples_lie_evenly_on_the_faces_that_look_at_the_viewer(env):
    part = env.unwrapped.task.world.part
    model = nominal(part, env.unwrapped.task.path.parent)
    low, high = model.airfoil
    points = side_samples(model.mesh, (low, high), (0, 1, 0), 0.0015)
    faces = (model.mesh.face_normals[:, 1] > 0) & (
        abs(model.mesh.triangles_center[:, 2] - (low + high) / 2) < (high - low) / 2
    )
    area = model.mesh.area_faces[faces].sum()
    assert len(points) == pytest.approx(area / 0.0015**2, rel=0.01)
    scene = o3d.t.geometry.RaycastingScene()
    mesh = model.mesh.submesh([np.flatnonzero(faces)], append=True)
    scene.add_triangles(mesh.vertices.astype(np.float32), mesh.faces.astype(np.uint32))
    distance = scene.compute_distance(points.astype(np.float32)).numpy()
    assert distance.max() < 1e-6
    # even: half the span holds its share of the area
    half = (low + high) / 2
    below = model.mesh.area_faces[faces & (model.mesh.triangles_center[:, 2] < half)].sum() / area
    assert (points[:, 2] < half).mean() == pytest.approx(below, abs=0.01)


def test_what_is_seen_is_what_a_search_over_all_pairs_says():
    rng = np.random.default_rng(3)
    points, measured = rng.uniform(0, 0.02, (200, 3)), rng.uniform(0, 0.02, (300, 3))
    gaps = np.linalg.norm(points[None] - measured[:, None], axis=2)
    wanted = np.flatnonzero((gaps <= 0.0015).any(axis=0))
    assert 0 < len(wanted) < 200
    assert np.array_equal(SurfaceSamples(points, 0.0015).seen(measured), wanted)
    assert len(SurfaceSamples(points, 0.0015).seen(np.empty((0, 3)))) == 0
    with pytest.raises(SensorError, match=r"valid: \(m, 3\)"):
        SurfaceSamples(points[:, :2], 0.001)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"arm": "handler"}, "valid: 'inspector'"),
        ({"rays": 3}, "16 to 4096"),
        ({"rays": 20.5}, "whole number"),
        ({"yaw": 2.0}, r"0 to 0\.3"),
        ({"tolerance": 0.1}, "no option 'tolerance'"),
        ({"askw": 0.1}, "did you mean 'askew'"),
    ],
)
def test_what_it_does_not_take_is_named(options, words):
    with pytest.raises(EnvError, match=words):
        gym.make(NAME, physics="free", **options)


def test_a_rate_at_which_the_planned_pass_is_longer_than_an_episode_is_refused():
    given = {"physics": "free", "substeps": 1, "rays": 16}
    words = r"takes \d+ periods, an episode has 1000; valid: a lower rate, up to (\d+) Hz"
    with pytest.raises(EnvError, match=words) as refused:
        gym.make(NAME, rate=400.0, **given)
    most = float(re.search(words, str(refused.value))[1])
    with gym.make(NAME, rate=most, **given) as env:
        assert 990 < env.unwrapped.task.periods <= env.spec.max_episode_steps


def test_actions_of_the_wrong_shape_or_without_a_number_are_refused(env):
    env.reset(seed=0)
    for bad in (np.zeros(3), np.full(6, np.nan)):
        with pytest.raises(EnvError, match="valid"):
            env.unwrapped.step(bad)
