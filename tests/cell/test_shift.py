"""What a later process remembers of a shift is what the first one knew."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twincell.cell.shift import ShiftLog, memory
from twincell.errors import ProductionError
from twincell.inspection.anomaly import Anomaly, Verdict
from twincell.production.identity import SHIFT
from twincell.production.journal import Journal, read_journal
from twincell.production.messages import Alternative, Decision, Journalled, Plan, PlannedTask
from twincell.safety.types import Function, StopReport, StopRequest

TASK = PlannedTask("b/load", "b", "load", "handler", 0.0, 1.0, "waiting")
CHOSEN = Alternative("course", ("b",), True, 1.0, 2.0, 3.0, 4.0, (0.0, 1.0), (3,))
PLAN = Plan("plan-1", 1, 0.1, "why", (TASK,), 1.0, 0.0, 0.0, "t", Decision("m", "r", (CHOSEN,)))
CRACK = Anomaly(
    "b-1", "b", "crack", "critical", 0.9, 0.008, math.nan, 1e-3,
    np.zeros(3), np.ones(3), np.arange(12.0).reshape(4, 3), 1.0, 1.1,
)  # fmt: skip
REQUEST = StopRequest("r-1", Function.PROTECTIVE, 2, "person_in_zone", "cell", "seen", 0.1, 0.2)
REPORT = StopReport("handler", "r-1", "person_in_zone", 2, 0.2, 0.3, 0.4, 0.5, 0.01)


def test_plans_verdicts_and_stops_come_back_from_the_journal(tmp_path: Path) -> None:
    started = Journalled(1.0, "task_started", "b/load", {})
    with Journal(tmp_path / "j.mcap") as journal:
        journal.append(Journalled(0.0, SHIFT, "cell", {}))
        journal.append(started)
        for value in (PLAN, Verdict("b", "reject", (CRACK,), 0.9, math.nan), CRACK):
            journal.append(memory(value, 2.0))
        for told in (REQUEST, REPORT):
            journal.append(memory(told, 3.0))
    log = ShiftLog()
    log.take_up(read_journal(tmp_path / "j.mcap"))
    assert log.plans == [PLAN]
    assert log.events == [started]
    assert log.requests == {"r-1": REQUEST}
    assert log.reports[0].standstill == REPORT.standstill
    verdict = log.verdicts["b"]
    assert math.isnan(verdict.residual)
    for found in (verdict.anomalies[0], log.early["b"]["b-1"]):
        assert math.isnan(found.opening)
        np.testing.assert_array_equal(found.points, CRACK.points)
        assert found.severity == "critical"


@pytest.mark.parametrize("task", ["b/inspect", "b/inspect#2"])
def test_a_scan_that_was_cut_short_is_not_judged_by_the_one_before(task: str) -> None:
    log = ShiftLog()
    log.anomaly(CRACK)
    log.verdicts = {
        "b": Verdict("b", "rescan", (), 0.4, 0.0),
        "c": Verdict("c", "accept", (), 1.0, 0.0),
    }
    log.line(Journalled(1.0, "task_started", "b/unload", {}))
    assert set(log.verdicts) == {"b", "c"}
    log.line(Journalled(2.0, "task_started", task, {}))
    assert set(log.verdicts) == {"c"}
    assert not log.early
    assert [line.stamp for line in log.events] == [1.0, 2.0]


def test_a_stop_report_that_comes_twice_is_kept_once() -> None:
    log = ShiftLog()
    assert log.report(REPORT)
    assert not log.report(replace(REPORT))
    assert log.report(replace(REPORT, mover="inspector"))
    assert len(log.reports) == 2


def test_a_memory_of_another_version_is_named(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.mcap") as journal:
        journal.append(Journalled(0.0, "memory", "Plan", {"id": "plan-1"}))
    with pytest.raises(ProductionError, match=r"entry 1: no Plan of this version.*missing"):
        ShiftLog().take_up(read_journal(tmp_path / "j.mcap"))
