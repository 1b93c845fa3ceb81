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
from twincell.cell.run import Fingerprint
from twincell.cli import app
from twincell.console.attended import AttendedShift
from twincell.safety.types import Mode
from twincell.world.load import load_world

PATH = world_path("blade_cell")
FAST = 1e6
"""Nobody waits."""


class Stepping:
    """Steps a cell with its console in a thread, as the command does, until it is told to end."""

    def __init__(self) -> None:
        self.cell = LockstepCell(assemble(load_world(PATH), PATH, 7))
        self.shown = AttendedShift(self.cell, 0, FAST)
        self.browser = Browser(self.shown.console.port)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._step)
        self._thread.start()

    def _step(self) -> None:
        while not self._over.is_set() and self.cell.time < 60.0:
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
        return None if cell.safety is None else cell.safety.mode

    def speed() -> float:
        return max(float(np.abs(cell.physics.joints(m)[1]).max()) for m in cell.drives.names)

    browser.until(lambda: speed() > 0.1, "work", 60.0)
    browser.set("Emergency stop", True)
    browser.until(lambda: mode() is Mode.STOPPED, "the stop", 60.0)
    browser.until(lambda: speed() < 1e-3, "standstill", 60.0)
    browser.until(lambda: "emergency_button" in browser.words(), "the cause", 60.0)
    assert "emergency_button-1" in cell.log.requests
    browser.set("Reset", True)
    browser.until(lambda: mode() is Mode.RUNNING, "the reset", 60.0)
    assert any(e.kind == "reset" for e in cell.log.events)

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


def test_who_only_looks_changes_nothing() -> None:
    hashes = []
    for watched in (False, True):
        cell = LockstepCell(assemble(load_world(PATH), PATH, 7))
        shown = AttendedShift(cell, 0, FAST) if watched else None
        browser = Browser(shown.console.port) if shown else None
        print_ = Fingerprint()
        while cell.time < 4.0:
            cell.step()
            if shown is not None:
                shown.between()
            print_.array(cell.physics.poses())
        print_.plain([(e.stamp, e.kind, e.subject) for e in cell.log.events])
        hashes.append(print_.hex())
        if shown is not None and browser is not None:
            browser.close()
            shown.close()
    assert hashes[0] == hashes[1]


def test_a_port_that_is_taken_is_refused_before_the_shift() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = CliRunner().invoke(app, ["run", str(PATH), "--console", str(port)])
    assert told.exit_code == 2
    assert f"port {port}" in told.stderr
