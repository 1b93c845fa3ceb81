"""What the orchestrator hears (events) and says (commands): the same in lockstep and over ROS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twincell.geometry.pose import Pose
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.motion.trajectory import JointTrajectory
from twincell.safety.types import SafetyState, StopRequest
from twincell.world.disruptions import DisruptionKind

__all__ = [
    "Alternative",
    "AnomalyFound",
    "Clamp",
    "Command",
    "Decision",
    "Done",
    "Event",
    "FinishScan",
    "Grip",
    "Inject",
    "Journalled",
    "Leg",
    "Look",
    "Move",
    "Plan",
    "PlannedTask",
    "Publish",
    "Rehearse",
    "Rehearsed",
    "RequestStop",
    "SafetyHeard",
    "SafetySilent",
    "Sighted",
    "StartScan",
    "Status",
    "Steer",
    "TaskKind",
    "Tick",
    "Tried",
    "Verdicts",
    "scan_begun",
]

TaskKind = Literal["load", "inspect", "unload"]
Status = Literal["waiting", "running", "done", "aborted"]


@dataclass(frozen=True)
class Tick:
    """Time went on; where the movers are.

    Attributes:
        positions: joint positions by mover, each shape (d,) [rad].
        energy: used since the shift's start [J].
    """

    positions: dict[str, NDArray[np.float64]]
    energy: float = 0.0


@dataclass(frozen=True)
class Done:
    """A command with this tag ended; `ok` is False where it was refused, stopped or missed."""

    tag: str
    ok: bool
    message: str = ""


@dataclass(frozen=True)
class AnomalyFound:
    """The detector saw something while scanning."""

    anomaly: Anomaly


@dataclass(frozen=True)
class Verdicts:
    """The detector judged the whole scan that `tag` finished."""

    tag: str
    verdict: Verdict


@dataclass(frozen=True)
class SafetyHeard:
    """The supervisor spoke."""

    state: SafetyState


@dataclass(frozen=True)
class SafetySilent:
    """The supervisor has not spoken for its patience: nothing may be asked to move."""


@dataclass(frozen=True)
class Leg:
    """From one place to a blade at another: `<rack>/<pocket>`, `fixture` or `home`."""

    start: str
    end: str

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"


@dataclass(frozen=True)
class Tried:
    """What came of a leg in the physics cell.

    Attributes:
        leg: that was tried.
        ok: whether the hand got there, touching nothing.
        seconds: that it took [s].
        text: why not; empty where it did.
    """

    leg: Leg
    ok: bool
    seconds: float = 0.0
    text: str = ""

    def __str__(self) -> str:
        return f"{self.leg} ({f'free, {self.seconds:.1f} s' if self.ok else self.text})"


@dataclass(frozen=True)
class Rehearsed:
    """The physics cell has tried legs, in their order; those that its time did not reach lack."""

    tried: tuple[Tried, ...]


@dataclass(frozen=True)
class Inject:
    """A disruption happens now.

    Attributes:
        trigger: which disruption of the world file it is, and for the how-manieth time, as
            `<index>/<count>`; empty where somebody asked for it.
    """

    kind: DisruptionKind
    subject: str
    parameters: dict[str, Any] = field(default_factory=dict)
    trigger: str = ""


@dataclass(frozen=True)
class Sighted:
    """What was measured while nothing moved, after a restart.

    Attributes:
        positions: of the joints by mover, each shape (d,) [rad].
        opening: between the handler's fingers [m].
        blades: world pose of each blade's part frame.
    """

    positions: dict[str, NDArray[np.float64]]
    opening: float
    blades: dict[str, Pose]


Event = (
    Tick
    | Done
    | AnomalyFound
    | Verdicts
    | SafetyHeard
    | SafetySilent
    | Inject
    | Sighted
    | Rehearsed
)


@dataclass(frozen=True)
class Move:
    """Execute a trajectory; answered by `Done(tag)`."""

    tag: str
    mover: str
    trajectory: JointTrajectory


@dataclass(frozen=True)
class Steer:
    """Let a policy lead the tip to a point in the world, (3,) [m]; answered by `Done(tag)`."""

    tag: str
    mover: str
    goal: NDArray[np.float64]


@dataclass(frozen=True)
class Grip:
    """Open or close a gripper; answered by `Done(tag)`, not ok when nothing was held.

    Attributes:
        close: True grasps with the gripper's force, False opens.
        part: the blade meant, for the journal.
    """

    tag: str
    mover: str
    close: bool
    part: str


@dataclass(frozen=True)
class Clamp:
    """Close or open the fixture's clamp; answered by `Done(tag)`."""

    tag: str
    close: bool
    part: str


