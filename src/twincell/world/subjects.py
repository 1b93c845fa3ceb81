"""What a disruption can befall in a world, by what its kind asks for."""

from __future__ import annotations

from collections.abc import Iterable

from twincell.world.model import World

__all__ = ["subjects"]


def subjects(world: World) -> dict[str, Iterable[str]]:
    """Names by `Kind.subject`; a `tool` is told by the arm that carries it."""
    orders, arms = world.production.orders, world.arms
    carriers = {s.mount.arm for s in world.sensors.values() if s.mount.arm is not None}
    tools = [n for n, arm in arms.items() if arm.gripper is not None or n in carriers]
    return {
        "order": orders,
        "order or blade": [*orders, *world.blades],
        "arm": arms,
        "tool": tools,
        "sensor": world.sensors,
    }
