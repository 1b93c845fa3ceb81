"""From the last light of a LiDAR's turn to the protective stop that the controllers accepted.

Every node of the cell runs but for the orchestrator, the operator and one LiDAR, in whose places
this program moves the inspector, resets, and scans. Its LiDAR is the cell's own, with one
difference: at each event a person stands in the protective zone, from one turn to the next. Each
event is one whole chain over DDS: cloud, separation monitor, supervisor, controllers; wall clocks
of one machine are compared. The peer is a plain ping with the same cloud, once after each event.

    make bench-separation                    # 50 events
    make bench-separation ARGS="300 240"     # with 240 body states a second
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import rclpy
from figures import figure, report
from sensor_msgs.msg import PointCloud2
from twincell_msgs.msg import BodyStates, SafetyState

from twincell.assets import world_path
from twincell.geometry.pose import Pose
from twincell.report.latency_picture import latency_picture
from twincell_nodes import qos
from twincell_nodes.conversions import seconds
from twincell_nodes.driving import Driver
from twincell_nodes.lidar import LidarNode

LIDAR = "lidar_east"
OUT = Path("out/bench/separation")
COLUMNS = 1800
"""Of the LiDAR: with its 16 rings, 28,800 rays a turn."""
EVERY = 5
"""In one of so many events the inspector moves."""
PLACES = ((1.5, 2.3), (-0.5, 0.7))
"""Where a person may appear: ranges of x and y [m]."""


class StagedLidar(LidarNode):
    """The cell's LiDAR, before which a person appears on command.

    Attributes:
        person: where a person is to stand from the next turn on; None for nobody.
        shown: end [s] and wall time of publishing [ns] of the turns with a person, oldest first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.person: Pose | None = None
        self.shown: list[tuple[float, int]] = []
        self.newest = PointCloud2()
        self._now: Pose | None = None
        self._publisher, self._points = self._points, self

    def publish(self, cloud: PointCloud2) -> None:
        """In the publisher's place: note when a cloud goes out."""
        if self._now is not None:
            self.shown.append((seconds(cloud.header.stamp) + 1 / self.spec.rate, time.time_ns()))
        self.newest = cloud
        self._publisher.publish(cloud)

    def _keep_up(self, message: BodyStates) -> None:
        turn = self._next
        if self._now is not None:
            row = 7 * list(message.names).index("visitor")
            message.poses[row : row + 7] = type(message.poses)("d", self._now.as_array())
        super()._keep_up(message)
        if self._next != turn:  # a turn is over
            self._now = self.person


def ready(driver: Driver, moving: bool) -> None:
    """A cell that is free, for all that the person of the event before may be seen once more."""
    driver.recover()
    while moving:
        driver.swing("inspector", 3.0)
        driver.until(lambda: driver.speed("inspector") > 0.05, 5.0)
        if driver.free:
            return
        driver.recover()


def main(events: int = 50, state_rate: int = 120) -> None:
    """Measure and report."""
    world = OUT.with_suffix(".yaml").resolve()
    world.parent.mkdir(parents=True, exist_ok=True)
    text = world_path("blade_cell").read_text(encoding="utf-8")
    text = text.replace("physics_rate:", f"state_rate: {state_rate} Hz\nphysics_rate:", 1)
    world.write_text(text.replace("kind: lidar\n", f"kind: lidar\n    columns: {COLUMNS}\n", 1))
    rclpy.init(args=["--ros-args", "-p", f"world:={world}", "-p", f"sensor:={LIDAR}"])
    driver = Driver("separation_bench", OUT, without=("orchestrator", "operator", LIDAR))
    lidar = StagedLidar()
    driver.executor_.add_node(lidar)
    ping = driver.create_publisher(PointCloud2, "bench/cloud", qos.SENSOR)
    pongs: list[SafetyState] = []
    driver.create_subscription(SafetyState, "bench/pong", pongs.append, qos.RELIABLE)
    echo = subprocess.Popen([sys.executable, str(Path(__file__).with_name("echo.py"))])
    rng = np.random.default_rng(0)
    wall, simulated, floor, brakes = [], [], [], []
    missed = late = 0
    try:
        driver.begin()
        driver.wait(lambda: ping.get_subscription_count() > 0, "the echo", 30)
        driver.spin(2.0)
        for i in range(events):
            ready(driver, moving=i % EVERY == 0)
            driver.reports.clear()
            lidar.shown.clear()
            x, y = (rng.uniform(*span) for span in PLACES)
            lidar.person = Pose.of((x, y, 0.0), (0.0, 0.0, rng.uniform(-np.pi, np.pi)))
            if not driver.until(lambda: driver.reports and lidar.shown, 5.0):
                missed += 1
                print(f"event {i}: no stop for a person at {x:.2f}, {y:.2f}: {driver.state.text}")
            else:
                driver.until(lambda: len(driver.reports) >= len(driver.world.arms), 1.0)
                end, sent = lidar.shown[0]
                for r in driver.reports:
                    accepted = seconds(r.accepted)
                    if r.cause != "person_in_zone" or seconds(r.evidence) < end - 1e-6:
                        continue  # the world's own visitor was there before
                    late += seconds(r.evidence) > end + 1e-6
                    wall.append((r.accepted_wall_ns - sent) * 1e-6)
                    simulated.append(1e3 * (accepted - end))
                    if r.distance > 1e-3:
                        brakes.append(1e3 * (seconds(r.standstill) - end))
            lidar.person = None
            pongs.clear()
            begin = time.perf_counter()
            ping.publish(lidar.newest)
            if driver.until(lambda: pongs, 1.0):
                floor.append(1e3 * (time.perf_counter() - begin))
    finally:
        echo.terminate()
        echo.wait()
        driver.finish()
        lidar.destroy_node()
        driver.destroy_node()
        rclpy.try_shutdown()
    stages = {
        "cloud published to stop accepted": np.array(wall),
        "turn's end to accepted (simulated)": np.array(simulated),
        "turn's end to standstill (simulated)": np.array(brakes),
        "floor: a plain ping with the cloud": np.array(floor),
    }
    print(f"{'stage [ms]':36} {'p50':>8} {'p90':>8} {'p99':>8} {'most':>8}")
    for what, values in stages.items():
        cuts = np.percentile(values, [50, 90, 99, 100])
        print(f"{what:36} " + " ".join(f"{c:8.2f}" for c in cuts))
    print(
        f"{events} events, {len(wall)} stops of movers, {missed} missed, {late} seen a turn later, "
        f"{lidar.spec.rings * lidar.spec.columns} rays a turn, of which "
        f"{lidar.newest.width * lidar.newest.height} return; load {os.getloadavg()[0]:.1f}"
    )
    latency_picture(stages, OUT.with_suffix(".png"))
    report(
        "separation",
        [
            figure("people who stopped nothing", missed, "count", "", None, 0),
            figure("cloud published to stop accepted, 99 %", float(np.percentile(wall, 99)), "ms",
                   "plain ping with the cloud", float(np.percentile(floor, 99)), 30.0),
        ],
    )  # fmt: skip
    if missed:
        sys.exit(1)


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
