"""The arm's side of safety, against a supervisor that dies, comes back, repeats and lags."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from twincell.assets import world_path
from twincell.cell.drives import ASK_AGAIN, HEARTBEAT_LOST, Drives
from twincell.errors import GoalError, SafetyError
from twincell.geometry.description import RobotDescription, describe
from twincell.motion.trajectory import JointTrajectory
from twincell.safety.supervisor import Supervisor
from twincell.safety.types import SafetyState, StopRequest
from twincell.world.load import load_world

PATH = world_path("blade_cell")
WORLD = load_world(PATH)
ARMS = {name: describe(name, arm, PATH.parent) for name, arm in WORLD.arms.items()}
DT = 1.0 / WORLD.physics_rate
PATIENCE = WORLD.safety.patience


class Joints:
    """Joints that are where they are told to be: what the drives need of physics."""

    def __init__(self, arms: dict[str, RobotDescription]) -> None:
        self.q = {name: np.array(WORLD.arms[name].home, float) for name in arms}
        self.powered = dict.fromkeys(arms, True)

    def joints(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.q[name], np.zeros_like(self.q[name]), np.zeros_like(self.q[name])

    def command(self, name: str, q: np.ndarray, v: np.ndarray) -> None:
        self.q[name] = np.array(q)

    def power_off(self, name: str) -> None:
        self.powered[name] = False

    def power_on(self, name: str) -> None:
        self.powered[name] = True


class Cell:
    """Drives and a supervisor that can be switched off; wall time is simulation time here."""

    def __init__(self) -> None:
        self.physics = Joints(ARMS)
        self.drives = Drives(WORLD, ARMS, self.physics)  # type: ignore[arg-type]
        self.now = 0.0
        self.supervisor: Supervisor | None = None
        self.start()

    def start(self) -> None:
        """A supervisor that remembers nothing."""
        self.supervisor = Supervisor(WORLD)

    def beat(self, pleading: bool = True) -> SafetyState | None:
        """One heartbeat: LiDARs and the drives' own requests are heard, the state goes out."""
        if self.supervisor is None:
            return None
        for name in WORLD.lidars():
            self.supervisor.heard(name, self.now)
        plea = self.drives.ask(self.now, self.now) if pleading else None
        if plea is not None:
            self.supervisor.request(plea, self.now)
        state = self.supervisor.tick(self.now)
        self.drives.hear(state, self.now, self.now)
        return state

    def run(self, seconds: float, beating: bool = True) -> None:
        steps = max(1, round(seconds / DT))
        every = max(1, round(1.0 / WORLD.safety.heartbeat / DT))
        for i in range(steps):
            self.drives.watch(self.now, self.now)
            self.drives.step(self.now, DT)
            self.now += DT
            if beating and i % every == 0:
                self.beat()

    def move(self, name: str = "inspector", seconds: float = 4.0) -> None:
        q = self.physics.q[name]
        goal = q + 0.3 * np.sign(np.asarray(WORLD.arms[name].home) - q + 1e-9)
        rest = np.zeros((2, len(q)))
        self.drives.accept(
            name,
            JointTrajectory(ARMS[name].joints, np.array([0.0, seconds]), np.stack([q, goal]), rest),
            self.now,
            None,
        )

    @property
    def still(self) -> bool:
        before = {n: q.copy() for n, q in self.physics.q.items()}
        self.run(10 * DT, beating=False) if self.supervisor is None else self.run(10 * DT)
        return all(np.allclose(before[n], q, atol=1e-9) for n, q in self.physics.q.items())


@pytest.fixture
def cell() -> Cell:
    made = Cell()
    made.run(0.2)
    return made


def test_silence_is_a_stop_after_the_worlds_patience_and_not_before(cell: Cell) -> None:
    cell.move()
    cell.run(0.5)
    cell.supervisor = None
    cell.run(PATIENCE - 3 * DT)
    assert not cell.drives.silent
    cell.run(4 * DT)
    assert cell.drives.silent
    cell.run(2.0)
    assert cell.still
    causes = {(r.cause, r.mover) for r in cell.drives.take_reports()}
    assert causes == {(HEARTBEAT_LOST, name) for name in ARMS}


def test_a_supervisor_that_comes_back_has_forgotten_and_its_permission_does_not_count(
    cell: Cell,
) -> None:
    cell.move()
    cell.run(0.5)
    cell.supervisor = None
    cell.run(3.0)
    cell.start()
    state = cell.beat(pleading=False)
    assert state is not None
    # it knows nothing: for it all is well
    assert all(m.category is None for m in state.movers)
    with pytest.raises(GoalError, match="stop is in force"):
        cell.move()
    state = cell.beat()
    assert state is not None
    assert [r.cause for r in state.active] == [HEARTBEAT_LOST]
    cell.run(1.0)
    with pytest.raises(GoalError, match="stop is in force"):
        cell.move()
    assert cell.supervisor is not None
    cell.supervisor.reset(cell.now)
    cell.run(0.2)
    assert cell.still  # a reset starts nothing
    cell.move()
    cell.run(0.5)
    assert not cell.still


