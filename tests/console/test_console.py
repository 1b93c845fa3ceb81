"""The console as a browser meets it: real page, real websocket."""

from __future__ import annotations

import json
import queue
import re
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import viser.transforms
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.console.browser import Browser
from twincell.assets import world_path
from twincell.cell.assembly import Assembly, assemble
from twincell.cli import app
from twincell.console.console import Console
from twincell.console.decision_page import decision_html
from twincell.console.panel import Actions
from twincell.console.plan_page import plan_html
from twincell.console.ports import free_port
from twincell.console.scene_view import shade
from twincell.errors import TwincellError
from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly
from twincell.production.messages import Alternative, Decision, Journalled, Plan, PlannedTask
from twincell.safety.types import Mode, SafetyState
from twincell.world.disruptions import KINDS
from twincell.world.load import load_world

PATH = world_path("blade_cell")


@pytest.fixture(scope="module")
def cell() -> Assembly:
    return assemble(load_world(PATH), PATH, 7)


@pytest.fixture
def pressed() -> queue.SimpleQueue[tuple[Any, ...]]:
    return queue.SimpleQueue()


@pytest.fixture
def console(cell: Assembly, pressed: queue.SimpleQueue[Any]) -> Iterator[Console]:
    actions = Actions(
        lambda: pressed.put(("stop",)),
        lambda: pressed.put(("reset",)),
        lambda *asked: pressed.put(asked),
    )
    made = Console(cell.world, cell.bodies, actions, 0)
    yield made
    made.close()


@pytest.fixture
def browser(console: Console) -> Iterator[Browser]:
    made = Browser(console.port)
    yield made
    made.close()


def test_the_page_is_served_to_this_machine_alone(console: Console) -> None:
    with urllib.request.urlopen(console.address, timeout=10) as page:  # noqa: S310  # our own
        assert page.status == 200
        assert b"<html" in page.read().lower()
    with socket.socket() as other:
        # a listener on all addresses would hold this one, too
        other.bind(("127.0.0.2", console.port))


def test_a_port_that_is_taken_or_none_is_refused(console: Console) -> None:
    with pytest.raises(TwincellError, match=rf"port {console.port}: .*valid: one that is free"):
        free_port(console.port)
    with pytest.raises(TwincellError, match="port 70000; valid: 1 to 65535"):
        free_port(70_000)


def test_bodies_stand_where_they_are_told(console: Console, browser: Browser) -> None:
    pose = Pose.of((0.3, -0.2, 1.1), (0.4, -0.7, 1.9))
    person = Pose.of((2.0, 1.0, 0.0), (0.0, 0.0, 0.5))
    console.move({"blade/blade_1": pose.as_array(), "visitor": person.as_array()})
    name = "/blade/blade_1"
    browser.until(lambda: browser.scene.get(name, {}).get("visible") is True, "the blade")
    told = browser.scene[name]
    np.testing.assert_allclose(told["position"], pose.p, atol=1e-6)
    turned = viser.transforms.SO3(np.array(told["wxyz"])).as_matrix()
    np.testing.assert_allclose(turned, pose.rotation(), atol=1e-6)
    links = [n for n in browser.scene if n.startswith("/visitor/")]
    assert len(links) > 5
    browser.until(lambda: all(browser.scene[n].get("visible") for n in links), "the visitor")
    assert len({tuple(browser.scene[n]["position"]) for n in links}) == 1
    # nobody has told of this one
    assert browser.scene["/blade/blade_2"]["visible"] is False
    assert browser.scene["/furniture/bench"]["visible"] is True


def test_buttons_press_and_answers_come_back(
    console: Console, browser: Browser, pressed: queue.SimpleQueue[Any]
) -> None:
    browser.set("Emergency stop", True)
    assert pressed.get(timeout=10) == ("stop",)
    browser.set("Reset", True)
    assert pressed.get(timeout=10) == ("reset",)
    console.answer("reset refused: <person> in the zone", False)
    browser.until(lambda: "&lt;person&gt; in the zone" in browser.words(), "the answer")


@pytest.mark.parametrize("kind", KINDS)
def test_every_disruption_can_be_asked_for_as_it_is_proposed(
    console: Console, browser: Browser, pressed: queue.SimpleQueue[Any], cell: Assembly, kind: str
) -> None:
    browser.set("what", kind)
    spec = KINDS[kind]
    needed = set(spec.needs) | ({"lasts"} if spec.ends == "must" else set())

    def proposed() -> bool:
        told = {pair.partition("=")[0].strip() for pair in browser.value("how").split(",")} - {""}
        return needed <= told <= set(spec.allowed)

    browser.until(proposed, "a proposal")
    subjects = browser.options("to")
    if spec.subject == "arm":
        assert subjects == tuple(cell.world.arms)
    browser.set("Let it happen", True)
    asked = pressed.get(timeout=10)
    assert asked[0] == kind
    assert asked[1] == ("" if subjects == ("-",) else subjects[0])
    assert set(asked[2]) <= set(spec.allowed)


