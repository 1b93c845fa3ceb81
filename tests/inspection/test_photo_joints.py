from __future__ import annotations

import numpy as np
import pytest

from twincell.inspection.photo_joints import ending_lines, joint_bands


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("lean", [0.0, 0.03, -0.06])
def test_a_joint_from_side_to_side_is_cut_out_and_a_crack_across_it_is_not(turned, lean):
    crack, joint = np.zeros((200, 260), np.float32), np.zeros((200, 260), np.float32)
    y = np.arange(200)
    x = np.rint(130 + lean * (y - 100)).astype(int)
    joint[y, x] = 0.9
    joint[60:90] = 0  # broken off along a part
    columns = np.arange(20, 240)
    rows = np.rint(100 + 30 * np.sin(columns / 30)).astype(int)
    crack[rows, columns] = 0.9
    if turned:
        crack, joint = crack.T, joint.T
    bands = joint_bands(crack, joint)
    assert bands[joint > 0].mean() > 0.95
    assert bands[crack > 0].mean() < 0.1


def test_a_straight_crack_without_a_sign_of_joint_stays():
    crack = np.zeros((200, 260), np.float32)
    crack[:, 130] = 0.9
    assert not joint_bands(crack, np.zeros_like(crack)).any()
    short = np.zeros_like(crack)
    short[:70, 130] = 0.9
    assert not joint_bands(crack * 0, short).any()


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("rows", "column", "cracked"),
    [
        ([(120, 200)], 130, True),  # begins at a side and ends within
        ([(60, 130)], 130, True),
        ([(0, 200)], 130, False),  # runs through
        ([(0, 70), (90, 160)], 130, False),  # runs through, broken off twice
        ([(120, 200)], 5, False),  # along the border: the side of a part
        ([(120, 200)], 255, False),
        ([(160, 200)], 130, False),  # short
    ],
)
def test_a_line_like_a_joint_that_ends_within_the_picture_is_taken_for_a_crack(
    rows, column, cracked, turned
):
    joint = np.zeros((200, 260), np.float32)
    for first, last in rows:
        joint[first:last, column : column + 2] = 0.9
    if turned:
        joint = joint.T
    ending = ending_lines(joint * 0, joint)
    assert (ending == (joint > 0) * cracked).all()


def test_what_is_no_straight_line_or_no_joint_is_not_taken_for_an_ending_one():
    y, x = np.mgrid[:200, :260]
    disc = (np.hypot(y - 100, x - 130) < 40).astype(np.float32)
    assert not ending_lines(disc * 0, disc).any()
    wave = (np.abs(x - 130 - 25 * np.sin(y / 20)) < 2).astype(np.float32) * (y > 80)
    assert not ending_lines(wave * 0, wave).any()
    crack = np.zeros((200, 260), np.float32)
    crack[120:, 130] = 0.9  # known as a crack already
    assert not ending_lines(crack, crack * 0).any()
