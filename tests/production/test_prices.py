from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest

from twincell.errors import ProductionError
from twincell.production.prices import EXAMPLE_DAY, example_tariff, read_days, read_prices

CET, CEST = timezone(timedelta(hours=1)), timezone(timedelta(hours=2))


def hours(first: datetime, count: int, change: datetime | None = None) -> list[str]:
    """Lines as a market writes them: local time with its offset, summer time from `change` on."""
    lines = []
    for i in range(count):
        t = first + timedelta(hours=i)
        zone = CEST if change is not None and t >= change else CET
        lines.append(f"{t.astimezone(zone).isoformat(sep=' ')},{10 * i}")
    return lines


def written(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "prices.csv"
    path.write_text("time,DA_price\n" + "\n".join(lines) + "\n")
    return path


def test_a_clock_change_with_offsets_is_no_gap(tmp_path: Path) -> None:
    change = datetime(2023, 3, 26, 1, tzinfo=UTC)
    lines = hours(datetime(2023, 3, 25, 22, tzinfo=UTC), 8, change)
    assert any("01:00:00+01:00" in a and "03:00:00+02:00" in b for a, b in pairwise(lines))
    prices = read_prices(written(tmp_path, lines))
    assert prices.tariff(2, 3).prices == (20.0, 30.0, 40.0)
    assert prices.tariff(2, 3).starts == (0.0, 3600.0, 7200.0)


def test_gaps_repetitions_and_naive_times_are_told(tmp_path: Path) -> None:
    lines = hours(datetime(2023, 5, 1, tzinfo=UTC), 6)
    with pytest.raises(ProductionError, match=r"line 4: a gap of 1:00:00"):
        read_prices(written(tmp_path, lines[:2] + lines[3:]))
    with pytest.raises(ProductionError, match=r"line 4: an hour twice"):
        read_prices(written(tmp_path, [*lines[:2], lines[1], *lines[2:]]))
    with pytest.raises(ProductionError, match=r"line 2: .* without an offset"):
        read_prices(written(tmp_path, ["2023-05-01 00:00:00,5"]))
    with pytest.raises(ProductionError, match=r"line 2: given: 'x,5'"):
        read_prices(written(tmp_path, ["x,5"]))
    with pytest.raises(ProductionError, match="cannot be read"):
        read_prices(tmp_path / "none.csv")


def test_the_example_goes_on_after_midnight() -> None:
    tariff = example_tariff(hour=22, hours=4)
    assert tariff.prices == (*EXAMPLE_DAY[22:], *EXAMPLE_DAY[:2])


def test_whole_days_are_found_around_faults(tmp_path: Path) -> None:
    lines = hours(datetime(2023, 5, 1, 4, tzinfo=UTC), 5 * 24 + 3)
    # the second day has an hour twice, the fourth lacks one
    broken = [*lines[:30], lines[29], *lines[30:80], *lines[81:]]
    days = read_days(written(tmp_path, broken))
    assert days.left_out == ("2023-05-02", "2023-05-04")
    assert [d.prices[0] for d in days.tariffs] == [10.0 * (1 + 24 * i) for i in (0, 2, 4)]
    assert all(len(d.prices) == 24 for d in days.tariffs)
    with pytest.raises(ProductionError, match="no whole day"):
        read_days(written(tmp_path, lines[:20]))


def test_a_day_without_its_first_hour_is_told_and_one_at_the_end_of_the_file(
    tmp_path: Path,
) -> None:
    lines = hours(datetime(2023, 5, 1, 0, tzinfo=UTC), 4 * 24)
    # in CET a day begins at 05:00 UTC: the second lacks that hour, the third one in its middle
    broken = [line for i, line in enumerate(lines) if i not in (29, 60)]
    days = read_days(written(tmp_path, broken))
    assert days.left_out == ("2023-05-02", "2023-05-03")
    assert [d.prices[0] for d in days.tariffs] == [50.0]


def test_faults_are_told_at_their_lines_of_the_file(tmp_path: Path) -> None:
    lines = hours(datetime(2023, 5, 1, tzinfo=UTC), 6)
    with pytest.raises(ProductionError, match=r"line 6: given: 'x,5'"):
        read_prices(written(tmp_path, [lines[0], "", "", lines[1], "x,5"]))
    with pytest.raises(ProductionError, match=r"line 5: a gap"):
        read_prices(written(tmp_path, [lines[0], "", "", lines[2]]))
    path = tmp_path / "semicolons.csv"
    path.write_text("time;price\n2023-05-01 00:00:00+01:00;5\n")
    with pytest.raises(ProductionError, match=r"line 1: given: 'time;price'; valid: a header"):
        read_prices(path)
