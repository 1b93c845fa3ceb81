"""A node of ours that starts the stack itself, run to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from twincell.errors import TwincellError
from twincell.stack.specs import NodeSpec, ParameterValue
from twincell.stack.up import up

__all__ = ["run_alone"]


def run_alone(
    node: str,
    parameters: Mapping[str, ParameterValue],
    out: Path,
    makes: Path,
    echo: Callable[[NodeSpec, str], None],
    codes: tuple[int, ...] = (0,),
) -> str:
    """Run one node of `twincell_nodes`.

    Args:
        node: its executable and name.
        parameters: of the node.
        out: folder of its logs.
        makes: the file that it leaves.
        echo: called with each line.
        codes: its exit codes at the end of its work.

    Returns:
        The text of the file.

    Raises:
        TwincellError: it did not get to its end.
    """
    spec = NodeSpec("twincell_nodes", node, node, parameters=dict(parameters), terminal=True)
    code = up([spec], out=out, echo=echo)
    if code not in codes or not makes.is_file():
        raise TwincellError(f"{node} ended with exit code {code}; see {out / 'logs'}")
    return makes.read_text(encoding="utf-8")
