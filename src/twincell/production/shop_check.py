"""An independent judge of plans: it shares no code with what makes them."""

from __future__ import annotations

from itertools import pairwise

from twincell.production.shop import Shop, ShopPlan

__all__ = ["faults"]


def faults(shop: Shop, plan: ShopPlan) -> list[str]:
    """What is wrong with a plan, in words; empty where nothing is.

    Looked at: every operation once and no other, on a machine that can do it and for as long as it
    takes there, in the job's sequence, not before job or machine are ready, one at a time on a
    machine with the set-up between, and what is frozen unmoved.
    """
    wrong: list[str] = []
    wanted = {(j.name, o.number): (j, o) for j in shop.jobs for o in j.operations}
    wrong += [f"{key} is not planned" for key in wanted.keys() - plan.keys()]
    wrong += [f"{key} is planned, but nobody asked for it" for key in plan.keys() - wanted.keys()]
    for key, placed in plan.items():
        if key not in wanted:
            continue
        if placed.key != key:
            wrong.append(f"{key} stands under the name of {placed.key}")
        frozen = shop.frozen.get(key)
        if frozen is not None:
            if frozen != placed:
                wrong.append(f"{key} is frozen and was moved")
        elif (placed.machine, placed.end - placed.start) not in wanted[key][1].modes:
            took = placed.end - placed.start
            wrong.append(f"{key} cannot be done by machine {placed.machine} in {took}")
        elif placed.start < shop.free(placed.machine):
            wrong.append(f"{key} starts before machine {placed.machine} is ready")
    for job in shop.jobs:
        clock = job.ready
        for op in job.operations:
            slot = plan.get((job.name, op.number))
            if slot is not None:
                if slot.start < clock and slot.key not in shop.frozen:
                    wrong.append(f"{slot.key} starts at {slot.start}, before {clock}")
                clock = slot.end
    place = {job.name: i for i, job in enumerate(shop.jobs)}
    for machine in range(shop.machines):
        queue = sorted(
            (p for p in plan.values() if p.machine == machine and p.job in place),
            key=lambda p: (p.start, p.end),
        )
        for first, second in pairwise(queue):
            wait = 0
            if shop.setup is not None:
                wait = int(shop.setup[machine, place[first.job], place[second.job]])
            if second.start < first.end + wait:
                wrong.append(f"{first.key} and {second.key} overlap on machine {machine}")
    return wrong
