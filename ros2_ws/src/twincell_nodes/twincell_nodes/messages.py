"""Between the core's dataclasses and ROS messages: trajectories, stops, plans."""

import json
import time

import numpy as np
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from trajectory_msgs.msg import JointTrajectory as TrajectoryMsg
from trajectory_msgs.msg import JointTrajectoryPoint
from twincell_msgs import msg

from twincell.errors import GoalError
from twincell.motion.stream import JointTarget
from twincell.motion.trajectory import JointTrajectory
from twincell.production.messages import (
    Alternative,
    Decision,
    Journalled,
    Plan,
    PlannedTask,
)
from twincell.safety.types import (
    Function,
    Mode,
    MoverStop,
    SafetyState,
    StopReport,
    StopRequest,
)
from twincell_nodes.conversions import header, seconds, stamp

__all__ = [
    "event",
    "event_of",
    "follow_goal",
    "plan",
    "plan_of",
    "safety_state",
    "state_of",
    "stop_report",
    "stop_report_of",
    "stop_request",
    "stop_request_of",
    "target",
    "target_of",
    "target_report",
    "trajectory",
    "trajectory_of",
    "wall_ns",
]


def wall_ns() -> int:
    """Nanoseconds of the wall clock since the epoch."""
    return time.time_ns()


_MEANS = ("cost", "tardiness", "energy", "makespan")
"""Of an alternative."""

# ------------------------------------------------------------------------ trajectories


def trajectory(value: JointTrajectory) -> TrajectoryMsg:
    """A trajectory as a message; its stamp 0 means: start at once."""
    points = []
    for t, q, v in zip(value.times, value.positions, value.velocities, strict=True):
        whole, rest = divmod(round(float(t) * 1e9), 1_000_000_000)
        points.append(
            JointTrajectoryPoint(
                positions=q.tolist(),
                velocities=v.tolist(),
                time_from_start=Duration(sec=whole, nanosec=rest),
            )
        )
    return TrajectoryMsg(joint_names=list(value.joints), points=points)


def follow_goal(value: JointTrajectory) -> FollowJointTrajectory.Goal:
    """The goal that asks for a trajectory."""
    return FollowJointTrajectory.Goal(trajectory=trajectory(value))


def trajectory_of(message: TrajectoryMsg) -> JointTrajectory:
    """A trajectory from its message; velocities that are left out are taken from neighbours.

    Raises:
        GoalError: way-points of unequal or wrong length.
    """
    size = len(message.joint_names)
    if size == 0:
        raise GoalError("the trajectory names no joints", GoalError.INVALID_JOINTS)
    for i, point in enumerate(message.points):
        if len(point.positions) != size or len(point.velocities) not in (0, size):
            raise GoalError(
                f"way-point {i} has {len(point.positions)} positions and {len(point.velocities)} "
                f"velocities for {size} joints; valid: {size} positions, {size} or no velocities"
            )
    times = np.array([seconds(p.time_from_start) for p in message.points])
    positions = np.array([p.positions for p in message.points], float).reshape(-1, size)
    if message.points and all(len(p.velocities) == size for p in message.points):
        velocities = np.array([p.velocities for p in message.points], float).reshape(-1, size)
    else:
        velocities = np.zeros_like(positions)
        if len(times) > 2 and np.all(np.diff(times) > 0):
            # central differences inside, rest at both ends
            span = (times[2:] - times[:-2])[:, None]
            velocities[1:-1] = (positions[2:] - positions[:-2]) / span
    return JointTrajectory(tuple(message.joint_names), times, positions, velocities)


# ------------------------------------------------------------------------ streamed targets


def target(value: JointTarget) -> TrajectoryMsg:
    """A streamed target as a message: one point, reached or held for `time_from_start`."""
    numbers = {"velocities" if value.speeds else "positions": value.values.tolist()}
    whole, rest = divmod(round(value.hold * 1e9), 1_000_000_000)
    point = JointTrajectoryPoint(time_from_start=Duration(sec=whole, nanosec=rest), **numbers)
    begun = header(value.stamp or 0.0, "")
    return TrajectoryMsg(header=begun, joint_names=list(value.joints), points=[point])


