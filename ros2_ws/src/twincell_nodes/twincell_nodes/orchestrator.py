"""The orchestrator: runs the shift over actions and services, and ends when it is over."""

import contextlib
import json
import os
import queue
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.task import Future
from std_msgs.msg import Float64
from twincell_msgs.msg import (
    AnomalyArray,
    Plan,
    ProductionEvent,
    SafetyState,
    StopReport,
)
from twincell_msgs.msg import StopRequest as StopRequestMsg
from twincell_msgs.srv import InjectDisruption
from visualization_msgs.msg import MarkerArray

from twincell.cell.assembly import assemble
from twincell.cell.rehearsal import Rehearsal
from twincell.cell.shift import Remembered, ShiftLog, memory
from twincell.errors import ProductionError, TwincellError
from twincell.motion.motions import CellMotions
from twincell.physics.collision import CollisionChecker
from twincell.production import messages as say
from twincell.production.identity import require_shift, shift_line
from twincell.production.journal import Journal, read_journal
from twincell.production.journal_replay import OVER, recap
from twincell.production.orchestrator import Orchestrator
from twincell.production.triggers import Triggers
from twincell.production.whereabouts import Standstill
from twincell.stack.up import INTERRUPTED
from twincell.twin.gate import TwinGate
from twincell_nodes import messages, qos
from twincell_nodes.anomalies import anomalies_of
from twincell_nodes.clients import CellClients, ServerCommand
from twincell_nodes.markers import REPEAT, plan_markers
from twincell_nodes.running import CellNode, run
from twincell_nodes.state_monitor import StateMonitor

__all__ = ["OrchestratorNode", "main"]

PATIENCE = 10.0
"""No further motion is tried in the physics cell after this wall time [s]."""
THINK = 0.05
"""Period of ticks, in wall time; a tick is left out while the orchestrator is still busy [s]."""
_WORK = ("task_started", "task_done", "task_aborted", "resumed")
"""Lines of the journal that are told in the log, too."""


@dataclass(frozen=True)
class _Answer:
    """What came of an injected disruption, for the thread that talks.

    Attributes:
        event: the disruption; kept, so that no other has its identity meanwhile.
        ok: whether it was taken in.
        text: why not.
    """

    event: say.Event
    ok: bool
    text: str


