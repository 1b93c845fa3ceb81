"""The console: the cell in a browser by its topics, the operator's buttons by its services."""

import json
import queue
import time
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from rclpy.client import Client
from rclpy.task import Future
from std_srvs.srv import Trigger
from twincell_msgs.msg import AnomalyArray, BodyStates, Plan, ProductionEvent, SafetyState
from twincell_msgs.srv import InjectDisruption

from twincell.cell.assembly import assemble
from twincell.console.console import Console
from twincell.console.panel import Actions
from twincell.inspection.anomaly import Anomaly
from twincell.production.messages import scan_begun
from twincell_nodes import messages, qos
from twincell_nodes.anomalies import anomalies_of
from twincell_nodes.running import CellNode, give_back, run

__all__ = ["ConsoleNode", "main"]

PERIOD = 0.05
"""Between looks at what has come [s of wall time]: no topic wakes this process."""
UNANSWERED = 5.0
"""Who has not answered by then is not waited for [s of wall time]: DDS may know of a service before
that knows of us, and its answer is lost."""
SILENT = 1.0
"""The safety state is missed after so long [s of wall time]."""


class ConsoleNode(CellNode):
    """Shows the topics; parameter `port`, 0 for any that is free."""

    def __init__(self) -> None:
        super().__init__("console", port=8080)
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        actions = Actions(
            stop=lambda: self._calls.put(partial(self._trigger, self._button, "emergency stop")),
            reset=lambda: self._calls.put(partial(self._trigger, self._reset, "reset")),
            inject=lambda *asked: self._calls.put(partial(self._ask, *asked)),
        )
        bodies = assemble(self.world, self.path, self.seed).bodies
        self.console = Console(self.world, bodies, actions, self.parameter("port"))
        self._button = self.create_client(Trigger, "safety/emergency_stop")
        self._reset = self.create_client(Trigger, "safety/reset")
        self._inject = self.create_client(InjectDisruption, "production/inject")
        self._bodies = self.mailbox(BodyStates, "cell/body_states", qos.NEWEST)
        self._states = self.mailbox(SafetyState, "safety/state", qos.LATCHED)
        self._plans = self.mailbox(Plan, "production/plan", qos.KEPT)
        self._lines = self.mailbox(ProductionEvent, "production/events", qos.RELIABLE)
        self._early = self.mailbox(AnomalyArray, "inspection/anomalies", qos.RELIABLE)
        self._found = self.mailbox(AnomalyArray, "inspection/findings", qos.KEPT)
        self._known: dict[str, dict[str, Anomaly]] = {}
        self._plan = None
        self._pending: dict[Future, tuple[str, Client, float]] = {}
        self._heard = time.monotonic()
        self._said: tuple = ()
        self.wall_timer(PERIOD, self._look)
        give_back()  # of building the scene
        self.get_logger().info(f"the cell in a browser: {self.console.address}")

    # ---------------------------------------------------------------- what is shown

    def _look(self) -> None:
        while not self._calls.empty():
            self._calls.get()()
        now = time.monotonic()
        for future, (what, client, since) in list(self._pending.items()):
            if now - since > UNANSWERED:
                del self._pending[future]
                if client is self._inject:  # may still wait for the orchestrator, and happen once
                    words = "no answer yet; look at the events before you ask again"
                else:
                    client.remove_pending_request(future)
                    words = "no answer came; look at the state, or press again"
                self.console.answer(f"{what}: {words}", False)
        for message in self.waiting(self._bodies):
            rows = np.reshape(message.poses, (-1, 7))
            self.console.move(dict(zip(message.names, rows, strict=True)))
        for message in self.waiting(self._states):
            self._heard = time.monotonic()
            self._safety(messages.state_of(message))
        if (silence := time.monotonic() - self._heard) > SILENT:
            self._said = ()
            self.console.silent(silence)
        for message in self.waiting(self._plans):
            self._plan = messages.plan_of(message)
            self.console.plan(self._plan, self.now)
        if self._plan is not None:
            self.console.plan(self._plan, self.now)
        for message in self.waiting(self._early):
            early = {a.id: a for a in anomalies_of(message)}
            self._show(message.part_id, self._known.get(message.part_id, {}) | early)
        for message in self.waiting(self._found):  # a verdict stands above what came early
            self._show(message.part_id, {a.id: a for a in anomalies_of(message)})
        # last: a scan that begins anew comes after the verdict on the one before
        for message in self.waiting(self._lines):
            line = messages.event_of(message)
            self.console.line(line)
            if (part := scan_begun(line)) is not None:
                self._show(part, {})

    def _show(self, part: str, found: dict[str, Anomaly]) -> None:
        """A new scan of a blade, or its verdict, takes the place of what was found before."""
        self._known[part] = found
        self.console.findings(part, tuple(found.values()))

    def _safety(self, state) -> None:
        """Ten times a second of the shift is enough for eyes."""
        key = (state.mode, state.text, int(10 * state.stamp))
        if key != self._said:
            self._said = key
            self.console.state(state)

    # ---------------------------------------------------------------- what is pressed

    def _trigger(self, client: Client, what: str) -> None:
        self._call(client, Trigger.Request(), what)

    def _ask(self, kind: str, subject: str, parameters: Mapping[str, float | str]) -> None:
        request = InjectDisruption.Request(
            kind=kind, subject=subject, parameters=json.dumps(dict(parameters))
        )
        self._call(self._inject, request, kind)

    def _call(self, client: Client, request, what: str) -> None:
        if not client.service_is_ready():
            self.console.answer(f"{what}: nobody answers at {client.srv_name}", False)
            return
        self.console.answer(f"{what}: asked", True)
        future = client.call_async(request)
        self._pending[future] = what, client, time.monotonic()
        future.add_done_callback(partial(self._answered, what))

    def _answered(self, what: str, future: Future) -> None:
        self._pending.pop(future, None)
        answer = future.result()
        self.console.answered(what, answer.success, answer.message)

    def destroy_node(self) -> None:
        """Stop serving."""
        self.console.close()
        super().destroy_node()


def main(args=None) -> None:
    """Entry point."""
    run(ConsoleNode, args)
