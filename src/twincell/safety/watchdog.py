"""Who has gone silent: each source must be heard, with fresh stamps, within two of its periods."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from twincell.errors import SafetyError, did_you_mean

__all__ = ["Remark", "Watchdog"]

Remark = str
"""Why a message did not count as a sign of life; empty where it did."""


@dataclass
class _Source:
    """What is known of one source."""

    period: float
    heard: float | None = None
    stamp: float | None = None


class Watchdog:
    """Deadline supervision of sources by the stamps of their data.

    A message counts only if its stamp is finite, newer than the last, not from the future and not
    older than the deadline: a frozen sensor that repeats its message is as silent as a dead one.

    Args:
        periods: expected period of each source [s].
        patience: deadline in periods.
        lead: how far a stamp may lie ahead of `now` and still be trusted [s].

    Raises:
        SafetyError: a period is not positive and finite.
    """

    def __init__(
        self, periods: Mapping[str, float], patience: float = 2.0, lead: float = 0.005
    ) -> None:
        for name, period in periods.items():
            if not (math.isfinite(period) and period > 0):
                raise SafetyError(f"period of source '{name}' is {period}; valid: > 0 s")
        self._sources = {name: _Source(period) for name, period in periods.items()}
        self._patience = patience
        self._lead = lead

    @property
    def names(self) -> tuple[str, ...]:
        """All sources that are supervised."""
        return tuple(self._sources)

    def add(self, name: str, period: float, now: float) -> None:
        """Supervise one more source from now on; one that is supervised already stays as it is.

        Raises:
            SafetyError: the period is not positive and finite.
        """
        if not (math.isfinite(period) and period > 0):
            raise SafetyError(f"period of source '{name}' is {period}; valid: > 0 s")
        # the time of its first word begins now
        self._sources.setdefault(name, _Source(period, heard=now, stamp=now - 1e-9))

    def remove(self, name: str) -> None:
        """A source is needed no longer."""
        self._sources.pop(name, None)

    def deadline(self, source: str) -> float:
        """Longest silence of a source that is tolerated [s]."""
        return self._patience * self._sources[source].period

    def heard(self, source: str, now: float, stamp: float | None = None) -> Remark:
        """Note a message.

        Args:
            source: a supervised source.
            now: time of arrival [s].
            stamp: of its data [s]; `now` where none is given.

        Returns:
            Empty, or why the message is no sign of life.

        Raises:
            SafetyError: unknown source.
        """
        entry = self._sources.get(source)
        if entry is None:
            hint = did_you_mean(source, self._sources)
            raise SafetyError(f"no source '{source}' is supervised; {hint}")
        stamp = now if stamp is None else stamp
        if not math.isfinite(stamp):
            return f"{source}: stamp {stamp} is no time"
        if stamp > now + self._lead:
            return f"{source}: stamp {stamp:.3f} s lies {stamp - now:.3f} s in the future"
        if entry.stamp is not None and stamp == entry.stamp:
            return f"{source}: stamp {stamp:.3f} s was heard before"
        if entry.stamp is not None and stamp < entry.stamp:
            return f"{source}: stamp {stamp:.3f} s is older than the last, {entry.stamp:.3f} s"
        if now - stamp > self.deadline(source):
            return f"{source}: stamp {stamp:.3f} s is stale by {now - stamp:.3f} s"
        entry.heard, entry.stamp = now, stamp
        return ""

    def unheard(self) -> tuple[str, ...]:
        """Sources that have never been heard."""
        return tuple(name for name, entry in self._sources.items() if entry.heard is None)

    def silent(self, now: float) -> dict[str, float]:
        """Sources past their deadline, each with the age of its newest data [s].

        Sources that were never heard are not among them: they hold the start-up instead.
        """
        ages = {n: now - e.stamp for n, e in self._sources.items() if e.stamp is not None}
        # half a microsecond of slack: simulated clocks add up rounding errors
        return {n: age for n, age in ages.items() if age > self.deadline(n) + 5e-7}

    def rebase(self, now: float) -> None:
        """The clock was set back: stamps of the time before mean nothing any more."""
        for entry in self._sources.values():
            if entry.stamp is not None:
                entry.heard, entry.stamp = now, min(entry.stamp, now - 1e-9)
