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
    ("place", "held", "over", "height", "step"),
    [
        (TRAY, False, None, 0.0, "reach"),
        (TRAY, True, TRAY, 0.0, "grip"),
        (None, True, TRAY, 0.05, "lift"),
        (None, True, None, 0.0, "carry"),
        (None, True, FIXTURE, 0.05, "insert"),
        (FIXTURE, True, FIXTURE, 0.0, "clamp"),
        (FIXTURE, False, FIXTURE, 0.0, "leave"),
        (FIXTURE, False, None, 0.0, ""),
    ],
)
def test_it_goes_on_with_a_step_that_does_no_harm_twice(place, held, over, height, step) -> None:
    found = settle("b", TRAY, FIXTURE, seen(place, held, over, height))
    assert found.step == step
    assert found.how == ("done" if not step else "not begun" if step == "reach" else "half done")


def test_a_blade_on_the_floor_and_another_in_the_hand_are_lost() -> None:
    assert settle("b", TRAY, FIXTURE, seen(None, False, None, 0.0)).how == "lost"
    other = Whereabouts({"b": TRAY, "c": None}, "c", True, None, 0.0, ())
    found = settle("b", TRAY, FIXTURE, other)
    assert found.how == "lost"
    assert found.text == "the hand holds c, not b, which is in in_tray, pocket 0"
