#!/usr/bin/env python3
"""Serve the console with the shipped cell as it is at a moment of its shift; Ctrl-C ends it.

docs/pictures/console.png is a browser's picture of it at 40 s.
"""

from __future__ import annotations

import argparse
import threading

from twincell.assets import world_path
from twincell.cell.assembly import assemble
from twincell.cell.lockstep import LockstepCell
from twincell.console.console import Console
from twincell.console.panel import Actions
from twincell.console.ports import PORT
from twincell.world.load import load_world


def main() -> None:
    """Play in lockstep up to the moment, then show it; buttons say that nobody listens."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("at", type=float, help="moment of the shift [s]")
    parser.add_argument("--port", type=int, default=PORT)
    given = parser.parse_args()
    path = world_path("blade_cell")
    cell = LockstepCell(assemble(load_world(path), path, 7))
    while cell.time < given.at:
        cell.step()

    def nobody(*_: object) -> None:
        console.answer("nobody listens: this shift stands still", ok=False)

    actions = Actions(nobody, nobody, nobody)
    console = Console(cell.assembly.world, cell.assembly.bodies, actions, given.port)
    console.move(dict(zip(cell.physics.body_names, cell.physics.poses(), strict=True)))
    console.state(cell.guard.supervisor.tick(cell.time))
    console.plan(cell.log.plans[-1], cell.time)
    for line in cell.log.events:
        console.line(line)
    for part, verdict in cell.log.verdicts.items():
        console.findings(part, verdict.anomalies)
    print(console.address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
