from __future__ import annotations

import numpy as np
import pytest

from twincell.inspection.photo_joints import joint_bands


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
