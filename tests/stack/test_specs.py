from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from twincell.assets import world_path
from twincell.errors import TwincellError
from twincell.stack.specs import GROUPS, node_specs
from twincell.stack.surface import progress_limits
from twincell.world.load import load_world
from twincell.world.model import World

PATH = world_path("blade_cell")


@pytest.fixture(scope="module")
def world() -> World:
    return load_world(PATH)


def test_one_process_a_sensor_and_one_of_everything_else(world: World) -> None:
    specs = node_specs(world, PATH, seed=3, out=Path("out"))
    names = [s.name for s in specs]
    assert len(names) == len(set(names))
    assert set(names) == {
        *world.sensors,
        *(
            "simulator",
            "crack_detector",
            "separation_monitor",
            "safety_supervisor",
            "latency_ledger",
            "orchestrator",
            "recorder",
        ),
        "operator",
    }
    assert {s.group for s in specs} == set(GROUPS)
    for spec in specs:
        assert spec.parameters["world"] == str(PATH)
        assert spec.parameters["seed"] == 3
        # one owns the clock, one records it
        apart = spec.name in ("simulator", "recorder", "latency_ledger")
        assert spec.parameters["use_sim_time"] == (not apart)
    assert [s.name for s in specs if s.terminal] == ["orchestrator"]


def test_each_sensor_has_the_executable_of_its_kind(world: World) -> None:
    specs = {s.name: s for s in node_specs(world, PATH, seed=0, out=Path("out"))}
    for name, sensor in world.sensors.items():
        assert specs[name].executable == sensor.kind
        assert specs[name].parameters["sensor"] == name


@pytest.mark.parametrize("record", [True, False])
def test_time_begins_with_everyone_who_takes_long_to_start(world: World, record: bool) -> None:
    specs = {s.name: s for s in node_specs(world, PATH, seed=0, out=Path("out"), record=record)}
    awaited = set(str(specs["simulator"].parameters["awaited"]).split(","))
    always = {*world.sensors, "separation_monitor", "crack_detector", "orchestrator"}
    assert awaited == (always | {"recorder"} if record else always)
    assert awaited <= set(specs)  # else time would wait for nobody
    limits = progress_limits(world)
    for name, camera in world.cameras().items():
        # an image ends a period after what the camera said last; joint states are kept for 2 s
        assert 1.0 / camera.rate < limits[name] < 1.0 / camera.rate + 2.0


def test_what_safety_hangs_on_yields_to_nobody(world: World) -> None:
    nice = {s.executable: s.nice for s in node_specs(world, PATH, seed=0, out=Path("out"))}
    assert nice["simulator"] == nice["safety_supervisor"] == nice["lidar"] == 0
    assert nice["recorder"] > 0


def test_each_arm_with_a_policy_has_a_node_that_leads_it(world: World) -> None:
    def led(cell: World) -> dict[str, object]:
        specs = node_specs(cell, PATH, seed=0, out=Path("out"))
        return {s.name: s.parameters["arm"] for s in specs if s.executable == "policy"}

    assert led(world) == {}
    arms = world.arms | {"inspector": replace(world.arms["inspector"], policy="reach-inspector")}
    assert led(replace(world, arms=arms)) == {"policy_inspector": "inspector"}


def test_recorder_and_operator_only_where_wanted(world: World) -> None:
    alone = replace(world, operator=None)
    names = {s.name for s in node_specs(alone, PATH, seed=0, out=Path("out"), record=False)}
    assert not names & {"recorder", "operator"}


def test_namespace_is_normalised(world: World) -> None:
    specs = node_specs(world, PATH, seed=0, out=Path("out"), namespace="/cell_2/")
    assert {s.namespace for s in specs} == {"cell_2"}
    nested = node_specs(world, PATH, seed=0, out=Path("out"), namespace="/plant/cell_2")
    assert {s.namespace for s in nested} == {"plant/cell_2"}


@pytest.mark.parametrize("given", ["bad name!", "a//b", "2nd", "a/2nd", "ä", "a" * 246, " "])
def test_what_ros_would_not_take_as_a_namespace_is_refused(world: World, given: str) -> None:
    with pytest.raises(TwincellError, match=r"^namespace '.*'; valid: .*e\.g\. 'cell_2'"):
        node_specs(world, PATH, seed=0, out=Path("out"), namespace=given)
