"""Real nodes in processes of their own, over real DDS, each test in a domain that nobody uses."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from twincell.assets import world_path
from twincell.stack.environment import executable_of, ros_environment
from twincell.stack.processes import arguments
from twincell.stack.specs import NodeSpec

WORLD = world_path("blade_cell")


def free_domain() -> int:
    """A ROS domain whose discovery port nobody has bound (RTPS 9.6.1: 7400 + 250 domain)."""
    start = os.getpid() % 70
    for i in range(70):
        domain = 101 + (start + i) % 70
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", 7400 + 250 * domain + 10))
            except OSError:
                continue
            return domain
    raise RuntimeError("no free ROS domain among 101 to 170")


@pytest.fixture(scope="session")
def workspace() -> Mapping[str, str]:
    """The environment of the built workspace; an AssetError says how to build it."""
    return ros_environment()


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> int:
    """A domain of this test's own, on this machine only."""
    number = free_domain()
    monkeypatch.setenv("ROS_DOMAIN_ID", str(number))
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    return number


Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start(workspace: Mapping[str, str], domain: int, tmp_path: Path) -> Iterator[Start]:
    """Starts nodes by executable name; ends them, and only them, after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(executable: str, **parameters: bool | float | str) -> subprocess.Popen[bytes]:
        given = {"world": str(WORLD), "seed": 7, **parameters}
        spec = NodeSpec("twincell_nodes", executable, executable, parameters=given)  # type: ignore[arg-type]
        file = tmp_path / f"{executable}.yaml"
        pairs = "".join(f"    {k}: {_yaml(v)}\n" for k, v in given.items())
        file.write_text(f"/**:\n  ros__parameters:\n{pairs}")
        environment = {
            **workspace,
            "ROS_DOMAIN_ID": str(domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        }
        process = subprocess.Popen(
            [str(executable_of(spec, workspace)), *arguments(spec, file)],
            env=environment,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    for process in running:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


@pytest.fixture
def until() -> Callable[..., None]:
    """Waits for a condition; fails, saying for what it waited."""

    def wait(condition: Callable[[], object], what: str, seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.02)
        pytest.fail(f"not within {seconds:g} s: {what}")

    return wait


@pytest.fixture
def outside(domain: int) -> Iterator[Any]:
    """A node that is no part of the cell, spun by a thread: what it hears, it hears meanwhile."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain)
    node = rclpy.create_node("outside", context=context)
    executor = SingleThreadedExecutor(context=context)
    executor.add_node(node)
    spinning = threading.Thread(target=executor.spin, daemon=True)
    spinning.start()
    yield node
    executor.shutdown()
    spinning.join(5.0)
    node.destroy_node()
    rclpy.try_shutdown(context=context)
