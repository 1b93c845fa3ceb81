"""A policy leads the inspector to its pass; where it misses, the orchestrator plans."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from twincell.geometry.pose import Pose
from twincell.production.messages import Done, Move, Steer
from twincell.world.check import faults
from twincell.world.model import World


@pytest.fixture(scope="module")
def led_world(small_world: World) -> World:
    inspection = replace(small_world.inspection, approach="policy")
    arms = dict(small_world.arms)
    arms[inspection.arm] = replace(arms[inspection.arm], policy="reach-inspector")
    return replace(small_world, inspection=inspection, arms=arms)


def led_cell(fake_cell, world: World, answers: list[tuple[bool, str, float]]):
    """A cell whose policy answers in turn: ok, why, share of the way that it leads."""

    class LedCell(fake_cell):
        def __init__(self, *args) -> None:
            self.answers, self.steers, self.moves_sent = list(answers), [], []
            super().__init__(*args)
            plain = self.motions.forward

            def forward(mover, q):
                """The inspector's tip is where its first joints say, as for `to_pose`."""
                return Pose.of(q[:3]) if mover == world.inspection.arm else plain(mover, q)

            self.motions.forward = forward

        def _do(self, command) -> None:
            if isinstance(command, Move):
                self.moves_sent.append((self.now, command))
            if not isinstance(command, Steer):
                super()._do(command)
                return
            self.steers.append((self.now, command))
            ok, why, share = self.answers.pop(0) if self.answers else (True, "", 0.98)
            start = self.start(command)
            self.q[command.mover] = self.q[command.mover] + share * (start - self.q[command.mover])
            self.due.append((self.now + 0.5, Done(command.tag, ok, why)))

        def start(self, command):
            """Where the pass begins that a command is about."""
            view = int(command.tag.split("/pass-")[1].split("/")[0])
            return self.motions.scan_pass(view).positions[0]

    return LedCell(world)


def between(cell, kind: str) -> list[str]:
    return [line.detail["message"] for line in cell.journal if line.kind == kind]


def test_the_policy_leads_and_the_last_bit_is_planned(led_world, fake_cell) -> None:
    cell = led_cell(fake_cell, led_world, [(True, "1.0 mm left after 1.2 s", 0.98)] * 4)
    summary = cell.run()
    assert {b["decision"] for b in summary["blades"].values()} == {"accept"}
    assert len(cell.steers) == 4  # two views of two blades
    assert between(cell, "led") == ["1.0 mm left after 1.2 s"] * 4
    assert not between(cell, "fallback")
    for at, steer in cell.steers:
        np.testing.assert_array_equal(steer.goal, cell.start(steer)[:3])
        after = next(m for t, m in cell.moves_sent if t > at and m.mover == steer.mover)
        # from where it stands, not from where it was meant to be
        start, end = after.trajectory.positions[[0, -1]]
        np.testing.assert_allclose(end, cell.start(steer))
        assert 1e-3 < np.abs(end - start).max() < 0.1


def test_a_miss_is_planned_and_costs_no_attempt(led_world, fake_cell) -> None:
    missed = (False, "not there within 4 s; 31.0 mm are left, 5 allowed", 0.5)
    cell = led_cell(fake_cell, led_world, [missed] * 4)
    summary = cell.run()
    assert {b["decision"] for b in summary["blades"].values()} == {"accept"}
    assert len(cell.steers) == 4
    assert between(cell, "fallback") == [missed[1]] * 4
    assert not between(cell, "retry")
    assert not between(cell, "failed")


def test_after_a_stop_the_policy_leads_again(led_world, fake_cell) -> None:
    stopped = (False, "inspector: a stop is in force; 80.0 mm are left, 5 allowed", 0.3)
    cell = led_cell(fake_cell, led_world, [stopped])
    summary = cell.run()
    assert {b["decision"] for b in summary["blades"].values()} == {"accept"}
    assert len(cell.steers) == 5
    assert between(cell, "interrupted") == [stopped[1]]
    assert not between(cell, "fallback")


def test_an_arm_that_has_become_slow_is_planned(led_world, fake_cell) -> None:
    cell = led_cell(fake_cell, led_world, [])
    cell.orchestrator.executor.slow[led_world.inspection.arm] = 0.5
    summary = cell.run()
    assert {b["decision"] for b in summary["blades"].values()} == {"accept"}
    assert not cell.steers


def test_a_choice_without_a_policy_is_a_fault(led_world) -> None:
    arm = led_world.inspection.arm
    bare = replace(
        led_world, arms=led_world.arms | {arm: replace(led_world.arms[arm], policy=None)}
    )
    told = [text for text in faults(bare, None) if "approach" in text]
    assert told
    assert "'inspector' has no `policy`" in told[0]
