"""Breaks the running stack on purpose: each fault in each phase of work, and looks what moves."""

import json
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

import rclpy
from rosgraph_msgs.msg import Clock
from twincell_msgs.msg import StopRequest

from twincell.errors import TwincellError, did_you_mean
from twincell.safety.supervisor import CLOCK
from twincell.stack.faults import (
    GRACE,
    SETTLED,
    UNSAFE,
    Case,
    cells,
    journal_fault,
    motion_fault,
    read_cases,
    stop_told,
)
from twincell.stack.rows import write_rows
from twincell_nodes import qos
from twincell_nodes.driving import MOVING, Driver, leave
from twincell_nodes.running import URGENT, ask_realtime

__all__ = ["FAULTS", "PHASES", "Campaign", "main"]

BACK = 5.0
"""How far the clock is set back [s]."""

LIMIT = 1.5
"""A cell that still moves so long after a fault is unsafe [s of simulated time]."""
HELD = 10.0
"""Simulated time may stand still for so long while a process is missed [s of wall time]."""
HEARD = 0.1
"""A call has reached the orchestrator by then [s]."""
PATIENCE = 120.0
"""On a busy machine a process that was killed takes its time to start [s of wall time]."""
WATCH = 0.7
"""How long nothing may move afterwards, and again once the broken process is back [s]."""
PAUSE = 0.6
"""How long a paused simulator stands [s]."""


