"""Compile what numba compiles: plays the default shift up to its first verdict.

Each process of the cell would else compile the kernels that it calls at its first message, all of
them at once on the cores that the run wants, and simulated time would wait for minutes.

    python scripts/compile_kernels.py
"""

from __future__ import annotations

from pathlib import Path

from twincell.cell.assembly import assemble
from twincell.cell.lockstep import LockstepCell
from twincell.world.load import load_world

WORLD = Path(__file__).resolve().parents[1] / "worlds" / "blade_cell.yaml"
LONGEST = 120.0
"""The first verdict of the default shift comes well before that [s]."""
THOUGHT = 1.0
"""After a verdict the orchestrator asks the twin whether to re-plan [s]."""


def main() -> None:
    """Step the cell until a verdict has been thought over."""
    cell = LockstepCell(assemble(load_world(WORLD), WORLD, seed=1))
    while not cell.log.verdicts and cell.time < LONGEST:
        cell.step()
    end = cell.time + THOUGHT
    while cell.time < end:
        cell.step()
    print(f"kernels compiled: {cell.time:.0f} s of the shift played")


if __name__ == "__main__":
    main()
