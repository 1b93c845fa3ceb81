"""Bare surfaces of the synthetic photographs: machined metal, cast concrete, road."""

from __future__ import annotations

import numpy as np

from twincell.inspection import photo_clutter as clutter
from twincell.inspection.photo_noise import Grey, clouds, grain, streaks

__all__ = ["concrete", "metal", "road"]


def metal(size: int, rng: np.random.Generator) -> Grey:
    """Ground or milled steel (size, size): upright marks, glints in rows, smudges, pits, wear."""
    grey = rng.uniform(25, 170) * (1 + rng.uniform(0.02, 0.3) * clouds(size, rng, finest=48))
    if rng.random() < 0.6:  # a bent face is darker towards its sides
        x = np.linspace(-1, 1, size)[None, :] - rng.normal(0, 0.3)
        grey = grey * np.clip(
            1 - rng.uniform(0.1, 0.7) * np.abs(x) ** rng.uniform(1.5, 5), 0.1, 1.5
        )
    marks = np.zeros((size, size), np.float32)
    for _ in range(int(rng.integers(1, 4))):
        along = float(np.exp(rng.uniform(np.log(4), np.log(300))))
        across = rng.choice([0.0, 0.5, 1.0, rng.exponential(3.0)])
        marks += rng.uniform(0.02, 0.16) * streaks(size, rng, across, along)
    if rng.random() < 0.6:  # a few bright lines, dotted where feed marks cross them
        glints = np.clip(streaks(size, rng, rng.uniform(0, 1), rng.uniform(30, 300)) - 1.5, 0, 4)
        pitch, phase = rng.uniform(2.5, 9), rng.uniform(0, 6)
        rows = 1 + rng.uniform(0, 1) * np.sin(2 * np.pi * np.arange(size) / pitch + phase)
        marks += rng.uniform(0.05, 0.45) * glints * rows[:, None]
    patchy = np.clip(0.7 + 0.5 * clouds(size, rng, finest=24), 0.1, 2)
    # Ridges glint, but grooves of marks are shallow: what is darker is a crack.
    marks = np.clip(1 + marks * patchy, 1 - rng.uniform(0.05, 0.25), 4)
    grey = np.asarray(grey * marks, np.float32)
    grey += grain(size, rng, rng.uniform(0, 1.2), 0.1) * rng.uniform(0.01, 0.12) * grey.mean()
    for _ in range(int(rng.integers(0, 4))):
        grey = clutter.blotches(grey, rng, 0.28)
    for chance, layer in ((0.8, clutter.hairs), (0.3, clutter.scratches)):
        if rng.random() < chance:
            grey = layer(grey, rng)
    if rng.random() < 0.25:
        grey = clutter.lines(grey, rng, 0.22)
    if rng.random() < 0.5:
        grey = clutter.pits(grey, rng, 12, 4.0)
    return grey


def concrete(size: int, rng: np.random.Generator) -> Grey:
    """Cast concrete (size, size) with the print of its planks, pores, stains."""
    grey = rng.uniform(90, 225) * (1 + rng.uniform(0.01, 0.12) * clouds(size, rng, finest=16))
    grey = grey + grain(size, rng, rng.uniform(0.3, 1.6), rng.uniform(-0.2, 0.1)) * rng.uniform(
        1, 9
    )
    if rng.random() < 0.6:  # the print of wood
        across, along = 0.3 + rng.exponential(1.5), float(rng.uniform(15, 200))
        print_ = streaks(size, rng, across, along) * np.clip(
            clouds(size, rng, finest=32) + 0.6, 0, 2
        )
        grey = grey * (1 + rng.uniform(0.005, 0.05) * print_)
    if rng.random() < 0.25:  # rows that a saw left
        rows = np.sin(2 * np.pi * np.arange(size) / rng.uniform(4, 12) + rng.uniform(0, 6))[:, None]
        grey = grey * (1 + rng.uniform(0.005, 0.03) * rows * np.clip(clouds(size, rng, 16), 0, 2))
    grey = np.asarray(grey, np.float32)
    for _ in range(int(rng.integers(0, 4))):
        grey = clutter.blotches(grey, rng)
    if rng.random() < 0.8:
        grey = clutter.pits(grey, rng, int(rng.choice([8, 40, 200])), float(rng.uniform(1.5, 9)))
    for chance, layer in ((0.3, clutter.lines), (0.15, clutter.scratches), (0.2, clutter.hairs)):
        if rng.random() < chance:
            grey = layer(grey, rng)
    return grey


def road(size: int, rng: np.random.Generator) -> Grey:
    """Asphalt (size, size): stones, binder, stains, now and then paint."""
    grey = rng.uniform(60, 190) * (1 + rng.uniform(0.01, 0.15) * clouds(size, rng, finest=16))
    skew = rng.uniform(-0.3, 0.2)
    grey = grey + grain(size, rng, rng.uniform(0.5, 1.3), skew) * rng.uniform(3, 18)
    grey = grey + grain(size, rng, rng.uniform(1.3, 3.0), skew) * rng.uniform(1, 12)
    grey = np.asarray(grey, np.float32)
    for _ in range(int(rng.integers(0, 3))):
        grey = clutter.blotches(grey, rng)
    if rng.random() < 0.3:
        grey = clutter.pits(grey, rng, 60, 3.0)
    if rng.random() < 0.1:
        y, x = np.mgrid[:size, :size]
        turn = rng.uniform(0, np.pi)
        across = (x - rng.uniform(0, size)) * np.cos(turn) + (y - rng.uniform(0, size)) * np.sin(
            turn
        )
        worn = clouds(size, rng, finest=2) < rng.uniform(0, 2.5)
        grey = grey + (np.abs(across) < rng.uniform(5, 40)) * worn * rng.uniform(10, 80)
    return np.asarray(grey, np.float32)