def test_who_slept_stops_on_waking_although_a_state_waits_for_it(cell: Cell) -> None:
    cell.move()
    cell.run(0.5)
    asleep = 3 * PATIENCE  # of wall time: simulation time stood still with the process
    state = cell.supervisor.tick(cell.now)
    cell.drives.hear(state, cell.now, cell.now + asleep)
    assert cell.drives.plea is not None
    assert cell.drives.plea.cause == HEARTBEAT_LOST
    with pytest.raises(GoalError, match="stop"):
        cell.move("handler")


def test_a_plea_whose_answer_was_overtaken_by_a_reset_is_made_anew(cell: Cell) -> None:
    """Of states only the newest is kept: the one that tells of the latched plea may be lost."""
    cell.drives.hear(cell.supervisor.tick(cell.now), cell.now, cell.now + 3 * PATIENCE)
    plea = cell.drives.ask(cell.now, cell.now)
    assert plea is not None
    cell.supervisor.request(plea, cell.now)  # latched; nobody hears of it
    cell.supervisor.reset(cell.now)
    cell.run(2 * PATIENCE)
    assert cell.drives.plea is None  # the supervisor knows of it again
    cell.supervisor.reset(cell.now)
    cell.run(0.1)
    cell.move()
    cell.run(0.3)
    assert not cell.still


def test_a_plea_is_not_sent_with_every_state(cell: Cell) -> None:
    cell.drives.hear(cell.supervisor.tick(cell.now), cell.now, cell.now + 3 * PATIENCE)
    walls = cell.now + np.arange(0.0, 0.5 * PATIENCE, 1e-3)
    sent = [cell.drives.ask(cell.now, wall) for wall in walls]
    assert 1 <= sum(p is not None for p in sent) <= 1 + 0.5 * PATIENCE / ASK_AGAIN
    assert len({p.id for p in sent if p is not None}) == 1


def test_a_restart_too_quick_to_be_silent_is_noticed_by_its_count(cell: Cell) -> None:
    cell.move()
    cell.run(0.5)
    cell.start()
    cell.run(1.5)
    assert cell.still
    assert cell.supervisor is not None
    assert [r.cause for r in cell.supervisor.tick(cell.now).active] == [HEARTBEAT_LOST]


def test_a_state_lets_time_go_on_for_its_lease_and_silence_lets_it_brake(cell: Cell) -> None:
    cell.move()
    cell.run(0.5)
    cell.beat()
    lease = WORLD.safety.lease
    assert cell.drives.leased(cell.now + lease - DT)
    assert not cell.drives.leased(cell.now + lease)
    # time stands while the wall's goes on: nobody moves, until it is called silence
    wall = cell.now + PATIENCE + 1e-3
    cell.drives.watch(cell.now, wall)
    assert cell.drives.silent
    assert cell.drives.leased(cell.now + lease)
    cell.beat()
    assert cell.drives.leased(cell.now)


@pytest.mark.parametrize("change", ["same", "older"])
def test_repeated_and_overtaken_states_are_no_sign_of_life(cell: Cell, change: str) -> None:
    cell.run(0.5)
    old = cell.beat()
    cell.run(0.05)
    new = cell.beat()
    assert old is not None
    assert new is not None
    for _ in range(round(2 * PATIENCE / DT)):
        cell.drives.watch(cell.now, cell.now)
        cell.now += DT
        cell.drives.hear(new if change == "same" else old, cell.now, cell.now)
    assert cell.drives.silent


class Chances(RuleBasedStateMachine):
    """Any order of faults, requests, resets and goals: who is stopped never moves by itself."""

    @initialize()
    def begin(self) -> None:
        self.cell = Cell()
        self.cell.run(0.1)
        self.lost = False

    @rule(name=st.sampled_from(sorted(ARMS)))
    def goal(self, name: str) -> None:
        try:
            self.cell.move(name)
        except GoalError:
            return
        assert not self.lost, "a goal was taken after a silence that nobody reset"

    @rule(seconds=st.sampled_from([0.05, 0.4]))
    def wait(self, seconds: float) -> None:
        self.cell.run(seconds)
        self.lost |= self.cell.drives.silent

    @rule()
    def kill(self) -> None:
        self.cell.supervisor = None

    @rule()
    def restart(self) -> None:
        self.cell.start()
        self.lost = True
        self.cell.beat()

    @precondition(lambda self: self.cell.supervisor is not None)
    @rule(category=st.integers(0, 2), scope=st.sampled_from(["cell", *ARMS]))
    def request(self, category: int, scope: str) -> None:
        from twincell.safety.types import Function

        assert self.cell.supervisor is not None
        key = f"r{self.cell.now:.4f}"
        given = (Function.PROCESS, category, "mover_fault", scope, "", self.cell.now, self.cell.now)
        self.cell.supervisor.request(StopRequest(key, *given), self.cell.now)
        self.cell.beat()

    @precondition(lambda self: self.cell.supervisor is not None)
    @rule()
    def reset(self) -> None:
        assert self.cell.supervisor is not None
        self.cell.beat()
        self.cell.beat()
        try:
            self.cell.supervisor.reset(self.cell.now)
        except SafetyError:
            return
        self.cell.beat()
        if not self.cell.drives.silent:
            self.lost = False

    @invariant()
    def what_is_stopped_comes_to_rest_and_stays(self) -> None:
        if not hasattr(self, "cell") or not self.lost:
            return
        self.cell.run(1.5)
        assert self.cell.still


TestChances = Chances.TestCase
TestChances.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
