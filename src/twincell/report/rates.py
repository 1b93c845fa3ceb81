"""Topics at their rates: what the recorder measured against what the world promises."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from twincell.errors import AssetError
from twincell.report.facts import Table

__all__ = ["TopicRate", "rates_table", "read_rates"]

SLOW = 0.8
"""A topic below this share of its expected rate is slow."""


@dataclass(frozen=True)
class TopicRate:
    """One topic over a run.

    Attributes:
        topic: its name.
        kind: message type.
        expected: promised rate [Hz]; None for topics that speak on events.
        measured: rate over the run, in simulation time [Hz].
        messages: how many came.
    """

    topic: str
    kind: str
    expected: float | None
    measured: float
    messages: int

    @property
    def state(self) -> str:
        """`silent` without any message where a rate is promised, `slow` below `SLOW` of it.

        A topic that speaks on events may have had none: `no event`. Else `ok`.
        """
        if self.messages == 0:
            return "silent" if self.expected is not None else "no event"
        if self.expected is not None and self.measured < SLOW * self.expected:
            return "slow"
        return "ok"


def read_rates(path: Path) -> tuple[TopicRate, ...]:
    """Read a recorder's `rates.json`.

    The file is `{"topics": {name: {"type", "expected", "measured", "messages"}}}`; `measured` is
    null where too few messages came to tell.

    Args:
        path: the file, or the folder of a run that holds it, itself or one level down.

    Raises:
        AssetError: no such file, or of another form.
    """
    if path.is_dir():
        found = [path / "rates.json", *sorted(path.glob("*/rates.json"))]
        file = next((f for f in found if f.is_file()), path / "rates.json")
    else:
        file = path
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))["topics"]
        return tuple(
            TopicRate(
                str(name),
                str(entry.get("type", "")),
                _rate(entry["expected"]) if entry.get("expected") is not None else None,
                _rate(entry["measured"] or 0.0),
                int(entry["messages"]),
            )
            for name, entry in entries.items()
        )
    except OSError as error:
        raise AssetError(
            f"{file}: cannot be read ({error.strerror}); valid: the rates.json of a recorded run "
            "or its folder"
        ) from None
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise AssetError(f"{file}: no table of rates: {type(error).__name__} {error}") from None


def _rate(value: float | str) -> float:
    rate = float(value)
    if not math.isfinite(rate):
        raise ValueError(f"a rate of {rate} Hz; valid: a finite number")
    return rate


def rates_table(rates: tuple[TopicRate, ...]) -> Table:
    """The rates as words; what is silent or slow is marked."""
    rows = tuple(
        (
            rate.topic,
            rate.kind,
            f"{rate.expected:g}" if rate.expected is not None else "on events",
            f"{rate.measured:.2f}",
            str(rate.messages),
            rate.state,
        )
        for rate in rates
    )
    heads = ("topic", "type", "expected [Hz]", "measured [Hz]", "messages", "")
    return Table(
        "Topics", heads, rows, tuple(r.state in ("silent", "slow") for r in rates), (2, 3, 4)
    )
