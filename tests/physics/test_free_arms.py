"""Free arms beside Pinocchio and Bullet, which read the same robots on their own."""

from __future__ import annotations

import numpy as np
import pinocchio as pin
import pytest

from twincell.assets import world_path
from twincell.geometry.description import describe
from twincell.geometry.lumped import lump
from twincell.physics.arm_dynamics import FreeArms
from twincell.physics.bullet_arms import BulletArms
from twincell.physics.chain import constants, efforts, forward, jacobian, mass_matrix, transforms
from twincell.world.load import load_world

PATH = world_path("blade_cell")
WORLD = load_world(PATH)


@pytest.fixture(scope="module", params=["handler", "inspector", "table"])
def pair(request):
    """A lumped arm, and Pinocchio's model of its unlumped URDF in the world's gravity."""
    entry = WORLD.arms[request.param]
    description = describe(request.param, entry, PATH.parent)
    held = dict.fromkeys(description.gripper_joints, 0.03)
    full = pin.buildModelFromXML(description.urdf)
    q = pin.neutral(full)
    ids = [full.getJointId(n) for n in held]
    for number in ids:
        q[full.joints[number].idx_q] = 0.03
    model = pin.buildReducedModel(full, ids, q)
    turn = description.place.rotation()
    model.gravity.linear = turn.T @ np.array([0, 0, -9.81])
    return lump(description, held), model, description, np.asarray(entry.home, float)


def test_dynamics_are_pinocchios(pair):
    arm, model, description, _ = pair
    data, chain, d = model.createData(), constants(arm), len(arm.joints)
    rng = np.random.default_rng(0)
    R, p, M = np.empty((d, 3, 3)), np.empty((d, 3)), np.empty((d, d))
    tau, frames, J = np.empty(d), np.empty((d + 1, 4, 4)), np.empty((6, d))
    base = pin.SE3(description.place.matrix())
    for _ in range(20):
        q, v, a = rng.uniform(arm.lower, arm.upper), rng.normal(size=d), rng.normal(size=d)
        transforms(chain, q, R, p)
        efforts(chain, R, p, v, a, tau, np.empty((d, 12)))
        assert np.allclose(tau, pin.rnea(model, data, q, v, a), atol=1e-11)
        mass_matrix(chain, R, p, M)
        upper = np.triu(pin.crba(model, data, q))
        assert np.allclose(M, upper + np.triu(upper, 1).T, atol=1e-12)
        forward(chain, q, frames)
        jacobian(chain, frames, J)
        pin.framesForwardKinematics(model, data, q)
        frame = model.getFrameId(description.tip)
        assert np.allclose(frames[d], (base * data.oMf[frame]).homogeneous, atol=1e-12)
        local = pin.computeFrameJacobian(model, data, q, frame, pin.LOCAL_WORLD_ALIGNED)
        local = np.reshape(local, (6, -1))
        turned = np.vstack([base.rotation @ local[:3], base.rotation @ local[3:]])
        assert np.allclose(J, turned, atol=1e-12)


def both(pair):
    arm, _, _, home = pair
    free, bullet = FreeArms(arm, 1, 250.0), BulletArms(arm, 1, 250.0, 200)
    free.q[0] = home
    bullet.place([0], home[None])
    return free, bullet


def test_free_arms_fall_as_in_bullet(pair):
    free, bullet = both(pair)
    for _ in range(20):
        free.push(np.zeros_like(free.q), 1)
        bullet.push(np.zeros_like(free.q), 1)
        assert np.allclose(free.q, bullet.q, atol=1e-10)
        assert np.allclose(free.v, bullet.v, atol=1e-9)
    bullet.close()


def test_motors_pull_as_in_bullet_within_their_effort(pair):
    arm = pair[0]
    free, bullet = both(pair)
    rng, saturated = np.random.default_rng(1), 0
    for _ in range(25):
        room = np.minimum(arm.upper - free.q, free.q - arm.lower)
        speed = rng.uniform(-1, 1, free.q.shape) * np.minimum(arm.velocity, 20 * room)
        for _ in range(10):
            free.drive(speed, 1)
            bullet.drive(speed, 1)
            saturated += int((abs(free.effort) > arm.effort - 1e-6).any())
            assert (abs(free.effort) <= arm.effort + 1e-9).all()
        assert abs(free.q - bullet.q).max() < 1e-3
    assert saturated > 0 or len(arm.joints) == 1
    bullet.close()


def test_joints_stop_at_their_stops_and_no_sooner(pair):
    arm = pair[0]
    free = FreeArms(arm, 1, 250.0)
    free.q[0] = pair[3]
    for _ in range(100):
        free.push(np.where(np.arange(len(arm.joints)) % 2, 0.5, -0.5)[None] * arm.effort, 10)
        assert (free.q >= arm.lower - 1e-9).all()
        assert (free.q <= arm.upper + 1e-9).all()
    at_stop = np.minimum(arm.upper - free.q, free.q - arm.lower)[0] < 1e-6
    assert at_stop.any()
