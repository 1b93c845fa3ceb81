"""The launch files start what `twincell up` starts.

With the real `launch` they are loaded by it. Where none is installed, a small stand-in that keeps
what it is given takes its place: it knows the classes that the launch files may use and no others.
"""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from twincell.assets import project_root, world_path
from twincell.console.ports import PORT
from twincell.stack.specs import GROUPS, NodeSpec, node_specs
from twincell.world.load import load_world

pytestmark = pytest.mark.ros

LAUNCH = project_root() / "launch"
FILES = sorted(LAUNCH.glob("*.launch.py"))
REAL = importlib.util.find_spec("launch_ros") is not None


class Action:
    """Stands in for every action, event and substitution: keeps its arguments."""

    def __init__(self, *args: Any, **given: Any) -> None:
        self.args, self.given = args, given


class Context:
    is_shutdown = False

    def __init__(self, configurations: dict[str, str]) -> None:
        self.configurations = configurations


class LaunchConfiguration(Action):
    def perform(self, context: Context) -> str:
        return context.configurations[self.args[0]]


STAND_IN = {
    "launch": ["LaunchDescription"],
    "launch.actions": [
        *("DeclareLaunchArgument", "EmitEvent", "IncludeLaunchDescription", "OpaqueFunction"),
        *("RegisterEventHandler", "SetEnvironmentVariable"),
    ],
    "launch.event_handlers": ["OnProcessExit"],
    "launch.events": ["Shutdown"],
    "launch.launch_description_sources": ["PythonLaunchDescriptionSource"],
    "launch.substitutions": ["PathJoinSubstitution", "ThisLaunchFileDir"],
    "launch_ros": [],
    "launch_ros.actions": ["Node"],
    "launch_ros.parameter_descriptions": ["ParameterValue"],
    "launch_ros.substitutions": ["FindPackageShare"],
}


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, classes in STAND_IN.items():
        module = types.ModuleType(name)
        for each in classes:
            setattr(module, each, type(each, (Action,), {}))
        monkeypatch.setitem(sys.modules, name, module)
    sys.modules["launch.substitutions"].LaunchConfiguration = LaunchConfiguration  # type: ignore[attr-defined]
    monkeypatch.delitem(sys.modules, "twincell_nodes.launching", raising=False)
    monkeypatch.syspath_prepend(str(project_root() / "ros2_ws" / "src" / "twincell_nodes"))


