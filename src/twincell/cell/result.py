"""What a shift gave: verdicts against the truth, stops, plans, energy. It travels as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from twincell.cell.extras import Extras
from twincell.cell.plain import decode, encode
from twincell.errors import ProductionError
from twincell.inspection.anomaly import Anomaly
from twincell.production.messages import Journalled, Plan, PlannedTask
from twincell.safety.types import StopReport, StopRequest

__all__ = ["BladeResult", "FlawTruth", "OrderResult", "RunResult", "Stop"]


@dataclass(frozen=True)
class FlawTruth:
    """A flaw as it was cut into a blade.

    Attributes:
        length: along the surface [m].
        opening: opening width [m].
        depth: below the surface [m].
        side: suction or pressure.
        path: points along it, part frame [m].
    """

    length: float
    opening: float
    depth: float
    side: str
    path: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class BladeResult:
    """One blade: what was found and decided against what is true.

    Attributes:
        name: the blade.
        decision: accept, rework, reject, rescan, or `none` where it was never judged.
        expected: the decision that its true flaws ask for.
        coverage: share of the airfoil's area that was seen, 0 to 1; NaN for a scan cut short.
        residual: root mean square distance of scan to CAD [m]; NaN as well.
        anomalies: reported, longest first; their `points` are not kept in JSON.
        truth: the flaws that were cut.
        found, missed: how many flaws.
        false: how many anomalies that no flaw explains.
    """

    name: str
    decision: str
    expected: str
    coverage: float
    residual: float
    anomalies: tuple[Anomaly, ...]
    truth: tuple[FlawTruth, ...]
    found: int
    missed: int
    false: int


@dataclass(frozen=True)
class Stop:
    """One mover's stop.

    Attributes:
        request: what asked for it.
        report: how the mover came to rest.
    """

    request: StopRequest
    report: StopReport


@dataclass(frozen=True)
class OrderResult:
    """An order at the shift's end.

    Attributes:
        name: of the order.
        due: due time [s].
        finished: time at which its last blade lay in a bin, None where it never did [s].
        tardiness: lateness, 0 where in time [s].
        parts: its blades.
    """

    name: str
    due: float
    finished: float | None
    tardiness: float
    parts: tuple[str, ...]


@dataclass(frozen=True)
class RunResult:
    """A whole shift.

    Attributes:
        world: name of the world.
        seed: of the run.
        hash: SHA-256 over all that the run produced except wall times, hexadecimal.
        duration: of the shift in simulation time [s].
        wall: wall time that it took [s].
        blades: by their order on the tray.
        stops: by time of request, one entry a mover.
        plans: by revision; the first is the plan at the start.
        tasks: executed, with real times.
        energy: used by all movers [J].
        energy_cost: at the tariff [EUR].
        orders: by name.
        events: the journal's lines.
        extras: pictures and curves for the report; kept in a file of their own, not in JSON.
    """

    world: str
    seed: int
    hash: str
    duration: float
    wall: float
    blades: tuple[BladeResult, ...]
    stops: tuple[Stop, ...]
    plans: tuple[Plan, ...]
    tasks: tuple[PlannedTask, ...]
    energy: float
    energy_cost: float
    orders: tuple[OrderResult, ...]
    events: tuple[Journalled, ...]
    extras: Extras = field(default_factory=Extras, compare=False, repr=False)

    @property
    def real_time_factor(self) -> float:
        """Simulated seconds a wall second."""
        return self.duration / self.wall if self.wall > 0 else math.inf

    @property
    def found(self) -> int:
        """Flaws that an anomaly explains."""
        return sum(blade.found for blade in self.blades)

    @property
    def missed(self) -> int:
        """Flaws that no anomaly explains."""
        return sum(blade.missed for blade in self.blades)

    @property
    def false(self) -> int:
        """Anomalies that no flaw explains."""
        return sum(blade.false for blade in self.blades)

    @property
    def correct(self) -> int:
        """Blades that were decided as the truth asks."""
        return sum(blade.decision == blade.expected for blade in self.blades)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what is not finite is null."""
        plain: dict[str, Any] = encode(
            replace(self, blades=tuple(map(_bare, self.blades)), extras=Extras())
        )
        del plain["extras"]
        for blade in plain["blades"]:
            for anomaly in blade["anomalies"]:
                del anomaly["points"]
        names = ("found", "missed", "false", "correct", "real_time_factor")
        return plain | {name: encode(getattr(self, name)) for name in names}

    def to_json(self) -> str:
        """One JSON object, keys as the attributes."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> RunResult:
        """Read what `to_json` wrote.

        Raises:
            ProductionError: no JSON, or not of a run; the message names what is missing.
        """
        try:
            data = json.loads(text)
            if not isinstance(data, dict):
                raise ValueError(f"given {type(data).__name__}; valid: an object")
            for blade in data.get("blades", []):
                for anomaly in blade["anomalies"]:
                    anomaly["points"] = np.empty((0, 3))
            return decode(cls, data)
        except (ValueError, TypeError, KeyError) as error:
            raise ProductionError(f"not the result of a run: {error}") from None


def _bare(blade: BladeResult) -> BladeResult:
    """Without the many points behind each anomaly, so that encoding does not walk them."""
    empty = np.empty((0, 3))
    return replace(blade, anomalies=tuple(replace(a, points=empty) for a in blade.anomalies))
