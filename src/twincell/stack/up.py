"""`twincell up`: start the list of node specifications where no `launch` is installed."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from twincell.stack.environment import ready_environment
from twincell.stack.processes import Process
from twincell.stack.specs import NodeSpec

__all__ = ["INTERRUPTED", "console", "end", "up"]

INTERRUPTED = 130
"""Exit code after Ctrl-C or SIGTERM, as shells tell it."""

PATIENCE = ((signal.SIGINT, 8.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 2.0))
"""How a process is asked to end, and for how long [s] before the next way."""

HASTY, TRIES = 5.0, 3
"""A node that is killed so soon after its start [s], so often in a row, is not started again."""

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


def console(colour: bool | None = None) -> Callable[[NodeSpec, str], None]:
    """A writer of merged logs to standard error: `[node] line`, one colour a node.

    Args:
        colour: None for colours where standard error is a terminal.
    """
    lock = threading.Lock()
    shades: dict[str, int] = {}
    coloured = sys.stderr.isatty() if colour is None else colour

    def write(spec: NodeSpec, line: str) -> None:
        with lock:
            shade = shades.setdefault(spec.name, _COLOURS[len(shades) % len(_COLOURS)])
            prefix = f"[{spec.name}]"
            if coloured:
                prefix = f"\033[{shade}m{prefix}\033[0m"
            print(f"{prefix} {line}", file=sys.stderr, flush=True)

    return write


def up(
    specs: Sequence[NodeSpec],
    *,
    out: Path,
    environment: Mapping[str, str] | None = None,
    echo: Callable[[NodeSpec, str], None] | None = None,
    timeout: float | None = None,
    on_started: Callable[[Mapping[str, int]], None] | None = None,
) -> int:
    """Run a list of nodes until the terminal one ends, one dies, or the user ends it.

    Each node has a process group of its own; only these groups are ever signalled.

    Args:
        specs: what to start.
        out: folder of the run: `logs/<node>.log`, `params/<node>.yaml`.
        environment: to start from; the process's own where none is given. An unsourced workspace
            of the checkout is sourced for the nodes.
        echo: called with each line of each node, from its own thread; `console()` by default.
        timeout: longest wall time [s]; then everything is ended and the result is 124.
        on_started: called with the process ids by node name, once with all, and with that of each
            node that is started again.

    Returns:
        0 when a terminal node ended with 0; its exit code otherwise; 1 when another node ended by
        itself (one that may be respawned is started again where a signal killed it); 130 after
        SIGINT or SIGTERM; 124 after the timeout.

    Raises:
        AssetError: the workspace is not built or an executable is missing; nothing was started.
    """
    variables = ready_environment(specs, environment)
    out = out.resolve()
    variables["PYTHONUNBUFFERED"] = "1"
    variables["RCUTILS_LOGGING_BUFFERED_STREAM"] = "0"
    variables["ROS_LOG_DIR"] = str(out / "logs" / "ros")
    echo = console() if echo is None else echo

    interrupted: list[int] = []
    former = _catch_signals(interrupted)
    processes: list[Process] = []
    try:
        for spec in specs:
            # one by one: those that run are ended where a later one fails to start
            processes.append(Process(spec, variables, out, echo))  # noqa: PERF401
        if on_started is not None:
            on_started({p.spec.name: p.pid for p in processes})

        def again(spec: NodeSpec) -> Process:
            process = Process(spec, variables, out, echo, again=True)
            if on_started is not None:
                on_started({spec.name: process.pid})
            return process

        return _watch(processes, interrupted, timeout, echo, again)
    finally:
        end(processes)
        for number, handler in former.items():
            signal.signal(number, handler)


def _catch_signals(interrupted: list[int]) -> dict[signal.Signals, Any]:
    """Note SIGINT, SIGTERM and that the terminal is gone, where this thread may.

    A terminal that is gone is none of our business where somebody (nohup) has said so.

    A list, not an event: a second signal in the handler of the first would wait for the event's
    lock, which is its own.
    """
    if threading.current_thread() is not threading.main_thread():
        return {}

    def handler(number: int, _frame: FrameType | None) -> None:
        interrupted.append(number)

    caught = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        caught.append(signal.SIGHUP)
    return {n: signal.signal(n, handler) for n in caught}


def _watch(
    processes: list[Process],
    interrupted: Sequence[int],
    timeout: float | None,
    echo: Callable[[NodeSpec, str], None],
    again: Callable[[NodeSpec], Process],
) -> int:
    """Wait for the end, start again what may be, and say with which exit code it ended."""
    started = time.monotonic()
    hasty: Counter[str] = Counter()
    while not interrupted:
        time.sleep(0.05)
        for i, process in enumerate(processes):
            code = process.poll()
            if code is None:
                continue
            lived = time.monotonic() - process.began
            name = process.spec.name
            hasty[name] = hasty[name] + 1 if lived < HASTY else 0
            if process.spec.respawn and code < 0 and hasty[name] < TRIES:
                process.close()
                echo(process.spec, f"killed by {_signal(-code)}; it is started again")
                processes[i] = again(process.spec)
                continue
            if process.spec.terminal:
                return code if code >= 0 else 128 - code
            process.close()
            echo(process.spec, f"ended by itself with exit code {code}; see {process.log}")
            return 1
        if timeout is not None and time.monotonic() - started > timeout:
            print(f"twincell up: not finished after {timeout:g} s", file=sys.stderr)
            return 124
    return INTERRUPTED


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def end(processes: Sequence[Process], share: float = 1.0) -> None:
    """SIGINT, then SIGTERM, then SIGKILL to the groups that still run.

    Args:
        processes: to end.
        share: of the usual patience; less than 1 for whoever is given that patience itself.
    """
    for number, usual in PATIENCE:
        patience = share * usual
        running = [p for p in processes if p.poll() is None]
        if not running:
            break
        for process in running:
            process.signal(number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and any(p.poll() is None for p in running):
            time.sleep(0.02)
    for process in processes:
        process.close()
