"""From the published anomaly to the stop that the arm's controller has accepted, over real DDS.

Every node of the cell runs, but for the orchestrator and the operator, in whose place this program
moves the inspector and resets. Each event publishes a critical anomaly as the detector would; the
supervisor decides, the simulator's controller accepts; wall clocks of one machine are compared. In
every tenth event, of many in 200 of them, the arm is moving, and must come to rest. The peer is a
plain ping of the same two messages between two nodes, once after each event, and a second one whose
other end has the supervisor's real-time priority.

    make bench-reaction                      # 1,000 events
    make bench-reaction ARGS=20000           # the whole
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from array import array
from pathlib import Path

import numpy as np
import rclpy
from figures import figure, report
from twincell_msgs.msg import Anomaly, AnomalyArray, SafetyState

from twincell.report.latency_picture import latency_picture
from twincell_nodes import qos
from twincell_nodes.conversions import header, stamp
from twincell_nodes.driving import Driver
from twincell_nodes.running import SEEING, ask_realtime

SETTLE = 0.015
"""Until the next event: more than one tick of the simulator [s of wall time]."""
OUT = Path("out/bench/reaction")
PEERS = {"bench": "plain ping", "urgent": "real-time ping"}
"""By the topics' base name."""
CUTS = (50, 90, 99, 99.9, 100)
EVERY = 10
"""In one of so many events the arm moves..."""
MOVING = 200
"""... and not in many more than so many: each takes a second."""


def anomaly(key: str, now: float) -> AnomalyArray:
    """A critical crack as the detector tells it, with 100 points."""
    one = Anomaly(
        header=header(now, "blade/bench"),
        id=key,
        part_id="bench",
        kind="crack",
        severity="critical",
        confidence=0.9,
        length=0.0077,
        light_stamp=stamp(now),
        sensed_stamp=stamp(now),
        detected_stamp=stamp(now),
    )
    one.points = array("f", [0.0001 * i for i in range(300)])
    return AnomalyArray(header=one.header, part_id="bench", anomalies=[one])


def refuses(driver: Driver) -> bool:
    """Whether the inspector's controller is stopped: takes no goal, and its arm does not move."""
    answer = driver.swing("inspector", 3.0)
    heard = driver.until(answer.done, 2.0)
    moves = driver.until(lambda: driver.speed("inspector") > 0.01, 0.5)
    return heard and not answer.result().accepted and not moves


