#!/usr/bin/env python3
"""Draw docs/pictures/photographs.png: synthetic photographs, what is true and what was found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from twincell.inspection.photo_cracks import find_cracks
from twincell.inspection.photo_synthesis import CRACK, JOINT, cracked_surface

ROOT = Path(__file__).resolve().parents[1]
SIZE, COLUMNS, ROWS, GAP = 256, 3, 4, 6


def main() -> None:
    """Twelve pictures by chance, none of them picked."""
    cells = []
    for seed in range(COLUMNS * ROWS):
        grey, labels = cracked_surface(SIZE, np.random.default_rng([2026, seed]), cracks=seed % 3)
        found = find_cracks(grey)
        left = np.repeat(grey[..., None], 3, 2).astype(np.uint8)
        right = (left * 0.45).astype(np.uint8)
        right[labels == JOINT] = (0, 200, 60)
        right[labels == CRACK] = (40, 80, 255)
        right[found.mask] = (255, 60, 40)
        right[found.mask & (labels == CRACK)] = (255, 255, 255)
        cell = np.concatenate([left, right], 1)
        cells.append(np.pad(cell, ((0, GAP), (0, GAP), (0, 0)), constant_values=255))
    rows = [np.concatenate(cells[i : i + COLUMNS], 1) for i in range(0, len(cells), COLUMNS)]
    target = ROOT / "docs/pictures/photographs.png"
    Image.fromarray(np.concatenate(rows)).quantize(256, Image.Quantize.FASTOCTREE).save(
        target, optimize=True
    )
    print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
