"""The list of node specifications as launch actions; each launch file is one call."""

import time
from pathlib import Path

from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    IncludeLaunchDescription,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution, ThisLaunchFileDir
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from launch import LaunchDescription
from twincell.assets import world_path
from twincell.console.ports import PORT
from twincell.stack.specs import GROUPS, NodeSpec, node_specs
from twincell.world.load import load_world

__all__ = ["ARGUMENTS", "cell", "group"]

ARGUMENTS = {
    "world": ("blade_cell", "a world file, or the name of a shipped one"),
    "seed": ("", "root of all chance; the world file's where it is empty"),
    "headless": ("false", "true never opens a window, not even with rviz:=true"),
    "rviz": ("false", "true shows the cell in RViz"),
    "console": ("false", "true shows the cell in a browser, at port 8080 of this machine"),
    "record": ("true", "true writes a bag (MCAP) and a table of rates"),
    "real_time_factor": ("1.0", "simulated seconds a wall second; 0 as fast as it can"),
    "namespace": ("", "namespace of all relative names"),
    "out": (time.strftime("out/ros/%Y-%m-%d_%H-%M-%S"), "new folder of what the run writes"),
}
"""Launch arguments with their defaults."""

RESPAWN = 1.0
"""Pause before a killed node is started again: an end of the whole goes first [s]."""

_SWITCHES = ("headless", "rviz", "console", "record")


def _declared() -> list[DeclareLaunchArgument]:
    return [
        DeclareLaunchArgument(
            name,
            default_value=default,
            description=text,
            **({"choices": ["true", "false"]} if name in _SWITCHES else {}),
        )
        for name, (default, text) in ARGUMENTS.items()
    ]


def _transport() -> SetEnvironmentVariable:
    """Clouds and images by shared memory, as `twincell up` sets it."""
    profiles = [FindPackageShare("twincell_bringup"), "config", "fastdds_profiles.xml"]
    return SetEnvironmentVariable("FASTRTPS_DEFAULT_PROFILES_FILE", PathJoinSubstitution(profiles))


def _specs(context) -> tuple[NodeSpec, ...]:
    """The same list that `twincell up` starts."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    path = world_path(given["world"])
    world = load_world(path)
    return node_specs(
        world,
        path,
        seed=int(given["seed"]) if given["seed"] else world.seed,
        out=Path(given["out"]).resolve(),
        real_time_factor=float(given["real_time_factor"]),
        record=given["record"] == "true",
        namespace=given["namespace"],
        console=PORT if given["console"] == "true" else None,
    )


def _typed(value):
    """Text stays text: launch would read a sensor named "on" as true, and "7" as a number."""
    return ParameterValue(value, value_type=str) if isinstance(value, str) else value


def _actions(spec: NodeSpec) -> list:
    """A node, and the end of the whole where it ends."""
    node = Node(
        package=spec.package,
        executable=spec.executable,
        name=spec.name,
        namespace=spec.namespace,
        parameters=[{name: _typed(value) for name, value in spec.parameters.items()}],
        remappings=list(spec.remappings),
        output="screen",
        emulate_tty=True,
        prefix=f"nice -n {spec.nice}" if spec.nice else None,
        respawn=spec.respawn,
        respawn_delay=RESPAWN,
    )

    def ended(event, context):
        if context.is_shutdown:
            return []
        code = event.returncode
        if spec.respawn and code < 0:
            return []  # killed: launch starts it again
        reason = "the shift is over" if spec.terminal and code == 0 else f"exit code {code}"
        return [EmitEvent(event=Shutdown(reason=f"{spec.name}: {reason}"))]

    return [node, RegisterEventHandler(OnProcessExit(target_action=node, on_exit=ended))]


def group(name: str) -> LaunchDescription:
    """The launch description of one group of nodes.

    Args:
        name: simulation, sensing, inspection or orchestration.
    """

    def nodes(context):
        return [a for spec in _specs(context) if spec.group == name for a in _actions(spec)]

    return LaunchDescription([*_declared(), _transport(), OpaqueFunction(function=nodes)])


def cell() -> LaunchDescription:
    """The launch description of the whole cell: every group, and RViz where it is asked for."""
    arguments = [(name, LaunchConfiguration(name)) for name in ARGUMENTS]
    groups = [
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(
                PathJoinSubstitution([ThisLaunchFileDir(), f"{name}.launch.py"])
            ),
            launch_arguments=arguments,
        )
        for name in GROUPS
    ]
    return LaunchDescription(
        [*_declared(), _transport(), *groups, OpaqueFunction(function=_windows)]
    )


def _windows(context) -> list:
    rviz = LaunchConfiguration("rviz").perform(context) == "true"
    if not rviz or LaunchConfiguration("headless").perform(context) == "true":
        return []
    view = PathJoinSubstitution([FindPackageShare("twincell_description"), "rviz", "cell.rviz"])
    return [
        Node(
            package="rviz2",
            executable="rviz2",
            name="rviz",
            namespace=LaunchConfiguration("namespace").perform(context),
            arguments=["-d", view],
            parameters=[{"use_sim_time": True}],
            output="screen",
        )
    ]
