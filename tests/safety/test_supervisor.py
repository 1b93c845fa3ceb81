from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from twincell.errors import SafetyError
from twincell.safety.button import EmergencyButton
from twincell.safety.operator import Operator
from twincell.safety.supervisor import SLOW_CAUSE, Supervisor
from twincell.safety.types import CELL, Function, Mode, StopRequest
from twincell.world.load import load_world

WORLD = load_world("blade_cell")
SOURCES = {"lidar": 0.1, "simulator": 0.02}
MOVERS = tuple(WORLD.arms)
LEVELS = ("person_in_zone", "emergency_button", "mover_fault")


def stop(cause: str = "critical_anomaly", **changes: object) -> StopRequest:
    given = {
        "id": "r1", "function": Function.PROCESS, "category": 2, "cause": cause,
        "scope": "inspector", "evidence": "", "stamp": 1.0, "requested": 1.0,
    }  # fmt: skip
    return StopRequest(**{**given, **changes})  # type: ignore[arg-type]


def running(now: float = 1.0) -> Supervisor:
    supervisor = Supervisor(WORLD, SOURCES)
    for source in SOURCES:
        assert supervisor.heard(source, now)
    assert supervisor.tick(now).mode is Mode.RUNNING
    return supervisor


def test_nothing_moves_before_every_source_was_heard() -> None:
    supervisor = Supervisor(WORLD, SOURCES)
    supervisor.heard("lidar", 0.0)
    state = supervisor.tick(0.0)
    assert state.mode is Mode.STARTING
    assert "simulator" in state.text
    assert all(m.category is not None and m.speed_scale == 0 for m in state.movers)


def test_the_strictest_category_wins_mover_by_mover_and_every_cause_is_kept() -> None:
    supervisor = running()
    supervisor.request(stop(), 1.0)
    state = supervisor.tick(1.0)
    assert state.mode is Mode.STOPPED
    assert state.mover("inspector").category == 2
    assert state.mover("handler").category is None
    supervisor.request(stop("mover_fault", id="r2", scope="handler", category=2), 1.0)
    state = supervisor.tick(1.0)
    # the rule of mover_fault is category 1 for the whole cell: stricter and wider than asked
    assert {m.category for m in state.movers} == {1}
    assert [r.cause for r in state.active] == ["critical_anomaly", "mover_fault"]
    supervisor.request(stop("emergency_button", id="r3", scope=CELL, category=0), 1.0)
    assert {m.category for m in supervisor.tick(1.0).movers} == {0}


def test_a_repeated_request_counts_once_but_a_new_one_of_the_same_id_counts() -> None:
    supervisor = running()
    for _ in range(3):
        supervisor.request(stop(), 1.0)
    assert len(supervisor.tick(1.0).active) == 1
    supervisor.request(stop(stamp=1.01, requested=1.01), 1.01)
    state = supervisor.tick(1.01)
    assert len(state.active) == 2
    assert state.text.startswith("stopped: 2 x critical_anomaly (")  # told once, however many


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cause": "critical_anomly"}, "did you mean 'critical_anomaly'"),
        ({"scope": "inspectr"}, "did you mean 'inspector'"),
        ({"category": 3}, "valid: 0, 1, 2"),
        ({"function": 9}, "valid: emergency, protective, process"),
        ({"stamp": math.nan}, "stamp is nan"),
        ({"requested": math.inf}, "requested is inf"),
    ],
)
def test_senseless_requests_are_refused_with_the_reason(changes: dict, said: str) -> None:
    supervisor = running()
    supervisor.request(stop(), 1.0)
    with pytest.raises(SafetyError, match=said):
        supervisor.request(stop(**{"id": "r9", **changes}), 1.0)
    assert supervisor.tick(1.0).mode is Mode.STOPPED
    assert supervisor.remarks


def test_a_cause_that_was_refused_does_not_keep_the_next_from_stopping() -> None:
    supervisor = running()
    with pytest.raises(SafetyError, match="stamp is nan"):
        supervisor.cause("person_in_zone", True, 1.0, "a person", stamp=math.nan)
    supervisor.cause("person_in_zone", True, 1.01, "a person", stamp=1.0)
    assert supervisor.tick(1.01).mode is Mode.STOPPED


def test_a_reset_is_refused_while_its_cause_persists() -> None:
    supervisor = running()
    supervisor.cause("person_in_zone", True, 1.0, "a person at the fixture")
    with pytest.raises(SafetyError, match="a person at the fixture"):
        supervisor.reset(1.0)
    supervisor.cause("person_in_zone", False, 1.01)
    assert supervisor.tick(1.01).mode is Mode.STOPPED, "the end of a cause lifts nothing"
    supervisor.reset(1.02)
    assert supervisor.tick(1.02).mode is Mode.RUNNING


