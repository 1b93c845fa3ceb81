"""The state of the line: blades, orders, what disruptions have changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from twincell.errors import ProductionError
from twincell.production.messages import PlannedTask, TaskKind
from twincell.production.outages import Outages
from twincell.production.problem import KINDS, Due, Job, Problem
from twincell.production.tariff import Tariff
from twincell.world.model import World

__all__ = ["AGAIN", "DURATIONS", "BladeState", "Judgement", "LineState", "OrderState", "Where"]

Judgement = Literal["accept", "rework", "reject"]
"""Where a judged blade goes."""

Where = Literal["tray", "handler", "fixture", "bin", "recalled", "returned", "left"]
"""Where a blade is; `recalled`: in a bin, to be taken out and inspected again; `returned` and
`left`: where it was taken from, for good, put back or never taken."""

AGAIN = "to be scanned again"
"""How the note of an inspection begins that leaves its blade without a judgement."""
DURATIONS: dict[TaskKind, float] = {"load": 9.0, "inspect": 14.0, "unload": 9.0}
"""Expected durations before any task was seen [s]."""


@dataclass
class BladeState:
    """One blade.

    Attributes:
        part: its name.
        pocket: of the in-tray.
        order: it belongs to, if any.
        where: it is.
        release: not available before [s].
        decision: of the inspection, or by rule.
        reason: for the decision, in words.
        target: rack and pocket it goes to.
        inspections: begun so far.
        finished: time at which it left the fixture for good [s].
        source: rack and pocket it is taken from; its pocket of the in-tray where None.
        rounds: how often it was recalled.
        spent: inspections that do not count any more: of earlier rounds, or cut off by a blackout.
    """

    part: str
    pocket: int
    order: str | None
    where: Where = "tray"
    release: float = 0.0
    decision: Judgement | None = None
    reason: str = ""
    target: tuple[str, int] | None = None
    inspections: int = 0
    finished: float | None = None
    source: tuple[str, int] | None = None
    rounds: int = 0
    spent: int = 0

    def task(self, kind: TaskKind, inspection: int) -> str:
        """Id of a task in this round: `<part>/<kind>`, with `#n` for a repetition.

        Args:
            kind: of the task.
            inspection: number of the inspection that is meant, where it is one.
        """
        number = inspection if kind == "inspect" else self.rounds + 1
        return f"{self.part}/{kind}" + (f"#{number}" if number > 1 else "")


@dataclass
class OrderState:
    """One order; `due` [s] and `priority` may change, `margin` is EUR an accepted part."""

    name: str
    parts: tuple[str, ...]
    due: float
    priority: float
    margin: float
    cancelled: bool = False


@dataclass
class LineState:
    """Everything that a plan depends on.

    Attributes:
        blades: by name.
        orders: by name.
        tariff: price of energy.
        outages: what is out of order or limited.
        happened: disruptions so far.
        tasks: that have begun or ended, by id.
        taken: pockets of the bins that hold a blade or are promised to one.
        energy: used [J].
        energy_cost: of it [EUR].
    """

    blades: dict[str, BladeState]
    orders: dict[str, OrderState]
    tariff: Tariff
    outages: Outages = field(default_factory=Outages)
    happened: int = 0
    tasks: dict[str, PlannedTask] = field(default_factory=dict)
    taken: set[tuple[str, int]] = field(default_factory=set)
    energy: float = 0.0
    energy_cost: float = 0.0
    energy_stamp: float = 0.0

    @classmethod
    def of(cls, world: World) -> LineState:
        """The state at the shift's start.

        Raises:
            ProductionError: an order names a blade twice or one that is not there, or the in-tray
                has no pocket for a blade.
        """
        owner: dict[str, str] = {}
        for name, order in world.production.orders.items():
            for part in order.parts:
                key = f"production.orders.{name}.parts"
                if part not in world.blades:
                    valid = ", ".join(world.blades)
                    raise ProductionError(f"{key}: unknown blade '{part}'; valid: {valid}")
                if part in owner:
                    raise ProductionError(f"{key}: '{part}' is already in order '{owner[part]}'")
                owner[part] = name
        tray = world.racks[world.rack_of("in_tray")]
        given = {b.slot for b in world.blades.values() if b.slot is not None}
        free = iter(i for i in range(tray.rows * tray.columns) if i not in given)
        blades = {}
        for part, blade in world.blades.items():
            pocket = blade.slot if blade.slot is not None else next(free, None)
            if pocket is None or not 0 <= pocket < tray.rows * tray.columns:
                raise ProductionError(
                    f"blades.{part}: no pocket for it in the in-tray, which has "
                    f"{tray.rows * tray.columns}"
                )
            blades[part] = BladeState(part, pocket, owner.get(part))
        orders = {
            n: OrderState(n, o.parts, o.due, o.priority, o.margin)
            for n, o in world.production.orders.items()
        }
        return cls(blades, orders, Tariff.of(world.production.tariff))

    def use_energy(self, now: float, energy: float) -> None:
        """Account for energy used since the last call, at the mean price of that time.

        Args:
            now: time [s].
            energy: used since the shift's start [J].
        """
        used = max(0.0, energy - self.energy)
        price = self.tariff.mean(self.energy_stamp, now)
        self.energy_cost += used * price / 3.6e9
        self.energy, self.energy_stamp = max(energy, self.energy), now

    def order_of(self, part: str) -> OrderState | None:
        """The order of a blade, None where there is none or it was cancelled."""
        name = self.blades[part].order
        order = self.orders[name] if name is not None else None
        return None if order is None or order.cancelled else order

    def open(self, part: str) -> bool:
        """Whether a blade still waits to be loaded."""
        blade = self.blades[part]
        cancelled = blade.order is not None and self.orders[blade.order].cancelled
        waits = blade.where in ("tray", "recalled")
        return waits and blade.finished is None and not cancelled

    def recall(self, part: str) -> None:
        """An accepted blade is to be taken out of its bin and inspected again."""
        blade = self.blades[part]
        blade.where, blade.finished = "recalled", None
        blade.source, blade.target = blade.target, None
        blade.decision, blade.reason = None, ""
        blade.rounds, blade.spent = blade.rounds + 1, blade.inspections

    def loaded(self, part: str) -> None:
        """A blade was put into the fixture; the pocket of a bin that it came from is free."""
        blade = self.blades[part]
        blade.where = "fixture"
        if blade.source is not None:
            self.taken.discard(blade.source)

    def put_back(self, part: str) -> None:
        """A blade is where it was taken from again; the pocket that was promised to it is free."""
        blade = self.blades[part]
        if blade.target is not None:
            self.taken.discard(blade.target)
        blade.target = None
        if blade.source is not None:
            self.taken.add(blade.source)

    def lateness(self) -> dict[str, float]:
        """Lateness of each order by its finished blades [s]."""
        late = {}
        for name, order in self.orders.items():
            ends = [self.blades[p].finished for p in order.parts]
            late[name] = max(0.0, max((e for e in ends if e is not None), default=0.0) - order.due)
        return late

    def problem(
        self,
        now: float,
        durations: dict[TaskKind, float],
        running: dict[str, tuple[TaskKind, float]],
        inside: dict[str, tuple[TaskKind, ...]],
        previous: tuple[str, ...],
        world: World,
        delay: float = 0.0,
    ) -> Problem:
        """The rest of the shift, to be sequenced.

        Args:
            now: time [s].
            durations: expected of each kind [s].
            running: kind and start of the running task, by blade.
            inside: tasks left of the blade in process, the running one included.
            previous: sequence of the running plan.
            world: who does what, and with which sensor.
            delay: of the running task [s].
        """
        person = self.outages.person
        free = {k: max(person, self.outages.free_from(world, k)) for k in KINDS}
        jobs = []
        for part, blade in self.blades.items():
            order = self.order_of(part)
            name = order.name if order is not None else None
            if part in inside:
                left = {k: durations[k] for k in inside[part]}
                begun = running.get(part)
                if begun is not None:
                    left[begun[0]] += delay + max(0.0, free[begun[0]] - now)
                jobs.append(Job(part, name, left, running=begun[1] if begun else None))
            elif self.open(part):
                jobs.append(Job(part, name, dict(durations), blade.release))
        dues = {
            n: Due(o.due, o.priority, max(self.blades[p].finished or 0.0 for p in o.parts))
            for n, o in self.orders.items()
            if not o.cancelled and o.parts
        }
        paces = {k: self.outages.pace(world, k) for k in KINDS}
        return Problem(
            now,
            tuple(jobs),
            dues,
            self.tariff,
            free["inspect"],
            previous=previous,
            handle_from=free["load"],
            paces={k: pace for k, pace in paces.items() if pace.share < 1.0},
        )
