from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from twincell.cell.validate import world_faults
from twincell.errors import AssetError, ProductionError
from twincell.production.problem import KINDS
from twincell.twin.durations import (
    ALPHA,
    Calibration,
    calibration_of,
    measured,
    read_calibration,
)
from twincell.twin.gate import TwinGate
from twincell.twin.rollouts import noise
from twincell.world.load import load_world

from .test_rollouts import problem


def lognormal(n: int, seed: int, sigma: float = 0.6) -> list[float]:
    return np.random.default_rng(seed).lognormal(np.log(9.0), sigma, n).tolist()


def test_a_lognormal_sample_is_known_for_one_and_its_spread_is_found() -> None:
    found = measured(lognormal(400, 1))
    assert found.family == "lognormal"
    assert found.fits["normal"] < ALPHA < found.fits["lognormal"]
    assert np.std(np.log(found.values)) == pytest.approx(0.6, rel=0.1)
    assert found.mean == pytest.approx(9.0 * np.exp(0.6**2 / 2), rel=0.1)


def test_a_normal_sample_is_known_for_one() -> None:
    values = np.random.default_rng(2).normal(10.0, 2.5, 400)
    found = measured(values[values > 0].tolist())
    assert found.family == "normal"
    assert found.fits["lognormal"] < ALPHA < found.fits["normal"]


def test_two_heaps_fit_no_family_and_are_drawn_from_as_they_are() -> None:
    rng = np.random.default_rng(3)
    heaps = np.concatenate([rng.normal(8.0, 0.05, 30), rng.normal(12.0, 0.05, 30)])
    found = measured(heaps.tolist())
    assert found.family == "sample"
    assert max(found.fits.values()) < ALPHA
    drawn = found.mean * found.factors(rng.standard_normal(20_000))
    # nothing is drawn in between, where nothing was seen
    assert np.mean((drawn > 8.5) & (drawn < 11.5)) < 0.03
    assert drawn.min() >= min(heaps) - 1e-9
    assert drawn.max() <= max(heaps) + 1e-9


def test_the_check_rejects_true_families_about_as_often_as_it_says() -> None:
    found = [measured(lognormal(40, 100 + i, 0.1)) for i in range(30)]
    rejected = sum(f.fits["lognormal"] < ALPHA for f in found)
    # 30 true samples at 5 %: more than 6 have a chance of 0.1 %
    assert rejected <= 6


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.5, 50.0), min_size=3, max_size=40))
def test_factors_have_mean_one(values: list[float]) -> None:
    u = (np.arange(20_000) + 0.5) / 20_000
    found = measured(values)
    # a normal that reaches below zero is cut there
    within = 0.2 if found.family == "normal" else 0.02
    assert found.factors(ndtri(u)).mean() == pytest.approx(1.0, abs=within)


def test_equal_durations_are_drawn_as_they_are() -> None:
    found = measured([4.0] * 20)
    assert found.family == "sample"
    assert found.factors(np.array([-3.0, 0.0, 3.0])) == pytest.approx([1.0, 1.0, 1.0])


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 0.0], [1.0, float("nan")]])
def test_what_is_no_sample_is_refused(values: list[float]) -> None:
    with pytest.raises(ProductionError, match="two or more"):
        measured(values)


@pytest.fixture
def calibration() -> Calibration:
    tasks = {kind: measured(lognormal(50, i, 0.1 + 0.1 * i)) for i, kind in enumerate(KINDS)}
    return Calibration("cell", (1, 2), tasks, {"load/grip": measured([1.0, 1.1, 1.2, 1.3])})


def test_a_file_gives_back_what_was_measured(calibration: Calibration, tmp_path: Path) -> None:
    file = tmp_path / "durations.json"
    file.write_text(calibration.text())
    back = read_calibration(file)
    assert back.seeds == (1, 2)
    assert back.means == pytest.approx(calibration.means, abs=1e-3)
    assert back.tasks["load"].family == calibration.tasks["load"].family
    assert set(back.steps) == {"load/grip"}


def test_the_gate_draws_from_what_was_measured(calibration: Calibration) -> None:
    p = problem()
    drawn = noise(p, 20_000, calibration, np.random.default_rng(1))
    assert drawn.shape == (20_000, len(p.jobs), len(KINDS))
    for i, kind in enumerate(KINDS):
        task = calibration.tasks[kind]
        assert drawn[:, :, i].mean() == pytest.approx(1.0, abs=0.01)
        assert drawn[:, :, i].std() == pytest.approx(task.deviation / task.mean, rel=0.15)
    names = [j.part for j in problem(running=False).waiting]
    wide = TwinGate(measured=calibration).judge(problem(running=False), names, {})
    narrow = TwinGate(spread=0.001).judge(problem(running=False), names, {})
    reach = [a.alternatives[0].edges[-1] - a.alternatives[0].edges[0] for a in (wide, narrow)]
    assert reach[0] > 10 * reach[1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d["tasks"].pop("inspect"), "tasks.inspect: missing"),
        (lambda d: d["tasks"].update(unlaod=d["tasks"]["load"]), "did you mean 'unload'"),
        (lambda d: d["tasks"]["load"].update(family="lognorml"), "did you mean 'lognormal'"),
        (lambda d: d["tasks"]["load"].update(values=[2.0, 1.0]), "tasks.load.values"),
        (lambda d: d["tasks"]["load"].update(values=[-2.0, 1.0]), "above 0 s"),
        (lambda d: d["tasks"]["load"].update(fits={"normal": 3}), r"tasks.load.fits: .*\[0, 1\]"),
        (lambda d: d.update(tasks=[1]), "tasks: given list"),
    ],
)
def test_a_bad_file_is_told_by_file_and_key(
    calibration: Calibration, tmp_path: Path, change, told: str
) -> None:
    data = json.loads(calibration.text())
    change(data)
    file = tmp_path / "bad.json"
    file.write_text(json.dumps(data))
    with pytest.raises(ProductionError, match=told) as error:
        read_calibration(file)
    assert str(error.value).startswith(str(file))


@pytest.mark.parametrize("text", ["", "[]", "{", "\x00"])
def test_what_is_no_calibration_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text)
    with pytest.raises(ProductionError, match=r"bad\.json"):
        read_calibration(file)


def test_a_world_that_names_no_file_guesses_and_a_wrong_name_is_told(tmp_path: Path) -> None:
    world = load_world("led_cell")
    bare = replace(world, production=replace(world.production, durations=None))
    assert calibration_of(bare, tmp_path) is None
    assert TwinGate.of(bare, tmp_path, 1).means is None
    wrong = replace(world, production=replace(world.production, durations="nowhere.json"))
    with pytest.raises(AssetError, match=r"nowhere\.json"):
        calibration_of(wrong, tmp_path)


def test_a_world_check_reads_the_named_durations(tmp_path: Path) -> None:
    text = Path(load_world.__globals__["world_path"]("blade_cell")).read_text()
    lines = [line for line in text.splitlines() if "durations:" not in line]
    lines.insert(lines.index("production:") + 1, "  durations: mine.json")
    file = tmp_path / "mine.yaml"
    file.write_text("\n".join(lines))
    (tmp_path / "mine.json").write_text("{}")
    found = world_faults(file, motion=False)
    assert len(found) == 1
    assert "production.durations" in found[0]
    assert "tasks: given nothing" in found[0]
