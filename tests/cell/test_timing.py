"""What a calibration times, against the words that the orchestrator leaves in its journal."""

from __future__ import annotations

import numpy as np

from twincell.assets import world_path
from twincell.cell.timing import _StepWatch, quiet
from twincell.inspection.anomaly import Verdict
from twincell.production.messages import Done, Grip, Tick, Verdicts
from twincell.production.messages import FinishScan as Finish
from twincell.world.load import load_world


def test_steps_are_timed_from_command_to_answer_and_failed_ones_are_not() -> None:
    seen: dict[str, list[float]] = {}
    watch = _StepWatch(seen)
    grip = Grip("b1/load/grip/3", "handler", True, "b1")
    watch(Tick({}), [grip], 1.0)
    watch(Done("b1/load/grip/3", True), [Grip("b1/load/grip/4", "handler", True, "b1")], 1.5)
    watch(Done("b1/load/grip/4", False, "nothing held"), [], 2.5)
    watch(Tick({}), [Finish("b1/inspect#2/verdict/9", "b1")], 3.0)
    watch(Verdicts("b1/inspect#2/verdict/9", Verdict("b1", "accept", (), 1.0, 0.0)), [], 3.25)
    watch(Done("of another", True), [], 4.0)
    assert seen == {"load/grip": [0.5], "inspect/verdict": [0.25]}


def test_a_quiet_day_keeps_the_arms_and_the_work_and_moves_the_blades() -> None:
    world = load_world(world_path("blade_cell"))
    days = [quiet(world, seed) for seed in range(4)]
    for day in days:
        assert day.arms == world.arms
        assert day.racks == world.racks
        assert day.visitor is None
        assert not day.production.disruptions
        assert set(day.sensors) == {world.inspection.profiler}
        slots = [b.slot for b in day.blades.values()]
        assert len(set(slots)) == len(slots)
        assert set(slots) <= set(range(8))
        cracks = [b.cracks for b in day.blades.values()]
        assert cracks == [b.cracks for b in world.blades.values()]
    placed = [tuple(b.slot for b in day.blades.values()) for day in days]
    assert len(set(placed)) > 1
    assert placed[0] == tuple(b.slot for b in quiet(world, 0).blades.values())
    assert np.unique(placed).size > 6
