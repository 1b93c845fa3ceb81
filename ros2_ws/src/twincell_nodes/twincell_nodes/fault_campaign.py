"""Breaks the running stack on purpose: each fault in each phase of work, and looks what moves."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import rclpy
from twincell_msgs.msg import StopRequest

from twincell.errors import TwincellError
from twincell_nodes import qos
from twincell_nodes.driving import MOVING, Driver

__all__ = ["FAULTS", "PHASES", "Campaign", "main"]

LIMIT = 1.5
"""A cell that still moves so long after a fault is unsafe [s of wall time]."""
WATCH = 0.7
"""How long nothing may move afterwards, and again once the broken process is back [s]."""
PAUSE = 0.6
"""How long a paused simulator stands [s]."""


class Campaign:
    """The matrix fault x phase.

    Args:
        driver: a stack that runs.
    """

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self._requests = driver.create_publisher(StopRequest, "safety/stop_request", qos.RELIABLE)
        self._lidar = next(iter(driver.world.lidars()))

    # ---------------------------------------------------------------- phases of work

    def idle(self) -> None:
        """Arms stand, permission is there."""

    def approach(self) -> None:
        """The inspector moves fast."""
        self._move("inspector", 1.6)

    def scan(self) -> None:
        """The inspector creeps, as over a part."""
        self._move("inspector", 8.0)

    def handling(self) -> None:
        """The handler moves."""
        self._move(self.driver.world.handler, 2.5)

    def both(self) -> None:
        """Both arms move."""
        self.driver.swing(self.driver.world.handler, 3.0)
        self._move("inspector", 3.0)

    def stopping(self) -> None:
        """A stop is under way."""
        self._move("inspector", 1.6)
        self._ask("mover_fault", 1)

    def resetting(self) -> None:
        """A reset has just been pressed."""
        self._move("inspector", 1.6)
        self._ask("mover_fault", 1)
        self.driver.until(lambda: not self.driver.moving, 2.0)
        self.driver.call(limit=0.5)

    # ---------------------------------------------------------------- faults

    def supervisor_killed(self) -> None:
        """Kill -9."""
        self.driver.kill("safety_supervisor", signal.SIGKILL)

    def supervisor_paused(self) -> None:
        """SIGSTOP."""
        self.driver.kill("safety_supervisor", signal.SIGSTOP)

    def monitor_killed(self) -> None:
        """Kill -9 of what looks at the LiDARs' clouds."""
        self.driver.kill("separation_monitor", signal.SIGKILL)

    def monitor_paused(self) -> None:
        """SIGSTOP of what looks at the LiDARs' clouds."""
        self.driver.kill("separation_monitor", signal.SIGSTOP)

    def lidar_killed(self) -> None:
        """Kill -9 of a LiDAR."""
        self.driver.kill(self._lidar, signal.SIGKILL)

    def lidar_paused(self) -> None:
        """SIGSTOP of a LiDAR."""
        self.driver.kill(self._lidar, signal.SIGSTOP)

    def simulator_paused(self) -> None:
        """SIGSTOP of what moves the arms, for longer than its patience; then it goes on."""
        self.driver.kill("simulator", signal.SIGSTOP)
        self.driver.spin(PAUSE)
        self.driver.kill("simulator", signal.SIGCONT)

    def flood(self) -> tuple[float, float]:
        """A thousand senseless requests at once, with the emergency button among them."""
        due = (0.0, 0.0)
        for i in range(1000):
            self._ask("earthquake", 9, f"flood-{i}", wait=0.0)
            if i == 500:
                due = (time.monotonic(), self.driver.time)
                self.driver.call(reset=False, limit=0.0)
        return due

    def button(self) -> None:
        """The emergency button."""
        self.driver.call(reset=False, limit=0.5)

    # ---------------------------------------------------------------- one case

    def run(self, fault: str, phase: str) -> dict[str, object]:
        """One fault in one phase.

        Returns:
            `safe`; `ms` of wall time from the fault to the last motion (0 where nothing moved),
            `simulated_ms` the same in simulated time, which is held while sensors are behind;
            `slower_ms` of wall time to the first sample that is slower (at 80 Hz); `why` where
            it is not safe.
        """
        driver = self.driver
        driver.recover()
        for rows in driver.joints.values():
            rows.clear()
        getattr(self, phase)()
        stirred = {m: driver.speed(m) for m in driver.joints}
        begin, at = time.monotonic(), driver.time
        due = getattr(self, fault)()
        if due is not None:
            begin, at = due
        driver.until(lambda: not driver.moving and time.monotonic() - begin > 0.4, LIMIT)
        quiet = time.monotonic()
        why = []
        if driver.moving:
            why.append(f"still moves after {LIMIT:g} s")
        driver.spin(WATCH)
        self._mend(why)
        rows = {m: [r for r in kept if r[0] >= begin] for m, kept in driver.joints.items()}
        last = max((t for kept in rows.values() for t, _, v in kept if v > MOVING), default=begin)
        ended = max((s for kept in rows.values() for _, s, v in kept if v > MOVING), default=at)
        late = [t for kept in rows.values() for t, _, v in kept if v > MOVING and t > quiet + 0.05]
        if late:
            why.append(f"moved again {late[0] - begin:.2f} s after the fault")
        slower = [
            next((t for t, _, v in kept if v < 0.97 * stirred[m]), quiet) - begin
            for m, kept in rows.items()
            if stirred[m] > MOVING
        ]
        if driver.free:
            why.append("permission came back without a reset")
        return {
            "fault": fault,
            "phase": phase,
            "safe": not why,
            "ms": 1e3 * (last - begin),
            "simulated_ms": 1e3 * max(0.0, ended - at),
            "slower_ms": 1e3 * max(slower, default=0.0),
            "why": "; ".join(why),
        }

    def _mend(self, why: list[str]) -> None:
        """Bring the broken process back; nothing may move by that, and no reset was pressed."""
        driver = self.driver
        for name, process in list(driver.processes.items()):
            process.signal(signal.SIGCONT)
            if process.poll() is None:
                continue
            if process.poll() != -signal.SIGKILL:
                why.append(f"{name} ended by itself ({process.poll()}), see {process.log}")
            driver.launch(name)
        # until all are heard again, the state stays stopped or is silent
        driver.spin(WATCH)

    def _move(self, mover: str, duration: float) -> None:
        sent = self.driver.swing(mover, duration)
        self.driver.wait(sent.done, f"an answer of {mover}", 5.0)
        if not sent.result().accepted:
            raise TwincellError(f"{mover} takes no goal")
        slow = 0.3 / duration * 0.5
        if not self.driver.until(lambda: self.driver.speed(mover) > slow, 5.0):
            text = self.driver.state.text if self.driver.state else "no safety state"
            raise TwincellError(f"{mover} does not move: {text}")

    def _ask(self, cause: str, category: int, key: str = "", wait: float = 0.01) -> None:
        now = self.driver.time
        message = StopRequest(
            id=key or f"campaign-{now:.3f}",
            function=2,
            category=category,
            cause=cause,
            scope="cell",
        )
        message.header.stamp.sec = message.evidence_stamp.sec = int(now)
        message.header.stamp.nanosec = message.evidence_stamp.nanosec = int(now % 1 * 1e9)
        self._requests.publish(message)
        self.driver.spin(wait)


