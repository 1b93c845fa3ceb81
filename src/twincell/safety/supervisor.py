"""The safety supervisor: an explicit, small state machine of latched stops.

    STARTING --every source heard--> RUNNING <--warning zone--> SLOWED
        any state --request, cause, silence, clock set back--> STOPPED
        STOPPED --reset, no cause present, every source heard--> RUNNING or SLOWED

A reset only permits: it gives no command, and whoever moves has to ask for its motion anew.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

from twincell.errors import SafetyError, did_you_mean
from twincell.safety.policy import combine, judge, stop_request
from twincell.safety.types import Mode, MoverStop, SafetyState, StopRequest
from twincell.safety.watchdog import Watchdog
from twincell.world.model import World

__all__ = ["CLOCK", "SILENT", "SLOW_CAUSE", "Supervisor", "sources_of"]

SLOW_CAUSE = "person_in_warning_zone"
"""A level cause that slows the cell and is not latched."""
SILENT = "sensor_silent"
"""Cause of the stop for a source past its deadline."""
CLOCK = "heartbeat_lost"
"""Cause of the stop when the clock is set back: no age can be trusted across the jump."""


def sources_of(world: World) -> dict[str, float]:
    """The sources that every cell has: its LiDARs, each with its period [s]."""
    return {name: 1.0 / lidar.rate for name, lidar in world.lidars().items()}


@dataclass(frozen=True)
class _Present:
    """A level cause that is present."""

    evidence: str
    stamp: float


class Supervisor:
    """Collects requests, causes and signs of life; says what each mover may do.

    Args:
        world: its `safety.rules` say which stop a cause leads to.
        sources: period of each source that must be heard [s]; the LiDARs where none are given.
        slow_scale: share of the speed while somebody stands in the warning zone, in (0, 1].

    Attributes:
        remarks: the last 1000 things that were refused or did not count, in words.
    """

    def __init__(
        self,
        world: World,
        sources: Mapping[str, float] | None = None,
        slow_scale: float = 0.5,
    ) -> None:
        for needed in (SILENT, CLOCK):
            if needed not in world.safety.rules:
                raise SafetyError(
                    f"{world.name}: key safety.rules has no '{needed}': without it a dead source "
                    f"stops nothing; given: {', '.join(world.safety.rules) or '(none)'}"
                )
        self._world = world
        self._watchdog = Watchdog(sources_of(world) if sources is None else sources)
        self._always = frozenset(self._watchdog.names)
        self._slow_scale = slow_scale
        self._latched: list[StopRequest] = []
        self._held: set[tuple[str, str | None]] = set()
        self._present: dict[str, _Present] = {}
        self._seen: deque[tuple[str, float, float]] = deque(maxlen=4096)
        self._now = -math.inf
        self._sequence = 0
        self._made = 0
        self.remarks: deque[str] = deque(maxlen=1000)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that must be heard."""
        return self._watchdog.names

    @property
    def causes(self) -> tuple[str, ...]:
        """Level causes that are present now."""
        return tuple(self._present)

    def heard(self, source: str, now: float, stamp: float | None = None) -> bool:
        """A source gave data.

        Args:
            source: its name.
            now: time of arrival [s].
            stamp: of the data [s]; `now` where none is given.

        Returns:
            True where it counts as a sign of life; otherwise `remarks` says why not.

        Raises:
            SafetyError: unknown source, or `now` is no time.
        """
        self._advance(now)
        remark = self._watchdog.heard(source, now, stamp)
        if remark:
            self.remarks.append(remark)
        return not remark

    def watch(self, source: str, period: float, now: float) -> None:
        """Require a source from now on, e.g. the crack detector while a part is scanned.

        Args:
            source: its name; nothing changes where it is required already.
            period: in which it is to be heard [s].
            now: time [s].

        Raises:
            SafetyError: the period or the time makes no sense.
        """
        self._advance(now)
        self._watchdog.add(source, period, now)

    def release(self, source: str, now: float) -> None:
        """A source is needed no longer; what its silence has latched stays until a reset.

        Raises:
            SafetyError: the source is one that the cell always needs, or the time is no time.
        """
        self._advance(now)
        if source in self._always:
            raise SafetyError(f"source '{source}' is always required; valid: one of `watch`")
        self._watchdog.remove(source)
        self._present.pop(f"{SILENT}/{source}", None)

    def request(self, request: StopRequest, now: float) -> SafetyState:
        """Latch a stop; a repetition of the same request changes nothing.

        Returns:
            The new state, to be sent at once.

        Raises:
            SafetyError: the request makes no sense (see `policy.judge`); the state stays.
        """
        self._advance(now)
        try:
            strict = judge(request, self._world)
        except SafetyError as error:
            self.remarks.append(str(error))
            raise
        # a restarted sender may use an id again, so only equal id and stamps mean a repetition
        key = (request.id, request.stamp, request.requested)
        if key not in self._seen:
            self._seen.append(key)
            self._latched.append(strict)
        return self._state(now)

    def cause(
        self,
        name: str,
        present: bool,
        now: float,
        evidence: str = "",
        stamp: float | None = None,
        scope: str | None = None,
    ) -> SafetyState:
        """Say whether a level cause is present; its rising edge latches the rule's stop.

        One that comes and goes is latched once until the next reset.

        Args:
            name: key of the world's rules, or `SLOW_CAUSE`.
            present: True while it lasts.
            now: time [s].
            evidence: what was seen, in words.
            stamp: of the evidence [s]; `now` where none is given.
            scope: `cell` or a mover; the rule's where none is given.

        Returns:
            The new state, to be sent at once where it changed.

        Raises:
            SafetyError: unknown cause or scope, or a time that is no number.
        """
        self._advance(now)
        self._level(name, name, present, now, evidence, now if stamp is None else stamp, scope)
        return self._state(now)

    def reset(self, now: float) -> None:
        """Unlatch all stops; this permits motion and starts none.

        Raises:
            SafetyError: a cause persists, or a source is missing; every stop stays latched.
        """
        self._advance(now)
        self._watch(now)
        missing = [f"{name} was never heard" for name in self._watchdog.unheard()]
        persisting = [
            f"{key}: {p.evidence or 'present'}"
            for key, p in self._present.items()
            if key != SLOW_CAUSE
        ]
        if missing or persisting:
            reason = f"reset refused: {'; '.join([*persisting, *missing])}"
            self.remarks.append(reason)
            raise SafetyError(reason)
        self._latched.clear()
        self._held.clear()

    def tick(self, now: float) -> SafetyState:
        """The state at `now`, after looking for silent sources; its sequence rises by one."""
        self._advance(now)
        self._watch(now)
        return self._state(now)

    def _advance(self, now: float) -> None:
        """Take note of the time; a clock that was set back is a stop."""
        if not math.isfinite(now):
            raise SafetyError(f"time is {now}; valid: a time in s")
        if now < self._now:
            evidence = f"the clock went back from {self._now:.3f} s to {now:.3f} s"
            self.remarks.append(evidence)
            self._watchdog.rebase(now)
            self._latch(CLOCK, CLOCK, now, evidence, now, None)
        self._now = now

    def _watch(self, now: float) -> None:
        """Turn silence into a level cause of each source."""
        silent = self._watchdog.silent(now)
        for name in self._watchdog.names:
            text = f"{name} silent for {silent[name]:.3f} s" if name in silent else ""
            self._level(f"{SILENT}/{name}", SILENT, name in silent, now, text, now, None)

    def _level(
        self,
        key: str,
        name: str,
        present: bool,
        now: float,
        evidence: str,
        stamp: float,
        scope: str | None,
    ) -> None:
        if name != SLOW_CAUSE and name not in self._world.safety.rules:
            hint = did_you_mean(name, [*self._world.safety.rules, SLOW_CAUSE])
            raise SafetyError(f"unknown cause '{name}'; {hint}")
        if not present:
            self._present.pop(key, None)
            return
        if key not in self._present and name != SLOW_CAUSE:
            self._latch(key, name, now, evidence, stamp, scope)
        self._present[key] = _Present(evidence, stamp)

    def _latch(
        self, key: str, name: str, now: float, evidence: str, stamp: float, scope: str | None
    ) -> None:
        rule = self._world.safety.rules[name]
        # a source that comes and goes latches once: else each state would be longer than the last
        if (key, scope) in self._held:
            return
        request = stop_request(rule, name, str(self._made + 1), evidence, stamp, now)
        if scope is not None:
            request = replace(request, scope=scope)
        # a request that is refused leaves room for the next one of its cause
        self._latched.append(judge(request, self._world))
        self._held.add((key, scope))
        self._made += 1

    def _state(self, now: float) -> SafetyState:
        self._sequence += 1
        unheard = self._watchdog.unheard()
        slow = SLOW_CAUSE in self._present
        movers = combine(self._world.arms, self._latched, self._slow_scale if slow else 1.0)
        if unheard:
            # before the first sign of life of every source nothing may move; power is left as is
            movers = tuple(
                MoverStop(m.mover, 2 if m.category is None else m.category, 0.0) for m in movers
            )
        if self._latched:
            mode = Mode.STOPPED
        elif unheard:
            mode = Mode.STARTING
        else:
            mode = Mode.SLOWED if slow else Mode.RUNNING
        persisting = tuple(key for key in self._present if key != SLOW_CAUSE)
        return SafetyState(
            stamp=now,
            sequence=self._sequence,
            mode=mode,
            movers=movers,
            active=tuple(self._latched),
            text=self._text(mode, unheard, persisting),
            persisting=persisting,
        )

    def _text(self, mode: Mode, unheard: tuple[str, ...], persisting: tuple[str, ...]) -> str:
        if mode is Mode.STOPPED:
            told = Counter(
                f"{r.cause} ({r.function.name.lower()}, category {r.category}, {r.scope})"
                for r in self._latched
            )
            causes = "; ".join(c if n == 1 else f"{n} x {c}" for c, n in told.items())
            last = "; still present: " + ", ".join(persisting) if persisting else "; may be reset"
            return f"stopped: {causes}{last}"
        if mode is Mode.STARTING:
            return f"starting: not yet heard {', '.join(unheard)}"
        if mode is Mode.SLOWED:
            return f"slowed to {self._slow_scale:.0%}: {self._present[SLOW_CAUSE].evidence}"
        return "running"
