"""What energy costs: a price that is constant between steps, integrated exactly."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from twincell.errors import ProductionError
from twincell.world.work import TariffStep

__all__ = ["JOULES_PER_MWH", "Tariff"]

JOULES_PER_MWH = 3.6e9


@dataclass(frozen=True)
class Tariff:
    """Price over time; the last price holds for ever.

    Attributes:
        starts: rising, the first is 0 [s].
        prices: from each start on [EUR/MWh].
    """

    starts: tuple[float, ...]
    prices: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.starts or len(self.starts) != len(self.prices):
            raise ProductionError(
                f"tariff: {len(self.starts)} starts and {len(self.prices)} prices; "
                "valid: one price a start, at least one"
            )
        if self.starts[0] != 0.0:
            raise ProductionError(f"tariff: starts at {self.starts[0]:g} s; valid: 0 s, no gap")
        for before, after in pairwise(self.starts):
            if not after > before:
                raise ProductionError(
                    f"tariff: step at {after:g} s follows {before:g} s; valid: rising starts"
                )
        if not all(map(math.isfinite, (*self.starts, *self.prices))):
            raise ProductionError("tariff: a start or price is not finite")

    @classmethod
    def of(cls, steps: Iterable[TariffStep]) -> Tariff:
        """From a world file's steps."""
        pairs = [(s.start, s.price) for s in steps]
        return cls(tuple(s for s, _ in pairs), tuple(p for _, p in pairs))

    def price(self, t: float) -> float:
        """Price at `t` [EUR/MWh]; before 0 the first."""
        return self.prices[max(0, bisect_right(self.starts, t) - 1)]

    def pieces(self, t0: float, t1: float) -> list[tuple[float, float, float]]:
        """The parts of [t0, t1] with one price: (from, to, price) [s, s, EUR/MWh]."""
        cuts = [t0, *(s for s in self.starts if t0 < s < t1), t1]
        return [(a, b, self.price(a)) for a, b in pairwise(cuts) if b > a]

    def mean(self, t0: float, t1: float) -> float:
        """Time average of the price over [t0, t1] [EUR/MWh]."""
        if t1 <= t0:
            return self.price(t0)
        return sum((b - a) * p for a, b, p in self.pieces(t0, t1)) / (t1 - t0)

    def cost(self, power: float, t0: float, t1: float) -> float:
        """Cost of a constant power [W] over [t0, t1] [EUR]."""
        return power * sum((b - a) * p for a, b, p in self.pieces(t0, t1)) / JOULES_PER_MWH

    def cost_of_profile(self, times: Sequence[float], power: Sequence[float]) -> float:
        """Cost of a power that is linear between samples, integrated exactly [EUR].

        Within a piece of one price the integral of a linear function is its mean times the length.

        Args:
            times: rising, shape (n,) [s].
            power: at these times, shape (n,) [W].

        Raises:
            ProductionError: lengths differ or times do not rise.
        """
        if len(times) != len(power):
            raise ProductionError(f"profile: {len(times)} times and {len(power)} powers")
        joules_price = 0.0
        for t0, t1, p0, p1 in zip(times, times[1:], power, power[1:], strict=False):
            if t1 < t0:
                raise ProductionError(f"profile: time {t1:g} s follows {t0:g} s; valid: rising")
            slope = (p1 - p0) / (t1 - t0) if t1 > t0 else 0.0
            for a, b, price in self.pieces(t0, t1):
                joules_price += price * (b - a) * (p0 + slope * ((a + b) / 2 - t0))
        return joules_price / JOULES_PER_MWH

    def spiked(self, t0: float, t1: float, price: float) -> Tariff:
        """The tariff with another price over [t0, t1].

        Raises:
            ProductionError: the spike ends before it starts, or a value is not finite.
        """
        if not (math.isfinite(t0) and math.isfinite(t1) and t1 > t0 >= 0):
            raise ProductionError(f"tariff spike from {t0} s to {t1} s; valid: 0 <= from < to")
        steps = {s: p for s, p in zip(self.starts, self.prices, strict=True) if not t0 <= s < t1}
        after = self.price(t1)
        steps |= {t0: price, t1: after}
        ordered = sorted(steps.items())
        return Tariff(tuple(s for s, _ in ordered), tuple(p for _, p in ordered))