def main(events: int = 1000) -> None:
    """Measure and report."""
    rclpy.init()
    driver = Driver("reaction_bench", OUT)
    found = driver.create_publisher(AnomalyArray, "inspection/anomalies", qos.RELIABLE)
    pongs: list[SafetyState] = []
    pings, echoes = {}, []
    floors: dict[str, list[float]] = {base: [] for base in PEERS}
    for base in PEERS:
        pings[base] = driver.create_publisher(AnomalyArray, f"{base}/ping", qos.RELIABLE)
        driver.create_subscription(SafetyState, f"{base}/pong", pongs.append, qos.RELIABLE)
        command = [sys.executable, str(Path(__file__).with_name("echo.py")), base]
        echoes.append(subprocess.Popen(command))
    rows, missed, moved, brakes, stands = [], 0, 0, [], []
    every, started = max(EVERY, events // MOVING), time.monotonic()
    known: set[str] = set()
    spurious = coincided = held_on = 0
    try:
        driver.begin()
        ask_realtime(SEEING)  # as the detector, in whose place it publishes
        driver.wait(lambda: all(p.get_subscription_count() for p in pings.values()), "echoes", 30)
        driver.spin(2.0)  # a match on this side is not yet one on the other
        driver.wait(lambda: found.get_subscription_count() > 1, "the supervisor's ear", 30)
        for i in range(events):
            key = f"b{i}"
            driver.reports.clear()
            moving = i % every == 0
            if moving:
                driver.swing("inspector", 3.0)
                if not driver.until(lambda: driver.speed("inspector") > 0.05, 5.0):
                    print(f"event {i}: the arm does not move")
                    moving = False
                moved += moving
            message = anomaly(key, driver.now)
            before = time.time_ns()
            found.publish(message)
            name = f"critical_anomaly-bench-{key}-"
            if not driver.until(
                lambda n=name: any(r.request_id.startswith(n) for r in driver.reports), 5.0
            ):
                held = {r.id for r in driver.state.active}
                if any(n.startswith(name) for n in held) and len(held) > 1:
                    coincided += 1  # the world's visitor had stopped the cell just before
                    driver.recover()
                    continue
                if any(n.startswith(name) for n in held) and refuses(driver):
                    held_on += 1  # the permission between two stops was overtaken by the second
                    driver.recover()
                    continue
                missed += 1
                print(f"event {i}: no stop; the state is {driver.state.text}")
                driver.recover()
                continue
            known.add(name)
            for r in driver.reports:
                if not r.request_id.startswith((name, "person_in_zone")):
                    spurious += 1
                    print(f"event {i}: {r.mover} stopped for {r.request_id or r.cause}")
                    continue
                if not r.request_id.startswith(name):
                    continue
                rows.append(
                    ((r.requested_wall_ns - before) * 1e-6, (r.accepted_wall_ns - before) * 1e-6)
                )
                if moving:
                    accepted = r.accepted.sec + 1e-9 * r.accepted.nanosec
                    brakes.append(r.first_deceleration.sec + 1e-9 * r.first_deceleration.nanosec)
                    stands.append(r.standstill.sec + 1e-9 * r.standstill.nanosec - accepted)
                    brakes[-1] -= accepted
            # the state may come after the report; without it an old permission looks like a new one
            driver.until(lambda n=name: any(r.id.startswith(n) for r in driver.state.active), 1.0)
            driver.recover(settled=0.0)
            # of states only the newest is kept: the simulator has to hear the permission as well
            driver.spin(SETTLE)
            for base, ping in pings.items():
                pongs.clear()
                begin = time.perf_counter()
                ping.publish(message)
                if driver.until(lambda: pongs, 1.0):
                    floors[base].append(1e3 * (time.perf_counter() - begin))
            for kept in driver.joints.values():
                del kept[:-10]
            if (i + 1) % 500 == 0:
                each = 1e3 * (time.monotonic() - started) / (i + 1)
                print(
                    f"{i + 1} events, {each:.0f} ms each, {missed} missed, {spurious} spurious",
                    flush=True,
                )
    finally:
        for echo in echoes:
            echo.terminate()
            echo.wait()
        driver.finish()
        driver.destroy_node()
        rclpy.try_shutdown()
    decided, accepted = np.array(rows).T
    stages = {
        "published to decided": decided,
        "decided to accepted": accepted - decided,
        "published to accepted": accepted,
    } | {what: np.array(floors[base]) for base, what in PEERS.items()}
    print(f"{'stage [ms]':26} {'p50':>8} {'p90':>8} {'p99':>8} {'p99.9':>8} {'most':>8}")
    for what, values in stages.items():
        print(f"{what:26} " + " ".join(f"{c:8.3f}" for c in np.percentile(values, CUTS)))
    for base, what in PEERS.items():
        times = np.percentile(accepted, CUTS) / np.percentile(floors[base], CUTS)
        print(f"{'times ' + what:26} " + " ".join(f"{c:8.2f}" for c in times))
    gaps = np.array(driver.gaps)
    print(
        f"{coincided} events latched while a person in the zone had stopped the cell already, "
        f"{held_on} while the controller still held the stop before, and refused to move; "
        f"{moved} of {events} events met a moving arm: accepted to first deceleration at most "
        f"{1e3 * max(brakes):.1f} ms, to standstill at most {1e3 * max(stands):.0f} ms (simulated "
        f"time); gaps between safety states: 99.9 % {1e3 * np.percentile(gaps, 99.9):.1f} ms, "
        f"longest {1e3 * gaps.max():.1f} ms; load {os.getloadavg()[0]:.1f}"
    )
    latency_picture(stages, OUT.with_suffix(".png"))
    bars = zip((50, 99, 99.9), (1.0, 5.0, 15.0), strict=True)
    report(
        "reaction",
        [
            figure("events that were missed", missed, "count", "", None, 0),
            figure("stops that nobody asked for", spurious, "count", "", None, 0),
            *(
                figure(f"anomaly published to stop accepted, {q} %",
                       float(np.percentile(accepted, q)), "ms", "plain ping of the same messages",
                       float(np.percentile(floors["bench"], q)), bar)
                for q, bar in bars
            ),
        ],
    )  # fmt: skip
    if missed or spurious:
        sys.exit(1)


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