class Campaign:
    """The matrix fault x phase.

    Args:
        driver: a stack that runs.

    Attributes:
        paused: the process that was paused last, and goes on since.
    """

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.paused: str | None = None
        self._requests = driver.create_publisher(StopRequest, "safety/stop_request", qos.RELIABLE)
        self._clock = driver.create_publisher(Clock, "/clock", qos.CLOCK)
        self._lidar = next(iter(driver.world.lidars()))
        self._rushes = 0

    # ---------------------------------------------------------------- phases of work

    def idle(self) -> None:
        """Arms stand, permission is there."""

    def approach(self) -> None:
        """The inspector moves fast."""
        self._move("inspector", 1.6)

    def scan(self) -> None:
        """The inspector creeps, as over a part, and the crack detector looks."""
        part = next(iter(self.driver.world.blades))
        started, why = self.driver.scan(part)
        if not started or not self.driver.until(lambda: self.driver.scanning == part, 3.0):
            raise TwincellError(f"no scan starts: {why}")
        self.driver.spin(0.1)
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

    def replanning(self, scan: bool = False) -> None:
        """The orchestrator works, in a scan where one is wanted, and has to plan anew."""
        driver = self.driver
        self._await(lambda: driver.moving, "work of the orchestrator")
        if scan:
            self._await(lambda: driver.scanning and driver.moving, "a scan")
        order = next(iter(driver.world.production.orders))
        self._rushes += 1
        parameters = json.dumps({"due": driver.now + 60.0, "priority": 5.0 + self._rushes})
        answer = driver.inject("rush_order", order, parameters)
        # the answer comes when the new plan is made: the fault is to come before
        driver.spin(HEARD)
        if answer.done() and not answer.result().success:
            raise TwincellError(f"the orchestrator refuses: {answer.result().message}")

    # ---------------------------------------------------------------- faults

    def supervisor_killed(self) -> None:
        """Kill -9."""
        self.driver.kill("safety_supervisor", signal.SIGKILL)

    def supervisor_paused(self) -> None:
        """SIGSTOP."""
        self._pause("safety_supervisor")

    def monitor_killed(self) -> None:
        """Kill -9 of what looks at the LiDARs' clouds."""
        self.driver.kill("separation_monitor", signal.SIGKILL)

    def monitor_paused(self) -> None:
        """SIGSTOP of what looks at the LiDARs' clouds."""
        self._pause("separation_monitor")

    def lidar_killed(self) -> None:
        """Kill -9 of a LiDAR."""
        self.driver.kill(self._lidar, signal.SIGKILL)

    def lidar_paused(self) -> None:
        """SIGSTOP of a LiDAR."""
        self._pause(self._lidar)

    def _pause(self, name: str) -> None:
        self.paused = name
        self.driver.kill(name, signal.SIGSTOP)

    def simulator_paused(self) -> None:
        """SIGSTOP of what moves the arms, for longer than its patience; then it goes on."""
        self.driver.kill("simulator", signal.SIGSTOP)
        self.driver.spin(PAUSE)
        self.driver.kill("simulator", signal.SIGCONT)

    def detector_killed(self) -> None:
        """Kill -9 of what looks for cracks, while it does."""
        self.driver.kill("crack_detector", signal.SIGKILL)

    def clock_jump(self) -> None:
        """The clock is set back, and goes on as before."""
        driver = self.driver
        back = driver.now - BACK
        message = Clock()
        message.clock.sec, message.clock.nanosec = int(back), int(back % 1 * 1e9)
        until = time.monotonic() + 0.3
        while not self._holds(CLOCK) and time.monotonic() < until:
            self._clock.publish(message)
            driver.spin(0.003)

    def _holds(self, cause: str) -> bool:
        """Whether the newest safety state has a stop of that cause."""
        state = self.driver.state
        return state is not None and any(r.cause == cause for r in state.active)

    def flood(self) -> tuple[float, float]:
        """A thousand senseless requests at once, with the emergency button among them."""
        due = (0.0, 0.0)
        for i in range(1000):
            self._ask("earthquake", 9, f"flood-{i}", wait=0.0)
            if i == 500:
                due = (time.monotonic(), self.driver.now)
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
        driver.recover(PATIENCE)
        if driver.scanning and phase != "replanning":
            driver.finish_scan()  # of the case before; the orchestrator ends its own
        driver.permits.clear()
        for rows in driver.joints.values():
            rows.clear()
        if phase == "replanning":
            self.replanning(scan=fault == "detector_killed")
        else:
            getattr(self, phase)()
        stirred = {m: driver.speed(m) for m in driver.joints}
        begin, at = time.monotonic(), driver.now
        due = getattr(self, fault)()
        if due is not None:
            begin, at = due

        def told() -> float | None:
            permits = [(s, free) for t, s, free in driver.permits if t >= begin]
            return stop_told(permits, at, driver.silence)

        def rests() -> bool:
            """Whether all have stood for long enough to say so; simulated time may be held."""
            since = told()
            return since is not None and all(
                kept
                and (end := kept[-1][1]) > since + GRACE + SETTLED
                and all(v <= MOVING for _, s, v in kept if s >= end - SETTLED)
                for kept in driver.joints.values()
            )

        driver.until(lambda: rests() or driver.now - at > LIMIT, HELD)
        quiet = time.monotonic()
        driver.spin(WATCH)
        since, why = told(), []
        self._mend(why)
        rows = {m: [r for r in kept if r[0] >= begin] for m, kept in driver.joints.items()}
        last = max((t for kept in rows.values() for t, _, v in kept if v > MOVING), default=begin)
        ended = max((s for kept in rows.values() for _, s, v in kept if v > MOVING), default=at)
        for mover, kept in rows.items():
            fault_seen = motion_fault([(s, v) for _, s, v in kept], at, since, LIMIT, MOVING)
            why += [f"{mover} {fault_seen}"] if fault_seen else []
        slower = [
            next((t for t, _, v in kept if v < 0.97 * stirred[m]), quiet) - begin
            for m, kept in rows.items()
            if stirred[m] > MOVING
        ]
        if driver.free:
            why.append("permission came back without a reset")
        if phase == "replanning":
            lost = journal_fault(driver.out / "journal.mcap", driver.events)
            why += [lost] if lost else []
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

    def _await(self, condition: Callable[[], object], what: str) -> None:
        """Wait for the orchestrator's work, through stops: the world's visitor may come by."""
        driver, deadline = self.driver, time.monotonic() + PATIENCE
        while not driver.until(condition, 1.0):
            if time.monotonic() > deadline:
                text = driver.state.text if driver.state else "no safety state"
                raise TwincellError(f"not within {PATIENCE:g} s: {what}; {text}")
            if not driver.free:
                driver.call(limit=1.0)

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
        now = self.driver.now
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


