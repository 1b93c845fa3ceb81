"""Trials of ARIAC 2023: what is read, what is noted, what is refused."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from twincell.cli import app
from twincell.errors import ProductionError, TwincellError
from twincell.production.ariac import read_trial

TRIAL = """
time_limit: 400
kitting_trays:
  tray_ids: [1]
  slots: [2]
parts:
  agvs:
    agv4:
      tray_id: 0
      parts:
        - {type: pump, color: green, quadrant: 1, rotation: 0}
  bins:
    bin6:
      - {type: battery, color: blue, slots: [1, 3, 5], faulty: [3], rotation: 'pi/3'}
  conveyor_belt:
    active: true
    spawn_rate: 3.0
    order: sequential
    parts_to_spawn:
      - {type: sensor, color: red, number: 2, offset: 0.5}
      - {type: pump, color: red, number: 1, offset: 0.5}
challenges:
  - robot_malfunction:
      duration: 20.0
      robots_to_disable: ['floor_robot']
      time_condition: 10.0
  - sensor_blackout:
      duration: 5.0
      sensors_to_disable: ['lidar', 'camera']
      time_condition: 20
  - sensor_blackout:
      duration: 5.0
      sensors_to_disable: ['break_beam']
      submission_condition: {order_id: 'B'}
  - faulty_part:
      order_id: 'A'
      quadrant2: true
  - dropped_part: {robot: ceiling_robot, type: battery, color: green, drop_after: 1, delay: 2}
  - human: {behavior: antagonistic, time_condition: 10.0}
orders:
  - id: 'A'
    type: 'kitting'
    announcement: {time_condition: 0}
    priority: false
    kitting_task:
      agv_number: 2
      tray_id: 2
      destination: 'warehouse'
      products:
        - {type: battery, color: blue, quadrant: 1}
        - {type: sensor, color: red, quadrant: 2}
  - id: 'B'
    type: 'assembly'
    announcement:
      submission_condition: {order_id: 'A'}
    priority: true
    assembly_task:
      agv_number: [4]
      station: 'as4'
      products:
        - {type: pump, color: green, assembly_direction: [0, 0, -1]}
        - {type: regulator, color: orange, assembly_direction: [0, 0, -1]}
