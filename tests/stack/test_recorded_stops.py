"""Stops of a bag that the test writes: a table brakes as a closed form says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from twincell.assets import project_root, world_path
from twincell.cli import app
from twincell.errors import InspectionError
from twincell.stack.recorded_stops import recorded_stops
from twincell.stack.recording import Bag, typestore
from twincell.stack.surface import Topic
from twincell.world.load import load_world
from twincell.world.model import Recording

PATH = world_path("blade_cell")
WORLD = load_world(PATH)
ROOT = project_root() / "ros2_ws"
REPORT, STATE = "twincell_msgs/msg/StopReport", "sensor_msgs/msg/JointState"
SHARES = [ROOT / "src", ROOT / "underlay"]
RATE = 120.0


def write(folder: Path, acceleration: float, foretold: float, reported: float | None = None):
    """A table at 0.6 rad/s that brakes from 1 s on with S-curves of half its limit of jerk."""
    store = typestore(SHARES, [REPORT])
    jerk = 0.5 * WORLD.arms["table"].jerk
    ramp = acceleration / jerk
    hold = 0.6 / acceleration - ramp
    assert hold > 0
    t = np.arange(0.0, 3.0, 1 / RATE)
    s = t - 1.0
    bent = np.clip(s, 0, ramp), np.clip(s - ramp, 0, hold), np.clip(s - ramp - hold, 0, ramp)
    v = 0.6 - jerk * bent[0] ** 2 / 2 - acceleration * (bent[1] + bent[2]) + jerk * bent[2] ** 2 / 2
    q = np.concatenate([[0.0], np.cumsum((v[1:] + v[:-1]) / 2) / RATE])
    end = 1.0 + 2 * ramp + hold
    travel = float(q[t >= end][0] - q[t <= 1.0][-1])
    types = store.types
    stamp, header = types["builtin_interfaces/msg/Time"], types["std_msgs/msg/Header"]

    def at(time: float):
        return stamp(sec=int(time), nanosec=round((time - int(time)) * 1e9))

    names = {
        "/table/joint_states": Topic("table/joint_states", STATE, RATE),
        "/safety/stop_report": Topic("safety/stop_report", REPORT, None),
    }
    with Bag(folder, names, store, Recording()) as bag:
        for time, position, speed in zip(t, q, v, strict=True):
            state = types[STATE](
                header(at(time), ""), ["table_joint"], *map(np.array, ([position], [speed], [0.0]))
            )
            data = bytes(store.serialize_cdr(state, STATE))
            bag.write("/table/joint_states", float(time), data)
        report = types[REPORT](
            header=header(at(end), ""),
            mover="table",
            request_id="r-1",
            cause="person_in_zone",
            category=2,
            evidence=at(0.9),
            requested=at(0.95),
            accepted=at(1.0),
            first_deceleration=at(1.01),
            standstill=at(end),
            predicted_standstill=at(end),
            distance=travel if reported is None else reported,
            predicted_distance=travel * foretold,
            requested_wall_ns=0,
            accepted_wall_ns=0,
        )
        bag.write("/safety/stop_report", end, bytes(store.serialize_cdr(report, REPORT)))
    return travel


def test_a_stop_within_its_limits_has_no_fault(tmp_path: Path) -> None:
    limit = WORLD.arms["table"].acceleration
    travel = write(tmp_path / "bag", 0.5 * limit / 2, 1.05)
    (stop,) = recorded_stops(tmp_path / "bag", WORLD, PATH.parent)
    assert stop.travel == pytest.approx(travel, rel=1e-3)  # whole records only
    assert stop.acceleration == pytest.approx(0.25, rel=1e-6)
    assert stop.jerk <= 0.5 + 1e-6
    assert stop.faults == ()
    answer = CliRunner().invoke(app, ["inspect", "stops", str(tmp_path / "bag"), "--json"])
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["stops"][0]["mover"] == "table"


@pytest.mark.parametrize(
    ("harder", "foretold", "reported", "words"),
    [
        (1.0, 0.8, None, "foretold were"),
        (1.0, 1.0, 0.5, "the joint states say"),
        (0.4, 1.0, None, "acceleration at"),
    ],
)
def test_what_goes_further_or_harder_is_told(
    tmp_path: Path, harder: float, foretold: float, reported: float | None, words: str
) -> None:
    write(tmp_path / "bag", 3.0, foretold, reported)
    table = replace(WORLD.arms["table"], acceleration=3.03 * harder)
    world = replace(WORLD, arms={**WORLD.arms, "table": table})
    (stop,) = recorded_stops(tmp_path / "bag", world, PATH.parent)
    assert [f for f in stop.faults if words in f], stop.faults


def test_no_bag_and_another_cell_are_told(tmp_path: Path) -> None:
    with pytest.raises(InspectionError, match="nothing"):
        recorded_stops(tmp_path / "nothing", WORLD, PATH.parent)
    write(tmp_path / "bag", 3.0, 1.0)
    arms = {"tables": WORLD.arms["table"]}
    with pytest.raises(InspectionError, match=r"'table'; did you mean 'tables'"):
        recorded_stops(tmp_path / "bag", replace(WORLD, arms=arms), PATH.parent)
