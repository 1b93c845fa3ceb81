"""The CP-SAT model of tasks on machines, for job-shop files; the cell's is in `scheduler`."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from ortools.sat.python import cp_model

__all__ = ["Found", "Task", "TaskModel"]


@dataclass(frozen=True)
class Task:
    """Variables of a task; `chosen` has one literal a mode, none where there is but one mode."""

    start: Any
    end: Any
    chosen: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Found:
    """What a search ended with.

    Attributes:
        status: OPTIMAL, FEASIBLE, INFEASIBLE or UNKNOWN.
        bound: of the objective, as far as proven.
        solver: holds the values, where there are any.
    """

    status: str
    bound: float
    solver: cp_model.CpSolver

    @property
    def solved(self) -> bool:
        """Whether there are values."""
        return self.status in ("OPTIMAL", "FEASIBLE")


class TaskModel:
    """Tasks with alternatives, precedence, one task at a time on a machine, set-ups, hints.

    Args:
        horizon: nothing ends later [ticks].
    """

    def __init__(self, horizon: int) -> None:
        self.model = cp_model.CpModel()
        self.horizon = horizon
        self._rows: dict[Hashable, list[tuple[Any, Any, Any, Any, int]]] = {}

    def task(
        self,
        name: str,
        modes: Sequence[tuple[Hashable, int]],
        earliest: int | Sequence[int] = 0,
        family: int = 0,
        hint: tuple[int, int] | None = None,
    ) -> Task:
        """A task that is to be placed.

        Args:
            name: for the solver's log.
            modes: machine and duration of each way to do it [ticks].
            earliest: start, of all modes or of each [ticks].
            family: by which set-ups are told.
            hint: start [ticks] and number of the mode to begin the search with.
        """
        model = self.model
        heads = [earliest] * len(modes) if isinstance(earliest, int) else list(earliest)
        latest = self.horizon - min(size for _, size in modes)
        start = model.new_int_var(min(heads), latest, f"{name}.start")
        if hint is not None:
            model.add_hint(start, hint[0])
        if len(modes) == 1:
            machine, size = modes[0]
            interval = model.new_interval_var(start, size, start + size, name)
            self._rows.setdefault(machine, []).append((interval, start, start + size, 1, family))
            return Task(start, start + size)
        end = model.new_int_var(0, self.horizon, f"{name}.end")
        chosen = []
        for k, (machine, size) in enumerate(modes):
            on = model.new_bool_var(f"{name}.on{k}")
            model.add(end == start + size).only_enforce_if(on)
            if heads[k] > min(heads):
                model.add(start >= heads[k]).only_enforce_if(on)
            interval = model.new_optional_interval_var(start, size, start + size, on, f"{name}@{k}")
            self._rows.setdefault(machine, []).append((interval, start, start + size, on, family))
            if hint is not None:
                model.add_hint(on, int(k == hint[1]))
            chosen.append(on)
        model.add_exactly_one(chosen)
        if hint is not None:
            model.add_hint(end, hint[0] + modes[hint[1]][1])
        return Task(start, end, tuple(chosen))

    def fixed(self, name: str, machine: Hashable, start: int, end: int, family: int = 0) -> Task:
        """A task that runs or is frozen."""
        interval = self.model.new_fixed_size_interval_var(start, end - start, name)
        self._rows.setdefault(machine, []).append((interval, start, end, 1, family))
        return Task(start, end)

    def hold(self, name: str, machine: Hashable, start: Any, end: Any) -> None:
        """A machine is held from one variable to another."""
        size = self.model.new_int_var(0, self.horizon, f"{name}.stay")
        interval = self.model.new_interval_var(start, size, end, name)
        self._rows.setdefault(machine, []).append((interval, start, end, 1, 0))

    def separate(self, setups: dict[Hashable, Any] | None = None) -> None:
        """One task at a time on each machine, with the set-ups [family][family] of those given."""
        for machine, row in self._rows.items():
            self.model.add_no_overlap([r[0] for r in row])
            if setups and machine in setups and len(row) > 1:
                self._sequence(row, setups[machine])

    def _sequence(self, row: list[tuple[Any, Any, Any, Any, int]], setup: Any) -> None:
        """A circuit through the tasks of a machine; a set-up lies on each arc."""
        model = self.model
        arcs: list[tuple[int, int, Any]] = [(0, 0, model.new_bool_var(""))]
        for i, (_, _, end, on, family) in enumerate(row, 1):
            arcs += [(0, i, model.new_bool_var("")), (i, 0, model.new_bool_var(""))]
            if not isinstance(on, int):
                arcs.append((i, i, ~on))
            for k, (_, start, _, _, other) in enumerate(row, 1):
                if i != k:
                    follows = model.new_bool_var("")
                    arcs.append((i, k, follows))
                    wait = int(setup[family][other])
                    model.add(start >= end + wait).only_enforce_if(follows)
        model.add_circuit(arcs)

    def makespan(self, ends: Sequence[Any], earliest: int) -> Any:
        """A variable that is the latest end."""
        last = self.model.new_int_var(earliest, self.horizon, "makespan")
        self.model.add_max_equality(last, list(ends))
        return last

    def search(
        self,
        seed: int,
        workers: int = 1,
        seconds: float | None = None,
        deterministic: float | None = None,
    ) -> Found:
        """Look for the best values until proven or a limit is reached.

        Args:
            seed: of the search.
            workers: threads; with one and a deterministic limit a search repeats to the bit.
            seconds: limit on the clock [s].
            deterministic: limit in CP-SAT's deterministic seconds, which count work.
        """
        solver = cp_model.CpSolver()
        # its own handler would leave Ctrl-C to the default one afterwards, which kills at once
        solver.parameters.catch_sigint_signal = False
        solver.parameters.num_workers = workers
        solver.parameters.random_seed = seed % (2**31)
        if seconds is not None:
            solver.parameters.max_time_in_seconds = max(seconds, 1e-3)
        if deterministic is not None:
            solver.parameters.max_deterministic_time = max(deterministic, 1e-3)
        status = solver.solve(self.model)
        return Found(solver.status_name(status), solver.best_objective_bound, solver)
