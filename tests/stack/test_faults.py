from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twincell.assets import world_path
from twincell.errors import TwincellError
from twincell.production.journal import Journal
from twincell.production.messages import Journalled
from twincell.stack.faults import (
    GRACE,
    cells,
    claim,
    journal_fault,
    matrix,
    motion_fault,
    read_cases,
    stop_told,
)
from twincell.stack.rows import write_rows
from twincell.world.load import load_world

CASES = st.lists(
    st.fixed_dictionaries(
        {
            "fault": st.sampled_from(["killed", "paused"]),
            "phase": st.sampled_from(["idle", "scan"]),
            "safe": st.booleans(),
            "ms": st.floats(0, 2000),
            "simulated_ms": st.floats(0, 2000),
            "slower_ms": st.floats(0, 2000),
        }
    )
)


@given(CASES)
def test_no_case_is_lost_and_the_slowest_is_told(cases: list[dict[str, Any]]) -> None:
    table = matrix(cases)
    cells = [(f, p, c) for f, row in table.items() for p, c in row.items()]
    assert sum(c["runs"] for *_, c in cells) == len(cases)
    assert sum(c["unsafe"] for *_, c in cells) == sum(not c["safe"] for c in cases)
    for fault, phase, cell in cells:
        mine = [c["simulated_ms"] for c in cases if (c["fault"], c["phase"]) == (fault, phase)]
        assert cell["simulated_ms"] == max(mine)


def test_every_cell_comes_once_a_run_and_only_where_it_can(tmp_path: Path) -> None:
    faults, phases = ("killed", "detector_killed"), ("idle", "replanning", "scan")
    found = cells(2, faults, phases)
    assert len(set(found)) == len(found) == 2 * (3 + 2)
    assert (0, "detector_killed", "idle") not in found
    # one stack serves a run's cells without re-planning, another those with it
    for run in range(2):
        kinds = [phase == "replanning" for r, _, phase in found if r == run]
        assert kinds == sorted(kinds)


def test_a_campaign_goes_on_where_it_was_cut_short(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "cases.json"
    assert read_cases(file) == []
    one = {"run": 0, "fault": "killed", "phase": "idle", "safe": True, "ms": 1.5, "why": ""}
    failed = {**one, "phase": "scan", "safe": False, "why": "could not be run: no answer"}
    write_rows(file, [one, failed])
    assert read_cases(file) == [one]
    assert [p.name for p in file.parent.iterdir()] == ["cases.json"]
    file.write_text('{"cases": 3}')
    with pytest.raises(TwincellError, match="holds no cases"):
        read_cases(file)


def test_cases_of_another_campaign_are_not_taken_for_ones_own(tmp_path: Path) -> None:
    world, other = (load_world(world_path(name)) for name in ("blade_cell", "hard_day"))
    claim(tmp_path, other, 1)  # nothing has come of it
    claim(tmp_path, world, 1)
    write_rows(tmp_path / "cases.json", [])
    claim(tmp_path, world, 1)
    with pytest.raises(TwincellError, match="the seed is 2, the earlier run's 1; nothing was"):
        claim(tmp_path, world, 2)
    with pytest.raises(TwincellError, match="the world is 'hard_day', the earlier"):
        claim(tmp_path, other, 1)
    (tmp_path / "campaign.json").unlink()
    with pytest.raises(TwincellError, match="does not say of which world"):
        claim(tmp_path, world, 1)


def test_an_event_that_was_told_and_not_kept_is_missed(tmp_path: Path) -> None:
    file = tmp_path / "journal.mcap"
    told = [(1.0, "task_started", "a"), (2.0, "stop", "x"), (2.0, "stop", "x")]
    with Journal(file) as journal:
        for stamp, kind, subject in told:
            journal.append(Journalled(stamp, kind, subject, {}))
    assert journal_fault(file, told) == ""
    assert journal_fault(file, told[:1]) == ""
    assert "lost 1 events, first stop x at 2.000 s" in journal_fault(file, [*told, told[1]])
    data = bytearray(file.read_bytes())
    data[data.index(b"task_started")] ^= 1
    file.write_bytes(data)
    assert "not whole" in journal_fault(file, told)
    assert "cannot be read" in journal_fault(tmp_path / "none.mcap", told)


def test_the_first_word_of_a_stop_counts_and_else_a_silence() -> None:
    states = [(10.00, True), (10.01, True), (10.03, False), (10.04, True)]
    assert stop_told(states[:2], 10.0, 0.05) is None
    assert stop_told(states, 10.0, 0.05) == 10.03
    assert stop_told(states[:2], 10.0, 0.5) == 10.01
    assert stop_told([], 10.0, 0.5) == 10.0
    # a clock that was set back stamps what follows in the past
    assert stop_told([(5.0, False)], 10.0, 0.0) == 10.0


@given(
    start=st.floats(0.0, 1.4),
    told=st.floats(0.0, 1.0),
    brakes=st.floats(0.0, 0.3),
    again=st.none() | st.floats(0.15, 1.0),
)
def test_only_what_moves_after_its_stop_is_unsafe(
    start: float, told: float, brakes: float, again: float | None
) -> None:
    """An arm between two motions may begin one until it is told, and never after that."""
    stamps = np.arange(0.0, 3.0, 1 / 120)
    ends = told + GRACE + brakes  # at the latest; the stop may meet a standing arm
    moves = (stamps >= start) & (stamps <= ends) if start < told else np.zeros(len(stamps), bool)
    if again is not None:
        moves |= (stamps > ends + again) & (stamps < ends + again + 0.2)
    rows = [(10 + s, 0.4 * m) for s, m in zip(stamps, moves, strict=True)]
    found = motion_fault(rows[::-1], 10.0, 10.0 + told, 1.5, 5e-3)
    if again is None:
        assert found == ""
    else:
        assert found.startswith("moved again")


def test_servos_may_settle_but_arms_stay() -> None:
    still, stirs = [(10.3 + i / 120, 0.0) for i in range(60)], [(10.28, 0.0), (10.29, 0.01)]
    assert motion_fault([*stirs, *still], 10.0, 10.2, 1.5, 5e-3) == ""
    late = "moved again 0.81 s after the fault"
    assert motion_fault([*still, (10.81, 0.01)], 10.0, 10.2, 1.5, 5e-3) == late


def test_an_arm_that_goes_on_is_unsafe() -> None:
    rows = [(10 + i / 120, 0.4) for i in range(400)]
    assert motion_fault(rows, 10.0, 10.2, 1.5, 5e-3) == "still moves after 1.5 s"
    assert motion_fault(rows, 10.0, None, 1.5, 5e-3) == "was never told to stop"
