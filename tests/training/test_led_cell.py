"""The cell in one process: a policy moves the inspector, a visitor stops it, it stays stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from twincell.assets import world_path
from twincell.cell.assembly import assemble
from twincell.cell.led import Led
from twincell.cell.lockstep import LockstepCell
from twincell.physics.collision import CollisionChecker
from twincell.production.messages import Done, Steer
from twincell.training.reaching import lead_of
from twincell.world.layout import Visitor
from twincell.world.load import load_world

PATH = world_path("led_cell")
ARM = "inspector"
GOAL = np.array([0.70, 0.0, 0.79])


def test_a_policy_moves_the_inspector_and_a_visitor_stops_it() -> None:
    world = load_world(PATH)
    blades = {"blade_1": world.blades["blade_1"]}
    order = replace(world.production.orders["order_a"], parts=("blade_1",))
    walk = Visitor(path=((3.6, -0.6), (2.75, -0.3), (2.2, -0.2)), times=(0.8,), pause=0.3)
    alone = replace(
        world,
        blades=blades,
        visitor=walk,
        production=replace(world.production, orders={"order_a": order}),
    )
    made = assemble(alone, PATH, 7)
    cell = LockstepCell(made)
    checker = CollisionChecker(alone, made.descriptions, made.model)
    led = Led(lead_of(PATH), cell.drives, cell.physics, checker, alone.physics_rate)
    done: list[Done] = []
    speeds: list[tuple[float, float]] = []

    def run(until: float) -> None:
        while cell.time < until:
            done.extend(led.step(cell.time))
            cell.step()
            speeds.append((cell.time, float(np.abs(cell.physics.joints(ARM)[1]).max())))

    run(0.6)
    home = cell.physics.joints(ARM)[0].copy()
    assert led.begin(Steer("first", ARM, GOAL)) is None
    run(2.2)
    # it was under way when the person came near, and its answer says why it is not there
    assert [r.cause for r in cell.log.requests.values()] == ["person_in_zone"]
    report = next(r for r in cell.log.reports if r.mover == ARM)
    assert report.distance > 0.0
    assert [(d.tag, d.ok) for d in done] == [("first", False)]
    assert "stop" in done[0].message
    assert np.abs(cell.physics.joints(ARM)[0] - home).max() > 0.02
    assert max(v for t, v in speeds if t < report.accepted) > 0.1
    stood = cell.physics.joints(ARM)[0].copy()

    # whoever asks again while the person is there moves nothing
    assert led.begin(Steer("second", ARM, GOAL)) is None
    run(2.9)
    assert not done[-1].ok
    assert "stop is in force" in done[-1].message
    assert max(v for t, v in speeds if t > report.standstill + 0.1) < 1e-3

    # the reset alone moves nothing; a new goal does
    while not any(e.kind == "reset" for e in cell.log.events):
        run(cell.time + 0.1)
        assert cell.time < 9.0
    run(cell.time + 0.3)
    assert np.abs(cell.physics.joints(ARM)[0] - stood).max() < 1e-3
    assert led.begin(Steer("third", ARM, GOAL)) is None
    run(cell.time + 2.5)
    assert done[-1].tag == "third"
    assert done[-1].ok, done[-1].message

    # goals out of its training are refused at once, and without policies nobody is led
    far = led.begin(Steer("far", ARM, np.array([3.0, 0.0, 0.8])))
    assert far is not None
    assert not far.ok
    assert "valid: from" in far.message
    nobody = Led(None, cell.drives, cell.physics, checker, alone.physics_rate)
    assert nobody.begin(Steer("any", ARM, GOAL)) == Done("any", False, "no policy leads here")
