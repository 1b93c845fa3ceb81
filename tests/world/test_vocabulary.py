"""Words of the world room against the rooms that give them their meaning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import trimesh

from twincell.geometry.bodies import cell_bodies
from twincell.geometry.flaws import CutBlade
from twincell.sensing.materials import MATERIALS as OPTICAL
from twincell.stack.specs import node_specs
from twincell.world.check import faults
from twincell.world.load import load_world
from twincell.world.vocabulary import BODIES, MATERIALS, NODES


def test_materials_are_those_that_sensors_know():
    assert set(MATERIALS) == set(OPTICAL)


def test_nodes_are_those_that_are_started(shipped):
    world = load_world(shipped)
    names = {s.name for s in node_specs(world, shipped, seed=0, out=Path("out"), console=0)}
    assert names - set(world.sensors) == set(NODES)


def test_bodies_that_are_no_mover_s_are_named_so(shipped):
    blades = {"blade_1": CutBlade("blade_1", trimesh.creation.box((0.05, 0.03, 0.1)), ())}
    bodies = cell_bodies(load_world(shipped), {}, blades, shipped.parent)
    assert {body.name.split("/")[0] for body in bodies} == set(BODIES)


def test_the_node_of_a_policy_has_its_name_too(mutated):
    path = mutated(
        ("    home: [0.0]\n", "    home: [0.0]\n    policy: reach\n"),
        ("  camera:\n", "  policy_table:\n"),
    )
    world = load_world(path)
    assert any("sensors.policy_table: 'policy_table' is the name" in f for f in faults(world, path))
    led = {**world.arms, "table": replace(world.arms["table"], policy=None)}
    rest = faults(replace(world, arms=led), path)
    assert not any("sensors.policy_table: " in f for f in rest)
