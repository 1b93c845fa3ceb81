"""One process of the stack: started in a group of its own, its words merged, ended for sure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from twincell.stack.environment import executable_of
from twincell.stack.specs import NodeSpec

__all__ = ["Process", "arguments"]


def arguments(spec: NodeSpec, parameters: Path) -> list[str]:
    """The ROS command line of a specification.

    Args:
        spec: the process.
        parameters: the file that holds its parameters.
    """
    args = ["--ros-args", "-r", f"__node:={spec.name}"]
    if spec.namespace:
        args += ["-r", f"__ns:=/{spec.namespace}"]
    for source, target in spec.remappings:
        args += ["-r", f"{source}:={target}"]
    return [*args, "--params-file", str(parameters)]


def _prefix(spec: NodeSpec) -> list[str]:
    return ["nice", "-n", str(spec.nice)] if spec.nice else []


class Process:
    """A running node.

    Args:
        spec: what to start.
        environment: complete.
        out: folder for `params/` and `logs/`.
        echo: called with each line that the process writes, from a thread of its own.
        again: whether its log goes on where an earlier one has ended.

    Raises:
        AssetError: no such executable.
    """

    def __init__(
        self,
        spec: NodeSpec,
        environment: Mapping[str, str],
        out: Path,
        echo: Callable[[NodeSpec, str], None],
        again: bool = False,
    ) -> None:
        self.spec = spec
        self.began = time.monotonic()
        self._mode = "a" if again else "w"
        program = executable_of(spec, environment)
        parameters = out / "params" / f"{spec.name}.yaml"
        parameters.parent.mkdir(parents=True, exist_ok=True)
        # JSON is YAML; `/**` matches the node in any namespace
        parameters.write_text(
            json.dumps({"/**": {"ros__parameters": spec.parameters}}, indent=2), encoding="utf-8"
        )
        self.log = out / "logs" / f"{spec.name}.log"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [*_prefix(spec), str(program), *arguments(spec, parameters)],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, args=(echo,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Process id; also that of its group."""
        return self._process.pid

    def poll(self) -> int | None:
        """Exit code, None while it runs; negative where a signal ended it."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process's own group, while it runs."""
        if self.poll() is None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:  # it ended in between
                return

    def close(self, timeout: float = 2.0) -> None:
        """Wait for the last line of an ended process."""
        self._process.wait()
        self._reader.join(timeout)

    def _read(self, echo: Callable[[NodeSpec, str], None]) -> None:
        stream = self._process.stdout
        if stream is None:
            return
        with stream, self.log.open(self._mode, encoding="utf-8", buffering=1) as log:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip("\n")
                log.write(line + "\n")
                echo(self.spec, line)
