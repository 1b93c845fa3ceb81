"""The console: one page for the whole cell, served on this machine alone."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout

import numpy as np
import viser
from numpy.typing import NDArray

from twincell.console.panel import Actions, Panel
from twincell.console.ports import HOST, PORT, free_port
from twincell.console.scene_view import SceneView
from twincell.geometry.bodies import Body
from twincell.inspection.anomaly import Anomaly
from twincell.production.messages import Journalled, Plan
from twincell.safety.types import SafetyState
from twincell.world.model import World

__all__ = ["Console"]

_EYE, _TARGET = (3.0, -0.9, 2.0), (0.5, 0.0, 0.75)
"""Where a browser looks from at first, and at what: the shipped cell is open to the east [m]."""


class Console:
    """Shows what it is told; the buttons call `actions` from threads of the server.

    Args:
        world: the cell.
        bodies: of it, with the blades as they were cut.
        actions: of the buttons.
        port: to listen on; 0 for any that is free.

    Attributes:
        port: that it listens on.

    Raises:
        TwincellError: the port is taken, or is none.
    """

    def __init__(
        self, world: World, bodies: Iterable[Body], actions: Actions, port: int = PORT
    ) -> None:
        port = free_port(port)
        with redirect_stdout(io.StringIO()):  # who starts it says where it is
            self._server = viser.ViserServer(HOST, port, label=world.name, verbose=False)
        self.port = self._server.get_port()
        self._server.gui.configure_theme(
            control_width="large", show_logo=False, show_share_button=False
        )
        self._server.gui.main_panel.dock_right()
        self._server.initial_camera.position = _EYE
        self._server.initial_camera.look_at = _TARGET
        self._scene = SceneView(self._server, bodies)
        self._panel = Panel(self._server, world, actions)

    @property
    def address(self) -> str:
        """For a browser."""
        return f"http://{HOST}:{self.port}"

    def close(self) -> None:
        """Stop serving."""
        with redirect_stdout(io.StringIO()):
            self._server.stop()

    def move(self, poses: Mapping[str, NDArray[np.float64]]) -> None:
        """Where bodies are by name: x, y, z [m] and quaternion x, y, z, w, shape (7,) each."""
        self._scene.move(poses)

    def findings(self, part: str, anomalies: Sequence[Anomaly]) -> None:
        """All that was found on a blade: in the list, and on it; what was shown before goes."""
        self._panel.findings(part, anomalies)
        self._scene.findings(part, anomalies)

    def state(self, state: SafetyState) -> None:
        """The supervisor's word."""
        self._panel.state(state)

    def silent(self, since: float) -> None:
        """The supervisor has said nothing for so long [s]."""
        self._panel.silent(since)

    def plan(self, plan: Plan, now: float) -> None:
        """The plan in force, at a time of the shift [s]."""
        self._panel.plan(plan, now)

    def line(self, line: Journalled) -> None:
        """A line of the journal."""
        self._panel.line(line)

    def answer(self, text: str, ok: bool) -> None:
        """A word beside the buttons."""
        self._panel.answer(text, ok)

    def answered(self, what: str, ok: bool, text: str) -> None:
        """What came of a button: done or refused, and why."""
        head = what if ok else f"{what} refused"
        known = text.startswith(head)
        self.answer(text if known else f"{head}: {text}" if text else head, ok)

    def flush(self) -> None:
        """Send what has been told, now."""
        self._server.flush()
