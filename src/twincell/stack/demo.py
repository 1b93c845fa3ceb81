"""A shift on the ROS stack from start to end, and what it left behind."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader, AnyReaderError

from twincell.cell.assembly import Assembly, assemble
from twincell.cell.extras import DeviationMap, Extras
from twincell.cell.result import RunResult
from twincell.cell.scanning import EYE, TARGET
from twincell.errors import AssetError, TwincellError
from twincell.physics.cell import PhysicsCell
from twincell.stack.specs import NodeSpec, node_specs
from twincell.stack.up import up
from twincell.world.model import World

__all__ = ["demo", "fresh_folder"]

Array = NDArray[np.float64]

_OURS = ("logs", "params", "bag", "maps")
"""Folders of a run."""
LONGEST = 900.0
"""A shift that has not ended by then never will, wall time [s]."""
POWER_STEP = 0.5
"""Spacing of the power curve [s]."""


def fresh_folder(out: Path) -> None:
    """Make an empty folder for a run; an earlier run in it goes.

    Raises:
        AssetError: the folder holds something else.
    """
    if out.exists() and any(out.iterdir()):
        if not (out / "logs").is_dir():
            raise AssetError(f"{out} holds something that is no run; give another folder by --out")
        for name in _OURS:
            shutil.rmtree(out / name, ignore_errors=True)
        for file in [*out.glob("*.json"), *out.glob("*.html"), *out.glob("*.np[yz]")]:
            file.unlink()
        for file in out.glob("journal.mcap"):
            file.unlink()
    out.mkdir(parents=True, exist_ok=True)


def demo(
    world: World,
    path: Path,
    seed: int,
    out: Path,
    real_time_factor: float,
    echo: Callable[[NodeSpec, str], None] | None = None,
    console: int | None = None,
) -> RunResult:
    """Run the stack until the shift is over.

    Args:
        world: the cell.
        path: the file that it was read from.
        seed: root of all chance.
        out: folder of the run, see `fresh_folder`.
        real_time_factor: simulated seconds a wall second.
        echo: called with each line that a node writes.
        console: port on which the cell is shown in a browser; None without.

    Returns:
        The result that the orchestrator wrote, with curves and pictures.

    Raises:
        TwincellError: a node died, or the shift did not end.
    """
    fresh_folder(out)
    # once here, so that all processes read the blades from the cache
    assembly = assemble(world, path, seed)
    specs = node_specs(
        world, path, seed=seed, out=out, real_time_factor=real_time_factor, console=console
    )
    began = time.monotonic()
    code = up(specs, out=out, echo=echo, timeout=LONGEST)
    if code != 0:
        raise TwincellError(f"the stack ended with exit code {code}; see {out / 'logs'}")
    wall = time.monotonic() - began
    result = RunResult.from_json((out / "result.json").read_text(encoding="utf-8"))
    return replace(result, wall=wall, extras=_extras(assembly, out))


def _extras(assembly: Assembly, out: Path) -> Extras:
    """Pictures and curves of a run that has ended."""
    cell = PhysicsCell(assembly.world, assembly.descriptions, assembly.model, assembly.seed)
    maps = {}
    for file in sorted((out / "maps").glob("*.npz")):
        with np.load(file) as data:
            maps[file.stem] = DeviationMap(data["points"], data["deviation"], data["suction"])
    return Extras(
        power=_power(out / "bag"),
        tariff=tuple((s.start, s.price) for s in assembly.world.production.tariff),
        maps=maps,
        picture=cell.picture(960, 600, EYE, TARGET),
        files=tuple(str(f) for f in sorted(out.rglob("*.mcap"))),
    )


def _power(bag: Path) -> Array | None:
    """Power over time from the recorded energy, rows (time [s], power [W]); None without it."""
    rows = []
    try:
        with AnyReader([bag]) as reader:
            wanted = [c for c in reader.connections if c.topic.endswith("cell/energy")]
            for connection, stamp, data in reader.messages(connections=wanted):
                message: Any = reader.deserialize(data, connection.msgtype)
                rows.append((stamp * 1e-9, message.data))
    except AnyReaderError as error:
        # a recorder that was killed at the end; what the shift came to is there all the same
        print(f"no power curve, the bag cannot be read: {error}", file=sys.stderr)
        return None
    if len(rows) < 3:
        return None
    times, joules = np.array(rows).T
    at = np.arange(times[0], times[-1], POWER_STEP)
    power = np.gradient(np.interp(at, times, joules), at)
    return np.column_stack([at, power])
