"""Photographs of cracked surfaces out of a random generator: what the small network learns from.

Every picture is made of procedural layers, none of it from anybody's photographs: a surface of
metal, concrete or road, what lies on it and is no crack, now and then a crack (a dark, winding line
of changing width with branches), joints, the sides of the part, lighting and the camera. The
numbers are wide ranges; how dark cracks and threads of dirt on metal are was set after measuring
both on photographs of magnetic tiles.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.inspection import photo_clutter as clutter
from twincell.inspection import photo_surfaces as surfaces
from twincell.inspection.photo_noise import Grey, clouds
from twincell.inspection.photo_paths import CrackStyle, draw_crack

__all__ = ["CRACK", "JOINT", "cracked_surface"]

CRACK, JOINT = 1, 2
"""Labels of pixels; all others are 0."""

_STYLES = {
    "metal": CrackStyle(width=(1.2, 6.5), length=(14, 320), wander=0.5, branching=0.12, fade=0.2),
    "concrete": CrackStyle(
        width=(0.6, 3.0), length=(60, 420), wander=0.8, branching=0.35, fade=0.5
    ),
    "road": CrackStyle(width=(1.2, 7.0), length=(60, 420), wander=0.9, branching=0.4, fade=0.35),
}
_DARKNESS = {"metal": (0.45, 0.95), "concrete": (0.14, 0.75), "road": (0.22, 0.8)}
"""Share of light that a crack's middle swallows."""


def cracked_surface(
    size: int, rng: np.random.Generator, cracks: int | None = None
) -> tuple[Grey, NDArray[np.uint8]]:
    """One synthetic photograph and the truth about it.

    Args:
        size: edge of the square picture [px].
        rng: source of all chance.
        cracks: how many cracks; 0 to 3 by chance without it.

    Returns:
        Grey values (size, size) 0 to 255, and labels (size, size): 1 crack, 2 joint.
    """
    kind = str(rng.choice(["metal", "metal", "concrete", "concrete", "road"]))
    grey: Grey = getattr(surfaces, kind)(size, rng)
    joint = np.zeros((size, size), np.float32)
    if rng.random() < {"metal": 0.04, "concrete": 0.65, "road": 0.1}[kind]:
        grey, joint = clutter.joints(grey, rng)
    crack = np.zeros((size, size), np.float32)
    count = int(rng.choice([0, 0, 1, 1, 2, 3])) if cracks is None else cracks
    sides = _sides(kind, rng)
    for _ in range(count):
        start, bearing = _root(size, kind, rng)
        style = _STYLES[kind]
        if kind == "metal" and rng.random() < 0.5:  # along a mark, nearly straight
            style = replace(style, wander=float(rng.choice([0.02, 0.12])), branching=0.03)
        dark, whole = draw_crack(size, rng, style, start, bearing)
        soft = cv2.GaussianBlur(dark, (0, 0), float(rng.uniform(0.35, 0.9)))
        if kind == "road" or rng.random() < 0.3:  # crumbled edges
            soft = soft * np.clip(1 + 0.4 * clouds(size, rng, finest=2, coarsest=8), 0, 1.5)
        grey = grey * (1 - np.clip(soft, 0, 1) * rng.uniform(*_DARKNESS[kind]))
        if rng.random() < 0.15:  # dirt or lime along it
            halo = cv2.GaussianBlur(dark, (0, 0), float(rng.uniform(3, 8)))
            grey = grey * (1 + np.clip(halo, 0, 0.5) * rng.uniform(-0.4, 0.4))
        crack = np.maximum(crack, cv2.GaussianBlur(whole, (0, 0), 0.6))
    behind = np.zeros((size, size), bool)
    for side in sides:
        grey, outside = clutter.border(grey, rng, side)
        behind |= outside
    if rng.random() < 0.3:
        grey = clutter.shade(grey, rng)
    labels = np.where(crack > 0.22, CRACK, 0)
    labels[joint > 0.5] = JOINT
    labels[behind] = 0
    grey, labels = _turned(_camera(grey, rng), labels.astype(np.uint8), kind, rng)
    return grey, labels


def _sides(kind: str, rng: np.random.Generator) -> list[int]:
    """Which sides of the part are in the picture, as quarter turns."""
    if rng.random() > (0.75 if kind == "metal" else 0.08):
        return []
    return [side for side in range(4) if rng.random() < 0.4]


def _root(
    size: int, kind: str, rng: np.random.Generator
) -> tuple[tuple[float, float] | None, float | None]:
    """Where a crack begins: cracks of metal like to begin at a side and to follow the marks."""
    if kind != "metal":
        # Cracks of walls and roads often follow the edges of the part, so an axis of the picture.
        axis = float(rng.integers(0, 4) * np.pi / 2 + rng.normal(0, 0.12))
        return None, axis if rng.random() < 0.4 else None
    upright = float(rng.choice([-1, 1]) * np.pi / 2 + rng.normal(0, 0.2))
    bearing = upright if rng.random() < 0.7 else float(rng.uniform(0, 2 * np.pi))
    if rng.random() < 0.5:
        return None, bearing
    top = rng.random() < 0.5
    y = rng.uniform(-2, 0.1 * size) if top else rng.uniform(0.9 * size, size + 2)
    lean = float((np.pi / 2 if top else -np.pi / 2) + rng.normal(0, 0.3))
    return (float(rng.uniform(0, size)), float(y)), lean


def _turned(
    grey: Grey, labels: NDArray[np.uint8], kind: str, rng: np.random.Generator
) -> tuple[Grey, NDArray[np.uint8]]:
    """Marks and planks are upright in two thirds of the pictures; mirrored as often as not."""
    if rng.random() < (0.7 if kind == "road" else 0.33):
        grey, labels = grey.T, labels.T
    if rng.random() < 0.5:
        grey, labels = grey[:, ::-1], labels[:, ::-1]
    return np.ascontiguousarray(grey), np.ascontiguousarray(labels)


def _camera(grey: Grey, rng: np.random.Generator) -> Grey:
    """Blur, sharpening, noise, exposure, JPEG."""
    if rng.random() < 0.6:
        grey = cv2.GaussianBlur(grey, (0, 0), float(rng.uniform(0.3, 1.0)))
    if rng.random() < 0.25:
        grey = grey + rng.uniform(0.3, 1.2) * (grey - cv2.GaussianBlur(grey, (0, 0), 1.2))
    grey = grey * rng.uniform(0.6, 1.3) + rng.uniform(-10, 15)
    noise = rng.standard_normal(grey.shape, np.float32) * rng.exponential(1.5)
    grey = np.clip(grey + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.6:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))]
        _, packed = cv2.imencode(".jpg", grey, quality)
        grey = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))
    return np.asarray(grey, np.float32)
