"""What is out of order on the line, or limited, and until when."""

from __future__ import annotations

from dataclasses import dataclass, field

from twincell.production.messages import TaskKind
from twincell.production.problem import Pace
from twincell.world.disruptions import SLOWEST
from twincell.world.model import World

__all__ = ["Outages"]

PEAK = 100.0
"""Most that the arms draw above idle at full speed [W]: the shipped cell's peak is 98 W."""


@dataclass
class Outages:
    """Every outage with its end, as it is known; lapsed ones are gone.

    Attributes:
        slow: share of its speed that a mover has left, and until when; `inf`: until repaired.
        failed: when a mover that cannot move is repaired, by mover [s].
        tools: when a mover whose tool is lost has another, by mover [s].
        blind: when a sensor sees again, by sensor [s].
        cap: most power that the cell may draw [W], and until when [s]; None without.
        person: a person is in the zone until then [s]; 0 where nobody is.
    """

    slow: dict[str, Pace] = field(default_factory=dict)
    failed: dict[str, float] = field(default_factory=dict)
    tools: dict[str, float] = field(default_factory=dict)
    blind: dict[str, float] = field(default_factory=dict)
    cap: tuple[float, float] | None = None
    person: float = 0.0

    def lapse(self, now: float) -> list[tuple[str, str]]:
        """Forget what is over.

        Args:
            now: time [s].

        Returns:
            Subject and words of each outage that has ended.
        """
        told = []
        for mover, pace in list(self.slow.items()):
            if pace.until <= now:
                del self.slow[mover]
                told.append((mover, f"{mover} moves at full speed again"))
        for ends, words in (
            (self.failed, "is repaired"),
            (self.tools, "has a tool again"),
            (self.blind, "sees again"),
        ):
            for name in [n for n, end in ends.items() if end <= now]:
                del ends[name]
                told.append((name, f"{name} {words}"))
        if self.cap is not None and self.cap[1] <= now:
            told.append(("", f"the limit of {self.cap[0]:g} W is lifted"))
            self.cap = None
        if 0.0 < self.person <= now:
            self.person = 0.0
            told.append(("", "the person goes out of the zone"))
        return told

    def repair(self, mover: str) -> list[str]:
        """A mover is whole again, and so is its tool; what was wrong with it, in words."""
        wrong = []
        for ends, words in ((self.failed, "failed"), (self.tools, "without its tool")):
            if ends.pop(mover, None) is not None:
                wrong.append(words)
        if self.slow.pop(mover, None) is not None:
            wrong.append("slow")
        return wrong

    def share(self, world: World, mover: str) -> float:
        """Share of its speed at which a mover moves now, in (0, 1]."""
        own = self.slow.get(mover, Pace()).share
        return own * self._under_cap(world)

    def pace(self, world: World, kind: TaskKind) -> Pace:
        """How fast a kind of task goes, and how long; `SLOWEST` where it all but stands."""
        mover = _mover(world, kind)
        limits = [(p.share, p.until) for p in (self.slow.get(mover),) if p is not None]
        if self.cap is not None:
            limits.append((self._under_cap(world), self.cap[1]))
        if len(limits) < 2:
            share, until = limits[0] if limits else (1.0, 0.0)
            return Pace(max(share, SLOWEST), until)
        # both until the first of them ends, then the other
        (first, until), (second, last) = sorted(limits, key=lambda limit: limit[1])
        return Pace(max(first * second, SLOWEST), until, max(second, SLOWEST), last)

    def _under_cap(self, world: World) -> float:
        """Share of the speed at which the cell draws no more than the cap.

        Work against gravity and friction takes power in proportion to speed, acceleration in
        proportion to its cube: a peak falls at least as the speed does.
        """
        if self.cap is None:
            return 1.0
        return min(1.0, (self.cap[0] - world.idle_power) / PEAK)

    def free_from(self, world: World, kind: TaskKind) -> float:
        """Before which no task of a kind can go on [s]."""
        mover, table = _mover(world, kind), world.fixture.arm
        ends = [self.failed.get(mover, 0.0), self.failed.get(table, 0.0)]
        ends += [self.tools.get(mover, 0.0)]
        if kind == "inspect":
            ends.append(self.blind.get(world.inspection.profiler, 0.0))
        return max(ends)

    @property
    def limiting(self) -> bool:
        """Whether tasks take longer than they would, so that nothing is to be learnt from them."""
        return bool(self.slow) or self.cap is not None


def _mover(world: World, kind: TaskKind) -> str:
    return world.inspection.arm if kind == "inspect" else world.handler
