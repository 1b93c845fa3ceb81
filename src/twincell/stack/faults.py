"""The fault campaign: started as one process that starts the stack; its cases as a matrix."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twincell.errors import TwincellError
from twincell.stack.specs import NodeSpec
from twincell.stack.up import up

__all__ = ["matrix", "run_faults"]


def run_faults(
    world_path: Path, seed: int, runs: int, out: Path, echo: Callable[[NodeSpec, str], None]
) -> list[dict[str, Any]]:
    """Break the running stack, each fault in each phase of work.

    Args:
        world_path: of the world file.
        seed: root of all chance.
        runs: of the whole matrix.
        out: folder of the stack's logs and of `cases.json`.
        echo: called with each line of the campaign.

    Returns:
        The cases in order: `run`, `fault`, `phase`, `safe`, `ms`, `simulated_ms`, `slower_ms`,
        `why`.

    Raises:
        TwincellError: the campaign did not get to its end.
    """
    out = out.resolve()
    spec = NodeSpec(
        package="twincell_nodes",
        executable="fault_campaign",
        name="fault_campaign",
        parameters={
            "world": str(world_path),
            "seed": seed,
            "out": str(out / "stack"),
            "runs": runs,
        },
        terminal=True,
    )
    code = up([spec], out=out, echo=echo)
    file = out / "stack" / "cases.json"
    if code not in (0, 1) or not file.is_file():
        raise TwincellError(f"the campaign ended with exit code {code}; see {out / 'logs'}")
    cases: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return cases


def matrix(cases: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Cases by fault and phase.

    Args:
        cases: as `run_faults` gives them.

    Returns:
        fault -> phase -> `runs`, `unsafe`, and the slowest `ms`, `simulated_ms`, `slower_ms`.
    """
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for case in cases:
        cell = table.setdefault(case["fault"], {}).setdefault(
            case["phase"],
            {"runs": 0, "unsafe": 0, "ms": 0.0, "simulated_ms": 0.0, "slower_ms": 0.0},
        )
        cell["runs"] += 1
        cell["unsafe"] += not case["safe"]
        for key in ("ms", "simulated_ms", "slower_ms"):
            cell[key] = max(cell[key], case[key])
    return table
