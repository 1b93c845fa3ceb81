"""`twincell/ScanBlade-v0`: a profiler over a blade, against the planned pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from twincell.envs.scan_task import ScanOptions, ScanTask
from twincell.envs.single import TaskEnv

__all__ = ["ScanBladeEnv"]


class ScanBladeEnv(TaskEnv):
    """See at least as much of a blade's side as the planned pass does, in at most its time.

    A blade stands in the fixture of a world file, not quite as it should. The arm of the inspection
    carries the profiler past it. The planned pass of the cell (`CellMotions.scan_pass`: straight up
    the span at the standoff, at the inspection's speed, from standstill to standstill) is the
    measure: for each episode's blade the same profiler model, moved along it, tells what it sees.

    **Actions**, `Box(-1, 1, (6,), float32)`: `cartesian`, of the tip along each world axis the
    inspection's speed (1 mm a period at 25 mm/s and 25 Hz; a longer step is shortened to that),
    and 0.02 rad about each. `position`, `velocity` and `torque` as in `twincell/Reach-v0`.

    **Observations**, `Box(float32)` of 2 d + 56 numbers:

    | numbers | content |
    |---|---|
    | 2 d + 6 | joints [rad], speeds [rad/s], tip [m] and its velocity [m/s] |
    | 6 | x and z axis of the tip |
    | 16 | points of the last line: (depth - standoff) / half the depth of field; 0 where dark |
    | 16 | which of them are lit |
    | 8 | share of the side's samples seen, by eighths of the span |
    | 2 | cosine and sine of the view's angle |
    | 2 | time left, as a share of the planned pass's; samples seen over those of the planned pass |

    **Sensor**: `sensing.profiler.lines` with `rays` rays, two lines a period, without noise.
    Samples lie 1.5 mm apart over the faces that look at the profiler; one is seen when a lit point
    lies within 1 mm. A line that has moved, at the standoff, faster than the inspection's speed by
    more than 5 % counts for nothing, be it by a step or by a turn.

    **Reward**: 10 gain - 0.05 off - 0.1 incidence: gain is the samples newly seen over those that
    the planned pass sees; off the mean distance of the lit points from the standoff, over half the
    depth of field, 1 where all is dark; incidence the angle between view and side [rad].

    **Start**: the tip at the planned pass's begin, displaced up to `start` along and `askew` about
    each axis; the view one of the inspection's; the part displaced in the fixture up to `play`
    along x and y, up to `yaw` about z and 0.3 `yaw` about x and y.

    **End**: terminated when as many samples are seen as the planned pass sees, or when its time is
    over. `info`: `is_success` (`coverage` at least `planned` less `slack`: a few samples are what
    the measure resolves), `coverage` and `planned` (shares of the side's samples), `gain`,
    `standoff` [m], `incidence` [rad], in Bullet `contact`.

    **Options**: `world`, `arm` (the inspection's), `action`, `physics` (`bullet`, or `free` without
    contacts), `rate` (25 Hz), `substeps` (10), `iterations` (50), `rays` (48), `play` (3 mm),
    `yaw` (0.10 rad), `start` (4 mm), `askew` (0.08 rad), `slack` (0.003).

    **Versions**: v0, the first.

    Args:
        render_mode: None or `rgb_array` (Bullet's TinyRenderer, physics `bullet` only).
        **options: see above.

    Raises:
        EnvError: an unknown option, a value out of range, an arm without profiler.
    """

    task: ScanTask

    @staticmethod
    def _make(count: int, options: dict[str, Any]) -> ScanTask:
        return ScanTask(count, ScanOptions.of(options))

    def _view(self) -> tuple[Any, Any]:
        target = self.task.parts[0].p + np.array([0.12, 0.0, 0.08])
        return target + np.array([0.25, -0.75, 0.35]), target
