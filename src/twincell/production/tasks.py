"""The programs of the tasks: load, inspect, unload, and what is done when one of them fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twincell.geometry.pose import Pose
from twincell.production.steps import (
    ClampStep,
    GripStep,
    LookStep,
    MoveStep,
    PassStep,
    Program,
    ScanStep,
    Step,
    TurnStep,
)
from twincell.production.targets import Targets
from twincell.production.whereabouts import FIXTURE, Place, named
from twincell.world.model import World

__all__ = ["Tasks"]


@dataclass(frozen=True)
class Tasks:
    """Writes programs for one cell.

    Attributes:
        world: names of the movers, views, home positions.
        targets: where blades are taken and set down.
    """

    world: World
    targets: Targets

    @property
    def _inspector(self) -> str:
        return self.world.inspection.arm

    def _home(self, mover: str, *needs: str) -> TurnStep:
        home = np.asarray(self.world.arms[mover].home, float)
        return TurnStep(f"{mover}-home", needs, mover, home)

    def _table(self, step: str, angle: float | None, *needs: str) -> TurnStep:
        arm = self.world.fixture.arm
        home = np.asarray(self.world.arms[arm].home, float)
        return TurnStep(step, needs, arm, home if angle is None else np.array([angle]))

    def _take(
        self, place: Pose, clear_of: tuple[str, ...], *needs: str, held: bool = False
    ) -> tuple[Step, ...]:
        """Above a blade, down, grip, (unclamp,) up."""
        hand, above = self.world.handler, self.targets.above(place)
        steps: list[Step] = [
            MoveStep("reach", needs, hand, above, False, False, clear_of),
            MoveStep("lower", ("reach",), hand, place, True, False),
            GripStep("grip", ("lower",), hand, True),
        ]
        if held:
            steps.append(ClampStep("unclamp", ("grip",), False))
        steps.append(MoveStep("lift", (steps[-1].id,), hand, above, True, True))
        return tuple(steps)

    def _set_down(self, at: Place, clear_of: tuple[str, ...], *needs: str) -> tuple[Step, ...]:
        """Above a free place, down, (clamp,) open, up, and see that the blade stands there."""
        place = self.targets.fixture() if at == FIXTURE else self.targets.pocket(*at)
        hand, above = self.world.handler, self.targets.above(place)
        steps: list[Step] = [
            MoveStep("carry", needs, hand, above, False, True, clear_of),
            MoveStep("insert", ("carry",), hand, place, True, True),
        ]
        if at == FIXTURE:
            steps.append(ClampStep("clamp", ("insert",), True))
        steps.append(GripStep("release", (steps[-1].id,), hand, False))
        steps.append(MoveStep("leave", ("release",), hand, above, True, False))
        steps.append(LookStep("look", ("leave",), self.targets.blade(place), named(at)))
        return tuple(steps)

    def load(self, task: str, part: str, rack: str, pocket: int) -> Program:
        """From a pocket into the fixture; the handler's way home overlaps with what follows."""
        steps = (
            self._table("table-home", None),
            *self._take(self.targets.pocket(rack, pocket), ()),
            *self._set_down(FIXTURE, (self._inspector,), "lift", "table-home"),
        )
        return Program(task, part, steps, (self._home(self.world.handler, "look"),))

    def inspect(self, task: str, part: str) -> Program:
        """A pass over each view, the table turning in between; the arm's way home overlaps.

        The table turns while the profiler stands at its standoff, outside the blade's circle.
        """
        steps: list[Step] = [ScanStep("scan", (), "start")]
        last = "scan"
        for i, angle in enumerate(self.world.inspection.views):
            steps.append(self._table(f"view-{i}", angle, last))
            needs = ("scan", f"view-{i}")
            steps.append(PassStep(f"pass-{i}", needs, self._inspector, i, (self.world.handler,)))
            last = f"pass-{i}"
        steps.append(ScanStep("verdict", (last,), "finish"))
        return Program(task, part, tuple(steps), (self._home(self._inspector),))

    def unload(self, task: str, part: str, rack: str, pocket: int) -> Program:
        """From the fixture into a bin."""
        steps = (
            self._table("table-home", None),
            *self._take(self.targets.fixture(), (self._inspector,), "table-home", held=True),
            *self._set_down((rack, pocket), (), "lift"),
        )
        return Program(task, part, steps, (self._home(self.world.handler, "look"),))

    def go_home(self, task: str, mover: str) -> Program:
        """A mover goes home in the background, from wherever it stands."""
        return Program(task, "", (), (self._home(mover),))

    def put_back(self, task: str, part: str, rack: str, pocket: int) -> Program:
        """A blade that is held goes to a pocket: its own, or the bin again."""
        steps = self._set_down((rack, pocket), ())
        return Program(task, part, steps, (self._home(self.world.handler, "look"),))

    def back_off(self, task: str, part: str, place: Pose | None) -> Program:
        """An empty hand opens, goes up from a place where it stands at one, and home."""
        hand = self.world.handler
        steps: list[Step] = [GripStep("release", (), hand, False)]
        if place is not None:
            steps.append(
                MoveStep("leave", ("release",), hand, self.targets.above(place), True, False)
            )
        steps.append(self._home(hand, steps[-1].id))
        return Program(task, part, tuple(steps))
