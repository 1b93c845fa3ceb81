"""Disruptions in the ROS stack: injected by service, felt by a sensor and by the visitor."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.ros


def test_the_service_says_what_happened_or_why_not(
    start: Callable[..., Any], until: Callable[..., None], outside: Any, tmp_path
) -> None:
    from twincell_msgs.msg import ProductionEvent
    from twincell_msgs.srv import InjectDisruption

    start("orchestrator", out=str(tmp_path / "run"), use_sim_time=True)
    events: list[ProductionEvent] = []
    outside.create_subscription(ProductionEvent, "production/events", events.append, 10)
    client = outside.create_client(InjectDisruption, "production/inject")
    until(client.service_is_ready, "the service", 60)

    def ask(kind: str, subject: str, parameters: str) -> Any:
        request = InjectDisruption.Request(kind=kind, subject=subject, parameters=parameters)
        future = client.call_async(request)
        until(future.done, f"the answer to {kind}")
        return future.result()

    for kind, subject, parameters, words in (
        ("arm_faild", "handler", "{}", "did you mean 'arm_failed'"),
        ("arm_slow", "handlr", '{"factor": 0.5}', "did you mean 'handler'"),
        ("arm_slow", "handler", '{"factor": 2}', "in [0.001, 1]"),
        ("arm_slow", "handler", "[0.5]", "a JSON object is expected"),
    ):
        answer = ask(kind, subject, parameters)
        assert not answer.success
        assert words in answer.message
        assert answer.id == ""
    answer = ask("arm_slow", "handler", '{"factor": 0.5, "lasts": "1 min"}')
    assert answer.success
    assert answer.message == "handler moves at 50% of its speed until 60 s"
    assert answer.id == "arm_slow/handler"
    kinds = ["refused", "refused", "refused", "disruption"]
    until(lambda: [e.kind for e in events] == kinds, "the journal's lines")


def test_the_command_disrupts_the_running_stack(
    start: Callable[..., Any], until: Callable[..., None], outside: Any, workspace, tmp_path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from twincell_msgs.srv import InjectDisruption
    from typer.testing import CliRunner

    from twincell.cli import app

    for name, value in workspace.items():
        if name in ("AMENT_PREFIX_PATH", "LD_LIBRARY_PATH", "PYTHONPATH"):
            monkeypatch.setenv(name, value)
    runner = CliRunner()
    alone = runner.invoke(app, ["inject", "arm_slow", "handler", "--set", "factor=0.5", "--wait=1"])
    assert alone.exit_code == 2
    assert "no stack answers at /production/inject" in alone.output
    start("orchestrator", out=str(tmp_path / "run"), use_sim_time=True)
    client = outside.create_client(InjectDisruption, "production/inject")
    until(client.service_is_ready, "the service", 60)
    told = ["inject", "arm_slow", "handler", "--set", "factor=0.5", "--set", "lasts=1 min"]
    done = runner.invoke(app, [*told, "--wait=30"])
    assert done.exit_code == 0, done.output
    assert "handler moves at 50% of its speed until 60 s" in done.output
    wrong = runner.invoke(app, ["inject", "arm_repaired", "handlr", "--wait=30"])
    assert wrong.exit_code == 2
    assert "did you mean 'handler'" in wrong.output


def test_a_blind_sensor_measures_nothing_and_sees_again_and_a_visitor_walks_in(
    start: Callable[..., Any], until: Callable[..., None], outside: Any
) -> None:
    from sensor_msgs.msg import PointCloud2
    from twincell_msgs.msg import BodyStates, ProductionEvent

    from twincell.production.messages import Journalled
    from twincell_nodes import messages, qos
    from twincell_nodes.conversions import seconds

    start("simulator")
    start("lidar", sensor="lidar_west", use_sim_time=True)
    scans: list[float] = []
    walk: list[np.ndarray] = []
    outside.create_subscription(
        PointCloud2,
        "lidar_west/points",
        lambda m: scans.append(seconds(m.header.stamp)),
        qos.SENSOR,
    )
    outside.create_subscription(
        BodyStates, "cell/body_states", lambda m: walk.append(_visitor(m)), qos.STREAM
    )
    journal = outside.create_publisher(ProductionEvent, "production/events", qos.RELIABLE)
    until(lambda: len(scans) > 3, "scans", 90)
    until(lambda: journal.get_subscription_count() == 2, "both who listen to the journal")
    now = scans[-1]
    sees = now + 2.5
    detail = {"kind": "sensor_blackout", "parameters": {"until": sees}, "text": ""}
    line = Journalled(now, "disruption", "lidar_west", detail)
    journal.publish(messages.event(line, 1))
    detail = {"kind": "intrusion", "parameters": {"until": now + 60.0}, "text": ""}
    journal.publish(messages.event(Journalled(now, "disruption", "", detail), 2))
    until(lambda: scans[-1] > sees + 0.5, "sight", 60)
    dark = max(b - a for a, b in pairwise(scans))
    # what was measured before the line came is not taken back
    assert 1.0 < dark < 3.0
    assert [t for t in scans if sees - 1.0 < t < sees - 0.15] == []
    until(lambda: np.linalg.norm(walk[-1] - walk[0]) > 0.5, "somebody who walks")


def _visitor(message: Any) -> np.ndarray:
    """Where the visitor is."""
    return np.reshape(message.poses, (-1, 7))[message.names.index("visitor"), :3]
