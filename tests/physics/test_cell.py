"""The Bullet world: against Pinocchio, against itself, and doing the handler's work."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twincell.errors import PhysicsError
from twincell.geometry.pose import Pose
from twincell.motion.controller import TrajectoryController
from twincell.motion.limits import JointLimits
from twincell.motion.reach import LIFT
from twincell.motion.trajectory import JointTrajectory
from twincell.physics.cell import PhysicsCell

H = "handler"


class Runner:
    """A cell with a controller for each mover."""

    def __init__(self, world, descriptions, model) -> None:
        self.cell = PhysicsCell(world, descriptions, model, 7)
        self.controllers = {
            name: TrajectoryController(
                name, descriptions[name].joints, JointLimits.of(descriptions[name], arm), arm.home
            )
            for name, arm in world.arms.items()
        }
        self.error = 0.0
        self.touched: set[tuple[str, str]] = set()

    def tick(self) -> None:
        for name, controller in self.controllers.items():
            q, v = controller.update(self.cell.time, self.cell.dt, self.cell.joints(name)[0])
            self.cell.command(name, q, v)
        self.cell.step()
        for name, controller in self.controllers.items():
            apart = np.abs(self.cell.joints(name)[0] - controller.command[0])
            self.error = max(self.error, float(np.max(apart)))
        self.touched |= {(a, b) for a, b, _ in self.cell.contacts()}

    def until(self, done: Callable[[], bool]) -> None:
        start = self.cell.time
        while not done():
            self.tick()
            assert self.cell.time - start < 3.0, "it takes too long"

    def move(self, mover: str, trajectory: JointTrajectory) -> None:
        controller = self.controllers[mover]
        controller.accept(trajectory, self.cell.time)
        while controller.active:
            self.tick()
        assert controller.result is not None
        assert controller.result.ok, controller.result


def test_links_are_where_pinocchio_puts_them(world, descriptions, model, arms):
    cell = PhysicsCell(world, descriptions, model)
    rng = np.random.default_rng(5)
    goal = {
        n: np.array(a.home) + rng.uniform(-0.3, 0.3, len(a.home)) for n, a in world.arms.items()
    }
    for _ in range(400):
        for name, q in goal.items():
            home = np.array(world.arms[name].home)
            share = min(1.0, cell.time / 1.2)
            cell.command(name, home + share * (q - home), np.zeros_like(q))
        cell.step()
    poses = cell.poses()
    checked = 0
    for row, full in zip(poses, cell.body_names, strict=True):
        mover, _, link = full.partition("/")
        if mover in arms and "finger" not in link:
            expected = arms[mover].link_pose(cell.joints(mover)[0], link)
            np.testing.assert_allclose(row[:3], expected.p, atol=1e-5)
            assert abs(float(row[3:] @ expected.q)) == pytest.approx(1.0, abs=1e-6)
            checked += 1
    assert checked > 15


def test_blades_stand_still_in_their_pockets(world, descriptions, model, motions):
    cell = PhysicsCell(world, descriptions, model)
    for _ in range(480):
        cell.step()
    for i, blade in enumerate(world.blades):
        off = motions.places[f"in_tray/{i}"].inverse() @ cell.blade_pose(blade)
        assert np.linalg.norm(off.p) < 1e-4
        row = cell.poses()[cell.body_names.index(f"blade/{blade}")]
        np.testing.assert_allclose(row[:3], cell.blade_pose(blade).p, atol=1e-12)
    assert cell.contacts() == []


def test_a_blade_goes_to_the_fixture_and_on_to_a_bin(world, descriptions, model, motions):
    run = Runner(world, descriptions, model)
    blade, cell = "blade_3", run.cell

    def q() -> np.ndarray:
        return run.controllers[H].command[0]

    def go(place: str, carrying: bool) -> None:
        grasp = motions.places[place] @ motions.grasp
        over = Pose(grasp.p + np.array([0, 0, LIFT]), grasp.q)
        run.move(H, motions.to_pose(H, q(), over, {}, carrying))
        run.move(H, motions.line(H, q(), grasp, 0.25))

    def rise(place: str) -> None:
        grasp = motions.places[place] @ motions.grasp
        run.move(H, motions.line(H, q(), Pose(grasp.p + np.array([0, 0, LIFT]), grasp.q), 0.25))

    go("in_tray/2", False)
    assert cell.gripped(H) is None
    assert run.error < 1e-3
    cell.grip(H, True)
    run.until(lambda: cell.grip_settled(H))
    assert cell.gripped(H) == blade
    assert cell.opening(H) == pytest.approx(model.grasp_width, abs=0.002)
    rise("in_tray/2")
    start = cell.time
    go("fixture", True)
    cell.clamp(True)
    run.until(lambda: cell.clamp_settled)
    assert cell.clamped == blade
    cell.grip(H, False)
    run.until(lambda: cell.grip_settled(H))
    rise("fixture")
    assert cell.time - start < 6.0
    # the clamp draws it to its datum, and it turns with the table
    for angle in (0.0, 1.0):
        run.move("table", motions.to_joints("table", cell.joints("table")[0], [angle]))
        datum = motions.forward("table", [angle]) @ Pose.at(world.fixture.place)
        off = datum.inverse() @ cell.blade_pose(blade)
        assert np.linalg.norm(off.p) < 5e-5
        assert 2 * np.arccos(min(1.0, abs(off.q[3]))) < 2e-3
    run.move("table", motions.to_joints("table", cell.joints("table")[0], [0.0]))
    go("fixture", False)
    cell.grip(H, True)
    run.until(lambda: cell.grip_settled(H))
    cell.clamp(False)
    run.until(lambda: cell.clamp_settled)
    assert cell.clamped is None
    rise("fixture")
    assert cell.gripped(H) == blade
    go("rework/1", True)
    cell.grip(H, False)
    run.until(lambda: cell.grip_settled(H))
    rise("rework/1")
    off = motions.places["rework/1"].inverse() @ cell.blade_pose(blade)
    assert np.linalg.norm(off.p) < 0.002
    assert run.touched == set()


def test_closing_on_nothing_holds_nothing(world, descriptions, model):
    cell = PhysicsCell(world, descriptions, model)
    cell.grip(H, True)
    for _ in range(200):
        cell.step()
    assert cell.grip_settled(H)
    assert cell.gripped(H) is None
    assert cell.opening(H) < 0.003


def test_an_empty_clamp_holds_nothing(world, descriptions, model):
    cell = PhysicsCell(world, descriptions, model)
    cell.clamp(True)
    for _ in range(round(world.fixture.clamp_time / cell.dt) + 2):
        cell.step()
    assert cell.clamp_settled
    assert cell.clamped is None


def test_brakes_stop_a_moving_arm_that_then_draws_no_power(world, descriptions, model):
    cell = PhysicsCell(world, descriptions, model)
    home = np.array(world.arms["inspector"].home)
    v = np.array([0.5, 0, 0, 0, 0, 0])
    for k in range(120):
        cell.command("inspector", home + v * (k + 1) * cell.dt, v)
        cell.step()
    assert cell.joints("inspector")[1][0] == pytest.approx(0.5, abs=0.01)
    cell.power_off("inspector")
    for _ in range(120):
        cell.command("inspector", home, v)
        cell.step()
    assert np.max(np.abs(cell.joints("inspector")[1])) < 1e-3
    assert cell.power()["inspector"] == 0.0
    still = cell.joints("inspector")[0].copy()
    cell.power_on("inspector")
    for _ in range(60):
        cell.step()
    np.testing.assert_allclose(cell.joints("inspector")[0], still, atol=1e-3)


def test_brakes_hold_an_arm_where_it_stands(world, descriptions, model):
    """Stretched out for ten seconds: a hand that creeps would grip a blade beside its middle."""
    cell = PhysicsCell(world, descriptions, model)
    home = np.array(world.arms[H].home)
    away = home + np.array([0.3, 0.5, -0.4, 0.2, 0.3, 0.0, 0.0])
    for share in np.linspace(0.0, 1.0, 480):
        cell.command(H, home + share * (away - home), np.zeros_like(home))
        cell.step()
    for _ in range(120):
        cell.command(H, away, np.zeros_like(home))
        cell.step()
    cell.power_off(H)
    stood = cell.joints(H)[0].copy()
    for _ in range(2400):
        cell.step()
    np.testing.assert_allclose(cell.joints(H)[0], stood, atol=1e-4)


def wiggle(world, descriptions, model) -> str:
    """A hash over poses and joint states while all movers move and the gripper closes."""
    names = [f"blade/{n}" for n in world.blades]
    links = PhysicsCell(world, descriptions, model).body_names
    cell = PhysicsCell(world, descriptions, model, 3, [*links, "visitor/body"])
    digest = hashlib.sha256(repr(names).encode())
    for k in range(240):
        for name, arm in world.arms.items():
            home = np.array(arm.home)
            q = home + 0.2 * np.sin(2.0 * cell.time) * np.cos(np.arange(len(home)))
            cell.command(name, q, 0.4 * np.cos(2.0 * cell.time) * np.cos(np.arange(len(home))))
        if k == 50:
            cell.grip(H, True)
        cell.step()
        digest.update(cell.poses().tobytes())
        for name in world.arms:
            for array in cell.joints(name):
                digest.update(array.tobytes())
    return digest.hexdigest()


def test_the_same_commands_give_the_same_bits_here_and_in_another_process(
    world, descriptions, model
):
    first = wiggle(world, descriptions, model)
    assert wiggle(world, descriptions, model) == first
    code = (
        "import importlib.util as u\n"
        f"s = u.spec_from_file_location('t', {str(Path(__file__))!r})\n"
        "t = u.module_from_spec(s); s.loader.exec_module(t)\n"
        "from twincell.assets import world_path\n"
        "from twincell.world.load import load_world\n"
        "from twincell.geometry.catalogue import nominal\n"
        "from twincell.geometry.description import describe\n"
        "p = world_path('blade_cell'); w = load_world(p)\n"
        "d = {n: describe(n, a, p.parent) for n, a in w.arms.items()}\n"
        "print('hash', t.wiggle(w, d, nominal(w.part, p.parent)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=True,
    )
    assert done.stdout.split("hash ")[1].split()[0] == first


def test_wrong_names_and_set_points_are_told(world, descriptions, model):
    cell = PhysicsCell(world, descriptions, model)
    with pytest.raises(PhysicsError, match="did you mean 'handler'"):
        cell.joints("handlr")
    with pytest.raises(PhysicsError, match=r"shape \(3,\)"):
        cell.command("table", np.zeros(3), np.zeros(3))
    with pytest.raises(PhysicsError, match="not finite"):
        cell.command("table", [np.nan], [0.0])
    with pytest.raises(PhysicsError, match="no gripper"):
        cell.grip("table", True)
    with pytest.raises(PhysicsError, match="no moving body"):
        PhysicsCell(world, descriptions, model, names=["blade/nowhere"])


def test_a_picture_shows_the_cell(world, descriptions, model):
    cell = PhysicsCell(world, descriptions, model)
    picture = cell.picture(120, 80, (2.6, -2.0, 2.0), (0.6, 0.0, 0.8))
    assert picture.shape == (80, 120, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 10