def test_a_disruption_that_makes_no_sense_is_answered_and_not_asked(
    browser: Browser, pressed: queue.SimpleQueue[Any]
) -> None:
    browser.set("what", "arm_slow")
    browser.until(lambda: "factor" in browser.value("how"), "a proposal")
    browser.set("how", "facter=0.5")
    browser.set("Let it happen", True)
    browser.until(lambda: "did you mean &#x27;factor&#x27;" in browser.words(), "the fault")
    browser.set("how", "factor")
    browser.set("Let it happen", True)
    browser.until(lambda: "valid: NAME=VALUE" in browser.words(), "the fault")
    assert pressed.empty()


def test_state_findings_and_journal_are_told(console: Console, browser: Browser) -> None:
    console.state(SafetyState(12.3, 5, Mode.STOPPED, (), (), "a person in the zone"))
    browser.until(lambda: "12.3 s, stopped: a person in the zone" in browser.words(), "the state")
    console.silent(1.5)
    browser.until(lambda: "no word of the supervisor for 1.5 s" in browser.words(), "silence")

    def marks() -> set[str]:
        return {n for n in tuple(browser.scene) if n.startswith("/blade/blade_1/")}

    point = np.array([0.0, 0.002, 0.07])
    found = Anomaly(
        "blade_1/1", "blade_1", "crack", "critical", 0.97, 0.0072, 1e-4, 2e-4, point,
        np.array([0.0, 0.0, 1.0]), point[None], 1.0, 1.1,
    )  # fmt: skip
    other = replace(found, id="blade_1/2", length=0.0033)
    console.findings("blade_1", [found, other])
    browser.until(lambda: {"/blade/blade_1/blade_1_1", "/blade/blade_1/blade_1_2"} <= marks(), "it")
    assert "7.2 mm" in browser.words()
    # the verdict takes the place of what came early
    console.findings("blade_1", [replace(found, length=0.0081)])
    browser.until(lambda: marks() == {"/blade/blade_1/blade_1_1"}, "the verdict's alone")
    browser.until(lambda: "8.1 mm" in browser.words(), "the finding")
    assert not {"7.2 mm", "3.3 mm"} & set(re.findall(r"[0-9.]+ mm", browser.words()))
    console.line(Journalled(4.0, "task_started", "blade_<1>/load", {}))
    console.line(Journalled(4.5, "refused", "order_a", {"kind": "recall", "why": "nobody has it"}))
    console.line(Journalled(5.0, "disruption", "", {"text": "energy costs 300 EUR/MWh"}))
    browser.until(lambda: "energy costs 300" in browser.words(), "the line")
    assert "blade_&lt;1&gt;/load" in browser.words()
    assert "refused order_a: recall: nobody has it" in browser.words()
    console.answered("reset", ok=False, text="reset refused: a person is there")
    browser.until(lambda: ">reset refused: a person is there<" in browser.words(), "why")


class Bars(HTMLParser):
    """Left edges and widths of the bars, by their titles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.bars: dict[str, tuple[float, float]] = {}
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        given = dict(attrs)
        if "title" in given:
            style = dict(p.split(":", 1) for p in str(given["style"]).split(";"))
            name = str(given["title"]).split(",")[0]
            edges = (style["left"], style["width"])
            self.bars[name] = (float(edges[0][:-1]), float(edges[1][:-1]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


names = st.text(st.sampled_from("ab<>&'\"/ _"), min_size=1, max_size=8)


@settings(max_examples=50)
@given(
    rows=st.lists(
        st.tuples(names, names, st.floats(0, 500), st.floats(0, 100)), min_size=1, max_size=6
    ),
    now=st.floats(0, 700),
    reason=names,
)
def test_bars_are_as_long_as_their_tasks(rows, now, reason) -> None:
    tasks = tuple(
        PlannedTask(f"t{i}", part, "load", who, start, start + long, "waiting", "")
        for i, (part, who, start, long) in enumerate(rows)
    )
    last = max(t.end for t in tasks)
    end = max(last, now) or 1.0
    drawn = Bars(plan_html(Plan("plan-1", 1, 0.0, reason, tasks, last, 0.0, 0.0, reason), now))
    assert drawn.bars.keys() == {t.id for t in tasks}
    for task in tasks:
        left, width = drawn.bars[task.id]
        assert left == pytest.approx(100 * task.start / end, abs=0.006)
        assert width == pytest.approx(100 * (task.end - task.start) / end, abs=0.006)


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    """Alternatives over the same bins, one of them chosen."""
    bins, chosen = draw(st.integers(1, 12)), draw(st.integers(0, 3))
    low, width = draw(st.floats(-50, 500)), draw(st.floats(0.5, 20))
    edges = tuple(low + width * i for i in range(bins + 1))
    counts = st.lists(st.integers(0, 900), min_size=bins, max_size=bins).filter(any)
    played = [
        Alternative(
            f"{draw(names)}{i}", (draw(names),), i == chosen,
            draw(st.floats(edges[0], edges[-1])), 0.0, 0.0, 0.0, edges, tuple(draw(counts)),
        )
        for i in range(4)
    ]  # fmt: skip
    return Decision(draw(names), draw(names), tuple(played))


class Curves(HTMLParser):
    """Points, dashes and widths of a chart's lines, and how high and wide it is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.curves: list[tuple[str, float, np.ndarray]] = []
        self.means: dict[str, float] = {}
        self.base = 0.0
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {k: str(v) for k, v in attrs}
        if tag == "polyline":
            points = np.array([p.split(",") for p in given["points"].split()], float)
            self.curves.append((given["stroke"], float(given["stroke-width"]), points))
        elif tag == "line" and "stroke-dasharray" in given:
            self.means[given["stroke"]] = float(given["x1"])
        elif tag == "line":
            self.base = float(given["y1"])

    def handle_data(self, data: str) -> None:
        self.words += data


