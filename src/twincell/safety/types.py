"""Stops: requests, states, reports. The words are those of IEC 60204-1 and ISO 10218."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

__all__ = ["CELL", "Function", "Mode", "MoverStop", "SafetyState", "StopReport", "StopRequest"]

CELL = "cell"
"""Scope of a stop that means every mover."""


class Function(IntEnum):
    """Why there is a stop function at all; a lower number is stricter."""

    EMERGENCY = 1
    PROTECTIVE = 2
    PROCESS = 3


class Mode(IntEnum):
    """The state of the cell as a whole."""

    STARTING = 0
    RUNNING = 1
    SLOWED = 2
    STOPPED = 3


@dataclass(frozen=True)
class StopRequest:
    """Somebody asks for a stop.

    Attributes:
        id: unique.
        function: emergency, protective or process.
        category: stop category 0, 1 or 2.
        cause: key of the world file's rules, e.g. `person_in_zone`.
        scope: `cell` or a mover's name.
        evidence: what was seen, in words.
        stamp: time of the evidence (the light, the missed heartbeat) [s].
        requested: time of the request [s].
    """

    id: str
    function: Function
    category: int
    cause: str
    scope: str
    evidence: str
    stamp: float
    requested: float


@dataclass(frozen=True)
class MoverStop:
    """What one mover has to do.

    Attributes:
        mover: its name.
        category: stop category in force, None where it may move.
        speed_scale: share of its speed that it may use, 0 to 1.
    """

    mover: str
    category: int | None
    speed_scale: float


@dataclass(frozen=True)
class SafetyState:
    """The supervisor's word, repeated at its heartbeat.

    Attributes:
        stamp: time [s].
        sequence: rises by one a message.
        mode: of the cell.
        movers: of each mover.
        active: latched requests, oldest first; each stays until a reset after its cause ended.
        text: the same in words.
        persisting: causes that are still present: a reset is refused until this is empty.
    """

    stamp: float
    sequence: int
    mode: Mode
    movers: tuple[MoverStop, ...]
    active: tuple[StopRequest, ...]
    text: str
    persisting: tuple[str, ...] = ()

    def mover(self, name: str) -> MoverStop:
        """The entry of one mover.

        Raises:
            KeyError: no such mover.
        """
        for entry in self.movers:
            if entry.mover == name:
                return entry
        raise KeyError(name)


@dataclass(frozen=True)
class StopReport:
    """How one mover came to rest.

    Attributes:
        mover: its name.
        request: id of the request; `heartbeat_lost` where the mover stopped by itself.
        cause: of the request.
        category: carried out.
        requested: time of the request [s].
        accepted: time at which the controller took it [s].
        first_deceleration: time of the first slower command [s].
        standstill: time at which all joints stood [s].
        distance: largest measured joint travel from acceptance to standstill [rad or m].
        evidence: time of the light that the request rests on [s]; NaN where there is none.
        predicted_standstill: as foretold at acceptance [s]; NaN in category 0.
        predicted_distance: as foretold at acceptance [rad or m]; NaN in category 0.
    """

    mover: str
    request: str
    cause: str
    category: int
    requested: float
    accepted: float
    first_deceleration: float
    standstill: float
    distance: float
    evidence: float = math.nan
    predicted_standstill: float = math.nan
    predicted_distance: float = math.nan