def _named(first: str, last: str) -> tuple[str, ...]:
    """Names of the campaign's methods, in order, between two of them."""
    names = [n for n, v in vars(Campaign).items() if isinstance(v, Callable) and n[0] != "_"]
    return tuple(names[names.index(first) : names.index(last) + 1])


PHASES = _named("idle", "resetting")
FAULTS = _named("supervisor_killed", "button")


def main(args=None) -> None:
    """Entry point; parameters `out`, `runs`. Exit code 1 where a case is unsafe."""
    rclpy.init(args=args)
    probe = rclpy.create_node("fault_campaign")
    for name, default in (("out", "out/faults"), ("runs", 1)):
        probe.declare_parameter(name, default)
    out, runs = (probe.get_parameter(n).value for n in ("out", "runs"))
    probe.destroy_node()
    driver = Driver("fault_campaign", Path(out))
    cases: list[dict[str, object]] = []
    try:
        driver.begin()
        campaign = Campaign(driver)
        for run in range(runs):
            for fault in FAULTS:
                for phase in PHASES:
                    try:
                        case = campaign.run(fault, phase)
                    except TwincellError as error:
                        case = {"fault": fault, "phase": phase, "safe": False, "ms": 0.0}
                        case |= {
                            "simulated_ms": 0.0,
                            "slower_ms": 0.0,
                            "why": f"could not be run: {error}",
                        }
                    cases.append({"run": run, **case})
                    word = "safe" if case["safe"] else f"UNSAFE: {case['why']}"
                    print(f"{fault:18} {phase:10} {case['ms']:7.0f} ms  {word}", flush=True)
                    (driver.out / "cases.json").write_text(json.dumps(cases, indent=1))
    finally:
        driver.finish()
        driver.destroy_node()
        rclpy.try_shutdown()
    raise SystemExit(0 if cases and all(c["safe"] for c in cases) else 1)
