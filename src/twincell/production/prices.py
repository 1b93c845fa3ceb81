"""Day-ahead prices of energy: a file of hourly prices, and an example profile of our own.

A file is CSV with the columns time (ISO 8601 with its offset from UTC) and price [EUR/MWh]. With
offsets a clock change is neither gap nor repetition; without them it cannot be told from a fault.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from twincell.errors import ProductionError
from twincell.production.tariff import Tariff

__all__ = ["EXAMPLE_DAY", "Prices", "example_tariff", "read_prices"]

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
    """Read a day-ahead file.

    Raises:
        ProductionError: file, line, what is given and what would be valid.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if any(cell.strip() for cell in row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ProductionError(f"{path}: cannot be read: {error}") from None
    if len(rows) < 2 or len(rows[0]) < 2 or rows[0][0].strip().lower() != "time":
        raise ProductionError(f"{path}: line 1: valid: a header 'time,price', then a price an hour")
    times, prices = [], []
    for number, row in enumerate(rows[1:], 2):
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
        times.append(time)
        prices.append(price)
    for number, (before, after) in enumerate(pairwise(times), 3):
        step = after - before
        if step == _HOUR:
            continue
        if step > _HOUR:
            what = f"a gap of {step - _HOUR}"
        else:
            what = "an hour twice" if step <= timedelta(0) else f"a step of {step}"
        hint = ""
        if before.utcoffset() == after.utcoffset() and before.month in (3, 10):
            hint = "; at a clock change the offset must change with it"
        raise ProductionError(
            f"{path}: line {number}: {what} between {before} and {after}; valid: one hour{hint}"
        )
    return Prices(tuple(times), tuple(prices))
