"""How far a task has got, by what is seen of blade and hand."""

from __future__ import annotations

import pytest

from twincell.production.settling import settle
from twincell.production.whereabouts import FIXTURE, Place, Whereabouts

TRAY: Place = ("in_tray", 0)


def seen(place: Place | None, held: bool, over: Place | None, height: float) -> Whereabouts:
    return Whereabouts({"b": place}, "b" if held else None, held, over, height, ())


@pytest.mark.parametrize("height", [0.0, 0.0015, 0.05])
def test_an_open_hand_at_its_blade_is_brought_to_the_middle_before_it_closes(height) -> None:
    """Killed or stopped there, it may stand some millimetres beside it."""
    found = settle("b", TRAY, FIXTURE, seen(TRAY, False, TRAY, height))
    assert (found.how, found.step) == ("half done", "lower")


@pytest.mark.parametrize(
    ("place", "held", "over", "height", "how", "step"),
    [
        (TRAY, False, None, 0.0, "not begun", "reach"),
        (TRAY, True, TRAY, 0.0, "half done", "grip"),
        (None, True, TRAY, 0.05, "half done", "lift"),
        (None, True, None, 0.0, "half done", "carry"),
        (None, True, FIXTURE, 0.05, "half done", "insert"),
        (FIXTURE, True, FIXTURE, 0.0, "half done", "clamp"),
        (FIXTURE, False, FIXTURE, 0.0, "half done", "leave"),
        (FIXTURE, False, None, 0.0, "done", ""),
        (None, False, None, 0.0, "lost", ""),
    ],
)
def test_each_state_has_its_step(place, held, over, height, how, step) -> None:
    found = settle("b", TRAY, FIXTURE, seen(place, held, over, height))
    assert (found.how, found.step) == (how, step)


def test_a_task_whose_hand_holds_another_blade_is_lost() -> None:
    other = Whereabouts({"b": TRAY, "c": None}, "c", True, None, 0.0, ())
    found = settle("b", TRAY, FIXTURE, other)
    assert found.how == "lost"
    assert found.text == "the hand holds c, not b, which is in in_tray, pocket 0"