def target_of(message: TrajectoryMsg) -> JointTarget:
    """A streamed target from its message; a stamp of 0 is none.

    Raises:
        GoalError: not one point, or not either positions or velocities.
    """
    sizes = [(len(p.positions), len(p.velocities)) for p in message.points]
    if len(sizes) != 1 or (sizes[0][0] > 0) == (sizes[0][1] > 0):
        raise GoalError(
            f"target with (positions, velocities) {sizes}; valid: one point with either, and "
            f"time_from_start as long as it holds"
        )
    point, stamped = message.points[0], seconds(message.header.stamp)
    return JointTarget(
        tuple(message.joint_names),
        np.array(point.velocities or point.positions, float),
        speeds=len(point.velocities) > 0,
        hold=seconds(point.time_from_start),
        stamp=stamped if stamped > 0 else None,
    )


def target_report(
    asked: TrajectoryMsg, now: float, became: JointTarget | GoalError
) -> msg.TargetReport:
    """What became of a target: what is followed, or why it was refused."""
    report = msg.TargetReport(header=header(now, ""), asked=asked.header.stamp)
    if isinstance(became, GoalError):
        report.error_code, report.text = became.code, str(became)
        return report
    report.followed, report.joint_names = True, list(became.joints)
    name = "velocities" if became.speeds else "positions"
    setattr(report, name, became.values.tolist())
    return report


# ------------------------------------------------------------------------ stops


def stop_request(value: StopRequest) -> msg.StopRequest:
    """A stop request as a message."""
    return msg.StopRequest(
        header=header(value.requested, "world"),
        id=value.id,
        function=int(value.function),
        category=value.category,
        cause=value.cause,
        scope=value.scope,
        evidence=value.evidence,
        evidence_stamp=stamp(value.stamp),
        wall_ns=wall_ns(),
    )


def stop_request_of(message: msg.StopRequest) -> StopRequest:
    """A stop request from its message.

    Raises:
        ValueError: an unknown stop function.
    """
    return StopRequest(
        id=message.id,
        function=Function(message.function),
        category=message.category,
        cause=message.cause,
        scope=message.scope,
        evidence=message.evidence,
        stamp=seconds(message.evidence_stamp),
        requested=seconds(message.header.stamp),
    )


def safety_state(value: SafetyState, before: msg.SafetyState | None = None) -> msg.SafetyState:
    """The supervisor's word as a message.

    Args:
        value: the state.
        before: the message of an earlier state with the same movers and requests, whose parts are
            taken over: making them anew was most of a heartbeat.
    """
    if before is None:
        movers = [
            msg.MoverStop(
                mover=m.mover,
                category=msg.MoverStop.NONE if m.category is None else m.category,
                motion_allowed=m.category is None,
                speed_scale=m.speed_scale,
            )
            for m in value.movers
        ]
        active = [stop_request(r) for r in value.active]
    else:
        movers, active = before.movers, before.active
    return msg.SafetyState(
        header=header(value.stamp, "world"),
        sequence=value.sequence,
        mode=int(value.mode),
        motion_allowed=all(m.motion_allowed for m in movers),
        movers=movers,
        active=active,
        persisting=list(value.persisting),
        text=value.text,
        wall_ns=wall_ns(),
    )


def state_of(message: msg.SafetyState) -> SafetyState:
    """The supervisor's word from its message.

    Raises:
        ValueError: an unknown mode or stop function.
    """
    return SafetyState(
        stamp=seconds(message.header.stamp),
        sequence=message.sequence,
        mode=Mode(message.mode),
        movers=tuple(
            MoverStop(
                m.mover,
                None if m.motion_allowed else min(m.category, 2),
                float(m.speed_scale),
            )
            for m in message.movers
        ),
        active=tuple(stop_request_of(r) for r in message.active),
        text=message.text,
        persisting=tuple(message.persisting),
    )


