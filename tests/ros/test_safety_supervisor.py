"""The supervisor over DDS: senseless requests and early resets change nothing, and are told."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.ros


def test_bad_input_is_refused_with_the_reason_and_the_cell_stays_stopped(
    start: Callable[..., Any], until: Callable[..., None], outside: Any
) -> None:
    from diagnostic_msgs.msg import DiagnosticArray
    from std_msgs.msg import Header
    from std_srvs.srv import Trigger
    from twincell_msgs.msg import SafetyState, StopRequest

    from twincell_nodes import qos

    supervisor = start("safety_supervisor")
    states: list[SafetyState] = []
    told: list[str] = []
    outside.create_subscription(SafetyState, "safety/state", states.append, qos.safety_state(0.2))
    outside.create_subscription(
        DiagnosticArray,
        "/diagnostics",
        lambda m: told.extend(pair.value for s in m.status for pair in s.values),
        qos.RELIABLE,
    )
    requests = outside.create_publisher(StopRequest, "safety/stop_request", qos.RELIABLE)
    alive = outside.create_publisher(Header, "inspection/alive", qos.RELIABLE)
    button = outside.create_client(Trigger, "safety/emergency_stop")
    reset = outside.create_client(Trigger, "safety/reset")

    def call(client: Any) -> Any:
        """Again where no answer comes: DDS may know of a service before that knows of us."""
        futures: list[Any] = []

        def answered() -> bool:
            if not futures or time.monotonic() - futures[-1][0] > 5.0:
                futures.append((time.monotonic(), client.call_async(Trigger.Request())))
            return any(future.done() for _, future in futures)

        until(answered, "an answer")
        return next(future.result() for _, future in futures if future.done())

    ready = (button.service_is_ready, reset.service_is_ready, requests.get_subscription_count)
    until(lambda: states and all(r() for r in ready), "the supervisor", 60)
    assert states[-1].mode == SafetyState.STARTING
    assert call(button).success
    until(lambda: states[-1].mode == SafetyState.STOPPED, "the stop")

    good = {"function": 2, "category": 1, "cause": "mover_fault", "scope": "cell"}
    bad = {"category": 9, "cause": "mover_falt", "scope": "hander", "function": 7}
    for key, value in bad.items():
        requests.publish(StopRequest(id=f"bad-{key}", **{**good, key: value}))
    # silent scanners and stamps that are no times
    message = Header(frame_id="blade_1")
    message.stamp.sec = -5
    alive.publish(message)
    requests.publish(StopRequest(id="good", **good))
    until(lambda: any(r.id == "good" for r in states[-1].active), "the good request")
    assert states[-1].mode == SafetyState.STOPPED
    assert not any(r.id.startswith("bad") for r in states[-1].active)

    answer = call(reset)
    assert not answer.success
    for lidar in ("lidar_east", "lidar_west"):
        assert f"{lidar} was never heard" in answer.message
    assert states[-1].mode == SafetyState.STOPPED
    until(lambda: any("reset refused" in text for text in told), "the reason")
    assert supervisor.poll() is None
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(10) == 0
