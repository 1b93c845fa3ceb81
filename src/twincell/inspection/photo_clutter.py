"""What lies about on surfaces and is no crack: layers of the synthetic photographs."""

from __future__ import annotations

import cv2
import numpy as np

from twincell.inspection.photo_noise import Grey, clouds, waver
from twincell.inspection.photo_paths import CrackStyle, draw_crack

__all__ = ["blotches", "border", "hairs", "joints", "lines", "pits", "scratches", "shade"]

_SHIFT = 3
"""Bits of a pixel's fraction in the coordinates of lines (cv2's `shift`)."""
_HAIR = CrackStyle(width=(0.6, 4.0), length=(8, 160), wander=0.6, branching=0.3, fade=0.6)


def pits(grey: Grey, rng: np.random.Generator, most: int, reach: float) -> Grey:
    """Blow-holes and pores: small dark ellipses up to `reach` px, now and then with a light rim."""
    size = len(grey)
    cover = np.zeros_like(grey)
    for _ in range(int(rng.integers(1, most))):
        middle = (rng.uniform(0, size, 2) * 8).astype(int)
        axes = np.maximum(
            rng.uniform(0.6, 1.5, 2) * min(0.5 + rng.exponential(reach / 3), reach), 0.5
        )
        turn, depth = rng.uniform(0, 180), rng.uniform(0.2, 1)
        where = (int(middle[0]), int(middle[1]))
        cv2.ellipse(
            cover,
            where,
            (int(8 * axes[0]), int(8 * axes[1])),
            turn,
            0,
            360,
            depth,
            -1,
            cv2.LINE_AA,
            _SHIFT,
        )
    cover = cv2.GaussianBlur(cover, (0, 0), float(rng.uniform(0.4, 1.0)))
    rim = np.clip(np.roll(cover, (1, 1), (0, 1)) - cover, 0, 1) * rng.uniform(0, 0.4)
    return np.asarray(grey * (1 - rng.uniform(0.3, 0.9) * np.clip(cover, 0, 1) + rim), np.float32)


def blotches(grey: Grey, rng: np.random.Generator, most: float = 0.4) -> Grey:
    """Dark or light patches with a sharp or soft edge, round or drawn out, many or few."""
    size = len(grey)
    field: Grey = clouds(size, rng, finest=4, coarsest=int(rng.choice([8, 16, 32, 64])))
    stretch = rng.uniform(1, 4)
    if stretch > 1.5:
        turn = float(rng.choice([0, 90, rng.uniform(0, 180)]))
        matrix: Grey = cv2.getRotationMatrix2D((size / 2, size / 2), turn, 1.0)
        matrix[:, 0] = matrix[:, 0] / stretch
        field = cv2.warpAffine(field, matrix, (size, size), borderMode=cv2.BORDER_REFLECT)
    level = np.quantile(field, rng.uniform(0.6, 0.985))
    sharp = rng.uniform(1, 12)
    inside = 1 / (1 + np.exp(-np.clip(sharp * (field - level) * 3, -30, 30)))
    region = np.clip(clouds(size, rng, finest=32) + rng.uniform(-0.5, 1.5), 0, 1)
    change = rng.choice([-1.0, -1.0, 0.5]) * rng.uniform(0.04, most)
    return np.asarray(grey * (1 + change * inside * region), np.float32)


def joints(grey: Grey, rng: np.random.Generator) -> tuple[Grey, Grey]:
    """Plank edges or joints: one to three nearly upright, nearly straight lines.

    Returns:
        The picture and how surely each pixel is joint (h, w), 0 to 1.
    """
    size = len(grey)
    column = np.arange(size, dtype=np.float32)[None, :]
    row = np.arange(size, dtype=np.float32)[:, None]
    marked = np.zeros_like(grey)
    lean = rng.normal(0, 0.02)
    for _ in range(int(rng.integers(1, 4))):
        line = rng.uniform(0, size) + (lean + rng.normal(0, 0.004)) * (row - size / 2)
        ripple = 0.25 * waver(size, rng, 3) + waver(size, rng, 40)
        line = line + (min(rng.exponential(0.3), 1.2) * ripple)[:, None]
        swell = np.exp(rng.uniform(0, 0.25) * waver(size, rng, 4) + 0.25 * waver(size, rng, 60))
        half = (min(0.5 + rng.exponential(1.2), 6) * np.clip(swell, 0.3, 2.2))[:, None]
        soft = rng.uniform(0.4, 1.5)
        left = rng.choice([0.5, 1.0, 1.0, 4.0])  # one flank may run out gently
        away = column - line
        away = np.where(away < 0, away / left, away)
        profile = 1 / (1 + np.exp(np.clip((np.abs(away) - half) / soft * 2, -30, 30)))
        kept = np.ones((size, 1), np.float32)
        if rng.random() < 0.5:  # filled up or broken off along a part of it
            slow = waver(size, rng, rng.uniform(5, 50))
            kept = np.clip(2.5 * (slow - np.quantile(slow, rng.uniform(0, 0.7))) + 0.3, 0.0, 1)[
                :, None
            ]
        depth = rng.uniform(0.08, 0.85) * kept
        if rng.random() < 0.1:
            depth = -0.4 * depth
        grey = grey * (1 - depth * profile)
        if rng.random() < 0.4:  # the next plank has another brightness
            grey = grey * (1 + (away > 0) * rng.normal(0, 0.06))
        marked = np.maximum(marked, profile)
        if rng.random() < 0.3:  # dirt beside it
            dirt = (
                np.exp(-np.abs(away) / rng.uniform(4, 20))
                * np.clip(waver(size, rng, 30), 0, 2)[:, None]
            )
            grey = grey * (1 - 0.12 * dirt)
    return np.asarray(grey, np.float32), np.asarray(marked, np.float32)


