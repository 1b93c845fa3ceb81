"""How every node starts, spins and ends."""

import ctypes
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rclpy
from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription
from rclpy.time_source import TimeSource
from rclpy.timer import Timer

from twincell.assets import world_path
from twincell.errors import TwincellError
from twincell.world.load import load_world
from twincell.world.model import World
from twincell_nodes.transport import settle_transport

__all__ = [
    "FIRST",
    "SEEING",
    "URGENT",
    "CellNode",
    "ask_realtime",
    "give_back",
    "keep_priority",
    "ordinary_priority",
    "run",
]


class _Unheard(CallbackGroup):
    """Of what no executor is to look at."""

    def can_execute(self, _entity: object) -> bool:
        return False

    def beginning_execution(self, _entity: object) -> bool:
        return False

    def ending_execution(self, _entity: object) -> None:
        pass


def _drop(_message: object) -> None:
    """Never called: a mailbox has no callback."""


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

    _ticks: Subscription | None = None
    _ticked: Callable[[Any], None]

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
        if self._ticks is not None:
            # for those who ask the clock itself: the age of goals and of their results
            self.wall_timer(1.0, self.read_clock)

    def parameter(self, name: str):
        """The value of a parameter."""
        return self.get_parameter(name).value

    @property
    def now(self) -> float:
        """Time of the node's clock [s]: simulation time where `use_sim_time` is set."""
        self.read_clock()
        return self.get_clock().now().nanoseconds * 1e-9

    def read_clock(self) -> None:
        """Set the node's clock by the newest `/clock`.

        Each tick would wake the executor, which was half of what some nodes did.
        """
        if self._ticks is not None:
            for message in self.waiting(self._ticks):
                self._ticked(message)

    def create_publisher(self, *args, **kwargs) -> Publisher:
        """As ever, without the handlers of QoS events that nobody set.

        The executor looks at each of them before each wait, which is a third of its time; a
        mismatch of QoS is still told by whoever subscribes from outside.
        """
        kwargs.setdefault("event_callbacks", PublisherEventCallbacks(use_default_callbacks=False))
        return super().create_publisher(*args, **kwargs)

    def create_subscription(self, kind, topic, callback, *args, **kwargs) -> Subscription:
        """As ever, without the handlers of QoS events that nobody set.

        That of the node's own clock is a mailbox, see `read_clock`.
        """
        silent = SubscriptionEventCallbacks(use_default_callbacks=False)
        kwargs.setdefault("event_callbacks", silent)
        own = isinstance(getattr(callback, "__self__", None), TimeSource)
        if own:
            kwargs["callback_group"] = _Unheard()
        made = super().create_subscription(kind, topic, callback, *args, **kwargs)
        if own:
            self._ticks, self._ticked = made, callback
        return made

    def mailbox(self, kind: type, topic: str, quality: QoSProfile) -> Subscription:
        """A subscription that wakes nobody: its messages are fetched by `waiting`."""
        group = _Unheard()
        return self.create_subscription(kind, topic, _drop, quality, callback_group=group)

    @staticmethod
    def waiting(subscription: Subscription) -> Iterator[Any]:
        """Messages that wait in a mailbox, or behind the one that a callback was given.

        To take them together saves a turn of the executor each, which is most of what a small
        message costs.

        Yields:
            Them, oldest first.
        """
        with subscription.handle:
            while taken := subscription.handle.take_message(
                subscription.msg_type, subscription.raw
            ):
                yield taken[0]

    def wall_timer(self, period: float, callback: Callable[[], None]) -> Timer:
        """A timer on the steady wall clock.

        Args:
            period: in wall time [s].
            callback: called without arguments.
        """
        return self.create_timer(period, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))


SEEING, URGENT, FIRST = 10, 20, 21
"""Real-time priorities (SCHED_RR): of those that look for cracks, of the processes between what was
seen and the arms, and of the supervisor among them, whose turns are short and which all others wait
for."""


def ask_realtime(priority: int) -> None:
    """Go before all ordinary processes, where the system lets us; DDS threads inherit it.

    As ros2_control's controller manager does. Without the right (`CAP_SYS_NICE`, or `rtprio` in
    limits.conf) everything works, and the latencies' tail is longer on a busy machine.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(priority))
    except (OSError, AttributeError):
        print("no right to a real-time priority: stops wait their turn", file=sys.stderr)


def keep_priority() -> None:
    """What this thread starts from here on does not inherit its real-time priority."""
    if hasattr(os, "SCHED_RESET_ON_FORK") and os.sched_getscheduler(0) != os.SCHED_OTHER:
        policy = os.sched_getscheduler(0) | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(0, policy, os.sched_getparam(0))


@contextmanager
def ordinary_priority() -> Iterator[None]:
    """What takes long and no stop waits for: this thread is an ordinary one meanwhile.

    Where the system has no such priorities (macOS), it is one anyway.
    """
    if not hasattr(os, "sched_getscheduler") or os.sched_getscheduler(0) == os.SCHED_OTHER:
        yield
        return
    policy, given = os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, given)


def give_back() -> None:
    """Return free memory to the system; glibc would keep as much as the largest work took."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def run(
    make: Callable[[], CellNode],
    args: list[str] | None = None,
    urgent: int = 0,
    cut_short: int = 0,
) -> None:
    """Spin a node until it is done or told to end; exits non-zero where it fails.

    Args:
        make: gives the node.
        args: of the command line.
        urgent: real-time priority to ask for, where a stop waits for this process; 0: none.
        cut_short: exit code where it is told to end; not 0 for a node that has work to end.
    """
    settle_transport()  # looks at all processes: no work for an urgent one
    if urgent:
        ask_realtime(urgent)
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
        code = cut_short if node is None or node.done is None else node.done
    except RuntimeError as error:
        # told to end while it was still being made, or while a message was read (an interrupt that
        # pybind11 turns into this); a thread shuts the context down meanwhile
        time.sleep(0.1)
        if rclpy.ok():
            raise
        code = cut_short
        name = "node" if node is None else node.get_name()
        print(f"{name}: ended in the middle of something: {error}", file=sys.stderr, flush=True)
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
        gc.unfreeze()  # else libraries that look for leaks at the end find some
    sys.exit(code)
