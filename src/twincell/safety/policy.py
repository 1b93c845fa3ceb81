"""Which stop a cause leads to, and how several stops combine on one mover."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from twincell.errors import SafetyError, did_you_mean
from twincell.safety.types import CELL, Function, MoverStop, StopRequest
from twincell.world.model import World
from twincell.world.work import StopRule

__all__ = ["combine", "judge", "stop_request"]


def stop_request(
    rule: StopRule, cause: str, key: str, evidence: str, stamp: float, now: float
) -> StopRequest:
    """The request that a rule of the world file leads to.

    Args:
        rule: for the cause.
        cause: its name.
        key: unique among the requests of this cause.
        evidence: what it rests on, in words.
        stamp: of the evidence [s].
        now: time [s].
    """
    return StopRequest(
        id=f"{cause}-{key}",
        function=Function[rule.function.upper()],
        category=rule.category,
        cause=cause,
        scope=rule.scope,
        evidence=evidence,
        stamp=stamp,
        requested=now,
    )


def judge(request: StopRequest, world: World) -> StopRequest:
    """Check a request and make it at least as strict as the world's rule for its cause.

    Category and function are the stricter of what was asked and what the rule says; the scope is
    the wider of both.

    Returns:
        The request as it is to be latched.

    Raises:
        SafetyError: unknown cause, scope, function or category, or a stamp that is no time.
    """
    rule = world.safety.rules.get(request.cause)
    if rule is None:
        hint = did_you_mean(request.cause, world.safety.rules)
        raise SafetyError(f"stop request '{request.id}': unknown cause '{request.cause}'; {hint}")
    scopes = {CELL, *world.arms}
    if request.scope not in scopes:
        hint = did_you_mean(request.scope, scopes)
        raise SafetyError(f"stop request '{request.id}': unknown scope '{request.scope}'; {hint}")
    if request.category not in (0, 1, 2):
        raise SafetyError(
            f"stop request '{request.id}': unknown category {request.category}; valid: 0, 1, 2"
        )
    if request.function not in tuple(Function):
        valid = ", ".join(f.name.lower() for f in Function)
        raise SafetyError(
            f"stop request '{request.id}': unknown function {request.function}; valid: {valid}"
        )
    for key, stamp in (("stamp", request.stamp), ("requested", request.requested)):
        if not math.isfinite(stamp):
            raise SafetyError(f"stop request '{request.id}': {key} is {stamp}; valid: a time in s")
    return replace(
        request,
        function=min(Function(request.function), Function[rule.function.upper()]),
        category=min(request.category, rule.category),
        scope=request.scope if request.scope == rule.scope else CELL,
    )


def combine(
    movers: Iterable[str], latched: Sequence[StopRequest], scale: float
) -> tuple[MoverStop, ...]:
    """What each mover has to do: the strictest category of all requests that reach it.

    Args:
        movers: all of the cell.
        latched: requests in force.
        scale: share of the speed for movers that may move.
    """
    stops = []
    for mover in movers:
        categories = [r.category for r in latched if r.scope in (CELL, mover)]
        stop = min(categories) if categories else None
        stops.append(MoverStop(mover, stop, 0.0 if categories else scale))
    return tuple(stops)
