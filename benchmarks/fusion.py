"""Cracks found by the profiler alone, the camera alone, and both, on blades that deceive.

Every finish comes with cracks and without. F1 counts cracks found and missed and calls that mean
none; its interval is that of blades drawn anew (bootstrap, percentiles, 2,000 draws).
"""

from __future__ import annotations

import sys
from collections import defaultdict

import numpy as np
from figures import figure, report

from twincell.assets import world_path
from twincell.study.channels import CHANNELS, CONFOUNDERS, Tally, try_channels
from twincell.study.design import Case, Design, apply, cracks_of
from twincell.world.load import load_world

_CASE = Case.of("titanium/ground/imperfect")
"""A profiler with its imperfections, on ground metal."""


def main(seed: int = 102, blades: int = 60) -> None:
    """Measure and report."""
    path = world_path("blade_cell")
    world = apply(load_world(path), _CASE)
    design = Design("blade_cell", seed, (_CASE,), lengths=(0.0004, 0.002))
    names = list(CONFOUNDERS)
    rows: dict[str, list[tuple[str, Tally]]] = defaultdict(list)
    for number in range(blades):
        finish = names[number % len(names)]
        cracks = cracks_of(design, number) if (number // len(names)) % 2 == 0 else ()
        tried = try_channels(world, path.parent, seed, number, finish, cracks)
        for channel, tally in tried.items():
            rows[channel].append((finish, tally))
        print(f"\r{number + 1} of {blades} blades", end="", file=sys.stderr)
    print(file=sys.stderr)
    print(f"seed {seed}, {blades} blades, half of them with 4 cracks of 0.4 to 2 mm, 0.05 mm open")
    print(f"{'finish':10}" + "".join(f"{c:>34}" for c in CHANNELS))
    for finish in (*names, "together"):
        cells = []
        for channel in CHANNELS:
            own = [t for f, t in rows[channel] if finish in (f, "together")]
            found, missed, false = _sums(own)
            cells.append(f"F1 {_f1(own):.3f}  {found} of {found + missed}, {false} false")
        print(f"{finish:10}" + "".join(f"{c:>34}" for c in cells))
    both = [t for _, t in rows["both"]]
    best = max(CHANNELS[:2], key=lambda c: _f1([t for _, t in rows[c]]))
    alone = [t for _, t in rows[best]]
    rng = np.random.default_rng(0)
    draws = rng.integers(len(both), size=(2000, len(both)))
    gains = [_f1([both[i] for i in d]) - _f1([alone[i] for i in d]) for d in draws]
    low, high = np.quantile(gains, [0.025, 0.975])
    print(
        f"both less {best}: {_f1(both) - _f1(alone):+.3f}, 95 % of draws {low:+.3f} to {high:+.3f}"
    )
    own = _f1(both)
    peers = {c: _f1([t for _, t in rows[c]]) for c in CHANNELS[:2]}
    report(
        "fusion",
        [
            figure("F1 of both", own, "", f"{c} alone", peer, peer, less_is_better=False)
            for c, peer in peers.items()
        ],
    )


def _sums(tallies: list[Tally]) -> tuple[int, int, int]:
    return (
        sum(t.found for t in tallies),
        sum(t.missed for t in tallies),
        sum(t.false for t in tallies),
    )


def _f1(tallies: list[Tally]) -> float:
    found, missed, false = _sums(tallies)
    return 2 * found / max(2 * found + missed + false, 1)


if __name__ == "__main__":
    arguments = [int(a) for a in sys.argv[1:]]
    main(*arguments)
