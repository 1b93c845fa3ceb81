"""A shift in lockstep with somebody at the console, as a browser meets it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.console.browser import Browser
from twincell.assets import world_path
from twincell.cell.assembly import assemble
from twincell.cell.lockstep import LockstepCell
from twincell.cell.run import run_cell
from twincell.cli import app
from twincell.console import attended
from twincell.console.attended import AttendedShift
from twincell.safety.types import Mode
from twincell.world.load import load_world

PATH = world_path("blade_cell")
FAST, BRISK = 1e6, 3.0
"""Nobody waits; presses and answers meet their second."""


class Stepping:
    """Steps a cell with its console in a thread, as the command does, until it is told to end."""

    def __init__(self) -> None:
        self.cell = LockstepCell(assemble(load_world(PATH), PATH, 7))
        self.shown = AttendedShift(self.cell, 0, BRISK)
        self.browser = Browser(self.shown.console.port)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._step)
        self._thread.start()

    def _step(self) -> None:
        while not self._over.is_set() and self.cell.time < 600.0:
            self.cell.step()
            self.shown.between()

    def halt(self) -> None:
        """No further step."""
        self._over.set()
        self._thread.join(30.0)


@pytest.fixture
def stepping() -> Iterator[Stepping]:
    made = Stepping()
    yield made
    made.halt()
    made.browser.close()
    made.shown.close()


def test_buttons_act_in_the_cell_that_is_shown(stepping: Stepping) -> None:
    cell, browser = stepping.cell, stepping.browser

    def mode() -> Mode | None:
        return None if cell.guard.state is None else cell.guard.state.mode

    def speed() -> float:
        return max(float(np.abs(cell.physics.joints(m)[1]).max()) for m in cell.drives.names)

    browser.until(lambda: speed() > 0.1, "work", 60.0)
    browser.set("Emergency stop", True)
    browser.until(lambda: mode() is Mode.STOPPED, "the stop", 60.0)
    browser.until(lambda: speed() < 1e-3, "standstill", 60.0)
    browser.until(lambda: "emergency_button" in browser.words(), "the cause", 60.0)
    assert "emergency_button-1" in cell.log.requests
    # the world file's operator leaves it to who pressed it
    stopped, delay = cell.time, cell.assembly.world.operator.reset_delay
    browser.until(lambda: cell.time > stopped + 2 * delay, "the operator's patience", 60.0)
    assert mode() is Mode.STOPPED
    browser.set("Reset", True)
    browser.until(lambda: mode() is Mode.RUNNING, "the reset", 60.0)
    browser.until(lambda: ">reset: running<" in browser.words(), "the answer", 60.0)
    assert "by hand" in [e.subject for e in cell.log.events if e.kind == "reset"]

    browser.set("what", "tariff_spike")
    browser.until(lambda: "price" in browser.value("how"), "a proposal")
    browser.set("Let it happen", True)
    browser.until(lambda: any(e.kind == "disruption" for e in cell.log.events), "it", 60.0)
    browser.until(lambda: "tariff_spike: " in browser.words(), "the answer")

    # an order is cancelled once
    browser.set("what", "cancel_order")
    browser.until(lambda: "order_a" in browser.options("to"), "orders")
    browser.set("to", "order_a")
    browser.set("Let it happen", True)
    browser.until(lambda: "cancel_order: " in browser.words(), "the answer", 60.0)
    browser.set("Let it happen", True)
    browser.until(lambda: "cancel_order refused: " in browser.words(), "the refusal", 60.0)


def test_what_is_seen_is_where_the_physics_has_it(stepping: Stepping) -> None:
    cell, browser = stepping.cell, stepping.browser
    browser.until(lambda: cell.time > 2.0, "two seconds", 60.0)
    stepping.halt()
    poses = dict(zip(cell.physics.body_names, cell.physics.poses(), strict=True))
    for name in cell.assembly.world.blades:
        at = poses[f"blade/{name}"][:3]
        node = f"/blade/{name}"

        def there(node: str = node, at: np.ndarray = at) -> bool:
            stepping.shown.between()
            return np.allclose(browser.scene[node]["position"], at, atol=1e-4)

        browser.until(there, f"{name} at {at}")


def test_a_reset_while_a_cause_lasts_is_refused_and_journalled() -> None:
    cell = LockstepCell(assemble(load_world(PATH), PATH, 7))
    while cell.time < 0.5:
        cell.step()
    cell.guard.supervisor.cause("person_in_zone", True, cell.time, "a person")
    answer = cell.guard.reset(cell.time)
    assert not answer.ok
    assert "a person" in answer.text
    last = cell.log.events[-1]
    assert (last.kind, last.subject) == ("reset_refused", "by hand")


def test_who_only_looks_changes_nothing_up_to_a_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def cell() -> LockstepCell:
        return LockstepCell(assemble(load_world(PATH), PATH, 7))

    alone, seen = run_cell(cell(), longest=16.0), cell()
    shown = AttendedShift(seen, 0, FAST)
    browser = Browser(shown.console.port)
    result = run_cell(seen, longest=16.0, between=shown.between)
    monkeypatch.setattr(attended, "LINGER", 3.0)
    closing = threading.Thread(target=shown.close)
    closing.start()
    browser.until(lambda: ">the shift is over<" in browser.words(), "the end")
    last = next(e for e in reversed(seen.log.events) if e.kind == "task_done")
    assert f"task done {last.subject}" in browser.words()
    browser.set("Reset", True)
    browser.until(lambda: ">reset refused: the shift is over<" in browser.words(), "a refusal")
    closing.join(30.0)
    browser.close()
    assert any(e.kind == "verdict" for e in alone.events)
    assert result.hash == alone.hash


def test_a_port_that_is_taken_is_refused_before_the_shift() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = CliRunner().invoke(app, ["run", str(PATH), "--console", str(port)])
    assert told.exit_code == 2
    assert f"port {port}" in told.stderr
