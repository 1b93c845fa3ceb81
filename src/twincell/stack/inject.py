"""A disruption for a stack that runs: asked by its service, from outside."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twincell.errors import ProductionError, TwincellError
from twincell.stack.environment import executable_of, ros_environment
from twincell.stack.namespace import namespace_of
from twincell.stack.specs import NodeSpec

__all__ = ["Answer", "inject"]

_NO_STACK, _NO_ANSWER = 3, 4
"""Exit codes of the node."""


@dataclass(frozen=True)
class Answer:
    """What the orchestrator said: what happened, in words, and the disruption's name."""

    text: str
    id: str


def inject(
    kind: str,
    subject: str,
    parameters: Mapping[str, Any],
    namespace: str = "",
    wait: float = 5.0,
) -> Answer:
    """Ask the orchestrator of the running stack for a disruption, now.

    Args:
        kind: of the disruption.
        subject: what it befalls.
        parameters: numbers in SI, or strings with a unit.
        namespace: of the stack.
        wait: how long to look for the stack, and for its answer [s].

    Raises:
        ProductionError: the orchestrator refused; its words.
        TwincellError: no stack runs here, it does not answer, or the namespace is none.
        AssetError: the workspace is not built.
    """
    root = namespace_of(namespace)
    environment = ros_environment()
    spec = NodeSpec("twincell_nodes", "inject", "inject")
    command = [str(executable_of(spec, environment)), kind, subject]
    command += [json.dumps(dict(parameters)), f"{wait:g}"]
    if root:
        command += ["--ros-args", "-r", f"__ns:=/{root}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    where = f"{'/' + root if root else ''}/production/inject"
    domain = os.environ.get("ROS_DOMAIN_ID", "0")
    if done.returncode == _NO_STACK:
        raise TwincellError(
            f"no stack answers at {where} in ROS_DOMAIN_ID={domain} within {wait:g} s; start one "
            "(`twincell up`, `twincell demo`), or set ROS_DOMAIN_ID or --namespace to its own"
        )
    if done.returncode == _NO_ANSWER:
        raise TwincellError(f"{where} is there, and has not answered within {wait:g} s")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no word"]
        raise TwincellError(f"inject ended with exit code {done.returncode}: {last[0]}")
    told = json.loads(lines[-1])
    if not told["success"]:
        raise ProductionError(f"refused: {told['text']}")
    return Answer(told["text"], told["id"])
