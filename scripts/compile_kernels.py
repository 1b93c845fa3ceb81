"""Compile what numba compiles: plays the default shift until the twin was asked and a blade judged.

Each process of the cell would else compile the kernels that it calls at its first message, all of
them at once on the cores that the run wants, and simulated time would wait for minutes.

    python scripts/compile_kernels.py
"""

from __future__ import annotations

import gymnasium

import twincell.envs  # noqa: F401  (registers the ids)
from twincell.assets import world_path
from twincell.cell.assembly import assemble
from twincell.cell.lockstep import LockstepCell
from twincell.world.load import load_world

LONGEST = 120.0
"""The default shift has had its rush order and its first verdict well before that [s]."""


def main() -> None:
    """Step the cell through everything that a kernel is needed for."""
    path = world_path("blade_cell")
    cell = LockstepCell(assemble(load_world(path), path, seed=1))
    while not (cell.log.verdicts and any(p.decision is not None for p in cell.log.plans)):
        cell.step()
        if cell.time > LONGEST:
            raise SystemExit(f"after {LONGEST:g} s no blade was judged, or the twin never asked")
    with gymnasium.make("twincell/Reach-v0") as env:  # what leads an arm by a policy
        env.reset(seed=1)
        env.step(env.action_space.sample())
    print(f"kernels compiled: {cell.time:.0f} s of the shift played")


if __name__ == "__main__":
    main()
