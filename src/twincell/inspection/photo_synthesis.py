"""Photographs of cracked surfaces out of a random generator: what the small network learns from.

Every picture is made of procedural layers, none of it from anybody's photographs: grain, cloudy
brightness, machining marks or wood grain, stains, pits, shadows, straight joints and bright
scratches, all of which are no cracks, and over them now and then a crack: a dark, winding line of
changing width with branches. The numbers are ranges that surfaces of road, concrete and metal
show; none is fitted to a set of photographs.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["cracked_surface"]

Grey = NDArray[Any]
"""Grey values of float32 (h, w)."""
_SUB = 3
"""Bits of a pixel's fraction in the coordinates of lines (cv2's `shift`)."""


def cracked_surface(
    size: int, rng: np.random.Generator, cracks: int | None = None
) -> tuple[Grey, NDArray[np.bool_]]:
    """One synthetic photograph and the truth about it.

    Args:
        size: edge of the square picture [px].
        rng: source of all chance.
        cracks: how many cracks; 0 to 3 by chance without it.

    Returns:
        Grey values (size, size) 0 to 255, and (size, size) true on cracks.
    """
    grey: Grey = np.full((size, size), rng.uniform(60, 190), np.float32)
    grey += _clouds(size, rng) * rng.uniform(2, 22)
    grey += _grain(size, rng)
    if rng.random() < 0.55:
        grey = _marks(grey, rng)
    for _ in range(rng.integers(0, 3)):
        grey = _stain(grey, rng)
    if rng.random() < 0.6:
        grey = _pits(grey, rng)
    if rng.random() < 0.5:
        grey = _joints(grey, rng)
    truth = np.zeros((size, size), np.float32)
    count = int(rng.choice([0, 1, 1, 1, 2, 3])) if cracks is None else cracks
    for _ in range(count):
        cover = _crack(size, rng)
        core = cover > 0.35
        truth = np.maximum(truth, core.astype(np.float32))
        soft = cv2.GaussianBlur(cover, (0, 0), float(rng.uniform(0.4, 1.0)))
        rough = 1 + 0.35 * _clouds(size, rng, finest=2)
        grey = grey * (1 - np.clip(soft * rough, 0, 1) * rng.uniform(0.2, 0.75))
    if rng.random() < 0.35:
        grey = _scratches(grey, rng)
    if rng.random() < 0.4:
        grey = _shade(grey, rng)
    if rng.random() < 0.25:
        grey = _border(grey, truth, rng)
    if rng.random() < 0.5:
        grey = cv2.GaussianBlur(grey, (0, 0), float(rng.uniform(0.3, 0.9)))
    grey = grey + rng.normal(0, rng.uniform(0.5, 5), grey.shape)
    if rng.random() < 0.5:
        quality = int(rng.integers(45, 95))
        _, packed = cv2.imencode(
            ".jpg", np.clip(grey, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality]
        )
        grey = np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))
    return np.clip(grey, 0, 255).astype(np.float32), truth > 0


def _clouds(size: int, rng: np.random.Generator, finest: int = 8) -> Grey:
    """Smooth noise of zero mean and unit spread, coarse to `finest` px."""
    out = np.zeros((size, size), np.float32)
    step = size // 2
    while step >= finest:
        cells = max(2, size // step + 1)
        noise = rng.normal(size=(cells, cells)).astype(np.float32)
        weight = (step / size) ** rng.uniform(0.2, 1.0)
        out += weight * cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC)
        step //= 2
    return np.asarray((out - out.mean()) / (out.std() + 1e-6))


def _grain(size: int, rng: np.random.Generator) -> Grey:
    """Stones of the road and pores of concrete: noise of 1 to 3 px, skewed to either side."""
    noise: Grey = rng.normal(size=(size, size)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(0.4, 1.8)))
    noise = noise / noise.std()
    skew = rng.uniform(-0.25, 0.25)
    strength = rng.uniform(1, 20) if rng.random() < 0.7 else rng.uniform(1, 5)
    return np.asarray((noise + skew * noise**2) * strength, np.float32)


def _marks(grey: Grey, rng: np.random.Generator) -> Grey:
    """Machining marks or wood grain: streaks along one axis of the picture."""
    size = len(grey)
    noise: Grey = rng.standard_t(4, size=(size, size)).astype(np.float32)
    across, along = 0.3 + rng.exponential(1.0), float(rng.uniform(8, 60))
    noise = cv2.GaussianBlur(noise, (0, 0), sigmaX=across, sigmaY=along)
    noise = noise / (noise.std() + 1e-6) * rng.uniform(2, 14)
    return grey + (noise.T if rng.random() < 0.3 else noise)


def _stain(grey: Grey, rng: np.random.Generator) -> Grey:
    """A patch with a more or less sharp rim, darker or brighter than its surroundings."""
    field: Grey = _clouds(len(grey), rng, finest=int(rng.choice([4, 8, 16])))
    if rng.random() < 0.4:  # drawn out along an axis, as runs of water are
        length = float(rng.uniform(5, 30))
        field = cv2.GaussianBlur(field, (0, 0), sigmaX=1, sigmaY=length)
        field = field / (field.std() + 1e-6)
    steep = np.clip((field - rng.uniform(0.3, 1.8)) * rng.uniform(2, 25), -30, 30)
    inside = 1 / (1 + np.exp(-steep))
    return np.asarray(grey + inside * rng.normal(0, 20), np.float32)


def _pits(grey: Grey, rng: np.random.Generator) -> Grey:
    """Pits, chips and dirt: small dark or bright blobs, at most four times as long as wide."""
    size = len(grey)
    for _ in range(rng.integers(3, 40)):
        short = rng.uniform(0.5, 3.5)
        axes = (int(8 * short), int(8 * short * rng.uniform(1, 4)))
        place = tuple(int(v) for v in rng.uniform(0, size * 8, 2))
        blob = np.zeros_like(grey)
        turn = float(rng.uniform(0, 360))
        cv2.ellipse(blob, place, axes, turn, 0, 360, 1.0, -1, cv2.LINE_8, _SUB)
        grey = grey * (1 - blob * rng.uniform(-0.15, 0.6))
    return grey


def _joints(grey: Grey, rng: np.random.Generator) -> Grey:
    """Straight joints and edges of planks, along an axis, from one side to the other."""
    size = len(grey)
    upright = rng.random() < 0.7
    if not upright:
        grey = grey.T
    for _ in range(rng.integers(1, 4)):
        x = rng.uniform(0, size)
        lean = rng.normal(0, 0.02)
        column = np.arange(size, dtype=np.float32)[None, :]
        waver = cv2.GaussianBlur(rng.normal(size=(size, 1)).astype(np.float32), (0, 0), 12.0)
        line = x + lean * np.arange(size, dtype=np.float32)[:, None] + rng.uniform(0, 3) * waver
        width = rng.uniform(0.5, 3.0)
        profile = np.exp(-0.5 * ((column - line) / width) ** 2)
        if rng.random() < 0.4:  # now and then filled up
            fill = cv2.GaussianBlur(rng.normal(size=(size, 1)).astype(np.float32), (0, 0), 9.0)
            profile = profile * np.clip(0.6 + 4 * fill, 0, 1)
        grey = grey * (1 - rng.uniform(0.05, 0.7) * profile)
        if rng.random() < 0.5:  # the next plank has another brightness
            grey = grey + (column > line) * rng.normal(0, 10)
    grey = grey.astype(np.float32)
    return grey if upright else np.ascontiguousarray(grey.T)


def _scratches(grey: Grey, rng: np.random.Generator) -> Grey:
    """Bright straight lines."""
    cover = np.zeros_like(grey)
    for _ in range(rng.integers(1, 6)):
        a, b = (rng.uniform(-0.2, 1.2, (2, 2)) * len(grey) * 8).astype(int)
        cv2.line(cover, tuple(map(int, a)), tuple(map(int, b)), 1.0, 1, cv2.LINE_8, _SUB)
    return grey + cover * rng.uniform(8, 50)


def _shade(grey: Grey, rng: np.random.Generator) -> Grey:
    """A shadow's edge, or light that falls off."""
    size = len(grey)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    along = (x - size * rng.uniform(0.1, 0.9)) * np.cos(turn) + (y - size / 2) * np.sin(turn)
    inside = 1 / (1 + np.exp(-np.clip(along / rng.uniform(0.8, 40), -30, 30)))
    return np.asarray(grey * (1 - rng.uniform(0.1, 0.6) * inside), np.float32)


