"""What the network says of a photograph, block by block where that is large."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twincell.errors import InspectionError
from twincell.inspection.photo_normal import two_views

__all__ = ["check_network", "network_evidence"]

_MODEL = "photo_cracks.onnx"
_STRIDE = 16
"""Sides that the network takes are multiples of this [px]."""
_RIM = 16
"""Mirrored strip around what the network sees [px]."""
_WHOLE = 1536
"""Sides up to which a photograph is seen at once; 2 GB are needed then [px]."""
_BLOCK, _OVERLAP = 1024, 160
"""Side of a block's own part, and what is seen around it: as far as the network looks [px]."""

Array = NDArray[np.float32]


def network_evidence(grey: Array, network: Path | None = None) -> tuple[Array, Array]:
    """Evidence of crack and of joint, (h, w) each, 0 to 1.

    Sides are mirrored up to multiples of what the network takes. Large photographs are seen in
    blocks that overlap by more than the network looks, so that it makes no difference.

    Args:
        grey: (h, w) grey values 0 to 255.
        network: ONNX file of `inspect train`; the shipped one without it.

    Raises:
        InspectionError: `network` cannot be read or is no such network.
    """
    session = _network(network)
    height, width = grey.shape
    right, below = _RIM + -width % _STRIDE, _RIM + -height % _STRIDE
    padded = np.stack(
        [
            cv2.copyMakeBorder(view, _RIM, below, _RIM, right, cv2.BORDER_REFLECT_101)
            for view in two_views(grey)
        ]
    )
    answer = np.empty_like(padded)
    rows, columns = (_blocks(side) for side in padded.shape[1:])
    for row, high in rows:
        for column, wide in columns:
            seen = np.ascontiguousarray(padded[None, :, high, wide])
            (said,) = session.run(None, {"views": seen})
            own = said[0, :, row.start - high.start :, column.start - wide.start :]
            answer[:, row, column] = own[:, : row.stop - row.start, : column.stop - column.start]
    inner = answer[:, _RIM : _RIM + height, _RIM : _RIM + width]
    return inner[0], inner[1]


def _blocks(side: int) -> list[tuple[slice, slice]]:
    """Along one side each block's own part, and what is seen for it [px]."""
    if side <= _WHOLE:
        return [(slice(0, side), slice(0, side))]
    return [
        (
            slice(at, min(at + _BLOCK, side)),
            slice(max(at - _OVERLAP, 0), min(at + _BLOCK + _OVERLAP, side)),
        )
        for at in range(0, side, _BLOCK)
    ]


def check_network(path: Path) -> None:
    """Refuse a file that is no network, before any photograph is read.

    Raises:
        InspectionError: it cannot be read, or is another network.
    """
    _network(path)


@cache
def _network(path: Path | None) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        packed = (path or files("twincell.inspection") / _MODEL).read_bytes()
        session = onnxruntime.InferenceSession(packed, options, providers=["CPUExecutionProvider"])
        known = [i.name for i in session.get_inputs()] == ["views"]
    except Exception as error:  # onnxruntime raises whatever the broken bytes lead it to
        raise InspectionError(
            f"{path or _MODEL}: given: {error}; valid: an ONNX file of 'twincell inspect train'"
        ) from None
    if not known:
        raise InspectionError(
            f"{path}: given: another network; valid: an ONNX file of 'twincell inspect train'"
        )
    return session
