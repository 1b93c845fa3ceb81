"""What runs: the one list of processes that both `ros2 launch` and `twincell up` start."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from twincell.stack.namespace import namespace_of
from twincell.world.model import World

__all__ = ["GROUPS", "Group", "NodeSpec", "ParameterValue", "node_specs"]

Group = Literal["simulation", "sensing", "inspection", "orchestration"]
ParameterValue = bool | int | float | str

GROUPS: tuple[Group, ...] = get_args(Group)
"""In the order of the data's way; one launch file each."""


_NICE = {"multispectral": 10, "recorder": 5, "latency_ledger": 10, "console": 10}
"""What motion and people's safety do not wait for."""


@dataclass(frozen=True)
class NodeSpec:
    """One process with one node.

    Attributes:
        package: that installs the executable in `lib/<package>/`.
        executable: its name there.
        name: node name, unique in the list.
        namespace: that relative topic names get; empty for the root.
        parameters: by name.
        remappings: pairs (from, to).
        group: the launch file that starts it.
        nice: how far others go first where the machine is short of time (`nice -n`).
        terminal: its end is the end of the whole; exit code 0 says that all went well.
        respawn: where a signal kills it, it is started again, and goes on by itself.
    """

    package: str
    executable: str
    name: str
    namespace: str = ""
    parameters: dict[str, ParameterValue] = field(default_factory=dict)
    remappings: tuple[tuple[str, str], ...] = ()
    group: Group = "simulation"
    nice: int = 0
    terminal: bool = False
    respawn: bool = False


def node_specs(
    world: World,
    world_path: Path,
    *,
    seed: int,
    out: Path,
    real_time_factor: float = 1.0,
    record: bool = True,
    namespace: str = "",
    console: int | None = None,
) -> tuple[NodeSpec, ...]:
    """The processes of a cell: one simulator, one a sensor, detector, supervisor, orchestrator.

    Args:
        world: the cell.
        world_path: the file it was read from; each process reads it again.
        seed: root of all chance.
        out: folder of this run's files.
        real_time_factor: simulated seconds a wall second; 0 as fast as it can.
        record: with a recorder (MCAP and the table of rates).
        namespace: that everything is put in, e.g. `cell_2`.
        console: port of this machine on which the cell is shown in a browser; None without.

    Returns:
        By group; the recorder first in its group, so that it hears the others from the start.

    Raises:
        TwincellError: a namespace that ROS would not take.
    """
    root = namespace_of(namespace)
    common: dict[str, ParameterValue] = {"world": str(world_path), "seed": seed}

    def spec(
        executable: str,
        name: str,
        group: Group,
        *,
        nice: int = 0,
        terminal: bool = False,
        respawn: bool = False,
        sim_time: bool = True,
        **parameters: ParameterValue,
    ) -> NodeSpec:
        return NodeSpec(
            package="twincell_nodes",
            executable=executable,
            name=name,
            namespace=root,
            parameters={**common, "use_sim_time": sim_time, **parameters},
            group=group,
            nice=nice,
            terminal=terminal,
            respawn=respawn,
        )

    awaited = [*world.sensors, "separation_monitor", "crack_detector", "orchestrator"]
    awaited += ["recorder"] if record else []
    specs = [
        # it owns the clock, hence reads none
        spec(
            "simulator",
            "simulator",
            "simulation",
            sim_time=False,
            real_time_factor=float(real_time_factor),
            awaited=",".join(awaited),
        )
    ]
    specs += [
        spec(sensor.kind, name, "sensing", nice=_NICE.get(sensor.kind, 0), sensor=name)
        for name, sensor in world.sensors.items()
    ]
    specs.append(spec("crack_detector", "crack_detector", "inspection", out=str(out)))
    if record:
        specs.append(
            spec(
                "recorder",
                "recorder",
                "orchestration",
                nice=_NICE["recorder"],
                sim_time=False,  # it reads the clock as it records it
                out=str(out),
                real_time_factor=float(real_time_factor),
            )
        )
    specs.append(spec("separation_monitor", "separation_monitor", "orchestration"))
    specs.append(spec("safety_supervisor", "safety_supervisor", "orchestration"))
    specs.append(
        spec(
            "latency_ledger",
            "latency_ledger",
            "orchestration",
            nice=_NICE["latency_ledger"],
            sim_time=False,
        )
    )
    specs += [
        spec("policy", f"policy_{name}", "orchestration", arm=name)
        for name, arm in world.arms.items()
        if arm.policy is not None
    ]
    specs.append(
        spec(
            "orchestrator",
            "orchestrator",
            "orchestration",
            terminal=True,
            respawn=True,  # it has its journal
            out=str(out),
        )
    )
    if world.operator is not None:
        specs.append(spec("operator", "operator", "orchestration"))
    if console is not None:
        specs.append(
            spec("console", "console", "orchestration", nice=_NICE["console"], port=console)
        )
    return tuple(specs)
