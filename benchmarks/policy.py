"""How long a policy takes to answer, and how steadily it leads an arm of the running ROS cell.

Answers are timed by themselves (observation in, action out; and with the observation and the joint
target around it), then `twincell transfer`'s cell runs: the policy node at 100 Hz leads the
inspector to goals, and times each step by the wall clock.

    make bench-policy                 # 20 goals
    make bench-policy ARGS=100        # more
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from figures import figure, report

from twincell.assets import world_path
from twincell.stack.transfer import run_transfer
from twincell.training.pilot import pilot_of
from twincell.training.trials import in_environment

ARM, RATE, SEED = "inspector", 100.0, 3_000_000
OUT = Path("out/bench/policy")


def timed(work: Callable[[], object], times: int = 5000) -> tuple[float, float]:
    """Median and 99th percentile of a call [ms]."""
    for _ in range(100):
        work()
    spent = np.empty(times)
    for k in range(times):
        began = time.perf_counter()
        work()
        spent[k] = time.perf_counter() - began
    return 1e3 * float(np.median(spent)), 1e3 * float(np.percentile(spent, 99))


def main(goals: int = 20) -> None:
    """Measure and report."""
    path = world_path("led_cell").resolve()
    pilot = pilot_of(path, ARM)
    policy = pilot.policy
    trials = in_environment(policy, goals, SEED, world=str(path), arm=ARM)
    home, still = np.asarray(pilot.home), np.zeros(len(pilot.joints))
    pilot.aim(trials[0].goal)
    seen = pilot.see(home, still)
    answer, answer99 = timed(lambda: policy.act(seen))
    whole, whole99 = timed(lambda: pilot.target(home, still, 0.1, None))
    cell = run_transfer(
        path, ARM, {"as it is": trials}, SEED, OUT, lambda _s, line: print(line), RATE
    )["as it is"]
    intervals = 1e3 * np.array(cell["intervals"])
    off = np.abs(intervals - 1e3 / RATE)
    inferences, latencies = 1e3 * np.array(cell["inferences"]), 1e3 * np.array(cell["latencies"])
    reached = sum(t.reached for t in cell["trials"])
    none = ("alone", None)
    report(
        "policy",
        [
            figure("ONNX answer, median", answer, "ms", *none, 0.2),
            figure("ONNX answer, 99 %", answer99, "ms", *none, 0.2),
            figure("joints to target, median", whole, "ms", *none, 0.2),
            figure("joints to target, 99 %", whole99, "ms", *none, 1.0),
            figure("in the cell: joints to target sent, median", float(np.median(inferences)), "ms",
                   *none, 1.0),
            figure("in the cell: period, median", float(np.median(intervals)), "ms", *none, 10.1),
            figure("in the cell: jitter, 99 %", float(np.percentile(off, 99)), "ms", *none, 2.0),
            figure("in the cell: jitter, most", float(off.max()), "ms", *none, 10.0),
            figure("in the cell: state to followed, 99 %", float(np.percentile(latencies, 99)),
                   "ms simulated", *none, 20.0),
            figure("in the cell: goals reached", reached / goals, "share", *none, 0.99,
                   less_is_better=False),
        ],
    )  # fmt: skip
    print(f"{len(intervals)} steps, {goals} goals")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:]))
