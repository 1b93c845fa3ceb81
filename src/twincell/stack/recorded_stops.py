"""The stops of a recorded run, held against their predictions and the joints' limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection
from rosbags.typesys import Stores, get_typestore

from twincell.errors import InspectionError, did_you_mean
from twincell.geometry.description import describe
from twincell.motion.limits import JointLimits
from twincell.motion.recorded import shares_of_limits
from twincell.world.model import World

__all__ = ["MOST_ACCELERATION", "MOST_ERROR", "MOST_JERK", "RecordedStop", "recorded_stops"]

Array = NDArray[np.float64]

MOST_ERROR = 0.10
"""Distance may differ from its prediction by this share of it..."""
LEAST = 1e-3
"""... or by this much: a stop from next to nothing is noise [rad or m]."""
MOST_ACCELERATION = 1.05
"""Of its limit: servos do not follow their set-points exactly."""
MOST_JERK = 1.10
"""Of its limit, over a few physics steps."""


@dataclass(frozen=True)
class RecordedStop:
    """One mover's way to standstill.

    Attributes:
        mover: its name.
        request: id of the stop request.
        cause: of the request.
        category: 0, 1 or 2.
        accepted: [s].
        standstill: [s].
        distance: as the mover reported it [rad or m].
        travel: the same from the recorded joint states [rad or m].
        predicted: distance; NaN in category 0.
        acceleration: largest share of a joint's limit; NaN in category 0, where brakes rule.
        jerk: largest share of a joint's limit; NaN in category 0.
    """

    mover: str
    request: str
    cause: str
    category: int
    accepted: float
    standstill: float
    distance: float
    travel: float
    predicted: float
    acceleration: float
    jerk: float

    @property
    def faults(self) -> tuple[str, ...]:
        """What is not as it should be, in words."""
        found = []
        if self.category > 0:
            if abs(self.distance - self.predicted) > max(LEAST, MOST_ERROR * self.predicted):
                found.append(f"went {self.distance:.4f}, foretold were {self.predicted:.4f}")
            if self.acceleration > MOST_ACCELERATION:
                found.append(f"acceleration at {self.acceleration:.2f} of its limit")
            if self.jerk > MOST_JERK:
                found.append(f"jerk at {self.jerk:.2f} of its limit")
        if abs(self.travel - self.distance) > max(LEAST, MOST_ERROR * self.distance):
            found.append(f"reports {self.distance:.4f}, the joint states say {self.travel:.4f}")
        return tuple(found)


def recorded_stops(bag: Path, world: World, base: Path) -> list[RecordedStop]:
    """Read the stops of a bag, oldest first; movers that stood already are left out.

    Args:
        bag: folder or file of a rosbag2 bag that the cell's recorder wrote.
        world: of the cell.
        base: folder of the world file.

    Raises:
        InspectionError: no bag, one that cannot be read, or one of another cell.
    """
    try:
        with AnyReader([bag], default_typestore=get_typestore(Stores.ROS2_JAZZY)) as reader:
            return _read(reader, bag, world, base)
    except InspectionError:
        raise
    except (AnyReaderError, Exception) as error:  # each storage fails in its own way
        raise InspectionError(
            f"{bag}: cannot be read: {type(error).__name__}: {error}; valid: a whole rosbag2 bag"
        ) from None


def _read(reader: AnyReader, bag: Path, world: World, base: Path) -> list[RecordedStop]:
    reports: list[Any] = []
    states: dict[str, Connection] = {}
    for connection in reader.connections:
        parts = connection.topic.strip("/").split("/")
        if connection.msgtype == "twincell_msgs/msg/StopReport":
            reports += [
                reader.deserialize(raw, connection.msgtype)
                for _, _, raw in reader.messages([connection])
            ]
        elif parts[-1] == "joint_states" and len(parts) > 1:
            if parts[-2] not in world.arms:
                hint = did_you_mean(parts[-2], world.arms)
                raise InspectionError(f"{bag}: joint states of '{parts[-2]}'; {hint}")
            states[parts[-2]] = connection
    tracks = {}
    for mover in {r.mover for r in reports}:
        if mover not in states:
            raise InspectionError(f"{bag}: a stop of '{mover}', but none of its joint states")
        joints = describe(mover, world.arms[mover], base).joints
        tracks[mover] = _track(reader, states[mover], joints)
    found = []
    for r in sorted(reports, key=lambda r: _seconds(r.accepted)):
        limits = JointLimits.of(describe(r.mover, world.arms[r.mover], base), world.arms[r.mover])
        stop = _stop(r, *tracks[r.mover], limits)
        if max(stop.distance, stop.travel) > LEAST / 10:
            found.append(stop)
    return found


def _track(
    reader: AnyReader, connection: Connection, joints: tuple[str, ...]
) -> tuple[Array, Array, Array]:
    """Times, positions and speeds of a mover's joints."""
    times, q, v = [], [], []
    for _, _, raw in reader.messages([connection]):
        message: Any = reader.deserialize(raw, connection.msgtype)
        order = [message.name.index(joint) for joint in joints]
        times.append(_seconds(message.header.stamp))
        q.append(message.position[order])
        v.append(message.velocity[order])
    _, first = np.unique(times, return_index=True)
    return np.array(times)[first], np.array(q)[first], np.array(v)[first]


def _stop(report: Any, times: Array, q: Array, v: Array, limits: JointLimits) -> RecordedStop:
    begin, end = _seconds(report.accepted), _seconds(report.standstill)
    within = slice(*np.searchsorted(times, [begin - 1e-6, end + 1e-6]))
    some = q[within]
    travel = float(np.max(np.abs(some - some[0]))) if len(some) else 0.0
    shares = (math.nan, math.nan)
    if report.category > 0:
        shares = shares_of_limits(times[within], v[within], limits)
    return RecordedStop(
        report.mover,
        report.request_id,
        report.cause,
        int(report.category),
        begin,
        end,
        float(report.distance),
        travel,
        float(report.predicted_distance) if report.category > 0 else math.nan,
        *shares,
    )


def _seconds(stamp: Any) -> float:
    return float(stamp.sec) + 1e-9 * float(stamp.nanosec)
