from __future__ import annotations

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser

import matplotlib.image
import numpy as np
import pytest
from rich.console import Console

from twincell.cell.extras import DeviationMap, Extras
from twincell.cell.result import RunResult
from twincell.production.messages import Alternative, Decision
from twincell.report.blade_map import raster, side_of
from twincell.report.charts import gantt, power_curve, stop_marks
from twincell.report.decisions import decided
from twincell.report.facts import headline, orders
from twincell.report.page import write_report
from twincell.report.tables import print_tables


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.links += [value for key, value in attrs if key in ("src", "href")]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def html(made_up, tmp_path_factory):
    return write_report(made_up, tmp_path_factory.mktemp("report")).read_text(encoding="utf-8")


def test_the_page_is_whole_and_loads_nothing(html):
    page = Page(html)
    assert page.open == []
    assert all(link.startswith("data:image/png;base64,") for link in page.links)
    assert not re.search(r"https?://|@import|url\(|<script", html)
    images = [attrs for tag, attrs in page.tags if tag == "img"]
    assert len(images) == 6  # the cell, two blades, the stops, the shift, the power
    assert all(attrs["alt"] for attrs in images)
    for attrs in images:
        data = base64.b64decode(attrs["src"].partition(",")[2])
        assert matplotlib.image.imread(io.BytesIO(data)).std() > 0.01  # something is drawn


def test_the_page_tells_what_happened(html, made_up):
    words = " ".join(" ".join(Page(html).words).split())
    for told in ("5 of 6", "2 of 3", "1 false anomaly", "person in zone", made_up.hash,
                 "blade_4 goes to reject", "61.4 kJ", "S2", "P2", "rush order"):  # fmt: skip
        assert told in words, told


def test_a_decision_is_told_with_its_alternatives(made_up, tmp_path):
    keep = Alternative("keep course", ("blade_5", "blade_6"), False, 9.0, 7.0, 1e-4, 90.0,
                       (0.0, 10.0, 20.0), (150, 100))  # fmt: skip
    rival = dataclasses.replace(keep, name="by due time", chosen=True, counts=(240, 10))
    decision = Decision("blade_6 comes first", "change to 'by due time' accepted", (keep, rival))
    last = dataclasses.replace(made_up.plans[-1], decision=decision)
    result = dataclasses.replace(made_up, plans=(*made_up.plans[:-1], last))
    assert RunResult.from_json(result.to_json()).plans == result.plans
    assert [new.decision for _, new in decided(result)] == [decision]
    page = Page(write_report(result, tmp_path).read_text(encoding="utf-8"))
    assert page.open == []
    words = " ".join(" ".join(page.words).split())
    for said in ("blade_6 comes first", "by due time (chosen)", "lateness 7.0 s"):
        assert said in words
    assert sum(tag == "img" for tag, _ in page.tags) == 7


def test_names_cannot_bring_markup(made_up, tmp_path):
    evil = dataclasses.replace(made_up, world="<img src=x onerror=alert(1)>", extras=Extras())
    html = write_report(evil, tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<img src=x" not in html


def test_a_name_with_a_suffix_is_a_file_and_a_folder_is_a_folder(made_up, tmp_path):
    (tmp_path / "run.1").mkdir()
    for out, file in (
        ("new.htm", "new.htm"),
        ("NEW.HTML", "NEW.HTML"),
        ("run.1", "run.1/report.html"),
        ("fresh", "fresh/report.html"),
    ):
        assert write_report(made_up, tmp_path / out) == tmp_path / file
        assert (tmp_path / file).is_file()


def test_an_empty_shift_has_a_report(made_up, tmp_path):
    bare = dataclasses.replace(
        made_up, blades=(), stops=(), plans=(), tasks=(), orders=(), events=(), extras=Extras()
    )
    page = Page(write_report(bare, tmp_path).read_text(encoding="utf-8"))
    assert not page.links
    assert "Nothing asked for a stop." in " ".join(page.words)


def test_the_console_says_the_same(made_up):
    console = Console(width=110, file=io.StringIO(), color_system=None)
    print_tables(made_up, console)
    text = console.file.getvalue()
    for told in ("blade_4", "5 of 6", "person in zone", "travel", "2 of 3", "critical crack"):
        assert told in text
    assert "…" not in text  # nothing is cut off


def test_an_unfinished_order_is_not_in_time(made_up):
    order = dataclasses.replace(made_up.orders[1], finished=None)
    result = dataclasses.replace(made_up, orders=(order,), stops=())
    figures = {what: (value, remark) for what, value, remark in headline(result)}
    assert figures["orders"] == ("1", "1 unfinished")
    assert figures["stops"] == ("0", "nobody asked")
    assert orders(result).bad == (True,)
    assert orders(result).rows[0][-2:] == ("never", "–")


def test_stops_are_numbered_by_request(made_up):
    assert stop_marks(made_up.stops) == {"r-1": ("S1", 46.3), "r-2": ("S2", 88.9)}


def test_charts_stand_what_is_odd(made_up):
    aborted = dataclasses.replace(made_up.tasks[0], status="aborted", end=made_up.tasks[0].start)
    odd = dataclasses.replace(made_up, tasks=(aborted,), plans=())
    assert gantt(odd).startswith(b"\x89PNG")
    rows = np.array([[0.0, 0.0], [1.0, 0.0]])
    assert power_curve(rows, (), odd).startswith(b"\x89PNG")
    assert power_curve(rows, ((0.0, -20.0), (500.0, 10.0)), odd).startswith(b"\x89PNG")


def test_a_raster_cell_keeps_its_largest_deviation():
    points = np.array([[0.1, 0.1], [0.12, 0.1], [0.9, 0.4]])
    grid = raster(points, np.array([5.0, -80.0, 3.0]), np.zeros(2), np.array([1.0, 0.5]))
    assert grid.shape == (2, 4)
    assert grid[0, 0] == -80.0
    assert grid[1, 3] == 3.0
    assert np.isnan(grid[1, 0])


def test_a_map_of_one_side_is_drawn(made_up, tmp_path):
    whole = made_up.extras.maps["blade_4"]
    upper = np.arange(len(whole.points)) < len(whole.points) // 2
    one = DeviationMap(whole.points[upper], whole.deviation[upper], np.ones(upper.sum(), bool))
    path = write_report(made_up, tmp_path, Extras(maps={"blade_4": one}))
    assert len(Page(path.read_text(encoding="utf-8")).links) == 3


def test_an_indication_stands_on_the_side_that_was_scanned(made_up):
    whole = made_up.extras.maps["blade_4"]
    # a scan cut short: the pressure side is missing, and of the suction side the lower half
    height = np.median(whole.points[:, 2])
    kept = whole.suction & (whole.points[:, 2] > height)
    for index in np.flatnonzero(kept)[::500]:
        center = whole.points[index]
        assert side_of(center, whole.points[kept], whole.suction[kept]) == "suction"
        assert side_of(center, whole.points, whole.suction) == "suction"
