"""Has a policy lead an arm to the goals of a file, in the running cell; writes what came of it."""

import json
from pathlib import Path

import rclpy
from twincell_msgs.action import Reach

from twincell.errors import TwincellError
from twincell.training.trials import CONDITIONS
from twincell_nodes.leading import Leader

__all__ = ["main"]

TRIES = 5
"""Of one goal that a stop interrupts: a visitor is no fault of the policy."""


def _lead(leader: Leader, arm: str, goal: list[float]) -> Reach.Result:
    """From home to a goal, again where a stop came in between.

    Raises:
        TwincellError: stopped each time, or not led at all.
    """
    for _ in range(TRIES):
        leader.go_home(arm)
        result = leader.lead(arm, goal)
        if result.reached or "stop" not in result.text:
            return result
        leader.recover(120.0)
    raise TwincellError(f"{arm} was stopped {TRIES} times on its way to {goal}: {result.text}")


def _condition(name: str, goals: list, arm: str, rate: float, out: Path) -> dict:
    ranges = CONDITIONS[name]
    more = {
        "rate": rate,
        "noise": float(ranges["noise"][1]),
        "latency": int(ranges["latency"][1]),
    }
    found = {"trials": [], "intervals": [], "inferences": [], "latencies": []}
    leader = Leader("transfer", out, more=more)
    try:
        leader.begin(180.0)
        for goal in goals:
            result = _lead(leader, arm, goal)
            found["trials"].append(
                {
                    "goal": goal,
                    "reached": bool(result.reached),
                    "distance": result.distance,
                    "duration": result.duration,
                    "text": result.text,
                }
            )
            for key in ("intervals", "inferences", "latencies"):
                found[key] += list(getattr(result, key))
            word = "reached" if result.reached else result.text
            print(f"{len(found['trials'])} of {len(goals)}, {name}: {word}", flush=True)
    finally:
        leader.finish()
        leader.destroy_node()
    return found


def main(args=None) -> None:
    """Entry point.

    Parameters: `world`, `arm`, `out` (folder that holds `goals.json`, gets `cell.json`), `rate`.
    """
    rclpy.init(args=args)
    probe = rclpy.create_node("transfer")
    for name, default in (("arm", ""), ("out", "out/transfer"), ("rate", 100.0)):
        probe.declare_parameter(name, default)
    arm, out, rate = (probe.get_parameter(n).value for n in ("arm", "out", "rate"))
    probe.destroy_node()
    out, code = Path(out), 1
    try:
        goals = json.loads((out / "goals.json").read_text(encoding="utf-8"))
        found = {
            name: _condition(name, rows, arm, rate, out / name.replace(" ", "_"))
            for name, rows in goals.items()
        }
        (out / "cell.json").write_text(json.dumps(found), encoding="utf-8")
        code = 0
    except TwincellError as error:
        print(f"transfer: {error}", flush=True)
    finally:
        rclpy.try_shutdown()
    raise SystemExit(code)
