"""Job-shop and event files: round trips, and what is said of files that are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.production.shops import FT06, flexible_text, shops
from twincell.errors import ProductionError
from twincell.production.shop_events import read_events
from twincell.production.shop_files import read_any, read_job_shop, read_shop

quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

GOOD = "2 3 1.5\n2 1 1 5 2 2 4 3 6\n1 1 3 7\n"
EVENTS = """Dynamic events	 Occurrence time   Event type	 Information about dynamic events
D1               0                 2             J24 70 ;
                                                 J31 38 J36 9 ;
D2               23                0             M5 106
D3               40                0             M1 3
                                                 M2 4
D4               66                1             M6 66 M3 32 ;
                                                 M1 1 ;
D5               70                3             J4;J7;
"""


def put(folder: Path, text: str, name: str = "shop.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@quick
@given(shop=shops(ready=False), mean=st.sampled_from(["", " 2", " 1.75"]))
def test_a_flexible_file_comes_back_as_it_was_written(tmp_path, shop, mean) -> None:
    plain = replace(shop, ready=())
    assert read_shop(put(tmp_path, flexible_text(plain, 1, mean))) == plain
    if any(m == 0 for j in shop.jobs for o in j.operations for m, _ in o.modes):
        assert read_shop(put(tmp_path, flexible_text(plain, 0, mean))) == plain


def test_a_job_shop_reads_with_and_without_header_from_0_and_from_1(tmp_path) -> None:
    whole = read_job_shop(put(tmp_path, FT06))
    bare = read_job_shop(put(tmp_path, FT06.split("\n", 1)[1]))
    ones = "\n".join(
        " ".join(str(int(w) + (i % 2 == 0)) for i, w in enumerate(line.split()))
        for line in FT06.splitlines()[1:]
    )
    assert whole == bare == read_job_shop(put(tmp_path, ones)) == read_any(put(tmp_path, FT06))
    assert read_any(put(tmp_path, "\ufeff" + FT06)) == whole  # as editors on Windows write it
    assert whole.machines == 6
    assert [o.modes for o in whole.jobs[0].operations] == [
        ((2, 1),), ((0, 3),), ((1, 6),), ((3, 7),), ((5, 3),), ((4, 6),)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", "", "empty"),
        (GOOD.replace("2 3 1.5", "2"), ":1", "jobs machines"),
        (GOOD.replace("2 3 1.5", "2 x"), ":1", "number of machines 'x'; valid: a whole number"),
        (GOOD.replace("2 3 1.5", "2 3 many"), ":1", "valid: a number, or nothing"),
        (GOOD.replace("2 3 1.5", "3 3"), "", "2 lines of jobs, the header tells 3"),
        (GOOD.replace("2 3 1.5", "1 3"), "", "2 lines of jobs, the header tells 1"),
        (GOOD.replace("1 1 3 7", "1 1 3 -7"), ":3", "duration '-7'; valid: a whole number from 0"),
        (GOOD.replace("1 1 3 7", "1 1 4 7"), ":3", "machine '4'; valid: a whole number"),
        (GOOD.replace("1 1 3 7", "1 1 3"), ":3", "ends where the duration should stand"),
        (GOOD.replace("1 1 3 7", "1 1 3 7 9 9"), ":3", "2 numbers after the last operation"),
        (GOOD.replace("1 1 3 7", "1 2 3 7 3 8"), ":3", "names a machine twice"),
        (GOOD.replace("1 1 3 7", "0"), ":3", "number of operations '0'; valid"),
        (GOOD.replace("1 1 5", "1 0 5"), ":2", "unknown machine 3; valid: 0 to 2"),
        (GOOD.replace("1 1 3 7", "1 1 3 7.5"), ":3", "duration '7.5'; valid: a whole number"),
    ],
)  # fmt: skip
def test_a_malformed_file_is_named_with_line_and_what_is_valid(tmp_path, text, line, said) -> None:
    path = put(tmp_path, text)
    with pytest.raises(ProductionError) as caught:
        read_any(path)
    assert str(caught.value).startswith(f"{path}{line}:")
    assert said in str(caught.value)


def test_what_is_no_text_or_not_there_is_named(tmp_path) -> None:
    binary = tmp_path / "picture.png"
    binary.write_bytes(b"\x89PNG\xff\xfe\x00")
    for path, said in (
        (binary, "UTF-8"),
        (tmp_path / "none.txt", "No such file"),
        (tmp_path, "directory"),
    ):
        with pytest.raises(ProductionError, match=said) as caught:
            read_any(path)
        assert str(path) in str(caught.value)


@quick
@given(data=st.data(), kind=st.sampled_from([read_any, read_job_shop, read_shop]))
def test_a_damaged_file_reads_or_is_refused_with_its_name(tmp_path, data, kind) -> None:
    text = data.draw(st.sampled_from([GOOD, FT06]))
    cut = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(cut, min(len(text), cut + 4)))
    junk = data.draw(st.text(st.sampled_from("0179 -.x\n\t;"), max_size=4))
    path = put(tmp_path, text[:cut] + junk + text[end:])
    told, modes = str(path), []
    try:
        shop = kind(path)
        modes = [m for j in shop.jobs for o in j.operations for m in o.modes]
        assert all(0 <= machine < shop.machines and duration >= 0 for machine, duration in modes)
    except ProductionError as error:
        told = str(error)
    assert told.startswith(str(path))


def test_events_read_as_they_stand(tmp_path) -> None:
    shop = read_job_shop(put(tmp_path, FT06))
    events = read_events(put(tmp_path, EVENTS, "events.txt"), shop)
    assert [(e.name, e.time) for e in events] == [
        ("D1", 0), ("D2", 23), ("D3", 40), ("D4", 66), ("D5", 70)
    ]  # fmt: skip
    assert events[0].durations == (("J2", 3, 70), ("J3", 0, 38), ("J3", 5, 9))
    assert events[1].down == ((4, 106),)
    assert events[2].down == ((0, 3), (1, 4))
    assert [j.name for j in events[3].arrivals] == ["J7", "J8"]
    assert [o.modes for o in events[3].arrivals[0].operations] == [((5, 66),), ((2, 32),)]
    assert events[3].arrivals[0].ready == 66
    assert events[4].cancelled == ("J4", "J7")
    assert events[4].words == "J4, J7 cancelled"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("Dynamic events", "Static events", 1, "valid: the titles"),
        ("M5 106", "M7 106", 4, "unknown machine 'M7'; valid: M1 to M6"),
        ("M5 106", "M5 -106", 4, "length of the failure '-106'"),
        ("M5 106", "M5", 4, "valid: pairs as 'M5 106'"),
        ("M5 106", "M5 106 M1 2", 4, "one machine and its time"),
        ("23                0", "23                9", 4, "event type '9'; valid"),
        ("D3               40", "D3               4", 5, "never before the event above"),
        ("M3 32 ;", "M3 32", 7, "closing ';'"),
        ("J4;J7;", "J4;J9;", 9, "unknown job 'J9'; valid: J1 to J8"),
        ("J24 70 ;", "J24 70 J35 9 ;", 2, "names 0 jobs; valid: one job a line"),
        ("D1               0", "x", 2, "valid: an event"),
        ("J4;J7;", "J4;\nD6 90 2 J71 9 ;", 10, "'J71': job 7 never visits M1; valid: M3, M6"),
    ],
)  # fmt: skip
def test_a_malformed_event_is_named_with_its_line(tmp_path, old, new, line, said) -> None:
    shop = read_job_shop(put(tmp_path, FT06))
    path = put(tmp_path, EVENTS.replace(old, new), "events.txt")
    with pytest.raises(ProductionError) as caught:
        read_events(path, shop)
    assert str(caught.value).startswith(f"{path}:{line}:")
    assert said in str(caught.value)
