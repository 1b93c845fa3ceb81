from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm, solve_discrete_are

from twincell.safety.tracking import Sighting, Tracker, step

DT = 0.1


def sighting(x: float, y: float, person: bool = True) -> Sighting:
    points = np.array([[x, y, 0.3], [x, y, 1.5]])
    return Sighting(np.array([x, y]), points, person, "lidar")


@given(st.floats(0.001, 2.0))
def test_prediction_is_the_integral_of_white_acceleration(dt: float) -> None:
    """Van Loan (1978): F and Q from one matrix exponential."""
    a = np.zeros((4, 4))
    a[:2, 2:] = np.eye(2)
    diffusion = np.zeros((4, 4))
    diffusion[2:, 2:] = np.eye(2)
    block = np.block([[-a, diffusion], [np.zeros((4, 4)), a.T]]) * dt
    both = expm(block)
    truth = both[4:, 4:].T
    transition, noise = step(dt)
    np.testing.assert_allclose(transition, truth, atol=1e-12)
    np.testing.assert_allclose(noise, truth @ both[:4, 4:], atol=1e-9)


def test_the_covariance_ends_where_the_riccati_equation_says() -> None:
    tracker = Tracker()
    for k in range(200):
        (track,) = tracker.update([sighting(1.0, 2.0)], k * DT)
    transition, noise = step(DT)
    seen, spread = np.eye(2, 4), 0.12**2 * np.eye(2)
    prior = solve_discrete_are(transition.T, seen.T, noise, spread)
    gain = prior @ seen.T @ np.linalg.inv(seen @ prior @ seen.T + spread)
    np.testing.assert_allclose(track.covariance, (np.eye(4) - gain @ seen) @ prior, atol=1e-8)


def test_two_people_who_pass_each_other_keep_their_names_and_speeds() -> None:
    rng = np.random.default_rng(3)
    tracker = Tracker()
    for k in range(40):
        t = k * DT
        truth = {1: (1.3 * t, 0.0), 2: (5.0 - 1.1 * t, 1.0)}
        seen = [sighting(*(np.array(p) + rng.normal(0, 0.05, 2))) for p in truth.values()]
        tracks = tracker.update(seen[:: 1 if k % 2 else -1], t)
    assert {t.id for t in tracks} == {1, 2}
    first = min(tracks, key=lambda track: abs(track.state[0] - truth[1][0]))
    second = max(tracks, key=lambda track: abs(track.state[0] - truth[1][0]))
    np.testing.assert_allclose(first.position, truth[1], atol=0.15)
    np.testing.assert_allclose(first.velocity, (1.3, 0.0), atol=0.3)
    np.testing.assert_allclose(second.velocity, (-1.1, 0.0), atol=0.3)


def test_who_is_hidden_for_a_moment_stays_who_he_is_and_then_is_forgotten() -> None:
    tracker = Tracker(forget=1.0)
    for k in range(20):
        tracker.update([sighting(k * DT, 0.0)], k * DT)
    for k in range(20, 25):
        (track,) = tracker.update([], k * DT)
    assert track.position[0] == pytest.approx(2.4, abs=0.1)
    assert tracker.update([sighting(2.5, 0.0)], 2.5)[0].id == 1
    assert tracker.update([], 3.6) == ()
    assert tracker.update([sighting(2.5, 0.0)], 3.7)[0].id == 2


def test_two_groups_of_one_body_are_one_track_and_a_thing_stays_a_thing() -> None:
    tracker = Tracker()
    tracks = tracker.update([sighting(1.0, 0.0), sighting(1.3, 0.0)], 0.0)
    assert len(tracks) == 1
    for k in range(1, 4):  # whichever group is nearer to an arm, its returns count
        (track,) = tracker.update([sighting(1.0, 0.0), sighting(1.3, 0.0)], 0.01 * k)
        assert set(track.points[:, 0]) == {1.0, 1.3}
        assert len(track.points) == 4
    tracker = Tracker()
    tracker.update([sighting(1.0, 0.0)], 0.0)
    tracks = tracker.update([sighting(1.0, 0.0), sighting(4.0, 0.0, person=False)], 0.1)
    assert [t.person for t in tracks] == [True, False]


def test_a_velocity_counts_only_after_some_sightings() -> None:
    tracker = Tracker()
    for k in range(4):
        (track,) = tracker.update([sighting(0.4 * k, 0.0)], k * DT)
        assert track.speed == 0.0
    (track,) = tracker.update([sighting(1.6, 0.0)], 0.4)
    assert track.speed > 1.6
