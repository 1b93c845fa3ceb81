"""Runs the stack without its orchestrator; a program moves the arms and breaks things instead."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import Header
from std_srvs.srv import Trigger
from twincell_msgs.msg import ProductionEvent, SafetyState, StopReport
from twincell_msgs.srv import FinishScan, InjectDisruption, StartScan

from twincell.errors import TwincellError
from twincell.geometry.description import describe
from twincell.motion.trajectory import JointTrajectory
from twincell.stack.demo import fresh_folder
from twincell.stack.environment import ros_environment
from twincell.stack.processes import Process
from twincell.stack.specs import NodeSpec, node_specs
from twincell.stack.up import end
from twincell_nodes import qos
from twincell_nodes.conversions import seconds
from twincell_nodes.messages import follow_goal
from twincell_nodes.running import CellNode, keep_priority

__all__ = ["MOVING", "Driver", "leave"]

MOVING = 0.015
"""A joint that is faster moves [rad/s or m/s]; one that holds against a contact creeps at up to
0.009, as of a hand that was stopped while it closed on a blade."""
SWING = 0.35
"""How far a swing leads from home [rad]."""


class Driver(CellNode):
    """Starts the nodes of a cell, hears what safety hangs on, moves arms on command.

    Args:
        name: of this node.
        out: folder of the run.
        without: executables, or nodes by name, that are not started.

    Attributes:
        processes: by node name.
        state: the newest safety state.
        reports: stops that came to rest.
        scanning: part that the crack detector scans, as it said last.
        events: of the orchestrator: rows (simulation time [s], kind, subject).
        joints: by mover: rows (wall time [s], simulation time [s], fastest joint [rad/s]).
        permits: rows (wall time [s], simulation time [s], whether all may move) of safety states.
        gaps: wall time between safety states [s].
    """

    def __init__(self, name: str, out: Path, without: Iterable[str] = ("orchestrator", "operator")):
        super().__init__(name)
        self.set_parameters([Parameter("use_sim_time", value=True)])
        self.environment = ros_environment()
        self.out = out.resolve()
        self._without = set(without)
        self.processes: dict[str, Process] = {}
        fresh_folder(self.out)
        self.scanning = ""
        self.events: list[tuple[float, str, str]] = []
        self._specs = {
            s.name: s
            for s in node_specs(self.world, self.path, seed=self.seed, out=self.out)
            if not self._without & {s.executable, s.name}
        }
        simulator = self._specs["simulator"]
        awaited = str(simulator.parameters["awaited"]).split(",")
        here = ",".join(name for name in awaited if name in self._specs)
        given = {**simulator.parameters, "awaited": here}
        self._specs["simulator"] = replace(simulator, parameters=given)
        self.state: SafetyState | None = None
        self.permits: list[tuple[float, float, bool]] = []
        self.gaps: list[float] = []
        self._heard = 0.0
        self.reports: list[StopReport] = []
        self.joints: dict[str, list[tuple[float, float, float]]] = {n: [] for n in self.world.arms}
        self._positions: dict[str, np.ndarray] = {}
        self._names: dict[str, tuple[str, ...]] = {}
        self._actions = {}
        for arm, spec in self.world.arms.items():
            self._names[arm] = describe(arm, spec, self.path.parent).joints
            self.create_subscription(
                JointState, f"{arm}/joint_states", partial(self._moved, arm), qos.JOINTS
            )
            self._actions[arm] = ActionClient(
                self, FollowJointTrajectory, f"{arm}/arm_controller/follow_joint_trajectory"
            )
        quality = qos.safety_state(self.world.safety.patience)
        self.create_subscription(SafetyState, "safety/state", self._state, quality)
        self.create_subscription(
            StopReport, "safety/stop_report", self.reports.append, qos.RELIABLE
        )
        self.create_subscription(Header, "inspection/alive", self._alive, qos.RELIABLE)
        self.create_subscription(ProductionEvent, "production/events", self._happened, qos.RELIABLE)
        self._inject = self.create_client(InjectDisruption, "production/inject")
        self._scan = self.create_client(StartScan, "inspection/start_scan")
        self._end_scan = self.create_client(FinishScan, "inspection/finish_scan")
        self._reset = self.create_client(Trigger, "safety/reset")
        self._button = self.create_client(Trigger, "safety/emergency_stop")
        self.executor_ = SingleThreadedExecutor()
        self.executor_.add_node(self)

    # ---------------------------------------------------------------- processes

    def begin(self, patience: float = 60.0) -> None:
        """Start everything and wait until the cell may move.

        Args:
            patience: for the first permission; a busy machine takes its time to start [s].

        Raises:
            TwincellError: it does not come up.
        """
        keep_priority()
        for name in self._specs:
            self.launch(name)
        ready = [*self._actions.values()]
        self.wait(lambda: all(a.server_is_ready() for a in ready), "the action servers", 90)
        self.wait(lambda: len(self._positions) == len(self.world.arms), "joint states", 120)
        self.wait(self._reset.service_is_ready, "the reset", 30)
        self.recover(patience)

    def launch(self, name: str) -> None:
        """Start a node, again where it ended."""
        again = name in self.processes
        self.processes[name] = Process(self._specs[name], self.environment, self.out, _quiet, again)

    def kill(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a node's process group."""
        self.processes[name].signal(number)

    def finish(self) -> None:
        """End all that was started, sooner than whoever ends this process loses patience."""
        for process in self.processes.values():
            process.signal(signal.SIGCONT)
        end(list(self.processes.values()), share=0.5)

    # ---------------------------------------------------------------- waiting

    def spin(self, duration: float) -> None:
        """Hear for a while [s of wall time]."""
        until = time.monotonic() + duration
        while (left := until - time.monotonic()) > 0:
            self.executor_.spin_once(timeout_sec=min(left, 0.05))

    def until(self, condition: Callable[[], object], limit: float) -> bool:
        """Hear until a condition holds; False where it does not within `limit` [s]."""
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.executor_.spin_once(timeout_sec=0.02)
        return True

    def wait(self, condition: Callable[[], object], what: str, limit: float) -> None:
        """Hear until a condition holds.

        Raises:
            TwincellError: not within `limit` [s], or a node ended by itself.
        """
        if not self.until(condition, limit):
            dead = [n for n, p in self.processes.items() if p.poll() is not None]
            raise TwincellError(f"not within {limit:g} s: {what}; ended: {dead or 'nothing'}")

    # ---------------------------------------------------------------- what it does

    def call(self, reset: bool = True, limit: float = 2.0) -> tuple[bool, str]:
        """Press reset, or the emergency button; False and why where it was refused or not heard."""
        client = self._reset if reset else self._button
        future = client.call_async(Trigger.Request())
        if not self.until(future.done, limit):
            return False, "no answer"
        return future.result().success, future.result().message

    def scan(self, part: str, limit: float = 5.0) -> tuple[bool, str]:
        """Start a scan at the crack detector; False and why where it does not start."""
        future = self._scan.call_async(StartScan.Request(part_id=part))
        if not self.until(future.done, limit):
            return False, "no answer"
        return future.result().success, future.result().message

    def finish_scan(self, limit: float = 5.0) -> None:
        """End the scan that is under way, so that its lines are kept no longer.

        The verdict is of no interest: most likely there is none, since the arm was stopped.
        """
        future = self._end_scan.call_async(FinishScan.Request(part_id=self.scanning))
        self.until(lambda: future.done() and not self.scanning, limit)

    def inject(self, kind: str, subject: str, parameters: str) -> Future:
        """Let something happen to the plan; the future of the orchestrator's answer."""
        request = InjectDisruption.Request(kind=kind, subject=subject, parameters=parameters)
        return self._inject.call_async(request)

    def recover(self, limit: float = 60.0, settled: float = 0.4) -> None:
        """Reset until every mover may move, as a patient person would.

        Args:
            limit: longest time [s].
            settled: how long the permission must last: sensors that have just been started may
                fall silent again [s].

        Raises:
            TwincellError: it stays stopped.
        """
        deadline = time.monotonic() + limit
        self.spin(min(settled, 0.1))
        while not self.free or self.until(lambda: not self.free, settled):
            if time.monotonic() > deadline:
                text = self.state.text if self.state else "no safety state"
                raise TwincellError(f"not recovered within {limit:g} s: {text}")
            self.call(limit=1.0)
            self.until(lambda: self.free, 0.3)

    @property
    def free(self) -> bool:
        """Whether the newest safety state lets every mover move, and is new."""
        fresh = self.silence < 0.1
        return fresh and self.state is not None and self.state.motion_allowed

    @property
    def silence(self) -> float:
        """Since the newest safety state was heard [s of wall time]."""
        return time.monotonic() - self._heard

    def swing(self, mover: str, duration: float, stretch: float = 1.0) -> Future:
        """Move a mover away from home, or back; the future of its acceptance."""
        home = np.asarray(self.world.arms[mover].home, float)
        now = self._positions[mover]
        far = home.copy()
        far[0] += SWING * stretch
        goal = home if np.abs(now - far).max() < np.abs(now - home).max() else far
        times = np.linspace(0.0, duration, 41)
        u = times / duration
        way, speed = u**3 * (10 - 15 * u + 6 * u**2), 30 * u**2 * (1 - u) ** 2 / duration
        span = goal - now
        path = JointTrajectory(
            self._names[mover], times, now + way[:, None] * span, speed[:, None] * span
        )
        return self._actions[mover].send_goal_async(follow_goal(path))

    def speed(self, mover: str) -> float:
        """Of its fastest joint, as last heard [rad/s]."""
        rows = self.joints[mover]
        return rows[-1][2] if rows else 0.0

    @property
    def moving(self) -> bool:
        """Whether any joint moves, as last heard."""
        return any(self.speed(m) > MOVING for m in self.joints)

    # ---------------------------------------------------------------- what it hears

    def _moved(self, arm: str, message: JointState) -> None:
        both = zip(message.position, message.velocity, strict=True)
        at = dict(zip(message.name, both, strict=True))
        rows = [at[joint] for joint in self._names[arm]]
        self._positions[arm] = np.array([p for p, _ in rows])
        fastest = max(abs(v) for _, v in rows)
        self.joints[arm].append((time.monotonic(), seconds(message.header.stamp), fastest))

    def _state(self, message: SafetyState) -> None:
        now = time.monotonic()
        if self._heard:
            self.gaps.append(now - self._heard)
        self.state, self._heard = message, now
        self.permits.append((now, seconds(message.header.stamp), message.motion_allowed))

    def _alive(self, message: Header) -> None:
        self.scanning = message.frame_id

    def _happened(self, message: ProductionEvent) -> None:
        self.events.append((seconds(message.header.stamp), message.kind, message.subject))


def _quiet(_spec: NodeSpec, _line: str) -> None:
    """Lines are in the log files."""


def leave(code: int) -> NoReturn:
    """End a process whose stack has ended, with an exit code.

    Without destroying its nodes: Fast DDS 2.14 was seen to wait for ever for a timer of a publisher
    that is destroyed, after a campaign of 71 cases.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
