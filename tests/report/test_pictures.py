"""Words in pictures: none is cut off at the edge, none covers another."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import numpy as np
import pytest

from twincell.cell.extras import DeviationMap
from twincell.report import blade_map, charts, style


@pytest.fixture
def drawn(monkeypatch):
    """Every figure that becomes a PNG picture."""
    figures = []

    def keep(drawing, dpi=150):
        picture = style.png(drawing, dpi)
        # measured as it was saved: no further pass of the layout
        drawing.set_layout_engine("none")
        drawing.draw_without_rendering()
        figures.append(drawing)
        return picture

    monkeypatch.setattr(blade_map, "png", keep)
    monkeypatch.setattr(charts, "png", keep)
    return figures


def test_the_titles_of_a_blade_s_sides_stand_inside_the_picture(made_up, drawn):
    blade = next(b for b in made_up.blades if b.name == "blade_4")
    # a scan that was cut short at half of the span, as that of a rejected blade is
    x, z = 1e-3 * np.mgrid[-26:26, 29:80].reshape(2, -1)
    points = np.column_stack([x, np.zeros_like(x), z])
    blade_map.blade_picture(blade, DeviationMap(points, np.zeros_like(x), np.ones(len(x), bool)))
    titles = [axes.title for axes in drawn[0].axes if axes.get_title()]
    assert len(titles) == 2
    assert all(t.get_window_extent().y1 <= drawn[0].bbox.y1 for t in titles)


def test_no_mark_covers_another_where_a_stop_brings_two_plans(made_up, drawn):
    stamps = (0.0, 89.4, 90.9, 91.2)
    plans = tuple(
        dataclasses.replace(made_up.plans[0], revision=i + 1, stamp=stamp)
        for i, stamp in enumerate(stamps)
    )
    charts.gantt(dataclasses.replace(made_up, plans=plans))
    marks = [t for t in drawn[0].axes[0].texts if t.get_text()[0] in "PS"]
    assert [t.get_text() for t in marks] == ["S1", "S2", "P2", "P3", "P4"]
    boxes = [t.get_window_extent() for t in marks]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
