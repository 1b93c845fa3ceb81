"""Training the small network on synthetic photographs; needs the extra `train` (torch, onnx).

The network is a U-Net (Ronneberger et al., 2015) of three halvings. It sees what
`photo_normal.normalise` makes of a photograph and says for each pixel how surely it is crack.
Nothing but `photo_synthesis.cracked_surface` ever goes in.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from twincell.errors import InspectionError
from twincell.inspection.photo_normal import normalise
from twincell.inspection.photo_synthesis import cracked_surface

__all__ = ["train"]

_CANVAS = 176
"""Edge of the synthetic picture [px]; its rim is cut away after the lighting was evened out."""

_CROP = 144
"""Edge of what the network sees in training [px]."""


def train(
    out: Path,
    *,
    steps: int,
    seed: int,
    width: int = 12,
    batch: int = 8,
    threads: int = 1,
    every: int = 250,
    tell: Callable[[str], None] = print,
) -> None:
    """Train from scratch and write the network as ONNX, anew after every `every` steps.

    Args:
        out: the ONNX file to write.
        steps: how many batches.
        seed: root of all chance.
        width: channels of the first level, doubled at each halving.
        batch: synthetic photographs a step.
        threads: processor threads for torch.
        every: steps between two files.
        tell: takes a line of progress.

    Raises:
        InspectionError: torch is not installed.
    """
    try:
        import torch
        from torch.nn import functional
    except ImportError:
        raise InspectionError(
            "training needs torch and onnx, given: none; valid: pip install 'twincell[train]'"
        ) from None
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = _unet(width)
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=6e-3, total_steps=steps, pct_start=0.15
    )
    rim = (_CANVAS - _CROP) // 2
    mean_loss = 1.0
    for step in range(1, steps + 1):
        pictures, truths = [], []
        for _ in range(batch):
            grey, truth = cracked_surface(_CANVAS, rng)
            inner = slice(rim, rim + _CROP)
            # The sides of real photographs are sides for the blur too: half keep them.
            if rng.random() < 0.5:
                grey, truth = grey[inner, inner], truth[inner, inner]
                pictures.append(normalise(np.ascontiguousarray(grey)))
            else:
                pictures.append(normalise(grey)[inner, inner])
                truth = truth[inner, inner]
            truths.append(truth.astype(np.float32))
        seen = torch.from_numpy(np.stack(pictures)[:, None])
        wanted = torch.from_numpy(np.stack(truths)[:, None])
        logits = net(seen)
        cover = torch.sigmoid(logits)
        dice = 1 - (2 * (cover * wanted).sum() + 1) / (cover.sum() + wanted.sum() + 1)
        loss = functional.binary_cross_entropy_with_logits(logits, wanted) * 3 + dice
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        optimiser.step()
        schedule.step()
        mean_loss += 0.02 * (float(loss.detach()) - mean_loss)
        if step % 50 == 0:
            tell(f"step {step}/{steps}, loss {mean_loss:.3f}")
        if step % every == 0 or step == steps:
            _write(net, out)


def _write(net: Any, out: Path) -> None:
    """Write `net` with a sigmoid behind it; height and width stay free multiples of eight."""
    import torch

    whole = torch.nn.Sequential(net, torch.nn.Sigmoid()).eval()
    axes = {2: "height", 3: "width"}
    part = out.with_suffix(".part")
    torch.onnx.export(
        whole,
        (torch.zeros(1, 1, 64, 64),),
        str(part),
        input_names=["photograph"],
        output_names=["crack"],
        dynamic_axes={"photograph": axes, "crack": axes},
        opset_version=17,
        dynamo=False,
    )
    part.replace(out)
    net.train()


def _unet(width: int) -> Any:
    """A U-Net of three halvings as a torch module, (n, 1, h, w) to logits (n, 1, h, w)."""
    import torch
    from torch import nn

    def block(inside: int, outside: int, dilation: int = 1) -> nn.Sequential:
        layers: list[nn.Module] = []
        for a in (inside, outside):
            layers += [
                nn.Conv2d(a, outside, 3, padding=dilation, dilation=dilation, bias=False),
                nn.BatchNorm2d(outside),
                nn.ReLU(inplace=True),
            ]
        return nn.Sequential(*layers)

    class UNet(nn.Module):  # type: ignore[misc]  # torch is no dependency, so it has no types here
        """Skip connections at full, half and quarter size, a dilated floor at an eighth."""

        def __init__(self) -> None:
            super().__init__()
            w = width
            self.down = nn.ModuleList([block(1, w), block(w, 2 * w), block(2 * w, 4 * w)])
            self.floor = block(4 * w, 8 * w, dilation=2)
            self.up = nn.ModuleList([block(12 * w, 4 * w), block(6 * w, 2 * w), block(3 * w, w)])
            self.head = nn.Conv2d(w, 1, 1)
            nn.init.constant_(self.head.bias, -3.0)

        def forward(self, x: Any) -> Any:
            kept = []
            for level in self.down:
                x = level(x)
                kept.append(x)
                x = nn.functional.max_pool2d(x, 2)
            x = self.floor(x)
            for level in self.up:
                x = nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
                x = level(torch.cat([x, kept.pop()], dim=1))
            return self.head(x)

    return UNet()
