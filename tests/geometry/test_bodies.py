from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

from twincell.geometry.bodies import Body, cell_bodies
from twincell.geometry.description import describe
from twincell.geometry.flaws import CutBlade
from twincell.geometry.rack import pocket_poses
from twincell.geometry.visitor import LARGEST, visitor_meshes
from twincell.world.layout import Visitor
from twincell.world.model import World


@pytest.fixture
def bodies(world: World, world_file: Path) -> dict[str, Body]:
    descriptions = {n: describe(n, a, world_file.parent) for n, a in world.arms.items()}
    blades = {"blade_1": CutBlade("blade_1", trimesh.creation.box((0.05, 0.03, 0.1)), ())}
    found = cell_bodies(world, descriptions, blades, world_file.parent)
    assert len({b.name for b in found}) == len(found)
    return {b.name: b for b in found}


def test_everything_of_the_cell_is_there(world: World, bodies: dict[str, Body]) -> None:
    names = set(bodies)
    assert {f"furniture/{n}" for n in world.furniture} <= names
    assert {f"rack/{n}" for n in world.racks} <= names
    assert {"handler/panda_link0", "inspector/profiler_housing", "blade/blade_1"} <= names
    assert {"table/table_plate", "visitor/middle_head"} <= names


def test_what_never_moves_has_its_pose(world: World, bodies: dict[str, Body]) -> None:
    for name, body in bodies.items():
        room = name.partition("/")[0]
        if room in ("furniture", "rack"):
            assert body.fixed is not None
        if room in ("blade", "visitor"):
            assert body.fixed is None
    base = bodies["inspector/base_link"].fixed
    assert base is not None
    assert base.p == pytest.approx(world.arms["inspector"].place.xyz)
    assert bodies["inspector/shoulder_link"].fixed is None
    assert bodies["inspector/profiler_housing"].fixed is None


def test_furniture_stands_where_the_world_says(world: World, bodies: dict[str, Body]) -> None:
    bench = bodies["furniture/bench"]
    assert bench.fixed is not None
    box, corners = world.furniture["bench"], bench.fixed.apply(bench.mesh.vertices)
    assert corners.max(axis=0) == pytest.approx(np.array(box.place.xyz) + np.array(box.size) / 2)


def test_a_blade_dropped_into_a_pocket_touches_no_wall(
    world: World, bodies: dict[str, Body]
) -> None:
    rack = bodies["rack/in_tray"]
    assert rack.fixed is not None
    root = trimesh.creation.box(world.part.shape.root)
    for pocket in pocket_poses(world.racks["in_tray"]):
        local = (rack.fixed.inverse() @ pocket).apply(
            root.vertices + np.array([0, 0, 0.015 + 1e-6])
        )
        assert not rack.mesh.contains(local).any()
        assert rack.mesh.contains(local - np.array([0, 0, 1e-3])).any()  # but stands on the floor


def test_the_visitor_stands_upright_on_the_floor(tmp_path: Path) -> None:
    visitor = Visitor(path=((0, 0), (1, 0)), times=(0.0,), height=1.82)
    meshes = visitor_meshes(visitor, tmp_path)
    points = np.concatenate([m.vertices for m in meshes.values()])
    assert points[:, 2].min() == pytest.approx(0, abs=1e-9)
    assert points[:, 2].max() == pytest.approx(1.82)
    assert meshes["middle_head"].centroid[2] > 1.5
    feet = np.concatenate([meshes["left_foot"].vertices, meshes["right_foot"].vertices])
    assert feet[:, 2].max() < 0.2
    ankle = (meshes["left_lowerleg"].centroid + meshes["right_lowerleg"].centroid) / 2
    assert feet[:, 0].max() - ankle[0] > ankle[0] - feet[:, 0].min()  # toes point to +x
    assert meshes["left_hand"].centroid[1] > 0 > meshes["right_hand"].centroid[1]
    assert sum(len(m.faces) for m in meshes.values()) <= LARGEST


def test_a_taller_visitor_is_the_same_person_scaled(tmp_path: Path) -> None:
    small = Visitor(path=((0, 0), (1, 0)), times=(0.0,), height=1.5)
    one = visitor_meshes(small, tmp_path)["middle_thorax"]
    two = visitor_meshes(replace(small, height=1.8), tmp_path)["middle_thorax"]
    assert two.vertices == pytest.approx(one.vertices * 1.2)
