"""The log-odds model against published fits, a brute-force likelihood, and its own promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import binomtest, chi2

from twincell.errors import StudyError
from twincell.study.hitmiss import fit
from twincell.study.rates import rate_interval, share_interval

# Mortality of beetles by log10 of the dose: Bliss, Ann. Appl. Biol. 22 (1935) 134
DOSE = np.array([1.6907, 1.7242, 1.7552, 1.7842, 1.8113, 1.8369, 1.8610, 1.8839])
BEETLES = np.array([59, 60, 62, 56, 63, 59, 62, 60])
KILLED = np.array([6, 13, 18, 28, 52, 53, 61, 60])


def beetles() -> tuple[np.ndarray, np.ndarray]:
    """One row a beetle; the model takes ln a, so a = exp(dose) makes the dose its covariate."""
    dose = np.repeat(DOSE, BEETLES)
    dead = np.concatenate([np.arange(n) < k for n, k in zip(BEETLES, KILLED, strict=True)])
    return np.exp(dose), dead


def test_the_published_fit_of_bliss_beetles() -> None:
    """Dobson, An Introduction to Generalized Linear Models, 2nd ed. (2002), table 7.3 ff."""
    model = fit(*beetles())
    assert model.intercept == pytest.approx(-60.72, abs=0.005)
    assert model.slope == pytest.approx(34.27, abs=0.005)
    assert np.sqrt(np.diag(model.covariance)) == pytest.approx([5.18, 2.91], abs=0.005)
    fitted = BEETLES * model.pod(np.exp(DOSE))
    assert fitted == pytest.approx(
        [3.46, 9.84, 22.45, 33.90, 50.10, 53.29, 59.22, 58.74], abs=0.006
    )


def test_bounds_are_those_of_a_brute_force_likelihood() -> None:
    """The region of all (b0, b1) that lose at most the limit, on a fine grid."""
    rng = np.random.default_rng(3)
    a = np.exp(rng.uniform(np.log(0.2), np.log(3), 120))
    hits = rng.random(120) < expit(4 * np.log(a / 0.7))
    model = fit(a, hits)
    x = np.log(a)
    slopes = np.linspace(0.5, 12, 1200)[:, None]
    a90 = np.linspace(0.5, 3.0, 1500)[None, :]
    b0 = np.log(9) - slopes * np.log(a90)
    likelihood = np.zeros(b0.shape)
    for xi, hit in zip(x, hits, strict=True):
        eta = b0 + slopes * xi
        likelihood += hit * eta - np.logaddexp(0, eta)
    inside = model.log_likelihood - likelihood.max(axis=0) <= chi2.ppf(0.90, 1) / 2
    assert model.upper_size(0.90, 0.95) == pytest.approx(a90[0, inside].max(), rel=0.003)
    assert model.size_at(0.90) < model.wald_upper_size(0.90) < 1.3 * model.upper_size(0.90)
    # where the lower bound of the curve is 90 % lies the upper bound of a90: two ways, one point
    low, _ = model.pod_bounds([model.upper_size(0.90, 0.95)])
    assert low[0] == pytest.approx(0.90, abs=1e-4)


def test_a90_95_covers_the_truth_as_often_as_it_says() -> None:
    """Of many studies of a known curve, 95 % bound its a90 from above (within three sigma)."""
    rng = np.random.default_rng(11)
    truth = np.exp(np.log(9) / 3.5)
    studies, covered = 300, 0
    for _ in range(studies):
        a = np.exp(rng.uniform(np.log(0.2), np.log(6), 80))
        model = fit(a, rng.random(80) < expit(3.5 * np.log(a)))
        covered += model.upper_size(0.90, 0.95) >= truth
    sigma = np.sqrt(0.95 * 0.05 / studies)
    assert 0.95 - 3 * sigma - 0.01 < covered / studies < 0.95 + 3 * sigma + 0.01


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(1e-3, 1e3), seed=st.integers(0, 10_000))
def test_units_do_not_matter(scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = np.exp(rng.uniform(-1, 1, 60))
    hits = rng.random(60) < expit(3 * np.log(a))
    try:
        model = fit(a, hits)
    except StudyError:
        return
    other = fit(scale * a, hits)
    assert other.size_at(0.9) == pytest.approx(scale * model.size_at(0.9), rel=1e-6)
    assert other.upper_size(0.9) == pytest.approx(scale * model.upper_size(0.9), rel=1e-5)


@pytest.mark.parametrize(
    ("sizes", "hits", "says"),
    [
        ([1.0, 2.0], [True, True], "2 of 2 flaws found"),
        ([1.0, 2.0], [False, False], "0 of 2 flaws found"),
        ([1.0, 2.0, 3.0, 4.0], [False, False, True, True], "slope has no end"),
        ([1.0, 2.0, 3.0, 4.0], [True, True, False, False], "does not grow with size"),
        ([1.0, -2.0], [True, False], "sizes above 0"),
        ([1.0], [True, False], "as many of both"),
    ],
)
def test_data_that_allow_no_curve_say_why(sizes: list[float], hits: list[bool], says: str) -> None:
    with pytest.raises(StudyError, match=says):
        fit(sizes, hits)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_shares_are_those_of_scipy(case: tuple[int, int]) -> None:
    hits, trials = case
    exact = binomtest(hits, trials).proportion_ci(0.95, "exact")
    assert share_interval(hits, trials) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_rates_are_garwoods() -> None:
    """Garwood (1936), table 1: 95 % limits of the mean for 0, 1 and 10 events."""
    assert rate_interval(0, 1.0) == pytest.approx((0.0, 3.689), abs=5e-4)
    assert rate_interval(1, 1.0) == pytest.approx((0.0253, 5.572), abs=5e-4)
    assert rate_interval(10, 2.0) == pytest.approx((4.795 / 2, 18.39 / 2), abs=5e-3)