def test_a_person_in_the_warning_zone_slows_and_is_not_latched() -> None:
    supervisor = running()
    state = supervisor.cause(SLOW_CAUSE, True, 1.0, "a person near")
    assert state.mode is Mode.SLOWED
    assert {m.speed_scale for m in state.movers} == {0.5}
    assert supervisor.cause(SLOW_CAUSE, False, 1.0).mode is Mode.RUNNING


def test_two_silent_periods_stop_and_fresh_data_permits_a_reset() -> None:
    supervisor = running()
    supervisor.heard("lidar", 1.04)
    assert supervisor.tick(1.04).mode is Mode.RUNNING
    state = supervisor.tick(1.05)
    assert [r.cause for r in state.active] == ["sensor_silent"]
    with pytest.raises(SafetyError, match="simulator silent for"):
        supervisor.reset(1.05)
    supervisor.heard("simulator", 1.06)
    supervisor.tick(1.06)
    supervisor.reset(1.06)
    assert supervisor.tick(1.06).mode is Mode.RUNNING


@pytest.mark.parametrize(
    "stamp", [math.nan, math.inf, 1.0, 0.9, 5.0], ids=["nan", "inf", "again", "older", "future"]
)
def test_a_message_without_a_fresh_stamp_is_no_sign_of_life(stamp: float) -> None:
    supervisor = running()
    for k in range(1, 6):
        now = 1.0 + 0.05 * k
        supervisor.heard("simulator", now)
        assert not supervisor.heard("lidar", now, stamp)
        supervisor.tick(now)
    assert supervisor.tick(1.25).mode is Mode.STOPPED


def test_a_clock_that_goes_back_stops_and_recovers_only_by_a_reset() -> None:
    supervisor = running(100.0)
    state = supervisor.tick(50.0)
    assert state.mode is Mode.STOPPED
    assert "went back" in state.active[0].evidence
    for source in SOURCES:
        assert supervisor.heard(source, 50.01)
    supervisor.reset(50.01)
    assert supervisor.tick(50.01).mode is Mode.RUNNING


def test_unknown_sources_and_causes_are_named() -> None:
    supervisor = running()
    with pytest.raises(SafetyError, match="did you mean 'lidar'"):
        supervisor.heard("lidr", 1.0)
    with pytest.raises(SafetyError, match="did you mean 'person_in_zone'"):
        supervisor.cause("person_in_zon", True, 1.0)


def test_the_operator_waits_for_the_causes_to_end_and_then_for_the_delay() -> None:
    supervisor, operator = running(0.0), Operator(WORLD)
    pressed = []
    for k in range(600):
        now = k * 0.01
        for source in SOURCES:
            supervisor.heard(source, now)
        supervisor.cause("person_in_zone", 1.0 <= now < 2.0, now)
        state = supervisor.tick(now)
        if operator.update(state, now):
            pressed.append(now)
            supervisor.reset(now)
    assert pressed == [pytest.approx(2.0 + WORLD.operator.reset_delay, abs=0.02)]


def test_the_operator_leaves_an_emergency_button_to_who_pressed_it() -> None:
    supervisor, operator, button = running(0.0), Operator(WORLD), EmergencyButton(WORLD)
    supervisor.request(button.press(0.0, "pressed by hand"), 0.0)
    supervisor.request(stop("critical_anomaly", id="r1", scope=CELL, category=1), 0.0)
    for k in range(1, 900):
        now = k * 0.01
        for source in SOURCES:
            supervisor.heard(source, now)
        state = supervisor.tick(now)
        assert not operator.update(state, now)
    assert state.mode is Mode.STOPPED
    with pytest.raises(SafetyError, match="none for 'emergency_button'"):
        EmergencyButton(replace(WORLD, safety=replace(WORLD.safety, rules={}))).press(
            0.0, "pressed by hand"
        )


