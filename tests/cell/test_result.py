from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from twincell.cell.extras import Extras
from twincell.cell.result import RunResult
from twincell.errors import AssetError, ProductionError


def test_json_and_back_say_the_same(made_up):
    text = made_up.to_json()
    again = RunResult.from_json(text)
    assert again.to_json() == text
    assert again.stops == made_up.stops
    assert again.plans == made_up.plans
    assert again.tasks == made_up.tasks
    assert again.blades[3].truth == made_up.blades[3].truth
    np.testing.assert_array_equal(
        again.blades[3].anomalies[0].center, made_up.blades[3].anomalies[0].center
    )


def test_keys_that_other_tools_read(made_up):
    data = json.loads(made_up.to_json())
    assert {"hash", "real_time_factor", "blades", "stops", "plans", "seed"} <= set(data)
    assert (data["found"], data["missed"], data["false"], data["correct"]) == (2, 1, 1, 5)
    assert data["real_time_factor"] == pytest.approx(149.0 / 21.7)
    assert "extras" not in data
    assert data["blades"][3]["decision"] == data["blades"][3]["expected"] == "reject"


def test_what_is_not_finite_is_null_and_comes_back(made_up):
    blade = dataclasses.replace(made_up.blades[0], residual=math.nan)
    result = dataclasses.replace(made_up, blades=(blade,), wall=0.0)
    data = json.loads(result.to_json())
    assert data["blades"][0]["residual"] is None
    assert data["real_time_factor"] is None
    assert math.isnan(RunResult.from_json(result.to_json()).blades[0].residual)


@pytest.mark.parametrize(
    "text", ["", "[1]", "{}", "nul", '{"blades": 3}', '{"blades": [{"name": "a"}]}']
)
def test_what_is_no_result_is_told_so(text):
    with pytest.raises(ProductionError, match="not the result of a run"):
        RunResult.from_json(text)


def test_a_missing_key_is_named(made_up):
    data = json.loads(made_up.to_json())
    del data["stops"][0]["report"]["distance"]
    with pytest.raises(ProductionError, match=r"stops\[0\]\.report: missing distance"):
        RunResult.from_json(json.dumps(data))


def test_pictures_and_curves_and_back(made_up, tmp_path):
    extras = Extras.load(made_up.extras.save(tmp_path / "run.npz"))
    assert extras.tariff == made_up.extras.tariff
    assert extras.files == made_up.extras.files
    np.testing.assert_array_equal(extras.power, made_up.extras.power)
    np.testing.assert_array_equal(extras.picture, made_up.extras.picture)
    assert set(extras.maps) == {"blade_4", "blade_6"}
    np.testing.assert_allclose(
        extras.maps["blade_4"].points, made_up.extras.maps["blade_4"].points, atol=1e-7
    )


def test_empty_extras_and_back(tmp_path):
    extras = Extras.load(Extras().save(tmp_path / "run.npz"))
    assert (extras.power, extras.picture, extras.maps, extras.tariff) == (None, None, {}, ())


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"words"])
def test_what_are_no_extras_is_told_so(tmp_path, data):
    path = tmp_path / "run.npz"
    path.write_bytes(data)
    with pytest.raises(AssetError, match=r"run\.npz"):
        Extras.load(path)
