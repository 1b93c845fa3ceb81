from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from twincell.errors import ProductionError
from twincell.production.tariff import Tariff

TARIFF = Tariff((0.0, 60.0, 120.0), (82.0, 140.0, 95.0))


@given(st.floats(0, 200), st.floats(0, 200), st.floats(0, 1000), st.floats(0, 1000))
def test_cost_of_a_linear_power_matches_quadrature(a: float, b: float, p: float, q: float) -> None:
    a, b = min(a, b), max(a, b) + 1e-3
    profile = TARIFF.cost_of_profile([a, b], [p, q])

    def integrand(t: float) -> float:
        return TARIFF.price(t) * (p + (q - p) * (t - a) / (b - a)) / 3.6e9

    edges = [t for t in TARIFF.starts if a < t < b]
    truth, _ = quad(integrand, a, b, points=edges or None, limit=200)
    assert profile == pytest.approx(truth, rel=1e-7, abs=1e-15)
    assert TARIFF.cost(p, a, b) == pytest.approx(TARIFF.cost_of_profile([a, b], [p, p]))


def test_a_spike_holds_for_its_time_and_only_then() -> None:
    spiked = TARIFF.spiked(50.0, 130.0, 500.0)
    times = np.linspace(0, 200, 401)
    for t in times:
        assert spiked.price(t) == (500.0 if 50 <= t < 130 else TARIFF.price(t))


def test_senseless_tariffs_are_refused() -> None:
    with pytest.raises(ProductionError, match="no gap"):
        Tariff((5.0,), (80.0,))
    with pytest.raises(ProductionError, match="rising starts"):
        Tariff((0.0, 9.0, 9.0), (1.0, 2.0, 3.0))
    with pytest.raises(ProductionError, match="not finite"):
        Tariff((0.0,), (float("nan"),))
    with pytest.raises(ProductionError, match="0 <= from < to"):
        TARIFF.spiked(9.0, 8.0, 1.0)
    with pytest.raises(ProductionError, match="follows"):
        TARIFF.cost_of_profile([2.0, 1.0], [1.0, 1.0])
