"""Runs the stack for long with random faults, and writes down what it does."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import rclpy

from twincell.errors import TwincellError
from twincell.stack.faults import cells
from twincell_nodes.conversions import seconds
from twincell_nodes.driving import Driver, leave
from twincell_nodes.fault_campaign import FAULTS, PATIENCE, PHASES, Campaign
from twincell_nodes.running import URGENT, ask_realtime

__all__ = ["Soak", "main"]

PERIOD = 5.0
"""Between samples [s of wall time]."""
START = 300.0
"""For the first permission [s of wall time]."""


class Soak:
    """A campaign whose faults and phases are drawn, sampled all the while.

    Args:
        driver: a stack that runs.
        rng: draws the cases.
    """

    def __init__(self, driver: Driver, rng: np.random.Generator) -> None:
        self._driver = driver
        self._campaign = Campaign(driver)
        self._rng = rng
        self._begin = time.monotonic()
        self._file = (driver.out / "soak.jsonl").open("w", encoding="utf-8", buffering=1)
        self._stops = self._restarts = 0
        self._pids = {name: p.pid for name, p in driver.processes.items()}
        driver.wall_timer(PERIOD, self.sample)

    def _write(self, kind: str, row: dict) -> None:
        t = time.monotonic() - self._begin
        self._file.write(json.dumps({"kind": kind, "t": t, **row}) + "\n")

    def sample(self) -> None:
        """Memory of each process, latencies since the sample before, counters."""
        driver = self._driver
        running = {n: p.pid for n, p in driver.processes.items() if p.poll() is None}
        self._restarts += sum(self._pids.get(n, pid) != pid for n, pid in running.items())
        self._pids |= running
        reports, driver.reports[:] = list(driver.reports), []
        gaps, driver.gaps[:] = list(driver.gaps), []
        self._stops += len(reports)
        walls = [
            (r.accepted_wall_ns - r.requested_wall_ns) * 1e-6 for r in reports if r.accepted_wall_ns
        ]
        stands = [1e3 * (seconds(r.standstill) - seconds(r.accepted)) for r in reports]
        memory = {n: [pid, size] for n, pid in running.items() if (size := _resident(pid))}
        self._write(
            "sample",
            {
                "memory": memory,
                "load": os.getloadavg()[0],
                "accepted_ms": walls,
                "stand_ms": stands,
                "gap_ms": 1e3 * max(gaps, default=0.0),
                "simulated": driver.now,
                "stops": self._stops,
                "restarts": self._restarts,
            },
        )

    def _recover(self) -> None:
        """Wait until the cell may move; a process that was paused may have to be started anew.

        The others' DDS may have given it up while it was paused, for good: then nobody hears it.
        """
        try:
            self._driver.recover(PATIENCE)
        except TwincellError:
            name = self._campaign.paused
            if name is None:
                raise
            old = self._driver.processes[name]
            self._driver.kill(name, signal.SIGKILL)
            self._driver.wait(lambda: old.poll() is not None, f"the end of {name}", PATIENCE)
            self._driver.launch(name)
            self._write("renewed", {"process": name})
            # a busy machine needs longer than the campaign waits
            self._driver.recover(START)

    def run(self, duration: float) -> None:
        """Cases until the time is over [s of wall time]."""
        # no orchestrator works here, and a detector is missed only where it scans
        drawn = [c for c in cells(1, FAULTS, PHASES) if c[2] != "replanning"]
        while time.monotonic() - self._begin < duration:
            _, fault, phase = drawn[int(self._rng.integers(len(drawn)))]
            try:
                self._recover()
                case = {"run": True, **self._campaign.run(fault, phase)}
            except TwincellError as error:
                case = {"run": False, "fault": fault, "phase": phase, "safe": False}
                case |= {"why": f"could not begin: {error}"}
            self._write("case", case)
            word = "safe" if case["safe"] else case["why"]
            passed = time.monotonic() - self._begin
            print(f"{passed:7.0f} s  {fault:18} {phase:12} {word}", flush=True)
            self._driver.spin(float(self._rng.uniform(0.2, 2.0)))
        try:
            self._recover()
        finally:
            self.sample()
            self._file.close()


def _resident(pid: int) -> int:
    """Resident memory that the process shares with no file [bytes]; 0 where it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    rows = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return 1024 * int(rows["RssAnon"].split()[0]) if "RssAnon" in rows else 0


def main(args=None) -> None:
    """Entry point; parameters `out`, `duration` [s], `seed`."""
    ask_realtime(URGENT)  # who hears late judges wrongly
    rclpy.init(args=args)
    probe = rclpy.create_node("soak")
    for name, default in (("out", "out/soak"), ("duration", 60.0), ("seed", 0)):
        probe.declare_parameter(name, default)
    out, duration, seed = (probe.get_parameter(n).value for n in ("out", "duration", "seed"))
    probe.destroy_node()
    driver, code = Driver("soak", Path(out)), 1
    try:
        driver.begin(START)
        Soak(driver, np.random.default_rng(seed)).run(duration)
        code = 0
    except TwincellError as error:
        print(f"soak: {error}", flush=True)
    finally:
        driver.finish()  # its node stays: see `leave`
    leave(code)
