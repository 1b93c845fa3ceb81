from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.errors import SensorError
from twincell.geometry.bodies import Body
from twincell.geometry.pose import Pose
from twincell.sensing.materials import MATERIALS, material
from twincell.sensing.profiler import fan
from twincell.sensing.scene import Scene
from twincell.world.robots import Place
from twincell.world.sensors import Mount, Profiler


def box(name: str, size: tuple[float, float, float], fixed: Pose | None = None) -> Body:
    return Body(name, trimesh.creation.box(size), "steel", fixed, False)


def test_range_and_cosine_on_a_sphere_are_the_closed_form():
    ball = trimesh.creation.icosphere(subdivisions=6, radius=0.5)
    scene = Scene([Body("ball", ball, "steel", None, False)])
    centre = np.array([2.0, 0.3, 0.1])
    heights = np.linspace(-0.4, 0.4, 41)
    rays = np.tile([1.0, 0.0, 0.0], (41, 1))
    origins = np.stack([np.zeros(41), np.full(41, 0.3), 0.1 + heights], axis=1)
    hits = scene.cast(origins, rays, scene.place({"ball": Pose.of(centre)}))
    exact = 2.0 - np.sqrt(0.25 - heights**2)
    np.testing.assert_allclose(hits.range, exact, atol=2e-4)
    np.testing.assert_allclose(hits.cosine, np.sqrt(1 - (heights / 0.5) ** 2), atol=0.02)
    assert (hits.normal[:, 0] < 0).all()
    assert (hits.body == 0).all()


def test_nothing_there_is_infinity_and_no_body():
    scene = Scene([box("a", (1, 1, 1))])
    hits = scene.cast(np.zeros(3), np.array([[1.0, 0, 0]]), scene.place())
    assert np.isposinf(hits.range[0])
    assert hits.body[0] == -1
    away = scene.cast(np.zeros(3), np.array([[-1.0, 0, 0]]), scene.place({"a": Pose.of([3, 0, 0])}))
    assert np.isposinf(away.range[0])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_moved_bodies_look_as_if_they_had_been_built_there(seed: int, common: bool):
    # culling and rays in body frames against one scene without either
    rng = np.random.default_rng(seed)
    sizes = rng.uniform(0.05, 0.6, (6, 3))
    poses = [Pose.of(rng.uniform(-1, 1, 3), rng.uniform(-3, 3, 3)) for _ in sizes]
    moving = Scene([box(f"b{i}", tuple(s)) for i, s in enumerate(sizes)])
    still = Scene([box(f"b{i}", tuple(s), poses[i]) for i, s in enumerate(sizes)])
    directions = rng.normal(size=(300, 3)) * rng.uniform(0.2, 3.0, (300, 1))
    origins = rng.uniform(-2, 2, 3) if common else rng.uniform(-2, 2, (300, 3))
    a = moving.cast(origins, directions, moving.place({f"b{i}": p for i, p in enumerate(poses)}))
    b = still.cast(origins, directions, still.place())
    same = np.isclose(a.range, b.range, atol=1e-5) | (np.isinf(a.range) & np.isinf(b.range))
    assert same.mean() > 0.99  # a ray along an edge may fall to either side
    np.testing.assert_array_equal(a.body[same], b.body[same])
    np.testing.assert_allclose(a.cosine[same], b.cosine[same], atol=1e-3)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_fan_sees_what_single_rays_see(seed: int):
    rng = np.random.default_rng(seed)
    spec = Profiler(kind="profiler", mount=Mount(place=Place()), points=64)
    scene = Scene([box("floor", (2, 2, 0.1), Pose.of([0, 0, -0.2])), box("a", (0.05, 0.02, 0.05))])
    sensors = [Pose.of(rng.uniform(-0.1, 0.1, 3), rng.uniform(-3, 3, 3)) for _ in range(4)]
    places = [scene.place({"a": Pose.of(rng.uniform(-0.1, 0.1, 3))}) for _ in range(4)]
    rays = fan(spec)
    far = 0.3
    ranges, cosine, body = scene.cast_fan(sensors, rays, far, places)
    for i, sensor in enumerate(sensors):
        hits = scene.cast(sensor.p, sensor.rotate(rays), places[i])
        near = (hits.range < far) & np.isclose(ranges[i], hits.range, atol=1e-5)
        assert near.sum() >= 0.98 * (hits.range < far).sum()
        np.testing.assert_allclose(cosine[i][near], hits.cosine[near], atol=1e-3)
        np.testing.assert_array_equal(body[i][near], hits.body[near])


def test_rows_of_an_array_go_to_the_bodies_that_are_named():
    scene = Scene([box("a", (1, 1, 1)), box("b", (1, 1, 1))])
    rows = np.array([Pose.of([5, 0, 0]).as_array(), Pose.of([0, 5, 0]).as_array()])
    placed = scene.place(rows, names=["b", "elsewhere"])
    assert placed.present.tolist() == [False, True]
    np.testing.assert_allclose(placed.positions[1], [5, 0, 0])


def test_mistakes_are_named():
    with pytest.raises(SensorError, match=r"two bodies of one name.*a"):
        Scene([box("a", (1, 1, 1)), box("a", (1, 1, 1))])
    scene = Scene([box("blade", (1, 1, 1))])
    with pytest.raises(SensorError, match="did you mean 'blade'"):
        scene.place({"blad": Pose.identity()})
    with pytest.raises(SensorError, match=r"shape \(2, 7\); valid: \(1, 7\)"):
        scene.place(np.zeros((2, 7)))
    with pytest.raises(SensorError, match="all finite"):
        scene.place(np.full((1, 7), np.nan))
    empty = Body("e", trimesh.Trimesh(), "steel", None, False)
    with pytest.raises(SensorError, match="'e': 0 triangles"):
        Scene([empty])
    with pytest.raises(SensorError, match="did you mean 'steel'"):
        material("stel")


def test_reflectances_are_shares():
    for entry in MATERIALS.values():
        values = entry.at(np.linspace(300, 1100, 20))
        assert ((values > 0) & (values < 1)).all()