def described(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem.replace(".", "_"), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def kind(action: Any) -> str:
    return type(action).__name__


def flat(path: Path, context: Context) -> Iterator[Any]:
    """All actions of a launch file, functions called, included files followed."""
    for action in described(path).args[0]:
        if kind(action) == "OpaqueFunction":
            yield from action.given["function"](context)
        elif kind(action) == "IncludeLaunchDescription":
            joined = action.args[0].args[0]
            passed = {name for name, _ in action.given["launch_arguments"]}
            assert passed == set(context.configurations)
            yield from flat(LAUNCH / joined.args[0][-1], context)
        else:
            yield action


def defaults(path: Path) -> dict[str, str]:
    return {
        a.args[0]: a.given["default_value"]
        for a in described(path).args[0]
        if kind(a) == "DeclareLaunchArgument"
    }


def shown(spec: NodeSpec) -> dict[str, Any]:
    """What of a specification a launch_ros Node takes."""
    return {
        "package": spec.package,
        "executable": spec.executable,
        "name": spec.name,
        "namespace": spec.namespace,
        "parameters": [spec.parameters],  # text as ParameterValue, which `nodes` takes off again
        "remappings": list(spec.remappings),
    }


def nodes(path: Path, context: Context) -> list[dict[str, Any]]:
    keys = ("package", "executable", "name", "namespace", "parameters", "remappings")
    every = [a for a in flat(path, context) if kind(a) == "Node"]
    ours = [{k: n.given[k] for k in keys} for n in every if n.given["package"] == "twincell_nodes"]
    for node in ours:
        node["parameters"] = [{k: plain(v) for k, v in p.items()} for p in node["parameters"]]
    return ours


def plain(value: Any) -> Any:
    """A parameter as specified; text must have been marked as text, else launch would guess."""
    assert not isinstance(value, str)
    return value.args[0] if kind(value) == "ParameterValue" else value


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(("console", "port"), [("false", None), ("true", PORT)])
def test_the_nodes_are_those_of_twincell_up(tmp_path: Path, console: str, port: int | None) -> None:
    given = {"seed": "5", "out": str(tmp_path), "namespace": "n", "real_time_factor": "0.5"}
    given["console"] = console
    context = Context(defaults(LAUNCH / "cell.launch.py") | given)
    path = world_path("blade_cell")
    specs = node_specs(
        load_world(path), path, seed=5, out=tmp_path, real_time_factor=0.5, namespace="n",
        console=port,
    )  # fmt: skip
    assert nodes(LAUNCH / "cell.launch.py", context) == [shown(s) for s in specs]
    for group in GROUPS:
        alone = nodes(LAUNCH / f"{group}.launch.py", context)
        assert alone == [shown(s) for s in specs if s.group == group]


@pytest.mark.usefixtures("stand_in")
def test_without_a_seed_the_worlds_is_taken() -> None:
    context = Context(defaults(LAUNCH / "cell.launch.py"))
    seeds = {n["parameters"][0]["seed"] for n in nodes(LAUNCH / "cell.launch.py", context)}
    assert seeds == {load_world(world_path("blade_cell")).seed}


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize(
    ("rviz", "headless", "shows"),
    [("true", "false", True), ("false", "false", False), ("true", "true", False)],
)
def test_rviz_where_asked_for(rviz: str, headless: str, shows: bool) -> None:
    given = {"rviz": rviz, "headless": headless}
    context = Context(defaults(LAUNCH / "cell.launch.py") | given)
    packages = [
        a.given["package"] for a in flat(LAUNCH / "cell.launch.py", context) if kind(a) == "Node"
    ]
    assert ("rviz2" in packages) is shows


@pytest.mark.usefixtures("stand_in")
def test_any_nodes_end_is_the_end_but_not_twice() -> None:
    context = Context(defaults(LAUNCH / "cell.launch.py"))
    actions = list(flat(LAUNCH / "cell.launch.py", context))
    handlers = [a.args[0] for a in actions if kind(a) == "RegisterEventHandler"]
    ours = [a for a in actions if kind(a) == "Node"]
    assert [h.given["target_action"] for h in handlers] == ours
    for handler, node in zip(handlers, ours, strict=True):
        ended = handler.given["on_exit"]
        event = types.SimpleNamespace(returncode=0)
        (emitted,) = ended(event, context)
        reason = emitted.given["event"].given["reason"]
        assert ("the shift is over" in reason) is (node.given["name"] == "orchestrator")
        # killed by a signal: the one that has a journal is started again, the others are the end
        killed = ended(types.SimpleNamespace(returncode=-9), context)
        assert node.given["respawn"] is (node.given["name"] == "orchestrator")
        assert (killed == []) is node.given["respawn"]
        # Ctrl-C ends each node as well: another Shutdown then would make launch fail
        assert ended(event, types.SimpleNamespace(is_shutdown=True)) == []


@pytest.mark.usefixtures("stand_in")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_file_sets_the_transport_and_the_same_arguments(path: Path) -> None:
    actions = described(path).args[0]
    variables = [a.args[0] for a in actions if kind(a) == "SetEnvironmentVariable"]
    assert variables == ["FASTRTPS_DEFAULT_PROFILES_FILE"]
    assert defaults(path) == defaults(LAUNCH / "cell.launch.py")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_loads_by_the_launch_that_is_there(path: Path, request: pytest.FixtureRequest) -> None:
    if not REAL:
        request.getfixturevalue("stand_in")
        assert defaults(path)
        return
    from launch.launch_description_sources import get_launch_description_from_python_launch_file

    description = get_launch_description_from_python_launch_file(str(path))
    names = {a.name for a in description.get_launch_arguments()}
    assert {"world", "seed", "headless", "rviz", "console", "record", "namespace", "out"} <= names