class OrchestratorNode(CellNode):
    """Hears and speaks in this thread; thinks (plans, searches) in a worker, one event at a time.

    Parameters: `out`, folder for `result.json`, `summary.json` and `journal.mcap`; a shift that its
    journal tells of is taken up where it was left. `gate_time`, wall time after which the gate
    begins no further look at a decision, and course is kept [s].
    """

    def __init__(self) -> None:
        super().__init__("orchestrator", out="out/ros", gate_time=2.0)
        self.out = Path(self.parameter("out")).resolve()
        self.out.mkdir(parents=True, exist_ok=True)
        self._assembly = assembly = assemble(self.world, self.path, self.seed)
        arms, model = assembly.descriptions, assembly.model
        checker = CollisionChecker(self.world, arms, model)
        motions = CellMotions(self.world, arms, checker.free, model.airfoil, model.grasp)
        gate = TwinGate.of(self.world, assembly.base, self.seed)
        gate = replace(gate, budget=float(self.parameter("gate_time")), clock=time.monotonic)
        self.core = Orchestrator(
            self.world, motions, self.seed, gate.means, model.grasp, gate, rehearse=True
        )
        self._rehearsal: Rehearsal | None = None
        self.shift = ShiftLog()
        self._triggers = Triggers(self.world.production.disruptions, self.seed)
        begun = self._take_up(self.out / "journal.mcap")
        # a new shift has sent nothing that could still move
        self._state_monitor = StateMonitor(
            self, assembly, Standstill() if begun else Standstill(0.0)
        )
        self._cell_clients = CellClients(self, self._came)
        self._joules = 0.0
        self._began = time.monotonic()
        self._plan: say.Plan | None = None
        self._said: tuple = ()
        self._spoken = 0.0
        self._ready = False
        self._asked: dict[int, Future] = {}
        self._connect()
        self._events: queue.SimpleQueue = queue.SimpleQueue()
        self._commands: queue.SimpleQueue = queue.SimpleQueue()
        self._heard = self.create_guard_condition(self._carry_out_all)
        self._worker = threading.Thread(target=self._think, daemon=True)
        self._worker.start()
        self.wall_timer(THINK, self._tick)
        self.wall_timer(REPEAT, self._show)
        if self.core.over:
            self._end(self.shift.events[-1].stamp)  # killed while it wrote the result

    def _take_up(self, path: Path) -> bool:
        """A journal that is there is gone on with; a new one says of which shift it is.

        Returns:
            Whether the shift had begun.
        """
        # looked at before it is opened: one that is refused stays as it is
        kept = read_journal(path) if path.exists() else ()
        if kept:
            require_shift(kept, self.world, self.seed, str(path))
        self._journal = Journal(path)
        if not kept:
            self._journal.append(shift_line(self.world, self.seed))
        self.shift.take_up(kept)
        self._triggers.take_up(entry.line for entry in kept)
        begun = kept[1:]
        self.core.take_up(begun, self.shift.plans)
        if begun:
            told = recap(begun)
            text = f"{told.entries} entries of the journal, the last at {told.stamp:.1f} s"
            self.get_logger().info(f"taking up the shift: {text}")
        return bool(begun)

    def _connect(self) -> None:
        world = self.world
        self._stops = self.create_publisher(StopRequestMsg, "safety/stop_request", qos.RELIABLE)
        self._plans = self.create_publisher(Plan, "production/plan", qos.KEPT)
        self._lines = self.create_publisher(ProductionEvent, "production/events", qos.RELIABLE)
        self._markers = self.create_publisher(MarkerArray, "production/markers", qos.LATCHED)
        self.create_subscription(
            SafetyState, "safety/state", self._state, qos.safety_state(world.safety.patience)
        )
        self.create_subscription(StopReport, "safety/stop_report", self._report, qos.KEPT)
        self.create_subscription(AnomalyArray, "inspection/anomalies", self._found, qos.RELIABLE)
        self.create_subscription(Float64, "cell/energy", self._used, qos.RELIABLE)
        # while it waits for the worker, the default group would let nothing else happen
        apart = ReentrantCallbackGroup()
        self.create_service(
            InjectDisruption, "production/inject", self._inject, callback_group=apart
        )

    # ---------------------------------------------------------------- what is heard

    def _hear(self, event: say.Event) -> None:
        self._events.put((event, self.now))

    def _used(self, message: Float64) -> None:
        self._joules = message.data

    def _state(self, message: SafetyState) -> None:
        state = messages.state_of(message)
        for request in self.shift.hear(state):
            self._remember(request)
        key = (state.mode, state.movers, state.active)
        self._spoken = time.monotonic()
        if key != self._said:
            self._said = key
            self._hear(say.SafetyHeard(state))

    def _report(self, message: StopReport) -> None:
        report = messages.stop_report_of(message)
        if self.shift.report(report):
            self._remember(report)

    def _found(self, message: AnomalyArray) -> None:
        for anomaly in anomalies_of(message):
            self.shift.anomaly(anomaly)
            self._remember(anomaly)
            self._hear(say.AnomalyFound(anomaly))

    def _remember(self, value: Remembered) -> None:
        """For the result of the shift, should another process write it."""
        if self.done is None:
            self._journal.append(memory(value, self.now))

    async def _inject(
        self, request: InjectDisruption.Request, response: InjectDisruption.Response
    ) -> InjectDisruption.Response:
        """Answers when the orchestrator has taken the disruption in, or refused it."""
        try:
            parameters = json.loads(request.parameters or "{}")
            if not isinstance(parameters, dict):
                raise ValueError("not an object")
        except ValueError as error:
            response.success = False
            response.message = f"parameters: a JSON object is expected, e.g. {{}}: {error}"
            return response
        event = say.Inject(request.kind, request.subject, parameters)
        self._asked[id(event)] = answer = Future()
        self._hear(event)
        response.success, response.message = await answer
        response.id = f"{request.kind}/{request.subject}" if response.success else ""
        return response

    def _tick(self) -> None:
        if not self._ready:
            self._ready = (
                bool(self._said) and self._state_monitor.ready and self._cell_clients.ready
            )
            return
        silent = time.monotonic() - self._spoken > self.world.safety.patience
        if silent and self._said:
            self._said = ()  # the next state is news again
            self._hear(say.SafetySilent())
        now = self.now
        for inject in self._triggers.due(now):
            self._hear(inject)
        if self.core.awaits_sight and (sighted := self._state_monitor.sight(now)) is not None:
            self._hear(sighted)
        if self._events.empty():
            self._hear(say.Tick(self._state_monitor.positions(), self._joules))

    def _came(self, event: say.Event) -> None:
        """A command has come to its end."""
        if isinstance(event, say.Verdicts):
            self.shift.verdicts[event.verdict.part] = event.verdict
            self._remember(event.verdict)
        self._hear(event)

    # ---------------------------------------------------------------- the worker

    def _think(self) -> None:
        """Handle events in order; what is to be done goes back to the node's thread."""
        while True:
            event, now = self._events.get()
            answer = _Answer(event, True, "")
            try:
                # whatever was waiting before it, a motion starts from where the arm is now
                if self._ready:
                    self.core.executor.hear(self._state_monitor.positions())
                commands = self.core.handle(event, now)
            except ProductionError as error:
                if not isinstance(event, say.Inject):
                    self._commands.put((error, now))
                    self._heard.trigger()
                    return
                # the journal's line comes with the next commands
                commands, answer = [], _Answer(event, False, str(error))
            except Exception as error:
                self._commands.put((error, now))
                self._heard.trigger()
                return
            if isinstance(event, say.Inject):
                commands = [*commands, answer]
            for command in commands:
                self._commands.put((command, now))
            if self.core.finished:
                self._commands.put((None, now))
            if commands or self.core.finished:
                self._heard.trigger()
            if self.core.finished:
                return

    # ---------------------------------------------------------------- what is said

    def _carry_out_all(self) -> None:
        while not self._commands.empty():
            command, now = self._commands.get()
            if isinstance(command, Exception):
                raise command
            if command is None:
                self._end(now)
            else:
                self._carry_out(command)

    def _carry_out(self, command: say.Command) -> None:
        if isinstance(command, _Answer):
            self._answer(command)
        elif isinstance(command, ServerCommand):
            self._cell_clients.send(command)
        elif isinstance(command, say.Look):
            self._hear(self._state_monitor.stands(command))
        elif isinstance(command, say.RequestStop):
            self._stops.publish(messages.stop_request(command.request))
        elif isinstance(command, say.Rehearse):
            threading.Thread(target=self._rehearse, args=(command,), daemon=True).start()
        elif isinstance(command, say.Publish):
            self._plan = command.plan
            self.shift.plans.append(command.plan)
            self._remember(command.plan)
            self._plans.publish(messages.plan(command.plan))
            self._show()
        else:
            self.shift.line(command)
            self._journal.append(command)
            self._triggers.hear(command)
            self._lines.publish(messages.event(command, len(self.shift.events)))
            if command.kind in _WORK:
                told = command.detail
                found = f"{told['found']}: {told['text']}" if "found" in told else ""
                words = found or told.get("note", "") or told.get("mover", "")
                words = f": {words}" if words else ""
                self.get_logger().info(f"{command.kind} {command.subject or '-'}{words}")

    def _rehearse(self, command: say.Rehearse) -> None:
        """The physics cell tries what no hand has done, while the cell works on."""
        with contextlib.suppress(OSError):  # not to be in the way of those who move arms
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        try:
            began = time.monotonic()
            self._rehearsal = self._rehearsal or Rehearsal(self._assembly)
            self._hear(self._rehearsal(command, lambda: time.monotonic() - began > PATIENCE))
        except Exception as error:
            self._commands.put((error, self.now))
            self._heard.trigger()

    def _answer(self, told: _Answer) -> None:
        """Whoever injected a disruption hears what came of it; the world file does not ask."""
        waiting = self._asked.pop(id(told.event), None)
        if waiting is None:
            return
        happened = [e.detail["text"] for e in self.shift.events if e.kind == "disruption"]
        waiting.set_result((told.ok, happened[-1] if told.ok else told.text))

    def _show(self) -> None:
        self._markers.publish(plan_markers(self._plan, self.now))

    # ---------------------------------------------------------------- the end

    def _end(self, now: float) -> None:
        """Write what came of the shift; the exit code says whether it could be finished."""
        if not self.core.over:
            self._journal.append(say.Journalled(now, OVER, "", {}))
        self._journal.close()
        self.done = 0
        summary = self.core.summary()
        text = json.dumps(summary, indent=2, default=str)
        (self.out / "summary.json").write_text(text + "\n", encoding="utf-8")
        wall = time.monotonic() - self._began
        # only now, with the shift over, the truth about the blades is looked at
        result = self.shift.result(self._assembly, self.core.state, now, wall)
        (self.out / "result.json").write_text(result.to_json() + "\n", encoding="utf-8")
        if self.core.halted:
            raise TwincellError(f"the shift could not be finished: {self.core.halted}")
        self.get_logger().info(f"the shift is over after {now:.1f} s: {self.out / 'result.json'}")


def main(args=None) -> None:
    """Entry point; exit code `INTERRUPTED` where it is told to end before the shift is over."""
    run(OrchestratorNode, args, cut_short=INTERRUPTED)