@settings(max_examples=50)
@given(decision=decisions())
def test_curves_are_as_high_as_their_shares(decision: Decision) -> None:
    plan = Plan("plan-2", 2, 3.0, "a <late> tray", (), 9.0, 0.0, 0.0, "", decision)
    drawn = Curves(decision_html(plan))
    shares = [np.array(a.counts) / sum(a.counts) for a in decision.alternatives]
    top = max(float(s.max()) for s in shares)
    edges = np.array(decision.alternatives[0].edges)
    wide = edges[-1] - edges[0]
    for a, share, (colour, width, points) in zip(
        decision.alternatives, shares, drawn.curves, strict=True
    ):
        heights = (drawn.base - points[::2, 1]) / (drawn.base - 4)
        np.testing.assert_allclose(heights, share / top, atol=0.001)
        np.testing.assert_allclose(points[::2, 0] / 400, (edges[:-1] - edges[0]) / wide, atol=2e-4)
        assert drawn.means[colour] / 400 == pytest.approx((a.cost - edges[0]) / wide, abs=2e-4)
        assert (width > 2) == a.chosen
    assert "a <late> tray" in drawn.words
    first = decision.alternatives[0]
    flat = replace(first, edges=(5.0, 5.0), counts=(3,))
    assert "svg" not in decision_html(
        replace(plan, decision=replace(decision, alternatives=(flat,)))
    )
    assert decision.ruling in drawn.words


def test_what_the_twin_said_stays_until_it_is_asked_again(
    console: Console, browser: Browser
) -> None:
    played = Alternative(
        "earliest due first", ("b_2",), True, 4.0, 3.0, 0.1, 90.0, (0.0, 8.0), (9,)
    )
    decision = Decision("b_2 goes first", "saves 3.1 s", (played,))
    plan = Plan("plan-2", 2, 3.0, "a late tray", (), 9.0, 0.0, 0.0, "", decision)
    console.plan(plan, 3.0)
    browser.until(lambda: "saves 3.1 s" in browser.words(), "the ruling")
    console.plan(replace(plan, reason="the next task", decision=None), 4.0)
    browser.until(lambda: "the next task" in browser.words(), "the next plan")
    assert "earliest due first (chosen)" in browser.words()


def test_materials_look_like_themselves() -> None:
    grey = [np.ptp(shade(name)) for name in ("steel", "aluminium", "concrete")]
    assert max(grey) < 40
    assert sum(shade("aluminium")) > sum(shade("steel")) > sum(shade("rubber"))
    red, green, blue = shade("cloth")
    assert red > green > blue


@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_port_that_is_taken_is_refused_before_anything_starts(
    console: Console, tmp_path: Path, command: str
) -> None:
    words = [command, str(PATH), "--console", str(console.port), "--out", str(tmp_path / "out")]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 2
    assert f"port {console.port}" in told.stderr
    assert not (tmp_path / "out").exists()


def test_up_lists_the_console_where_it_is_asked_for() -> None:
    for more, there in ((["--console", "0"], True), ([], False)):
        told = CliRunner().invoke(app, ["up", str(PATH), "--list", "--json", *more])
        nodes = {n["name"]: n for n in json.loads(told.stdout)["nodes"]}
        assert ("console" in nodes) == there
        if there:
            assert nodes["console"]["parameters"]["port"] > 0
