"""The small network as a torch module; torch belongs to the extra `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twincell.errors import InspectionError

__all__ = ["STRIDE", "read_onnx", "unet", "write_onnx"]

STRIDE = 16
"""Height and width that go in are multiples of this [px]."""
_CHANNELS = (16, 24, 48, 64, 96)
"""Channels from full size down to a sixteenth."""


def unet(merged: bool = False) -> Any:
    """A U-Net (Ronneberger et al., 2015) of four halvings with a dilated floor.

    Args:
        merged: whether the normalisation is part of the convolutions, as ONNX files have it.

    Returns:
        A torch module, (n, 2, h, w) to logits (n, 2, h, w): crack and joint.
    """
    import torch
    from torch import nn

    def block(inside: int, outside: int, dilation: int = 1) -> nn.Sequential:
        layers: list[nn.Module] = []
        for a in (inside, outside):
            layers.append(
                nn.Conv2d(a, outside, 3, padding=dilation, dilation=dilation, bias=merged)
            )
            if not merged:
                layers.append(nn.BatchNorm2d(outside))
            layers.append(nn.ReLU(inplace=True))
        return nn.Sequential(*layers)

    class UNet(nn.Module):  # type: ignore[misc]  # torch is no dependency, so it has no types here
        """Skip connections at all sizes but the smallest."""

        def __init__(self) -> None:
            super().__init__()
            steps = list(zip((2, *_CHANNELS[:-2]), _CHANNELS[:-1], strict=True))
            self.down = nn.ModuleList([block(a, b) for a, b in steps])
            self.floor = block(_CHANNELS[-2], _CHANNELS[-1], dilation=2)
            back = list(zip(_CHANNELS[:0:-1], _CHANNELS[-2::-1], strict=True))
            self.up = nn.ModuleList([block(a + b, b) for a, b in back])
            self.head = nn.Conv2d(_CHANNELS[0], 2, 1)
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

    return UNet().to(memory_format=torch.channels_last)


def write_onnx(net: Any, out: Path) -> None:
    """Write `net` with a sigmoid behind it; height and width stay free multiples of `STRIDE`."""
    import torch

    training = net.training
    whole = torch.nn.Sequential(net, torch.nn.Sigmoid()).eval()
    axes = {0: "photographs", 2: "height", 3: "width"}
    part = out.with_suffix(".part")
    torch.onnx.export(
        whole,
        (torch.zeros(1, 2, 64, 64),),
        str(part),
        input_names=["views"],
        output_names=["evidence"],
        dynamic_axes={"views": axes, "evidence": axes},
        opset_version=17,
        dynamo=False,
    )
    part.replace(out)
    net.train(training)


def read_onnx(path: Path) -> Any:
    """The network in a file of `write_onnx`, with merged normalisation.

    Raises:
        InspectionError: the file cannot be read or holds another network.
    """
    import onnx
    import torch
    from torch import nn

    try:
        graph = onnx.load(str(path)).graph
        known = {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}
        pairs = [
            [known[n] for n in node.input[1:]] for node in graph.node if node.op_type == "Conv"
        ]
    except Exception as error:  # protobuf and onnx raise whatever broken bytes lead them to
        raise InspectionError(
            f"{path}: given: {error}; valid: an ONNX file of 'twincell inspect train'"
        ) from None
    net = unet(merged=True)
    convolutions = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
    given = [[array.shape for array in pair] for pair in pairs]
    if given != [[tuple(m.weight.shape), tuple(m.bias.shape)] for m in convolutions]:
        raise InspectionError(
            f"{path}: given: another network; valid: an ONNX file of 'twincell inspect train'"
        )
    with torch.no_grad():
        for module, (weight, bias) in zip(convolutions, pairs, strict=True):
            module.weight.copy_(torch.from_numpy(weight.copy()))
            module.bias.copy_(torch.from_numpy(bias.copy()))
    return net