PHASES = (*_named("idle", "resetting"), "replanning")
FAULTS = _named("supervisor_killed", "button")


def main(args=None) -> None:
    """Entry point. Exit code `UNSAFE` where a case is.

    Parameters: `out` (folder), `runs`, `faults` and `phases` (names with commas; all without).
    Cases that `cases.json` of the folder has are not run again.
    """
    ask_realtime(URGENT)  # who hears late judges wrongly
    rclpy.init(args=args)
    probe = rclpy.create_node("fault_campaign")
    for name, default in (("out", "out/faults"), ("runs", 1), ("faults", ""), ("phases", "")):
        probe.declare_parameter(name, default)
    out, runs, faults, phases = (
        probe.get_parameter(n).value for n in ("out", "runs", "faults", "phases")
    )
    probe.destroy_node()
    out = Path(out)
    code = 1
    try:
        todo = cells(runs, _chosen(faults, FAULTS), _chosen(phases, PHASES))
        cases = read_cases(out / "cases.json")
        print(f"{len(cases)} of {len(todo)} cases known", flush=True)
        code = _all(out, todo, cases)
    except TwincellError as error:
        print(f"fault_campaign: {error}", flush=True)
        code = 2
    leave(code)


def _chosen(names: str, known: tuple[str, ...]) -> tuple[str, ...]:
    wanted = tuple(re.split(r"[,\s]+", names.strip())) if names.strip() else known
    for name in wanted:
        if name not in known:
            raise TwincellError(f"'{name}' is no part of the campaign; {did_you_mean(name, known)}")
    return wanted


def _all(out: Path, todo: list[tuple[int, str, str]], cases: list[Case]) -> int:
    """Run what is not known yet, one stack for the driver's phases and one for re-planning."""
    known = {(c["run"], c["fault"], c["phase"]) for c in cases}
    left = [cell for cell in todo if cell not in known]
    while left:
        # cells of a run that the same stack serves
        run, whole = left[0][0], left[0][2] == "replanning"
        batch = [c for c in left if c[0] == run and (c[2] == "replanning") == whole]
        without = ("operator",) if whole else ("orchestrator", "operator")
        done: set[tuple[int, str, str]] = set()
        kind = "replanning" if whole else "stack"
        driver = Driver("fault_campaign", out / f"{kind}-{run}-{len(cases)}", without)
        try:
            driver.begin(180.0)
            campaign = Campaign(driver)
            for cell in batch:
                cases.append(_case(campaign, *cell))
                write_rows(out / "cases.json", cases)
                word = "safe" if cases[-1]["safe"] else f"UNSAFE: {cases[-1]['why']}"
                line = f"{cell[1]:18} {cell[2]:10} {cases[-1]['ms']:7.0f} ms  {word}"
                print(f"case {len(cases)} of {len(todo)}: {line}", flush=True)
                done.add(cell)
                if "could not be run" in cases[-1]["why"]:
                    break  # the next one gets a stack of its own
        finally:
            driver.finish()  # its node stays: see `leave`
        if all(c["safe"] for c in cases[-len(done) :]):
            rmtree(driver.out)  # what went wrong is kept, with its bag and logs
        left = [c for c in left if c not in done]
    return 0 if cases and all(c["safe"] for c in cases) else UNSAFE


def _case(campaign: Campaign, run: int, fault: str, phase: str) -> Case:
    began = time.monotonic()
    try:
        case = campaign.run(fault, phase)
    except TwincellError as error:
        case = {"fault": fault, "phase": phase, "safe": False, "why": f"could not be run: {error}"}
        case |= {"ms": 0.0, "simulated_ms": 0.0, "slower_ms": 0.0}
    return {"run": run, **case, "took": round(time.monotonic() - began, 2)}
