"""Winding dark lines with branches: cracks of synthetic photographs, as cover of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from twincell.inspection.photo_noise import Grey, waver

__all__ = ["CrackStyle", "draw_crack"]

_STEP = 1.5
"""Length of a piece of a path [px]."""
_SUB = 4
"""Cover is drawn this many times finer than the picture."""


@dataclass(frozen=True)
class CrackStyle:
    """Ranges from which one crack is drawn.

    Attributes:
        width: full width [px], least and most.
        length: [px], least and most.
        wander: most turning of the line about its bearing [rad].
        branching: chance of a branch per 100 px.
        fade: share of the line along which it nearly vanishes, 0 to 1.
    """

    width: tuple[float, float]
    length: tuple[float, float]
    wander: float
    branching: float
    fade: float


def draw_crack(
    size: int,
    rng: np.random.Generator,
    style: CrackStyle,
    start: tuple[float, float] | None = None,
    bearing: float | None = None,
) -> tuple[Grey, Grey]:
    """One crack with its branches.

    Args:
        size: edge of the picture [px].
        rng: source of all chance.
        style: ranges of its shape.
        start: x and y of one end [px]; by chance without it.
        bearing: direction from there [rad]; by chance without it.

    Returns:
        How much of each pixel is dark (size, size), 0 to 1, and the same without the fading, which
        is what somebody would mark who follows the line with the eye.
    """
    dark = np.zeros((_SUB * size, _SUB * size), np.uint8)
    whole = np.zeros_like(dark)
    place = np.asarray(start if start is not None else rng.uniform(-0.1, 1.1, 2) * size)
    heading = rng.uniform(0, 2 * np.pi) if bearing is None else bearing
    width = float(np.exp(rng.uniform(*np.log(style.width))))
    length = float(np.exp(rng.uniform(*np.log(style.length))))
    todo = [(place, heading, length, width)]
    drawn = 0
    while todo and drawn < 8:
        place, heading, length, width = todo.pop()
        drawn += 1
        points, turns = _path(place, heading, length, style.wander, rng)
        count = len(points) - 1
        local = width * np.exp(0.25 * waver(count, rng, 5) + 0.25 * waver(count, rng, 25))
        ends = rng.uniform(3, 30)
        local *= np.clip((length - _STEP * np.arange(count)) / ends, 0.15, 1)
        deep = _depth(count, style.fade, rng)
        fixed = np.round(points * _SUB).astype(int)
        for i in range(count):
            a, b = fixed[i], fixed[i + 1]
            thick = max(1, round(_SUB * float(np.clip(local[i], 0.35, 9))))
            ends_at = (int(b[0]), int(b[1]))
            cv2.line(dark, (int(a[0]), int(a[1])), ends_at, int(deep[i]), thick)
            cv2.line(whole, (int(a[0]), int(a[1])), ends_at, 255, thick)
        for _ in range(rng.poisson(style.branching * length / 100)):
            at = int(rng.integers(0, count))
            lean = float(turns[at] + rng.choice([-1, 1]) * rng.uniform(0.3, 1.5))
            part = length * rng.uniform(0.15, 0.7)
            todo.append((points[at], lean, part, rng.uniform(0.5, 0.9) * width))
    return _shrink(dark, size), _shrink(whole, size)


def _path(
    place: Grey, heading: float, length: float, wander: float, rng: np.random.Generator
) -> tuple[Grey, Grey]:
    """Points (n + 1, 2) and headings (n,): slow bend, wiggles of two lengths, kinks that decay."""
    count = max(4, int(length / _STEP))
    bend = rng.normal(0, 0.35) * np.linspace(-0.5, 0.5, count) * min(length / 80, 3)
    slow = rng.uniform(0, 1) * wander * waver(count, rng, rng.uniform(12, 40))
    fast = rng.uniform(0, 1) * wander * waver(count, rng, rng.uniform(1.5, 6))
    kinks = np.zeros(count)
    for at in np.flatnonzero(rng.random(count) < rng.uniform(0, 0.05)):
        lasting = int(rng.integers(2, 18))
        kinks[at : at + lasting] += rng.normal(0, 1.2 * wander)
    turns = heading + bend + slow + fast + kinks
    steps = _STEP * np.stack([np.cos(turns), np.sin(turns)], 1)
    return np.vstack([place, place + np.cumsum(steps, 0)]), turns


def _depth(count: int, fade: float, rng: np.random.Generator) -> Grey:
    """Grey values 1 to 255 along a path: dark, with stretches that nearly vanish."""
    deep = 1 - rng.uniform(0, 0.5) * np.clip(0.5 + 0.5 * waver(count, rng, 5), 0, 1)
    if fade > 0:
        share = rng.uniform(0, fade) * rng.random()
        slow = waver(count, rng, rng.uniform(4, 25))
        deep = deep * np.where(slow < np.quantile(slow, share), rng.uniform(0, 0.35), 1.0)
        deep = np.convolve(deep, np.full(3, 1 / 3), mode="same")
    return np.asarray(np.clip(deep * 255, 1, 255))


def _shrink(fine: Grey, size: int) -> Grey:
    return (cv2.resize(fine, (size, size), interpolation=cv2.INTER_AREA) / 255).astype(np.float32)
