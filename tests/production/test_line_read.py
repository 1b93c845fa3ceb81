"""A line file becomes the line that it describes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twincell.production.line import LinePlan, LineState
from twincell.production.line_read import line_of
from twincell.twin.line_rollouts import measure, project
from twincell.twin.line_study import study
from twincell.world.load import load_line

SMALL = """
name: small
stations:
  saw: {idle: 100 W, calendar: [{start: 20 min, end: 30 min}]}
  mill: {idle: 200 W, setup: {flat: {round: 5 min}}}
steps:
  cut: {on: {saw: 10 min}, power: 1 kW}
  shape: {on: {mill: 20 min}, power_on: {mill: 2 kW}}
families: {flat: {}, round: {factor: 2}}
setup: {flat: {round: 3 min}, round: {flat: 1 min}}
orders:
  a: {family: flat, due: 20 min, penalty: 60 EUR/h, margin: 10}
  b: {family: round, trays: 1, material: 15 min, due: 100 min, penalty: 30 EUR/h, margin: 20}
tariff: [{start: 0, price: 100 EUR/MWh}, {start: 1 h, price: 200 EUR/MWh}]
holding: 6 EUR/h
"""


def test_a_small_line_is_played_as_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    line = line_of(load_line(path))
    assert line.jobs == ("a/1", "b/1")
    plan = LinePlan.fifo(line)
    shift = project(line, LineState.initial(line), plan)
    minutes = shift.state.starts / 60
    # a: cut 0 to 10, shaped 10 to 30. b: material at 15, set-up 3, cut 20 as a round one takes
    # twice as long, and the saw stands from 20 to 30; then the mill's own set-up of 5, and 40.
    cut_b = 15 + 23 + 10
    assert minutes.tolist() == [[0.0, 10.0], [15.0, float(cut_b)]]
    end = cut_b + 5 + 40
    assert shift.last / 60 == pytest.approx(end)
    told = measure(line, LineState.initial(line), [plan])
    assert told.lateness[0, 0] == pytest.approx(60 * 10 / 60)  # a is ten minutes late
    # work with its set-ups at the power of the step, else idle
    saw = 1000 * (10 + 23) * 60 + 100 * (end - 33) * 60
    mill = 2000 * (20 + 45) * 60 + 200 * (end - 65) * 60
    assert told.energy[0, 0] == pytest.approx(saw + mill)
    assert told.turnaround[0, 0] / 60 == pytest.approx((30 + end) / 2)


def test_the_shipped_line_has_its_skills_and_families() -> None:
    line = line_of(load_line("blade_line"))
    assert len(line.jobs) == 16
    fan, compressor = line.jobs.index("airline/1"), line.jobs.index("rush/2")
    ratio = line.durations[compressor] / line.durations[fan]
    assert ratio[~np.isnan(ratio)] == pytest.approx(0.8)
    assert np.isnan(line.durations[fan, 0, 2])  # a scanner cannot load
    assert line.setup[3].tolist() == [[0.0, 420.0], [300.0, 0.0]]
    assert line.busy[0].tolist() == [1200.0, 1200.0, 0.0, 0.0, 0.0, 0.0]
    assert line.chances[fan, 1].tolist() == [0.12, 0.02, 0.05]
    assert (line.uptime[0], line.uptime[2]) == (np.inf, 16 * 3600)


def test_a_study_is_the_same_for_the_same_seed_and_its_choice_is_better() -> None:
    line = line_of(load_line("blade_line"))
    one, two = (study(line, 3, 500) for _ in range(2))
    assert np.array_equal(one.rollouts.cost, two.rollouts.cost)
    assert one.ruling.reason == two.ruling.reason
    assert one.chosen >= 2
    # on shifts that neither search nor gate has seen
    saved = one.rollouts.cost[0] - one.rollouts.cost[one.chosen]
    assert saved.mean() > 3 * saved.std(ddof=1) / np.sqrt(len(saved))


def test_a_line_without_money_or_power_keeps_first_in_first_out(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(
        "name: plain\nstations: {one: {}}\nsteps: {work: {on: {one: 60}}}\n"
        "families: {any: {}}\norders: {a: {family: any, trays: 3, due: 600}}\n"
    )
    found = study(line_of(load_line(path)), 1, 300)
    assert found.chosen == 0
    assert "course kept" in found.ruling.reason


def test_what_takes_exactly_the_cap_together_works_together(tmp_path: Path) -> None:
    path = tmp_path / "cap.yaml"
    path.write_text(
        "name: cap\nstations: {one: {}, two: {}}\n"
        "steps: {a: {on: {one: 60}, power: 424.3}, b: {on: {two: 90}, power: 861.4}}\n"
        "families: {any: {}}\norders: {a: {family: any, trays: 9, due: 600, penalty: 1 EUR/h}}\n"
        "cap: 1285.7\nspread: 0.1\n"
    )
    line = line_of(load_line(path))
    shift = project(line, LineState.initial(line), LinePlan.fifo(line))
    assert shift.last == pytest.approx(60 + 9 * 90)  # the second station never waits
    assert study(line, 1, 300).rollouts.cost.shape[1] == 300