def _border(grey: Grey, truth: Grey, rng: np.random.Generator) -> Grey:
    """The side of the part with what lies behind it: a bright or dark strip with a rim."""
    size = len(grey)
    turns = int(rng.integers(0, 4))
    grey = np.ascontiguousarray(np.rot90(grey, turns))
    width = rng.uniform(3, 0.2 * size)
    bend = _clouds(size, rng, finest=32)[:, :1] * rng.uniform(0, 3)
    inside = (np.arange(size)[None, :] < width + bend).astype(np.float32)
    rim = np.exp(-0.5 * ((np.arange(size)[None, :] - width - bend) / rng.uniform(1, 4)) ** 2)
    grey = grey * (1 - inside) + inside * rng.uniform(5, 220) + rim * rng.normal(0, 30)
    np.rot90(truth, turns)[inside > 0] = 0
    return np.ascontiguousarray(np.rot90(grey, -turns)).astype(np.float32)


def _crack(size: int, rng: np.random.Generator) -> Grey:
    """How much of each pixel a crack covers: a winding path of changing width with branches."""
    cover = np.zeros((4 * size, 4 * size), np.uint8)
    heading = rng.uniform(0, 2 * np.pi)
    # A persistent random walk: curvature is a slowly changing random value, kinks come on top.
    wander = rng.uniform(0.02, 0.12)
    kink = rng.uniform(0.0, 0.6)
    width = rng.uniform(0.7, 4.0) if rng.random() < 0.6 else rng.uniform(0.6, 1.6)
    start = rng.uniform(-0.1, 1.1, 2) * size
    length = rng.uniform(0.15, 1.5) * size
    todo = [(start, heading, length, width)]
    while todo:
        place, heading, length, width = todo.pop()
        curvature = 0.0
        bearing = heading
        # Most cracks keep a bearing over their length, some turn as they like.
        keep = rng.uniform(0.05, 0.3) if rng.random() < 0.75 else 0.0
        swell = 0.0
        step = 2.0
        taper = rng.uniform(5, 40)
        travelled = 0.0
        gap = 0.0
        while travelled < length:
            curvature = 0.9 * curvature + rng.normal(0, wander) * 0.4
            swell = 0.9 * swell + rng.normal(0, 0.15)
            heading += curvature + (rng.normal(0, 1.0) * kink if rng.random() < 0.4 else 0.0)
            heading -= keep * (heading - bearing)
            following = place + step * np.array([np.cos(heading), np.sin(heading)])
            local = width * np.exp(swell) * min(1.0, (length - travelled) / taper)
            gap = gap - step if gap > 0 else (rng.uniform(2, 8) if rng.random() < 0.01 else 0.0)
            if gap <= 0:
                a, b = (4 * place).astype(int), (4 * following).astype(int)
                thick = max(1, round(4 * float(np.clip(local, 0.4, 6))))
                cv2.line(cover, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), 255, thick)
            if rng.random() < 0.006 and length > 30:
                turn = heading + rng.choice([-1, 1]) * rng.uniform(0.4, 1.4)
                todo.append((following, turn, length * rng.uniform(0.15, 0.5), 0.7 * width))
            place = following
            travelled += step
    return (cv2.resize(cover, (size, size), interpolation=cv2.INTER_AREA) / 255).astype(np.float32)
