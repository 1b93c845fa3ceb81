"""The exceptions of twincell, in one tree.

TwincellError
├── WorldError         a world file: unknown key, wrong unit or type, impossible layout
├── AssetError         a file that a world names is missing or unreadable
├── GeometryError      a mesh or a flaw that cannot be built
├── PhysicsError       a body, joint or contact that Bullet cannot give
├── MotionError        no trajectory: unreachable, in collision, beyond limits
│   └── GoalError      a commanded trajectory that a controller must refuse
├── SensorError        a sensor whose configuration or data make no sense
├── InspectionError    a scan that cannot be judged
├── StudyError         a study whose design or data allow no answer
├── EnvError           an option or action that an environment does not take
├── TrainingError      settings, policies or runs of training that do not fit
├── SafetyError        a stop request or reset that is refused
└── ProductionError    orders, plans or disruptions that contradict themselves
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "AssetError",
    "EnvError",
    "GeometryError",
    "GoalError",
    "InspectionError",
    "MotionError",
    "PhysicsError",
    "ProductionError",
    "SafetyError",
    "SensorError",
    "StudyError",
    "TrainingError",
    "TwincellError",
    "WorldError",
    "did_you_mean",
]


class TwincellError(Exception):
    """Base of all errors that a user can cause; the command line prints it without a traceback."""


class WorldError(TwincellError):
    """A world file is wrong; the message has one line a fault: file, key, given, valid."""


class AssetError(TwincellError):
    """A URDF, mesh or world that was named cannot be found or read."""


class GeometryError(TwincellError):
    """A mesh, blade or flaw cannot be built as asked."""


class PhysicsError(TwincellError):
    """The physics world was asked for something it does not hold."""


class MotionError(TwincellError):
    """No motion satisfies what was asked: unreachable pose, collision, limits."""


class GoalError(MotionError):
    """A trajectory goal that a controller must refuse.

    Attributes:
        code: the error code of control_msgs/FollowJointTrajectory (`INVALID_GOAL` = -1,
            `INVALID_JOINTS` = -2, `OLD_HEADER_TIMESTAMP` = -3).
    """

    INVALID_GOAL = -1
    INVALID_JOINTS = -2
    OLD_HEADER_TIMESTAMP = -3

    def __init__(self, message: str, code: int = INVALID_GOAL) -> None:
        super().__init__(message)
        self.code = code


class SensorError(TwincellError):
    """A sensor's configuration or data make no sense."""


class InspectionError(TwincellError):
    """A scan cannot be judged: empty, not finite, or not of this part."""


class StudyError(TwincellError):
    """A study cannot be made as designed, or its data allow no answer."""


class EnvError(TwincellError):
    """An environment was given an unknown option, a wrong action, or goals it cannot reach."""


class TrainingError(TwincellError):
    """A training cannot be made as set, or a policy does not fit where it should act."""


class SafetyError(TwincellError):
    """A stop request or a reset is refused; the cell stays as it is."""


class ProductionError(TwincellError):
    """Orders, plans or disruptions contradict themselves; the running plan stays in force."""


def did_you_mean(given: str, valid: Iterable[str]) -> str:
    """A hint for a misspelt name.

    Args:
        given: what the user wrote.
        valid: the names that would have been understood.

    Returns:
        `"did you mean 'x'? "` where a close name exists, then the list of valid names.
    """
    names = sorted(set(valid))
    close = difflib.get_close_matches(given, names, n=1, cutoff=0.6)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}valid: {', '.join(names) if names else '(none)'}"
