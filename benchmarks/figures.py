"""How a benchmark times, prints and stores its figures."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["figure", "median_time", "report"]


def median_time(work: Callable[[], object], times: int) -> float:
    """Median wall time of a call [s], after one call to warm up."""
    work()
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return sorted(spent)[len(spent) // 2]


def figure(
    what: str,
    value: float,
    unit: str,
    peer: str,
    peer_value: float | None,
    target: float,
    *,
    less_is_better: bool = True,
) -> dict[str, Any]:
    """One figure beside its named peer; `ratio` is how many times better than the peer."""
    ratio = None
    if peer_value is not None:
        ratio = peer_value / value if less_is_better else value / peer_value
    meets = value <= target if less_is_better else value >= target
    return {
        "what": what,
        "value": value,
        "unit": unit,
        "peer": peer,
        "peer_value": peer_value,
        "ratio": ratio,
        "target": target,
        "meets": meets,
    }


def report(name: str, figures: list[dict[str, Any]]) -> None:
    """Print the table and write out/bench/NAME.json."""
    print(f"{'what':44} {'value':>10} {'unit':14} {'target':>8}  {'':5} peer")
    for f in figures:
        peer = f["peer"]
        if f["peer_value"] is not None:
            peer += f" {f['peer_value']:.4g} ({f['ratio']:.1f} x)"
        meets = "meets" if f["meets"] else "FAILS"
        print(f"{f['what']:44} {f['value']:10.4g} {f['unit']:14} {f['target']:8g}  {meets} {peer}")
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    path = Path("out/bench") / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"name": name, "machine": machine, "figures": figures}, indent=1))
    print(f"wrote {path}")
