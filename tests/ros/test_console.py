"""The console node over real DDS, looked at over a real websocket."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.console.browser import Browser
from twincell.console.ports import free_port

pytestmark = pytest.mark.ros


def test_it_shows_the_topics_and_calls_the_services(
    start: Callable[..., Any], until: Callable[..., None], outside: Any
) -> None:
    from std_srvs.srv import Trigger
    from twincell_msgs.msg import (
        Alternative,
        AnomalyArray,
        BodyStates,
        Plan,
        PlannedTask,
        ProductionEvent,
        SafetyState,
    )
    from twincell_msgs.srv import InjectDisruption

    from twincell.inspection.anomaly import Anomaly
    from twincell_nodes import qos
    from twincell_nodes.anomalies import anomaly_array

    asked: list[Any] = []
    said = threading.Event()

    def refuse(_request: Any, response: Any) -> Any:
        asked.append("reset")
        response.success, response.message = False, "a person is in the zone"
        return response

    def take(request: Any, response: Any) -> Any:
        asked.append((request.kind, request.subject, request.parameters))
        response.success, response.message = True, "inspector moves at 50% of its speed"
        said.set()
        return response

    outside.create_service(Trigger, "safety/reset", refuse)
    outside.create_service(InjectDisruption, "production/inject", take)
    plans = outside.create_publisher(Plan, "production/plan", qos.KEPT)
    task = PlannedTask(id="blade_1/load", part_id="blade_1", kind="load", resource="handler",
                       status="running", start=1.0, end=9.0, note="")  # fmt: skip
    played = Alternative(name="by due time", chosen=True, cost=4.0, edges=[0.0, 8.0], counts=[9])
    plans.publish(Plan(id="plan-2", revision=2, ruling="saves 3.1 s", alternatives=[played]))
    plans.publish(Plan(id="plan-3", revision=3, reason="a rush order", tasks=[task], makespan=9.0))
    bodies = outside.create_publisher(BodyStates, "cell/body_states", qos.NEWEST)
    states = outside.create_publisher(SafetyState, "safety/state", qos.LATCHED)
    anomalies = outside.create_publisher(AnomalyArray, "inspection/anomalies", qos.RELIABLE)
    findings = outside.create_publisher(AnomalyArray, "inspection/findings", qos.KEPT)
    events = outside.create_publisher(ProductionEvent, "production/events", qos.RELIABLE)

    def found(key: str, kind: str) -> Any:
        one = Anomaly(
            key, "blade_1", kind, "major", 0.9, 0.004, 1e-4, 2e-4,  # type: ignore[arg-type]
            np.zeros(3), np.array([0.0, 0.0, 1.0]), np.zeros((1, 3)), 1.0, 1.1,
        )  # fmt: skip
        return anomaly_array("blade_1", (one,), 1.0).anomalies[0]

    port = free_port(0)
    node = start("console", port=port, use_sim_time=True)
    until(lambda: _listens(port), "the page", 60)
    browser = Browser(port)
    try:
        # latched: it was published before the console was there
        browser.until(lambda: "a rush order" in browser.words(), "the plan")
        # so was the one before it, for which the twin was asked
        browser.until(lambda: "saves 3.1 s" in browser.words(), "the twin's word")
        assert re.search(r'title="blade_1/load, 1 to 9 s, running"', browser.words())
        browser.until(lambda: "no word of the supervisor" in browser.words(), "its silence")
        state = SafetyState(mode=SafetyState.STOPPED, text="emergency button")
        event = ProductionEvent(kind="task_started", subject="blade_1/load", detail="{}")
        pose = [0.1, 0.2, 1.3, 0.0, 0.0, 0.0, 1.0]

        def shown() -> bool:
            states.publish(state)
            events.publish(event)
            bodies.publish(BodyStates(names=["blade/blade_1"], poses=pose))
            words = browser.words()
            known = "stopped: emergency button" in words and "task started blade_1/load" in words
            return known and browser.scene.get("/blade/blade_1", {}).get("visible") is True

        browser.until(shown, "state, event and pose")
        np.testing.assert_allclose(browser.scene["/blade/blade_1"]["position"], pose[:3], atol=1e-6)

        def kinds() -> list[str]:
            return re.findall(r"<td>(crack|dent)</td>", browser.words())

        early = [found("blade_1/1", "crack"), found("blade_1/2", "crack")]
        anomalies.publish(AnomalyArray(part_id="blade_1", anomalies=early))
        browser.until(lambda: kinds() == ["crack", "crack"], "what came early")
        verdict = [found("blade_1/1", "dent")]
        findings.publish(AnomalyArray(part_id="blade_1", anomalies=verdict))
        browser.until(lambda: kinds() == ["dent"], "the verdict in its place")
        again = ProductionEvent(kind="task_started", subject="blade_1/inspect#2", detail="{}")
        events.publish(again)
        browser.until(lambda: kinds() == [], "nothing, as it is scanned again")

        def press(label: str, words: str) -> None:
            """Again where no answer came: DDS may know of a service before that knows of us."""
            browser.set(label, True)

            def answered() -> bool:
                if "no answer" in browser.words():
                    browser.set(label, True)
                    browser.until(lambda: "no answer" not in browser.words(), "a new call")
                return words in browser.words()

            browser.until(answered, f"'{words}'")

        press("Reset", "a person is in the zone")
        browser.set("what", "arm_slow")
        browser.until(lambda: "factor" in browser.value("how"), "a proposal")
        browser.set("to", "inspector")
        browser.set("how", "factor=0.5, lasts=20 s")
        press("Let it happen", "50% of its speed")
        assert said.is_set()
        assert set(asked) == {
            "reset", ("arm_slow", "inspector", '{"factor": 0.5, "lasts": "20 s"}')
        }  # fmt: skip
        # nobody serves this one
        browser.set("Emergency stop", True)
        browser.until(lambda: "nobody answers at" in browser.words(), "that nobody answers")
    finally:
        browser.close()
    node.send_signal(2)
    assert node.wait(30) == 0


def test_a_port_that_is_taken_ends_it_with_a_word(
    start: Callable[..., Any], capfd: Any, domain: int
) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert start("console", port=port).wait(60) == 1
    said = capfd.readouterr().err
    assert f"console: port {port}" in said
    assert "Traceback" not in said


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