def stop_report(value: StopReport, now: float) -> msg.StopReport:
    """How a mover came to rest."""
    return msg.StopReport(
        header=header(now, "world"),
        mover=value.mover,
        request_id=value.request,
        cause=value.cause,
        category=value.category,
        evidence=stamp(np.nan_to_num(value.evidence)),
        requested=stamp(value.requested),
        accepted=stamp(value.accepted),
        first_deceleration=stamp(value.first_deceleration),
        standstill=stamp(value.standstill),
        predicted_standstill=stamp(np.nan_to_num(value.predicted_standstill)),
        distance=value.distance,
        predicted_distance=value.predicted_distance,
    )


def stop_report_of(message: msg.StopReport) -> StopReport:
    """How a mover came to rest, from its message."""
    foretold = not np.isnan(message.predicted_distance)
    return StopReport(
        mover=message.mover,
        request=message.request_id,
        cause=message.cause,
        category=message.category,
        requested=seconds(message.requested),
        accepted=seconds(message.accepted),
        first_deceleration=seconds(message.first_deceleration),
        standstill=seconds(message.standstill),
        distance=message.distance,
        evidence=seconds(message.evidence) or np.nan,
        predicted_standstill=seconds(message.predicted_standstill) if foretold else np.nan,
        predicted_distance=message.predicted_distance,
    )


# ------------------------------------------------------------------------ production


def plan(value: Plan) -> msg.Plan:
    """A plan as a message."""
    decision = value.decision or Decision("", "", ())
    keys = ("id", "kind", "resource", "status", "note")
    tasks = [
        msg.PlannedTask(
            part_id=t.part,
            start=float(t.start),
            end=float(t.end),
            **{k: getattr(t, k) for k in keys},
        )
        for t in value.tasks
    ]
    return msg.Plan(
        header=header(value.stamp, "world"),
        id=value.id,
        revision=value.revision,
        reason=value.reason,
        tasks=tasks,
        makespan=float(value.makespan),
        tardiness=float(value.tardiness),
        energy_cost=float(value.energy_cost),
        text=value.text,
        moved=decision.moved,
        ruling=decision.ruling,
        alternatives=[_alternative(a) for a in decision.alternatives],
    )


def _alternative(value: Alternative) -> msg.Alternative:
    means = {k: float(getattr(value, k)) for k in _MEANS}
    return msg.Alternative(
        name=value.name,
        sequence=list(value.sequence),
        chosen=value.chosen,
        edges=[float(edge) for edge in value.edges],
        counts=list(value.counts),
        **means,
    )


def _alternative_of(message: msg.Alternative) -> Alternative:
    return Alternative(
        name=message.name,
        sequence=tuple(message.sequence),
        chosen=message.chosen,
        edges=tuple(message.edges),
        counts=tuple(message.counts),
        **{k: getattr(message, k) for k in _MEANS},
    )


def plan_of(message: msg.Plan) -> Plan:
    """A plan from its message."""
    keys = ("id", "kind", "resource", "status", "note", "start", "end")
    tasks = [PlannedTask(part=t.part_id, **{k: getattr(t, k) for k in keys}) for t in message.tasks]
    keys = ("id", "revision", "reason", "makespan", "tardiness", "energy_cost", "text")
    given = {k: getattr(message, k) for k in keys}
    played = tuple(_alternative_of(a) for a in message.alternatives)
    asked = played or message.ruling
    decision = Decision(message.moved, message.ruling, played) if asked else None
    return Plan(stamp=seconds(message.header.stamp), tasks=tuple(tasks), decision=decision, **given)


def event(value: Journalled, sequence: int) -> msg.ProductionEvent:
    """One line of the journal as a message."""
    return msg.ProductionEvent(
        header=header(value.stamp, "world"),
        sequence=sequence,
        kind=value.kind,
        subject=value.subject,
        detail=json.dumps(value.detail, default=_plain),
    )


def event_of(message: msg.ProductionEvent) -> Journalled:
    """A line of the journal from its message."""
    detail = json.loads(message.detail)
    return Journalled(seconds(message.header.stamp), message.kind, message.subject, detail)


def _plain(value):
    """NumPy's numbers and arrays in JSON."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
