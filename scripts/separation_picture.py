"""Draws docs/pictures/separation.png: a visitor walks up to the arms of the lockstep cell."""

from dataclasses import replace
from pathlib import Path

from twincell.assets import project_root, world_path
from twincell.cell.assembly import assemble
from twincell.cell.lockstep import LockstepCell
from twincell.report.separation_picture import SeparationScene, separation_picture
from twincell.world.layout import Visitor
from twincell.world.load import load_world

WALK = Visitor(path=((4.2, -1.6), (3.3, -0.6), (2.3, -0.1)), times=(2.0,), pause=1.0)
"""Past the walkway's edge and into the cell."""
WORDS = {"": "work goes on", "warning": "slowed", "protective": "stopped"}


def scene(cell: LockstepCell, role: str) -> SeparationScene:
    """What the monitor knows now."""
    monitor, separations = cell.guard.monitor, cell.guard.monitor.separations
    if separations is None:
        raise SystemExit("this world has zones alone")
    return SeparationScene(
        f"{cell.time:.1f} s: {WORDS[role]}",
        monitor.motions,
        tuple(separations.required(m) for m in monitor.motions),
        monitor.tracks,
        monitor.approaches,
    )


def main() -> None:
    """Run until the stop, keep three moments."""
    path = world_path("blade_cell")
    world = replace(load_world(path), visitor=WALK)
    cell = LockstepCell(assemble(world, path, 7))
    kept: dict[str, SeparationScene] = {}
    while "protective" not in kept and cell.time < 12:
        cell.step()
        roles = {a.role for a in cell.guard.monitor.approaches}
        role = next((r for r in ("protective", "warning") if r in roles), "")
        if role not in kept and cell.time > 2.5:
            kept[role] = scene(cell, role)
            print(kept[role].title, [a.text for a in cell.guard.monitor.approaches])
    order = [kept[r] for r in ("warning", "protective") if r in kept]
    file = Path(project_root()) / "docs" / "pictures" / "separation.png"
    file.write_bytes(separation_picture(world, order))
    print(f"wrote {file}")


if __name__ == "__main__":
    main()
