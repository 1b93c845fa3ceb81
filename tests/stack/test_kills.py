"""When the orchestrator is killed, and what its files say; the command itself runs the stack."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twincell.assets import world_path
from twincell.cell.score import blade_result
from twincell.errors import TwincellError
from twincell.inspection.anomaly import Verdict
from twincell.production.identity import shift_line
from twincell.production.journal import Entry, Journal, read_journal
from twincell.production.messages import Journalled
from twincell.production.triggers import Triggers
from twincell.stack.killer import Killer
from twincell.stack.kills import read_shifts, run_kills, summary
from twincell.stack.lost import journal_wrong, places_wrong, shift_wrong
from twincell.stack.up import HASTY, TRIES
from twincell.world.disruptions import Disruption, Moment
from twincell.world.load import load_world
from twincell.world.work import Criteria

STEP = 0.1


class Orchestrator:
    """Its work as its log tells it: 20 tasks of some seconds, begun anew 4 s after a kill."""

    def __init__(self, seed: int, quota: int, lasts: float) -> None:
        self.now, self.task, self.left, self.lasts = 0.0, 0, lasts, lasts
        self.down, self.deaths, self.begun = 0.0, [], 0.0
        self.hits: list[int] = []
        rng = np.random.default_rng(seed)
        self.killer = Killer(rng, quota, self.kill, lambda: self.now)
        self.killer.started()
        self.killer.hear("task_started blade_0/load: handler")

    def kill(self) -> None:
        self.deaths.append(self.now - self.begun)
        self.hits.append(self.task)
        self.begun = self.now + STEP
        self.down = self.now + 4.0
        self.left = self.lasts

    def run(self) -> Orchestrator:
        back = True
        while self.task < 20:
            self.now += STEP
            assert self.now < 5000.0
            self.killer.poll()
            if self.deaths and abs(self.now - self.begun) < STEP / 2:
                self.killer.started()
            if self.now < self.down:
                back = False
                continue
            if not back:
                back = True
                self.killer.hear(f"[INFO] resumed blade_{self.task}/load: half done: seen so")
            self.left -= STEP
            if self.left <= 0.0:
                self.killer.hear(f"task_done blade_{self.task}/load")
                self.task, self.left = self.task + 1, self.lasts
                self.killer.hear(f"task_started blade_{self.task}/load: handler")
        self.killer.ended()
        return self


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), lasts=st.floats(3.0, 30.0), quota=st.integers(1, 60))
def test_every_task_gets_to_its_end_however_often_it_is_killed(
    seed: int, lasts: float, quota: int
) -> None:
    cell = Orchestrator(seed, quota, lasts).run()
    kills = cell.killer.kills
    assert 1 <= len(kills) == len(cell.deaths) <= quota
    assert max(cell.hits.count(task) for task in cell.hits) <= 2
    # a stack gives up a node that is killed at once again and again: the campaign does not do that
    hasty = "".join("x" if lived < HASTY else "." for lived in cell.deaths)
    assert "x" * TRIES not in hasty
    assert all(row["found"] for row in kills)
    for row in kills:
        assert (row["found"] == "half done") is (row["back"] is not None)
        assert row["back"] is None or row["back"] == pytest.approx(4.0, abs=0.2)


def lines(*told: tuple[str, str]) -> list[Journalled]:
    return [Journalled(float(i), kind, subject, {}) for i, (kind, subject) in enumerate(told)]


WHOLE = (
    ("task_started", "a/load"), ("resumed", "a/load"), ("task_done", "a/load"),
    ("task_started", "a/inspect"), ("task_aborted", "a/inspect"),
    ("task_started", "a/unload"), ("task_done", "a/unload"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (WHOLE, ""),
        ((*WHOLE, ("task_done", "a/load")), "a/load was done 2 times"),
        ((*WHOLE, ("task_started", "a/load")), "a/load was begun again after it was done"),
        (WHOLE[:-1], "a/unload was begun and never ended"),
        # aborted and tried again is not done twice
        ((*WHOLE[:-1], ("task_aborted", "a/unload"), *WHOLE[-2:]), ""),
    ],
)
def test_what_a_journal_has_lost_or_done_twice(told: Any, words: str, tmp_path: Path) -> None:
    with Journal(tmp_path / "j.mcap") as journal:
        for line in lines(*told):
            journal.append(line)
    verdict = Verdict("a", "accept", (), 1.0, 0.0)
    blades = [blade_result("a", verdict, (), Criteria())]
    kept = read_journal(tmp_path / "j.mcap")
    assert "; ".join(journal_wrong(kept, small("a"), blades, 0)) == words
    unjudged = [blade_result("a", None, (), Criteria())]
    assert "a was never judged" in journal_wrong(kept, small("a"), unjudged, 0)


def small(*parts: str, disruptions: Sequence[Disruption] = ()) -> Any:
    """What is asked of a world: its blades, all in one order, and its disruptions."""
    order = SimpleNamespace(parts=parts)
    production = SimpleNamespace(disruptions=disruptions, orders={"order_a": order})
    return SimpleNamespace(blades=dict.fromkeys(parts), production=production)


def journal_of(path: Path, *told: Journalled) -> tuple[Entry, ...]:
    with Journal(path / "j.mcap") as journal:
        for line in told:
            journal.append(line)
    return read_journal(path / "j.mcap")


def test_a_disruption_that_came_twice_is_told(tmp_path: Path) -> None:
    told = [
        Journalled(1.0, "disruption", "x", {"trigger": trigger})
        for trigger in ("0/1", "0/2", "1/1", "0/1")
    ]
    found = journal_wrong(journal_of(tmp_path, *told), small(), [], 0)
    assert found == ["the disruption 0/1 came 2 times"]


def cancel(**when: Any) -> Disruption:
    return Disruption(kind="cancel_order", subject="order_a", **when)


def test_a_disruption_that_never_came_is_told(tmp_path: Path) -> None:
    loaded = Moment(event="loaded")
    planned = (
        cancel(at=3.0),  # came
        cancel(at=4.0),  # was refused
        cancel(at=5.0),  # was lost
        cancel(at=5.0, chance=1e-9),  # does not come under this seed
        cancel(at=59.5),  # too near to the end
        cancel(when=loaded),
        cancel(rate=0.2),  # all were lost
    )
    told = [
        Journalled(3.0, "disruption", "order_a", {"kind": "cancel_order", "trigger": "0/1"}),
        Journalled(4.0, "refused", "order_a", {"kind": "cancel_order", "trigger": "1/1"}),
        Journalled(60.0, "shift_over", "", {}),
    ]
    found = journal_wrong(journal_of(tmp_path, *told), small(disruptions=planned), [], 1)
    assert "the disruption 2/1 (cancel_order of 'order_a') never came" in found
    chance = {i.trigger for i in Triggers(planned, 1).due(59.0) if i.trigger.startswith("6/")}
    assert chance
    assert {words.split()[2] for words in found} == {"2/1"} | chance


def test_blades_that_are_left_or_cancelled_need_no_verdict(tmp_path: Path) -> None:
    told = [
        Journalled(1.0, "task_started", "a/load", {}),
        Journalled(2.0, "task_aborted", "a/load", {}),
        Journalled(2.0, "left", "a", {"where": "left", "reason": "no way"}),
        Journalled(3.0, "task_started", "b/load", {}),
        Journalled(4.0, "task_done", "b/load", {}),
        Journalled(5.0, "disruption", "order_a", {"kind": "cancel_order"}),
    ]
    found = journal_wrong(journal_of(tmp_path, *told), small("a", "b", "c"), [], 0)
    # one that was taken before its order was cancelled is finished
    assert found == ["b was never judged"]


def test_a_blade_that_was_put_down_twice_or_lies_elsewhere_is_told() -> None:
    way = ["in_tray/0", "fixture", "accept/0"]
    assert places_wrong({"a": way}, {"a": "accept/0"}, {}) == []
    assert places_wrong({"a": way[:1]}, {"a": None}, {}) == []
    assert places_wrong({"a": way}, {"a": "accept/1"}, {}) == [
        "a lies in accept/0, by the result in accept/1"
    ]
    # put back into the pocket that it came from
    assert places_wrong({"a": [*way[:2], "in_tray/0"]}, {"a": None}, {}) == []
    again = [*way[:2], "in_tray/0", *way[1:]]
    assert places_wrong({"a": again}, {"a": "accept/0"}, {}) == ["a was put into fixture 2 times"]
    recalled = [*way, *way[1:]]
    assert places_wrong({"a": recalled}, {"a": "accept/0"}, {"a": 1}) == []
    assert places_wrong({"a": [*recalled, *way[1:]]}, {"a": "accept/0"}, {"a": 1}) == [
        "a was put into fixture 3 times",
        "a was put into accept/0 3 times",
    ]


def test_an_earlier_run_is_gone_on_with_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "kills.json"
    assert read_shifts(file) == []
    rows = [{"found": "done", "back": 4.0}, {"found": "over", "back": None}]
    line = shift_line(load_world("blade_cell"), 1)
    identity = {"shift": 1, "name": line.subject, **line.detail}
    shifts = [{**identity, "kills": rows, "why": ["a was lost"], "seconds": 9.0}]
    file.write_text(json.dumps(shifts))
    assert read_shifts(file) == shifts
    told = summary(shifts)
    assert (told["kills"], told["restarts"], told["shifts"]) == (2, 1, 1)
    assert told["found"] == {"done": 1, "over": 1}
    assert told["back_s"] == {"median": 4.0, "slowest": 4.0}
    assert told["wrong"] == ["shift 1: a was lost"]
    # all the kills that are asked for are there, so nothing is started
    assert run_kills(world_path("blade_cell"), 1, 2, tmp_path, print) == shifts
    with pytest.raises(
        TwincellError, match=r"kills.json: .*seed is 2, the earlier run's 1;.*--out"
    ):
        run_kills(world_path("blade_cell"), 2, 2, tmp_path, print)
    with pytest.raises(TwincellError, match=r"'hard_day', the earlier run's 'blade_cell'; the wor"):
        run_kills(world_path("hard_day"), 1, 2, tmp_path, print)
    for text in ("{}", "[1]", "no json", '[{"shift": 1}]'):
        file.write_text(text)
        if text == "{}":
            continue
        with pytest.raises(TwincellError, match=r"kills\.json holds no kills"):
            read_shifts(file)


def test_a_bag_that_its_recorder_never_closed_is_told(made_up, tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.mcap") as journal:
        journal.append(Journalled(0.0, "shift_over", "", {}))
    (tmp_path / "result.json").write_text(made_up.to_json())
    (tmp_path / "summary.json").write_text("{}")
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "bag_0.mcap").write_bytes(b"")
    (told,) = shift_wrong(load_world(world_path("blade_cell")), tmp_path)
    assert told.startswith("cannot be read: ")
    assert "metadata" in told