"""


@pytest.fixture
def put(tmp_path):
    def write(text):
        path = tmp_path / "trial.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_trial_is_read_into_our_terms(put) -> None:
    trial = read_trial(put(TRIAL))
    assert trial.time_limit == 400
    first, second = trial.orders
    assert (first.name, first.kind, first.parts) == ("A", "kitting", ("blue battery", "red sensor"))
    assert (first.order.parts, first.order.due, first.order.priority) == (("A/1", "A/2"), 400, 1)
    assert first.faulty == ("A/2",)
    assert first.announced.words == "at 0 s"
    assert second.announced.words == "when A is submitted"
    assert second.order.priority > first.order.priority
    assert [(d.kind, d.at, d.subject, d.parameters) for d in trial.disruptions] == [
        ("sensor_blackout", 20, "lidar", {"until": 25}),
        ("sensor_blackout", 20, "camera", {"until": 25}),
    ]
    assert [(o.robots, o.duration, o.when.at) for o in trial.outages] == [
        (("floor_robot",), 20, 10)
    ]
    # of three batteries one is faulty; the faulty sensor of A needs the second one
    assert trial.material == {"green pump": 1, "blue battery": 2, "red sensor": 2, "red pump": 1}
    assert trial.arrivals == {"red sensor": (3, 6), "red pump": (9,)}
    assert trial.short == {"orange regulator": 1}


def test_what_has_no_counterpart_is_noted_with_its_line(put) -> None:
    notes = "\n".join(read_trial(put(TRIAL + "weather: fine\n")).notes)
    for said in (
        "trays are not modelled", "1 blue battery in bin6 are faulty", "order B comes when A",
        "break_beam sees nothing for 5 s when B is submitted",
        "ceiling_robot drops a green battery",
        "a person (antagonistic)", "'weather' is not read",
    ):  # fmt: skip
        assert said in notes
    line = TRIAL.split("\n").index("  - human: {behavior: antagonistic, time_condition: 10.0}") + 1
    assert f"line {line}: a person" in notes


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("type: battery, color: blue, quadrant", "type: batery, color: blue, quadrant",
         "type: batery", "orders[0].kitting_task.products[0].type: unknown 'batery'; did you mean"),
        ("order_id: 'A'\n", "order_id: 'C'\n", "order_id: 'C'", "unknown 'C'; valid: A, B"),
        ("duration: 20.0", "duration: -20.0", "duration: -20.0", "valid: a number from 0 on"),
        ("slots: [1, 3, 5]", "slots: [1, 3, 15]", "15]", "given 15; valid: a whole number from 1"),
        ("- id: 'B'", "- id: 'A'", "type: 'assembly'", "order 'A' is there twice"),
        ("announcement: {time_condition: 0}", "announcement: {submission_condition: {order_id: B}}",
         "announcement: {submission", "A -> B -> A"),
        ("announcement: {time_condition: 0}", "announcement: {}", "announcement: {}",
         "0 conditions; valid: one of time_condition"),
        ("type: 'kitting'", "type: 'assembly'", "- id: 'A'", "'assembly_task' is missing"),
        ("robots_to_disable: ['floor_robot']", "robots_to_disable: ['flor_robot']", "flor_robot",
         "did you mean 'floor_robot'?"),
        ("priority: true", "priority: 3", "priority: 3", "valid: true, false"),
        ("faulty: [3]", "faulty: [4]", "faulty: [4]", "valid: each slot of the parts once: 1, 3"),
        ("slots: [1, 3, 5]", "slots: [1, 3, 3]", "slots: [1, 3, 3]", "twice in a slot"),
        ("announcement: {time_condition: 0}", "announcement: {time_condition: 400}",
         "announcement: {time_condition: 400}", "before the trial's end, 400 s"),
    ],
)  # fmt: skip
def test_a_trial_that_contradicts_itself_is_refused_with_its_line(put, old, new, at, said) -> None:
    assert old in TRIAL
    text = TRIAL.replace(old, new, 1)
    path = put(text)
    with pytest.raises(ProductionError) as caught:
        read_trial(path)
    assert said in str(caught.value)
    line = next(i for i, row in enumerate(text.split("\n"), 1) if at in row)
    told = int(str(caught.value).removeprefix(f"{path}:").split(":")[0])
    assert abs(told - line) <= 1


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_trial_reads_or_is_refused_with_its_name(put, data) -> None:
    rows = TRIAL.split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        if not rows:
            break
        at = data.draw(st.integers(0, len(rows) - 1))
        how = data.draw(st.sampled_from(["lost", "twice", "value", "cut"]))
        if how == "lost":
            del rows[at]
        elif how == "twice":
            rows.insert(at, rows[at])
        elif how == "value" and ":" in rows[at]:
            junk = data.draw(st.sampled_from(["", "x", "-1", "[]", "{}", "[1]", "null", "1e999"]))
            rows[at] = rows[at].rsplit(":", 1)[0] + ": " + junk
        else:
            rows = [*rows[: max(1, at)]]
    path, told = put("\n".join(rows)), ""
    try:
        read_trial(path)
    except TwincellError as error:
        told = str(error)
    assert told == "" or told.startswith(str(path))


def test_the_command_tells_it_in_words_and_json(put) -> None:
    path = put(TRIAL.replace("time_limit: 400", "time_limit: -1"))
    words = CliRunner().invoke(app, ["ariac", str(path)])
    assert words.exit_code == 0
    for said in (
        "2 orders, no time limit",
        "order     B (assembly, high priority) when A is submitted: green pump, orange regulator",
        "happens   at 10 s: floor_robot fails for 20 s",
        "happens   at 20 s: lidar sees nothing until 25 s",
        "material  2 red sensor, 2 by belt from 3 to 6 s",
        "short     1 orange regulator",
    ):
        assert said in words.stdout
    told = json.loads(CliRunner().invoke(app, ["ariac", str(path), "--json"]).stdout)
    assert told["time_limit"] is None
    assert told["orders"][0]["due"] == 500
    assert "no time limit: orders are due at 500 s" in words.stdout
    assert told["orders"][0]["parts"] == {"A/1": "blue battery", "A/2": "red sensor"}
    assert math.isfinite(told["outages"][0]["when"]["at"])
    bad = CliRunner().invoke(app, ["ariac", str(path.with_name("none.yaml"))])
    assert bad.exit_code == 2
    assert "none.yaml: cannot be read" in bad.stderr
