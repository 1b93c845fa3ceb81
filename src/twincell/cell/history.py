"""What a process heard over time, asked for in between: body poses and joint positions."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["History", "PoseHistory", "rows_of"]

F64 = NDArray[np.float64]


class History:
    """Rows of numbers at rising times, interpolated linearly.

    Args:
        span: how long a row is kept [s].
    """

    def __init__(self, span: float = 1.0) -> None:
        self._span = span
        self._times: deque[float] = deque()
        self._rows: deque[F64] = deque()

    @property
    def newest(self) -> float | None:
        """Time of the newest row [s]; None before the first."""
        return self._times[-1] if self._times else None

    @property
    def oldest(self) -> float | None:
        """Time of the oldest row that is kept [s]; None before the first."""
        return self._times[0] if self._times else None

    def add(self, time: float, row: ArrayLike) -> None:
        """Keep a row; a time that goes back (the clock was set back) forgets all before.

        Args:
            time: of the row [s].
            row: any shape, always the same.
        """
        values = np.asarray(row, float)
        if self._times and (time < self._times[-1] or values.shape != self._rows[-1].shape):
            self._times.clear()
            self._rows.clear()
        elif self._times and time == self._times[-1]:
            self._rows[-1] = values
            return
        self._times.append(time)
        self._rows.append(values)
        while len(self._times) > 2 and self._times[1] < time - self._span:
            self._times.popleft()
            self._rows.popleft()

    def at(self, times: ArrayLike) -> F64:
        """Rows at `times`, shape (m, ...); held at both ends.

        Raises:
            LookupError: nothing was heard yet.
        """
        if not self._times:
            raise LookupError("nothing was heard yet")
        asked = np.atleast_1d(np.asarray(times, float))
        known = np.array(self._times)
        after = np.clip(np.searchsorted(known, asked), 1, max(len(known) - 1, 1))
        if len(known) == 1:
            return np.repeat(self._rows[0][None], len(asked), axis=0)
        first = int(after.min()) - 1
        rows = np.stack([self._rows[i] for i in range(first, int(after.max()) + 1)])
        t0, t1 = known[after - 1], known[after]
        share = np.clip((asked - t0) / (t1 - t0), 0.0, 1.0)
        share = share.reshape(-1, *([1] * (rows.ndim - 1)))
        return self._between(rows[after - 1 - first], rows[after - first], share)

    def _between(self, before: F64, after: F64, share: F64) -> F64:
        mixed: F64 = before + share * (after - before)
        return mixed


class PoseHistory(History):
    """Poses of named bodies; rows are x, y, z, qx, qy, qz, qw, shape (n, 7).

    Orientations go along the chord and are normalised: over the few milliseconds between two rows
    this is the great arc to within the third power of its angle.

    Args:
        span: how long poses are kept [s].
    """

    def __init__(self, span: float = 1.0) -> None:
        super().__init__(span)
        self.names: tuple[str, ...] = ()
        self._index: dict[str, int] = {}

    def hear(self, time: float, names: Sequence[str], poses: ArrayLike) -> None:
        """Keep poses; other names than before forget all before.

        Args:
            time: [s].
            names: of the bodies, length n.
            poses: shape (n, 7) or flat.
        """
        if len(names) != len(self.names) or tuple(names) != self.names:
            self._times.clear()
            self._rows.clear()
            self.names = tuple(names)
            self._index = {name: i for i, name in enumerate(self.names)}
        self.add(time, np.asarray(poses, float).reshape(len(self.names), 7))

    def index(self, name: str) -> int:
        """The row of a body.

        Raises:
            LookupError: no such body was heard of; lists those that were.
        """
        try:
            return self._index[name]
        except KeyError:
            heard = ", ".join(self.names) or "(none)"
            raise LookupError(f"no body '{name}' among those heard of: {heard}") from None

    def _between(self, before: F64, after: F64, share: F64) -> F64:
        # of the two quaternions of an orientation the nearer one
        sign = np.where(np.sum(before[..., 3:] * after[..., 3:], axis=-1, keepdims=True) < 0, -1, 1)
        mixed = np.empty_like(before)
        mixed[..., :3] = before[..., :3] + share * (after[..., :3] - before[..., :3])
        turned = before[..., 3:] + share * (sign * after[..., 3:] - before[..., 3:])
        mixed[..., 3:] = turned / np.linalg.norm(turned, axis=-1, keepdims=True)
        return mixed


def rows_of(names: Sequence[str], wanted: Sequence[str]) -> NDArray[np.int64]:
    """Row of each wanted body among published ones.

    A visitor's links (`visitor/<link>`) stand in one row, `visitor`: they move as one.

    Raises:
        LookupError: a body without a row.
    """
    row = {name: i for i, name in enumerate(names)}
    keys = ["visitor" if name.startswith("visitor/") else name for name in wanted]
    missing = sorted({key for key in keys if key not in row})
    if missing:
        raise LookupError(f"no pose for {', '.join(missing)}; given: {', '.join(names)}")
    return np.array([row[key] for key in keys], np.int64)
