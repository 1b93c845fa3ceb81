"""Training the small network on synthetic photographs; needs the extra `train` (torch, onnx).

Nothing but `photo_synthesis.cracked_surface` goes in, unless photographs with masks are given.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import zip_longest
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.errors import InspectionError
from twincell.inspection.photo_files import (
    find_photographs,
    find_truth,
    read_photograph,
    read_truth,
)
from twincell.inspection.photo_normal import two_views
from twincell.inspection.photo_synthesis import CRACK, JOINT, cracked_surface

__all__ = ["Sample", "read_samples", "train"]

Sample = tuple[NDArray[np.float32], NDArray[np.uint8]]
"""Views (2, h, w) of a photograph, and labels (h, w): 1 crack, 2 joint."""

_SIZE = 256
"""Edge of what the network sees in training [px]."""
_AHEAD = 6
"""Batches that are made in advance."""
_REPLAYED = 600
"""Latest pictures from which half of a batch is drawn again, mirrored anew."""
_KEPT_EVERY = 50
"""Steps between two states on disk."""
_RATE = 4e-3
_JOINT_WEIGHT = 0.3


def train(
    out: Path,
    *,
    steps: int,
    seed: int,
    batch: int = 4,
    threads: int = 1,
    every: int = 500,
    real: Sequence[Sample] = (),
    start: Path | None = None,
    resume: bool = False,
    tell: Callable[[str], None] = print,
) -> None:
    """Train from scratch and write the network as ONNX, anew after every `every` steps.

    Args:
        out: the ONNX file to write.
        steps: how many batches.
        seed: root of all chance.
        batch: pictures a step; half of them new, half replayed.
        threads: processor threads for torch; a process of its own draws the pictures.
        every: steps between two files.
        real: photographs with labels, one a step in place of a replayed picture.
        start: ONNX file of an earlier training to go on from, at half the rate.
        resume: go on where a training with the same arguments was cut short; its state lies beside
            `out`, is kept every 50 steps, and ends with the training.
        tell: takes a line of progress.

    Raises:
        InspectionError: torch is not installed, or `start` is no such file.
    """
    try:
        import torch
    except ImportError:
        raise InspectionError(
            "training needs torch and onnx, given: none; valid: after 'make setup'"
        ) from None
    from twincell.inspection.photo_network import read_onnx, unet, write_onnx

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = read_onnx(start) if start is not None else unet()
    rate = _RATE / 2 if start is not None else _RATE
    optimiser = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=rate, total_steps=steps, pct_start=0.08
    )
    mean_loss, done = 1.0, 0
    state = out.with_suffix(".state")
    out.parent.mkdir(parents=True, exist_ok=True)
    of = [steps, seed, batch, _digest(start, real)]
    if resume and state.is_file():
        done, mean_loss = _restore(state, of, net, optimiser, schedule)
        tell(f"resumed at step {done}/{steps}")
        rng = np.random.default_rng([seed, done])
    kept: deque[Sample] = deque(maxlen=_REPLAYED)
    fresh = (batch + 1) // 2
    spawn = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    with ProcessPoolExecutor(1, mp_context=spawn) as maker:
        coming: deque[Future[list[Sample]]] = deque(
            maker.submit(_made, seed, step, fresh) for step in range(done, done + _AHEAD)
        )
        for step in range(done + 1, steps + 1):
            samples = coming.popleft().result()
            coming.append(maker.submit(_made, seed, step + _AHEAD - 1, fresh))
            again = (
                [kept[int(i)] for i in rng.integers(0, len(kept), batch - fresh)] if kept else []
            )
            kept.extend(samples)
            if real:
                again[:1] = [_cut(real[int(rng.integers(0, len(real)))], rng)]
            chosen = samples + [_mirrored(sample, rng) for sample in again]
            loss = _loss(net, chosen)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            mean_loss += 0.01 * (float(loss.detach()) - mean_loss)
            if step % 100 == 0:
                tell(f"step {step}/{steps}, loss {mean_loss:.3f}")
            if step % every == 0 or step == steps:
                write_onnx(net, out)
            if step % _KEPT_EVERY == 0:
                parts = [m.state_dict() for m in (net, optimiser, schedule)]
                _keep(state, {"of": of, "at": (step, mean_loss), "parts": parts})
    state.unlink(missing_ok=True)


def _keep(path: Path, state: dict[str, Any]) -> None:
    """All of the state in a file, or what it was before."""
    import torch

    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def _digest(start: Path | None, real: Sequence[Sample]) -> str:
    """Of what a training begins with and learns from, beside chance."""
    told = hashlib.sha256(b"" if start is None else start.read_bytes())
    for views, labels in real:
        told.update(np.ascontiguousarray(views).tobytes() + np.ascontiguousarray(labels).tobytes())
    return told.hexdigest()


def _restore(path: Path, of: list[Any], *into: Any) -> tuple[int, float]:
    """Fill what learns with a kept state; the step it was kept at, and the mean loss.

    Raises:
        InspectionError: the state cannot be read or is one of another training.
    """
    import torch

    try:
        known = torch.load(path, weights_only=True)
        given, (done, mean_loss), parts = list(known["of"]), known["at"], known["parts"]
    except Exception as error:  # torch raises whatever the broken bytes lead it to
        raise InspectionError(
            f"{path}: given: {type(error).__name__}; valid: a state of 'twincell inspect train', "
            "or none"
        ) from None
    if given != of:
        words = ("steps", "seed", "pictures a step", "--from and photographs (digest)")
        pairs = zip_longest(words, given, of)
        other = [f"{word} {there}, now {here}" for word, there, here in pairs if there != here]
        raise InspectionError(
            f"{path}: a state of another training ({'; '.join(other)}); valid: the same command, "
            "or no such file"
        )
    for learner, part in zip(into, parts, strict=True):
        learner.load_state_dict(part)
    return int(done), float(mean_loss)


def read_samples(folder: Path, truths: Path) -> list[Sample]:
    """Photographs with masks to learn from; one without a mask is free of cracks.

    Raises:
        InspectionError: a file is bad, or no photograph has a mask.
    """
    samples: list[Sample] = []
    for path in find_photographs(folder):
        grey = read_photograph(path)
        mask = find_truth(path, folder, truths)
        labels = np.zeros(grey.shape, np.uint8)
        if mask is not None:
            crack, edge = read_truth(mask, grey.shape)
            # Marked lines of one pixel are widened to what the synthetic ones cover.
            labels[
                cv2.dilate(crack.astype(np.uint8), np.ones((2, 2))) > 0 if edge.any() else crack
            ] = CRACK
            labels[edge] = JOINT
        samples.append((two_views(grey), labels))
    if not any((labels == CRACK).any() for _, labels in samples):
        raise InspectionError(
            f"{truths}: given: no mask of any photograph of {folder}; valid: some"
        )
    return samples


def _made(seed: int, step: int, count: int) -> list[Sample]:
    """The new pictures of one step; the same whatever ran before."""
    rng = np.random.default_rng([seed, step])
    pairs = [cracked_surface(_SIZE, rng) for _ in range(count)]
    return [(two_views(grey), labels) for grey, labels in pairs]


def _mirrored(sample: Sample, rng: np.random.Generator) -> Sample:
    views, labels = sample
    if rng.random() < 0.5:
        views, labels = views[:, :, ::-1], labels[:, ::-1]
    if rng.random() < 0.5:
        views, labels = views[:, ::-1], labels[::-1]
    return views, labels


def _cut(sample: Sample, rng: np.random.Generator) -> Sample:
    """A square of a photograph, mirrored up where the photograph is smaller."""
    views, labels = sample
    height, width = labels.shape
    pad = ((0, max(0, _SIZE - height)), (0, max(0, _SIZE - width)))
    views = np.pad(views, ((0, 0), *pad), mode="symmetric")
    labels = np.pad(labels, pad, mode="symmetric")
    y = int(rng.integers(0, labels.shape[0] - _SIZE + 1))
    x = int(rng.integers(0, labels.shape[1] - _SIZE + 1))
    inner = (slice(y, y + _SIZE), slice(x, x + _SIZE))
    return views[:, *inner], labels[inner]


def _loss(net: Any, samples: list[Sample]) -> Any:
    """Cross-entropy and one minus the Dice coefficient (Milletari et al., 2016) of the cracks."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits as entropy

    seen = torch.from_numpy(np.stack([views for views, _ in samples]))
    labels = np.stack([labels for _, labels in samples])
    crack = torch.from_numpy((labels == CRACK).astype(np.float32))
    joint = torch.from_numpy((labels == JOINT).astype(np.float32))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = net(seen.contiguous(memory_format=torch.channels_last))
    logits = logits.float()
    cover = torch.sigmoid(logits[:, 0])
    dice = 1 - (2 * (cover * crack).sum() + 1) / (cover.sum() + crack.sum() + 1)
    return (
        3 * entropy(logits[:, 0], crack) + dice + _JOINT_WEIGHT * 3 * entropy(logits[:, 1], joint)
    )
