"""What stands beside the cell: its state, the operator's buttons, plan, findings, disruptions."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import viser

from twincell.console.decision_page import decision_html
from twincell.console.plan_page import plan_html
from twincell.errors import TwincellError
from twincell.inspection.anomaly import Anomaly
from twincell.production.messages import Journalled, Plan
from twincell.report.style import MUTED, STOP
from twincell.safety.types import Mode, SafetyState
from twincell.world.disruptions import KINDS, named_values, read_parameters
from twincell.world.model import World

__all__ = ["Actions", "Panel"]

_COLOURS = {
    Mode.STARTING: MUTED,
    Mode.RUNNING: "#228833",
    Mode.SLOWED: "#b8860b",
    Mode.STOPPED: STOP,
}
_LINES = 14
"""Newest lines of the journal that are shown."""
_WORDS = ("text", "reason", "note", "why", "message")
"""Keys of a line's detail that tell people more; the first that is there."""
_HUSHED = ("remembered", "leg")
"""Kinds of lines that are for machines."""


@dataclass(frozen=True)
class Actions:
    """What the buttons do; each returns at once, its answer comes by `Panel.answer`.

    Attributes:
        stop: press the emergency button.
        reset: press reset.
        inject: let something happen: kind, subject, parameters.
    """

    stop: Callable[[], None]
    reset: Callable[[], None]
    inject: Callable[[str, str, Mapping[str, float | str]], None]


class Panel:
    """Everything that is read and pressed.

    Args:
        server: that shows it.
        world: names of what disruptions befall.
        actions: of the buttons.
    """

    def __init__(self, server: viser.ViserServer, world: World, actions: Actions) -> None:
        self._world, self._actions = world, actions
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._anomalies: dict[str, tuple[Anomaly, ...]] = {}
        self._plan: Plan | None = None
        self._shown = -1.0
        gui = server.gui
        self._state = gui.add_html(_badge("waiting for the safety supervisor", MUTED))
        stop = gui.add_button("Emergency stop", color="red", icon=viser.Icon.HAND_STOP)
        reset = gui.add_button("Reset", icon=viser.Icon.REFRESH)
        self._answer = gui.add_html("")
        stop.on_click(lambda _: actions.stop())
        reset.on_click(lambda _: actions.reset())
        tabs = gui.add_tab_group()
        with tabs.add_tab("Plan"):
            self._chart = gui.add_html("<p>no plan yet</p>")
        with tabs.add_tab("Twin"):
            self._twin = gui.add_html("<p>no decision heard of yet</p>")
        with tabs.add_tab("Findings"):
            self._found = gui.add_html("<p>nothing found yet</p>")
        with tabs.add_tab("Disrupt"):
            self._disrupt(gui)
        with tabs.add_tab("Events"):
            self._events = gui.add_html("")

    def _disrupt(self, gui: viser.GuiApi) -> None:
        kinds = tuple(KINDS)
        self._kind = gui.add_dropdown("what", kinds)
        self._subject = gui.add_dropdown("to", self._subjects(kinds[0]))
        self._given = gui.add_text("how", _hint(kinds[0]))
        self._kind.on_update(lambda _: self._chosen())
        gui.add_button("Let it happen").on_click(lambda _: self._inject())

    def _chosen(self) -> None:
        """Another kind has other subjects and parameters."""
        self._subject.options = self._subjects(self._kind.value)
        self._given.value = _hint(self._kind.value)  # type: ignore[misc]  # of a text

    def _subjects(self, kind: str) -> tuple[str, ...]:
        world, told = self._world, KINDS[kind].subject
        tools = (world.handler, world.inspection.arm)
        of = {
            "order": tuple(world.production.orders),
            "order or blade": (*world.production.orders, *world.blades),
            "arm": tuple(world.arms),
            "tool": tuple(dict.fromkeys(tools)),
            "sensor": tuple(world.sensors),
        }
        return of.get(told) or ("-",)

    def _inject(self) -> None:
        kind, subject = self._kind.value, self._subject.value
        pairs = [pair.strip() for pair in self._given.value.split(",") if pair.strip()]
        try:
            given = named_values(pairs)
            read_parameters(kind, given)
            self._actions.inject(kind, "" if subject == "-" else subject, given)
        except (ValueError, TwincellError) as error:
            self.answer(f"{kind}: {error}", False)

    # ---------------------------------------------------------------- what is told

    def answer(self, text: str, ok: bool) -> None:
        """What came of a button."""
        self._answer.content = _badge(text, "#228833" if ok else STOP, small=True)

    def state(self, state: SafetyState) -> None:
        """The supervisor's word."""
        word, text = state.mode.name.lower(), state.text
        if not text.startswith(word):
            text = f"{word}: {text}" if text else word
        self._state.content = _badge(f"{state.stamp:.1f} s, {text}", _COLOURS[state.mode])

    def silent(self, since: float) -> None:
        """Nobody has told the state for so long [s]."""
        self._state.content = _badge(f"no word of the supervisor for {since:.1f} s", STOP)

    def plan(self, plan: Plan, now: float) -> None:
        """A new plan, or the same at a later time."""
        if plan is self._plan and now - self._shown < 1.0:
            return
        if plan is not self._plan and plan.decision is not None:
            self._twin.content = decision_html(plan)
        self._plan, self._shown = plan, now
        self._chart.content = plan_html(plan, now)

    def findings(self, part: str, anomalies: Sequence[Anomaly]) -> None:
        """All that was found on a blade."""
        self._anomalies[part] = tuple(anomalies)
        rows = "".join(
            f"<tr><td>{escape(a.part)}</td><td>{escape(a.kind)}</td><td>{1e3 * a.length:.1f} mm"
            f"</td><td>{escape(a.severity)}</td><td>{100 * a.confidence:.0f} %</td></tr>"
            for found in self._anomalies.values()
            for a in found
        )
        head = "<tr><th>blade</th><th>what</th><th>length</th><th></th><th>sure</th></tr>"
        style = "font:12px sans-serif;width:100%;text-align:left;padding:0 8px"
        self._found.content = f'<table style="{style}">{head}{rows}</table>'

    def line(self, line: Journalled) -> None:
        """A line of the journal."""
        if line.kind in _HUSHED:
            return
        told = next((line.detail[k] for k in _WORDS if line.detail.get(k)), "")
        if line.kind == "refused" and line.detail.get("kind"):
            told = f"{line.detail['kind']}: {told}"
        words = " ".join(word for word in (line.kind.replace("_", " "), line.subject) if word)
        words += f": {told}" if told else ""
        self._lines.appendleft(f"<b>{line.stamp:.1f} s</b> {escape(words)}")
        style = "font:12px sans-serif;padding:0 8px"
        self._events.content = f'<div style="{style}">{"<br>".join(self._lines)}</div>'


def _badge(text: str, colour: str, small: bool = False) -> str:
    size = 12 if small else 14
    return (
        f'<div style="background:{colour};color:white;font:{size}px sans-serif;padding:6px 8px;'
        f'margin:0 8px;border-radius:4px">{escape(text)}</div>'
    )


def _hint(kind: str) -> str:
    """An example of a kind's parameters."""
    given = {"factor": "0.5", "price": "300", "power": "330", "priority": "5"}
    spec = KINDS[kind]
    words = [f"{name}={given[name]}" for name in (*spec.needs, *spec.may) if name in given]
    words += ["lasts=30 s"] if spec.ends != "never" else []
    return ", ".join(words)
