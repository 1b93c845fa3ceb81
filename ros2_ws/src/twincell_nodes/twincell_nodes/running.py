"""How every node starts, spins and ends."""

import gc
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.timer import Timer

from twincell.assets import world_path
from twincell.errors import TwincellError
from twincell.world.load import load_world
from twincell.world.model import World

__all__ = ["CellNode", "run"]


class CellNode(Node):
    """A node that knows its cell: parameters `world` (path of the world file) and `seed`.

    Args:
        name: default node name.
        parameters: further parameters with their defaults.

    Attributes:
        world: the cell.
        path: of the world file.
        seed: root of all chance.
        done: set to an exit code to end the node.
    """

    def __init__(self, name: str, **parameters) -> None:
        # Parameters are read once, here; serving them would cost a third of the executor's time.
        super().__init__(
            name,
            start_parameter_services=False,
            parameter_overrides=[Parameter("start_type_description_service", value=False)],
        )
        self.declare_parameter("world", "blade_cell")
        self.declare_parameter("seed", 0)
        for key, default in parameters.items():
            self.declare_parameter(key, default)
        self.done: int | None = None
        self.path: Path = world_path(self.parameter("world"))
        self.world: World = load_world(self.path)
        self.seed: int = self.parameter("seed")

    def parameter(self, name: str):
        """The value of a parameter."""
        return self.get_parameter(name).value

    @property
    def now(self) -> float:
        """Time of the node's clock [s]: simulation time where `use_sim_time` is set."""
        return self.get_clock().now().nanoseconds * 1e-9

    def wall_timer(self, period: float, callback: Callable[[], None]) -> Timer:
        """A timer on the steady wall clock.

        Args:
            period: in wall time [s].
            callback: called without arguments.
        """
        return self.create_timer(period, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))


def run(make: Callable[[], CellNode], args: list[str] | None = None) -> None:
    """Spin a node until it is done or told to end; exits non-zero where it fails.

    Args:
        make: gives the node.
        args: of the command line.
    """
    rclpy.init(args=args)
    code, node = 0, None
    try:
        node = make()
        # one executor for good: rclpy.spin_once() would build a new one for each callback
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        # what was built lives until the end: later collections look at what came since, and a
        # whole one, which would hold up a stop, does not come by itself
        gc.collect()
        gc.freeze()
        gc.set_threshold(5000, 20, 10_000)
        while node.done is None:
            executor.spin_once()
        code = node.done
    except (KeyboardInterrupt, ExternalShutdownException):
        code = 0
    except rclpy_implementation.RCLError:
        # told to end while it was still being made
        if rclpy.ok():
            raise
    except TwincellError as error:
        name = "node" if node is None else node.get_name()
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        code = 1
    finally:
        # whoever presses twice must not cut a recorder's last write short
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    sys.exit(code)