@dataclass(frozen=True)
class Look:
    """See whether a blade stands where it was set down; answered by `Done(tag)`, not ok if not.

    Attributes:
        pose: where its part frame has to be, in the world.
    """

    tag: str
    part: str
    pose: Pose


@dataclass(frozen=True)
class StartScan:
    """Tell the detector which part is in the fixture; answered by `Done(tag)`."""

    tag: str
    part: str


@dataclass(frozen=True)
class FinishScan:
    """Ask the detector for its verdict; answered by `Verdicts(tag)`, or `Done(tag, ok=False)`."""

    tag: str
    part: str


@dataclass(frozen=True)
class RequestStop:
    """Ask the supervisor for a stop; nobody answers, the state tells."""

    request: StopRequest


@dataclass(frozen=True)
class PlannedTask:
    """One task of a plan.

    Attributes:
        id: `<part>/<kind>`, with `#n` for a repetition.
        part: the blade.
        kind: load (tray to fixture), inspect, unload (fixture to bin).
        resource: the mover that does it.
        start, end: planned, or real where it is running or done [s].
        status: where it stands.
        note: e.g. the bin.
    """

    id: str
    part: str
    kind: TaskKind
    resource: str
    start: float
    end: float
    status: Status
    note: str = ""


@dataclass(frozen=True)
class Alternative:
    """A sequence that the twin played before a decision; all of a decision met the same noise.

    Attributes:
        name: how it came about, in words.
        sequence: of the blades that wait.
        chosen: whether the line goes on with it.
        cost: mean, as the scheduler counts it [s of weighted lateness].
        tardiness: mean, weighted [s].
        energy: mean cost of the tasks' energy [EUR].
        makespan: mean end of the last task [s].
        edges: of the histogram of the cost, the same for all of a decision, length n + 1 [s].
        counts: rollouts in each bin, length n.
    """

    name: str
    sequence: tuple[str, ...]
    chosen: bool
    cost: float
    tardiness: float
    energy: float
    makespan: float
    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Decision:
    """Why a plan was changed or kept.

    Attributes:
        moved: what moved against the plan before, in words.
        ruling: the gate's words and numbers.
        alternatives: that the twin played; the first is keeping course.
    """

    moved: str
    ruling: str
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True)
class Plan:
    """The rest of the shift as it is meant to be.

    Attributes:
        id: `plan-<revision>`.
        revision: rises by one a change.
        stamp: when it was made [s].
        reason: the event that led to it, in words.
        tasks: by start.
        makespan: end of the last task [s].
        tardiness: weighted, sum over orders of priority x lateness [s].
        energy_cost: expected of the whole shift [EUR].
        text: what changed against the plan before, in words.
        decision: what the twin was asked; None where it was not.
    """

    id: str
    revision: int
    stamp: float
    reason: str
    tasks: tuple[PlannedTask, ...]
    makespan: float
    tardiness: float
    energy_cost: float
    text: str
    decision: Decision | None = None


@dataclass(frozen=True)
class Rehearse:
    """Have the physics cell try what no hand has done yet; answered by `Rehearsed`.

    Attributes:
        legs: ways of the empty hand.
        standing: where blades stand, by name: `<rack>/<pocket>`.
    """

    legs: tuple[Leg, ...]
    standing: dict[str, str]


@dataclass(frozen=True)
class Publish:
    """A new plan is in force."""

    plan: Plan


@dataclass(frozen=True)
class Journalled:
    """Something worth keeping happened: one line of the journal."""

    stamp: float
    kind: str
    subject: str
    detail: dict[str, Any]


def scan_begun(line: Journalled) -> str | None:
    """The blade whose scan begins, by a line: what was found on it before counts no more."""
    part, _, task = line.subject.rpartition("/")
    return part if line.kind == "task_started" and task.startswith("inspect") else None


Command = (
    Move
    | Steer
    | Grip
    | Clamp
    | Look
    | StartScan
    | FinishScan
    | RequestStop
    | Rehearse
    | Publish
    | Journalled
)
