"""Day-ahead prices of energy: a file of hourly prices, and an example profile of our own.

A file is CSV with the columns time (ISO 8601 with its offset from UTC) and price [EUR/MWh]. With
offsets a clock change is neither gap nor repetition; without them it cannot be told from a fault.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from datetime import time as clock
from itertools import pairwise
from pathlib import Path

from twincell.errors import ProductionError
from twincell.production.tariff import Tariff

__all__ = ["EXAMPLE_DAY", "Days", "Prices", "example_tariff", "read_days", "read_prices"]

EXAMPLE_DAY = (92, 86, 82, 80, 82, 90, 105, 122, 125, 110, 92, 78,
               68, 62, 64, 74, 92, 118, 138, 142, 130, 115, 106, 98)  # fmt: skip
"""Hour by hour from midnight, a working day with much sun [EUR/MWh]; round figures of our own."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Prices:
    """Hourly prices without a gap.

    Attributes:
        times: start of each hour, with its offset.
        prices: [EUR/MWh].
    """

    times: tuple[datetime, ...]
    prices: tuple[float, ...]

    def tariff(self, first: int, hours: int) -> Tariff:
        """Of `hours` from the hour number `first` on; fewer where the file ends."""
        if not 0 <= first < len(self.prices) or hours < 1:
            raise ProductionError(
                f"prices: hour {first} and {hours} on; valid: from 0 to {len(self.prices) - 1}"
            )
        chosen = self.prices[first : first + hours]
        return Tariff(tuple(3600.0 * i for i in range(len(chosen))), chosen)


def example_tariff(hour: int = 6, hours: int = 24) -> Tariff:
    """The example profile from an hour of the day on."""
    prices = tuple(float(EXAMPLE_DAY[(hour + i) % 24]) for i in range(hours))
    return Tariff(tuple(3600.0 * i for i in range(hours)), prices)


def read_prices(path: Path) -> Prices:
    """Read a day-ahead file that has every hour once.

    Raises:
        ProductionError: file, line, what is given and what would be valid.
    """
    lines, times, prices = _rows(path)
    for number, (before, after) in zip(lines[1:], pairwise(times), strict=True):
        fault = _fault(before, after)
        if fault:
            raise ProductionError(
                f"{path}: line {number}: {fault} between {before} and {after}; valid: one hour"
                f"{_hint(before, after)}"
            )
    return Prices(tuple(times), tuple(prices))


@dataclass(frozen=True)
class Days:
    """The stretches of a file that can be used, and what was left out.

    Attributes:
        tariffs: one a day, from an hour of the day on.
        left_out: dates of days that lack an hour, or have one twice.
    """

    tariffs: tuple[Tariff, ...]
    left_out: tuple[str, ...]


def read_days(path: Path, hour: int = 6, hours: int = 24) -> Days:
    """The whole days of a file that may have gaps and repeated hours elsewhere.

    Args:
        path: as for `read_prices`.
        hour: at which a day begins, in the file's own local time.
        hours: of a day; a clock change within them keeps their number.

    Raises:
        ProductionError: as `read_prices`, but for gaps and repetitions; or no day is whole.
    """
    _, times, prices = _rows(path)
    bad = [bool(_fault(a, b)) for a, b in pairwise(times)]
    first: dict[datetime, int] = {}
    for i, time in enumerate(times):
        first.setdefault(time.replace(tzinfo=None), i)
    begin, end = (t.replace(tzinfo=None) for t in (times[0], times[-1]))
    tariffs, left_out = [], []
    for number in range(max((end - begin).days + 2, 0)):
        day = datetime.combine(begin.date(), clock(hour)) + timedelta(days=number)
        if not begin <= day or day + (hours - 1) * _HOUR > end:
            continue  # no whole day of the file
        i = first.get(day, len(times))
        if i + hours > len(times) or any(bad[i : i + hours - 1]):
            left_out.append(day.date().isoformat())
            continue
        starts = tuple(3600.0 * k for k in range(hours))
        tariffs.append(Tariff(starts, tuple(prices[i : i + hours])))
    if not tariffs:
        raise ProductionError(
            f"{path}: no whole day; valid: {hours} hours from {hour} o'clock at least once"
        )
    return Days(tuple(tariffs), tuple(left_out))


def _rows(path: Path) -> tuple[list[int], list[datetime], list[float]]:
    """Lines of the file, times and prices, each by itself valid."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            rows = [(reader.line_num, row) for row in reader if any(c.strip() for c in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ProductionError(f"{path}: cannot be read: {error}") from None
    line, head = rows[0] if rows else (1, [])
    if len(rows) < 2 or len(head) < 2 or head[0].strip().lower() != "time":
        raise ProductionError(
            f"{path}: line {line}: given: '{','.join(head)[:60]}'; valid: a header 'time,price', "
            "then a price an hour"
        )
    lines, times, prices = [], [], []
    for number, row in rows[1:]:
        try:
            time = datetime.fromisoformat(row[0].strip())
            price = float(row[1])
        except (ValueError, IndexError):
            raise ProductionError(
                f"{path}: line {number}: given: '{','.join(row)}'; valid: as "
                "'2023-01-01 00:00:00+01:00,95.3'"
            ) from None
        if not math.isfinite(price):
            raise ProductionError(f"{path}: line {number}: given: price {row[1]}; valid: finite")
        if time.tzinfo is None:
            raise ProductionError(
                f"{path}: line {number}: given: '{row[0]}' without an offset from UTC, so that a "
                "clock change cannot be told from a fault; valid: as '2023-01-01 00:00:00+01:00'"
            )
        lines.append(number)
        times.append(time)
        prices.append(price)
    return lines, times, prices


def _fault(before: datetime, after: datetime) -> str:
    """What is wrong with two times that follow each other; empty where nothing is."""
    step = after - before
    if step == _HOUR:
        return ""
    if step > _HOUR:
        return f"a gap of {step - _HOUR}"
    return "an hour twice" if step <= timedelta(0) else f"a step of {step}"


def _hint(before: datetime, after: datetime) -> str:
    if before.utcoffset() == after.utcoffset() and before.month in (3, 10):
        return "; at a clock change the offset must change with it"
    return ""