def scratches(grey: Grey, rng: np.random.Generator) -> Grey:
    """Bright lines, straight or bent."""
    size = len(grey)
    cover = np.zeros_like(grey)
    for _ in range(int(rng.integers(1, 5))):
        if rng.random() < 0.5:
            a, b = (rng.uniform(-0.2, 1.2, (2, 2)) * size * 8).astype(int)
            a, b = (int(a[0]), int(a[1])), (int(b[0]), int(b[1]))
            cv2.line(cover, a, b, 1.0, 1, cv2.LINE_AA, _SHIFT)
        else:
            cover = np.maximum(cover, draw_crack(size, rng, _HAIR)[0])
    return np.asarray(grey + cover * rng.uniform(8, 60), np.float32)


def lines(grey: Grey, rng: np.random.Generator, darkest: float = 0.35) -> Grey:
    """Dark lines that are dead straight: tool marks, wood fibres, drawn lines."""
    size = len(grey)
    cover = np.zeros_like(grey)
    common = rng.normal(0, 0.05) + rng.choice([0, np.pi / 2, rng.uniform(0, np.pi)])
    for _ in range(int(rng.integers(1, 6))):
        turn = common + rng.normal(0, 0.02) + np.pi / 2
        middle, reach = rng.uniform(0, size, 2), rng.uniform(0.1, 1.0) * size
        way = reach * np.array([np.cos(turn), np.sin(turn)])
        a, b = ((middle - way) * 8).astype(int), ((middle + way) * 8).astype(int)
        ends = (int(a[0]), int(a[1])), (int(b[0]), int(b[1]))
        cv2.line(cover, *ends, float(rng.uniform(0.3, 1)), int(rng.integers(1, 3)), cv2.LINE_AA, 3)
    cover = cv2.GaussianBlur(cover, (0, 0), float(rng.uniform(0.5, 1.2)))
    return np.asarray(grey * (1 - rng.uniform(0.05, darkest) * cover), np.float32)


def hairs(grey: Grey, rng: np.random.Generator) -> Grey:
    """Faint dark threads of dirt and wear, and clouds of specks."""
    size = len(grey)
    cover = np.zeros_like(grey)
    for _ in range(int(rng.integers(1, 9))):
        thread = draw_crack(size, rng, _HAIR)[0]
        cover = np.maximum(cover, thread * rng.uniform(0.4, 1))
    specks = (rng.random(grey.shape) < 0.02) * np.clip(clouds(size, rng, 16) - 0.8, 0, 1)
    cover = np.maximum(cover, cv2.dilate(specks.astype(np.float32), np.ones((2, 2))))
    soft = cv2.GaussianBlur(cover, (0, 0), float(rng.uniform(0.5, 2.0)))
    return np.asarray(grey * (1 - rng.uniform(0.08, 0.34) * soft), np.float32)


def shade(grey: Grey, rng: np.random.Generator) -> Grey:
    """A shadow's edge, or light that falls off."""
    size = len(grey)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    turn = rng.uniform(0, 2 * np.pi)
    along = (x - size * rng.uniform(0.1, 0.9)) * np.cos(turn) + (y - size / 2) * np.sin(turn)
    inside = 1 / (1 + np.exp(-np.clip(along / rng.uniform(0.8, 60), -30, 30)))
    return np.asarray(grey * (1 - rng.uniform(0.1, 0.7) * inside), np.float32)


def border(grey: Grey, rng: np.random.Generator, turns: int) -> tuple[Grey, Grey]:
    """One side of the part (left, then turned `turns` quarter turns) and what lies behind it.

    Returns:
        The picture and true (h, w) on what lies behind.
    """
    size = len(grey)
    grey = np.ascontiguousarray(np.rot90(grey, turns))
    width = rng.uniform(0, 0.12 * size)
    bow = rng.normal(0, 5) * np.linspace(-1, 1, size) ** 2 + rng.normal(0, 4) * np.linspace(
        -1, 1, size
    )
    frayed = rng.exponential(0.6) * waver(size, rng, rng.uniform(2, 12))
    chips = np.clip(waver(size, rng, 5) - rng.uniform(1.2, 3), 0, 1) * rng.uniform(0, 8)
    edge = (width + bow + frayed + chips)[:, None]
    away = np.arange(size)[None, :] - edge
    outside = 1 / (1 + np.exp(np.clip(away / rng.uniform(0.3, 1.0), -30, 30)))
    behind = rng.uniform(0, 40) if rng.random() < 0.75 else rng.uniform(40, 220)
    texture = behind * (1 + 0.3 * clouds(size, rng, finest=2))
    reach = rng.uniform(1, 12)
    rim = np.exp(-np.clip(away, 0, None) / reach) * (away > -1)
    # A rounded or a polished rim is darker or brighter than the face.
    grey = grey * (1 + rim * rng.uniform(-0.7, 0.7))
    if rng.random() < 0.4:  # a step or groove along the side, as a chamfer makes
        at, wide = rng.uniform(3, 30), rng.uniform(1, 5)
        grey = grey * (1 + rng.uniform(-0.5, 0.8) * np.exp(-0.5 * ((away - at) / wide) ** 2))
    grey = grey * (1 - outside) + texture * outside
    back = np.ascontiguousarray(np.rot90(grey, -turns)).astype(np.float32)
    return back, np.ascontiguousarray(np.rot90(away < 0, -turns))