class Cell(RuleBasedStateMachine):
    """Any sequence of requests, causes, silences, bad stamps and resets, against a plain model."""

    @initialize()
    def begin(self) -> None:
        self.now = 0.0
        self.supervisor = Supervisor(WORLD, SOURCES)
        self.heard: dict[str, float] = {}
        self.present: set[str] = set()
        self.latched = 0
        self.count = 0

    def overdue(self) -> bool:
        return any(self.now - t > 2 * SOURCES[s] + 1e-6 for s, t in self.heard.items())

    @rule(dt=st.sampled_from([0.0, 0.01, 0.03, 0.1, 0.3]))
    def wait(self, dt: float) -> None:
        self.now = round(self.now + dt, 6)

    @rule(source=st.sampled_from(sorted(SOURCES)))
    def hear(self, source: str) -> None:
        # a source that overran its deadline unseen is judged at the next tick, as in the cell
        self.supervisor.tick(self.now)
        if self.overdue():
            self.latched += 1
        if self.supervisor.heard(source, self.now):
            self.heard[source] = self.now

    @rule(source=st.sampled_from(sorted(SOURCES)), stamp=st.sampled_from([math.nan, -1.0, 1e9]))
    def hear_nonsense(self, source: str, stamp: float) -> None:
        assert not self.supervisor.heard(source, self.now, stamp)

    @rule(category=st.integers(0, 2), scope=st.sampled_from([CELL, *MOVERS]))
    def request(self, category: int, scope: str) -> None:
        self.count += 1
        self.supervisor.request(
            stop("mover_fault", id=f"r{self.count}", category=category, scope=scope), self.now
        )
        self.latched += 1

    @rule()
    def request_nonsense(self) -> None:
        with pytest.raises(SafetyError):
            self.supervisor.request(stop("nonsense"), self.now)

    @rule(name=st.sampled_from(LEVELS), present=st.booleans())
    def level(self, name: str, present: bool) -> None:
        self.supervisor.cause(name, present, self.now)
        if present and name not in self.present:
            self.latched += 1
        (self.present.add if present else self.present.discard)(name)

    @rule()
    def reset(self) -> None:
        blocked = bool(self.present) or self.overdue() or set(self.heard) != set(SOURCES)
        if blocked:
            with pytest.raises(SafetyError):
                self.supervisor.reset(self.now)
        else:
            self.supervisor.reset(self.now)
            self.latched = 0

    @invariant()
    def no_motion_while_anything_speaks_against_it(self) -> None:
        if not hasattr(self, "supervisor"):
            return
        state = self.supervisor.tick(self.now)
        if self.overdue():
            self.latched += 1
        against = self.present or self.latched or set(self.heard) != set(SOURCES)
        may = [m for m in state.movers if m.category is None or m.speed_scale > 0]
        if against:
            assert not may, f"{may} may move: {state.text}"
        else:
            assert len(may) == len(MOVERS), state.text
            assert state.mode is Mode.RUNNING


Cell.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestCell = Cell.TestCase


def test_a_scan_without_a_live_detector_is_a_stop() -> None:
    supervisor = running()
    supervisor.watch("crack_detector", 0.3, 1.0)
    now = 1.0
    while now < 1.5:  # it says nothing from here on
        now += 0.05
        for source in SOURCES:
            supervisor.heard(source, now)
        assert (supervisor.tick(now).mode is Mode.STOPPED) == (now > 1.6 + 1e-6)
    for _ in range(3):
        now += 0.05
        for source in SOURCES:
            supervisor.heard(source, now)
        supervisor.watch("crack_detector", 0.3, now)  # to be required is no sign of life
        state = supervisor.tick(now)
    assert state.mode is Mode.STOPPED
    assert "crack_detector silent" in state.active[0].evidence
    with pytest.raises(SafetyError, match="crack_detector"):
        supervisor.reset(now)
    # it is back and scans nothing: the stop stays until a reset
    supervisor.release("crack_detector", now)
    assert supervisor.tick(now).mode is Mode.STOPPED
    supervisor.reset(now)
    assert supervisor.tick(now).mode is Mode.RUNNING


def test_what_the_cell_always_needs_cannot_be_released_and_senseless_periods_are_refused() -> None:
    supervisor = running()
    with pytest.raises(SafetyError, match="always required"):
        supervisor.release("lidar", 1.0)
    with pytest.raises(SafetyError, match="period of source 'x' is nan"):
        supervisor.watch("x", math.nan, 1.0)
    assert supervisor.sources == tuple(SOURCES)


@pytest.mark.parametrize(
    "bad",
    [
        {"category": 9}, {"scope": "everywhere"}, {"cause": "earthquake"},
        {"stamp": math.nan}, {"requested": math.inf}, {"function": 7},
    ],
    ids=str,
)  # fmt: skip
def test_bad_requests_leave_a_stopped_cell_stopped_and_are_remembered(bad: dict) -> None:
    supervisor = running()
    supervisor.request(stop(), 1.0)
    supervisor.cause("mover_fault", True, 1.0, "it smokes")
    with pytest.raises(SafetyError, match=r"r9.*valid|r9.*did you mean"):
        supervisor.request(stop(id="r9", **bad), 1.0)
    assert "r9" in supervisor.remarks[-1]
    with pytest.raises(SafetyError, match=r"reset refused.*it smokes"):
        supervisor.reset(1.0)
    assert "reset refused" in supervisor.remarks[-1]
    state = supervisor.tick(1.0)
    assert state.mode is Mode.STOPPED
    assert "r9" not in {r.id for r in state.active}


def test_a_source_that_comes_and_goes_latches_once() -> None:
    supervisor = Supervisor(WORLD)
    names = list(WORLD.lidars())
    for name in names:
        supervisor.heard(name, 0.0)
    assert not supervisor.tick(0.0).active
    now = 0.0
    for _ in range(50):
        now += 5.0  # much longer than any source may be silent
        supervisor.tick(now)
        for name in names:
            supervisor.heard(name, now)
        assert len(supervisor.tick(now).active) == len(names)
    supervisor.reset(now)
    assert not supervisor.tick(now).active
    assert len(supervisor.tick(now + 5.0).active) == len(names)
